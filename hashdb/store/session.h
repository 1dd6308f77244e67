/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A writer's hold on the store: the writer lock, one LMDB write transaction at
 * a time, and the state record as it will be. Beginning one cleans up after a
 * writer that died.
 */
#ifndef TUTELA_STORE_SESSION_H
#define TUTELA_STORE_SESSION_H

#include "store/snapshot.h"

struct session {
	struct tutela_store *store;
	int lock;
	struct txn *txn;
	struct state state;
	size_t weight; /* pages that this transaction may have dirtied, from above */
	size_t bytes;  /* appended to pages that are counted when they are full */
	bool parted;   /* a part was committed: undoing takes more than an abort */
	bool files;    /* index files were made that no commit names yet */
};

/*
 * TUTELA_E_READONLY, TUTELA_E_BUSY, TUTELA_E_CORRUPT and what LMDB says. On
 * failure nothing is held. `rebuild`: also when the manifest is damaged.
 */
enum tutela_err tutela_session_begin(struct tutela_store *s, bool rebuild, struct session *w);

/*
 * `pages` more may have been dirtied. When there are too many for one
 * transaction, they are committed as a part of the pending update, invisibly.
 */
enum tutela_err tutela_session_spend(struct session *w, size_t pages);

/* The same for a row of `len` bytes, key and value, that was appended: such rows share pages. */
enum tutela_err tutela_session_spend_appended(struct session *w, size_t len);

/* The same for work that needs no pending record, since every commit of it leaves the store sound. */
enum tutela_err tutela_session_pause(struct session *w, size_t pages);

/* Write the state, end the pending record and commit: from here on it is visible. A failure leaves nothing visible. */
enum tutela_err tutela_session_commit(struct session *w);

/* Begin another transaction in the same session, with the state as committed. */
enum tutela_err tutela_session_again(struct session *w);

/* Undo what was not committed as far as can be (the next writer does the rest) and let go. */
void tutela_session_end(struct session *w);

/* Best effort after a commit: digests of ended entries, index files that nobody names. */
void tutela_session_tidy(struct session *w);

#endif
