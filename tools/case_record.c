/* SPDX-License-Identifier: Apache-2.0 */
#include "case_record.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "message.h"
#include "output.h"
#include "printable.h"
#include "stats.h"
#include "whole_bytes.h"

#define SYNC_EVERY 2000000000u /* nanoseconds */

static bool fail(const char *subject, int error)
{
	char text[64];

	message_error(subject, "%s", printable_errno(error, text));
	return false;
}

bool case_record_open(struct case_record *r, const struct case_folder *folder)
{
	const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC;

	*r = (struct case_record){.folder = folder, .results = -1, .files = -1, .going_on = true};
	r->results = openat(folder->folder, "results.jsonl", flags, 0600);
	if (r->results < 0)
		return fail("results.jsonl", errno);
	r->files = openat(folder->folder, "files.jsonl", flags, 0600);
	if (r->files < 0)
		return fail("files.jsonl", errno);
	if (fsync(folder->folder) && errno != EINVAL)
		return fail(folder->path, errno);
	r->old_results.fd = r->results;
	r->old_files.fd = r->files;
	r->synced = stats_now();
	return true;
}

/* ---------------------------------------------------------------- what earlier runs have done */

static char *digest(const char *text, size_t len)
{
	uint8_t bytes[SHA256_DIGEST_SIZE];
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, len, (const uint8_t *)text);
	sha256_digest(&ctx, sizeof(bytes), bytes);
	return printable_hex(bytes, sizeof(bytes));
}

/* The next line of results.jsonl is whole and has this digest. */
static bool result_is(struct case_record *r, const char *wanted)
{
	struct json_lines *l = &r->old_results;
	char *hex;
	bool same;

	if (!json_lines_next(l) || l->torn || l->too_long)
		return false;
	l->text[l->len] = '\n';
	hex = digest(l->text, l->len + 1);
	l->text[l->len] = '\0';
	same = strcmp(hex, wanted) == 0;
	free(hex);
	return same;
}

static uint64_t number_at(const json_t *o, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(o, key));

	return n > 0 ? (uint64_t)n : 0;
}

static int word_at(const json_t *o, const char *key, const char *(*name)(int), int n)
{
	const char *word = json_string_value(json_object_get(o, key));
	int i = 0;

	while (word && i < n && strcmp(name(i), word) != 0)
		i++;
	return word && i < n ? i : -1;
}

static const char *verdict_at(int i)
{
	return verdict_name((enum verdict)i);
}

static const char *perceptual_at(int i)
{
	return perceptual_name((enum perceptual)i);
}

/* What counts of a file, from its line. False: the line is not one of ours. */
static bool read_tally(const json_t *o, struct tally_file *t)
{
	int verdict = word_at(o, "verdict", verdict_at, VERDICT_UNDETERMINED + 1);
	int perceptual = word_at(o, "perceptual", perceptual_at, PERCEPTUAL_UNDETERMINED + 1);
	const char *kind = json_string_value(json_object_get(o, "kind"));

	if (verdict < 0 || perceptual < 0 || (kind && strlen(kind) >= sizeof(t->kind)))
		return false;
	*t = (struct tally_file){
		.verdict = (enum verdict)verdict,
		.perceptual = (enum perceptual)perceptual,
		.excluded = json_is_true(json_object_get(o, "excluded")),
		.allowed = json_is_true(json_object_get(o, "allowed")),
		.silenced = number_at(o, "allowed_hits"),
		.unreadable = json_is_true(json_object_get(o, "unreadable")),
		.bytes = number_at(o, "bytes"),
		.hits = number_at(o, "hits"),
	};
	memcpy(t->kind, kind ? kind : "", kind ? strlen(kind) + 1 : 1);
	return true;
}

/* The next file that is done, or NULL where that ends. */
static json_t *next_done(struct case_record *r, struct tally_file *tally)
{
	struct json_lines *l = &r->old_files;
	json_error_t error;
	const char *result;
	json_t *o;

	if (!json_lines_next(l) || l->torn || l->too_long)
		return NULL;
	o = json_loadb(l->text, l->len, JSON_REJECT_DUPLICATES, &error);
	result = json_string_value(json_object_get(o, "result"));
	if (!read_tally(o, tally) || !json_is_string(json_object_get(o, "path")) || (result && !result_is(r, result))) {
		json_decref(o);
		return NULL;
	}
	return o;
}

/* Is this line about that path? */
static bool is_of(json_t *line, const char *path)
{
	json_t *o = json_object();
	bool same;

	output_set_bytes(o, "path", path, strlen(path));
	same = json_equal(json_object_get(o, "path"), json_object_get(line, "path")) &&
	       (json_object_get(o, "path_bytes") == json_object_get(line, "path_bytes") ||
		json_equal(json_object_get(o, "path_bytes"), json_object_get(line, "path_bytes")));
	json_decref(o);
	return same;
}

/* Both files end where the last file that is done ends; from here on lines are added. */
static bool cut(struct case_record *r)
{
	r->going_on = false;
	if (r->old_files.error)
		return fail("files.jsonl", r->old_files.error);
	if (r->old_results.error)
		return fail("results.jsonl", r->old_results.error);
	if (ftruncate(r->results, (off_t)r->results_end) || lseek(r->results, (off_t)r->results_end, SEEK_SET) < 0)
		return fail("results.jsonl", errno);
	if (ftruncate(r->files, (off_t)r->files_end) || lseek(r->files, (off_t)r->files_end, SEEK_SET) < 0)
		return fail("files.jsonl", errno);
	json_lines_free(&r->old_files);
	json_lines_free(&r->old_results);
	return true;
}

enum case_step case_record_step(struct case_record *r, const char *path, struct tally_file *tally)
{
	json_t *line;
	bool same;

	if (!r->going_on)
		return CASE_STEP_SCAN;
	line = next_done(r, tally);
	if (!line)
		return cut(r) ? CASE_STEP_SCAN : CASE_STEP_CHANGED;
	same = is_of(line, path);
	r->result = NULL;
	if (same) {
		r->done++;
		r->files_end = r->old_files.end;
		if (json_object_get(line, "result")) {
			r->results_end = r->old_results.end;
			r->result = r->old_results.text;
			r->result_len = r->old_results.len;
		}
	} else {
		char *now = printable_quoted(path),
		     *then = printable_quoted(json_string_value(json_object_get(line, "path")));

		message_error(
			r->folder->path,
			"the evidence is not what it was: file number %llu was %s and is now %s; --restart begins anew",
			(unsigned long long)r->done + 1, then, now);
		free(now);
		free(then);
	}
	json_decref(line);
	return same ? CASE_STEP_DONE : CASE_STEP_CHANGED;
}

bool case_record_walked(struct case_record *r)
{
	struct tally_file tally;
	json_t *line;
	char n[96];

	if (!r->going_on)
		return true;
	line = next_done(r, &tally);
	if (!line)
		return cut(r);
	message_error(r->folder->path,
		      "the evidence is not what it was: it had more than %s and now has no more; --restart begins anew",
		      printable_things(r->done, "file", "files", n));
	json_decref(line);
	return false;
}

/* ---------------------------------------------------------------- adding */

static void set_hex(json_t *o, const char *key, const void *bytes, size_t len, bool there)
{
	char *hex = there ? printable_hex(bytes, len) : NULL;

	if (hex)
		json_object_set_new(o, key, json_string(hex));
	free(hex);
}

char *case_record_line(const char *path, const struct finding *f, const char *result, size_t result_len, size_t *len)
{
	const struct tutela_decoded *d = &f->decoded;
	struct tally_file t;
	json_t *o = json_object();

	tally_file(&t, f);
	output_set_bytes(o, "path", path, strlen(path));
	json_object_set_new(o, "size", json_integer((json_int_t)f->size));
	set_hex(o, "md5", d->md5, sizeof(d->md5), d->have & TUTELA_WANT_MD5);
	set_hex(o, "sha1", d->sha1, sizeof(d->sha1), d->have & TUTELA_WANT_SHA1);
	set_hex(o, "sha256", d->sha256, sizeof(d->sha256), d->have & TUTELA_WANT_SHA256);
	json_object_set_new(o, "verdict", json_string(verdict_name(t.verdict)));
	json_object_set_new(o, "perceptual", json_string(perceptual_name(t.perceptual)));
	if (t.kind[0])
		json_object_set_new(o, "kind", json_string(t.kind));
	json_object_set_new(o, "bytes", json_integer((json_int_t)t.bytes));
	json_object_set_new(o, "hits", json_integer((json_int_t)t.hits));
	if (t.excluded)
		json_object_set_new(o, "excluded", json_true());
	if (t.allowed)
		json_object_set_new(o, "allowed", json_true());
	if (t.silenced)
		json_object_set_new(o, "allowed_hits", json_integer((json_int_t)t.silenced));
	if (t.unreadable)
		json_object_set_new(o, "unreadable", json_true());
	if (result) {
		char *hex = digest(result, result_len);

		json_object_set_new(o, "result", json_string(hex));
		free(hex);
	}
	return output_json_text(o, len);
}

static bool write_all(int fd, const char *name, const char *text, size_t len)
{
	return whole_bytes_write(fd, text, len) || fail(name, errno);
}

bool case_record_sync(struct case_record *r)
{
	/* In this order: a line of files.jsonl without its result is cut off anyway, but costs a second look. */
	if (fdatasync(r->results))
		return fail("results.jsonl", errno);
	if (fdatasync(r->files))
		return fail("files.jsonl", errno);
	r->synced = stats_now();
	return true;
}

bool case_record_add(struct case_record *r, const char *result, size_t result_len, const char *line, size_t len)
{
	if (result && !write_all(r->results, "results.jsonl", result, result_len))
		return false;
	if (!write_all(r->files, "files.jsonl", line, len))
		return false;
	return stats_now() - r->synced < SYNC_EVERY || case_record_sync(r);
}

void case_record_close(struct case_record *r)
{
	json_lines_free(&r->old_files);
	json_lines_free(&r->old_results);
	if (r->results >= 0)
		close(r->results);
	if (r->files >= 0)
		close(r->files);
}
