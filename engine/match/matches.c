/* SPDX-License-Identifier: Apache-2.0 */
#include "match/collect.h"

#include <stdlib.h>

#include "base/mem.h"

#define FIRST_CAPACITY 16

void tutela_matches_free(struct tutela_matches *m)
{
	if (!m)
		return;
	free(m->items);
	*m = (struct tutela_matches){0};
}

static uint64_t sort_key(const struct tutela_match *m)
{
	return (uint64_t)m->distance << 32 | m->value;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = sort_key(a), y = sort_key(b);

	return (x > y) - (x < y);
}

void tutela_matches_sort(struct tutela_matches *m)
{
	if (m->n > 1)
		qsort(m->items, m->n, sizeof(*m->items), compare);
}

void tutela_collect_begin(struct collector *c, const struct tutela_search_opts *opts, unsigned radius,
			  struct tutela_matches *out)
{
	if (!opts->append) {
		out->n = 0;
		out->limited = false;
	}
	*c = (struct collector){.out = out, .opts = opts, .start = out->n, .radius = radius};
	if (opts->limit && out->n >= opts->limit)
		out->limited = c->done = true;
}

static bool grow(struct tutela_matches *m)
{
	size_t capacity = m->capacity ? m->capacity : FIRST_CAPACITY;

	if (m->n >= capacity && __builtin_mul_overflow(capacity, 2, &capacity))
		return false;
	struct tutela_match *items = tutela_mem_resize(m->items, capacity, sizeof(*items));
	if (!items)
		return false;
	m->items = items;
	m->capacity = capacity;
	return true;
}

void tutela_collect(struct collector *c, uint32_t value, uint32_t distance)
{
	const struct tutela_search_opts *o = c->opts;
	struct tutela_matches *m = c->out;

	if (c->done || distance > c->radius || (o->keep && !o->keep(o->ctx, value, distance)))
		return;
	if (o->nearest && distance < c->radius) {
		/* What was found so far lies farther away, or nothing was. */
		c->radius = distance;
		m->n = c->start;
	}
	if (o->limit && m->n >= o->limit) {
		/* Only with `nearest`, when a nearer one may still come. */
		return;
	}
	if (m->n == m->capacity && !grow(m)) {
		c->err = TUTELA_E_NOMEM;
		c->done = true;
		return;
	}
	m->items[m->n++] = (struct tutela_match){.distance = distance, .value = value};
	if (o->limit && m->n == o->limit)
		c->done = !o->nearest || c->radius == 0;
}

enum tutela_err tutela_collect_end(struct collector *c)
{
	struct tutela_matches *m = c->out;

	if (c->err) {
		m->n = c->start;
		return c->err;
	}
	if (c->opts->limit && m->n >= c->opts->limit)
		m->limited = true;
	if (!c->opts->append)
		tutela_matches_sort(m);
	return TUTELA_OK;
}
