/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pages of LMDB's data file, version 1, as 64-bit little-endian machines
 * write them (mdb.c of LMDB 0.9, "Page Format"). LMDB believes what it finds
 * there; here it is checked that it may. Pure functions over bytes.
 *
 *   page    number u64; u16; flags u16; lower u16, upper u16 (or, in front of long values, their pages u32)
 *           then a place u16 for each row, up to `lower`; rows from `upper` to the end, without gaps
 *   row     u16, u16, u16, length of the key u16, key
 *           in branches the three are the page below; in leaves they are the length of the value (4 bytes) and flags;
 *           value, or the page where a long one begins
 *   meta    pages 0 and 1, written in turn: magic, version, address, size of the map, the records of two trees
 *           (free pages, databases by name), last page, transaction
 *   record  u32, flags u16, depth u16, numbers of branches, leaves, pages of long values and values, root
 */
#ifndef TUTELA_STORE_PAGE_FORMAT_H
#define TUTELA_STORE_PAGE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_HEAD      16
#define PAGE_META_LEN  (PAGE_HEAD + 136)
#define PAGE_SIZE_MAX  65536
#define PAGE_NONE      UINT64_MAX
#define PAGE_DEPTH_MAX 32
#define PAGE_VALUE_LEN 4 /* of values in TREE_DUPS and TREE_VALUES */

enum tree_kind {
	TREE_FREE,   /* transaction: pages that it freed */
	TREE_MAIN,   /* name of a database: its record */
	TREE_ROWS,   /* key: one value */
	TREE_DUPS,   /* key: sorted values */
	TREE_VALUES, /* sorted values of one key of TREE_DUPS */
};

struct page_tree {
	enum tree_kind kind;
	unsigned depth; /* 0: empty */
	uint64_t root;  /* PAGE_NONE when empty */
	uint64_t branches, leaves, overflows, entries;
};

struct page_meta {
	uint32_t page_size;
	uint64_t last, txn;
	struct page_tree free, main;
};

/* A page that was checked, or is being so. */
struct page {
	const uint8_t *bytes;
	uint32_t size;
	enum tree_kind kind;
	bool leaf;
	unsigned n; /* rows */
};

struct page_row {
	const uint8_t *key, *value; /* value: in leaves, NULL when it is long */
	size_t key_len, value_len;
	uint64_t child;    /* in branches */
	uint64_t overflow; /* first page of a long value, else PAGE_NONE */
	unsigned flags;
};

/*
 * Each of these says in words what is wrong, or NULL. `bytes` may hold
 * anything. A page that passes has rows, keys and values within itself, keys
 * in order, and names no page past `last` nor a meta page; a branch has two
 * rows at least.
 */
const char *tutela_page_meta(const uint8_t *bytes, unsigned slot, struct page_meta *out); /* PAGE_META_LEN bytes */
/*
 * The same without the records of its trees. Those of the older meta page lead nobody anywhere, and may be wrong: a
 * writer that could not finish the page puts its former transaction and last page back, and leaves the new trees.
 */
const char *tutela_page_meta_head(const uint8_t *bytes, unsigned slot, struct page_meta *out);
const char *tutela_page_check(const struct page *p, uint64_t number, uint64_t last);
/* The head of a long value of `len` bytes; *pages: how many it has. */
const char *tutela_page_check_overflow(const uint8_t *bytes, uint32_t size, uint64_t number, uint64_t last, size_t len,
				       uint64_t *pages);
/* A value of TREE_FREE: page numbers in descending order, as many as it says or room for more. */
const char *tutela_page_check_free(const uint8_t *value, size_t len, uint64_t last);
/* The record of a tree of the kind given. */
const char *tutela_page_tree(const uint8_t *record, size_t len, enum tree_kind kind, uint64_t last,
			     struct page_tree *out);

/* p->n from its bytes; 0 when they make no sense. */
unsigned tutela_page_rows(const struct page *p);
/* Row i < p->n. False when it is not within the page, which cannot be once the page was checked. */
bool tutela_page_row(const struct page *p, unsigned i, struct page_row *out);
/* Has a row of TREE_DUPS a tree of its own for its values? */
bool tutela_page_row_has_tree(const struct page *p, const struct page_row *row);
/* Number of values of a row of a leaf that was checked and has no such tree. */
unsigned tutela_page_row_values(const struct page *p, const struct page_row *row);

/* As LMDB orders keys of that kind of tree. */
int tutela_page_compare(enum tree_kind kind, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);
/* The row of a branch below which `key` is or would be; of a leaf the first row not before it, p->n when none. */
unsigned tutela_page_find(const struct page *p, const uint8_t *key, size_t len);

#endif
