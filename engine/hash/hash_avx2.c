/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AVX2: eight rows at once where a sum runs along a row, eight columns at
 * once everywhere else, so that every lane does what the scalar loop does.
 */
#include "hash/hash_kernels.h"

#if defined(__x86_64__)

#if !defined(__AVX2__)
#error "hash_avx2.c needs -mavx2"
#endif

#include <immintrin.h>

#define LANES 8

/*
 * for i in 0 .. n - 1, n <= 8, unrolled: vectors in arrays stay in registers
 * only then, and gcc does not do it by itself at -O2.
 */
#if defined(__clang__)
#define foreach(i, n) _Pragma("unroll") for (size_t i = 0; i < (n); i++)
#else
#define foreach(i, n) _Pragma("GCC unroll 8") for (size_t i = 0; i < (n); i++)
#endif

_Static_assert(LANES == BOX_ROWS && LANES == BOX_PAD, "a strip is as high as a vector is wide");

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

static inline void transpose(__m256 v[LANES])
{
	__m256 a[LANES], b[LANES];

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

/* Eight running sums side by side. The ring holds the inputs, one vector a column. */
struct running {
	const float *in;
	size_t stride, n, w;
	float *ring;
	size_t mask;
	__m256 sum;
};

static struct running running_init(const float *in, size_t stride, size_t n, size_t w, float *history)
{
	return (struct running){.in = in,
				.stride = stride,
				.n = n,
				.w = w,
				.ring = history,
				.mask = box_history(w) - 1,
				.sum = _mm256_setzero_ps()};
}

static inline float *ring_at(const struct running *r, size_t t)
{
	return r->ring + (t & r->mask) * LANES;
}

/* Columns t .. t + 7 into the ring; t is a multiple of 8, and the strip is padded to one. */
static inline void fetch(const struct running *r, size_t t)
{
	__m256 v[LANES];

	foreach (y, LANES)
		v[y] = _mm256_loadu_ps(r->in + y * r->stride + t);
	transpose(v);
	foreach (i, LANES)
		_mm256_store_ps(ring_at(r, t) + i * LANES, v[i]);
}

/* Input t enters, input t - w leaves, where they exist. */
static inline void step(struct running *r, size_t t)
{
	if (t < r->n)
		r->sum = _mm256_add_ps(r->sum, _mm256_load_ps(ring_at(r, t)));
	if (t >= r->w)
		r->sum = _mm256_sub_ps(r->sum, _mm256_load_ps(ring_at(r, t - r->w)));
}

/* How many inputs are in the sum after step t. */
static inline float count_at(const struct running *r, size_t t)
{
	size_t left = t + 1 > r->w ? t + 1 - r->w : 0;
	size_t right = t < r->n ? t + 1 : r->n;

	return (float)(right - left);
}

/* Division by a power of two is multiplication, to the bit. */
static inline bool power_of_two(size_t w)
{
	return (w & (w - 1)) == 0;
}

/* Steps t .. t + 7, all of them between the ends. */
static inline void steady(struct running *r, size_t t, float *out, bool multiply)
{
	__m256 v[LANES], by = _mm256_set1_ps(multiply ? 1.0f / (float)r->w : (float)r->w), sum = r->sum;

	foreach (i, LANES) {
		sum = _mm256_add_ps(sum, _mm256_load_ps(ring_at(r, t) + i * LANES));
		sum = _mm256_sub_ps(sum, _mm256_load_ps(ring_at(r, t + i - r->w)));
		v[i] = multiply ? _mm256_mul_ps(sum, by) : _mm256_div_ps(sum, by);
	}
	r->sum = sum;
	transpose(v);
	foreach (y, LANES)
		_mm256_storeu_ps(out + y * r->stride + t - r->w / 2, v[y]);
}

/* Step t near an end: one column of output, if it is there yet. */
static void edge(struct running *r, size_t t, float *out)
{
	float column[LANES];

	step(r, t);
	if (t < r->w / 2)
		return;
	_mm256_storeu_ps(column, _mm256_div_ps(r->sum, _mm256_set1_ps(count_at(r, t))));
	for (size_t y = 0; y < LANES; y++)
		out[y * r->stride + t - r->w / 2] = column[y];
}

static void box_rows(const float *in, float *out, size_t stride, unsigned rows, size_t n, size_t w, float *history)
{
	struct running r = running_init(in, stride, n, w, history);
	bool multiply = power_of_two(w);
	size_t end = n + w / 2;

	(void)rows;
	for (size_t t = 0; t < end; t += LANES) {
		if (t < n)
			fetch(&r, t);
		if (t >= w && t + LANES <= n) {
			if (multiply)
				steady(&r, t, out, true);
			else
				steady(&r, t, out, false);
			continue;
		}
		for (size_t i = t; i < t + LANES && i < end; i++)
			edge(&r, i, out);
	}
}

/* The sums after steps t .. t + 7, up to `end`. */
static inline void sums_of(struct running *r, size_t t, size_t end, float sums[LANES][LANES])
{
	if (t >= r->w && t + LANES <= r->n) {
		foreach (i, LANES) {
			r->sum = _mm256_add_ps(r->sum, _mm256_load_ps(ring_at(r, t) + i * LANES));
			r->sum = _mm256_sub_ps(r->sum, _mm256_load_ps(ring_at(r, t + i - r->w)));
			_mm256_storeu_ps(sums[i], r->sum);
		}
		return;
	}
	for (size_t i = 0; i < LANES && t + i < end; i++) {
		step(r, t + i);
		_mm256_storeu_ps(sums[i], r->sum);
	}
}

static void box_rows_at(const float *in, size_t stride, unsigned rows, size_t n, size_t w, const uint32_t at[PDQ_SIDE],
			float out[BOX_ROWS][PDQ_SIDE], float *history)
{
	struct running r = running_init(in, stride, n, w, history);
	size_t end = n + w / 2, j = 0;
	float sums[LANES][LANES];

	(void)rows;
	for (size_t t = 0; t < end; t += LANES) {
		if (t < n)
			fetch(&r, t);
		sums_of(&r, t, end, sums);
		for (; j < PDQ_SIDE && at[j] + w / 2 < t + LANES; j++) {
			size_t last = at[j] + w / 2;
			float count = count_at(&r, last);

			for (size_t y = 0; y < LANES; y++)
				out[y][j] = sums[last - t][y] / count;
		}
	}
}

static void box_columns(float *sum, const float *add, const float *sub, float *out, float count, size_t n)
{
	const __m256 by = _mm256_set1_ps(count);

	for (size_t i = 0; i < n; i += LANES) {
		__m256 v = _mm256_loadu_ps(sum + i);

		if (add)
			v = _mm256_add_ps(v, _mm256_loadu_ps(add + i));
		if (sub)
			v = _mm256_sub_ps(v, _mm256_loadu_ps(sub + i));
		_mm256_storeu_ps(sum + i, v);
		if (out)
			_mm256_storeu_ps(out + i, _mm256_div_ps(v, by));
	}
}

/* One row of D A: all 64 columns in registers. */
static void dct_row(const float a[PDQ_SIDE][PDQ_SIDE], const float d[PDQ_SIDE], float t[PDQ_SIDE])
{
	__m256 sum[PDQ_SIDE / LANES];

	foreach (j, PDQ_SIDE / LANES)
		sum[j] = _mm256_setzero_ps();
	for (size_t k = 0; k < PDQ_SIDE; k++) {
		__m256 f = _mm256_set1_ps(d[k]);

		foreach (j, PDQ_SIDE / LANES)
			sum[j] = _mm256_add_ps(sum[j], _mm256_mul_ps(f, _mm256_loadu_ps(&a[k][j * LANES])));
	}
	foreach (j, PDQ_SIDE / LANES)
		_mm256_storeu_ps(t + j * LANES, sum[j]);
}

static void dct(const float a[PDQ_SIDE][PDQ_SIDE], const float d[PDQ_FREQS][PDQ_SIDE], float b[PDQ_FREQS][PDQ_FREQS])
{
	float t[PDQ_SIDE], turned[PDQ_SIDE][PDQ_FREQS];

	for (size_t k = 0; k < PDQ_SIDE; k++)
		for (size_t j = 0; j < PDQ_FREQS; j++)
			turned[k][j] = d[j][k];
	for (size_t i = 0; i < PDQ_FREQS; i++) {
		__m256 low = _mm256_setzero_ps(), high = _mm256_setzero_ps();

		dct_row(a, d[i], t);
		for (size_t k = 0; k < PDQ_SIDE; k++) {
			__m256 f = _mm256_set1_ps(t[k]);

			low = _mm256_add_ps(low, _mm256_mul_ps(f, _mm256_loadu_ps(&turned[k][0])));
			high = _mm256_add_ps(high, _mm256_mul_ps(f, _mm256_loadu_ps(&turned[k][LANES])));
		}
		_mm256_storeu_ps(&b[i][0], low);
		_mm256_storeu_ps(&b[i][LANES], high);
	}
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
