/* SPDX-License-Identifier: Apache-2.0 */
#include "scan.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "interrupt.h"
#include "message.h"
#include "scan_census.h"
#include "scan_facts.h"
#include "stats.h"

/* Folders of waiting files stay open: take as many descriptors as may be had. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int scan_all(struct scan *s, unsigned jobs)
{
	const struct crew_opts opts = {
		.threads = jobs,
		.queue = 32 + 2 * (size_t)jobs,
		.ordered = s->ordered,
		.work = scan_work,
		.done = scan_done,
		.drop = scan_drop,
		.ctx = s,
	};
	struct scan_census census = {.running = false};
	struct timespec from, to;

	scan_note_facts(s, jobs);
	clock_gettime(CLOCK_MONOTONIC, &from);
	s->crew = crew_new(&opts);
	if (!s->crew) {
		message_error(NULL, "cannot start a thread");
		return STATUS_TROUBLE;
	}
	s->progress.unit = "files";
	s->progress.with_hits = true;
	progress_start(&s->progress, cli_wants_progress(s->cli));
	scan_census_start(&census, s);
	scan_feed(s);
	crew_finish(s->crew, interrupt_asked() || s->tally.failed || s->changed);
	scan_census_stop(&census);
	progress_stop(&s->progress);
	journaling_end(&s->journaling);
	clock_gettime(CLOCK_MONOTONIC, &to);
	s->tally.seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	s->tally.interrupted = interrupt_asked();
	s->tally.failed |= s->broken || s->changed || s->journaling.failed;
	if (!s->tally.files && !s->tally.interrupted && !s->tally.failed)
		message_warning(NULL, "there was no file to look at");
	tally_about(&s->tally, "ended", facts_now());
	if (s->journaling.lost)
		tally_about(&s->tally, "unjournaled", json_integer((json_int_t)s->journaling.lost));
	s->tally.flood = flood_json(&s->flood);
	flood_warn(&s->flood, s->tally.flood);
	/* Before the summary, which says whether the audit log tells of the scan. */
	journaling_ended(&s->journaling, scan_counts(s));
	tally_about(&s->tally, "audited", json_boolean(journaling_told(&s->journaling)));
	scan_print_summary(s);
	if (s->stats)
		stats_print(tally_stats(&s->tally, jobs));
	return tally_status(&s->tally);
}

/*
 * What is computed of each file: what can match here, and always PDQ: its quality
 * decides whether perceptual hashes count, and decoding decides what is
 * undetermined. So verdicts and exit status do not depend on the form of the
 * output. JSON adds the other PDQ dialect and the digests, by which a file is found again.
 */
static unsigned wanted(const struct scan *s)
{
	unsigned wants;

	if (tutela_snapshot_wants(s->pipeline.snapshot, &wants))
		return TUTELA_WANT_ALL;
	if (s->journaling.files)
		wants = TUTELA_WANT_ALL;
	if (s->cli->json || s->case_folder)
		wants |= TUTELA_WANT_PDQ_FULL | TUTELA_WANT_DIGESTS;
	return wants | TUTELA_WANT_PDQ;
}

int scan_run(struct scan *s)
{
	unsigned jobs = pipeline_jobs(s->jobs);
	struct tutela_store *store;
	int status = STATUS_TROUBLE;
	enum tutela_err error;
	bool writable = false;

	raise_limit();
	s->lists = json_array();
	store = s->journaling.off ? cli_open_store(s->cli, false) : cli_open_either(s->cli, &writable);
	if (!store)
		return STATUS_TROUBLE;
	s->journaling.store = writable ? store : NULL;
	s->journaling.pipeline = &s->pipeline;
	error = tutela_snapshot_open(store, &s->pipeline.snapshot);
	if (error || !journaling_begin(&s->journaling)) {
		if (error)
			cli_store_error(store, s->cli->store, error);
		tutela_snapshot_close(s->pipeline.snapshot);
		tutela_store_close(store);
		return STATUS_TROUBLE;
	}
	/* Before any thread: the pool starts processes. */
	s->pipeline.decoder = pipeline_decoder(jobs, wanted(s), s->timeout);
	s->doubled = !s->cli->json && isatty(STDOUT_FILENO) && isatty(STDERR_FILENO);
	if (s->pipeline.decoder && scan_note_store(s, store)) {
		journaling_started(&s->journaling, "scan",
				   json_pack("{s:s, s:b, s:o}", "tool_version", TUTELA_VERSION, "journal",
					     s->journaling.files, "started", facts_now()));
		status = s->case_folder ? scan_case(s, jobs) : scan_all(s, jobs);
		/* A case that is complete, or cannot be gone on with; told already when files were looked at. */
		journaling_ended(&s->journaling, json_pack("{s:b, s:i}", "scanned", false, "status", status));
	}
	journaling_end(&s->journaling);
	tutela_decoder_close(s->pipeline.decoder);
	tutela_snapshot_close(s->pipeline.snapshot);
	tutela_store_close(store);
	return status;
}
