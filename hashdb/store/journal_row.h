/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the database "journal", key: number u64, value:
 *
 *   layout u8 1, scan u64, time u64, verdict u8, quality u8 (255 unknown), size u64, name,
 *   n u8, hashes: algorithm u8, variant u8 (low half: 0 none, else the dihedral + 1; high half: dialect), bytes
 *   n u16, hits: source, list, entry, category, list version u64, kind u8, algorithm u8, distance u16, threshold u16
 *
 * A text is its length u16 and its bytes.
 *
 * Pure functions; no LMDB here, so that they can be fuzzed.
 */
#ifndef TUTELA_STORE_JOURNAL_ROW_H
#define TUTELA_STORE_JOURNAL_ROW_H

#include <tutela/journal.h>

#include "base/bytes.h"

/* A row taken apart; strings point into it. The caller frees hits, which are used again. */
struct journal_row {
	struct tutela_journal_file file;
	struct tutela_query_hash hashes[TUTELA_JOURNAL_HASHES_MAX];
	struct tutela_journal_hit *hits;
	size_t room;
};

/* Bytes that a row needs at most. */
size_t tutela_journal_row_room(const struct tutela_journal_file *f);
/* TUTELA_E_ARG: no such variant or algorithm; TUTELA_E_TOOBIG. Long texts are cut. */
enum tutela_err tutela_journal_row_put(const struct tutela_journal_file *f, struct bytes_writer *w);
/* TUTELA_E_CORRUPT: no such row; TUTELA_E_NOMEM. */
enum tutela_err tutela_journal_row_get(const uint8_t *row, size_t len, struct journal_row *out);

#endif
