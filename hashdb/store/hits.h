/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory behind struct tutela_hits: strings and labels, kept from call to
 * call; and what a look-up works with until it has its hits.
 */
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

/* Of one look-up at a time. Zero-initialise, reuse, end with tutela_hits_work_free. */
struct hits_work {
	struct tutela_matches matches;
	struct candidate *candidates;
	size_t n_candidates, capacity_candidates;
	struct tutela_record record;
};
void tutela_hits_work_free(struct hits_work *w);
enum tutela_err tutela_hits_candidate(struct hits_work *w, struct candidate c);

/* Empty h for a new answer. Allocates nothing: an answer without hits costs no memory. */
void tutela_hits_reset(struct tutela_hits *h);

/* The work that h keeps for look-ups one after another; NULL on shortage. */
struct hits_work *tutela_hits_work(struct tutela_hits *h);

/* len bytes, aligned for any type, that live as long as the answer; NULL on shortage. */
void *tutela_hits_alloc(struct tutela_hits *h, size_t len);
/* A copy with a NUL after it; NULL on shortage. */
const char *tutela_hits_copy(struct tutela_hits *h, const char *s, size_t len);

/* One more hit, zeroed, or NULL on shortage. */
struct tutela_hit *tutela_hits_add(struct tutela_hits *h);

#endif
