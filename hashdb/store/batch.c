/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting and sorting records. No LMDB here. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/update.h"

#define TIME_AT 1  /* in a body: after status */
#define ID_AT   11 /* in a body: after status, source time and the id's length */

const uint8_t *tutela_batch_body(const struct batch *b, const struct op *op)
{
	return b->bytes + op->offset;
}

struct tutela_text tutela_batch_id(const struct batch *b, const struct op *op)
{
	const uint8_t *body = tutela_batch_body(b, op);

	return (struct tutela_text){(const char *)body + ID_AT, (size_t)body[ID_AT - 2] | (size_t)body[ID_AT - 1] << 8};
}

uint64_t tutela_batch_time(const uint8_t *body)
{
	struct bytes_reader r = bytes_reader_init(body + TIME_AT, 8);
	uint64_t t = bytes_u64(&r);

	return t ? t : UINT64_MAX;
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
	b->ops[b->n] = (struct op){.offset = (uint32_t)b->used, .body_len = (uint32_t)len, .order = (uint32_t)b->n};
	b->n++;
	b->used += len;
	return b->n == BATCH_RECORDS || b->used >= BATCH_BYTES ? tutela_update_flush(u) : TUTELA_OK;
}

enum tutela_err tutela_batch_replace_end(struct batch *b, struct op *op, size_t cut, const uint8_t *end, size_t len)
{
	size_t kept = op->body_len - cut;
	enum tutela_err err = make_room(b, kept + len);

	if (err)
		return err;
	memcpy(b->bytes + b->used, b->bytes + op->offset, kept);
	memcpy(b->bytes + b->used + kept, end, len);
	op->offset = (uint32_t)b->used;
	op->body_len = (uint32_t)(kept + len);
	b->used += kept + len;
	return TUTELA_OK;
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
	if (!order && ((const struct batch *)batch)->by_time) {
		uint64_t s = tutela_batch_time(tutela_batch_body(batch, x));
		uint64_t t = tutela_batch_time(tutela_batch_body(batch, y));

		order = (s > t) - (s < t);
	}
	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static int compare_orders(const void *a, const void *b)
{
	const struct op *x = a, *y = b;

	return (x->order > y->order) - (x->order < y->order);
}

/* Prefixes that tell ids apart, when they all begin alike. */
static void set_prefixes(struct batch *b)
{
	struct tutela_text first = tutela_batch_id(b, &b->ops[0]);
	size_t skip = first.len;

	for (size_t i = 1; i < b->n && skip; i++) {
		struct tutela_text id = tutela_batch_id(b, &b->ops[i]);
		size_t k = 0;

		while (k < skip && k < id.len && id.s[k] == first.s[k])
			k++;
		skip = k;
	}
	for (size_t i = 0; i < b->n; i++) {
		struct tutela_text id = tutela_batch_id(b, &b->ops[i]);

		b->ops[i].prefix = tutela_key_prefix(id.s + skip, id.len - skip);
	}
}

void tutela_batch_sort(struct batch *b, bool by_id)
{
	if (!b->n)
		return;
	if (by_id)
		set_prefixes(b);
	if (by_id)
		qsort_r(b->ops, b->n, sizeof *b->ops, compare_ids, b);
	else
		qsort(b->ops, b->n, sizeof *b->ops, compare_orders);
}
