/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of lists, see struct list_sum: kept from update to update once they are known. */
#ifndef TUTELA_STORE_LIST_SUM_H
#define TUTELA_STORE_LIST_SUM_H

#include "store/snapshot.h"

/* An entry's state comes into the row's sums, or leaves them. `line` holds RECORD_LINE_MAX bytes. */
void tutela_sum_entry(struct list_row *row, const struct tutela_record *rec, bool leaves, char *line);

/* The sums of a list as the snapshot sees it, into row->issued and row->effective: a walk over the whole list. */
enum tutela_err tutela_sum_list(struct tutela_snapshot *snap, const char *list, struct list_row *row);

#define LIST_SUM_LEN 32

/* Little-endian. */
void tutela_sum_bytes(const struct list_sum *sum, uint8_t *out);

/* From now on the list's sums are known: takes the writer lock, and walks the list when they were not.
 * TUTELA_E_NOTFOUND. */
enum tutela_err tutela_sum_keep(struct tutela_store *s, const char *list);

#endif
