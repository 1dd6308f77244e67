/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AVX2 with POPCNT. Bits are counted by a table of 16 nibbles (pshufb): a byte
 * holds at most 8, so nothing overflows; psadbw adds the eight bytes of a lane
 * of 64 bits, at most 64. What is measured stands in kernels_avx512.c.
 */
#ifdef __x86_64__
#include "match/strip.h"

#ifndef __AVX2__
#error "kernels_avx2.c must be built with -mavx2 -mpopcnt"
#endif

#include <immintrin.h>
#include <string.h>

/* Bits set in each byte. */
static inline __m256i popcount_bytes(__m256i v)
{
	const __m256i nibbles = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3,
						 1, 2, 2, 3, 2, 3, 3, 4);
	const __m256i low = _mm256_set1_epi8(0x0f);
	__m256i a = _mm256_shuffle_epi8(nibbles, _mm256_and_si256(v, low));
	__m256i b = _mm256_shuffle_epi8(nibbles, _mm256_and_si256(_mm256_srli_epi16(v, 4), low));

	return _mm256_add_epi8(a, b);
}

/* Bits that differ, in each lane of 64. */
static inline __m256i distance_lanes(const uint8_t *code, __m256i query)
{
	__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)code);

	return _mm256_sad_epu8(popcount_bytes(_mm256_xor_si256(v, query)), _mm256_setzero_si256());
}

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline unsigned distance64(const uint8_t *a, const uint8_t *b)
{
	return (unsigned)_mm_popcnt_u64(load64(a) ^ load64(b));
}

static inline unsigned distance256(const uint8_t *a, const uint8_t *b)
{
	return distance64(a, b) + distance64(a + 8, b + 8) + distance64(a + 16, b + 16) + distance64(a + 24, b + 24);
}

/* Of four distances those that are at most `max`, appended. */
static inline size_t keep4(__m256i d, __m256i max, size_t at, struct near *out, size_t found)
{
	unsigned mask = (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpgt_epi64(d, max))) ^ 0xf;
	uint64_t each[4];

	if (!mask)
		return found;
	_mm256_storeu_si256((__m256i *)(void *)each, d);
	for (; mask; mask &= mask - 1) {
		unsigned i = (unsigned)_tzcnt_u32(mask);

		out[found++] = (struct near){(uint32_t)(at + i), (uint32_t)each[i]};
	}
	return found;
}

static size_t scan64(const uint8_t *codes, size_t n, const uint8_t *query, unsigned max, struct near *out)
{
	const __m256i q = _mm256_set1_epi64x((long long)load64(query)), m = _mm256_set1_epi64x(max);
	size_t found = 0, i = 0;

	for (; i + 4 <= n; i += 4)
		found = keep4(distance_lanes(codes + 8 * i, q), m, i, out, found);
	for (; i < n; i++) {
		unsigned d = distance64(codes + 8 * i, query);

		if (d <= max)
			out[found++] = (struct near){(uint32_t)i, d};
	}
	return found;
}

/* Four codes at once: the lanes of each are added by a transposition. */
static size_t scan256(const uint8_t *codes, size_t n, const uint8_t *query, unsigned max, struct near *out)
{
	const __m256i q = _mm256_loadu_si256((const __m256i *)(const void *)query), m = _mm256_set1_epi64x(max);
	size_t found = 0, i = 0;

	for (; i + 4 <= n; i += 4) {
		const uint8_t *p = codes + 32 * i;
		__m256i d0 = distance_lanes(p, q), d1 = distance_lanes(p + 32, q);
		__m256i d2 = distance_lanes(p + 64, q), d3 = distance_lanes(p + 96, q);
		__m256i a = _mm256_add_epi64(_mm256_unpacklo_epi64(d0, d1), _mm256_unpackhi_epi64(d0, d1));
		__m256i b = _mm256_add_epi64(_mm256_unpacklo_epi64(d2, d3), _mm256_unpackhi_epi64(d2, d3));
		__m256i d =
			_mm256_add_epi64(_mm256_permute2x128_si256(a, b, 0x20), _mm256_permute2x128_si256(a, b, 0x31));

		found = keep4(d, m, i, out, found);
	}
	for (; i < n; i++) {
		unsigned d = distance256(codes + 32 * i, query);

		if (d <= max)
			out[found++] = (struct near){(uint32_t)i, d};
	}
	return found;
}

static size_t pick256(const uint8_t *codes, const uint32_t *ids, size_t n, const uint8_t *query, unsigned max,
		      struct near *out)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned d = distance256(codes + 32 * (size_t)ids[i], query);

		if (d <= max)
			out[found++] = (struct near){(uint32_t)i, d};
	}
	return found;
}

/* Bit i is set when number i of the 16 at `p` differs from the query in at most `max` bits. */
static inline uint32_t sketch16(const uint16_t *p, __m256i query, __m256i max)
{
	__m256i v = _mm256_load_si256((const __m256i *)(const void *)p);
	__m256i d = _mm256_maddubs_epi16(popcount_bytes(_mm256_xor_si256(v, query)), _mm256_set1_epi8(1));
	__m256i far = _mm256_cmpgt_epi16(d, max);
	__m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(far), _mm256_extracti128_si256(far, 1));

	return (uint32_t)_mm_movemask_epi8(bytes) ^ 0xffff;
}

static inline uint32_t near_in_line(const uint16_t *line, uint16_t query, uint16_t max)
{
	const __m256i q = _mm256_set1_epi16((short)query), m = _mm256_set1_epi16((short)max);

	return sketch16(line, q, m) | sketch16(line + 16, q, m) << 16;
}

static size_t strips(struct strip *s, size_t *n, const uint16_t *query, const uint16_t *max, struct strip_near *out)
{
	return strips_pass(s, n, query, max, out, near_in_line);
}

/* What one query found in two lines: bit i for place at + i. */
struct hit_mask {
	uint64_t bits;
	uint32_t at, by;
};

static inline size_t unfold(const struct hit_mask *mask, size_t n, struct pair *out)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		for (uint64_t bits = mask[i].bits; bits; bits &= bits - 1)
			out[found++] = (struct pair){mask[i].at + (uint32_t)_tzcnt_u64(bits), mask[i].by};
	return found;
}

/* Masks are kept in any case, and counted when not empty: which are is not to be predicted. */
static size_t sketches(const uint16_t *base, size_t begin, size_t end, const uint16_t *query, const uint16_t *max,
		       size_t n, struct pair *out)
{
	struct hit_mask mask[KERNELS_QUERIES * KERNELS_LINES / 2 + 1];
	size_t masks = 0, start = begin & ~(size_t)31;

	for (size_t i = 0; i < n; i++) {
		const __m256i q = _mm256_set1_epi16((short)query[i]), m = _mm256_set1_epi16((short)max[i]);

		for (size_t p = start; p < end; p += 64) {
			uint64_t bits = sketch16(base + p, q, m) | sketch16(base + p + 16, q, m) << 16;

			if (end - p > 32)
				bits |= (uint64_t)(sketch16(base + p + 32, q, m) | sketch16(base + p + 48, q, m) << 16)
					<< 32;
			if (p < begin)
				bits &= ~UINT64_C(0) << (begin - p);
			if (end - p < 64)
				bits &= (UINT64_C(1) << (end - p)) - 1;
			mask[masks] = (struct hit_mask){bits, (uint32_t)p, (uint32_t)i};
			masks += bits != 0;
		}
	}
	return unfold(mask, masks, out);
}

static size_t pairs256(const uint8_t *codes, const uint8_t *queries, const struct pair *pairs, size_t n, unsigned max,
		       struct near *out)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned d = distance256(codes + 32 * (size_t)pairs[i].at, queries + 32 * (size_t)pairs[i].by);

		out[found] = (struct near){(uint32_t)i, d};
		found += d <= max;
	}
	return found;
}

const struct kernels tutela_kernels_avx2 = {
	.isa = TUTELA_ISA_AVX2,
	.scan64 = scan64,
	.scan256 = scan256,
	.pick256 = pick256,
	.strips = strips,
	.sketches = sketches,
	.pairs256 = pairs256,
};

#endif
