/* SPDX-License-Identifier: Apache-2.0 */
/* Codes for the tests of match/, by formula, and the definition of search to compare with. */
#ifndef TESTS_INDEX_DATA_H
#define TESTS_INDEX_DATA_H

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tutela/index.h>

/* splitmix64. */
static inline uint64_t random64(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline unsigned random_below(uint64_t *state, unsigned n)
{
	return (unsigned)(random64(state) % n);
}

static inline void random_bytes(uint64_t *state, uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)random64(state);
}

static inline void flip(uint8_t *code, unsigned bit)
{
	code[bit / 8] ^= (uint8_t)(1 << bit % 8);
}

/* Flip n different bits of the first `bits`. */
static inline void flip_random(uint64_t *state, uint8_t *code, unsigned bits, unsigned n)
{
	uint8_t seen[256] = {0};

	while (n > 0) {
		unsigned b = random_below(state, bits);

		if (!seen[b]) {
			seen[b] = 1;
			flip(code, b);
			n--;
		}
	}
}

enum shape {
	UNIFORM,    /* random */
	CLUSTERS,   /* few originals, many near-duplicates */
	LOW,        /* most bits the same everywhere */
	DUPLICATES, /* every code many times */
	SHAPES,
};

static inline void make_code(uint64_t *state, enum shape shape, uint8_t *code, size_t len)
{
	uint64_t original;

	switch (shape) {
	case CLUSTERS:
		original = random_below(state, 20);
		random_bytes(&original, code, len);
		flip_random(state, code, (unsigned)len * 8, random_below(state, 48) % (unsigned)(len * 4));
		break;
	case LOW:
		random_bytes(state, code, len);
		for (size_t i = 0; i < len; i++)
			code[i] &= (uint8_t)(i % 8 ? 0 : 0x7f);
		break;
	case DUPLICATES:
		original = random_below(state, 7);
		random_bytes(&original, code, len);
		break;
	default:
		random_bytes(state, code, len);
	}
}

struct data {
	size_t n, len; /* codes; bytes of one */
	uint8_t *codes;
	uint32_t *values;
};

static inline struct data make_data(uint64_t seed, enum shape shape, size_t n, unsigned bits)
{
	struct data d = {.n = n, .len = bits / 8};

	d.codes = malloc(n * d.len + 1);
	d.values = malloc(n * 4 + 1);
	for (size_t i = 0; i < n; i++) {
		make_code(&seed, shape, d.codes + i * d.len, d.len);
		d.values[i] = (uint32_t)(i * 2654435761U);
	}
	return d;
}

static inline void free_data(struct data *d)
{
	free(d->codes);
	free(d->values);
}

/* Bits that differ, one by one. */
static inline unsigned plain_distance(const uint8_t *a, const uint8_t *b, size_t len)
{
	unsigned n = 0;

	for (size_t i = 0; i < len; i++)
		for (unsigned x = a[i] ^ b[i]; x; x >>= 1)
			n += x & 1;
	return n;
}

static inline int compare_matches(const void *a, const void *b)
{
	const struct tutela_match *x = a, *y = b;

	if (x->distance != y->distance)
		return x->distance < y->distance ? -1 : 1;
	return (x->value > y->value) - (x->value < y->value);
}

/* What a search must return; free items. */
static inline struct tutela_matches plain_search(const struct data *d, const uint8_t *query, unsigned radius)
{
	struct tutela_matches m = {.items = malloc((d->n + 1) * sizeof(struct tutela_match))};

	for (size_t i = 0; i < d->n; i++) {
		unsigned dist = plain_distance(d->codes + i * d->len, query, d->len);

		if (dist <= radius)
			m.items[m.n++] = (struct tutela_match){dist, d->values[i]};
	}
	qsort(m.items, m.n, sizeof(*m.items), compare_matches);
	return m;
}

static inline bool same_matches(const struct tutela_matches *a, const struct tutela_matches *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(a->items, b->items, a->n * sizeof(*a->items)) == 0);
}

/* An unnamed file. */
static inline int scratch_file(void)
{
	FILE *f = tmpfile();

	cr_assert_not_null(f);
	int fd = dup(fileno(f));
	fclose(f);
	cr_assert_geq(fd, 0);
	return fd;
}

static inline struct tutela_index *build(const struct data *d, enum tutela_index_kind kind)
{
	struct tutela_index_build_opts o = {.size = sizeof(o), .bits = (unsigned)d->len * 8, .kind = kind};
	struct tutela_index *ix;

	cr_assert_eq(tutela_index_build(d->codes, d->values, d->n, &o, &ix), TUTELA_OK);
	return ix;
}

static inline int build_file(const struct data *d, enum tutela_index_kind kind)
{
	struct tutela_index_build_opts o = {.size = sizeof(o), .bits = (unsigned)d->len * 8, .kind = kind};
	int fd = scratch_file();

	cr_assert_eq(tutela_index_build_file(d->codes, d->values, d->n, &o, fd, NULL), TUTELA_OK);
	return fd;
}

static inline struct tutela_index *open_file(int fd, bool resident, enum tutela_isa isa)
{
	struct tutela_index_open_opts o = {.size = sizeof(o), .resident = resident, .isa = isa};
	struct tutela_index *ix;

	cr_assert_eq(tutela_index_open(fd, &o, &ix), TUTELA_OK);
	return ix;
}

static inline struct tutela_search_opts within(unsigned radius)
{
	return (struct tutela_search_opts){.size = sizeof(struct tutela_search_opts), .radius = radius};
}

#endif
