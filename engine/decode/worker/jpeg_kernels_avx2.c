/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/jpeg_kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#ifndef __AVX2__
#error "this file is compiled with -mavx2"
#endif

/* for i in 0 .. n - 1, n <= 8, unrolled, which gcc does not do by itself at -O2. */
#if defined(__clang__)
#define foreach(i, n) _Pragma("unroll") for (unsigned i = 0; i < (n); i++)
#else
#define foreach(i, n) _Pragma("GCC unroll 8") for (unsigned i = 0; i < (n); i++)
#endif

/* Rows u and u + 1 of coefficients, dequantised. *worst collects bits of those that are out of bounds. */
static inline __m256i scale(const int16_t *rows, const struct quantisers *quantisers, unsigned k, __m256i *worst)
{
	__m256i c = _mm256_loadu_si256((const __m256i *)(const void *)(rows + k));
	__m256i q = _mm256_loadu_si256((const __m256i *)(const void *)(quantisers->q + k));
	__m256i most = _mm256_loadu_si256((const __m256i *)(const void *)(quantisers->most + k));

	/* unsigned, so that abs(-32768) counts as what it is */
	*worst = _mm256_or_si256(*worst, _mm256_subs_epu16(_mm256_abs_epi16(c), most));
	return _mm256_mullo_epi16(c, q);
}

/* a0 .. a7 b0 .. b7 to a0 b0 a1 b1 .. a7 b7. */
static inline __m256i interleave(__m256i rows)
{
	const __m128i turn = _mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);

	return _mm256_shuffle_epi8(_mm256_permute4x64_epi64(rows, 0xd8), _mm256_broadcastsi128_si256(turn));
}

/* The order of the words: for each two rows u and u + 1 their interleaving, v = 0..3 and then 4..7. */
static bool dequantise(const int16_t *blocks, const struct quantisers *quantisers, const struct sample_columns *columns,
		       int16_t *out)
{
	__m256i worst = _mm256_setzero_si256();
	uint32_t last = UINT32_MAX;

	for (uint32_t i = 0; i < columns->n; i++) {
		size_t at = 64 * (size_t)columns->block[i];

		if (columns->block[i] == last)
			continue;
		last = columns->block[i];
		foreach (u, 4) {
			__m256i rows = interleave(scale(blocks + at, quantisers, 16 * u, &worst));

			_mm256_storeu_si256((__m256i *)(void *)(out + at + 16 * u), rows);
		}
	}
	return _mm256_testz_si256(worst, worst);
}

static inline __m256i broadcast_pair(const int16_t *m)
{
	int32_t pair;

	memcpy(&pair, m, sizeof pair);
	return _mm256_set1_epi32(pair);
}

/* 8 first-pass values. */
static inline __m256i first_pass_wide(const int16_t *block, const __m256i row[4])
{
	__m256i sum = _mm256_set1_epi32(1 << 10);

	foreach (i, 4) {
		__m256i pairs = _mm256_loadu_si256((const __m256i *)(const void *)(block + 16 * i));

		sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, row[i]));
	}
	return _mm256_srai_epi32(sum, 11);
}

/* The same as 16-bit words, saturated, which *worst counts as out of bounds. */
static inline __m128i first_pass(const int16_t *block, const __m256i row[4], __m128i *worst)
{
	__m256i wide = first_pass_wide(block, row);
	__m128i words = _mm_packs_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));

	*worst = _mm_max_epu16(*worst, _mm_abs_epi16(words));
	return words;
}

static inline bool in_bounds(__m128i worst)
{
	__m128i over = _mm_subs_epu16(worst, _mm_set1_epi16(JPEG_COEFFICIENT_MAX));

	return _mm_testz_si128(over, over);
}

static inline __m128i second_pass(const struct islow *islow, __m128i pass, unsigned x)
{
	return _mm_madd_epi16(pass, _mm_loadu_si128((const __m128i *)(const void *)islow->m[x]));
}

/* Four sums of four each, rounded, shifted, centred and clamped to bytes. */
static inline uint32_t four_samples(const __m128i s[4])
{
	__m128i sum = _mm_hadd_epi32(_mm_hadd_epi32(s[0], s[1]), _mm_hadd_epi32(s[2], s[3]));

	sum = _mm_srai_epi32(_mm_add_epi32(sum, _mm_set1_epi32((1 << 17) + (128 << 18))), 18);
	sum = _mm_packs_epi32(sum, sum);
	return (uint32_t)_mm_cvtsi128_si32(_mm_packus_epi16(sum, sum));
}

/* What sample_row goes along: the block it is in, and its first pass. */
struct walk {
	const int16_t *dequantised;
	uint32_t current;
	__m256i row[4];
	__m128i pass, worst;
};

static inline __m128i next_sample(struct walk *w, const struct islow *islow, const struct sample_columns *columns,
				  uint32_t i)
{
	if (columns->block[i] != w->current) {
		w->current = columns->block[i];
		w->pass = first_pass(w->dequantised + 64 * (size_t)w->current, w->row, &w->worst);
	}
	return second_pass(islow, w->pass, columns->column[i]);
}

static bool sample_row(const struct islow *islow, const int16_t *dequantised, unsigned y,
		       const struct sample_columns *columns, uint8_t *out)
{
	__m128i zero = _mm_setzero_si128(), group[4] = {zero, zero, zero, zero};
	struct walk w = {.dequantised = dequantised, .current = UINT32_MAX, .pass = zero, .worst = zero};
	uint32_t bytes, i;

	foreach (k, 4)
		w.row[k] = broadcast_pair(&islow->m[y][2 * k]);
	for (i = 0; i + 4 <= columns->n; i += 4) {
		foreach (k, 4)
			group[k] = next_sample(&w, islow, columns, i + k);
		bytes = four_samples(group);
		memcpy(out + i, &bytes, 4);
	}
	for (uint32_t k = 0; i + k < columns->n; k++)
		group[k] = next_sample(&w, islow, columns, i + k);
	bytes = four_samples(group);
	memcpy(out + i, &bytes, columns->n - i);
	return in_bounds(w.worst);
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

/* All 8 samples of a first pass, not clamped. `pass`: its words in each half. */
static inline __m256i eight_samples(__m256i pass, const __m256i factors[4])
{
	/* the half of rounding, and the centre */
	__m256i sum = _mm256_set1_epi32((1 << 17) + (128 << 18));

	sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_shuffle_epi32(pass, 0x00), factors[0]));
	sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_shuffle_epi32(pass, 0x55), factors[1]));
	sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_shuffle_epi32(pass, 0xaa), factors[2]));
	sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_shuffle_epi32(pass, 0xff), factors[3]));
	return _mm256_srai_epi32(sum, 18);
}

/* 16 samples of two blocks side by side. In words and bytes the halves of the two alternate until they are stored. */
static inline __m128i two_blocks(const int16_t *block, const __m256i row[4], const __m256i factors[4], __m256i *worst)
{
	__m256i words = _mm256_packs_epi32(first_pass_wide(block, row), first_pass_wide(block + 64, row));
	__m256i left = eight_samples(_mm256_permute4x64_epi64(words, 0x88), factors);
	__m256i right = eight_samples(_mm256_permute4x64_epi64(words, 0xdd), factors);
	__m256i bytes = _mm256_packs_epi32(left, right);

	*worst = _mm256_max_epu16(*worst, _mm256_abs_epi16(words));
	bytes = _mm256_packus_epi16(bytes, bytes);
	return _mm_unpacklo_epi32(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
}

static bool whole_row(const struct islow *islow, const int16_t *dequantised, unsigned y, uint32_t n, uint8_t *out)
{
	__m256i row[4], factors[4], worst = _mm256_setzero_si256();
	int16_t last[2 * 64] = {0};
	uint32_t b = 0;

	foreach (k, 4) {
		row[k] = broadcast_pair(&islow->m[y][2 * k]);
		factors[k] = pair_factors(islow, 2 * k);
	}
	for (; b + 2 <= n; b += 2) {
		__m128i samples = two_blocks(dequantised + 64 * (size_t)b, row, factors, &worst);

		_mm_storeu_si128((__m128i *)(void *)(out + 8 * (size_t)b), samples);
	}
	if (b < n) {
		memcpy(last, dequantised + 64 * (size_t)b, 64 * sizeof *last);
		_mm_storel_epi64((__m128i *)(void *)(out + 8 * (size_t)b), two_blocks(last, row, factors, &worst));
	}
	return in_bounds(_mm_max_epu16(_mm256_castsi256_si128(worst), _mm256_extracti128_si256(worst, 1)));
}

/* Eight samples from i on, if they lie within 16 that are there. */
static inline bool pick_eight(const uint8_t *row, uint32_t len, const struct sample_columns *columns, uint32_t i,
			      uint8_t *out)
{
	__m256i block = _mm256_loadu_si256((const __m256i *)(const void *)(columns->block + i));
	__m256i column = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(columns->column + i)));
	__m256i at = _mm256_add_epi32(_mm256_slli_epi32(block, 3), column);
	uint32_t first = (uint32_t)_mm256_cvtsi256_si32(at), last = (uint32_t)_mm256_extract_epi32(at, 7);
	__m128i words, samples;

	if (last - first > 15 || len - first < 16)
		return false;
	at = _mm256_sub_epi32(at, _mm256_broadcastd_epi32(_mm256_castsi256_si128(at)));
	words = _mm_packs_epi32(_mm256_castsi256_si128(at), _mm256_extracti128_si256(at, 1));
	samples = _mm_loadu_si128((const __m128i *)(const void *)(row + first));
	samples = _mm_shuffle_epi8(samples, _mm_packus_epi16(words, words));
	_mm_storel_epi64((__m128i *)(void *)(out + i), samples);
	return true;
}

static void pick(const uint8_t *row, uint32_t len, const struct sample_columns *columns, uint8_t *out)
{
	uint32_t i = 0;

	while (i < columns->n) {
		if (i + 8 <= columns->n && pick_eight(row, len, columns, i, out)) {
			i += 8;
			continue;
		}
		out[i] = row[8 * (size_t)columns->block[i] + columns->column[i]];
		i++;
	}
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

	foreach (u, 8)
		r[u] = _mm256_loadu_ps(rows[u]);
	for (uint32_t b = 0; b < n; b++, blocks += 64) {
		__m256 t = _mm256_setzero_ps();

		foreach (u, 8)
			t = _mm256_add_ps(t, _mm256_mul_ps(load_floats(blocks + 8 * u), r[u]));
		for (unsigned j = first[b]; j < (unsigned)first[b] + count[b]; j++, weights++) {
			__m256 product = _mm256_mul_ps(t, _mm256_loadu_ps(*weights));

			_mm256_storeu_ps(sums[j], _mm256_add_ps(_mm256_loadu_ps(sums[j]), product));
		}
	}
}

const struct jpeg_kernels tutela_jpeg_kernels_avx2 = {.dequantise = dequantise,
						      .sample_row = sample_row,
						      .whole_row = whole_row,
						      .pick = pick,
						      .weigh_blocks = weigh_blocks};

#endif
