/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AVX2: eight rows at once where a sum runs along a row, eight columns at
 * once everywhere else, so that every lane does what the scalar loop does.
 */
#if defined(__x86_64__)

#if !defined(__AVX2__)
#error "hash_avx2.c needs -mavx2"
#endif

#include <immintrin.h>

typedef __m256 v8;

static inline v8 v8_all(float f)
{
	return _mm256_set1_ps(f);
}

static inline v8 v8_load(const float *p)
{
	return _mm256_loadu_ps(p);
}

static inline void v8_store(float *p, v8 v)
{
	_mm256_storeu_ps(p, v);
}

static inline v8 v8_add(v8 a, v8 b)
{
	return _mm256_add_ps(a, b);
}

static inline v8 v8_sub(v8 a, v8 b)
{
	return _mm256_sub_ps(a, b);
}

static inline v8 v8_mul(v8 a, v8 b)
{
	return _mm256_mul_ps(a, b);
}

static inline v8 v8_div(v8 a, v8 b)
{
	return _mm256_div_ps(a, b);
}

#include "hash/hash_lanes.h"

static inline void v8_transpose(v8 v[LANES])
{
	v8 a[LANES], b[LANES];

	foreach (i, LANES / 2) {
		a[2 * i] = _mm256_unpacklo_ps(v[2 * i], v[2 * i + 1]);
		a[2 * i + 1] = _mm256_unpackhi_ps(v[2 * i], v[2 * i + 1]);
	}
	foreach (i, LANES / 4) {
		b[4 * i] = _mm256_shuffle_ps(a[4 * i], a[4 * i + 2], 0x44);
		b[4 * i + 1] = _mm256_shuffle_ps(a[4 * i], a[4 * i + 2], 0xee);
		b[4 * i + 2] = _mm256_shuffle_ps(a[4 * i + 1], a[4 * i + 3], 0x44);
		b[4 * i + 3] = _mm256_shuffle_ps(a[4 * i + 1], a[4 * i + 3], 0xee);
	}
	foreach (i, LANES / 2) {
		v[i] = _mm256_permute2f128_ps(b[i], b[i + 4], 0x20);
		v[i + 4] = _mm256_permute2f128_ps(b[i], b[i + 4], 0x31);
	}
}

static void luma_gray(const uint8_t *px, size_t n, float *out)
{
	size_t i = 0;

	for (; i + LANES <= n; i += LANES) {
		__m128i bytes = _mm_loadl_epi64((const __m128i *)(px + i));

		_mm256_storeu_ps(out + i, _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)));
	}
	tutela_hash_scalar.luma_gray(px + i, n - i, out + i);
}

/*
 * Eight RGB pixels, four in each half. Reads 28 bytes, four more than it
 * uses: RGB_READ pixels must be there.
 */
#define RGB_READ (LANES + 2)
static __m256i load_rgb(const uint8_t *px)
{
	__m128i low = _mm_loadu_si128((const __m128i *)px);
	__m128i high = _mm_loadu_si128((const __m128i *)(px + 12));

	return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

/* In each half, from four packed pixels: bytes a and b of every pixel as two 16-bit numbers; b < 0 gives 0. */
static __m256i spread(int a, int b)
{
	char at[16];

	for (int i = 0; i < 4; i++) {
		at[4 * i] = (char)(3 * i + a);
		at[4 * i + 2] = b < 0 ? (char)-1 : (char)(3 * i + b);
		at[4 * i + 1] = at[4 * i + 3] = (char)-1;
	}
	return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)at));
}

static __m256 channel(__m256i rgb, __m256i pattern)
{
	return _mm256_cvtepi32_ps(_mm256_shuffle_epi8(rgb, pattern));
}

static void luma_rgb(const uint8_t *px, size_t n, float *out)
{
	const __m256 r = _mm256_set1_ps(0.299f), g = _mm256_set1_ps(0.587f), b = _mm256_set1_ps(0.114f);
	const __m256i take_r = spread(0, -1), take_g = spread(1, -1), take_b = spread(2, -1);
	size_t i = 0;

	for (; i + RGB_READ <= n; i += LANES) {
		__m256i rgb = load_rgb(px + 3 * i);
		__m256 sum =
			_mm256_add_ps(_mm256_mul_ps(r, channel(rgb, take_r)), _mm256_mul_ps(g, channel(rgb, take_g)));

		_mm256_storeu_ps(out + i, _mm256_add_ps(sum, _mm256_mul_ps(b, channel(rgb, take_b))));
	}
	tutela_hash_scalar.luma_rgb(px + 3 * i, n - i, out + i);
}

/* G's factor does not fit in 16 signed bits: half of it goes with R, half with B. */
static void gray_rgb(const uint8_t *px, size_t n, uint8_t *out)
{
	const __m256i take_rg = spread(0, 1), take_bg = spread(2, 1);
	const __m256i rg = _mm256_set1_epi32(19235 << 16 | 19595), bg = _mm256_set1_epi32(19235 << 16 | 7471);
	const __m256i half = _mm256_set1_epi32(32768);
	size_t i = 0;

	for (; i + RGB_READ <= n; i += LANES) {
		__m256i rgb = load_rgb(px + 3 * i);
		__m256i sum = _mm256_add_epi32(_mm256_madd_epi16(_mm256_shuffle_epi8(rgb, take_rg), rg),
					       _mm256_madd_epi16(_mm256_shuffle_epi8(rgb, take_bg), bg));
		__m256i gray = _mm256_srli_epi32(_mm256_add_epi32(sum, half), 16);
		__m128i words = _mm_packus_epi32(_mm256_castsi256_si128(gray), _mm256_extracti128_si256(gray, 1));

		_mm_storel_epi64((__m128i *)(out + i), _mm_packus_epi16(words, words));
	}
	tutela_hash_scalar.gray_rgb(px + 3 * i, n - i, out + i);
}

static uint32_t sum_of(__m256i v)
{
	__m128i half = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));

	half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
	half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1));
	return (uint32_t)_mm_cvtsi128_si32(half);
}

/* Lanes may wrap: everything is modulo 2^32. A pair of products is at most 2 * 255 * 2^15, so madd itself does not. */
static void weigh(const uint8_t *px, size_t stride, const int16_t *hi, const int16_t *lo, size_t n,
		  uint32_t out[WEIGH_ROWS])
{
	__m256i high[WEIGH_ROWS], low[WEIGH_ROWS];

	foreach (y, WEIGH_ROWS)
		high[y] = low[y] = _mm256_setzero_si256();
	for (size_t i = 0; i < n; i += WEIGHT_PAD) {
		__m256i h = _mm256_loadu_si256((const __m256i *)(hi + i));
		__m256i l = _mm256_loadu_si256((const __m256i *)(lo + i));

		foreach (y, WEIGH_ROWS) {
			__m128i bytes = _mm_loadu_si128((const __m128i *)(px + y * stride + i));
			__m256i v = _mm256_cvtepu8_epi16(bytes);

			high[y] = _mm256_add_epi32(high[y], _mm256_madd_epi16(v, h));
			low[y] = _mm256_add_epi32(low[y], _mm256_madd_epi16(v, l));
		}
	}
	foreach (y, WEIGH_ROWS)
		out[y] = sum_of(_mm256_add_epi32(_mm256_slli_epi32(high[y], WEIGHT_SHIFT), low[y]));
}

const struct hash_kernels tutela_hash_avx2 = {
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
