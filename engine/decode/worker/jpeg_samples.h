/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes from luma coefficients, computing what they need and nothing else.
 *
 * PDQ, ref: the exact samples of libjpeg's ISLOW at the 512 x 512 points, so the
 * hash is that of the decoded gray picture to the bit.
 * PDQ, full: the two boxes and the decimation are one linear map per axis; it is
 * multiplied into the transform's basis, so no pixel is made. Pixels that
 * a decoder would have clamped to 0..255 are not: on photographs this moves
 * half a bit on average; a block whose mean no picture has is declined. Up to 512 x 512 both dialects are one, and so
 * is their hash here. pHash and dHash: from all samples, which are again those of ISLOW.
 */
#ifndef TUTELA_JPEG_SAMPLES_H
#define TUTELA_JPEG_SAMPLES_H

#include <tutela/hash.h>

#include "decode/worker/jpeg_stream.h"

struct jpeg_samples;

/*
 * wants: of TUTELA_WANT_PERCEPTUAL. NULL when memory is short or
 * the picture is not one for this way: a side under 5 pixels, or under 128
 * when the other is over 512; quantisers over 15 bits.
 */
struct jpeg_samples *tutela_jpeg_samples_new(const struct jpeg_geometry *g, unsigned wants, enum tutela_isa isa);

/* The next row of blocks. False: coefficients that no encoder makes; declined. */
bool tutela_jpeg_samples_row(struct jpeg_samples *s, const int16_t *blocks);

/* After all rows of blocks: *out holds what was wanted, and zeros. */
void tutela_jpeg_samples_finish(struct jpeg_samples *s, struct tutela_perceptual *out);

void tutela_jpeg_samples_free(struct jpeg_samples *s);

#endif
