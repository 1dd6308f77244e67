/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Index files as the writer makes them. New fingerprints become a new file;
 * it takes in older files that are at most MERGE_FACTOR times as large as what
 * it already holds, smallest first. So file sizes grow geometrically, their
 * number stays logarithmic, and over many updates the work for one fingerprint
 * does so too. Pairs of entries that ended are dropped on the way; when half
 * of all pairs are dead everything is merged.
 */
#ifndef TUTELA_STORE_SEGMENT_WRITE_H
#define TUTELA_STORE_SEGMENT_WRITE_H

#include "store/session.h"

/* Fingerprints of one perceptual algorithm and their entries' numbers. */
struct pairs {
	uint8_t *codes;
	uint32_t *values;
	size_t n, capacity;
};

enum tutela_err tutela_pairs_add(struct pairs *p, const struct tutela_hash *h, uint32_t number);
void tutela_pairs_free(struct pairs *p);

/*
 * Put the pairs of an algorithm into a new index file, fsynced, and change the
 * manifest in w's transaction; frees them. `live`: how many pairs of this
 * algorithm are alive after the update. `all`: take in every older file.
 */
enum tutela_err tutela_segment_write(struct session *w, enum tutela_algorithm algorithm, struct pairs *p, uint64_t live,
				     bool all, unsigned threads);

#endif
