/* SPDX-License-Identifier: Apache-2.0 */
/* The memory behind struct tutela_hits: strings, labels and work arrays, kept from call to call. */
#ifndef TUTELA_STORE_HITS_H
#define TUTELA_STORE_HITS_H

#include <tutela/index.h>
#include <tutela/store.h>

/* Something that an index or the digests gave, not yet looked at. */
struct candidate {
	uint32_t number;
	uint32_t distance;
	uint32_t query; /* place in the query */
	uint16_t algorithm;
	uint16_t perceptual;
};

struct hits_block;

struct hits_memory {
	struct hits_block *blocks; /* of strings and labels */
	size_t n_blocks, capacity_hits;
	struct tutela_matches matches;
	struct candidate *candidates;
	size_t n_candidates, capacity_candidates;
	struct tutela_record record;
};

/* Empty h for a new answer; makes its memory at first. */
enum tutela_err tutela_hits_reset(struct tutela_hits *h);

/* len bytes, aligned for any type, that live as long as the answer; NULL on shortage. */
void *tutela_hits_alloc(struct hits_memory *m, size_t len);
/* A copy with a NUL after it; NULL on shortage. */
const char *tutela_hits_copy(struct hits_memory *m, const char *s, size_t len);

enum tutela_err tutela_hits_candidate(struct hits_memory *m, struct candidate c);

/* One more hit, zeroed, or NULL on shortage. */
struct tutela_hit *tutela_hits_add(struct tutela_hits *h);

#endif
