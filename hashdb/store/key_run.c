/* SPDX-License-Identifier: Apache-2.0 */
#include "store/key_run.h"

#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
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
	run->refs[run->n++] = (struct key_ref){.offset = (uint32_t)run->used, .number = number, .len = (uint16_t)len};
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

/* How many bytes all keys begin with alike. */
static size_t alike(const struct key_run *run)
{
	const uint8_t *first = run->bytes + run->refs[0].offset;
	size_t n = run->refs[0].len;

	for (size_t i = 1; i < run->n && n; i++) {
		const uint8_t *key = run->bytes + run->refs[i].offset;
		size_t k = 0;

		while (k < n && k < run->refs[i].len && key[k] == first[k])
			k++;
		n = k;
	}
	return n;
}

void tutela_key_run_sort(struct key_run *run)
{
	size_t skip;

	if (!run->n)
		return;
	/* Keys of one list whose ids begin alike would all have one prefix. */
	skip = alike(run);
	for (size_t i = 0; i < run->n; i++) {
		struct key_ref *ref = &run->refs[i];

		ref->prefix = tutela_key_prefix(run->bytes + ref->offset + skip, ref->len - skip);
	}
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

/* Where a key is, or the free slot where it would be. There are slots. */
static size_t slot_of(const struct key_set *set, const uint8_t *key, size_t len)
{
	size_t mask = set->n_slots - 1, i = (size_t)tutela_checksum(key, len) & mask;

	while (set->slots[i]) {
		const struct key_ref *ref = &set->run.refs[set->slots[i] - 1];

		if (ref->len == len && !memcmp(set->run.bytes + ref->offset, key, len))
			break;
		i = (i + 1) & mask;
	}
	return i;
}

/* Twice the slots: every key finds a place again. */
static enum tutela_err more_slots(struct key_set *set)
{
	size_t n = set->n_slots ? 2 * set->n_slots : 4096;
	uint32_t *slots = tutela_mem_array(n, sizeof *slots);

	if (!slots)
		return TUTELA_E_NOMEM;
	free(set->slots);
	set->slots = slots;
	set->n_slots = n;
	for (size_t i = 0; i < set->run.n; i++) {
		const struct key_ref *ref = &set->run.refs[i];

		slots[slot_of(set, set->run.bytes + ref->offset, ref->len)] = (uint32_t)i + 1;
	}
	return TUTELA_OK;
}

enum tutela_err tutela_key_set_add(struct key_set *set, const uint8_t *key, size_t len, uint32_t number)
{
	enum tutela_err err = TUTELA_OK;
	size_t slot;

	if (set->run.n >= set->n_slots / 2)
		err = more_slots(set);
	if (err)
		return err;
	slot = slot_of(set, key, len);
	err = tutela_key_run_add(&set->run, key, len, number);
	if (!err)
		set->slots[slot] = (uint32_t)set->run.n;
	return err;
}

bool tutela_key_set_has(const struct key_set *set, const uint8_t *key, size_t len)
{
	return set->run.n && set->slots[slot_of(set, key, len)];
}

bool tutela_key_set_full(const struct key_set *set)
{
	return set->run.used + set->run.n * sizeof *set->run.refs + set->n_slots * sizeof *set->slots >= SET_BYTES;
}

void tutela_key_set_clear(struct key_set *set)
{
	tutela_key_run_clear(&set->run);
	if (set->n_slots)
		memset(set->slots, 0, set->n_slots * sizeof *set->slots);
}

void tutela_key_set_free(struct key_set *set)
{
	tutela_key_run_free(&set->run);
	free(set->slots);
	memset(set, 0, sizeof *set);
}
