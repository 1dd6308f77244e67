/* SPDX-License-Identifier: Apache-2.0 */
/* The two indexes of faiss that hold 256-bit codes exactly, for C. One thread. Ids are the places of the codes. */
#ifndef TUTELA_BENCH_PEER_FAISS_H
#define TUTELA_BENCH_PEER_FAISS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct peer;

/* IndexBinaryMultiHash(256, 16, 16) with nflip 1, or IndexBinaryFlat(256). NULL when memory is short. */
struct peer *peer_new(int multi_hash, const uint8_t *codes, size_t n);
void peer_free(struct peer *p);

/* All within 31 bits; at most `cap` ids are written. Returns how many there are, -1 on failure. */
long peer_search(struct peer *p, const uint8_t *query, int64_t *ids, int32_t *distances, size_t cap);

#ifdef __cplusplus
}
#endif

#endif
