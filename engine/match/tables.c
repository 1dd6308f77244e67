/* SPDX-License-Identifier: Apache-2.0 */
/* Search through the tables, one query at a time. Why it is exact stands in ring.h. */
#include "match/search.h"

#include "match/ring.h"

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
	struct ring ring;
	bool dense; /* too many entries: look at every code instead */
	bool begun; /* something has been looked at */
	size_t n_visits, n_candidates;
	struct visit visit[VISITS_MAX];
	uint32_t place[CANDIDATES_MAX + PIECE]; /* in the table; then the id */
	uint8_t row[CANDIDATES_MAX + PIECE];
	struct near found[CANDIDATES_MAX + PIECE];
};

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

		if (ring_first_row(&s->ring, code256_load(im->codes + 32 * (size_t)id), s->query) == s->row[f->at])
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
	s->dense = !s->begun && entries > s->im->count / RING_DENSE_DIVISOR;
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

static void visit_row(struct search *s, unsigned row)
{
	uint16_t key = code256_row(&s->query, row);
	int room = ring_room(&s->ring, row);

	for (int flips = 0; flips <= s->ring.t[row] && !stopped(s); flips++) {
		if (flips == 0) {
			add_visit(s, row, key, room);
			continue;
		}
		for (uint32_t m = (1U << flips) - 1; m < FORMAT_BUCKETS && !stopped(s); m = ring_next_mask(m))
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
	ring_choose(&s.ring, radius);
	if (ring_scan_pays(&s.ring, im->count)) {
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
