/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "case_folder.h"
#include "case_record.h"
#include "cli.h"
#include "crew.h"
#include "flood.h"
#include "interrupt.h"
#include "journaling.h"
#include "memory.h"
#include "message.h"
#include "name_stream.h"
#include "output.h"
#include "pipeline.h"
#include "printable.h"
#include "progress.h"
#include "results.h"
#include "scan_facts.h"
#include "stats.h"
#include "subject.h"
#include "tally.h"
#include "walk.h"

static const struct cli_page page = {
	.synopsis = "[OPTION]... PATH...",
	.about = "Compares files, and all files in folders, with the store. Files are opened read-only.\n"
		 "Prints matches and what stayed undetermined; with --all the rest too; then a summary.\n"
		 "With --case the results go to a folder, and a scan that was killed goes on where it was.\n",
};

#define RECORD_BYTES                                                                                                   \
	(TUTELA_AUDIT_RECORD_MAX - 2048) /* of a scan's counts: the store and the scan's number add to it */
#define LINE_BYTES 1024

struct scan {
	const struct cli *cli;
	/* options */
	const char *from, *variants;
	bool nul, all, ordered, follow, cross, stats;
	struct cli_texts includes, excludes;
	uint64_t jobs, timeout;
	const char *case_folder, *evidence, *operator_name;
	bool restart;
	const char *flood_action;

	struct walk_opts walk;
	struct pipeline pipeline;
	struct journaling journaling;
	struct crew *crew;
	struct flood flood;
	struct tally tally;
	struct progress progress;
	json_t *lists; /* what a case's results depend on of them */
	struct case_folder folder;
	struct case_record record;
	bool changed; /* the evidence is not what the case was begun with, or not fit for it */
	bool headed;  /* the column heads were printed */
	bool doubled; /* stdout and stderr are one terminal: no need to say things twice */
	bool broken;  /* the list of files could not be read to its end */
};

struct outcome {
	char *text;
	size_t len;
	char *line; /* of files.jsonl */
	size_t line_len;
	struct tally_file file;
	enum tutela_err fatal;
};

static const char *const variant_levels[] = {"none", "standard", "thorough"};

static void drop(void *ctx, void *job)
{
	(void)ctx;
	subject_free(job);
}

/* ---------------------------------------------------------------- one file, on any thread */

/* What depends on the time of the scan stands in case.json, not in the results. */
static void without_times(json_t *hits)
{
	json_t *hit;
	size_t i;

	json_array_foreach(hits, i, hit) json_object_del(hit, "expired");
}

static char *as_json(const struct scan *s, const struct subject *j, const struct finding *f, size_t *len)
{
	json_t *object = result_file(j->path, f, false);

	if (s->evidence)
		json_object_set_new(object, "evidence", json_string(s->evidence));
	result_set_verdict(object, f, true);
	if (s->case_folder) {
		without_times(json_object_get(object, "hits"));
		without_times(json_object_get(object, "excluded_by"));
	}
	return output_json_text(object, len);
}

static char *as_text(const struct subject *j, const struct finding *f, size_t *len)
{
	char *text = NULL;
	FILE *out = memory_stream(&text, len);

	result_print(out, j->path, f);
	memory_stream_end(out, &text);
	return text;
}

/* Trouble with reading, and with what was named, is also said on stderr. */
static void complain(const struct scan *s, const struct subject *j, const struct finding *f)
{
	if (f->verdict != VERDICT_UNDETERMINED || s->doubled)
		return;
	if (j->named || f->decoded.class_ == TUTELA_DECODE_UNREADABLE)
		message_error(j->path, "%s", f->reason);
}

static void *work(void *ctx, void *job)
{
	struct scan *s = ctx;
	struct subject *j = job;
	struct finding *f = memory_array(1, sizeof(*f));
	struct outcome *o = memory_array(1, sizeof(*o));

	subject_look(j, &s->pipeline, s->follow, f);
	complain(s, j, f);
	flood_see(&s->flood, f);
	journaling_add(&s->journaling, j->path, f);
	o->fatal = f->fatal;
	tally_file(&o->file, f);
	if (f->verdict != VERDICT_NO_MATCH || f->allowed || s->all)
		o->text = s->cli->json || s->case_folder ? as_json(s, j, f, &o->len) : as_text(j, f, &o->len);
	if (s->case_folder)
		o->line = case_record_line(j->path, f, o->text, o->len, &o->line_len);
	finding_free(f);
	free(f);
	subject_free(j);
	return o;
}

/* ---------------------------------------------------------------- results, one at a time */

static void print_heads(struct scan *s)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	if (s->headed || s->cli->json || s->cli->quiet)
		return;
	s->headed = true;
	out = memory_stream(&text, &len);
	result_print_heads(out, "PATH");
	memory_stream_end(out, &text);
	output_write(text, len);
	free(text);
}

static void count_file(struct scan *s, const struct tally_file *file)
{
	tally_add(&s->tally, file);
	atomic_store(&s->progress.done, s->tally.files);
	atomic_store(&s->progress.bytes, s->tally.bytes);
	atomic_store(&s->progress.hits, s->tally.match);
	atomic_store(&s->progress.undetermined, s->tally.undetermined);
}

/* A result is printed, or goes to the case. */
static bool put_result(struct scan *s, const struct outcome *o)
{
	if (s->case_folder)
		return case_record_add(&s->record, o->text, o->len, o->line, o->line_len);
	if (!o->text)
		return true;
	print_heads(s);
	return output_write(o->text, o->len);
}

static bool done(void *ctx, void *result)
{
	struct scan *s = ctx;
	struct outcome *o = result;
	bool go = !o->fatal;

	journaling_retry(&s->journaling);
	if (o->fatal && !s->tally.failed) {
		s->tally.failed = true;
		message_error("tutela-decoder", "%s", tutela_strerror(o->fatal));
	}
	/* The record of a case has no gap: behind a file that could not be looked at or noted, none is noted. */
	if (!s->case_folder || !s->tally.failed) {
		count_file(s, &o->file);
		go &= put_result(s, o);
		s->tally.failed |= s->case_folder && !go;
	}
	free(o->line);
	free(o->text);
	free(o);
	return go;
}

/* ---------------------------------------------------------------- the walk, on the main thread */

/* To the crew, unless an earlier run of this case had the file. */
static bool push(struct scan *s, const struct walk_item *item)
{
	struct tally_file file;
	enum case_step step = s->case_folder ? case_record_step(&s->record, item->path, &file) : CASE_STEP_SCAN;

	if (step == CASE_STEP_SCAN)
		return crew_push(s->crew, subject_from(item));
	if (step == CASE_STEP_DONE) {
		count_file(s, &file);
		flood_see_line(&s->flood, s->record.result, s->record.result_len);
	} else {
		s->changed = true;
	}
	return step == CASE_STEP_DONE && !interrupt_asked();
}

static bool on_item(void *ctx, const struct walk_item *item)
{
	struct scan *s = ctx;

	switch (item->kind) {
	case WALK_FILE:
	case WALK_FAILED:
		return push(s, item);
	case WALK_SPECIAL:
		if (item->named)
			return push(s, item);
		s->tally.skipped_special++;
		break;
	case WALK_LINK:
		s->tally.skipped_links++;
		break;
	case WALK_MOUNT:
		s->tally.skipped_mounts++;
		break;
	case WALK_FILTERED:
		s->tally.skipped_filtered++;
		break;
	}
	return !interrupt_asked();
}

static bool on_name(void *ctx, char *text, size_t len, unsigned long long number)
{
	struct scan *s = ctx;

	(void)number;
	if (len && s->case_folder && !case_stands_apart(&s->folder, &text, 1)) {
		s->changed = true;
		return false;
	}
	return len == 0 || walk(&s->walk, text);
}

static void feed(struct scan *s)
{
	const struct names_opts names = {.path = s->from, .nul = s->nul, .detect = !s->nul, .line = on_name, .ctx = s};
	bool go = true;

	for (size_t i = 0; go && i < s->cli->n_args; i++) {
		const char *path = s->cli->args[i];

		if (strcmp(path, "-") == 0)
			go = crew_push(s->crew, subject_named(path));
		else
			go = walk(&s->walk, path);
	}
	if (go && s->from && !names_read(&names))
		s->broken = true;
	if (go && s->case_folder && !s->broken && !s->changed && !interrupt_asked() && !crew_stopped(s->crew))
		s->changed = !case_record_walked(&s->record);
}

/* ---------------------------------------------------------------- how many files there will be */

struct census {
	struct scan *scan;
	pthread_t thread;
	bool running;
	atomic_bool stop;
	uint64_t n;
};

static bool count_item(void *ctx, const struct walk_item *item)
{
	struct census *c = ctx;

	c->n += item->kind == WALK_FILE || item->kind == WALK_FAILED || (item->kind == WALK_SPECIAL && item->named);
	return !atomic_load(&c->stop) && !interrupt_asked();
}

static void *count(void *arg)
{
	struct census *c = arg;
	struct walk_opts opts = c->scan->walk;
	bool go = true;

	opts.visit = count_item;
	opts.ctx = c;
	for (size_t i = 0; go && i < c->scan->cli->n_args; i++) {
		if (strcmp(c->scan->cli->args[i], "-") == 0)
			c->n++;
		else
			go = walk(&opts, c->scan->cli->args[i]);
	}
	if (go)
		atomic_store(&c->scan->progress.total, c->n);
	return NULL;
}

/* Counts ahead of the scan, for the time left; only when somebody is watching and the list of files is not a stream. */
static void census_start(struct census *c, struct scan *s)
{
	c->scan = s;
	if (!s->progress.private || s->from)
		return;
	interrupt_block();
	c->running = pthread_create(&c->thread, NULL, count, c) == 0;
	interrupt_unblock();
}

static void census_stop(struct census *c)
{
	atomic_store(&c->stop, true);
	if (c->running)
		pthread_join(c->thread, NULL);
}

/* ---------------------------------------------------------------- the command */

/* Folders of waiting files stay open: take as many descriptors as may be had. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

struct listing {
	struct scan *scan;
	enum tutela_err error;
};

static bool note_list(void *ctx, const struct tutela_list *list)
{
	struct listing *l = ctx;
	json_t *facts = facts_list(l->scan->pipeline.snapshot, list, &l->error), *copy;
	char text[32];

	if (!facts)
		return false;
	/* Of what a case rests on: what its results depend on, without what the clock does to it. */
	copy = json_deep_copy(facts);
	json_object_del(copy, "updated");
	json_object_del(copy, "expires");
	json_array_append_new(l->scan->lists, copy);
	if (list->expires && list->expires <= (int64_t)time(NULL)) {
		json_object_set_new(facts, "expired", json_true());
		message_warning(list->name, "this list expired on %s", output_time_text(list->expires, text));
	}
	tally_list(&l->scan->tally, facts);
	return true;
}

static bool note_store(struct scan *s, struct tutela_store *store)
{
	struct listing listing = {.scan = s};
	struct tutela_store_info info;
	enum tutela_err error = tutela_snapshot_lists(s->pipeline.snapshot, note_list, &listing);

	if (!error)
		error = listing.error;
	if (!error)
		error = tutela_snapshot_info(s->pipeline.snapshot, &info);
	if (error) {
		cli_store_error(store, s->cli->store, error);
		return false;
	}
	tally_about(&s->tally, "store", json_string(info.uuid));
	if (!info.active)
		message_warning(NULL, "the store holds no active entry, so nothing can match");
	return true;
}

static json_t *texts(const struct cli_texts *t)
{
	json_t *out = json_array();

	for (size_t i = 0; i < t->n; i++)
		json_array_append_new(out, output_string(t->items[i].value, strlen(t->items[i].value)));
	return out;
}

/* What decides the results of a scan beside the files and the lists. */
static json_t *parameters(const struct scan *s)
{
	json_t *o = json_object(), *paths = json_array();

	for (size_t i = 0; i < s->cli->n_args; i++)
		json_array_append_new(paths, output_string(s->cli->args[i], strlen(s->cli->args[i])));
	json_object_set_new(o, "paths", paths);
	if (s->from)
		json_object_set_new(o, "files_from", output_string(s->from, strlen(s->from)));
	json_object_set_new(o, "variants", json_string(variant_levels[s->pipeline.variants]));
	json_object_set_new(o, "timeout", json_integer((json_int_t)s->timeout));
	json_object_set_new(o, "all", json_boolean(s->all));
	json_object_set_new(o, "ordered", json_boolean(s->ordered));
	json_object_set_new(o, "follow", json_boolean(s->follow));
	json_object_set_new(o, "cross_file_systems", json_boolean(s->cross));
	if (s->flood.limit)
		json_object_set_new(o, "flood", json_integer((json_int_t)s->flood.limit));
	if (s->flood.review)
		json_object_set_new(o, "flood_action", json_string("review"));
	json_object_set_new(o, "include", texts(&s->includes));
	json_object_set_new(o, "exclude", texts(&s->excludes));
	return o;
}

/* ---------------------------------------------------------------- a case */

static json_t *run_facts(const struct scan *s, unsigned jobs)
{
	json_t *run = json_object();

	json_object_set_new(run, "started", facts_now());
	json_object_set_new(run, "machine", facts_machine());
	json_object_set_new(run, "jobs", json_integer(jobs));
	json_object_set_new(run, "lists", s->tally.lists ? json_incref(s->tally.lists) : json_array());
	if (s->operator_name)
		json_object_set_new(run, "operator", json_string(s->operator_name));
	return run;
}

/* What the results depend on: with another of these, they are others. */
static json_t *identity(const struct scan *s)
{
	json_t *o = json_pack("{s:s, s:o, s:O}", "tool_version", TUTELA_VERSION, "parameters", parameters(s), "lists",
			      s->lists);

	if (s->evidence)
		json_object_set_new(o, "evidence", json_string(s->evidence));
	return o;
}

static int say_complete(const struct scan *s)
{
	json_t *summary = case_summary(&s->folder);
	const char *ended = json_string_value(json_object_get(summary, "ended"));
	char files[32], match[32];

	if (s->cli->json)
		output_json(json_incref(summary));
	else if (!s->cli->quiet)
		output_print("this case is complete since %s: %s files, %s match; --restart scans again\n",
			     ended ? ended : "-",
			     printable_count((uint64_t)json_integer_value(json_object_get(summary, "files")), files),
			     printable_count((uint64_t)json_integer_value(json_object_get(summary, "match")), match));
	return case_status(&s->folder);
}

static int scan_all(struct scan *s, unsigned jobs);

static int end_case(struct scan *s, int status)
{
	const char *state = s->tally.failed || s->changed ? "failed"
			    : s->tally.interrupted        ? "interrupted"
							  : "complete";
	json_t *summary = tally_json(&s->tally);
	bool ok = s->changed || (case_record_sync(&s->record) && case_run_ends(&s->folder, state, summary, status));

	json_decref(summary);
	if (s->record.done && !s->cli->quiet && ok)
		message_note("%llu files had been done before", (unsigned long long)s->record.done);
	return ok && !s->changed ? status : STATUS_TROUBLE;
}

static int scan_case(struct scan *s, unsigned jobs)
{
	json_t *about = identity(s);
	enum case_state state;
	int status = STATUS_TROUBLE;

	s->folder.path = s->case_folder;
	state = case_open(&s->folder, about, s->restart, s->cli->args, s->cli->n_args);
	if (state == CASE_COMPLETE) {
		status = say_complete(s);
	} else if (state == CASE_OPEN && case_run_begins(&s->folder, run_facts(s, jobs))) {
		if (case_record_open(&s->record, &s->folder))
			status = end_case(s, scan_all(s, jobs));
		case_record_close(&s->record);
	}
	case_close(&s->folder);
	json_decref(about);
	return status;
}

/* ---------------------------------------------------------------- the scan */

static void note_facts(struct scan *s, unsigned jobs)
{
	struct tally *t = &s->tally;

	tally_about(t, "started", s->case_folder ? json_string(case_started(&s->folder)) : facts_now());
	tally_about(t, "machine", facts_machine());
	tally_about(t, "parameters", parameters(s));
	tally_about(t, "jobs", json_integer(jobs));
	if (s->evidence)
		tally_about(t, "evidence", json_string(s->evidence));
	if (s->operator_name)
		tally_about(t, "operator", json_string(s->operator_name));
}

static void print_summary(const struct scan *s)
{
	if (s->changed)
		return;
	if (s->cli->json)
		output_json(tally_json(&s->tally));
	else if (!s->cli->quiet)
		tally_print(&s->tally);
	if (s->tally.interrupted)
		message_error(NULL, "interrupted; the summary covers what was done until then");
}

/*
 * The summary for the audit log: how many lists there are has no bound, and their versions stand there anyway;
 * of a flood, how many entries there were. Nor have the words of a command line one: what is too long for a
 * record is left out of it, and that is said.
 */
static json_t *counts(const struct scan *s)
{
	json_t *o = tally_json(&s->tally);

	json_object_del(o, "type");
	json_object_del(o, "lists");
	json_object_set_new(o, "flood", json_integer((json_int_t)json_array_size(s->tally.flood)));
	if (json_dumpb(o, NULL, 0, JSON_COMPACT) > RECORD_BYTES)
		json_object_set_new(o, "parameters", json_pack("{s:b}", "left_out", true));
	return o;
}

static int scan_all(struct scan *s, unsigned jobs)
{
	const struct crew_opts opts = {
		.threads = jobs,
		.queue = 32 + 2 * (size_t)jobs,
		.ordered = s->ordered,
		.work = work,
		.done = done,
		.drop = drop,
		.ctx = s,
	};
	struct census census = {.running = false};
	struct timespec from, to;

	note_facts(s, jobs);
	clock_gettime(CLOCK_MONOTONIC, &from);
	s->crew = crew_new(&opts);
	if (!s->crew) {
		message_error(NULL, "cannot start a thread");
		return STATUS_TROUBLE;
	}
	s->progress.unit = "files";
	s->progress.with_hits = true;
	progress_start(&s->progress, cli_wants_progress(s->cli));
	census_start(&census, s);
	feed(s);
	crew_finish(s->crew, interrupt_asked() || s->tally.failed || s->changed);
	census_stop(&census);
	progress_stop(&s->progress);
	journaling_end(&s->journaling);
	clock_gettime(CLOCK_MONOTONIC, &to);
	s->tally.seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	s->tally.interrupted = interrupt_asked();
	s->tally.failed |= s->broken || s->changed || s->journaling.failed;
	tally_about(&s->tally, "ended", facts_now());
	s->tally.flood = flood_json(&s->flood);
	flood_warn(&s->flood, s->tally.flood);
	/* Before the summary, which says whether the audit log tells of the scan. */
	journaling_ended(&s->journaling, counts(s));
	tally_about(&s->tally, "audited", json_boolean(journaling_told(&s->journaling)));
	print_summary(s);
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

static int run(struct scan *s)
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
	if (s->pipeline.decoder && note_store(s, store)) {
		journaling_started(&s->journaling, json_pack("{s:s, s:b, s:o}", "tool_version", TUTELA_VERSION,
							     "journal", s->journaling.files, "started", facts_now()));
		status = s->case_folder ? scan_case(s, jobs) : scan_all(s, jobs);
		journaling_ended(&s->journaling, counts(s));
	}
	journaling_end(&s->journaling);
	tutela_decoder_close(s->pipeline.decoder);
	tutela_snapshot_close(s->pipeline.snapshot);
	tutela_store_close(store);
	return status;
}

static const char **values(const struct cli_texts *texts)
{
	const char **out = memory_array(texts->n, sizeof(*out));

	for (size_t i = 0; i < texts->n; i++)
		out[i] = texts->items[i].value;
	return out;
}

/* Text that a record may carry: UTF-8 without control characters, not empty, not long. */
static bool is_line(const char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	}
	return len && len <= LINE_BYTES && printable_is_utf8(s, len);
}

static int check_options(struct scan *s)
{
	s->pipeline.variants = VARIANTS_STANDARD;
	s->journaling.files |= s->journaling.digests;
	if (!s->cli->n_args && !s->from)
		return cli_usage(s->cli, NULL, "name a file or folder");
	if (s->flood_action && !(s->flood.review = strcmp(s->flood_action, "review") == 0) &&
	    strcmp(s->flood_action, "report") != 0)
		return cli_usage(s->cli, "--flood-action", "'%s' is not one of report, review", s->flood_action);
	if (s->flood.review && s->case_folder)
		return cli_usage(s->cli, "--flood-action",
				 "which hits are beyond the limit depends on the order of work; a case has none");
	if (s->journaling.off && s->journaling.files)
		return cli_usage(s->cli, "--no-audit", "does not go with a journal, which is kept in the store");
	if (s->restart && !s->case_folder)
		return cli_usage(s->cli, "--restart", "goes with --case");
	if (s->evidence && !is_line(s->evidence))
		return cli_usage(s->cli, "--evidence", "must be a line of UTF-8, at most %d bytes", LINE_BYTES);
	if (s->operator_name && !is_line(s->operator_name))
		return cli_usage(s->cli, "--operator", "must be a line of UTF-8, at most %d bytes", LINE_BYTES);
	for (size_t i = 0; s->case_folder && i < s->cli->n_args; i++) {
		if (strcmp(s->cli->args[i], "-") == 0)
			return cli_usage(s->cli, "-", "standard input cannot be scanned again, and so not in a case");
	}
	for (int i = 0; s->variants; i++) {
		if (i == 3)
			return cli_usage(s->cli, "--variants", "'%s' is not one of none, standard, thorough",
					 s->variants);
		if (strcmp(s->variants, variant_levels[i]) == 0) {
			s->pipeline.variants = (enum variants)i;
			break;
		}
	}
	return CLI_GO;
}

int cmd_scan(struct cli *cli)
{
	struct scan s = {.cli = cli};
	const struct cli_option options[] = {
		{.name = "all", .letter = 'a', .flag = &s.all, .help = "files that do not match too"},
		{.name = "variants",
		 .argument = "LEVEL",
		 .text = &s.variants,
		 .help = "none: as stored; standard (default), thorough: rotated and mirrored too"},
		{.name = "jobs",
		 .letter = 'j',
		 .argument = "N",
		 .number = &s.jobs,
		 .least = 1,
		 .most = CREW_THREADS_MAX,
		 .help = "files at a time; default: one a core"},
		{.name = "timeout",
		 .argument = "SECONDS",
		 .number = &s.timeout,
		 .least = 1,
		 .most = 3600,
		 .help = "for one picture; default: 4, and more for files over 16 MiB"},
		{.name = "ordered", .flag = &s.ordered, .help = "results in the order of names, the same in every run"},
		{.name = "files-from",
		 .argument = "FILE",
		 .text = &s.from,
		 .help = "paths from a file, one a line or NUL-terminated; '-': standard input"},
		{.name = "null", .letter = '0', .flag = &s.nul, .help = "the paths of --files-from end in NUL"},
		{.name = "include",
		 .argument = "GLOB",
		 .texts = &s.includes,
		 .help = "only files with such names; repeatable"},
		{.name = "exclude",
		 .argument = "GLOB",
		 .texts = &s.excludes,
		 .help = "no files and folders with such names; with a slash: paths"},
		{.name = "follow", .letter = 'L', .flag = &s.follow, .help = "follow symbolic links"},
		{.name = "journal",
		 .flag = &s.journaling.files,
		 .help = "keep names, fingerprints and hits of all files in the store"},
		{.name = "journal-digests", .flag = &s.journaling.digests, .help = "the same without the names"},
		{.name = "no-audit",
		 .flag = &s.journaling.off,
		 .help = "open the store for reading only: its audit log will not tell of this scan"},
		{.name = "resident", .flag = &cli->resident, .help = "copy the indexes into memory first"},
		{.name = "stats",
		 .flag = &s.stats,
		 .help = "where the time went: one JSON object on stderr at the end"},
		{.name = "case",
		 .argument = "DIR",
		 .text = &s.case_folder,
		 .help = "results go to this folder, in order; a scan that was killed goes on"},
		{.name = "evidence",
		 .argument = "ID",
		 .text = &s.evidence,
		 .help = "what is scanned, for the record: an exhibit number"},
		{.name = "operator", .argument = "NAME", .text = &s.operator_name, .help = "who scans, for the record"},
		{.name = "restart", .flag = &s.restart, .help = "with --case: put its results aside and begin anew"},
		{.name = "flood",
		 .argument = "N",
		 .number = &s.flood.limit,
		 .least = 1,
		 .most = UINT32_MAX,
		 .help = "name entries that match more files than N; default: over 1000 and over 1 percent"},
		{.name = "flood-action",
		 .argument = "ACTION",
		 .text = &s.flood_action,
		 .help = "report (default); review: their further hits get the action 'review'"},
		{.name = "cross-file-systems", .flag = &s.cross, .help = "enter other file systems"},
		{.name = NULL},
	};
	int status = cli_parse(cli, &page, options);
	const char **includes = values(&s.includes), **excludes = values(&s.excludes);

	s.ordered |= s.case_folder != NULL;
	s.walk = (struct walk_opts){
		.follow = s.follow,
		.cross = s.cross,
		.sorted = s.ordered,
		.includes = includes,
		.n_includes = s.includes.n,
		.excludes = excludes,
		.n_excludes = s.excludes.n,
		.visit = on_item,
		.ctx = &s,
	};
	if (status == CLI_GO)
		status = check_options(&s);
	flood_begin(&s.flood);
	if (status == CLI_GO)
		status = run(&s);
	flood_free(&s.flood);
	tally_free(&s.tally);
	json_decref(s.lists);
	free(includes);
	free(excludes);
	free(s.includes.items);
	free(s.excludes.items);
	return status;
}
