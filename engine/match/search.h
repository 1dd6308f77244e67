/* SPDX-License-Identifier: Apache-2.0 */
/* The ways to search an image. */
#ifndef TUTELA_MATCH_SEARCH_H
#define TUTELA_MATCH_SEARCH_H

#include "match/collect.h"
#include "match/image.h"
#include "match/kernels.h"

/*
 * Look at every code. `query` with its bits in the image's order.
 */
void tutela_flat_search(const struct image *im, const struct kernels *k, const uint8_t *query, struct collector *c);

/*
 * Through the tables of a TABLES image: the same result, for every radius;
 * where tables would not pay it looks at every code. `query` with its bits in
 * the image's order. Damage that is met becomes TUTELA_E_CORRUPT in c->err.
 */
void tutela_tables_search(const struct image *im, const struct kernels *k, const uint8_t *query, struct collector *c);

/* Most queries of a batch that are searched at once, for the memory's sake. */
#define TUTELA_SLICE_MAX 65536

/* Does tutela_slice_search serve for `n` queries, and is it the faster? */
bool tutela_slice_pays(const struct image *im, size_t n, unsigned radius);

/*
 * Up to TUTELA_SLICE_MAX queries (in text order) at once, each with the result
 * of tutela_tables_search, on a TABLES image and at a radius for which tables serve, in a team of `team` threads. *err
 * is the first failure of a single query. False when damage was met or memory was short: then the results are as on
 * entry, or empty, and the queries must be searched one by one.
 */
bool tutela_slice_search(const struct image *im, const struct kernels *k, const uint8_t *queries, size_t n,
			 const struct tutela_search_opts *opts, int team, struct tutela_matches *out,
			 enum tutela_err *err);

#endif
