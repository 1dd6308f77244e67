/* SPDX-License-Identifier: Apache-2.0 */
#include "store/page_guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/whole_io.h"
#include "store/env.h"
#include "store/page_walk.h"
#include "store/writer_lock.h"

#define META_TRIES 200 /* while a writer commits, a millisecond apart */

enum tutela_err tutela_guard_damage(const struct page_guard *g, uint64_t number, const char *why)
{
	return tutela_store_fail(g->store, TUTELA_E_CORRUPT, "page %llu of 'data.mdb' in '%s' is damaged: %s",
				 (unsigned long long)number, g->store->path, why);
}

static enum tutela_err read_at(struct tutela_store *s, int fd, void *to, size_t len, uint64_t at)
{
	ssize_t n = tutela_read_at(fd, to, len, at);

	if (n < 0)
		return tutela_store_fail(s, TUTELA_E_SYS, "'data.mdb' in '%s' cannot be read at byte %llu: %s", s->path,
					 (unsigned long long)at, strerror(errno));
	if ((size_t)n < len)
		return tutela_store_fail(s, TUTELA_E_CORRUPT, "'data.mdb' in '%s' is cut short: byte %llu is missing",
					 s->path, (unsigned long long)at + (unsigned long long)n);
	return TUTELA_OK;
}

enum tutela_err tutela_guard_read(const struct page_guard *g, uint64_t number)
{
	return read_at(g->store, g->fd, g->room, g->page_size, number * g->page_size);
}

/* ------------------------------------------------------------------ meta pages */

/* Transaction N writes page N mod 2; both are 0 in a new file. */
static bool in_a_row(const struct page_meta *m)
{
	uint64_t a = m[0].txn, b = m[1].txn;

	return (!a && !b) || (!(a & 1) && (b & 1) && (a + 1 == b || b + 1 == a));
}

static enum tutela_err read_metas(struct tutela_store *s, int fd, struct page_meta metas[2])
{
	uint8_t bytes[2][PAGE_META_LEN];
	struct page_guard g = {.store = s};
	enum tutela_err err;
	unsigned newest;
	const char *why;

	for (unsigned slot = 0; slot < 2; slot++) {
		err = read_at(s, fd, bytes[slot], sizeof bytes[slot], slot ? metas[0].page_size : 0);
		if (err)
			return err;
		why = tutela_page_meta_head(bytes[slot], slot, &metas[slot]);
		if (!why && metas[slot].page_size != metas[0].page_size)
			why = "the other meta page tells another page size";
		if (why)
			return tutela_guard_damage(&g, slot, why);
	}
	if (!in_a_row(metas))
		return tutela_store_fail(s, TUTELA_E_CORRUPT,
					 "the meta pages of 'data.mdb' in '%s' are not of two commits in a row",
					 s->path);
	newest = metas[1].txn > metas[0].txn;
	why = tutela_page_meta(bytes[newest], newest, &metas[newest]);
	return why ? tutela_guard_damage(&g, newest, why) : TUTELA_OK;
}

enum tutela_err tutela_guard_metas(struct tutela_store *s, int fd)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	struct page_meta metas[2];
	enum tutela_err err = read_metas(s, fd, metas);

	/* A writer may be half-way through one of them. */
	for (unsigned i = 0; err == TUTELA_E_CORRUPT && i < META_TRIES && tutela_writer_locked(s); i++) {
		(void)nanosleep(&pause, NULL);
		err = read_metas(s, fd, metas);
	}
	return err;
}

/* Twice: a writer that comes round to this page again may be writing it. */
static enum tutela_err read_meta(struct page_guard *g, uint64_t txn)
{
	uint8_t bytes[PAGE_META_LEN], again[PAGE_META_LEN];
	unsigned slot = txn & 1;
	uint64_t at = (uint64_t)slot * g->page_size;
	enum tutela_err err = read_at(g->store, g->fd, bytes, sizeof bytes, at);
	const char *why;

	if (!err)
		err = read_at(g->store, g->fd, again, sizeof again, at);
	if (err)
		return err;
	if (memcmp(bytes, again, sizeof bytes))
		return TUTELA_E_BUSY;
	why = tutela_page_meta(bytes, slot, &g->meta);
	if (why)
		return tutela_guard_damage(g, slot, why);
	return g->meta.txn == txn ? TUTELA_OK : TUTELA_E_BUSY;
}

/* ------------------------------------------------------------------ pages */

uint8_t tutela_guard_role(enum tree_kind kind, bool leaf)
{
	return (uint8_t)(1 + 2 * kind + leaf);
}

/* The heads of a leaf's long values: LMDB looks at them when it deletes. */
static enum tutela_err check_heads(struct page_guard *g, const struct page *p)
{
	uint8_t head[PAGE_HEAD];
	enum tutela_err err = TUTELA_OK;
	struct page_row row;
	uint64_t pages;
	const char *why;

	for (unsigned i = 0; i < p->n && !err; i++) {
		if (!tutela_page_row(p, i, &row) || row.overflow == PAGE_NONE)
			continue;
		err = read_at(g->store, g->fd, head, sizeof head, row.overflow * g->page_size);
		if (err)
			return err;
		why = tutela_page_check_overflow(head, g->page_size, row.overflow, g->last, row.value_len, &pages);
		if (why)
			err = tutela_guard_damage(g, row.overflow, why);
	}
	return err;
}

enum tutela_err tutela_guard_page(struct page_guard *g, enum tree_kind kind, bool leaf, uint64_t number,
				  struct page *out)
{
	uint8_t role = tutela_guard_role(kind, leaf);
	enum tutela_err err;
	const char *why;

	*out = (struct page){.size = g->page_size, .kind = kind, .leaf = leaf};
	if (!g->map && kind != TREE_MAIN)
		return tutela_guard_damage(g, number, "it is used, and there are no databases");
	if (number < 2 || number > g->last)
		return tutela_guard_damage(g, number, "it does not exist, and yet another leads to it");
	if (g->seen[number] != role) {
		if (g->seen[number])
			return tutela_guard_damage(g, number, "it is used twice");
		err = tutela_guard_read(g, number);
		if (err)
			return err;
		out->bytes = g->room;
		out->n = tutela_page_rows(out);
		why = tutela_page_check(out, number, g->last);
		if (why)
			return tutela_guard_damage(g, number, why);
		err = leaf && (kind == TREE_ROWS || kind == TREE_FREE) ? check_heads(g, out) : TUTELA_OK;
		if (err)
			return err;
		g->seen[number] = role;
	}
	err = g->map ? TUTELA_OK : tutela_guard_read(g, number);
	out->bytes = g->map ? g->map + number * g->page_size : g->room;
	out->n = tutela_page_rows(out);
	return err;
}

bool tutela_guard_within(const struct page *p, const struct page_span *span)
{
	struct page_row first, last;

	/* The first key of a branch stands for whatever is less. */
	if (!tutela_page_row(p, p->leaf ? 0 : 1, &first) || !tutela_page_row(p, p->n - 1, &last))
		return false;
	return (!span->low || tutela_page_compare(p->kind, span->low, span->low_len, first.key, first.key_len) <= 0) &&
	       (!span->high || tutela_page_compare(p->kind, last.key, last.key_len, span->high, span->high_len) < 0);
}

void tutela_guard_narrow(const struct page *p, unsigned i, struct page_span *span)
{
	struct page_row row;

	if (i && tutela_page_row(p, i, &row)) {
		span->low = row.key;
		span->low_len = row.key_len;
	}
	if (i + 1 < p->n && tutela_page_row(p, i + 1, &row)) {
		span->high = row.key;
		span->high_len = row.key_len;
	}
}

static uint64_t child(const struct page *p, unsigned i)
{
	struct page_row row;

	return tutela_page_row(p, i, &row) ? row.child : PAGE_NONE;
}

/* Where a walk wants to go. */
struct goal {
	const uint8_t *key; /* NULL: to the last */
	size_t len;
};

/* Check a neighbour, if there is one, and go on to its row at the near side. */
static enum tutela_err beside(struct page_guard *g, enum tree_kind kind, bool leaf, bool left, uint64_t *number)
{
	enum tutela_err err;
	struct page p;

	if (*number == PAGE_NONE)
		return TUTELA_OK;
	err = tutela_guard_page(g, kind, leaf, *number, &p);
	if (!err && !leaf)
		*number = child(&p, left ? p.n - 1 : 0);
	return err;
}

/* From the root to the leaf of the goal, neighbours and all. */
static enum tutela_err walk_to(struct page_guard *g, const struct page_tree *t, const struct goal *goal, struct page *p,
			       struct page_span *span)
{
	uint64_t left = PAGE_NONE, number = t->root, right = PAGE_NONE;

	*span = (struct page_span){0};
	for (unsigned level = t->depth; level; level--) {
		bool leaf = level == 1;
		enum tutela_err err = tutela_guard_page(g, t->kind, leaf, number, p);
		unsigned i;

		if (!err && !tutela_guard_within(p, span))
			err = tutela_guard_damage(g, number, "its keys belong elsewhere");
		if (!err)
			err = beside(g, t->kind, leaf, true, &left);
		if (!err)
			err = beside(g, t->kind, leaf, false, &right);
		if (err || leaf)
			return err;
		i = goal->key ? tutela_page_find(p, goal->key, goal->len) : p->n - 1;
		left = i ? child(p, i - 1) : left;
		right = i + 1 < p->n ? child(p, i + 1) : right;
		tutela_guard_narrow(p, i, span);
		number = child(p, i);
	}
	return TUTELA_OK;
}

/* ------------------------------------------------------------------ beginning */

static const struct {
	const char *name;
	enum tree_kind kind;
} databases[GUARD_DBS] = {
	[DB_META] = {"meta", TREE_ROWS},       [DB_LISTS] = {"lists", TREE_ROWS},
	[DB_ENTRIES] = {"entries", TREE_ROWS}, [DB_KEYS] = {"keys", TREE_ROWS},
	[DB_DIGESTS] = {"digests", TREE_DUPS}, [DB_SEGMENTS] = {"segments", TREE_ROWS},
	[DB_AUDIT] = {"audit", TREE_ROWS},     [DB_SOURCES] = {"sources", TREE_ROWS},
	[DB_HELD] = {"held", TREE_ROWS},       [DB_JOURNAL] = {"journal", TREE_ROWS},
};

static enum tutela_err take_record(struct page_guard *g, const struct page_row *row)
{
	for (unsigned i = 0; i < GUARD_DBS; i++) {
		const char *why;

		if (strlen(databases[i].name) != row->key_len || memcmp(databases[i].name, row->key, row->key_len))
			continue;
		why = tutela_page_tree(row->value, row->value_len, databases[i].kind, g->last, &g->trees[i]);
		return why ? tutela_guard_damage(g, g->meta.main.root, why) : TUTELA_OK;
	}
	return tutela_guard_damage(g, g->meta.main.root, "it names a database that is not the store's");
}

/* The seven records are in one page. */
static enum tutela_err read_main(struct page_guard *g)
{
	const struct page_tree *t = &g->meta.main;
	enum tutela_err err;
	struct page_row row;
	struct page p;

	for (unsigned i = 0; i < GUARD_DBS; i++)
		g->trees[i] = (struct page_tree){.kind = databases[i].kind, .root = PAGE_NONE};
	if (!t->depth)
		return TUTELA_OK;
	if (t->depth != 1)
		return tutela_guard_damage(g, t->root, "it is not the only page of the list of databases");
	err = tutela_guard_page(g, TREE_MAIN, true, t->root, &p);
	for (unsigned i = 0; i < p.n && !err; i++) {
		(void)tutela_page_row(&p, i, &row);
		err = take_record(g, &row);
	}
	if (!err && (p.n != t->entries || p.n != GUARD_DBS))
		err = tutela_guard_damage(g, t->root, "databases of the store are missing");
	if (!err && tutela_page_row(&p, 0, &row))
		g->record_at = t->root * g->page_size + (uint64_t)(row.value - p.bytes);
	return err;
}

enum tutela_err tutela_guard_begin(struct page_guard *g, struct tutela_store *s, int fd, uint64_t txn)
{
	uint8_t first[PAGE_META_LEN];
	enum tutela_err err;
	const char *why;

	*g = (struct page_guard){.store = s, .fd = fd};
	err = read_at(s, fd, first, sizeof first, 0);
	if (err)
		return err;
	/* The page size never changes, whatever else of this page a writer is just writing. */
	why = tutela_page_meta_head(first, 0, &g->meta);
	if (why)
		return tutela_guard_damage(g, 0, why);
	g->page_size = g->meta.page_size;
	err = read_meta(g, txn);
	if (err)
		return err;
	g->last = g->meta.last;
	g->seen = tutela_mem_array(g->last + 1, 1);
	g->room = tutela_mem_array(g->page_size, 1);
	err = g->seen && g->room ? read_main(g) : TUTELA_E_NOMEM;
	if (err)
		tutela_guard_end(g);
	return err;
}

void tutela_guard_end(struct page_guard *g)
{
	free(g->seen);
	free(g->room);
	g->seen = g->room = NULL;
}

/* ------------------------------------------------------------------ ways */

static bool in_span(const struct page_span *s, enum tree_kind kind, const void *key, size_t len)
{
	return (s->low || s->high) && (!s->low || tutela_page_compare(kind, s->low, s->low_len, key, len) <= 0) &&
	       (!s->high || tutela_page_compare(kind, key, len, s->high, s->high_len) < 0);
}

enum tutela_err tutela_guard_key(struct page_guard *g, unsigned db, const void *key, size_t len, const void *value,
				 size_t value_len)
{
	const struct page_tree *t = &g->trees[db];
	struct goal goal = {key, len};
	struct page_span span;
	struct page_tree values;
	struct page_row row;
	enum tutela_err err;
	struct page p;
	unsigned i;

	if (!t->depth || (t->kind == TREE_ROWS && in_span(&g->spans[db], t->kind, key, len)))
		return TUTELA_OK;
	err = walk_to(g, t, &goal, &p, &span);
	if (err)
		return err;
	g->spans[db] = span;
	i = tutela_page_find(&p, key, len);
	if (i == p.n || !tutela_page_row(&p, i, &row) || !tutela_page_row_has_tree(&p, &row) || row.key_len != len ||
	    memcmp(row.key, key, len))
		return TUTELA_OK;
	(void)tutela_page_tree(row.value, row.value_len, TREE_VALUES, g->last, &values);
	goal = (struct goal){value ? value : "", value ? value_len : 0};
	return values.depth ? walk_to(g, &values, &goal, &p, &span) : TUTELA_OK;
}

enum tutela_err tutela_guard_last(struct page_guard *g, unsigned db)
{
	struct goal goal = {NULL, 0};
	struct page_span span;
	enum tutela_err err;
	struct page p;

	if (g->at_end[db] || !g->trees[db].depth)
		return TUTELA_OK;
	err = walk_to(g, &g->trees[db], &goal, &p, &span);
	g->at_end[db] = !err;
	return err;
}

enum tutela_err tutela_guard_value(struct page_guard *g, unsigned db, const void *key, size_t len, size_t value_len)
{
	const struct page_tree *t = &g->trees[db];
	struct goal goal = {key, len};
	struct page_span span;
	struct page_row row;
	enum tutela_err err;
	struct page p;
	unsigned i;

	/* LMDB puts what is longer than half a page elsewhere; a quarter is on the safe side. */
	if (value_len < g->page_size / 4 || !t->depth)
		return TUTELA_OK;
	err = walk_to(g, t, &goal, &p, &span);
	if (err)
		return err;
	i = tutela_page_find(&p, key, len);
	if (i == p.n || !tutela_page_row(&p, i, &row) || row.overflow == PAGE_NONE)
		return TUTELA_OK;
	return tutela_guard_overflow(g, &row, NULL);
}
