/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AArch64 Advanced SIMD, which every such processor has. vcnt counts the bits
 * of bytes; adding neighbours (vpaddq) then folds several codes into one vector
 * of distances. Tested under qemu-user, where nothing can be timed.
 *
 * Little endian only: lanes are read as the bytes of one number.
 */
#ifdef __AARCH64EL__
#include "match/strip.h"

#include <arm_neon.h>

static inline uint8x16_t count(const uint8_t *code, uint8x16_t query)
{
	return vcntq_u8(veorq_u8(vld1q_u8(code), query));
}

/* Bits that differ, by pairs of bytes: at most 16 in each of 16. */
static inline uint8x16_t count256(const uint8_t *code, uint8x16_t low, uint8x16_t high)
{
	return vaddq_u8(count(code, low), count(code + 16, high));
}

static inline unsigned distance64(const uint8_t *a, uint8x8_t b)
{
	return vaddv_u8(vcnt_u8(veor_u8(vld1_u8(a), b)));
}

static inline unsigned distance256(const uint8_t *code, uint8x16_t low, uint8x16_t high)
{
	return vaddlvq_u8(count256(code, low, high));
}

/* Distances of 16 codes of 64 bits. */
static inline uint8x16_t distances64(const uint8_t *p, uint8x16_t q)
{
	uint8x16_t a = vpaddq_u8(count(p, q), count(p + 16, q)), b = vpaddq_u8(count(p + 32, q), count(p + 48, q));
	uint8x16_t c = vpaddq_u8(count(p + 64, q), count(p + 80, q)),
		   d = vpaddq_u8(count(p + 96, q), count(p + 112, q));

	return vpaddq_u8(vpaddq_u8(a, b), vpaddq_u8(c, d));
}

/* Distances of 8 codes of 256 bits; bytes hold at most 128 before the last step widens them. */
static inline uint16x8_t distances256(const uint8_t *p, uint8x16_t low, uint8x16_t high)
{
	uint8x16_t a = vpaddq_u8(count256(p, low, high), count256(p + 32, low, high));
	uint8x16_t b = vpaddq_u8(count256(p + 64, low, high), count256(p + 96, low, high));
	uint8x16_t c = vpaddq_u8(count256(p + 128, low, high), count256(p + 160, low, high));
	uint8x16_t d = vpaddq_u8(count256(p + 192, low, high), count256(p + 224, low, high));

	return vpaddlq_u8(vpaddq_u8(vpaddq_u8(a, b), vpaddq_u8(c, d)));
}

static size_t scan64(const uint8_t *codes, size_t n, const uint8_t *query, unsigned max, struct near *out)
{
	const uint8x8_t one = vld1_u8(query);
	const uint8x16_t q = vcombine_u8(one, one), m = vdupq_n_u8((uint8_t)(max < 64 ? max : 64));
	size_t found = 0, i = 0;

	for (; i + 16 <= n; i += 16) {
		uint8x16_t d = distances64(codes + 8 * i, q);
		/* Four bits for each. */
		uint8x8_t folded = vshrn_n_u16(vreinterpretq_u16_u8(vcleq_u8(d, m)), 4);
		uint64_t mask = vget_lane_u64(vreinterpret_u64_u8(folded), 0) & UINT64_C(0x1111111111111111);
		uint8_t each[16];

		if (!mask)
			continue;
		vst1q_u8(each, d);
		for (; mask; mask &= mask - 1) {
			unsigned at = (unsigned)__builtin_ctzll(mask) / 4;

			out[found++] = (struct near){(uint32_t)(i + at), each[at]};
		}
	}
	for (; i < n; i++) {
		unsigned d = distance64(codes + 8 * i, one);

		if (d <= max)
			out[found++] = (struct near){(uint32_t)i, d};
	}
	return found;
}

static size_t scan256(const uint8_t *codes, size_t n, const uint8_t *query, unsigned max, struct near *out)
{
	const uint8x16_t low = vld1q_u8(query), high = vld1q_u8(query + 16);
	const uint16x8_t m = vdupq_n_u16((uint16_t)(max < 256 ? max : 256));
	size_t found = 0, i = 0;

	for (; i + 8 <= n; i += 8) {
		uint16x8_t d = distances256(codes + 32 * i, low, high);
		/* Eight bits for each. */
		uint8x8_t near = vmovn_u16(vcleq_u16(d, m));
		uint64_t mask = vget_lane_u64(vreinterpret_u64_u8(near), 0) & UINT64_C(0x0101010101010101);
		uint16_t each[8];

		if (!mask)
			continue;
		vst1q_u16(each, d);
		for (; mask; mask &= mask - 1) {
			unsigned at = (unsigned)__builtin_ctzll(mask) / 8;

			out[found++] = (struct near){(uint32_t)(i + at), each[at]};
		}
	}
	for (; i < n; i++) {
		unsigned d = distance256(codes + 32 * i, low, high);

		if (d <= max)
			out[found++] = (struct near){(uint32_t)i, d};
	}
	return found;
}

static size_t pick256(const uint8_t *codes, const uint32_t *ids, size_t n, const uint8_t *query, unsigned max,
		      struct near *out)
{
	const uint8x16_t low = vld1q_u8(query), high = vld1q_u8(query + 16);
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned d = distance256(codes + 32 * (size_t)ids[i], low, high);

		if (d <= max)
			out[found++] = (struct near){(uint32_t)i, d};
	}
	return found;
}

/* Which of 16 numbers of 16 bits are near: one bit of each byte, number i in byte i. */
static inline uint8x16_t sketch16(const uint16_t *p, uint8x16_t query, uint8x16_t max)
{
	static const uint8_t place[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
	uint8x16_t a = vcntq_u8(veorq_u8(vreinterpretq_u8_u16(vld1q_u16(p)), query));
	uint8x16_t b = vcntq_u8(veorq_u8(vreinterpretq_u8_u16(vld1q_u16(p + 8)), query));

	return vandq_u8(vcleq_u8(vpaddq_u8(a, b), max), vld1q_u8(place));
}

/* Bit i is set when number i of the line at `p` differs from the query in at most `max` bits. */
static inline uint32_t sketch32(const uint16_t *p, uint8x16_t query, uint8x16_t max)
{
	uint8x16_t bits = vpaddq_u8(sketch16(p, query, max), sketch16(p + 16, query, max));

	bits = vpaddq_u8(bits, bits);
	return vgetq_lane_u32(vreinterpretq_u32_u8(vpaddq_u8(bits, bits)), 0);
}

/* The same for two lines. */
static inline uint64_t sketch64(const uint16_t *p, uint8x16_t query, uint8x16_t max)
{
	uint8x16_t a = vpaddq_u8(sketch16(p, query, max), sketch16(p + 16, query, max));
	uint8x16_t b = vpaddq_u8(sketch16(p + 32, query, max), sketch16(p + 48, query, max));
	uint8x16_t bits = vpaddq_u8(a, b);

	return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(bits, bits)), 0);
}

static inline uint32_t near_in_line(const uint16_t *line, uint16_t query, uint16_t max)
{
	return sketch32(line, vreinterpretq_u8_u16(vdupq_n_u16(query)), vdupq_n_u8((uint8_t)max));
}

static size_t strips(struct strip *s, size_t *n, const uint16_t *query, const uint16_t *max, struct strip_near *out)
{
	return strips_pass(s, n, query, max, out, near_in_line);
}

static size_t sketches(const uint16_t *base, size_t begin, size_t end, const uint16_t *query, const uint16_t *max,
		       size_t n, struct pair *out)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		const uint8x16_t q = vreinterpretq_u8_u16(vdupq_n_u16(query[i])), m = vdupq_n_u8((uint8_t)max[i]);

		for (size_t p = begin & ~(size_t)31; p < end; p += 64) {
			uint64_t mask = end - p > 32 ? sketch64(base + p, q, m) : sketch32(base + p, q, m);

			if (p < begin)
				mask &= ~UINT64_C(0) << (begin - p);
			if (end - p < 64)
				mask &= (UINT64_C(1) << (end - p)) - 1;
			for (; mask; mask &= mask - 1)
				out[found++] =
					(struct pair){(uint32_t)p + (uint32_t)__builtin_ctzll(mask), (uint32_t)i};
		}
	}
	return found;
}

static size_t pairs256(const uint8_t *codes, const uint8_t *queries, const struct pair *pairs, size_t n, unsigned max,
		       struct near *out)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		const uint8_t *q = queries + 32 * (size_t)pairs[i].by;
		unsigned d = distance256(codes + 32 * (size_t)pairs[i].at, vld1q_u8(q), vld1q_u8(q + 16));

		out[found] = (struct near){(uint32_t)i, d};
		found += d <= max;
	}
	return found;
}

const struct kernels tutela_kernels_neon = {
	.isa = TUTELA_ISA_NEON,
	.scan64 = scan64,
	.scan256 = scan256,
	.pick256 = pick256,
	.strips = strips,
	.sketches = sketches,
	.pairs256 = pairs256,
};

#endif
