/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "category.h"
#include "cli.h"
#include "interrupt.h"
#include "list_format.h"
#include "list_guess.h"
#include "locate.h"
#include "memory.h"
#include "message.h"
#include "output.h"
#include "printable.h"
#include "progress.h"

#define BLOCK          65536
#define SHOWN_PROBLEMS 20

static const struct cli_page page = {
	.synopsis = "[OPTION]... --list LIST FILE...",
	.about = "Puts the entries of files into a list, which is made when it does not exist. '-' is standard "
		 "input.\n"
		 "All of it becomes visible at once, or nothing. Bad lines are reported, left out and kept for\n"
		 "'tutela list held'; with --strict, and with --replace unless --lenient, one bad line is enough to\n"
		 "import nothing. The formats nsrl and rds make a list of kind exclude: known files that scans pass\n"
		 "over. They are known, which does not mean that they are good.\n",
};

struct import {
	const struct cli *cli;
	const char *list, *format, *algorithm, *columns, *delimiter, *kind, *categories;
	bool no_header, replace, force, strict, lenient, verbose;
	enum tutela_algorithm algorithm_id;
	struct tutela_policy policy;
	struct tutela_store *store;
	struct tutela_update *update;
	const char *file, *file_format;        /* being read */
	uint64_t records, bad, bytes, skipped; /* skipped: of a category that is not taken */
	uint64_t labels;                       /* of the bad: only a label's text was left out */
	size_t head_len;                       /* of the file being read */
	char head[LIST_GUESS_BYTES];
	uint64_t told, partial; /* line of the last problem; bad lines of which the rest was taken */
	enum tutela_err failed; /* by the store, while taking a record */
	struct progress progress;
	struct tutela_update_result result;
};

/* What a format counts. */
static const char *unit_of(const struct import *im)
{
	return list_format_can(im->file_format) & TUTELA_FORMAT_FILE ? "row"
	       : strcmp(im->file_format, "encase") == 0              ? "record"
	       : strcmp(im->file_format, "vics") == 0                ? "medium"
								     : "line";
}

/* Kept with the list, for `list held`. */
static void hold(struct import *im, struct tutela_text id, uint64_t line, const char *reason)
{
	const char *base = strrchr(im->file, '/');
	char *name =
		printable_name(base && base[1] ? base + 1 : im->file, strlen(base && base[1] ? base + 1 : im->file));
	char *position = memory_format("%.200s, %s %llu", name, unit_of(im), (unsigned long long)line);
	struct tutela_held held = {
		.position = {position, strlen(position)}, .id = id, .reason = {reason, strlen(reason)}};
	enum tutela_err error = tutela_update_hold(im->update, &held);

	im->failed = im->failed ? im->failed : error;
	free(position);
	free(name);
}

/* `at` stands behind the sentence. */
static enum tutela_err report(struct import *im, struct tutela_text id, uint64_t line, const char *reason,
			      const char *at)
{
	im->bad++;
	im->told = line;
	hold(im, id, line, reason);
	atomic_fetch_add(&im->progress.undetermined, 1);
	if (im->verbose || im->bad <= SHOWN_PROBLEMS) {
		char *name = printable_name(im->file, strlen(im->file)), *text = printable_sentence(reason);

		message_hold();
		fprintf(stderr, "%s:%llu: %s%s\n", name, (unsigned long long)line, text, at);
		message_release();
		free(name);
		free(text);
	}
	return im->failed ? im->failed : interrupt_asked() ? TUTELA_E_INTERRUPTED : TUTELA_OK;
}

static enum tutela_err on_problem(void *ctx, const struct tutela_exchange_problem *problem)
{
	struct import *im = ctx;
	char at[40] = "";

	im->labels += problem->label;
	/* The number of a medium alone is hard to find in a file without lines. */
	if (strcmp(im->file_format, "vics") == 0)
		snprintf(at, sizeof(at), " (byte %llu)", (unsigned long long)problem->byte);
	return report(im, problem->id, problem->line, problem->reason, at);
}

static bool on_stop(void *ctx)
{
	(void)ctx;
	return interrupt_asked();
}

/* The words for a record that the store does not take. */
static const char *refusal(const struct tutela_record *rec, enum tutela_err error)
{
	for (size_t i = 0; i < rec->n_fingerprints; i++) {
		const char *why = tutela_hash_refusal(&rec->fingerprints[i]);

		if (why)
			return why;
	}
	return tutela_strerror(error);
}

/*
 * Of a category that is not taken. What the list has of it from before goes:
 * its source calls it something else now. With --replace it goes for its absence.
 */
static enum tutela_err skip(struct import *im, const struct tutela_record *rec, struct tutela_text category)
{
	char hex[TUTELA_HASH_TEXT_MAX], *id = NULL, *reason;
	struct tutela_record gone = {.id = rec->id, .status = TUTELA_WITHDRAWN, .source_time = rec->source_time};
	enum tutela_err error = TUTELA_OK;

	im->skipped++;
	atomic_fetch_add(&im->progress.done, 1);
	for (size_t i = 0; i < rec->n_fingerprints && !gone.id.len; i++) {
		const struct tutela_hash *h = &rec->fingerprints[i];

		if (tutela_hash_refusal(h))
			continue;
		id = memory_format("%s:%s", tutela_algorithm_get(h->algorithm)->name, tutela_hash_format(h, hex));
		gone.id = (struct tutela_text){id, strlen(id)};
	}
	if (gone.id.len && !im->replace) {
		reason = category.len ? memory_format("category %.*s is not taken", (int)category.len, category.s)
				      : memory_text("entries without a category are not taken");
		gone.reason = (struct tutela_text){reason, strlen(reason)};
		error = tutela_update_put(im->update, &gone);
		free(reason);
	}
	free(id);
	/* REFUSED: it was never here. */
	if (error && error != TUTELA_E_REFUSED && error != TUTELA_E_TOOBIG)
		return im->failed = error;
	return interrupt_asked() ? TUTELA_E_INTERRUPTED : TUTELA_OK;
}

static enum tutela_err on_record(void *ctx, const struct tutela_record *rec, uint64_t line)
{
	struct import *im = ctx;
	struct tutela_text category = tutela_category_of(rec->labels, rec->n_labels);
	enum tutela_err error;

	if (rec->status != TUTELA_WITHDRAWN && !tutela_policy_takes(&im->policy, category))
		return skip(im, rec, category);
	error = tutela_update_put(im->update, rec);

	/* What is gone at its source and was never here. */
	if (error == TUTELA_E_REFUSED && rec->status == TUTELA_WITHDRAWN && !rec->n_fingerprints)
		return TUTELA_OK;
	if (error == TUTELA_E_REFUSED || error == TUTELA_E_TOOBIG)
		return report(im, rec->id, line, refusal(rec, error), "");
	im->failed = error;
	if (error)
		return error;
	im->records++;
	im->partial += im->told == line;
	im->told = 0;
	atomic_fetch_add(&im->progress.done, 1);
	return interrupt_asked() ? TUTELA_E_INTERRUPTED : TUTELA_OK;
}

static struct tutela_reader *open_reader(struct import *im)
{
	struct tutela_reader_opts opts = {
		.size = sizeof(opts),
		.algorithm = im->algorithm_id,
		.columns = im->columns,
		.delimiter = im->delimiter ? im->delimiter[0] : 0,
		.no_header = im->no_header,
		.record = on_record,
		.problem = on_problem,
		.stop = on_stop,
		.ctx = im,
	};
	const char *format = im->file_format, *why = NULL;
	struct tutela_reader *reader = NULL;
	enum tutela_err error = tutela_reader_new(format, &opts, &reader, &why);

	if (error == TUTELA_E_ARG && why && im->columns)
		message_error(im->columns, "%s", why);
	else if (error)
		message_error(format, "%s", why && *why ? why : tutela_strerror(error));
	return reader;
}

/* Says why reading stopped; the caller gives up. */
static void say_failure(struct import *im, struct tutela_reader *reader, enum tutela_err error)
{
	const char *detail = tutela_reader_errmsg(reader);

	if (error == TUTELA_E_INTERRUPTED)
		return;
	if (im->failed)
		cli_store_error(im->store, im->list, im->failed);
	else
		message_error(im->file, "%s", detail && *detail ? detail : tutela_strerror(error));
}

static void keep_head(struct import *im, const char *block, size_t n)
{
	size_t room = sizeof(im->head) - im->head_len;

	n = n < room ? n : room;
	memcpy(im->head + im->head_len, block, n);
	im->head_len += n;
}

/* Of a file that gave no entry: how it might have been meant. */
static void hint(const struct import *im)
{
	const struct list_guess *guess = list_guess(im->head, im->head_len);
	char *name;

	/* What was said already does not help. */
	if (!guess ||
	    (strcmp(guess->format, im->file_format) == 0 &&
	     (im->no_header || im->algorithm || strcmp(strrchr(guess->options, ' ') + 1, guess->format) == 0)))
		return;
	name = printable_quoted(im->file);
	message_note("%s looks like %s: say %s", name, guess->what, guess->options);
	free(name);
}

static bool feed(struct import *im, int fd, struct tutela_reader *reader)
{
	char *block = memory_array(BLOCK, 1), text[64];
	enum tutela_err error = TUTELA_OK;
	ssize_t n;

	while ((n = interrupt_read(fd, block, BLOCK)) > 0 && !error) {
		im->bytes += (uint64_t)n;
		atomic_store(&im->progress.bytes, im->bytes);
		keep_head(im, block, (size_t)n);
		error = tutela_reader_feed(reader, block, (size_t)n);
	}
	if (!error && n == 0)
		error = tutela_reader_finish(reader);
	if (error)
		say_failure(im, reader, error);
	else if (n < 0 && errno != EINTR)
		message_error(im->file, "%s", printable_errno(errno, text));
	free(block);
	return !error && n == 0;
}

/* A database, which the library opens. */
static bool import_database(struct import *im, const char *path)
{
	struct tutela_reader *reader;
	enum tutela_err error;

	if (strcmp(path, "-") == 0) {
		message_error(im->file, "the format %s is a database: name its file", im->file_format);
		return false;
	}
	reader = open_reader(im);
	if (!reader)
		return false;
	error = tutela_reader_file(reader, path);
	if (error)
		say_failure(im, reader, error);
	tutela_reader_free(reader);
	return !error;
}

static const char *format_of(const struct import *im, const char *path)
{
	return im->format ? im->format : list_format_of(path);
}

static bool import_file(struct import *im, const char *path)
{
	bool standard = strcmp(path, "-") == 0, ok = false;
	uint64_t taken = im->records + im->skipped, bad = im->bad;
	struct tutela_reader *reader;
	struct stat st;
	char text[64];
	int fd;

	im->file = standard ? "standard input" : path;
	im->told = 0;
	im->head_len = 0;
	im->file_format = format_of(im, path);
	if (list_format_can(im->file_format) & TUTELA_FORMAT_FILE)
		return import_database(im, path);
	fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) || S_ISDIR(st.st_mode)) {
		message_error(im->file, "%s", printable_errno(fd < 0 ? errno : EISDIR, text));
		if (fd >= 0 && !standard)
			close(fd);
		return false;
	}
	reader = open_reader(im);
	if (reader)
		ok = feed(im, fd, reader);
	tutela_reader_free(reader);
	if (!standard)
		close(fd);
	if (im->records + im->skipped == taken && (!ok || im->bad > bad) && !im->failed && !interrupt_asked())
		hint(im);
	return ok;
}

static char *provenance(const struct cli *cli)
{
	char *out = memory_text("import of"), *next;

	for (size_t i = 0; i < cli->n_args && i < 16; i++) {
		char *name = printable_quoted(cli->args[i]);

		next = memory_format("%s %s", out, strcmp(cli->args[i], "-") ? name : "standard input");
		free(name);
		free(out);
		out = next;
	}
	if (cli->n_args > 16) {
		next = memory_format("%s and %zu more", out, cli->n_args - 16);
		free(out);
		out = next;
	}
	return out;
}

static int begin(struct import *im)
{
	char *origin = provenance(im->cli);
	struct tutela_update_opts opts = {
		.size = sizeof(opts),
		.list = im->list,
		.create = true,
		.policy = &im->policy,
		.mode = im->replace ? TUTELA_REPLACE : TUTELA_MERGE,
		.provenance = origin,
		.most_absent = im->replace && !im->force ? 50 : 0,
	};
	enum tutela_err error;

	errno = 0;
	error = tutela_update_begin(im->store, &opts, &im->update);
	free(origin);
	if (error == TUTELA_E_ARG)
		message_error(im->list,
			      "not a list's name: letters, digits, '.', '_' and '-', at most %d, "
			      "a letter or digit first",
			      TUTELA_LIST_NAME_MAX);
	else if (error)
		cli_store_error(im->store, im->list, error);
	return error ? STATUS_TROUBLE : STATUS_OK;
}

/*
 * A list of a source holds what the source has issued and nothing else. And
 * alarms must not end up among what is passed over, nor the other way round:
 * the list's kind must be the one that was asked for, or that the format
 * stands for. Under the writer's lock; a list that is being made has the kind.
 * The categories that are taken are the list's, unless the options name some.
 */
static bool list_fits(struct import *im)
{
	struct tutela_snapshot *snapshot;
	struct tutela_list list;
	enum tutela_err error = tutela_snapshot_open(im->store, &snapshot);
	const char *is;

	if (error) {
		cli_store_error(im->store, im->list, error);
		return false;
	}
	error = tutela_snapshot_list(snapshot, im->list, &list);
	tutela_snapshot_close(snapshot);
	if (error == TUTELA_E_NOTFOUND) {
		if (!im->kind && im->policy.kind == TUTELA_LIST_EXCLUDE)
			message_note("'%s' becomes a list of kind exclude: scans pass over its files, which are known, "
				     "not known to be good",
				     im->list);
		return true;
	}
	if (error) {
		cli_store_error(im->store, im->list, error);
		return false;
	}
	/* Its hits name the source, who has not issued what stands in a file here. */
	if (strcmp(list.source, "local") != 0) {
		char *source = printable_quoted(list.source);

		message_error(im->list, "this list comes from the source %s: nothing was imported; choose another list",
			      source);
		free(source);
		return false;
	}
	if (!im->categories)
		memcpy(im->policy.categories, list.policy.categories, sizeof(list.policy.categories));
	is = tutela_list_kind_name(list.policy.kind);
	if (im->kind && list.policy.kind != im->policy.kind)
		message_error(im->list, "the list is there already, and its kind is %s: nothing was imported", is);
	else if (im->policy.kind == TUTELA_LIST_EXCLUDE && list.policy.kind != TUTELA_LIST_EXCLUDE)
		message_error(im->list,
			      "the list's kind is %s, and the input's format is of files to pass over: nothing was "
			      "imported; say --kind %s to put them there all the same",
			      is, is);
	else
		return true;
	return false;
}

static const char *bad_lines(uint64_t bad, char *buf)
{
	return printable_things(bad, "bad line", "bad lines", buf);
}

/* Is what was read fit to be committed? Says why not. */
static bool acceptable(struct import *im)
{
	char n[96];

	if (im->bad > SHOWN_PROBLEMS && !im->verbose)
		message_note("... and %s (-v shows all)",
			     printable_things(im->bad - SHOWN_PROBLEMS, "more bad line", "more bad lines", n));
	if (im->bad && im->strict) {
		message_error(im->list, "%s: nothing was imported (--strict)", bad_lines(im->bad, n));
		return false;
	}
	/* What lacks a label's text alone is there, and matches. */
	if (im->bad > im->labels && im->replace && !im->lenient) {
		message_error(im->list,
			      "%s: nothing was imported, because --replace would withdraw their entries; "
			      "repair the file or say --lenient",
			      bad_lines(im->bad - im->labels, n));
		return false;
	}
	if (im->bad && !im->records && !im->skipped) {
		message_error(im->list, "%s and no good one: nothing was imported", bad_lines(im->bad, n));
		return false;
	}
	if (!im->records && im->replace) {
		message_error(im->list,
			      im->skipped ? "the input holds no entry of the categories that are taken: nothing was "
					    "imported, because --replace would withdraw all"
					  : "the input holds no entry: nothing was imported, because --replace would "
					    "withdraw all");
		return false;
	}
	return true;
}

static void print_result(const struct import *im, double seconds)
{
	const struct tutela_update_result *r = &im->result;
	char a[96], b[32], c[32], d[32];

	if (im->cli->json) {
		output_json(json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f}", "type",
				      "import", "list", im->list, "version", (json_int_t)r->version, "files",
				      (json_int_t)im->cli->n_args, "records", (json_int_t)im->records, "added",
				      (json_int_t)r->added, "changed", (json_int_t)r->changed, "unchanged",
				      (json_int_t)r->unchanged, "withdrawn", (json_int_t)r->withdrawn, "bad",
				      (json_int_t)im->bad, "partial", (json_int_t)im->partial, "skipped_by_category",
				      (json_int_t)im->skipped, "seconds", seconds));
	} else if (!im->cli->quiet) {
		output_print("list '%s', version %llu: %s added, %s changed, %s unchanged, %s withdrawn", im->list,
			     (unsigned long long)r->version, printable_count(r->added, a),
			     printable_count(r->changed, b), printable_count(r->unchanged, c),
			     printable_count(r->withdrawn, d));
		output_print("; %s", bad_lines(im->bad, a));
		if (im->partial)
			output_print(", the rest of %s of them taken", printable_count(im->partial, a));
		if (im->policy.categories[0])
			output_print("; %s skipped by category (%s are taken)", printable_count(im->skipped, a),
				     im->policy.categories);
		output_print("\n");
	}
	if (im->replace && r->withdrawn)
		message_note("what vanished: tutela list vanished %s --since %llu", im->list,
			     (unsigned long long)r->version - 1);
}

static int run(struct import *im)
{
	struct timespec from, to;
	enum tutela_err error = TUTELA_OK;
	bool ok = true;

	clock_gettime(CLOCK_MONOTONIC, &from);
	if (begin(im) != STATUS_OK)
		return STATUS_TROUBLE;
	if (!list_fits(im)) {
		tutela_update_abort(im->update);
		return STATUS_TROUBLE;
	}
	im->progress.unit = "records";
	progress_start(&im->progress, cli_wants_progress(im->cli));
	for (size_t i = 0; ok && i < im->cli->n_args; i++)
		ok = import_file(im, im->cli->args[i]);
	if (ok)
		atomic_store(&im->progress.stage, "committing");
	ok = ok && !interrupt_asked() && acceptable(im);
	if (ok)
		error = tutela_update_commit(im->update, &im->result);
	else
		tutela_update_abort(im->update);
	progress_stop(&im->progress);
	if (interrupt_asked() && !ok)
		message_error(NULL, "interrupted; nothing was imported");
	if (error == TUTELA_E_REFUSED)
		message_error(im->list,
			      "the input lacks more than half of the list's entries: nothing was imported, because "
			      "--replace would withdraw them; say --force if that is right");
	else if (error)
		cli_store_error(im->store, im->list, error);
	if (!ok || error)
		return STATUS_TROUBLE;
	clock_gettime(CLOCK_MONOTONIC, &to);
	print_result(im, (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
	return STATUS_OK;
}

/* The kind of a new list: what the options say, else what the formats stand for. */
static int settle_kind(struct import *im)
{
	size_t excluding = 0;

	if (im->kind && !tutela_list_kind_parse(im->kind, &im->policy.kind))
		return cli_usage(im->cli, "--kind", "'%s' is not one of known, exclude, allow", im->kind);
	for (size_t i = 0; i < im->cli->n_args; i++)
		excluding += (list_format_can(format_of(im, im->cli->args[i])) & TUTELA_FORMAT_EXCLUDE) != 0;
	if (im->kind || !excluding)
		return CLI_GO;
	if (excluding < im->cli->n_args)
		return cli_usage(
			im->cli, NULL,
			"some of the files are of formats for files to pass over, some are not: import them one "
			"after the other, or say --kind");
	im->policy.kind = TUTELA_LIST_EXCLUDE;
	return CLI_GO;
}

static int settle_categories(struct import *im)
{
	const char *wrong;

	if (!im->categories || strcmp(im->categories, "all") == 0)
		return CLI_GO;
	wrong = category_choice_wrong(im->categories);
	if (wrong)
		return cli_usage(im->cli, "--categories", "%s", wrong);
	memcpy(im->policy.categories, im->categories, strlen(im->categories) + 1);
	return CLI_GO;
}

/* VICS sets hold abuse material; as a list of files to pass over one would hide what it is there to find. */
static bool hides(const struct import *im, struct tutela_store *store)
{
	struct tutela_snapshot *snapshot;
	enum tutela_list_kind kind = im->policy.kind;
	struct tutela_list list;
	const char *vics = NULL;

	for (size_t i = 0; i < im->cli->n_args && !vics; i++)
		if (strcmp(format_of(im, im->cli->args[i]), "vics") == 0)
			vics = im->cli->args[i];
	if (!vics)
		return false;
	if (!tutela_snapshot_open(store, &snapshot)) {
		if (!tutela_snapshot_list(snapshot, im->list, &list))
			kind = list.policy.kind;
		tutela_snapshot_close(snapshot);
	}
	if (kind != TUTELA_LIST_EXCLUDE)
		return false;
	message_error(vics,
		      "a VICS set names abuse material: in a list of kind 'exclude' it would hide what it is there to "
		      "find; nothing was imported");
	return true;
}

static int check_options(struct import *im)
{
	const struct tutela_algorithm_info *a;
	int status;

	if (!im->list)
		return cli_usage(im->cli, NULL, "name the list: --list LIST");
	if (!im->cli->n_args)
		return cli_usage(im->cli, NULL, "name a file, or '-' for standard input");
	if (im->strict && im->lenient)
		return cli_usage(im->cli, NULL, "--strict and --lenient exclude each other");
	if (im->delimiter && strcmp(im->delimiter, "\\t") == 0)
		im->delimiter = "\t";
	if (im->delimiter && strlen(im->delimiter) != 1)
		return cli_usage(im->cli, "--delimiter", "one character, or \\t");
	if (im->force && !im->replace)
		return cli_usage(im->cli, NULL, "--force is for --replace");
	if (im->algorithm) {
		a = tutela_algorithm_find(im->algorithm);
		if (!a)
			return cli_usage(im->cli, "--algorithm", "'%s' is not known", im->algorithm);
		im->algorithm_id = a->id;
	}
	if (im->format && !(list_format_can(im->format) & TUTELA_FORMAT_READS)) {
		char *all = list_format_names(TUTELA_FORMAT_READS);
		status = cli_usage(im->cli, "--format", "'%s' is not one of %s", im->format, all);

		free(all);
		return status;
	}
	status = settle_kind(im);
	tutela_policy_default_for(im->policy.kind, &im->policy);
	return status == CLI_GO ? settle_categories(im) : status;
}

int cmd_import(struct cli *cli)
{
	struct import im = {.cli = cli};
	const struct cli_option options[] = {
		{.name = "list",
		 .letter = 'l',
		 .argument = "LIST",
		 .text = &im.list,
		 .help = "the list that the entries go to"},
		{.name = "format",
		 .letter = 'f',
		 .argument = "FORMAT",
		 .text = &im.format,
		 .help = "text, csv, vics, sums, hashdeep, hfind, encase, hashkeeper, nsrl, kdb, rds or records; else "
			 "by the "
			 "file's "
			 "name"},
		{.name = "algorithm",
		 .letter = 'a',
		 .argument = "NAME",
		 .text = &im.algorithm,
		 .help = "of bare hex: pdq, md5, ..."},
		{.name = "columns",
		 .argument = "MAP",
		 .text = &im.columns,
		 .help = "csv: which column is what: id=Entry,md5=MD5,pdq=#3"},
		{.name = "delimiter",
		 .argument = "C",
		 .text = &im.delimiter,
		 .help = "csv: what stands between columns"},
		{.name = "no-header", .flag = &im.no_header, .help = "csv: the first line holds data"},
		{.name = "replace",
		 .flag = &im.replace,
		 .help = "entries of the list that are not in the input are withdrawn"},
		{.name = "force",
		 .flag = &im.force,
		 .help = "with --replace: also when that withdraws more than half of the list"},
		{.name = "strict", .flag = &im.strict, .help = "one bad line: nothing is imported"},
		{.name = "lenient",
		 .flag = &im.lenient,
		 .help = "with --replace: leave bad lines out, withdrawing their entries"},
		{.name = "kind",
		 .argument = "KIND",
		 .text = &im.kind,
		 .help = "of the list: known or exclude; of a new one else known, but exclude for nsrl and rds"},
		{.name = "categories",
		 .argument = "C,...",
		 .text = &im.categories,
		 .help = "take entries of these alone, such as 1,2; none: those without; all; else as the list says"},
		{.name = "verbose",
		 .letter = 'v',
		 .flag = &im.verbose,
		 .help = "show every bad line, not the first 20 only"},
		{.name = NULL},
	};
	int status = cli_parse(cli, &page, options);

	tutela_policy_default(&im.policy);
	if (status == CLI_GO)
		status = check_options(&im);
	if (status != CLI_GO)
		return status;
	im.store = cli_open_store(cli, true);
	if (!im.store)
		return STATUS_TROUBLE;
	status = hides(&im, im.store) ? STATUS_TROUBLE : run(&im);
	tutela_store_close(im.store);
	return status;
}
