/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of "entries", "keys" and "digests", one at a time. */
#ifndef TUTELA_STORE_ENTRY_WRITE_H
#define TUTELA_STORE_ENTRY_WRITE_H

#include "store/snapshot.h"

/* e->body must not point into LMDB pages: they move. */
enum tutela_err tutela_entry_append(struct tutela_store *s, struct txn *txn, uint32_t number, const struct entry *e);
enum tutela_err tutela_entry_set_gone(struct tutela_store *s, struct txn *txn, uint32_t number, uint64_t gone);
enum tutela_err tutela_entry_del(struct tutela_store *s, struct txn *txn, uint32_t number);

/* TUTELA_E_NOTFOUND. */
enum tutela_err tutela_key_get(struct tutela_store *s, struct txn *txn, const uint8_t *key, size_t len,
			       uint32_t *number);
enum tutela_err tutela_key_put(struct tutela_store *s, struct txn *txn, const uint8_t *key, size_t len,
			       uint32_t number);
/* The same for a key behind all that are there. */
enum tutela_err tutela_key_append(struct tutela_store *s, struct txn *txn, const uint8_t *key, size_t len,
				  uint32_t number);

#endif
