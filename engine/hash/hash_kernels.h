/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inner loops of hashing, one immutable table per instruction set.
 *
 * Scalar is the specification. Every other table gives the same bits: each
 * float is the result of the same operations in the same order, so a vector
 * may run across rows or across columns but never along a sum.
 */
#ifndef TUTELA_HASH_HASH_KERNELS_H
#define TUTELA_HASH_HASH_KERNELS_H

#include <tutela/cpu.h>

#define PDQ_SIDE  64 /* the decimated plane */
#define PDQ_FREQS 16 /* frequencies kept per axis */
#define BOX_ROWS  8  /* rows of a strip */

/* Strips: BOX_ROWS rows of floats at a stride that is a multiple of this, so that whole vectors may be touched. */
#define BOX_PAD 8

/* Weights of a resampled pixel: padded with zeros to a multiple of this. */
#define WEIGHT_PAD 16
#define WEIGH_ROWS 4

/* A weight of 22 fractional bits is hi * 2^WEIGHT_SHIFT + lo with lo in [0, 2^WEIGHT_SHIFT). */
#define WEIGHT_SHIFT 12

struct hash_kernels {
	/* Luminance of n pixels, for PDQ; RGB is (0.299f R + 0.587f G) + 0.114f B. */
	void (*luma_gray)(const uint8_t *px, size_t n, float *out);
	void (*luma_rgb)(const uint8_t *px, size_t n, float *out);

	/* Pillow's "L" of n RGB pixels: (19595 R + 38470 G + 7471 B + 32768) >> 16. */
	void (*gray_rgb)(const uint8_t *px, size_t n, uint8_t *out);

	/*
	 * Box of width w, 1 <= w <= n, along each of `rows` <= BOX_ROWS rows of
	 * n floats (pdq.md, "Jarosz blur"). A kernel may work on all BOX_ROWS
	 * rows of both strips. history: see box_history.
	 */
	void (*box_rows)(const float *in, float *out, size_t stride, unsigned rows, size_t n, size_t w, float *history);

	/* The same, keeping only the columns at[0] <= at[1] <= ... of each row. */
	void (*box_rows_at)(const float *in, size_t stride, unsigned rows, size_t n, size_t w,
			    const uint32_t at[PDQ_SIDE], float out[BOX_ROWS][PDQ_SIDE], float *history);

	/*
	 * One step down of a box along n columns at once: sum += add; sum -= sub;
	 * out = sum / count; in this order, each left out where its pointer is
	 * NULL. n is a multiple of BOX_PAD.
	 */
	void (*box_columns)(float *sum, const float *add, const float *sub, float *out, float count, size_t n);

	/* B = D A D^t, k ascending in each sum. */
	void (*dct)(const float a[PDQ_SIDE][PDQ_SIDE], const float d[PDQ_FREQS][PDQ_SIDE],
		    float b[PDQ_FREQS][PDQ_FREQS]);

	/*
	 * For each of WEIGH_ROWS rows the sum of px[i] * weight[i], modulo 2^32.
	 * n is a multiple of WEIGHT_PAD. Several rows at once, since the weights
	 * of a wide picture do not stay in the first-level cache.
	 */
	void (*weigh)(const uint8_t *px, size_t stride, const int16_t *hi, const int16_t *lo, size_t n,
		      uint32_t out[WEIGH_ROWS]);
};

extern const struct hash_kernels tutela_hash_scalar;
#if defined(__x86_64__)
extern const struct hash_kernels tutela_hash_avx2;
#endif
#ifdef __AARCH64EL__
extern const struct hash_kernels tutela_hash_neon;
#endif

/* Table for `isa` (AUTO: the best), or NULL when this machine cannot run that level. */
const struct hash_kernels *tutela_hash_kernels(enum tutela_isa isa);

/* Slots of BOX_ROWS floats that `history` needs for width w: a power of two, since kernels use it as a ring. */
static inline size_t box_history(size_t w)
{
	size_t slots = 2 * BOX_PAD;

	while (slots < w + BOX_PAD)
		slots *= 2;
	return slots;
}

#endif
