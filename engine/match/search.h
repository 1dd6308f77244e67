/* SPDX-License-Identifier: Apache-2.0 */
/* The two ways to search an image. */
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

#endif
