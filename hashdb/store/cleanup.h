/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a writer owes: to undo an update that died, and to delete what no
 * visible state names any more. Each call does a bounded part within the given
 * transaction and says whether more is left, so that each can be interrupted
 * anywhere and taken up by the next writer.
 */
#ifndef TUTELA_STORE_CLEANUP_H
#define TUTELA_STORE_CLEANUP_H

#include "store/snapshot.h"

/* Newest first, delete entries of a pending update and put their predecessors back in their place. */
enum tutela_err tutela_cleanup_undo(struct tutela_store *s, MDB_txn *txn, const struct pending *p, bool *more);

/* Take the digests of entries that ended from "digests"; moves st->purge_from, which the caller writes. */
enum tutela_err tutela_cleanup_purge(struct tutela_store *s, MDB_txn *txn, struct state *st, size_t max);

/* Delete entries of removed lists. */
enum tutela_err tutela_cleanup_removed(struct tutela_store *s, MDB_txn *txn, bool *more);
enum tutela_err tutela_cleanup_remove_later(struct tutela_store *s, MDB_txn *txn, uint32_t list);

/* Unlink index files that the manifest does not name. Only while the writer lock is held. */
enum tutela_err tutela_cleanup_files(struct tutela_store *s, MDB_txn *txn);

#endif
