/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/jpeg_kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#ifndef __AVX2__
#error "this file is compiled with -mavx2"
#endif

/* 8 coefficients, dequantised. *worst collects bits of those that are out of bounds. */
static inline __m128i scale(const int16_t *row, const struct quantisers *quantisers, unsigned k, __m128i *worst)
{
	__m128i c = _mm_loadu_si128((const __m128i *)(const void *)row);
	__m128i q = _mm_loadu_si128((const __m128i *)(const void *)(quantisers->q + k));
	__m128i most = _mm_loadu_si128((const __m128i *)(const void *)(quantisers->most + k));

	/* unsigned, so that abs(-32768) counts as what it is */
	*worst = _mm_or_si128(*worst, _mm_subs_epu16(_mm_abs_epi16(c), most));
	return _mm_mullo_epi16(c, q);
}

/* The order of the words: for each two rows u and u + 1 their interleaving, v = 0..3 and then 4..7. */
static bool dequantise(const int16_t *blocks, const struct quantisers *quantisers, const struct sample_columns *columns,
		       int16_t *out)
{
	__m128i worst = _mm_setzero_si128();

	for (uint32_t i = 0; i < columns->n; i++) {
		size_t at = 64 * (size_t)columns->block[i];

		if (i && columns->block[i] == columns->block[i - 1])
			continue;
		for (unsigned k = 0; k < 64; k += 16) {
			__m128i a = scale(blocks + at + k, quantisers, k, &worst);
			__m128i b = scale(blocks + at + k + 8, quantisers, k + 8, &worst);

			_mm_storeu_si128((__m128i *)(void *)(out + at + k), _mm_unpacklo_epi16(a, b));
			_mm_storeu_si128((__m128i *)(void *)(out + at + k + 8), _mm_unpackhi_epi16(a, b));
		}
	}
	return _mm_testz_si128(worst, worst);
}

static inline __m256i broadcast_pair(const int16_t *m)
{
	int32_t pair;

	memcpy(&pair, m, sizeof pair);
	return _mm256_set1_epi32(pair);
}

/* 8 first-pass values as 16-bit words. */
static inline __m128i first_pass(const int16_t *block, const __m256i row[4], __m128i *worst)
{
	__m256i sum = _mm256_set1_epi32(1 << 10), large;

	for (int i = 0; i < 4; i++) {
		__m256i pairs = _mm256_loadu_si256((const __m256i *)(const void *)(block + 16 * i));

		sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, row[i]));
	}
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

static bool sample_row(const struct islow *islow, const int16_t *dequantised, unsigned y,
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
			current = columns->block[i];
			pass = first_pass(dequantised + 64 * (size_t)current, row, &worst);
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

/* The matrix by pairs of frequencies: in lane x the factors of sample x. */
static __m256i pair_factors(const struct islow *islow, unsigned v)
{
	int16_t m[8][2];

	for (unsigned x = 0; x < 8; x++)
		for (unsigned k = 0; k < 2; k++)
			m[x][k] = islow->m[x][v + k];
	return _mm256_loadu_si256((const __m256i *)(const void *)m);
}

/* All 8 samples of a first pass. */
static inline void eight_samples(__m128i pass, const __m256i factors[4], uint8_t *out)
{
	__m256i all = _mm256_broadcastsi128_si256(pass), sum = _mm256_set1_epi32(1 << 17);
	__m128i words;

	sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_shuffle_epi32(all, 0x00), factors[0]));
	sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_shuffle_epi32(all, 0x55), factors[1]));
	sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_shuffle_epi32(all, 0xaa), factors[2]));
	sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_shuffle_epi32(all, 0xff), factors[3]));
	sum = _mm256_add_epi32(_mm256_srai_epi32(sum, 18), _mm256_set1_epi32(128));
	words = _mm_packs_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
	_mm_storel_epi64((__m128i *)(void *)out, _mm_packus_epi16(words, words));
}

static bool whole_row(const struct islow *islow, const int16_t *dequantised, unsigned y, uint32_t n, uint8_t *out)
{
	__m128i worst = _mm_setzero_si128();
	__m256i row[4], factors[4];

	for (unsigned k = 0; k < 4; k++) {
		row[k] = broadcast_pair(&islow->m[y][2 * k]);
		factors[k] = pair_factors(islow, 2 * k);
	}
	for (uint32_t b = 0; b < n; b++)
		eight_samples(first_pass(dequantised + 64 * (size_t)b, row, &worst), factors, out + 8 * (size_t)b);
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

const struct jpeg_kernels tutela_jpeg_kernels_avx2 = {
	.dequantise = dequantise, .sample_row = sample_row, .whole_row = whole_row, .weigh_blocks = weigh_blocks};

#endif
