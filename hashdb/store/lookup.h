/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUTELA_STORE_LOOKUP_H
#define TUTELA_STORE_LOOKUP_H

#include "store/hits.h"
#include "store/snapshot.h"

/* One query on its way; snap, query, hits, work and limit are the caller's. */
struct lookup {
	struct tutela_snapshot *snap;
	const struct tutela_query *query;
	struct tutela_hits *hits; /* emptied by the caller */
	struct hits_work *work;
	size_t limit; /* 0: the default */
	int64_t now;
	bool exact;                  /* some hash is compared for equality */
	bool asked[ALGORITHMS];      /* perceptual: some list asks */
	uint32_t radius[ALGORITHMS]; /* the largest that one asks for */
};

/*
 * The steps, in this order: check the query and see what is to be asked
 * (TUTELA_E_ARG; works without `work`); the digests; the indexes; candidates
 * to hits. Neither lock nor LMDB is touched where there is no digest to ask
 * for and no candidate to look at.
 */
enum tutela_err tutela_lookup_begin(struct lookup *l);
enum tutela_err tutela_lookup_exact(struct lookup *l);
enum tutela_err tutela_lookup_near(struct lookup *l);
enum tutela_err tutela_lookup_end(struct lookup *l);

/* In place of tutela_lookup_near: what was found with the query's hash number `query`. */
enum tutela_err tutela_lookup_take(struct lookup *l, uint32_t query, const struct tutela_matches *matches);

/*
 * Every (distance, entry number) within `radius` of a perceptual hash that the
 * index files know, dead numbers included, each pair once for each place it
 * stands in; sorted by distance, then number.
 */
enum tutela_err tutela_lookup_search(struct tutela_store *s, const struct view *v, enum tutela_algorithm algorithm,
				     const uint8_t *code, unsigned radius, struct tutela_matches *out);

/* Say which index file it was that the search met damage in. Returns err, whatever it is. */
enum tutela_err tutela_lookup_failed(struct tutela_store *s, const struct segment_row *row, enum tutela_err err);

/* Largest distance that a list's policy calls a match; 0 for exact fingerprints. */
uint32_t tutela_lookup_threshold(const struct tutela_policy *p, enum tutela_algorithm algorithm);

#endif
