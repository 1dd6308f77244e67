/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUTELA_STORE_LOOKUP_H
#define TUTELA_STORE_LOOKUP_H

#include "store/snapshot.h"

/*
 * Every (distance, entry number) within `radius` of a perceptual hash that the
 * index files know, dead numbers included, each pair once for each place it
 * stands in; sorted by distance, then number.
 */
enum tutela_err tutela_lookup_search(const struct view *v, enum tutela_algorithm algorithm, const uint8_t *code,
				     unsigned radius, struct tutela_matches *out);

/* Largest distance that a list's policy calls a match; 0 for exact fingerprints. */
uint32_t tutela_lookup_threshold(const struct tutela_policy *p, enum tutela_algorithm algorithm);

#endif
