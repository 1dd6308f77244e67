/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inner loops of tutela/jpeg_samples, one immutable table per
 * instruction set. Scalar is the specification; the others give the same bits.
 */
#ifndef TUTELA_JPEG_KERNELS_H
#define TUTELA_JPEG_KERNELS_H

#include <tutela/cpu.h>

/*
 * The 8-point inverse transform of libjpeg's ISLOW as a matrix: [x][u] is what
 * coefficient u adds to sample x, times 2^13. ISLOW is linear in exact
 * integers up to its two roundings, so this gives its samples to the bit as
 * long as nothing leaves 16 bits (JPEG_COEFFICIENT_MAX).
 * Source: C. Loeffler, A. Ligtenberg, G. Moschytz, ICASSP 1989; libjpeg jidctint.c.
 */
struct islow {
	int16_t m[8][8];
};

/*
 * Dequantised coefficients and first-pass results up to this keep every
 * 16-bit sum of libjpeg-turbo's vector code from wrapping round, and every 32-bit sum of
 * ours: 8 * 16383 * 11363 < 2^31.
 */
#define JPEG_COEFFICIENT_MAX 16383

/* Luma's quantisers, and the largest coefficient that each allows: JPEG_COEFFICIENT_MAX / q. */
struct quantisers {
	uint16_t q[64], most[64];
};

/* Samples wanted of one row of blocks. */
struct sample_columns {
	uint32_t n;
	const uint32_t *block; /* [n] ascending: the block that sample i lies in */
	const uint8_t *column; /* [n] its column in the block */
};

struct jpeg_kernels {
	/*
	 * Dequantise the blocks that samples are wanted of: 64 words each, in an
	 * order of the kernel's own, at the block's place in `out`. False when a
	 * coefficient is out of bounds.
	 */
	bool (*dequantise)(const int16_t *blocks, const struct quantisers *quantisers,
			   const struct sample_columns *columns, int16_t *out);

	/*
	 * Row `y` (0..7) of dequantised blocks at the wanted columns, 0..255.
	 * False when a result of the first pass is out of bounds.
	 */
	bool (*sample_row)(const struct islow *islow, const int16_t *dequantised, unsigned y,
			   const struct sample_columns *columns, uint8_t *out);

	/* Row `y` (0..7) of `n` dequantised blocks, all 8 n samples. False as above. */
	bool (*whole_row)(const struct islow *islow, const int16_t *dequantised, unsigned y, uint32_t n, uint8_t *out);

	/*
	 * Of `len` samples that whole_row made, those at the wanted columns, which are among them and go from left to
	 * right.
	 */
	void (*pick)(const uint8_t *row, uint32_t len, const struct sample_columns *columns, uint8_t *out);

	/*
	 * For each of the n blocks b: t[v] = sum over u, ascending, of
	 * blocks[b][u][v] * rows[u][v]; then for each j of first[b] .. first[b] +
	 * count[b] - 1, in order: sums[j][v] += t[v] * weights[..][v], taking the
	 * weights one after another. Floats, product rounded before the sum.
	 */
	void (*weigh_blocks)(const int16_t *blocks, uint32_t n, const float rows[8][8], const uint8_t *first,
			     const uint8_t *count, const float (*weights)[8], float (*sums)[8]);
};

/* Scalar `pick`, also the one of instruction sets that gain nothing by another. */
void tutela_jpeg_pick(const uint8_t *row, uint32_t len, const struct sample_columns *columns, uint8_t *out);

const struct jpeg_kernels *tutela_jpeg_kernels(enum tutela_isa isa);

#if defined(__x86_64__)
extern const struct jpeg_kernels tutela_jpeg_kernels_avx2;
#endif
#ifdef __AARCH64EL__
extern const struct jpeg_kernels tutela_jpeg_kernels_neon;
#endif

#endif
