/* SPDX-License-Identifier: Apache-2.0 */
#include "index_data.h"

/*
 * 1,000 codes, ten at each distance 0 .. 99 of zero; a value modulo 100 is the
 * distance. They come far ones first, so that nearer ones must displace them.
 */
static struct data ladder(void)
{
	struct data d = make_data(1, UNIFORM, 1000, 256);
	uint64_t seed = 2;

	memset(d.codes, 0, d.n * d.len);
	for (size_t i = 0; i < d.n; i++) {
		d.values[i] = (uint32_t)(i - i % 100 + 99 - i % 100);
		flip_random(&seed, d.codes + i * d.len, 256, d.values[i] % 100);
	}
	return d;
}

static const uint8_t zero[32];

/* Runs `test` on a FLAT and on a TABLES index of the ladder. */
static void on_both(void (*test)(const struct tutela_index *ix, struct tutela_matches *m))
{
	struct data d = ladder();

	for (int kind = TUTELA_INDEX_FLAT; kind <= TUTELA_INDEX_TABLES; kind++) {
		struct tutela_index *ix = build(&d, (enum tutela_index_kind)kind);
		struct tutela_matches m = {0};

		test(ix, &m);
		tutela_matches_free(&m);
		tutela_index_close(ix);
	}
	free_data(&d);
}

static void limit(const struct tutela_index *ix, struct tutela_matches *m)
{
	struct tutela_search_opts o = within(9);

	cr_assert_eq(tutela_index_search(ix, zero, &o, m), TUTELA_OK);
	cr_assert_eq(m->n, 100);
	cr_assert_not(m->limited);
	for (o.limit = 1; o.limit <= 100; o.limit += 33) {
		cr_assert_eq(tutela_index_search(ix, zero, &o, m), TUTELA_OK);
		cr_assert_eq(m->n, o.limit);
		cr_assert(m->limited);
		for (size_t i = 0; i < m->n; i++)
			cr_assert_eq(m->items[i].distance, m->items[i].value % 100);
	}
	o.limit = 101;
	cr_assert_eq(tutela_index_search(ix, zero, &o, m), TUTELA_OK);
	cr_assert_eq(m->n, 100);
	cr_assert_not(m->limited, "the flag is cleared on entry");
}

Test(matches, limit_stops_and_says_so)
{
	on_both(limit);
}

static bool keep_from(void *ctx, uint32_t value, uint32_t distance)
{
	cr_assert_eq(value % 100, distance);
	return distance >= *(unsigned *)ctx;
}

static void nearest(const struct tutela_index *ix, struct tutela_matches *m)
{
	static const unsigned radius[] = {0, 1, 14, 15, 16, 31, 40, 256};
	struct tutela_search_opts o = within(0);
	unsigned least;

	o.nearest = true;
	o.keep = keep_from;
	o.ctx = &least;
	for (size_t i = 0; i < 8; i++) {
		for (least = 0; least < 34; least++) {
			o.radius = radius[i];
			o.limit = 0;
			cr_assert_eq(tutela_index_search(ix, zero, &o, m), TUTELA_OK);
			cr_assert_eq(m->n, least <= radius[i] ? 10 : 0, "radius %u, least %u: %zu", radius[i], least,
				     m->n);
			for (size_t j = 0; j < m->n; j++)
				cr_assert_eq(m->items[j].value, least + 100 * j);
			o.limit = 3;
			cr_assert_eq(tutela_index_search(ix, zero, &o, m), TUTELA_OK);
			cr_assert_eq(m->n, least <= radius[i] ? 3 : 0);
			cr_assert_eq(m->limited, m->n == 3);
			for (size_t j = 0; j < m->n; j++)
				cr_assert_eq(m->items[j].distance, least);
		}
	}
}

Test(matches, nearest_gives_all_at_the_smallest_distance)
{
	on_both(nearest);
}

static bool keep_even(void *ctx, uint32_t value, uint32_t distance)
{
	++*(unsigned *)ctx;
	cr_assert_eq(value % 100, distance);
	return value % 2 == 0;
}

static void keep(const struct tutela_index *ix, struct tutela_matches *m)
{
	unsigned calls = 0;
	struct tutela_search_opts o = within(31);

	o.keep = keep_even;
	o.ctx = &calls;
	cr_assert_eq(tutela_index_search(ix, zero, &o, m), TUTELA_OK);
	cr_assert_eq(m->n, 160);
	cr_assert_eq(calls, 320, "once for each pair");
	for (size_t i = 0; i < m->n; i++)
		cr_assert_eq(m->items[i].value % 2, 0);
	o.limit = 160;
	cr_assert_eq(tutela_index_search(ix, zero, &o, m), TUTELA_OK);
	cr_assert_eq(m->n, 160, "what is not kept does not count");
}

Test(matches, keep_decides)
{
	on_both(keep);
}

static void append(const struct tutela_index *ix, struct tutela_matches *m)
{
	struct tutela_search_opts o = within(3);

	cr_assert_eq(tutela_index_search(ix, zero, &o, m), TUTELA_OK);
	o.append = true;
	cr_assert_eq(tutela_index_search(ix, zero, &o, m), TUTELA_OK);
	cr_assert_eq(m->n, 80);
	tutela_matches_sort(m);
	for (size_t i = 0; i < 80; i += 2)
		cr_assert_arr_eq(&m->items[i], &m->items[i + 1], sizeof(m->items[i]));

	/* The limit counts what is there already. */
	o.limit = 85;
	cr_assert_eq(tutela_index_search(ix, zero, &o, m), TUTELA_OK);
	cr_assert_eq(m->n, 85);
	cr_assert(m->limited);
	cr_assert_eq(tutela_index_search(ix, zero, &o, m), TUTELA_OK);
	cr_assert_eq(m->n, 85);
	cr_assert(m->limited);

	/* The nearest of this index; what was there stays. */
	o.limit = 0;
	o.nearest = true;
	cr_assert_eq(tutela_index_search(ix, zero, &o, m), TUTELA_OK);
	cr_assert_eq(m->n, 95);
	for (size_t i = 85; i < 95; i++)
		cr_assert_eq(m->items[i].distance, 0);
}

Test(matches, append_keeps_what_is_there)
{
	on_both(append);
}

Test(matches, sort_and_free)
{
	struct tutela_matches m = {0};

	tutela_matches_sort(&m);
	tutela_matches_free(&m);
	tutela_matches_free(NULL);
	m.items = malloc(4 * sizeof(*m.items));
	m.capacity = m.n = 4;
	m.items[0] = (struct tutela_match){2, 1};
	m.items[1] = (struct tutela_match){1, UINT32_MAX};
	m.items[2] = (struct tutela_match){UINT32_MAX, 0};
	m.items[3] = (struct tutela_match){1, 5};
	tutela_matches_sort(&m);
	cr_assert_eq(m.items[0].value, 5);
	cr_assert_eq(m.items[1].value, UINT32_MAX);
	cr_assert_eq(m.items[2].distance, 2);
	cr_assert_eq(m.items[3].distance, UINT32_MAX);
	tutela_matches_free(&m);
	cr_assert_null(m.items);
	cr_assert_eq(m.n, 0);
}
