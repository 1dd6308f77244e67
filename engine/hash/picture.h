/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One picture on its way into every hash at once: rows go in from top to
 * bottom, hashes come out. Holds a few rows, never the picture.
 *
 * Callers: the decoder's codecs (a row at a time as libjpeg or libpng gives
 * them) and tutela_hash_pixels.
 */
#ifndef TUTELA_HASH_PICTURE_H
#define TUTELA_HASH_PICTURE_H

#include <tutela/hash.h>

struct picture;

/*
 * `channels` 1 (gray) or 3 (RGB); the size must be known. wants: the
 * TUTELA_WANT_PERCEPTUAL bits; others are ignored. Every buffer is allocated
 * here: tutela_picture_row cannot fail.
 * TUTELA_E_ARG, TUTELA_E_NOMEM.
 */
enum tutela_err tutela_picture_new(uint32_t width, uint32_t height, uint32_t channels, unsigned wants,
				   enum tutela_isa isa, struct picture **out);

/* The next row: width * channels bytes, read during the call. Rows past `height` are ignored. */
void tutela_picture_row(struct picture *p, const uint8_t *row);

/* Rows taken so far. */
uint32_t tutela_picture_rows(const struct picture *p);

/*
 * Finish. When rows are missing (a truncated file) they count as mid-gray
 * (128), as a decoder would have filled them. *out is zeroed first.
 */
void tutela_picture_finish(struct picture *p, struct tutela_perceptual *out);

void tutela_picture_free(struct picture *p);

#endif
