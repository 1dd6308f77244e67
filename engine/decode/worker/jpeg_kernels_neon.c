/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AArch64 Advanced SIMD. Products of floats are rounded before they are added:
 * no fused multiply-add. Tested under qemu-user, where nothing can be timed.
 */
#ifdef __AARCH64EL__
#include "decode/worker/jpeg_kernels.h"

#include <arm_neon.h>
#include <string.h>

/* 8 coefficients, dequantised, rows in their own order. *worst collects bits of those that are out of bounds. */
static inline int16x8_t scale(const int16_t *row, const struct quantisers *quantisers, unsigned k, uint16x8_t *worst)
{
	int16x8_t c = vld1q_s16(row + k);

	/* unsigned, so that abs(-32768) counts as what it is */
	*worst = vorrq_u16(*worst, vcgtq_u16(vreinterpretq_u16_s16(vabsq_s16(c)), vld1q_u16(quantisers->most + k)));
	return vmulq_s16(c, vreinterpretq_s16_u16(vld1q_u16(quantisers->q + k)));
}

static bool dequantise(const int16_t *blocks, const struct quantisers *quantisers, const struct sample_columns *columns,
		       int16_t *out)
{
	uint16x8_t worst = vdupq_n_u16(0);

	for (uint32_t i = 0; i < columns->n; i++) {
		size_t at = 64 * (size_t)columns->block[i];

		if (i && columns->block[i] == columns->block[i - 1])
			continue;
		for (unsigned k = 0; k < 64; k += 8)
			vst1q_s16(out + at + k, scale(blocks + at, quantisers, k, &worst));
	}
	return vmaxvq_u16(worst) == 0;
}

/* Four sums, rounded and shifted. */
static inline int32x4_t shifted(int32x4_t sum, uint32x4_t *worst)
{
	sum = vrshrq_n_s32(sum, 11);
	*worst = vorrq_u32(*worst, vcgtq_s32(vabsq_s32(sum), vdupq_n_s32(JPEG_COEFFICIENT_MAX)));
	return sum;
}

/* 8 first-pass values as 16-bit words; row: the islow's for y. */
static inline int16x8_t first_pass(const int16_t *block, const int16_t row[8], uint32x4_t *worst)
{
	int32x4_t low = vdupq_n_s32(0), high = low;

	for (unsigned u = 0; u < 8; u++) {
		int16x8_t c = vld1q_s16(block + 8 * u);

		low = vmlal_n_s16(low, vget_low_s16(c), row[u]);
		high = vmlal_high_n_s16(high, c, row[u]);
	}
	return vcombine_s16(vmovn_s32(shifted(low, worst)), vmovn_s32(shifted(high, worst)));
}

static inline int32x4_t second_pass(const struct islow *islow, int16x8_t pass, unsigned x)
{
	int16x8_t m = vld1q_s16(islow->m[x]);

	return vmlal_high_s16(vmull_s16(vget_low_s16(pass), vget_low_s16(m)), pass, m);
}

/* Four sums of four each, rounded, shifted, centred and clamped to bytes. */
static inline uint32_t four_samples(const int32x4_t s[4])
{
	int32x4_t sum = vpaddq_s32(vpaddq_s32(s[0], s[1]), vpaddq_s32(s[2], s[3]));
	uint16x4_t words = vqmovun_s32(vaddq_s32(vrshrq_n_s32(sum, 18), vdupq_n_s32(128)));

	return vget_lane_u32(vreinterpret_u32_u8(vqmovn_u16(vcombine_u16(words, words))), 0);
}

static bool sample_row(const struct islow *islow, const int16_t *dequantised, unsigned y,
		       const struct sample_columns *columns, uint8_t *out)
{
	int32x4_t zero = vdupq_n_s32(0), group[4] = {zero, zero, zero, zero};
	int16x8_t pass = vdupq_n_s16(0);
	uint32x4_t worst = vdupq_n_u32(0);
	uint32_t current = UINT32_MAX, bytes, i;

	for (i = 0; i < columns->n; i++) {
		if (columns->block[i] != current) {
			current = columns->block[i];
			pass = first_pass(dequantised + 64 * (size_t)current, islow->m[y], &worst);
		}
		group[i & 3] = second_pass(islow, pass, columns->column[i]);
		if ((i & 3) == 3) {
			bytes = four_samples(group);
			memcpy(out + i - 3, &bytes, 4);
		}
	}
	if (i & 3) {
		bytes = four_samples(group);
		memcpy(out + (i & ~3u), &bytes, i & 3);
	}
	return vmaxvq_u32(worst) == 0;
}

/* The matrix with samples beside each other: [v] holds what frequency v adds to samples 0..7. */
static void turn(const struct islow *islow, int16x8_t out[8])
{
	for (unsigned v = 0; v < 8; v++) {
		int16_t m[8];

		for (unsigned x = 0; x < 8; x++)
			m[x] = islow->m[x][v];
		out[v] = vld1q_s16(m);
	}
}

/* All 8 samples of a first pass. */
static inline uint8x8_t eight_samples(int16x8_t pass, const int16x8_t turned[8])
{
	int32x4_t low = vdupq_n_s32(0), high = low;
	int16_t p[8];
	uint16x4_t a, b;

	vst1q_s16(p, pass);
	for (unsigned v = 0; v < 8; v++) {
		low = vmlal_n_s16(low, vget_low_s16(turned[v]), p[v]);
		high = vmlal_high_n_s16(high, turned[v], p[v]);
	}
	a = vqmovun_s32(vaddq_s32(vrshrq_n_s32(low, 18), vdupq_n_s32(128)));
	b = vqmovun_s32(vaddq_s32(vrshrq_n_s32(high, 18), vdupq_n_s32(128)));
	return vqmovn_u16(vcombine_u16(a, b));
}

static bool whole_row(const struct islow *islow, const int16_t *dequantised, unsigned y, uint32_t n, uint8_t *out)
{
	uint32x4_t worst = vdupq_n_u32(0);
	int16x8_t turned[8];

	turn(islow, turned);
	for (uint32_t b = 0; b < n; b++) {
		int16x8_t pass = first_pass(dequantised + 64 * (size_t)b, islow->m[y], &worst);

		vst1_u8(out + 8 * (size_t)b, eight_samples(pass, turned));
	}
	return vmaxvq_u32(worst) == 0;
}

static inline float32x4_t add_product(float32x4_t sum, float32x4_t a, const float *b)
{
	return vaddq_f32(sum, vmulq_f32(a, vld1q_f32(b)));
}

static void weigh_blocks(const int16_t *blocks, uint32_t n, const float rows[8][8], const uint8_t *first,
			 const uint8_t *count, const float (*weights)[8], float (*sums)[8])
{
	for (uint32_t b = 0; b < n; b++, blocks += 64) {
		float32x4_t low = vdupq_n_f32(0), high = low;

		for (unsigned u = 0; u < 8; u++) {
			int16x8_t c = vld1q_s16(blocks + 8 * u);

			low = add_product(low, vcvtq_f32_s32(vmovl_s16(vget_low_s16(c))), rows[u]);
			high = add_product(high, vcvtq_f32_s32(vmovl_high_s16(c)), rows[u] + 4);
		}
		for (unsigned j = first[b]; j < (unsigned)first[b] + count[b]; j++, weights++) {
			vst1q_f32(sums[j], add_product(vld1q_f32(sums[j]), low, *weights));
			vst1q_f32(sums[j] + 4, add_product(vld1q_f32(sums[j] + 4), high, *weights + 4));
		}
	}
}

const struct jpeg_kernels tutela_jpeg_kernels_neon = {.dequantise = dequantise,
						      .sample_row = sample_row,
						      .whole_row = whole_row,
						      .pick = tutela_jpeg_pick,
						      .weigh_blocks = weigh_blocks};

#endif
