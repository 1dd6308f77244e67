/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Search through the 16 tables of format.h, exactly.
 *
 * Let d_i be the distance of two codes in row i, D = sum of d_i their
 * distance, r the radius. Choose integers t_i >= -1 with sum t_i = r - 15.
 *
 * Lemma. If D <= r there is a row i with
 *	(1) d_i <= t_i and (2) d_i + d_(i+1) <= t_i + t_(i+1) + 1,
 * indices modulo 16.
 * Proof. Let e_i = d_i - t_i - 1. Around the ring, sum e_i = D - (r - 15) - 16 <=
 * -1. Start behind a last maximum of the running sum of e: every sum of
 * e from there on is then below zero, so at most -1, for in the same round
 * nothing later reaches that maximum again, and in the next round the running
 * sum has sunk by at least 1. The first such sum gives (1), the second gives (2).
 * (Qin & Xiao's pigeonring with two of its sixteen conditions.)
 *
 * So: in each table i with t_i >= 0 visit every bucket within t_i of the query's
 * row, which is (1); of its entries keep those whose sketch, which is row i + 1,
 * satisfies (2); compare the whole codes of those that remain. Each code
 * within r is met in one table at least, and within one table just once, for it
 * stands in one bucket only. It is reported from the first table whose two
 * conditions it satisfies, and from no other: once, without a set of what has
 * been seen.
 *
 * Rows get t, or t + 1 in as many as make up the sum; then the buckets visited
 * are fewest: for r = 31 16 * 17, for r <= 15 only r + 1.
 */
#include "match/search.h"

#include "match/permute.h"

#define ROWS FORMAT_TABLES

/* Largest t_i for which tables are used at all: 697 buckets a row, radius 63. */
#define T_MAX 3

/*
 * A bucket visited costs about as much as comparing this many codes, an entry
 * in it as much as one in ENTRY_DIVISOR codes.
 */
#define VISIT_COST    32
#define ENTRY_DIVISOR 4

/* More than this part of all codes among the first buckets: data are dense here, and looking at every code is surer. */
#define DENSE_DIVISOR 2

#define VISITS_MAX     512  /* looked up in one go; for radius 31 there are 272 */
#define LEAD           32   /* buckets fetched ahead of the one being looked at, into the second cache */
#define LEAD_LINES     16   /* of each at most so many lines; beyond, the machine sees the pattern itself */
#define PIECE          1024 /* entries of a bucket looked at in one go */
#define CANDIDATES_MAX 2048 /* waiting for their whole code */

struct visit {
	uint16_t key;
	uint8_t row;
	uint8_t far; /* most bits in which the sketch may differ: (2) */
	uint32_t begin, end;
};

struct search {
	const struct image *im;
	const struct kernels *k;
	struct collector *c;
	struct code256 query;
	int t[ROWS];
	bool dense; /* too many entries: look at every code instead */
	bool begun; /* something has been looked at */
	size_t n_visits, n_candidates;
	struct visit visit[VISITS_MAX];
	uint32_t place[CANDIDATES_MAX + PIECE]; /* in the table; then the id */
	uint8_t row[CANDIDATES_MAX + PIECE];
	struct near found[CANDIDATES_MAX + PIECE];
};

static void choose_thresholds(int t[ROWS], unsigned radius)
{
	int sum = (int)radius - (ROWS - 1);
	int low = sum >= 0 ? sum / ROWS : -1;

	for (int i = 0; i < ROWS; i++)
		t[i] = low + (i < sum - low * ROWS);
}

/* Number of 16-bit numbers within `t` bits of a given one. */
static unsigned ball(int t)
{
	static const unsigned size[] = {0, 1, 17, 137, 697};

	return size[t + 1];
}

/* Would looking at every code be faster? */
static bool scan_pays(const struct image *im, const int t[ROWS])
{
	uint64_t visits = 0;

	for (int i = 0; i < ROWS; i++) {
		if (t[i] > T_MAX)
			return true;
		visits += ball(t[i]);
	}
	return visits * (VISIT_COST + im->count / FORMAT_BUCKETS / ENTRY_DIVISOR) > im->count;
}

/* Bits in which row r differs from the query's, from the differences of whole codes. */
static int row_distance(const struct code256 *x, unsigned r)
{
	unsigned v = code256_row(x, r);

	v -= v >> 1 & 0x5555;
	v = (v & 0x3333) + (v >> 2 & 0x3333);
	v = (v + (v >> 4)) & 0x0f0f;
	return (int)((v + (v >> 8)) & 0x1f);
}

/* The first row that satisfies (1) and (2), or ROWS. */
static unsigned first_row(const struct search *s, uint32_t id)
{
	struct code256 x = code256_load(s->im->codes + 32 * (size_t)id);
	int d[ROWS];

	for (unsigned i = 0; i < 4; i++)
		x.w[i] ^= s->query.w[i];
	for (unsigned i = 0; i < ROWS; i++)
		d[i] = row_distance(&x, i);
	for (unsigned i = 0; i < ROWS; i++) {
		unsigned next = (i + 1) % ROWS;

		if (d[i] <= s->t[i] && d[i] + d[next] <= s->t[i] + s->t[next] + 1)
			return i;
	}
	return ROWS;
}

static void fail(struct search *s)
{
	s->c->err = TUTELA_E_CORRUPT;
	s->c->done = true;
}

/* Compare the whole codes of all candidates: ids first, then codes, each fetched while others are worked on. */
static void settle(struct search *s)
{
	const struct image *im = s->im;
	size_t n = s->n_candidates;

	s->n_candidates = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t id = im->table[s->row[i]].id[s->place[i]];

		if (id >= im->count) {
			fail(s);
			return;
		}
		s->place[i] = id;
		__builtin_prefetch(im->codes + 32 * (size_t)id);
	}
	n = s->k->pick256(im->codes, s->place, n, (const uint8_t *)s->query.w, s->c->radius, s->found);
	for (size_t i = 0; i < n && !s->c->done; i++) {
		struct near *f = &s->found[i];
		uint32_t id = s->place[f->at];

		if (first_row(s, id) == s->row[f->at])
			tutela_collect(s->c, im->values[id], f->distance);
	}
}

static void look(struct search *s, const struct visit *v)
{
	const struct image_table *table = &s->im->table[v->row];
	uint16_t next = code256_row(&s->query, (v->row + 1U) % ROWS);

	for (uint32_t p = v->begin, end; p < v->end && !s->c->done; p = end) {
		size_t old = s->n_candidates;

		end = v->end - p < PIECE ? v->end : p + PIECE;
		s->n_candidates += s->k->sketch(table->sketch, p, end, next, v->far, s->place + old);
		for (size_t i = old; i < s->n_candidates; i++) {
			s->row[i] = v->row;
			__builtin_prefetch(&table->id[s->place[i]]);
		}
		if (s->n_candidates >= CANDIDATES_MAX)
			settle(s);
	}
}

/* Inline always: gcc takes a function that only prefetches for one without effect, and drops calls of it. */
static inline __attribute__((always_inline)) void fetch_ahead(const struct search *s, const struct visit *v)
{
	const char *p = (const char *)(s->im->table[v->row].sketch + v->begin);
	const char *end = (const char *)(s->im->table[v->row].sketch + v->end);

	if (end - p > LEAD_LINES * 64)
		end = p + LEAD_LINES * 64;
	for (p -= (uintptr_t)p % 64; p < end; p += 64)
		__builtin_prefetch(p, 0, 2);
}

/* Where the buckets lie. Sets s->dense, once nothing has been looked at yet. */
static bool look_up_visits(struct search *s, size_t n)
{
	uint64_t entries = 0;

	for (size_t i = 0; i < n; i++) {
		struct visit *v = &s->visit[i];
		const uint32_t *offset = &s->im->table[v->row].offset[v->key];

		v->begin = offset[0];
		v->end = offset[1];
		if (v->begin > v->end || v->end > s->im->count) {
			fail(s);
			return false;
		}
		entries += v->end - v->begin;
	}
	s->dense = !s->begun && entries > s->im->count / DENSE_DIVISOR;
	s->begun = true;
	return !s->dense;
}

static void look_at_visits(struct search *s)
{
	size_t n = s->n_visits;

	s->n_visits = 0;
	if (!look_up_visits(s, n))
		return;
	for (size_t i = 0; i < n && i < LEAD; i++)
		fetch_ahead(s, &s->visit[i]);
	for (size_t i = 0; i < n && !s->c->done; i++) {
		if (i + LEAD < n)
			fetch_ahead(s, &s->visit[i + LEAD]);
		look(s, &s->visit[i]);
	}
}

static void add_visit(struct search *s, unsigned row, uint16_t key, int far)
{
	if (s->n_visits == VISITS_MAX)
		look_at_visits(s);
	__builtin_prefetch(&s->im->table[row].offset[key]);
	s->visit[s->n_visits++] = (struct visit){.key = key, .row = (uint8_t)row, .far = (uint8_t)far};
}

static bool stopped(const struct search *s)
{
	return s->c->done || s->dense;
}

/* The next larger number with as many bits set. */
static uint32_t next_mask(uint32_t m)
{
	uint32_t ripple = m + (m & -m);

	return ripple | (((m ^ ripple) >> 2) >> __builtin_ctz(m));
}

static void visit_row(struct search *s, unsigned row)
{
	uint16_t key = code256_row(&s->query, row);
	int room = s->t[row] + s->t[(row + 1) % ROWS] + 1;

	for (int flips = 0; flips <= s->t[row] && !stopped(s); flips++) {
		if (flips == 0) {
			add_visit(s, row, key, room);
			continue;
		}
		for (uint32_t m = (1U << flips) - 1; m < FORMAT_BUCKETS && !stopped(s); m = next_mask(m))
			add_visit(s, row, (uint16_t)(key ^ m), room - flips);
	}
}

static void search_radius(const struct image *im, const struct kernels *k, const uint8_t *query, unsigned radius,
			  struct collector *c)
{
	struct search s;

	s.im = im;
	s.k = k;
	s.c = c;
	s.dense = s.begun = false;
	s.n_visits = s.n_candidates = 0;
	s.query = code256_load(query);
	choose_thresholds(s.t, radius);
	if (scan_pays(im, s.t)) {
		tutela_flat_search(im, k, query, c);
		return;
	}
	for (unsigned row = 0; row < ROWS && !stopped(&s); row++)
		visit_row(&s, row);
	if (!stopped(&s))
		look_at_visits(&s);
	if (!stopped(&s))
		settle(&s);
	if (s.dense)
		tutela_flat_search(im, k, query, c);
}

void tutela_tables_search(const struct image *im, const struct kernels *k, const uint8_t *query, struct collector *c)
{
	const unsigned radius = c->radius;

	/* One bucket a row finds whatever lies within 15; when only the nearest count, that often settles it. */
	if (c->opts->nearest && radius > ROWS - 1) {
		c->radius = ROWS - 1;
		search_radius(im, k, query, c->radius, c);
		if (c->done || c->out->n > c->start)
			return;
		c->radius = radius;
	}
	search_radius(im, k, query, radius, c);
}
