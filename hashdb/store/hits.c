/* SPDX-License-Identifier: Apache-2.0 */
#include "store/hits.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Each block is twice the last: a batch holds thousands of answers, most of a few hundred bytes. */
#define BLOCK_LEAST 512
#define BLOCK_MOST  65536

struct hits_block {
	struct hits_block *next;
	size_t used, len;
	alignas(max_align_t) char bytes[];
};

struct hits_memory {
	struct hits_block *blocks; /* the newest first */
	size_t capacity_hits;
	struct hits_work *work; /* NULL until it is asked for */
};

void tutela_hits_work_free(struct hits_work *w)
{
	tutela_matches_free(&w->matches);
	free(w->candidates);
	memset(w, 0, sizeof *w);
}

enum tutela_err tutela_hits_candidate(struct hits_work *w, struct candidate c)
{
	if (w->n_candidates == w->capacity_candidates) {
		size_t capacity = w->capacity_candidates ? w->capacity_candidates * 2 : 256;
		struct candidate *bigger = tutela_mem_resize(w->candidates, capacity, sizeof *bigger);

		if (!bigger)
			return TUTELA_E_NOMEM;
		w->candidates = bigger;
		w->capacity_candidates = capacity;
	}
	w->candidates[w->n_candidates++] = c;
	return TUTELA_OK;
}

static struct hits_memory *memory_of(struct tutela_hits *h)
{
	if (!h->memory)
		h->memory = tutela_mem_array(1, sizeof(struct hits_memory));
	return h->memory;
}

static void free_blocks(struct hits_block *b)
{
	while (b) {
		struct hits_block *next = b->next;

		free(b);
		b = next;
	}
}

void tutela_hits_reset(struct tutela_hits *h)
{
	struct hits_memory *m = h->memory;

	/* The newest block is kept, the largest: the next answer is probably as long as most. */
	if (m && m->blocks) {
		free_blocks(m->blocks->next);
		m->blocks->next = NULL;
		m->blocks->used = 0;
	}
	h->n = 0;
	h->limited = h->low_quality = false;
}

struct hits_work *tutela_hits_work(struct tutela_hits *h)
{
	struct hits_memory *m = memory_of(h);

	if (m && !m->work)
		m->work = tutela_mem_array(1, sizeof *m->work);
	return m ? m->work : NULL;
}

void tutela_hits_free(struct tutela_hits *h)
{
	struct hits_memory *m;

	if (!h)
		return;
	m = h->memory;
	if (m) {
		free_blocks(m->blocks);
		if (m->work)
			tutela_hits_work_free(m->work);
		free(m->work);
	}
	free(m);
	free(h->items);
	memset(h, 0, sizeof *h);
}

static struct hits_block *new_block(struct hits_memory *m, size_t least)
{
	size_t room = m->blocks ? 2 * m->blocks->len : BLOCK_LEAST;
	struct hits_block *b;

	room = room > BLOCK_MOST ? BLOCK_MOST : room;
	room = room < least ? least : room;
	b = malloc(sizeof *b + room);
	if (!b)
		return NULL;
	b->len = room;
	b->used = 0;
	b->next = m->blocks;
	m->blocks = b;
	return b;
}

void *tutela_hits_alloc(struct tutela_hits *h, size_t len)
{
	size_t rounded = (len + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
	struct hits_memory *m = memory_of(h);
	struct hits_block *b;
	void *p;

	if (!m)
		return NULL;
	b = m->blocks;
	if (!b || b->len - b->used < rounded)
		b = new_block(m, rounded);
	if (!b)
		return NULL;
	p = b->bytes + b->used;
	b->used += rounded;
	return p;
}

const char *tutela_hits_copy(struct tutela_hits *h, const char *s, size_t len)
{
	char *p = tutela_hits_alloc(h, len + 1);

	if (!p)
		return NULL;
	if (len)
		memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

struct tutela_hit *tutela_hits_add(struct tutela_hits *h)
{
	struct hits_memory *m = memory_of(h);

	if (!m)
		return NULL;
	if (h->n == m->capacity_hits) {
		size_t capacity = m->capacity_hits ? m->capacity_hits * 2 : 2;
		struct tutela_hit *bigger = tutela_mem_resize(h->items, capacity, sizeof *bigger);

		if (!bigger)
			return NULL;
		h->items = bigger;
		m->capacity_hits = capacity;
	}
	memset(&h->items[h->n], 0, sizeof h->items[h->n]);
	return &h->items[h->n++];
}
