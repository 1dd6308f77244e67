/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters by a key of words. A table belongs to one thread at a time; memory
 * is that of the keys, and how many there are is for the caller to bound.
 */
#ifndef TUTELA_TOOLS_COUNT_TABLE_H
#define TUTELA_TOOLS_COUNT_TABLE_H

#include <tutela/record.h>

#define COUNT_WORDS 6
#define COUNT_KINDS 3

struct count_row {
	uint64_t n[COUNT_KINDS];
	uint64_t mark;                         /* the caller's */
	uint64_t hash;                         /* private */
	struct tutela_text words[COUNT_WORDS]; /* owned by the row; NUL-terminated */
};

/* Zero-initialise. */
struct count_table {
	struct count_row **slots;
	size_t room, n;
	uint64_t seed;
};

/* The row of these words, COUNT_WORDS of them; when it is new all of it is 0. Valid until it is dropped. */
struct count_row *count_row(struct count_table *t, const struct tutela_text *words);
/* The same, or NULL. */
struct count_row *count_find(const struct count_table *t, const struct tutela_text *words);

/* Forget the rows whose n[0] is at most `most`. */
void count_drop(struct count_table *t, uint64_t most);

/* All rows in the order of their words, byte by byte; the array is the caller's, its end is NULL. */
struct count_row **count_sorted(const struct count_table *t);

void count_free(struct count_table *t);

#endif
