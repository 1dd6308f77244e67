/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of one state of an entry, and of what its record says. */
#include "store/schema.h"

#include <stdlib.h>
#include <string.h>

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct tutela_hash));
}

static void put_text(struct bytes_writer *w, struct tutela_text t)
{
	bytes_put_u16(w, (uint16_t)t.len);
	bytes_put(w, t.s, t.len);
}

static void put_hashes(struct bytes_writer *w, const struct tutela_record *rec)
{
	struct tutela_hash sorted[TUTELA_FINGERPRINTS_MAX];
	size_t n = 0;

	memcpy(sorted, rec->fingerprints, rec->n_fingerprints * sizeof *sorted);
	qsort(sorted, rec->n_fingerprints, sizeof *sorted, by_bytes);
	for (size_t i = 0; i < rec->n_fingerprints; i++)
		if (!n || by_bytes(&sorted[n - 1], &sorted[i]))
			sorted[n++] = sorted[i];
	bytes_put_u8(w, (uint8_t)n);
	for (size_t i = 0; i < n; i++) {
		bytes_put_u8(w, (uint8_t)sorted[i].algorithm);
		bytes_put_u8(w, (uint8_t)sorted[i].len);
		bytes_put(w, sorted[i].bytes, sorted[i].len);
	}
}

size_t tutela_schema_put_body(const struct tutela_record *rec, uint8_t *buf, size_t room)
{
	struct bytes_writer w = bytes_writer_init(buf, room);
	enum tutela_status issued = rec->local ? rec->issued : rec->status;
	struct tutela_text reason = rec->local ? rec->issued_reason : rec->reason;

	bytes_put_u8(&w, (uint8_t)issued);
	bytes_put_u64(&w, (uint64_t)rec->source_time);
	put_text(&w, rec->id);
	put_hashes(&w, rec);
	bytes_put_u8(&w, (uint8_t)rec->n_labels);
	for (size_t i = 0; i < rec->n_labels; i++) {
		put_text(&w, rec->labels[i].key);
		put_text(&w, rec->labels[i].value);
	}
	put_text(&w, issued == TUTELA_ACTIVE ? (struct tutela_text){NULL, 0} : reason);
	bytes_put_u8(&w, rec->local ? (uint8_t)(1 + rec->status) : 0);
	if (rec->local)
		put_text(&w, rec->reason);
	return w.failed ? 0 : (size_t)(w.at - buf);
}

size_t tutela_schema_local_len(const struct tutela_record *rec)
{
	return rec->local ? 1 + 2 + rec->reason.len : 1;
}

static struct tutela_text get_text(struct bytes_reader *r, size_t max)
{
	size_t len = bytes_u16(r);
	const uint8_t *p = len <= max ? bytes_take(r, len) : NULL;

	if (!p)
		r->failed = true;
	return (struct tutela_text){p && len ? (const char *)p : NULL, p ? len : 0};
}

static void get_hashes(struct bytes_reader *r, struct tutela_record *rec)
{
	size_t n = bytes_u8(r);

	for (size_t i = 0; i < n && !r->failed && n <= TUTELA_FINGERPRINTS_MAX; i++) {
		struct tutela_hash *h = &rec->fingerprints[i];
		const struct tutela_algorithm_info *info = tutela_algorithm_get(bytes_u8(r));
		size_t len = bytes_u8(r);
		const uint8_t *p = bytes_take(r, len);

		if (!p || !info || info->bits != 8 * len) {
			r->failed = true;
			return;
		}
		memset(h, 0, sizeof *h);
		h->algorithm = (uint16_t)info->id;
		h->len = (uint16_t)len;
		memcpy(h->bytes, p, len);
		rec->n_fingerprints = i + 1;
	}
	r->failed |= rec->n_fingerprints != n;
}

/* What is in force: the local decision, or what the source says. */
static void get_status(struct bytes_reader *r, struct tutela_record *out)
{
	uint8_t local = bytes_u8(r);

	out->local = local != 0;
	if (!out->local)
		return;
	if (local > 1 + TUTELA_WITHDRAWN)
		r->failed = true;
	out->issued = out->status;
	out->issued_reason = out->reason;
	out->status = (enum tutela_status)(local - 1);
	out->reason = get_text(r, TUTELA_TEXT_MAX);
}

/* Only what is used of *out is written: the struct is large and this is the lookup's path. */
enum tutela_err tutela_schema_get_body(const uint8_t *body, size_t len, struct tutela_record *out)
{
	struct bytes_reader r = bytes_reader_init(body, len);
	size_t n;

	out->n_fingerprints = out->n_labels = 0;
	out->status = bytes_u8(&r);
	out->source_time = (int64_t)bytes_u64(&r);
	out->id = get_text(&r, TUTELA_ENTRY_ID_MAX);
	get_hashes(&r, out);
	n = bytes_u8(&r);
	for (size_t i = 0; i < n && !r.failed && n <= TUTELA_LABELS_MAX; i++) {
		out->labels[i].key = get_text(&r, TUTELA_LABEL_KEY_MAX);
		out->labels[i].value = get_text(&r, TUTELA_TEXT_MAX);
		out->n_labels = i + 1;
	}
	out->reason = get_text(&r, TUTELA_TEXT_MAX);
	if ((unsigned)out->status > TUTELA_WITHDRAWN)
		r.failed = true;
	get_status(&r, out);
	if (!bytes_done(&r) || out->n_labels != n || !out->id.len) {
		out->n_fingerprints = out->n_labels = 0;
		out->id = out->reason = (struct tutela_text){NULL, 0};
		return TUTELA_E_CORRUPT;
	}
	return TUTELA_OK;
}

size_t tutela_schema_put_entry(uint32_t number, const struct entry *e, uint8_t *buf, size_t room)
{
	struct bytes_writer w = bytes_writer_init(buf, room);
	uint8_t key[4];

	tutela_schema_key32(number, key);
	bytes_put_u64(&w, e->gone);
	bytes_put_u64(&w, e->added);
	bytes_put_u32(&w, e->list);
	bytes_put_u32(&w, e->prev);
	bytes_put_u64(&w, (uint64_t)e->time);
	bytes_put(&w, e->body, e->body_len);
	tutela_schema_seal(&w, buf, SCHEMA_ENTRY, key, sizeof key);
	return w.failed ? 0 : (size_t)(w.at - buf);
}

enum tutela_err tutela_schema_get_entry(uint32_t number, const void *value, size_t len, struct entry *out)
{
	struct bytes_reader r;
	uint8_t key[4];
	size_t body;

	memset(out, 0, sizeof *out);
	tutela_schema_key32(number, key);
	if (tutela_schema_unseal(value, len, SCHEMA_ENTRY, key, sizeof key, &body))
		return TUTELA_E_CORRUPT;
	r = bytes_reader_init(value, body);
	out->gone = bytes_u64(&r);
	out->added = bytes_u64(&r);
	out->list = bytes_u32(&r);
	out->prev = bytes_u32(&r);
	out->time = (int64_t)bytes_u64(&r);
	out->body_len = (size_t)(r.end - r.at);
	out->body = r.at;
	/* A chain of predecessors only goes down: no walk along it can loop. */
	if (!r.failed && out->prev < number)
		return TUTELA_OK;
	memset(out, 0, sizeof *out);
	return TUTELA_E_CORRUPT;
}
