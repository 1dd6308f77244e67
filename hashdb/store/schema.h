/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store's bytes mean: keys and values of every LMDB database, and
 * nothing else. Pure functions; no LMDB here, so that they can be fuzzed.
 *
 * Integers in values are little-endian, in keys big-endian (so that key order
 * is number order). Every value but those of "keys" and "digests" ends with a
 * seal: a checksum over the kind of value, its key and its bytes, so that
 * damage and misplaced values are seen. The seal's own rule never changes;
 * what is inside may with the schema number.
 *
 *   db        key                      value
 *   meta      "state"                  struct state
 *             "pending"                struct pending, while an update has committed a part of itself
 *             "removed" list u32       empty; a removed list whose entries are not all deleted yet
 *   lists     name                     struct list_row; what came after the first version of it stands in a tail
 *                                      with a number of its own, and only when it is not the default: rows without
 *                                      are read as before, and readers that know no tail refuse one
 *   entries   number u32               struct entry
 *   keys      list u32, entry id       entry number u32 LE: the entry as the newest writer left it
 *   digests   algorithm u8, first 64   entry numbers u32 BE (DUPSORT, DUPFIXED); exact fingerprints of active
 *             bytes of the value       entries
 *   segments  number u64               struct segment_row: the manifest of index files
 *   audit     number u64               JSON text, sealed
 *   sources   kind u8, name            what is known of a source and of its feeds: see store/source_row.h
 *   held      list u32, number u64     a bad record of a feed with its reason, sealed
 *   journal   see store/journal.h      hits of past scans, sealed
 *
 * An entry number stands for one state of one entry for ever. A change of any
 * kind writes a new number that names its predecessor (`prev`) and gives the
 * predecessor the update at which it ended (`gone`). Update u sees the entries
 * with added <= u and (gone == 0 or gone > u). So an update may be written in
 * several transactions and still become visible by one, index files need no
 * tombstones, and what an entry once said stays on record.
 */
#ifndef TUTELA_STORE_SCHEMA_H
#define TUTELA_STORE_SCHEMA_H

#include <tutela/index.h>
#include <tutela/store.h>

#include "base/bytes.h"

#define SCHEMA_VERSION 2u
#define ALGORITHMS     64 /* room for enum tutela_algorithm */
#define LISTS_MAX      4096
#define SEGMENTS_MAX   1024
#define SEAL_LEN       8
#define DIGEST_KEY_MAX 65
#define ENTRY_KEY_MAX  (4 + TUTELA_ENTRY_ID_MAX)
#define AUDIT_TEXT_MAX 32768
#define ENTRY_HEAD_LEN 32
#define ENTRY_BODY_MAX                                                                                                 \
	(9 + 2 + TUTELA_ENTRY_ID_MAX + 1 + TUTELA_FINGERPRINTS_MAX * (2 + TUTELA_HASH_MAX) + 1 +                       \
	 TUTELA_LABELS_MAX * (4 + TUTELA_LABEL_KEY_MAX + TUTELA_TEXT_MAX) + 2 + TUTELA_TEXT_MAX + 1 + 2 +              \
	 TUTELA_TEXT_MAX)
#define ENTRY_VALUE_MAX  (ENTRY_HEAD_LEN + ENTRY_BODY_MAX + SEAL_LEN)
#define STATE_MAX        128
#define PENDING_MAX      64
#define SEGMENT_ROW_MAX  64
#define LIST_ROW_MAX     (392 + TUTELA_LIST_NAME_MAX + 17 * ALGORITHMS + TUTELA_CATEGORIES_MAX + TUTELA_CATEGORY_MAP_MAX)
#define SEGMENT_NAME_MAX 64

/* The kind of a sealed value: part of its checksum, pinned. */
enum schema_kind {
	SCHEMA_STATE = 1,
	SCHEMA_PENDING = 2,
	SCHEMA_LIST = 3,
	SCHEMA_ENTRY = 4,
	SCHEMA_SEGMENT = 5,
	SCHEMA_AUDIT = 6,
	SCHEMA_SOURCE = 7,
	SCHEMA_HELD = 8,
	SCHEMA_JOURNAL = 9,
};

struct state {
	uint8_t uuid[16];
	uint64_t update;     /* number of the last visible update */
	uint32_t next_entry; /* first entry number that no visible update uses */
	uint32_t next_list;
	uint64_t next_segment;
	uint32_t purge_from; /* predecessors of entries from here on may still be in "digests" */
	int64_t created;
	uint32_t n_lists, n_segments;
	uint64_t lists_sum, segments_sum; /* sums of the rows' checksums: a lost row is seen */
};

struct pending {
	uint64_t update;
	uint32_t first_entry; /* entries from here on belong to the unfinished update */
	int64_t started;
	uint32_t process;
};

/*
 * A digest of a list's entries that does not depend on their order: the sum of
 * their lines' SHA-256 (exchange/record_line.h), as 256-bit little-endian
 * numbers, modulo 2^256. Withdrawn entries add nothing. One sum is over what
 * the source says, one over what is in force here.
 */
struct list_sum {
	uint64_t word[4];
};

struct list_row {
	bool summed; /* the sums are known, and kept from update to update */
	uint32_t number;
	struct tutela_list list; /* fingerprints[] filled from the two below */
	uint64_t active[ALGORITHMS], disputed[ALGORITHMS];
	struct list_sum issued, effective;
};

struct segment_row {
	uint64_t number;
	enum tutela_algorithm algorithm;
	enum tutela_index_kind kind;
	uint64_t count, bytes, digest;
};

struct entry {
	uint64_t added, gone;
	uint32_t list, prev; /* prev: 0 none */
	int64_t time;        /* of the update that wrote it */
	const uint8_t *body; /* in place */
	size_t body_len;
};

/* Append the seal to w. `value` is where the writer began. */
void tutela_schema_seal(struct bytes_writer *w, const uint8_t *value, enum schema_kind kind, const void *key,
			size_t key_len);
/* The value's length without its seal, or TUTELA_E_CORRUPT. */
enum tutela_err tutela_schema_unseal(const void *value, size_t len, enum schema_kind kind, const void *key,
				     size_t key_len, size_t *body_len);

/*
 * Encoders return the length written, 0 when it does not fit. Decoders return
 * TUTELA_E_CORRUPT (seal, range), TUTELA_E_VERSION (state of another schema).
 */
size_t tutela_schema_put_state(const struct state *st, uint8_t *buf, size_t room);
enum tutela_err tutela_schema_get_state(const void *value, size_t len, struct state *out);

size_t tutela_schema_put_pending(const struct pending *p, uint8_t *buf, size_t room);
enum tutela_err tutela_schema_get_pending(const void *value, size_t len, struct pending *out);

size_t tutela_schema_put_list(const struct list_row *row, uint8_t *buf, size_t room);
enum tutela_err tutela_schema_get_list(const void *name, size_t name_len, const void *value, size_t len,
				       struct list_row *out);

size_t tutela_schema_put_segment(const struct segment_row *row, uint8_t *buf, size_t room);
enum tutela_err tutela_schema_get_segment(const void *key, size_t key_len, const void *value, size_t len,
					  struct segment_row *out);
/* File name of a segment, "seg-pdq-17.tix"; buf holds SEGMENT_NAME_MAX bytes. */
void tutela_schema_segment_name(const struct segment_row *row, char *buf);
/* Number in a segment's file name (temporary ones too), or false when it is no such name. */
bool tutela_schema_segment_parse(const char *name, uint64_t *number);

/*
 * Canonical bytes of what a record says: fingerprints sorted, no reason while
 * active. Last comes the local decision, if there is one. 0: does not fit.
 */
size_t tutela_schema_put_body(const struct tutela_record *rec, uint8_t *buf, size_t room);
/* How many bytes of a body's end are its local decision: at least 1. */
size_t tutela_schema_local_len(const struct tutela_record *rec);
/* Strings of *out point into the body. */
enum tutela_err tutela_schema_get_body(const uint8_t *body, size_t len, struct tutela_record *out);

size_t tutela_schema_put_entry(uint32_t number, const struct entry *e, uint8_t *buf, size_t room);
enum tutela_err tutela_schema_get_entry(uint32_t number, const void *value, size_t len, struct entry *out);
static inline bool schema_visible(const struct entry *e, uint64_t update)
{
	return e->added <= update && (!e->gone || e->gone > update);
}

/* Keys. Buffers hold 4, 8, ENTRY_KEY_MAX and DIGEST_KEY_MAX bytes. */
void tutela_schema_key32(uint32_t v, uint8_t *key);
void tutela_schema_key64(uint64_t v, uint8_t *key);
uint32_t tutela_schema_get_key32(const uint8_t *key);
uint64_t tutela_schema_get_key64(const uint8_t *key);
size_t tutela_schema_entry_key(uint32_t list, const void *id, size_t id_len, uint8_t *key);
size_t tutela_schema_digest_key(const struct tutela_hash *h, uint8_t *key);

/* 36 characters and a NUL. */
void tutela_schema_uuid_text(const uint8_t *uuid, char *out);

/* 1..TUTELA_LIST_NAME_MAX of letters, digits, '.', '_', '-', the first a letter or digit. */
bool tutela_schema_name_valid(const char *name);
bool tutela_schema_policy_valid(const struct tutela_policy *p);
/* Of struct tutela_list: category_map. */
bool tutela_schema_map_valid(const char *s);

#endif
