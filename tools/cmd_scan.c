/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "crew.h"
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
#include "stats.h"
#include "subject.h"
#include "tally.h"
#include "walk.h"

static const struct cli_page page = {
	.synopsis = "[OPTION]... PATH...",
	.about = "Compares files, and all files in folders, with the store. Files are opened read-only.\n"
		 "Prints matches and what stayed undetermined; with --all the rest too; then a summary.\n",
};

struct scan {
	const struct cli *cli;
	/* options */
	const char *from, *variants;
	bool nul, all, ordered, follow, cross, stats;
	struct cli_texts includes, excludes;
	uint64_t jobs, timeout;

	struct walk_opts walk;
	struct pipeline pipeline;
	struct journaling journaling;
	struct crew *crew;
	struct tally tally;
	struct progress progress;
	bool headed;  /* the column heads were printed */
	bool doubled; /* stdout and stderr are one terminal: no need to say things twice */
	bool broken;  /* the list of files could not be read to its end */
};

struct outcome {
	char *text;
	size_t len;
	struct tally_file file;
	enum tutela_err fatal;
};

static void drop(void *ctx, void *job)
{
	(void)ctx;
	subject_free(job);
}

/* ---------------------------------------------------------------- one file, on any thread */

static char *as_json(const struct subject *j, const struct finding *f, size_t *len)
{
	json_t *object = result_file(j->path, f, false);

	result_set_verdict(object, f, true);
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
	journaling_add(&s->journaling, j->path, f);
	o->fatal = f->fatal;
	tally_file(&o->file, f);
	if (f->verdict != VERDICT_NO_MATCH || f->allowed || s->all)
		o->text = s->cli->json ? as_json(j, f, &o->len) : as_text(j, f, &o->len);
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

static bool done(void *ctx, void *result)
{
	struct scan *s = ctx;
	struct outcome *o = result;
	bool go = !o->fatal;

	tally_add(&s->tally, &o->file);
	atomic_store(&s->progress.done, s->tally.files);
	atomic_store(&s->progress.bytes, s->tally.bytes);
	atomic_store(&s->progress.hits, s->tally.match);
	atomic_store(&s->progress.undetermined, s->tally.undetermined);
	if (o->text) {
		print_heads(s);
		go &= output_write(o->text, o->len);
	}
	if (o->fatal && !s->tally.failed) {
		s->tally.failed = true;
		message_error("tutela-decoder", "%s", tutela_strerror(o->fatal));
	}
	free(o->text);
	free(o);
	return go;
}

/* ---------------------------------------------------------------- the walk, on the main thread */

static bool on_item(void *ctx, const struct walk_item *item)
{
	struct scan *s = ctx;

	switch (item->kind) {
	case WALK_FILE:
	case WALK_FAILED:
		return crew_push(s->crew, subject_from(item));
	case WALK_SPECIAL:
		if (item->named)
			return crew_push(s->crew, subject_from(item));
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

static bool note_list(void *ctx, const struct tutela_list *list)
{
	struct scan *s = ctx;
	char text[32];

	tally_list(&s->tally, list->name, list->version);
	if (list->expires && list->expires <= (int64_t)time(NULL))
		message_warning(list->name, "this list expired on %s", output_time_text(list->expires, text));
	return true;
}

static bool note_store(struct scan *s, struct tutela_store *store)
{
	struct tutela_store_info info;
	enum tutela_err error = tutela_snapshot_lists(s->pipeline.snapshot, note_list, s);

	if (!error)
		error = tutela_snapshot_info(s->pipeline.snapshot, &info);
	if (error)
		cli_store_error(store, s->cli->store, error);
	else if (!info.active)
		message_warning(NULL, "the store holds no active entry, so nothing can match");
	return !error;
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
	crew_finish(s->crew, interrupt_asked() || s->tally.failed);
	census_stop(&census);
	progress_stop(&s->progress);
	journaling_end(&s->journaling);
	clock_gettime(CLOCK_MONOTONIC, &to);
	s->tally.seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	s->tally.interrupted = interrupt_asked();
	s->tally.failed |= s->broken || s->journaling.failed;
	if (s->cli->json)
		output_json(tally_json(&s->tally));
	else if (!s->cli->quiet)
		tally_print(&s->tally);
	if (s->tally.interrupted)
		message_error(NULL, "interrupted; the summary covers what was done until then");
	if (s->stats)
		stats_print(tally_stats(&s->tally, jobs));
	return tally_status(&s->tally);
}

/* The summary for the audit log: how many lists there are has no bound, and their versions stand there anyway. */
static json_t *counts(const struct scan *s)
{
	json_t *o = tally_json(&s->tally);

	json_object_del(o, "type");
	json_object_del(o, "lists");
	return o;
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
	if (s->cli->json)
		wants |= TUTELA_WANT_PDQ_FULL | TUTELA_WANT_DIGESTS;
	return wants | TUTELA_WANT_PDQ;
}

static int run(struct scan *s)
{
	unsigned jobs = pipeline_jobs(s->jobs);
	struct tutela_store *store;
	int status = STATUS_TROUBLE;
	enum tutela_err error;
	bool writable;

	raise_limit();
	store = cli_open_either(s->cli, &writable);
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
		journaling_note(
			&s->journaling, "scan-start",
			json_pack("{s:s, s:b}", "tool_version", TUTELA_VERSION, "journal", s->journaling.files));
		status = scan_all(s, jobs);
		journaling_note(&s->journaling, "scan-end", counts(s));
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

static int check_options(struct scan *s)
{
	static const char *const names[] = {"none", "standard", "thorough"};

	s->pipeline.variants = VARIANTS_STANDARD;
	s->journaling.files |= s->journaling.digests;
	if (!s->cli->n_args && !s->from)
		return cli_usage(s->cli, NULL, "name a file or folder");
	for (int i = 0; s->variants; i++) {
		if (i == 3)
			return cli_usage(s->cli, "--variants", "'%s' is not one of none, standard, thorough",
					 s->variants);
		if (strcmp(s->variants, names[i]) == 0) {
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
		{.name = "resident", .flag = &cli->resident, .help = "copy the indexes into memory first"},
		{.name = "stats",
		 .flag = &s.stats,
		 .help = "where the time went: one JSON object on stderr at the end"},
		{.name = "cross-file-systems", .flag = &s.cross, .help = "enter other file systems"},
		{.name = NULL},
	};
	int status = cli_parse(cli, &page, options);
	const char **includes = values(&s.includes), **excludes = values(&s.excludes);

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
	if (status == CLI_GO)
		status = run(&s);
	tally_free(&s.tally);
	free(includes);
	free(excludes);
	free(s.includes.items);
	free(s.excludes.items);
	return status;
}
