/* SPDX-License-Identifier: Apache-2.0 */
/* A batch against single searches, for everything that can be asked. */
#include "index_data.h"

#include "match/search.h"

#define SOME (TUTELA_SLICE_MIN + 77) /* queries: enough to go by buckets */

static const enum tutela_isa levels[] = {TUTELA_ISA_SCALAR, TUTELA_ISA_AVX2, TUTELA_ISA_AVX512, TUTELA_ISA_NEON};

/* Queries: fresh ones, and codes that are there with some bits flipped. Some come twice. */
static uint8_t *make_queries(uint64_t seed, const struct data *d, enum shape shape, size_t n)
{
	uint8_t *q = malloc(n * 32);

	for (size_t i = 0; i < n; i++) {
		if (i > 0 && random_below(&seed, 8) == 0)
			memcpy(q + 32 * i, q + 32 * (random64(&seed) % i), 32);
		else if (d->n == 0 || random_below(&seed, 4) == 0)
			make_code(&seed, shape, q + 32 * i, 32);
		else {
			memcpy(q + 32 * i, d->codes + 32 * (random64(&seed) % d->n), 32);
			flip_random(&seed, q + 32 * i, 256, random_below(&seed, 41));
		}
	}
	return q;
}

static struct tutela_matches *search_batch(const struct tutela_index *ix, const uint8_t *q, size_t n,
					   const struct tutela_search_opts *o, unsigned threads)
{
	struct tutela_matches *m = calloc(n, sizeof(*m));

	cr_assert_eq(tutela_index_search_batch(ix, q, n, o, threads, m), TUTELA_OK);
	return m;
}

static void free_matches(struct tutela_matches *m, size_t n)
{
	for (size_t i = 0; i < n; i++)
		tutela_matches_free(&m[i]);
	free(m);
}

static void assert_as_single(const struct tutela_index *ix, const uint8_t *q, size_t n,
			     const struct tutela_search_opts *o, unsigned threads)
{
	struct tutela_matches *got = search_batch(ix, q, n, o, threads), want = {0};

	for (size_t i = 0; i < n; i++) {
		cr_assert_eq(tutela_index_search(ix, q + 32 * i, o, &want), TUTELA_OK);
		cr_assert(same_matches(&got[i], &want) && got[i].limited == want.limited,
			  "radius %u, %u threads, query %zu of %zu: %zu, not %zu", o->radius, threads, i, n, got[i].n,
			  want.n);
	}
	tutela_matches_free(&want);
	free_matches(got, n);
}

static void radii(enum shape shape, size_t n, const unsigned *radius, size_t n_radii)
{
	struct data d = make_data(41, shape, n, 256);
	struct tutela_index *ix = build(&d, TUTELA_INDEX_TABLES);
	uint8_t *q = make_queries(42, &d, shape, SOME);

	for (unsigned i = 0; i < n_radii; i++) {
		struct tutela_search_opts o = within(radius[i]);

		cr_assert(tutela_slice_pays(&(struct image){.kind = TUTELA_INDEX_TABLES, .count = n}, SOME, radius[i]));
		assert_as_single(ix, q, SOME, &o, 1 + i % 4);
		o.nearest = true;
		assert_as_single(ix, q, SOME, &o, 1 + (i + 1) % 4);
	}
	free(q);
	tutela_index_close(ix);
	free_data(&d);
}

Test(batch_search, is_exact_at_every_radius)
{
	unsigned radius[38];

	for (unsigned r = 0; r < 38; r++)
		radius[r] = r;
	radii(UNIFORM, 40000, radius, 38);
}

Test(batch_search, is_exact_at_wide_radii)
{
	radii(UNIFORM, 100000, (unsigned[]){38, 39, 40, 47}, 4);
}

Test(batch_search, is_exact_in_clusters)
{
	radii(CLUSTERS, 12000, (unsigned[]){0, 1, 14, 15, 16, 17, 30, 31}, 8);
}

Test(batch_search, is_exact_on_low_entropy)
{
	radii(LOW, 10000, (unsigned[]){0, 15, 16, 31}, 4);
}

Test(batch_search, is_exact_among_duplicates)
{
	radii(DUPLICATES, 10000, (unsigned[]){0, 31}, 2);
}

/* Where tables do not pay, and where nothing is to be gained by buckets. */
Test(batch_search, falls_back)
{
	struct data d = make_data(41, UNIFORM, 3000, 256), e = make_data(41, CLUSTERS, 3000, 64);
	struct tutela_index *ix[3] = {build(&d, TUTELA_INDEX_TABLES), build(&d, TUTELA_INDEX_FLAT),
				      build(&e, TUTELA_INDEX_FLAT)};
	uint8_t *q = make_queries(42, &d, UNIFORM, SOME);
	struct tutela_search_opts o = within(60), near = within(11);
	struct tutela_matches one = {0};

	for (int i = 0; i < 2; i++)
		assert_as_single(ix[i], q, SOME, &o, 2);
	struct tutela_matches *got = search_batch(ix[2], q, SOME, &near, 2);
	for (size_t i = 0; i < SOME; i++) {
		cr_assert_eq(tutela_index_search(ix[2], q + 8 * i, &near, &one), TUTELA_OK);
		cr_assert(same_matches(&got[i], &one));
	}
	tutela_matches_free(&one);
	free_matches(got, SOME);
	for (int i = 0; i < 3; i++)
		tutela_index_close(ix[i]);
	free(q);
	free_data(&d);
	free_data(&e);
}

Test(batch_search, any_number_of_queries)
{
	static const size_t sizes[] = {1,
				       7,
				       TUTELA_SLICE_MIN - 1,
				       TUTELA_SLICE_MIN,
				       TUTELA_SLICE_MAX,
				       TUTELA_SLICE_MAX + 1,
				       TUTELA_SLICE_MAX + TUTELA_SLICE_MIN + 5};
	struct data d = make_data(43, UNIFORM, 20000, 256);
	struct tutela_index *ix = build(&d, TUTELA_INDEX_TABLES);
	uint8_t *q = make_queries(44, &d, UNIFORM, sizes[4]);
	struct tutela_search_opts o = within(31);

	for (size_t i = 0; i < 5; i++)
		assert_as_single(ix, q, sizes[i], &o, 2);
	free(q);
	tutela_index_close(ix);
	free_data(&d);
}

/* More queries in one bucket than are shown at once, in a bucket of more lines than are shown at once. */
Test(batch_search, all_queries_the_same)
{
	struct data d = make_data(45, UNIFORM, 30000, 256);
	struct tutela_search_opts o = within(31);
	uint64_t seed = 46;

	for (size_t i = 0; i < 700; i++) {
		memcpy(d.codes + 32 * i, d.codes, 32);
		flip_random(&seed, d.codes + 32 * i, 256, random_below(&seed, 34));
	}
	struct tutela_index *ix = build(&d, TUTELA_INDEX_TABLES);
	uint8_t *q = malloc(SOME * 32);
	for (size_t i = 0; i < SOME; i++)
		memcpy(q + 32 * i, d.codes, 32);
	for (unsigned threads = 1; threads <= 3; threads += 2)
		assert_as_single(ix, q, SOME, &o, threads);
	free(q);
	tutela_index_close(ix);
	free_data(&d);
}

Test(batch_search, every_level_mapped_and_resident)
{
	struct data d = make_data(47, CLUSTERS, 30000, 256);
	int fd = build_file(&d, TUTELA_INDEX_TABLES);
	uint8_t *q = make_queries(48, &d, CLUSTERS, SOME);
	struct tutela_search_opts o = within(31);

	for (size_t i = 0; i < 2 * sizeof(levels) / sizeof(levels[0]); i++) {
		if (!tutela_cpu_has(levels[i / 2]))
			continue;
		struct tutela_index *ix = open_file(fd, i % 2, levels[i / 2]);

		assert_as_single(ix, q, SOME, &o, 2);
		tutela_index_close(ix);
	}
	free(q);
	close(fd);
	free_data(&d);
}

/* ------------------------------------------------------------------ options */

static bool odd_value(void *ctx, uint32_t value, uint32_t distance)
{
	(void)ctx;
	return value % 2 && distance != 3;
}

/* Which matches a limit keeps is open: each must be a good one, none twice, as many as in a single search. */
static void assert_limited(const struct tutela_index *ix, const uint8_t *q, size_t n, struct tutela_search_opts *o,
			   unsigned threads)
{
	struct tutela_matches *got = search_batch(ix, q, n, o, threads), want = {0}, all = {0};
	struct tutela_search_opts unlimited = *o;

	unlimited.limit = 0;
	for (size_t i = 0; i < n; i++) {
		cr_assert_eq(tutela_index_search(ix, q + 32 * i, o, &want), TUTELA_OK);
		cr_assert_eq(tutela_index_search(ix, q + 32 * i, &unlimited, &all), TUTELA_OK);
		cr_assert_eq(got[i].n, want.n, "query %zu: %zu, not %zu", i, got[i].n, want.n);
		cr_assert_eq(got[i].limited, want.limited);
		for (size_t j = 0, a = 0; j < got[i].n; j++, a++) {
			while (a < all.n && compare_matches(&all.items[a], &got[i].items[j]) < 0)
				a++;
			cr_assert(a < all.n && compare_matches(&all.items[a], &got[i].items[j]) == 0);
		}
	}
	tutela_matches_free(&want);
	tutela_matches_free(&all);
	free_matches(got, n);
}

Test(batch_search, limit_nearest_and_keep)
{
	struct data d = make_data(49, CLUSTERS, 30000, 256);
	struct tutela_index *ix = build(&d, TUTELA_INDEX_TABLES);
	uint8_t *q = make_queries(50, &d, CLUSTERS, SOME);

	for (unsigned i = 0; i < 16; i++) {
		struct tutela_search_opts o = within(i & 1 ? 31 : 20);

		o.nearest = i & 2;
		o.keep = i & 4 ? odd_value : NULL;
		o.limit = i & 8 ? 1 : 9;
		assert_limited(ix, q, SOME, &o, 1 + i % 3);
		o.limit = 0;
		assert_as_single(ix, q, SOME, &o, 1 + i % 3);
	}
	free(q);
	tutela_index_close(ix);
	free_data(&d);
}

/* Two indexes searched in turn into the same results. */
Test(batch_search, appends)
{
	struct data d = make_data(51, CLUSTERS, 20000, 256), e = make_data(52, CLUSTERS, 15000, 256);
	struct tutela_index *a = build(&d, TUTELA_INDEX_TABLES), *b = build(&e, TUTELA_INDEX_TABLES);
	uint8_t *q = make_queries(53, &d, CLUSTERS, SOME);

	for (unsigned limit = 0; limit <= 20; limit += 10) {
		struct tutela_search_opts o = within(31);
		struct tutela_matches one = {0};

		o.limit = limit;
		struct tutela_matches *got = search_batch(a, q, SOME, &o, 2);
		o.append = true;
		cr_assert_eq(tutela_index_search_batch(b, q, SOME, &o, 2, got), TUTELA_OK);
		for (size_t i = 0; i < SOME; i++) {
			o.append = false;
			cr_assert_eq(tutela_index_search(a, q + 32 * i, &o, &one), TUTELA_OK);
			o.append = true;
			cr_assert_eq(tutela_index_search(b, q + 32 * i, &o, &one), TUTELA_OK);
			tutela_matches_sort(&one);
			tutela_matches_sort(&got[i]);
			cr_assert(limit ? got[i].n == one.n : same_matches(&got[i], &one));
			cr_assert_eq(got[i].limited, one.limited);
		}
		tutela_matches_free(&one);
		free_matches(got, SOME);
	}
	free(q);
	tutela_index_close(a);
	tutela_index_close(b);
	free_data(&d);
	free_data(&e);
}

/* ------------------------------------------------------------------ damage */

/* Sections are not checked when a file is opened: whatever stands there, a batch does what single searches do. */
static void damage(uint64_t from, uint64_t len, uint8_t byte)
{
	struct data d = make_data(54, UNIFORM, 20000, 256);
	int fd = build_file(&d, TUTELA_INDEX_TABLES);
	uint8_t *q = make_queries(55, &d, UNIFORM, SOME), *bytes = malloc(len);
	struct tutela_search_opts o = within(31);
	struct tutela_matches *got = calloc(SOME, sizeof(*got)), one = {0};
	enum tutela_err worst = TUTELA_OK;

	memset(bytes, byte, len);
	cr_assert_eq(pwrite(fd, bytes, len, (off_t)from), (ssize_t)len);
	struct tutela_index *ix = open_file(fd, false, TUTELA_ISA_AUTO);
	enum tutela_err err = tutela_index_search_batch(ix, q, SOME, &o, 2, got);
	for (size_t i = 0; i < SOME; i++) {
		enum tutela_err e = tutela_index_search(ix, q + 32 * i, &o, &one);

		worst = e < worst ? e : worst;
		cr_assert(same_matches(&got[i], &one));
	}
	cr_assert_eq(err, worst);
	cr_assert_eq(err, TUTELA_E_CORRUPT);
	tutela_index_close(ix);
	tutela_matches_free(&one);
	free_matches(got, SOME);
	free(q);
	free(bytes);
	close(fd);
	free_data(&d);
}

Test(batch_search, damaged_offsets_are_met_safely)
{
	struct image plan;

	tutela_image_plan(256, TUTELA_INDEX_TABLES, 20000, &plan);
	damage(plan.section[2].offset + 4 * 1000, 4 * 30000, 0xee);
	damage(plan.section[2 + 3 * 15].offset, 4 * 65537, 0xff);
}

Test(batch_search, damaged_ids_are_met_safely)
{
	struct image plan;

	tutela_image_plan(256, TUTELA_INDEX_TABLES, 20000, &plan);
	damage(plan.section[2 + 3 * 4 + 2].offset, 4 * 20000, 0xff);
}
