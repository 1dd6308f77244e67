/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a writer owes: to undo an update that died, and to delete what no
 * visible state names any more. Each works in bounded transactions of its own
 * (w->txn is NULL before and after), may be interrupted anywhere, and is taken
 * up again by the next writer: every step may be repeated.
 */
#ifndef TUTELA_STORE_CLEANUP_H
#define TUTELA_STORE_CLEANUP_H

#include "store/session.h"

/* Delete the entries of a pending update and put their predecessors back in their place. */
enum tutela_err tutela_cleanup_undo(struct session *w);

/* Delete the entries of removed lists. */
enum tutela_err tutela_cleanup_removed(struct session *w);
/* Have that done for a list, from the commit of w's transaction on. */
enum tutela_err tutela_cleanup_remove_later(struct session *w, uint32_t list);

/* Take the digests of entries that ended from "digests". */
enum tutela_err tutela_cleanup_purge(struct session *w);
/* The same for up to `max` entries within w's transaction; moves w->state.purge_from, which the caller writes. */
enum tutela_err tutela_cleanup_purge_part(struct session *w, size_t max);

/* Unlink index files that the manifest of txn does not name. Only while the writer lock is held. */
enum tutela_err tutela_cleanup_files(struct tutela_store *s, struct txn *txn);

#endif
