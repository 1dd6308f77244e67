/* SPDX-License-Identifier: Apache-2.0 */
/* Portable C: the specification of all kernels, built without vectorisation. */
#include "match/strip.h"

#include <string.h>

/* Bits set, by adding neighbours in pairs, fours and eights. */
static unsigned popcount64(uint64_t x)
{
	x -= x >> 1 & UINT64_C(0x5555555555555555);
	x = (x & UINT64_C(0x3333333333333333)) + (x >> 2 & UINT64_C(0x3333333333333333));
	x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (unsigned)(x * UINT64_C(0x0101010101010101) >> 56);
}

static uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Distance of two codes of 8 * words bytes. */
static unsigned distance(const uint8_t *a, const uint8_t *b, size_t words)
{
	unsigned d = 0;

	for (size_t i = 0; i < words; i++)
		d += popcount64(load64(a + 8 * i) ^ load64(b + 8 * i));
	return d;
}

static size_t scan64(const uint8_t *codes, size_t n, const uint8_t *query, unsigned max, struct near *out)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned d = distance(codes + 8 * i, query, 1);

		if (d <= max)
			out[found++] = (struct near){(uint32_t)i, d};
	}
	return found;
}

static size_t scan256(const uint8_t *codes, size_t n, const uint8_t *query, unsigned max, struct near *out)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned d = distance(codes + 32 * i, query, 4);

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
		unsigned d = distance(codes + 32 * (size_t)ids[i], query, 4);

		if (d <= max)
			out[found++] = (struct near){(uint32_t)i, d};
	}
	return found;
}

static uint32_t near_in_line(const uint16_t *line, uint16_t query, uint16_t max)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < STRIP_LINE; i++)
		bits |= (uint32_t)(popcount64(line[i] ^ query) <= max) << i;
	return bits;
}

static size_t strips(struct strip *s, size_t *n, const uint16_t *query, const uint16_t *max, struct strip_near *out)
{
	return strips_pass(s, n, query, max, out, near_in_line);
}

static size_t sketches(const uint16_t *base, size_t begin, size_t end, const uint16_t *query, const uint16_t *max,
		       size_t n, struct pair *out)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t p = begin; p < end; p++)
			if (popcount64(base[p] ^ query[i]) <= max[i])
				out[found++] = (struct pair){(uint32_t)p, (uint32_t)i};
	return found;
}

static size_t pairs256(const uint8_t *codes, const uint8_t *queries, const struct pair *pairs, size_t n, unsigned max,
		       struct near *out)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned d = distance(codes + 32 * (size_t)pairs[i].at, queries + 32 * (size_t)pairs[i].by, 4);

		if (d <= max)
			out[found++] = (struct near){(uint32_t)i, d};
	}
	return found;
}

const struct kernels tutela_kernels_scalar = {
	.isa = TUTELA_ISA_SCALAR,
	.scan64 = scan64,
	.scan256 = scan256,
	.pick256 = pick256,
	.strips = strips,
	.sketches = sketches,
	.pairs256 = pairs256,
};
