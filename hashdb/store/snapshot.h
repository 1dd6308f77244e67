/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUTELA_STORE_SNAPSHOT_H
#define TUTELA_STORE_SNAPSHOT_H

#include "store/view.h"

struct tutela_snapshot {
	struct tutela_store *store;
	struct view *view;
	struct txn *txn;
	/*
	 * Of the transaction's calls: LMDB keeps state in it even while reading.
	 * What it returned stays valid and needs no lock: the pages a read
	 * transaction sees do not change.
	 */
	pthread_mutex_t lock;
};

/* Entry `number`, its record in place. TUTELA_E_NOTFOUND: there is none. Takes no lock. */
enum tutela_err tutela_entry_get(struct tutela_store *s, struct txn *txn, uint32_t number, struct entry *out);

/* Also decode what it says. */
enum tutela_err tutela_entry_record(struct tutela_store *s, struct txn *txn, uint32_t number, struct entry *out,
				    struct tutela_record *rec);

/*
 * Number of the entry that update `update` sees for a key's number: itself, or
 * the nearest predecessor that is visible; 0: none.
 */
enum tutela_err tutela_entry_visible(struct tutela_store *s, struct txn *txn, uint32_t number, uint64_t update,
				     uint32_t *out);

#endif
