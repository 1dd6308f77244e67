/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every snapshot of one LMDB state shares: the state record, the lists
 * and the open index files. Immutable once loaded; counted.
 */
#ifndef TUTELA_STORE_VIEW_H
#define TUTELA_STORE_VIEW_H

#include "store/env.h"

/* An open index file. Counted under the store's lock. */
struct segment {
	struct segment_row row;
	struct tutela_index *index;
	unsigned refs;
	struct segment *next;
};

struct view {
	unsigned refs;
	size_t txn_id; /* of LMDB */
	struct state state;
	bool pending;
	size_t n_lists, n_segments;
	struct list_row *lists;    /* in order of name */
	uint32_t *by_number;       /* places in lists, in order of list number */
	struct segment **segments; /* in order of number */
};

/*
 * The view of txn. TUTELA_E_NOTFOUND: an index file of it is gone, which is
 * what a writer does to files that newer states no longer name: begin a new
 * transaction and try again; the same state twice is damage.
 */
enum tutela_err tutela_view_get(struct tutela_store *s, struct txn *txn, struct view **out);
void tutela_view_release(struct tutela_store *s, struct view *v);

/* NULL when that list does not exist (any more). */
const struct list_row *tutela_view_list(const struct view *v, uint32_t number);
const struct list_row *tutela_view_named(const struct view *v, const char *name);

/* All rows of "lists" / "segments" in key order, to be freed. Sums are compared with the state when it is given. */
enum tutela_err tutela_rows_lists(struct tutela_store *s, struct txn *txn, const struct state *st,
				  struct list_row **out, size_t *n);
enum tutela_err tutela_rows_segments(struct tutela_store *s, struct txn *txn, const struct state *st,
				     struct segment_row **out, size_t *n);

/* Open and compare with the manifest. TUTELA_E_NOTFOUND: no such file. The caller closes *out. */
enum tutela_err tutela_segment_open(struct tutela_store *s, const struct segment_row *row, bool resident,
				    struct tutela_index **out);
/* The same through the store's cache. */
enum tutela_err tutela_segment_get(struct tutela_store *s, const struct segment_row *row, struct segment **out);
void tutela_segment_release(struct tutela_store *s, struct segment *g);

#endif
