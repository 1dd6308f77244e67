/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AArch64 Advanced SIMD, which every such processor has: eight floats are two
 * registers. Products are rounded before they are added, as in scalar code: no
 * fused multiply-add. Tested under qemu-user, where nothing can be timed.
 *
 * Little endian only, as the search's kernels are.
 */
#ifdef __AARCH64EL__
#include <arm_neon.h>

typedef struct {
	float32x4_t low, high;
} v8;

static inline v8 v8_all(float f)
{
	return (v8){vdupq_n_f32(f), vdupq_n_f32(f)};
}

static inline v8 v8_load(const float *p)
{
	return (v8){vld1q_f32(p), vld1q_f32(p + 4)};
}

static inline void v8_store(float *p, v8 v)
{
	vst1q_f32(p, v.low);
	vst1q_f32(p + 4, v.high);
}

static inline v8 v8_add(v8 a, v8 b)
{
	return (v8){vaddq_f32(a.low, b.low), vaddq_f32(a.high, b.high)};
}

static inline v8 v8_sub(v8 a, v8 b)
{
	return (v8){vsubq_f32(a.low, b.low), vsubq_f32(a.high, b.high)};
}

static inline v8 v8_mul(v8 a, v8 b)
{
	return (v8){vmulq_f32(a.low, b.low), vmulq_f32(a.high, b.high)};
}

static inline v8 v8_div(v8 a, v8 b)
{
	return (v8){vdivq_f32(a.low, b.low), vdivq_f32(a.high, b.high)};
}

#include "hash/hash_lanes.h"

/* Rows of four floats to columns. */
static inline void transpose4(float32x4_t *a, float32x4_t *b, float32x4_t *c, float32x4_t *d)
{
	float64x2_t even_ab = vreinterpretq_f64_f32(vtrn1q_f32(*a, *b)),
		    odd_ab = vreinterpretq_f64_f32(vtrn2q_f32(*a, *b));
	float64x2_t even_cd = vreinterpretq_f64_f32(vtrn1q_f32(*c, *d)),
		    odd_cd = vreinterpretq_f64_f32(vtrn2q_f32(*c, *d));

	*a = vreinterpretq_f32_f64(vtrn1q_f64(even_ab, even_cd));
	*b = vreinterpretq_f32_f64(vtrn1q_f64(odd_ab, odd_cd));
	*c = vreinterpretq_f32_f64(vtrn2q_f64(even_ab, even_cd));
	*d = vreinterpretq_f32_f64(vtrn2q_f64(odd_ab, odd_cd));
}

static inline void v8_transpose(v8 v[LANES])
{
	foreach (i, 2) {
		transpose4(&v[4 * i].low, &v[4 * i + 1].low, &v[4 * i + 2].low, &v[4 * i + 3].low);
		transpose4(&v[4 * i].high, &v[4 * i + 1].high, &v[4 * i + 2].high, &v[4 * i + 3].high);
	}
	foreach (i, 4) {
		float32x4_t high = v[i].high;

		v[i].high = v[i + 4].low;
		v[i + 4].low = high;
	}
}

static inline v8 floats(uint8x8_t bytes)
{
	uint16x8_t words = vmovl_u8(bytes);

	return (v8){vcvtq_f32_u32(vmovl_u16(vget_low_u16(words))), vcvtq_f32_u32(vmovl_high_u16(words))};
}

static void luma_gray(const uint8_t *px, size_t n, float *out)
{
	size_t i = 0;

	for (; i + LANES <= n; i += LANES)
		v8_store(out + i, floats(vld1_u8(px + i)));
	tutela_hash_scalar.luma_gray(px + i, n - i, out + i);
}

static void luma_rgb(const uint8_t *px, size_t n, float *out)
{
	const v8 r = v8_all(0.299f), g = v8_all(0.587f), b = v8_all(0.114f);
	size_t i = 0;

	for (; i + LANES <= n; i += LANES) {
		uint8x8x3_t rgb = vld3_u8(px + 3 * i);
		v8 sum = v8_add(v8_mul(r, floats(rgb.val[0])), v8_mul(g, floats(rgb.val[1])));

		v8_store(out + i, v8_add(sum, v8_mul(b, floats(rgb.val[2]))));
	}
	tutela_hash_scalar.luma_rgb(px + 3 * i, n - i, out + i);
}

/* At most 65536 * 255 in 32 bits; the rounding shift adds the 32768. */
static inline uint16x4_t gray4(uint16x4_t r, uint16x4_t g, uint16x4_t b)
{
	uint32x4_t sum = vmlal_n_u16(vmlal_n_u16(vmull_n_u16(r, 19595), g, 38470), b, 7471);

	return vrshrn_n_u32(sum, 16);
}

static void gray_rgb(const uint8_t *px, size_t n, uint8_t *out)
{
	size_t i = 0;

	for (; i + LANES <= n; i += LANES) {
		uint8x8x3_t rgb = vld3_u8(px + 3 * i);
		uint16x8_t r = vmovl_u8(rgb.val[0]), g = vmovl_u8(rgb.val[1]), b = vmovl_u8(rgb.val[2]);
		uint16x4_t low = gray4(vget_low_u16(r), vget_low_u16(g), vget_low_u16(b));
		uint16x4_t high = gray4(vget_high_u16(r), vget_high_u16(g), vget_high_u16(b));

		vst1_u8(out + i, vmovn_u16(vcombine_u16(low, high)));
	}
	tutela_hash_scalar.gray_rgb(px + 3 * i, n - i, out + i);
}

/* sum + px * weight, eight pixels: two to a lane. */
static inline int32x4_t add_products(int32x4_t sum, int16x8_t px, int16x8_t weight)
{
	return vmlal_high_s16(vmlal_s16(sum, vget_low_s16(px), vget_low_s16(weight)), px, weight);
}

/* Lanes may wrap: everything is modulo 2^32. */
static void weigh(const uint8_t *px, size_t stride, const int16_t *hi, const int16_t *lo, size_t n,
		  uint32_t out[WEIGH_ROWS])
{
	int32x4_t high[WEIGH_ROWS], low[WEIGH_ROWS];

	foreach (y, WEIGH_ROWS)
		high[y] = low[y] = vdupq_n_s32(0);
	for (size_t i = 0; i < n; i += LANES) {
		int16x8_t h = vld1q_s16(hi + i), l = vld1q_s16(lo + i);

		foreach (y, WEIGH_ROWS) {
			int16x8_t v = vreinterpretq_s16_u16(vmovl_u8(vld1_u8(px + y * stride + i)));

			high[y] = add_products(high[y], v, h);
			low[y] = add_products(low[y], v, l);
		}
	}
	foreach (y, WEIGH_ROWS) {
		uint32x4_t sum = vshlq_n_u32(vreinterpretq_u32_s32(high[y]), WEIGHT_SHIFT);

		out[y] = vaddvq_u32(vaddq_u32(sum, vreinterpretq_u32_s32(low[y])));
	}
}

_Static_assert(WEIGHT_PAD % LANES == 0, "whole vectors of weights");

const struct hash_kernels tutela_hash_neon = {
	.luma_gray = luma_gray,
	.luma_rgb = luma_rgb,
	.gray_rgb = gray_rgb,
	.box_rows = box_rows,
	.box_rows_at = box_rows_at,
	.box_columns = box_columns,
	.dct = dct,
	.weigh = weigh,
};

#endif
