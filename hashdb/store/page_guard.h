/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the store and LMDB's pages. LMDB follows what it reads without a
 * look: a damaged page leads it out of the map, and the process dies. So no
 * page is left to LMDB that this has not read (with pread: a bad sector is an
 * error then, not a signal) and checked first.
 *
 * One guard a transaction. It knows the trees as the transaction found them,
 * walks to a key as LMDB will, and checks the page at each level with its two
 * neighbours: where LMDB's cursor goes next, and what it joins after a
 * deletion. What a writer has changed meanwhile lies in LMDB's own memory,
 * made from pages that were checked; the committed pages do not change.
 *
 * Each page is read once in a transaction, so this costs in proportion to what
 * is touched. What a bad disk does to a page after that, or to the memory
 * itself, is not seen.
 */
#ifndef TUTELA_STORE_PAGE_GUARD_H
#define TUTELA_STORE_PAGE_GUARD_H

#include <tutela/error.h>

#include "store/page_format.h"

#define GUARD_DBS 10 /* as many as the store has */

struct tutela_store;

struct page_span {
	const uint8_t *low, *high; /* low NULL: from the beginning; high NULL: to the end */
	size_t low_len, high_len;
};

struct page_guard {
	struct tutela_store *store;
	int fd; /* LMDB's */
	uint32_t page_size;
	uint64_t last;      /* page */
	uint8_t *seen;      /* what a page was checked as, by number; 0: not yet */
	uint8_t *room;      /* for one page */
	const uint8_t *map; /* LMDB's; NULL in a new store, which has no tree to follow */
	uint64_t record_at; /* where in the file the first record of the main tree is; 0: there is none */
	struct page_meta meta;
	struct page_tree trees[GUARD_DBS];
	struct page_span spans[GUARD_DBS]; /* keys of the leaf where the last walk ended */
	bool at_end[GUARD_DBS];            /* the last leaf was checked */
};

/* Of a whole tree. */
struct page_totals {
	uint64_t branches, leaves, overflows, entries;
};

/*
 * Both meta pages, before LMDB opens the file `fd`: that they are meta pages,
 * of two transactions in a row. TUTELA_E_CORRUPT, TUTELA_E_SYS.
 */
enum tutela_err tutela_guard_metas(struct tutela_store *s, int fd);

/*
 * For the transaction that sees the commit `txn`. TUTELA_E_BUSY: the commit is
 * no longer among the last two, begin another. On failure there is nothing to end.
 */
enum tutela_err tutela_guard_begin(struct page_guard *g, struct tutela_store *s, int fd, uint64_t txn);
void tutela_guard_end(struct page_guard *g);

/* The list of free pages: what a writer is going to overwrite. */
enum tutela_err tutela_guard_free_pages(struct page_guard *g);

/* The way to a key of database `db`, and to `value` (NULL: its first) where it has several. */
enum tutela_err tutela_guard_key(struct page_guard *g, unsigned db, const void *key, size_t len, const void *value,
				 size_t value_len);
/* The way to the last key. */
enum tutela_err tutela_guard_last(struct page_guard *g, unsigned db);
/* The pages of the value that the key has, when it is so long that it has pages of its own. */
enum tutela_err tutela_guard_value(struct page_guard *g, unsigned db, const void *key, size_t len, size_t value_len);
/* All of it. */
enum tutela_err tutela_guard_all(struct page_guard *g, unsigned db);

struct page_listener {
	void (*found)(void *ctx, const char *sentence);         /* a damage; then it goes on with the next page */
	bool (*step)(void *ctx, uint64_t done, uint64_t total); /* pages; false stops: TUTELA_E_INTERRUPTED */
	void *ctx;
};

/*
 * Every page of the file that is in use, and whether the trees' records tell
 * their numbers rightly, none is used twice, and each is either used or free.
 */
enum tutela_err tutela_guard_walk(struct page_guard *g, const struct page_listener *listener);

#endif
