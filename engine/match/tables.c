/* SPDX-License-Identifier: Apache-2.0 */
/* Search through the tables, one query at a time. Why it is exact stands in ring.h. */
#include "match/search.h"

#include "match/ring.h"
#include "match/strip.h"

#define VISITS_MAX     512 /* buckets looked up in one go; for radius 31 there are 272 */
#define CANDIDATES_MAX 512 /* waiting for their whole code */

struct visit {
	uint16_t key;
	uint8_t row;
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
	uint16_t next[VISITS_MAX]; /* the query's row behind the visit's */
	uint16_t far[VISITS_MAX];  /* most bits in which the sketch may differ from it: (2) */
	struct strip strip[VISITS_MAX];
	struct strip_near line[VISITS_MAX + 1];
	uint32_t place[CANDIDATES_MAX + STRIP_LINE]; /* in the table; then the id */
	uint8_t row[CANDIDATES_MAX + STRIP_LINE];
	struct near found[CANDIDATES_MAX + STRIP_LINE];
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

/* Of the 32 entries from `place` those that lie in the bucket: its first and last line hold others, too. */
static uint32_t own_entries(const struct visit *v, uint32_t place)
{
	uint32_t before = v->begin > place ? v->begin - place : 0;
	uint32_t past = v->end - place < STRIP_LINE ? STRIP_LINE - (v->end - place) : 0;

	return ~UINT32_C(0) << before & ~UINT32_C(0) >> past;
}

/* What is near in some lines becomes candidates; their ids are fetched meanwhile. */
static void take_lines(struct search *s, size_t n)
{
	for (size_t i = 0; i < n && !s->c->done; i++) {
		const struct visit *v = &s->visit[s->line[i].by];
		const struct image_table *table = &s->im->table[v->row];
		uint32_t first = (uint32_t)(s->line[i].line - table->sketch);

		for (uint32_t bits = s->line[i].bits & own_entries(v, first); bits; bits &= bits - 1) {
			uint32_t place = first + (uint32_t)__builtin_ctz(bits);

			s->place[s->n_candidates] = place;
			s->row[s->n_candidates++] = v->row;
			__builtin_prefetch(&table->id[place]);
		}
		if (s->n_candidates >= CANDIDATES_MAX)
			settle(s);
	}
}

/*
 * Where the buckets lie, their first lines on the way. Returns how many hold
 * something, or 0 where there is nothing to look at: with s->dense, once nothing has been looked at yet.
 */
static size_t look_up_visits(struct search *s, size_t n)
{
	uint64_t entries = 0;
	size_t strips = 0;

	for (size_t i = 0; i < n; i++) {
		struct visit *v = &s->visit[i];
		const struct image_table *table = &s->im->table[v->row];
		uint32_t begin = table->offset[v->key], end = table->offset[v->key + 1], first = begin / STRIP_LINE;

		if (begin > end || end > s->im->count) {
			fail(s);
			return 0;
		}
		v->begin = begin;
		v->end = end;
		entries += end - begin;
		s->strip[strips] = (struct strip){.line = table->sketch + STRIP_LINE * (size_t)first,
						  .lines = (end - 1) / STRIP_LINE + 1 - first,
						  .by = (uint32_t)i};
		__builtin_prefetch(s->strip[strips].line);
		strips += begin < end;
	}
	s->dense = !s->begun && entries > s->im->count / RING_DENSE_DIVISOR;
	s->begun = true;
	return s->dense ? 0 : strips;
}

static void look_at_visits(struct search *s)
{
	size_t n = look_up_visits(s, s->n_visits);

	s->n_visits = 0;
	while (n && !s->c->done)
		take_lines(s, s->k->strips(s->strip, &n, s->next, s->far, s->line));
}

static void add_visit(struct search *s, unsigned row, uint16_t key, int far)
{
	if (s->n_visits == VISITS_MAX)
		look_at_visits(s);
	__builtin_prefetch(&s->im->table[row].offset[key]);
	s->next[s->n_visits] = code256_row(&s->query, (row + 1) % ROWS);
	s->far[s->n_visits] = (uint16_t)far;
	s->visit[s->n_visits++] = (struct visit){.key = key, .row = (uint8_t)row};
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
