/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PNG's filters undone, some rows at a time, one immutable table per
 * instruction set. Scalar is the specification; the others give the same
 * bytes.
 *
 * Source: W3C Portable Network Graphics (second edition), section 9.
 */
#ifndef TUTELA_PNG_UNFILTER_H
#define TUTELA_PNG_UNFILTER_H

#include <tutela/cpu.h>

#define PNG_GROUP   8   /* rows undone in one call */
#define PNG_PAD     128 /* bytes before and behind each array below that a kernel may touch */
#define PNG_FILTERS 5   /* none, sub, up, average, Paeth */

struct png_group {
	uint32_t width, bpp; /* pixels; bytes of a pixel: 1 gray, 2 with alpha, 3 RGB, 4 with alpha */
	unsigned rows;       /* 1..PNG_GROUP */

	/* `rows` rows of 1 + width * bpp bytes: a filter under PNG_FILTERS, filtered samples. Only read. */
	const uint8_t *in;

	/*
	 * The row above, 4 bytes a pixel, those past bpp zero; for the first row
	 * of a picture all zero. After a group of PNG_GROUP rows it holds the
	 * last of them, after a smaller one nothing of use.
	 */
	uint8_t *above;

	/* Room for PNG_GROUP rows without alpha, `stride` bytes from one to the next, the pads in it. */
	uint8_t *out;
	size_t stride;
};

struct png_kernels {
	void (*unfilter)(const struct png_group *g);
};

/* Table for `isa` (AUTO: the best); scalar where there is no better one. */
const struct png_kernels *tutela_png_kernels(enum tutela_isa isa);

#if defined(__x86_64__)
extern const struct png_kernels tutela_png_kernels_avx2;
#endif

static inline uint32_t png_channels(uint32_t bpp)
{
	return bpp < 3 ? 1 : 3;
}

#endif
