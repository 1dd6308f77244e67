/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of "sources" and "held". Pure functions, as in schema.h.
 *
 *   sources   1, name               a source: layout u8 (1), then the fields of struct tutela_source
 *             2, name, 0, feed      the state of one of its feeds: bytes of the reader's
 *   held      list u32, number u64  time u64; position, id and reason, each with its length u16 before it
 *
 * All are sealed, with their keys.
 */
#ifndef TUTELA_STORE_SOURCE_ROW_H
#define TUTELA_STORE_SOURCE_ROW_H

#include <tutela/source.h>

#include "store/schema.h"

#define SOURCES_MAX    1024
#define SOURCE_KEY_MAX (1 + TUTELA_LIST_NAME_MAX + 1 + TUTELA_LIST_NAME_MAX)
#define SOURCE_ROW_MAX                                                                                                 \
	(256 + 5 * (2 + TUTELA_SOURCE_URL_MAX) + 2 * (2 + TUTELA_LIST_NAME_MAX) +                                      \
	 TUTELA_SOURCE_KEYS_MAX * TUTELA_KEY_TEXT_MAX + 8 * TUTELA_SOURCE_MEMBERS_MAX + 2 + 255 + SEAL_LEN)
#define HELD_KEY_LEN 12
#define HELD_ROW_MAX                                                                                                   \
	(8 + 2 + TUTELA_HELD_POSITION_MAX + 2 + TUTELA_ENTRY_ID_MAX + 2 + TUTELA_HELD_REASON_MAX + SEAL_LEN)

/* The key of a source, or of a feed when it is not NULL; buf holds SOURCE_KEY_MAX bytes. Names are valid. */
size_t tutela_source_key(const char *name, const char *feed, uint8_t *buf);
/* The names in a key, *feed "" in a source's; both hold TUTELA_LIST_NAME_MAX + 1 bytes. False: it is no key. */
bool tutela_source_key_parse(const void *key, size_t len, char *name, char *feed);

/* What is out of range in a source, in words; NULL: nothing. */
const char *tutela_source_wrong(const struct tutela_source *source);

/* 0: does not fit. */
size_t tutela_source_row_put(const struct tutela_source *source, uint8_t *buf, size_t room);
/* TUTELA_E_CORRUPT: seal, range, or not the source of this key. */
enum tutela_err tutela_source_row_get(const void *key, size_t key_len, const void *value, size_t len,
				      struct tutela_source *out);

void tutela_held_key(uint32_t list, uint64_t number, uint8_t *key);
/* The row without its seal; what is too long is cut, what is not UTF-8 replaced. buf holds HELD_ROW_MAX bytes. */
size_t tutela_held_put(const struct tutela_held *held, int64_t time, uint8_t *buf);
/* Texts of *out point into the value. TUTELA_E_CORRUPT. */
enum tutela_err tutela_held_get(const void *key, size_t key_len, const void *value, size_t len,
				struct tutela_held *out);

#endif
