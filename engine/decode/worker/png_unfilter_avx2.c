/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Average and Paeth need the pixel to the left, so one row is bound by
 * latency, not by width. Eight rows go at once, each a little behind the row
 * above, so that at every step the eight pixels do not need each other: a
 * 32-bit lane per row, a byte per sample.
 *
 * Row r < 4 is r pixels behind row 0. Row 4 is 8 pixels more behind than
 * that: its row above is then what the block before gave for row 3, and
 * nothing crosses the halves of the register in a step.
 *
 * Any mixture of filters goes through the same steps, by masks per lane.
 *
 * Sums wrap round at 8 bits, as they must; differences end at 0, sums of
 * distances at 255, see paeth_step.
 */
#include "decode/worker/png_unfilter.h"

#if defined(__x86_64__)

#include <immintrin.h>

#ifndef __AVX2__
#error "this file is compiled with -mavx2"
#endif

#define BLOCK 8 /* pixels of each row between two transpositions */
#define SKEW  14

/* So that the size of a pixel is a constant all the way down. */
#define INLINE static inline __attribute__((always_inline))

/* skew(SKEW row) + a block: pixels past either end of a row that are touched */
_Static_assert((SKEW + BLOCK) * 4 <= PNG_PAD, "the pads hold what is touched outside");

struct state {
	__m256i sub, up, average, paeth; /* all ones in the lanes of rows with that filter */
	__m256i left, corner;            /* pixel to the left, above left */
	__m128i third[2];                /* row 3 of the block before */
};

/* Four pixels of one row, in the low bytes of four lanes after spread(). */
INLINE __m128i load(const uint8_t *p, unsigned bpp)
{
	if (bpp == 1)
		return _mm_loadu_si32(p);
	if (bpp == 2)
		return _mm_loadu_si64(p);
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

INLINE __m256i spread(__m256i v, unsigned bpp)
{
	const __m128i one = _mm_setr_epi8(0, -1, -1, -1, 1, -1, -1, -1, 2, -1, -1, -1, 3, -1, -1, -1);
	const __m128i two = _mm_setr_epi8(0, 1, -1, -1, 2, 3, -1, -1, 4, 5, -1, -1, 6, 7, -1, -1);
	const __m128i three = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);

	if (bpp == 4)
		return v;
	return _mm256_shuffle_epi8(v, _mm256_broadcastsi128_si256(bpp == 1 ? one : bpp == 2 ? two : three));
}

/* Rows to columns and back, in each half by itself. */
INLINE void transpose(__m256i v[4])
{
	__m256i a = _mm256_unpacklo_epi32(v[0], v[1]), b = _mm256_unpackhi_epi32(v[0], v[1]);
	__m256i c = _mm256_unpacklo_epi32(v[2], v[3]), d = _mm256_unpackhi_epi32(v[2], v[3]);

	v[0] = _mm256_unpacklo_epi64(a, c);
	v[1] = _mm256_unpackhi_epi64(a, c);
	v[2] = _mm256_unpacklo_epi64(b, d);
	v[3] = _mm256_unpackhi_epi64(b, d);
}

/*
 * What Paeth adds to c, the pixel above left. With lo and hi the smaller and
 * the larger of a and b: lo when hi - c is at most half of c - lo, hi when it
 * is the other way round, else c. Differences end at 0, which also gives lo
 * when c is over both and hi when it is under both; equal distances fall to
 * a or b before c, as they must.
 */
INLINE __m256i paeth_step(__m256i a, __m256i b, __m256i c, __m256i mask)
{
	__m256i lo = _mm256_min_epu8(a, b), hi = _mm256_max_epu8(a, b);
	__m256i down = _mm256_subs_epu8(c, lo), up = _mm256_subs_epu8(hi, c);
	__m256i to_hi = _mm256_cmpeq_epi8(_mm256_max_epu8(_mm256_adds_epu8(down, down), up), up);
	__m256i to_lo = _mm256_cmpeq_epi8(_mm256_max_epu8(_mm256_adds_epu8(up, up), down), down);

	up = _mm256_and_si256(_mm256_and_si256(up, mask), to_hi);
	down = _mm256_and_si256(_mm256_and_si256(down, mask), to_lo);
	return _mm256_sub_epi8(up, down);
}

/* One pixel of each row; b: the pixels above. */
INLINE __m256i step(struct state *s, __m256i raw, __m256i b, bool deep)
{
	__m256i a = s->left, odd = _mm256_and_si256(_mm256_xor_si256(a, b), _mm256_set1_epi8(1));
	__m256i mean = _mm256_sub_epi8(_mm256_avg_epu8(a, b), odd);

	raw = _mm256_add_epi8(raw, _mm256_or_si256(_mm256_and_si256(a, s->sub), _mm256_and_si256(b, s->up)));
	raw = _mm256_add_epi8(raw, _mm256_and_si256(mean, s->average));
	if (deep) {
		raw = _mm256_add_epi8(raw, _mm256_and_si256(s->corner, s->paeth));
		raw = _mm256_add_epi8(raw, paeth_step(a, b, s->corner, s->paeth));
	}
	s->corner = b;
	s->left = raw;
	return raw;
}

/* Four steps. above: four pixels of the row above row 0 and of that above row 4. */
INLINE void steps(struct state *s, __m256i v[4], __m256i above, bool deep)
{
	v[0] = step(s, v[0], _mm256_alignr_epi8(s->left, _mm256_slli_si256(above, 12), 12), deep);
	v[1] = step(s, v[1], _mm256_alignr_epi8(s->left, _mm256_slli_si256(above, 8), 12), deep);
	v[2] = step(s, v[2], _mm256_alignr_epi8(s->left, _mm256_slli_si256(above, 4), 12), deep);
	v[3] = step(s, v[3], _mm256_alignr_epi8(s->left, above, 12), deep);
}

/* Four pixels of row i and of row i + 4. */
INLINE void store(__m256i v, uint8_t *low, uint8_t *high, unsigned bpp)
{
	const __m128i gray = _mm_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
	const __m128i rgb = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);

	v = _mm256_shuffle_epi8(v, _mm256_broadcastsi128_si256(bpp < 3 ? gray : rgb));
	if (bpp < 3) {
		_mm_storeu_si32(low, _mm256_castsi256_si128(v));
		_mm_storeu_si32(high, _mm256_extracti128_si256(v, 1));
	} else {
		_mm_storeu_si128((__m128i *)(void *)low, _mm256_castsi256_si128(v));
		_mm_storeu_si128((__m128i *)(void *)high, _mm256_extracti128_si256(v, 1));
	}
}

/* Where the rows stand: pixel `t` of row 0 and those behind it. */
struct cursor {
	const uint8_t *in[PNG_GROUP];
	uint8_t *out[PNG_GROUP];
	uint8_t *above;
};

/* Half a block: pixels t + 4 * half on. head: those left of the picture are zero, whatever was read. */
INLINE void half_block(struct state *s, const struct cursor *c, size_t t, unsigned half, unsigned bpp, bool deep,
		       bool head)
{
	const __m256i skews = _mm256_setr_epi32(0, 1, 2, 3, 11, 12, 13, 14);
	size_t x = t + (size_t)4 * half, in = x * bpp, out = x * png_channels(bpp);
	const __m128i *top = (const __m128i *)(const void *)(c->above + 4 * x);
	__m256i v[4], above = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(top)), s->third[half], 1);

	for (unsigned i = 0; i < 4; i++)
		v[i] = spread(_mm256_inserti128_si256(_mm256_castsi128_si256(load(c->in[i] + in, bpp)),
						      load(c->in[i + 4] + in, bpp), 1),
			      bpp);
	transpose(v);
	for (unsigned i = 0; head && i < 4; i++)
		v[i] = _mm256_andnot_si256(_mm256_cmpgt_epi32(skews, _mm256_set1_epi32((int)(x + i))), v[i]);
	steps(s, v, above, deep);
	transpose(v);
	for (unsigned i = 0; i < 4; i++)
		store(v[i], c->out[i] + out, c->out[i + 4] + out, bpp);
	s->third[half] = _mm256_castsi256_si128(v[3]);
	_mm_storeu_si128((__m128i *)(void *)(c->above + 4 * x - (size_t)4 * SKEW), _mm256_extracti128_si256(v[3], 1));
}

INLINE void run(struct state *s, const struct cursor *c, uint32_t width, unsigned bpp, bool deep)
{
	size_t t = 0, end = (size_t)width + SKEW;

	for (; t < 2 * BLOCK; t += BLOCK) {
		half_block(s, c, t, 0, bpp, deep, true);
		half_block(s, c, t, 1, bpp, deep, true);
	}
	for (; t < end; t += BLOCK) {
		half_block(s, c, t, 0, bpp, deep, false);
		half_block(s, c, t, 1, bpp, deep, false);
	}
}

static void run_shallow(struct state *s, const struct cursor *c, uint32_t width, unsigned bpp)
{
	switch (bpp) {
	case 1:
		run(s, c, width, 1, false);
		break;
	case 2:
		run(s, c, width, 2, false);
		break;
	case 3:
		run(s, c, width, 3, false);
		break;
	case 4:
		run(s, c, width, 4, false);
		break;
	}
}

static void run_deep(struct state *s, const struct cursor *c, uint32_t width, unsigned bpp)
{
	switch (bpp) {
	case 1:
		run(s, c, width, 1, true);
		break;
	case 2:
		run(s, c, width, 2, true);
		break;
	case 3:
		run(s, c, width, 3, true);
		break;
	case 4:
		run(s, c, width, 4, true);
		break;
	}
}

static void unfilter(const struct png_group *g)
{
	size_t len = 1 + (size_t)g->width * g->bpp;
	int32_t filters[PNG_GROUP] = {0};
	struct cursor c = {.above = g->above};
	struct state s = {0};
	__m256i f;
	bool deep = false;

	for (unsigned r = 0; r < PNG_GROUP; r++) {
		size_t behind = r < 4 ? r : r + 7;

		/* a row that is not there: anything that may be read */
		c.in[r] = r < g->rows ? g->in + r * len + 1 - behind * g->bpp : g->in;
		c.out[r] = g->out + r * g->stride - behind * png_channels(g->bpp);
		filters[r] = r < g->rows ? g->in[r * len] : 0;
		deep |= filters[r] == 4;
	}
	f = _mm256_loadu_si256((const __m256i *)(const void *)filters);
	s.sub = _mm256_cmpeq_epi32(f, _mm256_set1_epi32(1));
	s.up = _mm256_cmpeq_epi32(f, _mm256_set1_epi32(2));
	s.average = _mm256_cmpeq_epi32(f, _mm256_set1_epi32(3));
	s.paeth = _mm256_cmpeq_epi32(f, _mm256_set1_epi32(4));
	if (deep)
		run_deep(&s, &c, g->width, g->bpp);
	else
		run_shallow(&s, &c, g->width, g->bpp);
}

const struct png_kernels tutela_png_kernels_avx2 = {.unfilter = unfilter};

#endif
