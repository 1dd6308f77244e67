/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pHash and dHash of a picture whose rows arrive one by one, as Python's
 * ImageHash computes them: Pillow's gray, Pillow's 8-bit Lanczos resize to
 * 32x32 or 9x8, then DCT and median, or neighbours compared.
 *
 * Memory: about 54 bytes for each pixel of a row, none for the height.
 */
#ifndef TUTELA_HASH_IMAGEHASH_H
#define TUTELA_HASH_IMAGEHASH_H

#include <tutela/hash.h>

#include "hash/hash_kernels.h"

struct imagehash;

/* wants: TUTELA_WANT_PHASH, TUTELA_WANT_DHASH or both. TUTELA_E_ARG, TUTELA_E_NOMEM. */
enum tutela_err tutela_imagehash_new(uint32_t width, uint32_t height, uint32_t channels, unsigned wants,
				     const struct hash_kernels *kernels, struct imagehash **out);

/* Row number y of the picture; every row once, in order. */
void tutela_imagehash_row(struct imagehash *h, const uint8_t *row, uint32_t y);

/* After the last row. Sets phash and dhash of *out where they were wanted. */
void tutela_imagehash_finish(struct imagehash *h, struct tutela_perceptual *out);

void tutela_imagehash_free(struct imagehash *h);

#endif
