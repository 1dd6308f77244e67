/* SPDX-License-Identifier: Apache-2.0 */
/* A check on its way; see tutela_store_check. */
#ifndef TUTELA_STORE_CHECK_H
#define TUTELA_STORE_CHECK_H

#include "store/segment_write.h"

struct check {
	struct tutela_store *store;
	const struct tutela_check_opts *opts;
	struct tutela_check_result *result;
	struct tutela_snapshot *snap; /* NULL when the damage is such that none can be opened */
	struct txn *txn;              /* the snapshot's, else own */
	struct state state;
	struct list_row *lists, *counted; /* as they say; as the entries are counted */
	size_t n_lists;
	bool pending;     /* an update has committed a part of itself */
	bool unfinished;  /* deletions of an earlier commit are not done: some rows may be too many */
	uint64_t visible; /* entries: as many keys there must be */
	uint64_t digests; /* rows there must be */
	/* The truth to hold the index to: every active perceptual fingerprint, by entry number. */
	struct pairs truth[ALGORITHMS];
	bool usable[ALGORITHMS]; /* every index file of the algorithm could be opened */
};

void tutela_check_find(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Make a finding of this thread's last error when it is one about the data; pass on what is not. */
enum tutela_err tutela_check_absorb(struct check *c, enum tutela_err err);
/* TUTELA_E_INTERRUPTED when the caller wants no more. */
enum tutela_err tutela_check_step(struct check *c, const char *stage, uint64_t done, uint64_t total);

/* The stages, in this order. */
enum tutela_err tutela_check_entries(struct check *c);
enum tutela_err tutela_check_sources(struct check *c);
enum tutela_err tutela_check_journal(struct check *c);
enum tutela_err tutela_check_indexes(struct check *c);
enum tutela_err tutela_check_queries(struct check *c);

/* Make every index file anew from the entries. */
enum tutela_err tutela_check_rebuild(struct check *c);

/* First place of an entry number in c->truth; p->n when it is not there. */
size_t tutela_check_place(const struct pairs *p, uint32_t number);

/* What was counted of a list, by its number; NULL: there is no such list (any more). */
struct list_row *tutela_check_counted(struct check *c, uint32_t list);

#endif
