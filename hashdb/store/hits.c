/* SPDX-License-Identifier: Apache-2.0 */
#include "store/hits.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define BLOCK_LEN 65536

struct hits_block {
	struct hits_block *next;
	size_t used, len;
	alignas(max_align_t) char bytes[];
};

enum tutela_err tutela_hits_reset(struct tutela_hits *h)
{
	struct hits_memory *m = h->memory;

	if (!m) {
		m = tutela_mem_array(1, sizeof *m);
		if (!m)
			return TUTELA_E_NOMEM;
		h->memory = m;
	}
	/* One block is kept: the next answer is probably as short as most. */
	while (m->blocks && m->blocks->next) {
		struct hits_block *b = m->blocks;

		m->blocks = b->next;
		free(b);
	}
	if (m->blocks)
		m->blocks->used = 0;
	m->n_candidates = 0;
	h->n = 0;
	h->limited = h->low_quality = false;
	return TUTELA_OK;
}

void tutela_hits_free(struct tutela_hits *h)
{
	struct hits_memory *m;

	if (!h)
		return;
	m = h->memory;
	while (m && m->blocks) {
		struct hits_block *b = m->blocks;

		m->blocks = b->next;
		free(b);
	}
	if (m) {
		tutela_matches_free(&m->matches);
		free(m->candidates);
	}
	free(m);
	free(h->items);
	memset(h, 0, sizeof *h);
}

void *tutela_hits_alloc(struct hits_memory *m, size_t len)
{
	size_t rounded = (len + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
	struct hits_block *b = m->blocks;
	void *p;

	if (!b || b->len - b->used < rounded) {
		size_t room = rounded > BLOCK_LEN ? rounded : BLOCK_LEN;

		b = malloc(sizeof *b + room);
		if (!b)
			return NULL;
		b->len = room;
		b->used = 0;
		b->next = m->blocks;
		m->blocks = b;
	}
	p = b->bytes + b->used;
	b->used += rounded;
	return p;
}

const char *tutela_hits_copy(struct hits_memory *m, const char *s, size_t len)
{
	char *p = tutela_hits_alloc(m, len + 1);

	if (!p)
		return NULL;
	if (len)
		memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

enum tutela_err tutela_hits_candidate(struct hits_memory *m, struct candidate c)
{
	if (m->n_candidates == m->capacity_candidates) {
		size_t capacity = m->capacity_candidates ? m->capacity_candidates * 2 : 256;
		struct candidate *bigger = tutela_mem_resize(m->candidates, capacity, sizeof *bigger);

		if (!bigger)
			return TUTELA_E_NOMEM;
		m->candidates = bigger;
		m->capacity_candidates = capacity;
	}
	m->candidates[m->n_candidates++] = c;
	return TUTELA_OK;
}

struct tutela_hit *tutela_hits_add(struct tutela_hits *h)
{
	struct hits_memory *m = h->memory;

	if (h->n == m->capacity_hits) {
		size_t capacity = m->capacity_hits ? m->capacity_hits * 2 : 16;
		struct tutela_hit *bigger = tutela_mem_resize(h->items, capacity, sizeof *bigger);

		if (!bigger)
			return NULL;
		h->items = bigger;
		m->capacity_hits = capacity;
	}
	memset(&h->items[h->n], 0, sizeof h->items[h->n]);
	return &h->items[h->n++];
}
