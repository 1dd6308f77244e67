/* SPDX-License-Identifier: Apache-2.0 */
#include "list_intake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "category.h"
#include "cli.h"
#include "interrupt.h"
#include "list_format.h"
#include "memory.h"
#include "message.h"
#include "printable.h"

#define BLOCK 65536

/* What a format counts. */
static const char *unit_of(const struct intake *in)
{
	return list_format_can(in->file_format) & TUTELA_FORMAT_FILE ? "row"
	       : strcmp(in->file_format, "encase") == 0              ? "record"
	       : strcmp(in->file_format, "vics") == 0                ? "medium"
								     : "line";
}

/* Kept with the list, for `list held`. */
static void hold(struct intake *in, struct tutela_text id, uint64_t line, const char *reason)
{
	const char *base = strrchr(in->file, '/');
	char *name =
		printable_name(base && base[1] ? base + 1 : in->file, strlen(base && base[1] ? base + 1 : in->file));
	char *position = memory_format("%.200s, %s %llu", name, unit_of(in), (unsigned long long)line);
	struct tutela_held held = {
		.position = {position, strlen(position)}, .id = id, .reason = {reason, strlen(reason)}};
	enum tutela_err error = tutela_update_hold(in->update, &held);

	in->failed = in->failed ? in->failed : error;
	free(position);
	free(name);
}

/* `at` stands behind the sentence. */
static enum tutela_err report(struct intake *in, struct tutela_text id, uint64_t line, const char *reason,
			      const char *at)
{
	in->bad++;
	in->told = line;
	hold(in, id, line, reason);
	atomic_fetch_add(&in->progress->undetermined, 1);
	if (in->verbose || in->bad <= INTAKE_SHOWN) {
		char *name = printable_name(in->file, strlen(in->file)), *text = printable_sentence(reason);

		message_hold();
		fprintf(stderr, "%s:%llu: %s%s\n", name, (unsigned long long)line, text, at);
		message_release();
		free(name);
		free(text);
	}
	return in->failed ? in->failed : interrupt_asked() ? TUTELA_E_INTERRUPTED : TUTELA_OK;
}

static enum tutela_err on_problem(void *ctx, const struct tutela_exchange_problem *problem)
{
	struct intake *in = ctx;
	char at[40] = "";

	in->labels += problem->label;
	/* The number of a medium alone is hard to find in a file without lines. */
	if (strcmp(in->file_format, "vics") == 0)
		snprintf(at, sizeof(at), " (byte %llu)", (unsigned long long)problem->byte);
	return report(in, problem->id, problem->line, problem->reason, at);
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
static enum tutela_err skip(struct intake *in, const struct tutela_record *rec, struct tutela_text category)
{
	char hex[TUTELA_HASH_TEXT_MAX], *id = NULL, *reason;
	struct tutela_record gone = {.id = rec->id, .status = TUTELA_WITHDRAWN, .source_time = rec->source_time};
	enum tutela_err error = TUTELA_OK;

	in->skipped++;
	atomic_fetch_add(&in->progress->done, 1);
	for (size_t i = 0; i < rec->n_fingerprints && !gone.id.len; i++) {
		const struct tutela_hash *h = &rec->fingerprints[i];

		if (tutela_hash_refusal(h))
			continue;
		id = memory_format("%s:%s", tutela_algorithm_get(h->algorithm)->name, tutela_hash_format(h, hex));
		gone.id = (struct tutela_text){id, strlen(id)};
	}
	if (gone.id.len && !in->replace) {
		reason = category.len ? memory_format("category %.*s is not taken", (int)category.len, category.s)
				      : memory_text("entries without a category are not taken");
		gone.reason = (struct tutela_text){reason, strlen(reason)};
		error = tutela_update_put(in->update, &gone);
		free(reason);
	}
	free(id);
	/* REFUSED: it was never here. */
	if (error && error != TUTELA_E_REFUSED && error != TUTELA_E_TOOBIG)
		return in->failed = error;
	return interrupt_asked() ? TUTELA_E_INTERRUPTED : TUTELA_OK;
}

static enum tutela_err on_record(void *ctx, const struct tutela_record *rec, uint64_t line)
{
	struct intake *in = ctx;
	struct tutela_text category = tutela_category_of(rec->labels, rec->n_labels);
	enum tutela_err error;

	if (rec->status != TUTELA_WITHDRAWN && !tutela_policy_takes(in->policy, category))
		return skip(in, rec, category);
	error = tutela_update_put(in->update, rec);

	/* What is gone at its source and was never here. */
	if (error == TUTELA_E_REFUSED && rec->status == TUTELA_WITHDRAWN && !rec->n_fingerprints)
		return TUTELA_OK;
	if (error == TUTELA_E_REFUSED || error == TUTELA_E_TOOBIG)
		return report(in, rec->id, line, refusal(rec, error), "");
	in->failed = error;
	if (error)
		return error;
	in->records++;
	in->partial += in->told == line;
	in->told = 0;
	atomic_fetch_add(&in->progress->done, 1);
	return interrupt_asked() ? TUTELA_E_INTERRUPTED : TUTELA_OK;
}

static struct tutela_reader *open_reader(struct intake *in)
{
	struct tutela_reader_opts opts = {
		.size = sizeof(opts),
		.algorithm = in->algorithm,
		.columns = in->columns,
		.delimiter = in->delimiter,
		.no_header = in->no_header,
		.record = on_record,
		.problem = on_problem,
		.stop = on_stop,
		.ctx = in,
	};
	const char *format = in->file_format, *why = NULL;
	struct tutela_reader *reader = NULL;
	enum tutela_err error = tutela_reader_new(format, &opts, &reader, &why);

	if (error == TUTELA_E_ARG && why && in->columns)
		message_error(in->columns, "%s", why);
	else if (error)
		message_error(format, "%s", why && *why ? why : tutela_strerror(error));
	return reader;
}

/* Says why reading stopped; the caller gives up. */
static void say_failure(struct intake *in, struct tutela_reader *reader, enum tutela_err error)
{
	const char *detail = tutela_reader_errmsg(reader);

	if (error == TUTELA_E_INTERRUPTED)
		return;
	if (in->failed)
		cli_store_error(in->store, in->list, in->failed);
	else
		message_error(in->file, "%s", detail && *detail ? detail : tutela_strerror(error));
}

static void keep_head(struct intake *in, const char *block, size_t n)
{
	size_t room = sizeof(in->head) - in->head_len;

	n = n < room ? n : room;
	memcpy(in->head + in->head_len, block, n);
	in->head_len += n;
}

/* Of a file that gave no entry: how it might have been meant. */
static void hint(const struct intake *in)
{
	const struct list_guess *guess = list_guess(in->head, in->head_len);
	char *name;

	/* What was said already does not help. */
	if (!guess ||
	    (strcmp(guess->format, in->file_format) == 0 &&
	     (in->no_header || in->algorithm || strcmp(strrchr(guess->options, ' ') + 1, guess->format) == 0)))
		return;
	name = printable_quoted(in->file);
	message_note("%s looks like %s: say %s", name, guess->what, guess->options);
	free(name);
}

static bool feed(struct intake *in, int fd, struct tutela_reader *reader)
{
	char *block = memory_array(BLOCK, 1), text[64];
	enum tutela_err error = TUTELA_OK;
	ssize_t n;

	while ((n = interrupt_read(fd, block, BLOCK)) > 0 && !error) {
		in->bytes += (uint64_t)n;
		atomic_store(&in->progress->bytes, in->bytes);
		keep_head(in, block, (size_t)n);
		error = tutela_reader_feed(reader, block, (size_t)n);
	}
	if (!error && n == 0)
		error = tutela_reader_finish(reader);
	if (error)
		say_failure(in, reader, error);
	else if (n < 0 && errno != EINTR)
		message_error(in->file, "%s", printable_errno(errno, text));
	free(block);
	return !error && n == 0;
}

/* A database, which the library opens. */
static bool take_database(struct intake *in, const char *path)
{
	struct tutela_reader *reader;
	enum tutela_err error;

	if (strcmp(path, "-") == 0) {
		message_error(in->file, "the format %s is a database: name its file", in->file_format);
		return false;
	}
	reader = open_reader(in);
	if (!reader)
		return false;
	error = tutela_reader_file(reader, path);
	if (error)
		say_failure(in, reader, error);
	tutela_reader_free(reader);
	return !error;
}

const char *intake_format(const struct intake *in, const char *path)
{
	return in->format ? in->format : list_format_of(path);
}

bool intake_file(struct intake *in, const char *path)
{
	bool standard = strcmp(path, "-") == 0, ok = false;
	uint64_t taken = in->records + in->skipped, bad = in->bad;
	struct tutela_reader *reader;
	struct stat st;
	char text[64];
	int fd;

	in->file = standard ? "standard input" : path;
	in->told = 0;
	in->head_len = 0;
	in->file_format = intake_format(in, path);
	if (list_format_can(in->file_format) & TUTELA_FORMAT_FILE)
		return take_database(in, path);
	fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) || S_ISDIR(st.st_mode)) {
		message_error(in->file, "%s", printable_errno(fd < 0 ? errno : EISDIR, text));
		if (fd >= 0 && !standard)
			close(fd);
		return false;
	}
	reader = open_reader(in);
	if (reader)
		ok = feed(in, fd, reader);
	tutela_reader_free(reader);
	if (!standard)
		close(fd);
	if (in->records + in->skipped == taken && (!ok || in->bad > bad) && !in->failed && !interrupt_asked())
		hint(in);
	return ok;
}
