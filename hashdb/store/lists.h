/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUTELA_STORE_LISTS_H
#define TUTELA_STORE_LISTS_H

#include "store/session.h"

/* TUTELA_E_NOTFOUND. `name` is valid. */
enum tutela_err tutela_list_get(struct tutela_store *s, struct txn *txn, const char *name, struct list_row *out);
enum tutela_err tutela_list_put(struct tutela_store *s, struct txn *txn, const struct list_row *row);

/* The row of a new list, not yet written; takes a list number from w's state. TUTELA_E_FULL. */
enum tutela_err tutela_list_new(struct session *w, const char *name, const char *source,
				const struct tutela_policy *policy, struct list_row *out);

/* Nobody sees the list from this transaction's commit on. TUTELA_E_NOTFOUND. */
enum tutela_err tutela_list_drop(struct session *w, const char *name);
/* After that commit: delete the entries, and make index files anew that are mostly dead. Best effort. */
void tutela_lists_dropped(struct session *w);

/* Active fingerprints of an algorithm in all lists of the transaction. */
enum tutela_err tutela_lists_active(struct tutela_store *s, struct txn *txn, enum tutela_algorithm algorithm,
				    uint64_t *out);

#endif
