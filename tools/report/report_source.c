/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report_source.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interrupt.h"
#include "memory.h"
#include "message.h"
#include "printable.h"
#include "whole_bytes.h"

#define BAD_SAID 20
#define CASE_MAX ((size_t)64 << 20) /* of case.json, whose size goes with the number of lists and paths */

static bool fail(const char *subject, int error)
{
	char text[64];

	message_error(subject, "%s", printable_errno(error, text));
	return false;
}

/* An unnamed file of this user's alone. */
static int unnamed(void)
{
	const char *folder = getenv("TMPDIR");
	char *path;
	int fd;

	if (!folder || !folder[0])
		folder = "/tmp";
	fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	path = memory_format("%s/tutela-report-XXXXXX", folder);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	free(path);
	return fd;
}

/* False with errno. */
static bool copy_all(int fd, int copy)
{
	char *buf = memory_array(1 << 16, 1);
	ssize_t n;
	int error = 0;

	while (!error && (n = interrupt_read(fd, buf, 1 << 16)) != 0) {
		if (n < 0) {
			error = errno;
			break;
		}
		if (!whole_bytes_write(copy, buf, (size_t)n))
			error = errno;
	}
	free(buf);
	errno = error;
	return !error;
}

/* Takes `fd` over. */
static bool settle(struct report *r, int fd)
{
	struct stat st;
	bool ok;
	int copy;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && lseek(fd, 0, SEEK_SET) == 0) {
		r->fd = fd;
		return true;
	}
	copy = unnamed();
	if (copy < 0) {
		fail("temporary file", errno);
		close(fd);
		return false;
	}
	r->fd = copy;
	ok = copy_all(fd, copy) || fail(r->from, errno);
	close(fd);
	return ok;
}

/* The files of a case that hold no results, by what they begin with once white space is left out. */
static const struct {
	const char *begin, *what;
} aside[] = {
	{"{\"type\":\"case\",", "this is what is known of a case, not its results"},
	{"{\"path\":", "these are the files of a case, not its results"},
};

/* False, with a sentence said, when it is one of these. */
static bool is_records(const struct report *r)
{
	char text[64], head[sizeof(text) + 1] = "";
	ssize_t n = pread(r->fd, text, sizeof(text), 0);
	size_t len = 0;

	for (ssize_t i = 0; i < n; i++)
		if (!strchr(" \t\r\n", text[i]))
			head[len++] = text[i];
	for (size_t i = 0; i < sizeof(aside) / sizeof(aside[0]); i++) {
		if (strncmp(head, aside[i].begin, strlen(aside[i].begin)) != 0)
			continue;
		message_error(r->from, "%s: name the folder of the case, --from FOLDER", aside[i].what);
		return false;
	}
	return true;
}

/* What a case that is not finished rests on, in the form of a summary without counts. */
static json_t *unfinished(const json_t *scanned)
{
	json_t *out = json_pack("{s:s, s:b}", "type", "summary", "unfinished", 1),
	       *run = json_array_get(json_object_get(scanned, "runs"), 0);

	if (json_is_object(json_object_get(scanned, "identity")))
		json_object_update(out, json_object_get(scanned, "identity"));
	if (json_is_object(run))
		json_object_update(out, run);
	json_object_del(out, "ended");
	return out;
}

/* The object in DIR/case.json into r->scanned, its summary into r->summary. */
static bool read_case(struct report *r, int folder)
{
	int fd = openat(folder, "case.json", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	json_error_t error;
	json_t *summary;
	struct stat st;
	FILE *in = fd < 0 ? NULL : fdopen(fd, "r");

	if (!in) {
		if (fd < 0 && errno == ENOENT)
			message_error(r->from, "a folder, but not that of a case: it holds no 'case.json'");
		else
			fail("case.json", errno);
		return false;
	}
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size <= CASE_MAX)
		r->scanned = json_loadf(in, JSON_REJECT_DUPLICATES, &error);
	fclose(in);
	if (!json_is_object(r->scanned)) {
		message_error("case.json", "this is not what a scan of a case writes");
		return false;
	}
	summary = json_object_get(r->scanned, "summary");
	r->unfinished = !json_is_object(summary);
	r->summary = r->unfinished ? unfinished(r->scanned) : json_incref(summary);
	return true;
}

static int open_records(struct report *r)
{
	int fd = strcmp(r->from, "-") == 0 ? dup(STDIN_FILENO) : open(r->from, O_RDONLY | O_CLOEXEC | O_NOCTTY),
	    records;
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		fail(r->from, errno);
		return fd;
	}
	if (!S_ISDIR(st.st_mode))
		return fd;
	if (!read_case(r, fd)) {
		close(fd);
		return -1;
	}
	/* Nobody who made the folder is to be waited for. */
	records = openat(fd, "results.jsonl", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (records < 0)
		fail("results.jsonl", errno);
	close(fd);
	return records;
}

static bool on_file(void *ctx, const struct file_record *rec)
{
	struct report *r = ctx;

	totals_add(&r->totals, rec);
	atomic_fetch_add(&r->progress->done, 1);
	return !interrupt_asked();
}

static bool on_summary(void *ctx, json_t *summary)
{
	struct report *r = ctx;

	if (!r->summary)
		r->summary = json_incref(summary);
	return true;
}

struct first {
	struct report *report;
	unsigned said;
	struct sha256_ctx sha; /* of the very bytes that are counted */
};

static void first_bytes(void *ctx, const char *bytes, size_t len)
{
	struct first *f = ctx;

	sha256_update(&f->sha, len, (const uint8_t *)bytes);
	f->report->bytes += len;
}

static void settle_digest(struct first *f)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	char *hex;

	sha256_digest(&f->sha, sizeof(digest), digest);
	hex = printable_hex(digest, sizeof(digest));
	memcpy(f->report->sha256, hex, sizeof(f->report->sha256));
	free(hex);
}

static bool first_file(void *ctx, const struct file_record *rec)
{
	return on_file(((struct first *)ctx)->report, rec);
}

static bool first_summary(void *ctx, json_t *summary)
{
	return on_summary(((struct first *)ctx)->report, summary);
}

static void first_bad(void *ctx, unsigned long long line, const char *why)
{
	struct first *f = ctx;

	if (f->said++ < BAD_SAID)
		message_error(f->report->from, "line %llu: %s", line, why);
}

/* Of the results, as a scan that came to its end noted it; "" when it did not. */
static const char *recorded_digest(const struct report *r)
{
	const char *hex = json_string_value(json_object_get(json_object_get(r->scanned, "digests"), "results.jsonl"));

	return hex ? hex : "";
}

/* What the summary counts, and what a case says of its results, against the lines that were read. */
static void compare(struct report *r)
{
	r->unfinished |= !r->summary;
	if (r->unfinished)
		return;
	r->contradicts = report_number(r, "match") != r->totals.match ||
			 report_number(r, "undetermined") != r->totals.undetermined;
	r->altered = r->scanned && strcmp(r->sha256, recorded_digest(r)) != 0;
}

static void say(const struct report *r, unsigned said)
{
	char n[96];

	if (said > BAD_SAID)
		message_error(r->from, "%llu lines in all could not be read", r->count.bad);
	if (r->unfinished)
		message_error(r->from, "has no summary: the scan did not come to its end");
	if (r->altered)
		message_error(r->from, "'results.jsonl' is not what the scan wrote: its digest differs from that in "
				       "'case.json'");
	if (r->contradicts)
		message_error(r->from,
			      "the summary counts %s and %llu undetermined, but there are lines of %llu and %llu",
			      printable_things(report_number(r, "match"), "file that matches", "files that match", n),
			      (unsigned long long)report_number(r, "undetermined"), (unsigned long long)r->totals.match,
			      (unsigned long long)r->totals.undetermined);
}

static json_t *member(json_t *o, const char *key)
{
	json_t *value = json_object_get(o, key);

	if (!json_is_object(value)) {
		value = json_object();
		json_object_set_new(o, key, value);
	}
	return value;
}

/* What the summary says of floods. Records of scans that said nothing of an action were flagged. */
static void note_flood(struct report *r)
{
	json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(r->summary, "flood"), i, entry)
	{
		const char *source = json_string_value(json_object_get(entry, "source"));
		const char *list = json_string_value(json_object_get(entry, "list"));
		const char *id = json_string_value(json_object_get(entry, "entry"));
		const char *action = json_string_value(json_object_get(entry, "action"));
		bool review = action && strcmp(action, "review") == 0;

		if (!list || !id)
			continue;
		if (!r->flood)
			r->flood = json_object();
		json_object_set_new(member(member(r->flood, source ? source : ""), list), id,
				    json_string(review ? "review" : "flag"));
	}
}

/* Which lists were out of date: asked for with every hit. */
static void note_expired(struct report *r)
{
	json_t *list;
	size_t i;

	r->expired = json_object();
	json_array_foreach(json_object_get(r->summary, "lists"), i, list)
	{
		const char *name = json_string_value(json_object_get(list, "list"));

		if (name && !json_object_get(r->expired, name))
			json_object_set_new(r->expired, name, json_boolean(report_list_expired(r, list)));
	}
}

/* The names that lists had for their categories when the scan was made. */
static void note_categories(struct report *r)
{
	json_t *list, *name;
	const char *category;
	size_t i;

	json_array_foreach(json_object_get(r->summary, "lists"), i, list)
	{
		const char *called = json_string_value(json_object_get(list, "list"));

		json_object_foreach(called ? json_object_get(list, "category_names") : NULL, category, name)
		{
			if (json_is_string(name))
				category_map_add(&r->categories, called, category, json_string_value(name));
		}
	}
}

bool report_source_open(struct report *r)
{
	struct first first = {.report = r};
	const struct record_reader reader = {first_file, first_summary, first_bad, first_bytes, &first};
	int fd = open_records(r);

	if (fd < 0 || !settle(r, fd))
		return false;
	if (!is_records(r))
		return false;
	if (lseek(r->fd, 0, SEEK_SET) != 0)
		return fail(r->from, errno);
	sha256_init(&first.sha);
	if (!record_read(r->fd, &reader, &r->count)) {
		if (r->count.error)
			fail(r->from, r->count.error);
		else
			message_error(NULL, "interrupted; no report was made");
		return false;
	}
	settle_digest(&first);
	compare(r);
	note_flood(r);
	note_expired(r);
	note_categories(r);
	say(r, first.said);
	return true;
}

bool report_source_whole(const struct report *r)
{
	return !r->unfinished && !r->count.bad && !r->contradicts && !r->altered;
}

void report_source_close(struct report *r)
{
	if (r->fd > 0)
		close(r->fd);
	json_decref(r->summary);
	json_decref(r->scanned);
	json_decref(r->flood);
	json_decref(r->expired);
	totals_free(&r->totals);
}
