/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUTELA_STORE_CHANGES_H
#define TUTELA_STORE_CHANGES_H

#include "store/snapshot.h"

/* The first entry number that the snapshot does not see; and the number of a list in it, 0: there is none. */
uint32_t tutela_changes_end(const struct tutela_snapshot *snap);
uint32_t tutela_changes_list(const struct tutela_snapshot *snap, const char *list);

/*
 * The entries of list number `list` that became what they are at number `from`
 * or after, as they are now, in order of number: what changed since the
 * snapshot whose end `from` was. Takes time in proportion to the numbers from
 * there on. The callback's error stops and is returned.
 */
enum tutela_err tutela_changes_since(struct tutela_snapshot *snap, uint32_t list, uint32_t from,
				     enum tutela_err (*fn)(void *ctx, const struct tutela_record *rec), void *ctx);

#endif
