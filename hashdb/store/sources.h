/* SPDX-License-Identifier: Apache-2.0 */
/* Sources, their feeds' states and the bad records of lists, as rows of a transaction. */
#ifndef TUTELA_STORE_SOURCES_H
#define TUTELA_STORE_SOURCES_H

#include "store/source_row.h"
#include "store/update.h"

/* TUTELA_E_NOTFOUND (no error text, as below), TUTELA_E_CORRUPT. */
enum tutela_err tutela_source_get(struct tutela_store *s, struct txn *txn, const char *name, struct tutela_source *out);

/* Is the source what somebody took it for when he began to fetch? TUTELA_E_REFUSED, with a sentence. */
enum tutela_err tutela_source_same(struct session *w, const struct tutela_source *known);

/* Write the feeds' states and the bad records that the update has collected: part of its commit. */
enum tutela_err tutela_feeds_write(struct tutela_update *u);
enum tutela_err tutela_held_write(struct tutela_update *u);
void tutela_feeds_free(struct tutela_update *u);
void tutela_held_free(struct tutela_update *u);

/*
 * Set a feed's state in a commit of its own, if the source is as it is known (tutela_source_same) and the state is
 * still these bytes (NULL: there is none). TUTELA_E_BUSY: it is not.
 */
enum tutela_err tutela_feed_swap(struct tutela_store *s, const struct tutela_source *known, const char *feed,
				 const void *old, size_t old_len, const void *state, size_t len);

/* With a list go its bad records, and the states of its feeds. */
enum tutela_err tutela_held_remove(struct session *w, uint32_t list);
enum tutela_err tutela_feed_forget(struct session *w, const char *source, const char *feed);
/* All of a source. */
enum tutela_err tutela_feeds_remove(struct session *w, const char *source);
/* Has the source any feed's state? */
enum tutela_err tutela_feeds_any(struct session *w, const char *source, bool *any);

#endif
