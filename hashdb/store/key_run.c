/* SPDX-License-Identifier: Apache-2.0 */
#include "store/key_run.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

uint64_t tutela_key_prefix(const void *p, size_t len)
{
	const uint8_t *b = p;
	uint64_t v = 0;

	for (size_t i = 0; i < 8; i++)
		v = v << 8 | (i < len ? b[i] : 0);
	return v;
}

enum tutela_err tutela_key_run_add(struct key_run *run, const uint8_t *key, size_t len, uint32_t number)
{
	if (run->n == run->capacity) {
		size_t capacity = run->capacity ? run->capacity * 2 : 1024;
		struct key_ref *bigger = tutela_mem_resize(run->refs, capacity, sizeof *bigger);

		if (!bigger)
			return TUTELA_E_NOMEM;
		run->refs = bigger;
		run->capacity = capacity;
	}
	if (run->room - run->used < len) {
		size_t room = run->room ? run->room * 2 : 65536;
		uint8_t *bigger = room > UINT32_MAX ? NULL : tutela_mem_resize(run->bytes, room, 1);

		if (!bigger)
			return TUTELA_E_NOMEM;
		run->bytes = bigger;
		run->room = room;
	}
	memcpy(run->bytes + run->used, key, len);
	run->refs[run->n++] = (struct key_ref){.prefix = tutela_key_prefix(key, len),
					       .offset = (uint32_t)run->used,
					       .number = number,
					       .len = (uint16_t)len};
	run->used += len;
	return TUTELA_OK;
}

enum tutela_err tutela_key_run_digests(struct key_run *run, const struct tutela_record *rec, uint32_t number)
{
	enum tutela_err err = TUTELA_OK;
	uint8_t key[DIGEST_KEY_MAX];

	for (size_t i = 0; i < rec->n_fingerprints && rec->status == TUTELA_ACTIVE && !err; i++) {
		const struct tutela_hash *h = &rec->fingerprints[i];

		if (!tutela_algorithm_get(h->algorithm)->perceptual)
			err = tutela_key_run_add(run, key, tutela_schema_digest_key(h, key), number);
	}
	return err;
}

bool tutela_key_run_full(const struct key_run *run)
{
	return run->used + run->n * sizeof *run->refs >= RUN_BYTES;
}

static int compare(const void *a, const void *b, void *bytes)
{
	const struct key_ref *x = a, *y = b;
	int order;

	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	order = memcmp((uint8_t *)bytes + x->offset, (uint8_t *)bytes + y->offset, x->len < y->len ? x->len : y->len);
	if (!order)
		order = (x->len > y->len) - (x->len < y->len);
	return order ? order : (x->number > y->number) - (x->number < y->number);
}

void tutela_key_run_sort(struct key_run *run)
{
	if (run->n)
		qsort_r(run->refs, run->n, sizeof *run->refs, compare, run->bytes);
}

void tutela_key_run_clear(struct key_run *run)
{
	run->n = run->used = 0;
}

void tutela_key_run_free(struct key_run *run)
{
	free(run->refs);
	free(run->bytes);
	memset(run, 0, sizeof *run);
}
