/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lookups find, against a scan of the entries that shares no code with
 * the index: bits are counted here.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/check.h"
#include "store/lookup.h"

#define QUERIES_DEFAULT 200
#define CHUNK           16 /* bits: what multi-index tables cut codes into */

struct trial {
	struct check *c;
	const struct view *view;
	const struct tutela_algorithm_info *info;
	unsigned radius;
	uint64_t random;
	struct tutela_matches expected, found;
};

/* splitmix64 (S. Vigna, public domain): the queries repeat from the seed. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* ------------------------------------------------------------------ the scan */

static uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v); /* only its number of ones counts */
	return v;
}

/* Ones in each byte, summed later for several words at once. */
static uint64_t ones_by_byte(uint64_t x)
{
	x -= (x >> 1) & UINT64_C(0x5555555555555555);
	x = (x & UINT64_C(0x3333333333333333)) + ((x >> 2) & UINT64_C(0x3333333333333333));
	return (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
}

/* Distance of codes of 8 or 32 bytes; a byte lane holds at most 4 * 8, their sum at most 256, so two halves are added.
 */
static unsigned distance(const uint8_t *a, const uint8_t *b, size_t len)
{
	uint64_t lanes = 0;

	for (size_t i = 0; i < len; i += 8)
		lanes += ones_by_byte(load64(a + i) ^ load64(b + i));
	lanes = (lanes & UINT64_C(0x00ff00ff00ff00ff)) + ((lanes >> 8) & UINT64_C(0x00ff00ff00ff00ff));
	return (unsigned)((lanes * UINT64_C(0x0001000100010001)) >> 48);
}

static enum tutela_err add_match(struct tutela_matches *m, uint32_t d, uint32_t value)
{
	if (m->n == m->capacity) {
		size_t capacity = m->capacity ? m->capacity * 2 : 64;
		struct tutela_match *bigger = tutela_mem_resize(m->items, capacity, sizeof *bigger);

		if (!bigger)
			return TUTELA_E_NOMEM;
		m->items = bigger;
		m->capacity = capacity;
	}
	m->items[m->n++] = (struct tutela_match){.distance = d, .value = value};
	return TUTELA_OK;
}

static int by_distance(const void *a, const void *b)
{
	const struct tutela_match *x = a, *y = b;

	if (x->distance != y->distance)
		return x->distance < y->distance ? -1 : 1;
	return (x->value > y->value) - (x->value < y->value);
}

static enum tutela_err scan(struct trial *t, const uint8_t *query)
{
	const struct pairs *truth = &t->c->truth[t->info->id];
	size_t len = t->info->bits / 8;
	enum tutela_err err = TUTELA_OK;

	t->expected.n = 0;
	for (size_t i = 0; i < truth->n && !err; i++) {
		unsigned d = distance(query, truth->codes + i * len, len);

		if (d <= t->radius)
			err = add_match(&t->expected, d, truth->values[i]);
	}
	if (t->expected.n)
		qsort(t->expected.items, t->expected.n, sizeof *t->expected.items, by_distance);
	return err;
}

/* ------------------------------------------------------------------ queries */

static void flip(uint8_t *code, unsigned bit)
{
	code[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
}

static void flip_at_random(struct trial *t, uint8_t *code, unsigned n)
{
	uint8_t done[TUTELA_PDQ_LEN] = {0};

	while (n) {
		unsigned bit = (unsigned)(next_random(&t->random) % t->info->bits);

		if (done[bit / 8] >> bit % 8 & 1)
			continue;
		done[bit / 8] |= (uint8_t)(1u << bit % 8);
		flip(code, bit);
		n--;
	}
}

/* Bit i of chunk c, for chunks that are runs, strides or diagonals of the code: tables may cut in either way. */
static unsigned bit_of(unsigned chunk, unsigned i, unsigned chunks, unsigned layout)
{
	chunk %= chunks;
	i %= CHUNK;
	if (layout == 0)
		return chunk * CHUNK + i;
	if (layout == 1)
		return i * chunks + chunk;
	return i * chunks + (chunk + 5 * i) % chunks;
}

/* Flips that sit where an index could go wrong: on chunk borders, all in few chunks, evenly over all. */
static void flip_adversarially(struct trial *t, uint8_t *code, unsigned n, uint64_t kind)
{
	unsigned chunks = t->info->bits / CHUNK, layout = (unsigned)(kind / 3 % 3);
	unsigned start = (unsigned)(next_random(&t->random) % chunks);

	for (unsigned i = 0; i < n; i++) {
		switch (kind % 3) {
		case 0: /* last and first bits of neighbours, then inwards */
			flip(code, bit_of(start + (i + 1) / 2, i % 2 ? i / (2 * chunks) : CHUNK - 1 - i / (2 * chunks),
					  chunks, layout));
			break;
		case 1:
			flip(code, bit_of(start + i / CHUNK, i, chunks, layout));
			break;
		default:
			flip(code, bit_of(start + i, i / chunks, chunks, layout));
		}
	}
}

static void make_query(struct trial *t, uint64_t i, uint8_t *code)
{
	const struct pairs *truth = &t->c->truth[t->info->id];
	size_t len = t->info->bits / 8;
	unsigned n;

	memcpy(code, truth->codes + next_random(&t->random) % truth->n * len, len);
	if (i % 2) {
		/* Just inside, at and just past the threshold. */
		n = t->radius + (unsigned)(i / 2 % 3);
		flip_adversarially(t, code, n ? n - 1 : 0, i / 2);
	} else if (i % 4) {
		flip_at_random(t, code, (unsigned)(next_random(&t->random) % (t->radius + 3)));
	}
}

/* ------------------------------------------------------------------ comparison */

/* What the index found, without numbers that are dead. */
static enum tutela_err search(struct trial *t, const uint8_t *query)
{
	const struct pairs *truth = &t->c->truth[t->info->id];
	enum tutela_err err = tutela_lookup_search(t->c->store, t->view, t->info->id, query, t->radius, &t->found);
	size_t n = 0;

	if (err)
		return err;
	for (size_t i = 0; i < t->found.n; i++)
		if (tutela_check_place(truth, t->found.items[i].value) < truth->n)
			t->found.items[n++] = t->found.items[i];
	t->found.n = n;
	return TUTELA_OK;
}

static void compare(struct trial *t, const uint8_t *query)
{
	struct tutela_hash h = {.algorithm = (uint16_t)t->info->id, .len = (uint16_t)(t->info->bits / 8)};
	char hex[TUTELA_HASH_TEXT_MAX];
	bool same = t->found.n == t->expected.n;

	for (size_t i = 0; same && i < t->found.n; i++)
		same = !by_distance(&t->found.items[i], &t->expected.items[i]);
	t->c->result->queries++;
	t->c->result->matches += t->expected.n;
	if (same)
		return;
	memcpy(h.bytes, query, h.len);
	tutela_check_find(t->c, "a lookup of %s '%s' within %u finds %zu of %zu", t->info->name,
			  tutela_hash_format(&h, hex), t->radius, t->found.n, t->expected.n);
}

/* As far as the lists' policies ask. */
static unsigned radius_of(const struct check *c, const struct tutela_algorithm_info *info)
{
	unsigned radius = 0;

	for (size_t i = 0; i < c->n_lists; i++) {
		unsigned r = tutela_lookup_threshold(&c->lists[i].list.policy, info->id);

		radius = r > radius ? r : radius;
	}
	return radius;
}

static enum tutela_err try_algorithm(struct trial *t, uint64_t queries, uint64_t total)
{
	uint8_t code[TUTELA_PDQ_LEN];
	enum tutela_err err = TUTELA_OK;

	t->radius = radius_of(t->c, t->info);
	for (uint64_t i = 0; i < queries && !err; i++) {
		make_query(t, i, code);
		err = scan(t, code);
		if (!err)
			err = search(t, code);
		if (err)
			return tutela_check_absorb(t->c, err);
		compare(t, code);
		err = tutela_check_step(t->c, "queries", t->c->result->queries, total);
	}
	return err;
}

static bool can_try(const struct check *c, const struct tutela_algorithm_info *info)
{
	return info->perceptual && c->truth[info->id].n && c->usable[info->id];
}

enum tutela_err tutela_check_queries(struct check *c)
{
	uint64_t total = c->opts->queries ? c->opts->queries : QUERIES_DEFAULT, parts = 0;
	struct trial t = {.c = c, .random = c->opts->seed ? c->opts->seed : 1};
	enum tutela_err err = TUTELA_OK;

	for (size_t i = 0; (t.info = tutela_algorithm_at(i)); i++)
		parts += can_try(c, t.info);
	if (!c->snap && !c->result->findings)
		tutela_check_find(c, "no snapshot of '%s' can be opened", c->store->path);
	if (!parts || !c->snap)
		return TUTELA_OK;
	t.view = c->snap->view;
	for (size_t i = 0, part = 0; !err && (t.info = tutela_algorithm_at(i)); i++) {
		if (!can_try(c, t.info))
			continue;
		err = try_algorithm(&t, total / parts + (part < total % parts), total);
		part++;
	}
	tutela_matches_free(&t.expected);
	tutela_matches_free(&t.found);
	return err;
}
