/* SPDX-License-Identifier: Apache-2.0 */
#include "report/render.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "interrupt.h"
#include "message.h"
#include "printable.h"

/* A reading of the records, and the digest of what was read. */
struct each {
	const struct report *report;
	bool (*file)(void *ctx, const struct file_record *rec);
	void *ctx;
	struct sha256_ctx sha;
};

static bool on_file(void *ctx, const struct file_record *rec)
{
	struct each *e = ctx;

	atomic_fetch_add(&e->report->progress->done, 1);
	return !interrupt_asked() && (!e->file || e->file(e->ctx, rec));
}

static void on_bytes(void *ctx, const char *bytes, size_t len)
{
	sha256_update(&((struct each *)ctx)->sha, len, (const uint8_t *)bytes);
}

/* Are these the bytes whose digest the report gives? */
static bool same_bytes(struct each *e, const struct report *r)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	char *hex;
	bool same;

	sha256_digest(&e->sha, sizeof(digest), digest);
	hex = printable_hex(digest, sizeof(digest));
	same = strcmp(hex, r->sha256) == 0;
	free(hex);
	return same;
}

void report_expect(const struct report *r, uint64_t files)
{
	atomic_store(&r->progress->total, atomic_load(&r->progress->done) + files);
}

bool report_each(const struct report *r, bool (*file)(void *ctx, const struct file_record *rec), void *ctx)
{
	struct each each = {.report = r, .file = file, .ctx = ctx};
	const struct record_reader reader = {.file = on_file, .seen = on_bytes, .ctx = &each};
	struct record_count count = {0};
	char text[64];

	sha256_init(&each.sha);
	report_expect(r, r->count.files);
	if (lseek(r->fd, 0, SEEK_SET) != 0) {
		message_error(r->from, "%s", printable_errno(errno, text));
		return false;
	}
	if (!record_read(r->fd, &reader, &count)) {
		if (count.error)
			message_error(r->from, "%s", printable_errno(count.error, text));
		return false;
	}
	if (count.lines != r->count.lines || count.files != r->count.files || !same_bytes(&each, r)) {
		message_error(r->from, "changed while it was read");
		return false;
	}
	return true;
}

const char *report_text(const struct report *r, const char *key)
{
	const char *s = json_string_value(json_object_get(r->summary, key));

	return s ? s : "";
}

uint64_t report_number(const struct report *r, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(r->summary, key));

	return n > 0 ? (uint64_t)n : 0;
}

bool report_list_expired(const struct report *r, const json_t *list)
{
	const char *expires = json_string_value(json_object_get(list, "expires")), *started = report_text(r, "started");

	/* Times in this form sort as text. */
	return json_is_true(json_object_get(list, "expired")) ||
	       (expires && started[0] && strcmp(expires, started) <= 0);
}

bool report_expired(const struct report *r, const struct hit_record *h)
{
	return h->expired || json_is_true(json_object_get(r->expired, h->list));
}

const char *report_flood(const struct report *r, const struct hit_record *h)
{
	const json_t *list = json_object_get(json_object_get(r->flood, h->source), h->list);
	const char *action = json_string_value(json_object_get(list, h->entry));

	if (h->flood)
		return "review";
	return action ? action : "";
}

const char *report_operator(const struct report *r)
{
	return r->operator_name ? r->operator_name : report_text(r, "operator");
}

const char *report_case_number(const struct report *r)
{
	return r->case_number ? r->case_number : report_text(r, "case_number");
}

const char *report_evidence(const struct report *r, const struct file_record *rec)
{
	return rec->evidence[0] ? rec->evidence : report_text(r, "evidence");
}
