/* SPDX-License-Identifier: Apache-2.0 */
#include "index_data.h"

#include <fcntl.h>
#include <pthread.h>

#include "match/permute.h"

static const enum tutela_isa levels[] = {TUTELA_ISA_SCALAR, TUTELA_ISA_AVX2, TUTELA_ISA_AVX512, TUTELA_ISA_NEON};
#define LEVELS (sizeof(levels) / sizeof(levels[0]))

/* A query: fresh, or some bits away from a code that is there. */
static void make_query(uint64_t *seed, const struct data *d, enum shape shape, uint8_t *query)
{
	if (d->n == 0 || random_below(seed, 4) == 0) {
		make_code(seed, shape, query, d->len);
		return;
	}
	memcpy(query, d->codes + d->len * (random64(seed) % d->n), d->len);
	flip_random(seed, query, (unsigned)d->len * 8, random_below(seed, 41));
}

static void assert_search(const struct tutela_index *ix, const uint8_t *query, unsigned radius,
			  const struct tutela_matches *want, const char *what)
{
	struct tutela_matches m = {0};
	struct tutela_search_opts o = within(radius);

	cr_assert_eq(tutela_index_search(ix, query, &o, &m), TUTELA_OK);
	cr_assert(same_matches(&m, want), "%s, radius %u: %zu, not %zu", what, radius, m.n, want->n);
	cr_assert_not(m.limited);
	cr_assert_eq(tutela_index_scan(ix, query, &o, &m), TUTELA_OK);
	cr_assert(same_matches(&m, want), "%s, radius %u: scan: %zu, not %zu", what, radius, m.n, want->n);
	tutela_matches_free(&m);
}

/* `queries` queries at every radius that differs in kind, against the definition. */
static void assert_exact(const struct data *d, enum shape shape, enum tutela_index_kind kind, unsigned queries)
{
	static const unsigned wide[] = {47, 48, 63, 64, 128, 255, 256};
	struct tutela_index *ix = build(d, kind);
	unsigned bits = (unsigned)d->len * 8;
	uint8_t query[32];
	uint64_t seed = 5;

	for (unsigned i = 0; i < queries; i++) {
		make_query(&seed, d, shape, query);
		struct tutela_matches all = plain_search(d, query, 256), want = all;

		for (unsigned r = 0; r < 41 + 7; r++) {
			unsigned radius = r < 41 ? r : wide[r - 41];

			if (radius > bits)
				continue;
			for (want.n = 0; want.n < all.n && all.items[want.n].distance <= radius;)
				want.n++;
			assert_search(ix, query, radius, &want, kind == TUTELA_INDEX_FLAT ? "flat" : "tables");
		}
		free(all.items);
	}
	tutela_index_close(ix);
}

static void small_sizes(enum shape shape)
{
	static const size_t sizes[] = {0, 1, 2, 255, 5000};

	for (size_t i = 0; i < 5; i++) {
		struct data d = make_data(i + 1, shape, sizes[i], 256);

		assert_exact(&d, shape, TUTELA_INDEX_FLAT, sizes[i] > 1000 ? 2 : 5);
		assert_exact(&d, shape, TUTELA_INDEX_TABLES, sizes[i] > 1000 ? 4 : 10);
		free_data(&d);
	}
}

Test(index, exact_on_uniform_codes)
{
	small_sizes(UNIFORM);
}

Test(index, exact_on_clusters)
{
	small_sizes(CLUSTERS);
}

Test(index, exact_on_low_entropy)
{
	small_sizes(LOW);
}

Test(index, exact_on_duplicates)
{
	small_sizes(DUPLICATES);
}

/* Compared with scan, which the tests above compare with the definition. */
static void large(enum shape shape, size_t n, unsigned queries)
{
	struct data d = make_data(3, shape, n, 256);
	struct tutela_index *ix = build(&d, TUTELA_INDEX_TABLES);
	struct tutela_search_opts o;
	struct tutela_matches got = {0}, want = {0};
	uint8_t query[32];
	uint64_t seed = 8;

	for (unsigned i = 0; i < queries; i++) {
		make_query(&seed, &d, shape, query);
		o = within(i % 3 ? i % 41 : i % 64);
		cr_assert_eq(tutela_index_scan(ix, query, &o, &want), TUTELA_OK);
		cr_assert_eq(tutela_index_search(ix, query, &o, &got), TUTELA_OK);
		cr_assert(same_matches(&got, &want), "query %u, radius %u: %zu, not %zu", i, o.radius, got.n, want.n);
	}
	tutela_matches_free(&got);
	tutela_matches_free(&want);
	tutela_index_close(ix);
	free_data(&d);
}

Test(index, exact_on_many_uniform_codes)
{
	large(UNIFORM, 200000, 200);
}

/* Large enough for the tables to be used at every radius that they can serve: up to 63. */
Test(index, exact_at_wide_radii)
{
	large(UNIFORM, 500000, 200);
}

Test(index, exact_on_many_in_clusters)
{
	large(CLUSTERS, 200000, 100);
}

Test(index, exact_on_many_of_low_entropy)
{
	large(LOW, 200000, 24);
}

/* ------------------------------------------------------------------ adversaries */

/* Rows of the permuted code in which to flip bits, so many in each. */
typedef void plan_fn(uint64_t *seed, unsigned distance, unsigned flips[16]);

static void all_in_few_rows(uint64_t *seed, unsigned distance, unsigned flips[16])
{
	for (unsigned r = random_below(seed, 16); distance > 0; r = (r + 1) % 16) {
		flips[r] = distance < 16 ? distance : 16;
		distance -= flips[r];
	}
}

static void spread_evenly(uint64_t *seed, unsigned distance, unsigned flips[16])
{
	unsigned start = random_below(seed, 16);

	for (unsigned i = 0; i < distance; i++)
		flips[(start + i) % 16]++;
}

/* All rows spoilt as cheaply as can be: alternately 0 and many, 1 and many, … */
static void alternate(uint64_t *seed, unsigned distance, unsigned flips[16])
{
	unsigned period = 2 + random_below(seed, 3), start = random_below(seed, 16);

	for (unsigned i = 0; distance > 0; i++) {
		unsigned r = (start + i * period) % 16 + i * period / 16;

		if (flips[r % 16] < 16) {
			flips[r % 16]++;
			distance--;
		}
	}
}

static void at_random(uint64_t *seed, unsigned distance, unsigned flips[16])
{
	while (distance > 0) {
		unsigned r = random_below(seed, 16);

		if (flips[r] < 16) {
			flips[r]++;
			distance--;
		}
	}
}

static void plant(uint64_t *seed, const uint8_t *query, plan_fn *plan, unsigned distance, uint8_t *code)
{
	struct code256 c = permute_forward(code256_load(query));
	unsigned flips[16] = {0};

	plan(seed, distance, flips);
	for (unsigned r = 0; r < 16; r++) {
		uint16_t mask = 0;

		while ((unsigned)__builtin_popcount(mask) < flips[r])
			mask |= (uint16_t)(1U << random_below(seed, 16));
		c.w[r / 4] ^= (uint64_t)mask << (16 * (r % 4));
	}
	c = permute_backward(c);
	memcpy(code, c.w, 32);
}

/* At each distance 0 .. 40 neighbours of one query, 64 of each plan; everything else far away. */
Test(index, finds_adversarial_neighbours_at_every_distance)
{
	static plan_fn *const plans[] = {all_in_few_rows, spread_evenly, alternate, at_random};
	struct data d = make_data(4, UNIFORM, 60000, 256);
	uint8_t query[32];
	uint64_t seed = 12;
	size_t at = 0;

	random_bytes(&seed, query, sizeof(query));
	for (unsigned distance = 0; distance <= 40; distance++)
		for (unsigned i = 0; i < 4 * 64; i++, at++)
			plant(&seed, query, plans[i % 4], distance, d.codes + 32 * at);
	struct tutela_index *ix = build(&d, TUTELA_INDEX_TABLES);
	struct tutela_matches m = {0};
	for (unsigned radius = 0; radius <= 40; radius++) {
		struct tutela_matches want = plain_search(&d, query, radius);

		cr_assert_eq(want.n, (radius + 1) * 4 * 64);
		assert_search(ix, query, radius, &want, "adversarial");
		free(want.items);
	}
	tutela_matches_free(&m);
	tutela_index_close(ix);
	free_data(&d);
}

/*
 * Every way to spread a distance over neighbouring rows that just meets, or just
 * misses, a condition of the ring, alone in the index: nothing else can stand in.
 */
Test(index, finds_each_single_neighbour)
{
	static plan_fn *const plans[] = {all_in_few_rows, spread_evenly, alternate, at_random};
	struct data d = make_data(6, UNIFORM, 40000, 256);
	uint64_t seed = 13;

	struct tutela_index *ix = build(&d, TUTELA_INDEX_TABLES);
	struct tutela_matches m = {0};
	for (unsigned i = 0; i < 20000; i++) {
		unsigned distance = i % 41;
		size_t target = random64(&seed) % d.n;
		uint8_t query[32];
		struct tutela_search_opts o = within(distance);

		plant(&seed, d.codes + 32 * target, plans[i / 41 % 4], distance, query);
		cr_assert_eq(tutela_index_search(ix, query, &o, &m), TUTELA_OK);
		cr_assert(m.n == 1 && m.items[0].value == d.values[target] && m.items[0].distance == distance,
			  "distance %u, plan %u", distance, i / 41 % 4);
		if (distance == 0)
			continue;
		o.radius--;
		cr_assert_eq(tutela_index_search(ix, query, &o, &m), TUTELA_OK);
		cr_assert_eq(m.n, 0);
	}
	tutela_matches_free(&m);
	tutela_index_close(ix);
	free_data(&d);
}

/* ------------------------------------------------------------------ the same everywhere */

static void assert_same(const struct tutela_index *a, const struct tutela_index *b, const struct data *d,
			enum shape shape)
{
	struct tutela_matches x = {0}, y = {0};
	uint64_t seed = 21;
	uint8_t query[32];

	for (unsigned i = 0; i < 64; i++) {
		struct tutela_search_opts o = within(d->len == 8 ? i % 16 : i);

		make_query(&seed, d, shape, query);
		cr_assert_eq(tutela_index_search(a, query, &o, &x), TUTELA_OK);
		cr_assert_eq(tutela_index_search(b, query, &o, &y), TUTELA_OK);
		cr_assert(same_matches(&x, &y));
	}
	tutela_matches_free(&x);
	tutela_matches_free(&y);
}

static void every_way(size_t n, unsigned bits, enum tutela_index_kind kind)
{
	struct data d = make_data(31, CLUSTERS, n, bits);
	struct tutela_index *memory = build(&d, kind);
	struct tutela_index_info a, b;
	int fd = build_file(&d, kind);

	tutela_index_info(memory, &a);
	cr_assert(a.resident);
	for (size_t i = 0; i < 2 * LEVELS; i++) {
		bool resident = i % 2;

		if (!tutela_cpu_has(levels[i / 2]))
			continue;
		struct tutela_index *ix = open_file(fd, resident, levels[i / 2]);

		tutela_index_info(ix, &b);
		cr_assert_eq(b.resident, resident);
		cr_assert(a.bits == b.bits && a.kind == b.kind && a.count == b.count && a.bytes == b.bytes);
		cr_assert_eq(a.digest, b.digest, "memory and file differ");
		assert_same(memory, ix, &d, CLUSTERS);
		cr_assert_eq(tutela_index_verify(ix, NULL, NULL), TUTELA_OK);
		tutela_index_close(ix);
	}
	cr_assert_eq(tutela_index_verify(memory, NULL, NULL), TUTELA_OK);
	close(fd);
	tutela_index_close(memory);
	free_data(&d);
}

Test(index, mapped_resident_memory_and_every_level_agree)
{
	every_way(0, 256, TUTELA_INDEX_FLAT);
	every_way(0, 256, TUTELA_INDEX_TABLES);
	every_way(1, 256, TUTELA_INDEX_TABLES);
	every_way(3001, 256, TUTELA_INDEX_FLAT);
	every_way(50001, 256, TUTELA_INDEX_TABLES);
	every_way(0, 64, TUTELA_INDEX_AUTO);
	every_way(50001, 64, TUTELA_INDEX_AUTO);
}

Test(index, codes_of_64_bits_are_searched_exactly)
{
	for (int shape = 0; shape < SHAPES; shape++) {
		struct data d = make_data(9, (enum shape)shape, 3001, 64);

		assert_exact(&d, (enum shape)shape, TUTELA_INDEX_AUTO, 4);
		free_data(&d);
	}
}

Test(index, auto_chooses_by_size_and_bits)
{
	struct data d = make_data(1, UNIFORM, 100000, 256), e = make_data(1, UNIFORM, 100000, 64);
	struct tutela_index *ix[3] = {build(&d, TUTELA_INDEX_AUTO), NULL, build(&e, TUTELA_INDEX_AUTO)};
	struct tutela_index_info info;

	d.n = 100;
	ix[1] = build(&d, TUTELA_INDEX_AUTO);
	for (int i = 0; i < 3; i++) {
		tutela_index_info(ix[i], &info);
		cr_assert_eq(info.kind, i == 0 ? TUTELA_INDEX_TABLES : TUTELA_INDEX_FLAT);
		tutela_index_close(ix[i]);
	}
	free_data(&d);
	free_data(&e);
}

Test(index, get_returns_what_was_built)
{
	for (int kind = TUTELA_INDEX_FLAT; kind <= TUTELA_INDEX_TABLES; kind++) {
		struct data d = make_data(77, UNIFORM, 40000, 256);
		struct tutela_index *ix = build(&d, (enum tutela_index_kind)kind);
		uint8_t code[32];
		uint32_t value;

		for (size_t i = 0; i < d.n; i += 7) {
			cr_assert_eq(tutela_index_get(ix, i, code, &value), TUTELA_OK);
			cr_assert_arr_eq(code, d.codes + 32 * i, 32);
			cr_assert_eq(value, d.values[i]);
		}
		cr_assert_eq(tutela_index_get(ix, d.n, code, &value), TUTELA_E_ARG);
		cr_assert_eq(tutela_index_get(ix, UINT64_MAX, code, &value), TUTELA_E_ARG);
		tutela_index_close(ix);
		free_data(&d);
	}
}

/* ------------------------------------------------------------------ batches and threads */

Test(index, a_batch_gives_what_single_searches_give)
{
	enum { QUERIES = 501 };
	struct data d = make_data(14, CLUSTERS, 30000, 256);
	struct tutela_index *ix = build(&d, TUTELA_INDEX_TABLES);
	static struct tutela_matches batch[QUERIES];
	struct tutela_matches one = {0};
	static uint8_t queries[QUERIES * 32];
	uint64_t seed = 3;

	for (size_t i = 0; i < QUERIES; i++)
		make_query(&seed, &d, CLUSTERS, queries + 32 * i);
	for (unsigned threads = 0; threads < 4; threads++) {
		struct tutela_search_opts o = within(31);

		o.nearest = threads == 3;
		cr_assert_eq(tutela_index_search_batch(ix, queries, QUERIES, &o, threads, batch), TUTELA_OK);
		for (size_t i = 0; i < QUERIES; i++) {
			cr_assert_eq(tutela_index_search(ix, queries + 32 * i, &o, &one), TUTELA_OK);
			cr_assert(same_matches(&one, &batch[i]), "query %zu", i);
		}
		cr_assert_eq(tutela_index_search_batch(ix, queries, 0, &o, threads, batch), TUTELA_OK);
	}
	for (size_t i = 0; i < QUERIES; i++)
		tutela_matches_free(&batch[i]);
	tutela_matches_free(&one);
	tutela_index_close(ix);
	free_data(&d);
}

struct searcher {
	const struct tutela_index *ix;
	const struct data *d;
	uint64_t seed;
	bool failed;
};

static void *search_often(void *arg)
{
	struct searcher *s = arg;
	struct tutela_matches a = {0}, b = {0};
	uint8_t query[32];

	for (unsigned i = 0; i < 200; i++) {
		struct tutela_search_opts o = within(i % 40);

		make_query(&s->seed, s->d, UNIFORM, query);
		if (tutela_index_search(s->ix, query, &o, &a) || tutela_index_scan(s->ix, query, &o, &b) ||
		    !same_matches(&a, &b))
			s->failed = true;
	}
	tutela_matches_free(&a);
	tutela_matches_free(&b);
	return NULL;
}

Test(index, is_searched_by_many_threads_at_once)
{
	enum { THREADS = 8 };
	struct data d = make_data(15, UNIFORM, 30000, 256);
	struct tutela_index *ix = build(&d, TUTELA_INDEX_TABLES);
	struct searcher s[THREADS];
	pthread_t thread[THREADS];

	for (unsigned i = 0; i < THREADS; i++) {
		s[i] = (struct searcher){.ix = ix, .d = &d, .seed = i};
		cr_assert_eq(pthread_create(&thread[i], NULL, search_often, &s[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		cr_assert_not(s[i].failed);
	}
	tutela_index_close(ix);
	free_data(&d);
}

/* ------------------------------------------------------------------ misuse */

Test(index, misuse_is_refused)
{
	struct data d = make_data(1, UNIFORM, 10, 256);
	struct tutela_index *ix = build(&d, TUTELA_INDEX_FLAT), *none;
	struct tutela_index_build_opts b = {.size = sizeof(b), .bits = 256};
	struct tutela_search_opts o = within(257);
	struct tutela_matches m = {.n = 3, .limited = true};

	cr_assert_eq(tutela_index_search(ix, d.codes, &o, &m), TUTELA_E_ARG);
	cr_assert(m.n == 0 && !m.limited, "a stale result must not pass for an answer");
	cr_assert_eq(tutela_index_scan(ix, d.codes, &o, &m), TUTELA_E_ARG);
	cr_assert_eq(tutela_index_search_batch(ix, d.codes, 1, &o, 1, &m), TUTELA_E_ARG);
	o.radius = 5;
	cr_assert_eq(tutela_index_search(NULL, d.codes, &o, &m), TUTELA_E_ARG);
	cr_assert_eq(tutela_index_search(ix, NULL, &o, &m), TUTELA_E_ARG);
	cr_assert_eq(tutela_index_search(ix, d.codes, NULL, &m), TUTELA_E_ARG);
	cr_assert_eq(tutela_index_search(ix, d.codes, &o, NULL), TUTELA_E_ARG);
	o.size = 0;
	cr_assert_eq(tutela_index_search(ix, d.codes, &o, &m), TUTELA_E_ARG);

	none = ix;
	cr_assert_eq(tutela_index_build(NULL, d.values, 10, &b, &none), TUTELA_E_ARG);
	cr_assert_null(none);
	cr_assert_eq(tutela_index_build(d.codes, NULL, 10, &b, &none), TUTELA_E_ARG);
	cr_assert_eq(tutela_index_build(d.codes, d.values, 10, NULL, &none), TUTELA_E_ARG);
	cr_assert_eq(tutela_index_build(d.codes, d.values, 10, &b, NULL), TUTELA_E_ARG);
	cr_assert_eq(tutela_index_build(d.codes, d.values, UINT32_MAX, &b, &none), TUTELA_E_TOOBIG);
	cr_assert_eq(tutela_index_build_file(d.codes, d.values, 10, &b, -1, NULL), TUTELA_E_ARG);
	b.kind = (enum tutela_index_kind)7;
	cr_assert_eq(tutela_index_build(d.codes, d.values, 10, &b, &none), TUTELA_E_ARG);
	b.kind = TUTELA_INDEX_TABLES;
	b.bits = 64;
	cr_assert_eq(tutela_index_build(d.codes, d.values, 10, &b, &none), TUTELA_E_ARG);
	b.bits = 128;
	b.kind = TUTELA_INDEX_AUTO;
	cr_assert_eq(tutela_index_build(d.codes, d.values, 10, &b, &none), TUTELA_E_ARG);
	b.bits = 256;
	cr_assert_eq(tutela_index_build(NULL, NULL, 0, &b, &none), TUTELA_OK);
	tutela_index_close(none);
	tutela_index_close(NULL);
	tutela_index_close(ix);
	free_data(&d);
}

/* A caller built against a later header, whose struct has grown. */
Test(index, options_may_grow)
{
	struct {
		struct tutela_search_opts known;
		uint64_t later;
	} o = {.known = within(3)};
	struct data d = make_data(1, UNIFORM, 10, 256);
	struct tutela_index *ix = build(&d, TUTELA_INDEX_FLAT);
	struct tutela_matches m = {0};

	o.known.size = sizeof(o);
	cr_assert_eq(tutela_index_search(ix, d.codes, &o.known, &m), TUTELA_OK);
	cr_assert_eq(m.n, 1);
	o.later = 1;
	cr_assert_eq(tutela_index_search(ix, d.codes, &o.known, &m), TUTELA_E_ARG);
	o.known.size = offsetof(struct tutela_search_opts, limit);
	cr_assert_eq(tutela_index_search(ix, d.codes, &o.known, &m), TUTELA_OK);
	tutela_matches_free(&m);
	tutela_index_close(ix);
	free_data(&d);
}

Test(index, open_refuses_what_is_no_index)
{
	struct tutela_index_open_opts o = {.size = sizeof(o), .isa = (enum tutela_isa)99};
	struct tutela_index *ix;
	int fd = scratch_file(), dir = open("/", O_RDONLY | O_DIRECTORY), null = open("/dev/null", O_RDONLY);

	cr_assert_eq(tutela_index_open(fd, NULL, &ix), TUTELA_E_FORMAT, "an empty file");
	cr_assert_null(ix);
	cr_assert_eq(tutela_index_open(dir, NULL, &ix), TUTELA_E_FORMAT);
	cr_assert_eq(tutela_index_open(null, NULL, &ix), TUTELA_E_FORMAT);
	cr_assert_eq(tutela_index_open(-1, NULL, &ix), TUTELA_E_ARG);
	cr_assert_eq(tutela_index_open(9999, NULL, &ix), TUTELA_E_SYS);
	cr_assert_eq(tutela_index_open(fd, &o, &ix), TUTELA_E_ARG, "a level that there is not");
	cr_assert_eq(tutela_index_open(fd, NULL, NULL), TUTELA_E_ARG);
	close(fd);
	close(dir);
	close(null);
}
