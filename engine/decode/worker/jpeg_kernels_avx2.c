/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/jpeg_kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#ifndef __AVX2__
#error "this file is compiled with -mavx2"
#endif

/* A block dequantised, rows u and u + 1 interleaved: [pair] holds v = 0..3 in its low half, 4..7 in its high. */
struct pairs {
	__m256i p[4];
};

static inline __m128i dequantise(const int16_t *row, const uint16_t *q, __m128i *worst)
{
	__m128i c = _mm_loadu_si128((const __m128i *)(const void *)row);
	__m128i k = _mm_loadu_si128((const __m128i *)(const void *)q);
	/* quantisers are under 2^15 here: the caller checked */
	__m128i low = _mm_mullo_epi16(c, k), high = _mm_mulhi_epi16(c, k);
	/* a product that fits has a high word that is its sign */
	__m128i over = _mm_xor_si128(high, _mm_srai_epi16(low, 15));
	__m128i large = _mm_cmpgt_epi16(_mm_abs_epi16(low), _mm_set1_epi16(JPEG_COEFFICIENT_MAX));
	/* abs(-32768) stays negative: catch it by its sign */
	__m128i least = _mm_cmpeq_epi16(low, _mm_set1_epi16(INT16_MIN));

	*worst = _mm_or_si128(*worst, _mm_or_si128(over, _mm_or_si128(large, least)));
	return low;
}

static inline struct pairs load_block(const int16_t *block, const uint16_t q[64], __m128i *worst)
{
	struct pairs out;

	for (int i = 0; i < 4; i++) {
		__m128i a = dequantise(block + 16 * i, q + 16 * i, worst);
		__m128i b = dequantise(block + 16 * i + 8, q + 16 * i + 8, worst);

		out.p[i] = _mm256_set_m128i(_mm_unpackhi_epi16(a, b), _mm_unpacklo_epi16(a, b));
	}
	return out;
}

static inline __m256i broadcast_pair(const int16_t *m)
{
	int32_t pair;

	memcpy(&pair, m, sizeof pair);
	return _mm256_set1_epi32(pair);
}

/* 8 first-pass values as 16-bit words, and whether one was out of bounds. */
static inline __m128i first_pass(const struct pairs *p, const __m256i row[4], __m128i *worst)
{
	__m256i sum = _mm256_set1_epi32(1 << 10), large;

	for (int i = 0; i < 4; i++)
		sum = _mm256_add_epi32(sum, _mm256_madd_epi16(p->p[i], row[i]));
	sum = _mm256_srai_epi32(sum, 11);
	large = _mm256_cmpgt_epi32(_mm256_abs_epi32(sum), _mm256_set1_epi32(JPEG_COEFFICIENT_MAX));
	*worst = _mm_or_si128(*worst, _mm_or_si128(_mm256_castsi256_si128(large), _mm256_extracti128_si256(large, 1)));
	return _mm_packs_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
}

static inline __m128i second_pass(const struct islow *islow, __m128i pass, unsigned x)
{
	return _mm_madd_epi16(pass, _mm_loadu_si128((const __m128i *)(const void *)islow->m[x]));
}

/* Four sums of four each, rounded, shifted, centred and clamped to bytes. */
static inline uint32_t four_samples(const __m128i s[4])
{
	__m128i sum = _mm_hadd_epi32(_mm_hadd_epi32(s[0], s[1]), _mm_hadd_epi32(s[2], s[3]));

	sum = _mm_srai_epi32(_mm_add_epi32(sum, _mm_set1_epi32(1 << 17)), 18);
	sum = _mm_add_epi32(sum, _mm_set1_epi32(128));
	sum = _mm_packs_epi32(sum, sum);
	return (uint32_t)_mm_cvtsi128_si32(_mm_packus_epi16(sum, sum));
}

static bool sample_row(const struct islow *islow, const int16_t *blocks, const uint16_t quantisers[64], unsigned y,
		       const struct sample_columns *columns, uint8_t *out)
{
	__m128i worst = _mm_setzero_si128(), pass = worst, group[4] = {worst, worst, worst, worst};
	uint32_t current = UINT32_MAX, i;
	__m256i row[4];

	for (int k = 0; k < 4; k++)
		row[k] = broadcast_pair(&islow->m[y][2 * k]);
	for (i = 0; i < columns->n; i++) {
		uint32_t bytes;

		if (columns->block[i] != current) {
			struct pairs p;

			current = columns->block[i];
			p = load_block(blocks + 64 * (size_t)current, quantisers, &worst);
			pass = first_pass(&p, row, &worst);
		}
		group[i & 3] = second_pass(islow, pass, columns->column[i]);
		if ((i & 3) == 3) {
			bytes = four_samples(group);
			memcpy(out + i - 3, &bytes, 4);
		}
	}
	if (i & 3) {
		uint32_t bytes = four_samples(group);

		memcpy(out + (i & ~3u), &bytes, i & 3);
	}
	return _mm_testz_si128(worst, worst);
}

static inline __m256 load_floats(const int16_t *row)
{
	__m128i c = _mm_loadu_si128((const __m128i *)(const void *)row);

	return _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(c));
}

static void weigh_blocks(const int16_t *blocks, uint32_t n, const float rows[8][8], const uint8_t *first,
			 const uint8_t *count, const float (*weights)[8], float (*sums)[8])
{
	__m256 r[8];

	for (int u = 0; u < 8; u++)
		r[u] = _mm256_loadu_ps(rows[u]);
	for (uint32_t b = 0; b < n; b++, blocks += 64) {
		__m256 t = _mm256_setzero_ps();

		for (int u = 0; u < 8; u++)
			t = _mm256_add_ps(t, _mm256_mul_ps(load_floats(blocks + 8 * u), r[u]));
		for (unsigned j = first[b]; j < (unsigned)first[b] + count[b]; j++, weights++) {
			__m256 product = _mm256_mul_ps(t, _mm256_loadu_ps(*weights));

			_mm256_storeu_ps(sums[j], _mm256_add_ps(_mm256_loadu_ps(sums[j]), product));
		}
	}
}

const struct jpeg_kernels tutela_jpeg_kernels_avx2 = {.sample_row = sample_row, .weigh_blocks = weigh_blocks};

#endif
