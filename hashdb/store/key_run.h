/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of LMDB rows with an entry number each, collected to be written or
 * deleted in sorted order: keys are random, and a page that is touched once
 * for many of them is written once.
 */
#ifndef TUTELA_STORE_KEY_RUN_H
#define TUTELA_STORE_KEY_RUN_H

#include "store/schema.h"

/* When a run is full; what is added at once may go over it. Smaller in the tests of sudden death. */
#ifndef RUN_BYTES
#define RUN_BYTES ((size_t)32 << 20)
#endif

/*
 * The same of a set. Each time one is written, most pages of a large tree are: more memory would be quicker, but an
 * import of any size is to stay below 300 MB.
 */
#define SET_BYTES ((size_t)80 << 20)

/* A key: bytes + offset. */
struct key_ref {
	uint64_t prefix; /* set by sorting: what follows the bytes that all keys begin with */
	uint32_t offset, number;
	uint16_t len;
};

struct key_run {
	uint8_t *bytes; /* keys, one after the other */
	size_t used, room;
	struct key_ref *refs;
	size_t n, capacity;
};

/* len at most ENTRY_KEY_MAX. TUTELA_E_NOMEM. */
enum tutela_err tutela_key_run_add(struct key_run *run, const uint8_t *key, size_t len, uint32_t number);
/* The keys that a record has in "digests". */
enum tutela_err tutela_key_run_digests(struct key_run *run, const struct tutela_record *rec, uint32_t number);
bool tutela_key_run_full(const struct key_run *run);
/* By key, then number. */
void tutela_key_run_sort(struct key_run *run);
void tutela_key_run_clear(struct key_run *run);
void tutela_key_run_free(struct key_run *run);

struct key_slot {
	uint32_t hash;  /* of the key: says where it belongs and, almost always, that another key is another */
	uint32_t place; /* in the run + 1; 0: free */
};

/* A run whose keys can be asked for: each is in it once. */
struct key_set {
	struct key_run run;
	struct key_slot *slots; /* a power of two of them, at most three quarters used */
	size_t n_slots;
};
enum tutela_err tutela_key_set_add(struct key_set *set, const uint8_t *key, size_t len, uint32_t number);
bool tutela_key_set_has(const struct key_set *set, const uint8_t *key, size_t len);
bool tutela_key_set_full(const struct key_set *set);
void tutela_key_set_clear(struct key_set *set);
void tutela_key_set_free(struct key_set *set);

/* The first eight bytes as a number, so that most comparisons are one. */
uint64_t tutela_key_prefix(const void *p, size_t len);

#endif
