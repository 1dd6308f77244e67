/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting and sorting: the batch of records and the run of digests. No LMDB here. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/update.h"

#define ID_AT 11 /* in a body: after status, source time and the id's length */

/* The first eight bytes as a number, so that most comparisons are one. */
static uint64_t prefix_of(const void *p, size_t len)
{
	const uint8_t *b = p;
	uint64_t v = 0;

	for (size_t i = 0; i < 8; i++)
		v = v << 8 | (i < len ? b[i] : 0);
	return v;
}

const uint8_t *tutela_batch_body(const struct batch *b, const struct op *op)
{
	return b->bytes + op->offset;
}

struct tutela_text tutela_batch_id(const struct batch *b, const struct op *op)
{
	const uint8_t *body = tutela_batch_body(b, op);

	return (struct tutela_text){(const char *)body + ID_AT, (size_t)body[ID_AT - 2] | (size_t)body[ID_AT - 1] << 8};
}

static enum tutela_err make_room(struct batch *b, size_t len)
{
	if (!b->ops) {
		b->ops = tutela_mem_array(BATCH_RECORDS, sizeof *b->ops);
		if (!b->ops)
			return TUTELA_E_NOMEM;
	}
	if (b->capacity - b->used < len) {
		size_t capacity = b->capacity * 2 > b->used + len ? b->capacity * 2 : b->used + len + 65536;
		uint8_t *bigger = tutela_mem_resize(b->bytes, capacity, 1);

		if (!bigger)
			return TUTELA_E_NOMEM;
		b->bytes = bigger;
		b->capacity = capacity;
	}
	return TUTELA_OK;
}

enum tutela_err tutela_batch_add(struct tutela_update *u)
{
	struct batch *b = &u->batch;
	size_t len = tutela_schema_put_body(&u->clean, u->body, ENTRY_BODY_MAX);
	enum tutela_err err;

	err = make_room(b, len);
	if (err)
		return err;
	memcpy(b->bytes + b->used, u->body, len);
	b->ops[b->n] = (struct op){.prefix = prefix_of(u->clean.id.s, u->clean.id.len),
				   .offset = (uint32_t)b->used,
				   .body_len = (uint32_t)len,
				   .order = (uint32_t)b->n};
	b->n++;
	b->used += len;
	return b->n == BATCH_RECORDS || b->used >= BATCH_BYTES ? tutela_update_flush(u) : TUTELA_OK;
}

void tutela_batch_free(struct batch *b)
{
	free(b->ops);
	free(b->bytes);
	memset(b, 0, sizeof *b);
}

static int compare_ids(const void *a, const void *b, void *batch)
{
	const struct op *x = a, *y = b;
	struct tutela_text p, q;
	int order;

	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	p = tutela_batch_id(batch, x);
	q = tutela_batch_id(batch, y);
	order = memcmp(p.s, q.s, p.len < q.len ? p.len : q.len);
	if (!order)
		order = (p.len > q.len) - (p.len < q.len);
	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static int compare_orders(const void *a, const void *b)
{
	const struct op *x = a, *y = b;

	return (x->order > y->order) - (x->order < y->order);
}

void tutela_batch_sort(struct batch *b, bool by_id)
{
	if (!b->n)
		return;
	if (by_id)
		qsort_r(b->ops, b->n, sizeof *b->ops, compare_ids, b);
	else
		qsort(b->ops, b->n, sizeof *b->ops, compare_orders);
}

/* ------------------------------------------------------------------ digests */

enum tutela_err tutela_digest_run_add(struct digest_run *run, const struct tutela_hash *h, uint32_t number)
{
	uint8_t *key;

	if (run->n == run->capacity) {
		size_t capacity = run->capacity ? run->capacity * 2 : 1024;
		struct digest_ref *bigger = tutela_mem_resize(run->refs, capacity, sizeof *bigger);

		if (!bigger)
			return TUTELA_E_NOMEM;
		run->refs = bigger;
		run->capacity = capacity;
	}
	if (run->room - run->used < DIGEST_KEY_MAX) {
		size_t room = run->room ? run->room * 2 : 65536;
		uint8_t *bigger = tutela_mem_resize(run->bytes, room, 1);

		if (!bigger)
			return TUTELA_E_NOMEM;
		run->bytes = bigger;
		run->room = room;
	}
	key = run->bytes + run->used;
	run->refs[run->n] = (struct digest_ref){
		.offset = (uint32_t)run->used, .number = number, .len = (uint8_t)tutela_schema_digest_key(h, key)};
	run->refs[run->n].prefix = prefix_of(key, run->refs[run->n].len);
	run->used += run->refs[run->n++].len;
	return TUTELA_OK;
}

bool tutela_digest_run_full(const struct digest_run *run)
{
	return run->used + run->n * sizeof *run->refs >= RUN_BYTES;
}

static int compare_digests(const void *a, const void *b, void *bytes)
{
	const struct digest_ref *x = a, *y = b;
	int order;

	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	order = memcmp((uint8_t *)bytes + x->offset, (uint8_t *)bytes + y->offset, x->len < y->len ? x->len : y->len);
	if (!order)
		order = (x->len > y->len) - (x->len < y->len);
	return order ? order : (x->number > y->number) - (x->number < y->number);
}

void tutela_digest_run_sort(struct digest_run *run)
{
	if (run->n)
		qsort_r(run->refs, run->n, sizeof *run->refs, compare_digests, run->bytes);
}

void tutela_digest_run_free(struct digest_run *run)
{
	free(run->refs);
	free(run->bytes);
	memset(run, 0, sizeof *run);
}
