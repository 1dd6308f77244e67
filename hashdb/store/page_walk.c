/* SPDX-License-Identifier: Apache-2.0 */
/* Whole trees, page by page. */
#include "store/page_walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/env.h"

#define STEP          4096 /* pages from one call of the listener to the next */
#define ROLE_OVERFLOW 0x40
#define ROLE_FREE     0x80 /* a bit that is added */

struct walk {
	struct page_guard *g;
	bool once;                            /* no page may have been seen before */
	const struct page_listener *listener; /* NULL: the first damage is the end */
	struct page_totals totals;
	uint64_t damages, pages;
};

/* With a listener damage is told and passed over. */
static enum tutela_err pass(struct walk *w, enum tutela_err err)
{
	if (err != TUTELA_E_CORRUPT || !w->listener)
		return err;
	w->damages++;
	w->listener->found(w->listener->ctx, tutela_store_errmsg(w->g->store));
	return TUTELA_OK;
}

static enum tutela_err step(struct walk *w)
{
	const struct page_listener *l = w->listener;

	if (!l || ++w->pages % STEP || l->step(l->ctx, w->pages, w->g->last))
		return TUTELA_OK;
	return TUTELA_E_INTERRUPTED;
}

enum tutela_err tutela_guard_overflow(struct page_guard *g, const struct page_row *row, uint8_t *value)
{
	size_t skip = PAGE_HEAD, done = 0;
	uint64_t number = row->overflow, end = number + 1;

	for (; number < end; number++) {
		enum tutela_err err = tutela_guard_read(g, number);
		size_t n = g->page_size - skip;

		if (err)
			return err;
		if (number == row->overflow) {
			const char *why = tutela_page_check_overflow(g->room, g->page_size, number, g->last,
								     row->value_len, &end);

			if (why)
				return tutela_guard_damage(g, number, why);
			/* It may have more pages than it needs, whose content nobody reads. */
			end = number + (PAGE_HEAD + row->value_len + g->page_size - 1) / g->page_size;
		}
		n = row->value_len - done < n ? row->value_len - done : n;
		if (value)
			memcpy(value + done, g->room + skip, n);
		done += n;
		skip = 0;
	}
	return TUTELA_OK;
}

/* Mark the pages of a long value as used. */
static enum tutela_err claim_overflow(struct walk *w, const struct page_row *row)
{
	struct page_guard *g = w->g;
	uint64_t pages;
	const char *why;
	enum tutela_err err = tutela_guard_overflow(g, row, NULL);

	if (!err)
		err = tutela_guard_read(g, row->overflow);
	if (err)
		return err;
	why = tutela_page_check_overflow(g->room, g->page_size, row->overflow, g->last, row->value_len, &pages);
	if (why)
		return tutela_guard_damage(g, row->overflow, why);
	w->totals.overflows += pages;
	for (uint64_t i = row->overflow; i < row->overflow + pages; i++) {
		if (g->seen[i] && w->once)
			return tutela_guard_damage(g, i, "it is used twice");
		g->seen[i] = ROLE_OVERFLOW;
	}
	return TUTELA_OK;
}

static enum tutela_err check_free_value(struct walk *w, const struct page_row *row)
{
	uint8_t *value = tutela_mem_array(row->value_len, 1);
	enum tutela_err err = value ? tutela_guard_overflow(w->g, row, value) : TUTELA_E_NOMEM;
	const char *why = err ? NULL : tutela_page_check_free(value, row->value_len, w->g->last);

	free(value);
	return why ? tutela_guard_damage(w->g, row->overflow, why) : err;
}

static enum tutela_err walk_page(struct walk *w, enum tree_kind kind, uint64_t number, unsigned level,
				 struct page_span span);

static enum tutela_err walk_values(struct walk *w, const struct page_row *row)
{
	struct page_tree t;
	struct walk own = *w;
	enum tutela_err err;

	(void)tutela_page_tree(row->value, row->value_len, TREE_VALUES, w->g->last, &t);
	own.totals = (struct page_totals){0};
	err = t.depth ? walk_page(&own, TREE_VALUES, t.root, t.depth, (struct page_span){0}) : TUTELA_OK;
	if (!err && own.totals.entries != t.entries)
		err = tutela_guard_damage(w->g, t.root, "it does not lead to as many values as its key should have");
	w->totals.entries += own.totals.entries;
	w->damages = own.damages;
	w->pages = own.pages;
	return err;
}

static enum tutela_err walk_row(struct walk *w, const struct page *p, unsigned i)
{
	enum tutela_err err = TUTELA_OK;
	struct page_row row;

	(void)tutela_page_row(p, i, &row);
	if (tutela_page_row_has_tree(p, &row))
		return walk_values(w, &row);
	w->totals.entries += tutela_page_row_values(p, &row);
	if (row.overflow == PAGE_NONE)
		return TUTELA_OK;
	if (p->kind == TREE_FREE)
		err = check_free_value(w, &row);
	return err ? err : claim_overflow(w, &row);
}

static enum tutela_err walk_page(struct walk *w, enum tree_kind kind, uint64_t number, unsigned level,
				 struct page_span span)
{
	struct page_guard *g = w->g;
	bool leaf = level == 1;
	enum tutela_err err;
	struct page p;

	if (w->once && number <= g->last && g->seen[number])
		return pass(w, tutela_guard_damage(g, number, "it is used twice"));
	err = tutela_guard_page(g, kind, leaf, number, &p);
	if (!err && !tutela_guard_within(&p, &span))
		err = tutela_guard_damage(g, number, "its keys belong elsewhere");
	if (err)
		return pass(w, err);
	w->totals.leaves += leaf;
	w->totals.branches += !leaf;
	err = step(w);
	for (unsigned i = 0; i < p.n && !err; i++) {
		struct page_span below = span;
		struct page_row row;

		if (leaf) {
			err = pass(w, walk_row(w, &p, i));
			continue;
		}
		tutela_guard_narrow(&p, i, &below);
		(void)tutela_page_row(&p, i, &row);
		err = walk_page(w, kind, row.child, level - 1, below);
	}
	return err;
}

static enum tutela_err walk_tree(struct walk *w, const struct page_tree *t)
{
	const struct page_totals *n = &w->totals;
	enum tutela_err err;

	w->totals = (struct page_totals){0};
	err = t->depth ? walk_page(w, t->kind, t->root, t->depth, (struct page_span){0}) : TUTELA_OK;
	if (!err && (n->branches != t->branches || n->leaves != t->leaves || n->overflows != t->overflows ||
		     n->entries != t->entries))
		err = pass(w, tutela_guard_damage(w->g, t->root == PAGE_NONE ? 0 : t->root,
						  "its tree has not as many pages and rows as its record says"));
	return err;
}

enum tutela_err tutela_guard_free_pages(struct page_guard *g)
{
	struct walk w = {.g = g};

	return walk_tree(&w, &g->meta.free);
}

enum tutela_err tutela_guard_all(struct page_guard *g, unsigned db)
{
	struct walk w = {.g = g};

	return walk_tree(&w, &g->trees[db]);
}

/* ------------------------------------------------------------------ the file */

static enum tutela_err mark_list(struct walk *w, const uint8_t *value, size_t len)
{
	struct bytes_reader r = bytes_reader_init(value, len);
	enum tutela_err err = TUTELA_OK;

	for (uint64_t n = bytes_u64(&r); n && !r.failed && !err; n--) {
		uint64_t number = bytes_u64(&r);

		if (number > w->g->last)
			continue;
		if (w->g->seen[number])
			err = pass(w, tutela_guard_damage(w->g, number, "it is used, and free as well"));
		w->g->seen[number] |= ROLE_FREE;
	}
	return err;
}

/* Every list of free pages, when all trees have been walked. */
static enum tutela_err mark_free(struct walk *w, uint64_t number, unsigned level)
{
	struct page_guard *g = w->g;
	struct page p = {.size = g->page_size, .kind = TREE_FREE, .leaf = level == 1};
	enum tutela_err err = TUTELA_OK;

	/* What was found damaged was told. */
	if (number > g->last || g->seen[number] != tutela_guard_role(TREE_FREE, p.leaf))
		return TUTELA_OK;
	p.bytes = g->map + number * g->page_size;
	p.n = tutela_page_rows(&p);
	for (unsigned i = 0; i < p.n && !err; i++) {
		struct page_row row;
		uint8_t *value;

		(void)tutela_page_row(&p, i, &row);
		if (!p.leaf) {
			err = mark_free(w, row.child, level - 1);
			continue;
		}
		if (row.overflow == PAGE_NONE) {
			err = mark_list(w, row.value, row.value_len);
			continue;
		}
		value = tutela_mem_array(row.value_len, 1);
		err = value ? pass(w, tutela_guard_overflow(g, &row, value)) : TUTELA_E_NOMEM;
		if (!err)
			err = mark_list(w, value, row.value_len);
		free(value);
	}
	return err;
}

/* A page that nothing leads to: what did was lost. After other damage that is no news. */
static enum tutela_err count_all(struct walk *w)
{
	const struct page_guard *g = w->g;
	uint64_t lost = 0, first = 0;

	for (uint64_t i = 2; i <= g->last; i++) {
		if (g->seen[i])
			continue;
		first = lost ? first : i;
		lost++;
	}
	if (!lost || w->damages)
		return TUTELA_OK;
	return pass(w, tutela_guard_damage(g, first, "it is neither used nor free"));
}

enum tutela_err tutela_guard_walk(struct page_guard *g, const struct page_listener *listener)
{
	struct walk w = {.g = g, .once = true, .listener = listener};
	enum tutela_err err;

	memset(g->seen, 0, g->last + 1);
	err = walk_tree(&w, &g->meta.free);
	if (!err)
		err = walk_tree(&w, &g->meta.main);
	for (unsigned i = 0; i < GUARD_DBS && !err; i++)
		err = walk_tree(&w, &g->trees[i]);
	if (!err && g->meta.free.depth)
		err = mark_free(&w, g->meta.free.root, g->meta.free.depth);
	return err ? err : count_all(&w);
}
