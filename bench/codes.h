/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 256-bit codes and queries by formula, from a seed.
 *
 * Uniform: random bits.
 *
 * Skewed: what a DCT hash makes of pictures with edges, flat areas and
 * symmetry, without making the pictures. A rectangle's DCT is a product of two
 * vectors that have a closed form (sums of cosines over an interval), so the
 * coefficients 1 .. 16 by 1 .. 16 of a picture of rectangles are a sum of
 * such products; each is compared with the median. 45 % have rectangles and noise, 35 % rectangles alone,
 * 20 % are nearly mirror-symmetric: odd columns next to nothing. 10 % are near-duplicates of one of
 * few popular originals.
 */
#ifndef TUTELA_BENCH_CODES_H
#define TUTELA_BENCH_CODES_H

#include <errno.h>
#include <math.h>

#include "bench.h"

enum codes_kind { CODES_UNIFORM, CODES_SKEWED };

#define CODES_ORIGINALS 1000

static inline const char *codes_name(enum codes_kind kind)
{
	return kind == CODES_SKEWED ? "skewed" : "uniform";
}

static inline double codes_real(uint64_t *state)
{
	return (double)(bench_random(state) >> 11) * 0x1p-53;
}

/* About normal: a sum of four, of variance 1. */
static inline double codes_normal(uint64_t *state)
{
	double sum = -2;

	for (int i = 0; i < 4; i++)
		sum += codes_real(state);
	return sum * 1.7320508;
}

static inline void codes_flip(uint8_t *code, unsigned n, uint64_t *state)
{
	uint8_t was[32];

	memcpy(was, code, 32);
	while (n > 0) {
		unsigned bit = bench_random(state) % 256;

		if ((code[bit / 8] ^ was[bit / 8]) >> bit % 8 & 1)
			continue;
		code[bit / 8] ^= (uint8_t)(1u << bit % 8);
		n--;
	}
}

/* Coefficients 1 .. 16 of the indicator of [a, b) in [0, 1): sin(pi k b) - sin(pi k a) over k. */
static inline void codes_interval(double a, double b, float v[16])
{
	double sa = sin(M_PI * a), ca = cos(M_PI * a), sb = sin(M_PI * b), cb = cos(M_PI * b);
	double xs = 0, xc = 1, ys = 0, yc = 1;

	for (int k = 1; k <= 16; k++) {
		double s = xs * ca + xc * sa, t = ys * cb + yc * sb;

		xc = xc * ca - xs * sa;
		yc = yc * cb - ys * sb;
		xs = s;
		ys = t;
		v[k - 1] = (float)((ys - xs) / k);
	}
}

static inline int codes_compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static inline void codes_skewed(uint8_t *code, uint64_t *state)
{
	double kind = codes_real(state), noise = kind < 0.45 ? 0.02 : 0.0005;
	unsigned rectangles = 2 + bench_random(state) % 7;
	float c[256] = {0}, sorted[256];

	for (unsigned r = 0; r < rectangles; r++) {
		double x = codes_real(state), y = codes_real(state), w = codes_real(state) * (1 - x);
		double h = codes_real(state) * (1 - y), gray = codes_normal(state);
		float u[16], v[16];

		codes_interval(x, x + w, u);
		codes_interval(y, y + h, v);
		for (int i = 0; i < 256; i++)
			c[i] += (float)gray * u[i % 16] * v[i / 16];
	}
	for (int i = 0; i < 256; i++) {
		if (kind >= 0.8 && i % 2 == 0)
			c[i] *= 0.01f;
		c[i] += (float)(noise * codes_normal(state) / (1 + i % 16 + i / 16));
	}
	memcpy(sorted, c, sizeof c);
	qsort(sorted, 256, sizeof sorted[0], codes_compare);
	memset(code, 0, 32);
	for (int i = 0; i < 256; i++)
		if (c[i] > sorted[127])
			code[i / 8] |= (uint8_t)(1u << i % 8);
}

/* Code number `i`. */
static inline void codes_make(enum codes_kind kind, uint64_t seed, uint64_t i, uint8_t *code)
{
	uint64_t state = seed * 0xd1342543de82ef95u + i * 0xda942042e4dd58b5u;

	if (kind == CODES_SKEWED) {
		if (i >= CODES_ORIGINALS && bench_random(&state) % 10 == 0) {
			/* The popular ones are popular. */
			double p = codes_real(&state);

			codes_make(kind, seed, (uint64_t)(p * p * CODES_ORIGINALS), code);
			codes_flip(code, bench_random(&state) % 17, &state);
			return;
		}
		codes_skewed(code, &state);
		return;
	}
	for (int j = 0; j < 32; j += 8) {
		uint64_t v = bench_random(&state);

		memcpy(code + j, &v, 8);
	}
}

static inline uint8_t *codes_array(enum codes_kind kind, uint64_t seed, size_t n)
{
	uint8_t *codes = bench_alloc(n * 32);

#pragma omp parallel for schedule(static)
	for (size_t i = 0; i < n; i++)
		codes_make(kind, seed, i, codes + 32 * i);
	return codes;
}

/* Half of them planted, 0 .. 31 bits from a code, half fresh. */
static inline uint8_t *codes_queries(enum codes_kind kind, uint64_t seed, const uint8_t *codes, size_t n, size_t nq)
{
	uint8_t *q = bench_alloc(nq * 32);
	uint64_t state = seed + 1;

	for (size_t i = 0; i < nq; i++) {
		if (i % 2) {
			codes_make(kind, seed + 2, CODES_ORIGINALS + i, q + 32 * i);
		} else {
			memcpy(q + 32 * i, codes + bench_random(&state) % n * 32, 32);
			codes_flip(q + 32 * i, bench_random(&state) % 32, &state);
		}
	}
	return q;
}

static inline uint32_t *codes_values(size_t n)
{
	uint32_t *v = bench_alloc(n * sizeof v[0]);

	for (size_t i = 0; i < n; i++)
		v[i] = (uint32_t)i;
	return v;
}

/* An unnamed file in $TMPDIR or /tmp. */
static inline int codes_file(void)
{
	char path[4096];
	const char *dir = getenv("TMPDIR");

	snprintf(path, sizeof path, "%s/tutela-bench-XXXXXX", dir && *dir ? dir : "/tmp");
	int fd = mkstemp(path);
	if (fd < 0)
		bench_die(path, strerror(errno));
	unlink(path);
	return fd;
}

#endif
