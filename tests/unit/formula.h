/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pictures by formula (the patterns of the PDQ vectors) and small helpers
 * that several tests of hashing share. Written apart from the library, so
 * that the two can disagree.
 */
#ifndef TUTELA_TEST_FORMULA_H
#define TUTELA_TEST_FORMULA_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <tutela/hash.h>

/* zlib's CRC-32. */
static inline uint32_t formula_crc32(const void *p, size_t len)
{
	const uint8_t *b = p;
	uint32_t table[256], crc = UINT32_MAX;

	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (int k = 0; k < 8; k++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320u : 0);
	}
	for (size_t i = 0; i < len; i++)
		crc = crc >> 8 ^ table[(crc ^ b[i]) & 255];
	return ~crc;
}

/* The next number of a fixed sequence. */
static inline uint32_t formula_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

static inline uint32_t formula_sample(int pattern, uint32_t x, uint32_t y, uint32_t k, uint32_t w, uint32_t h,
				      uint32_t s)
{
	switch (pattern) {
	case 0:
		return 128;
	case 1:
		return w == 1 ? 0 : x * 255 / (w - 1);
	case 2:
		return s >> 24;
	case 3:
		return (x * x * 4096 / w + y * y * 3 * 4096 / h + 31 * k * 4096) >> 13;
	case 4:
		return ((x * 8 / w + y * 8 / h + k) & 1) ? 255 : 0;
	default:
		return ((x * 700 / w) ^ (y * 500 / h)) / 3 + (s >> 28) + 9 * k;
	}
}

/* Pattern 0..5 as w x h interleaved bytes; free() it. */
static inline uint8_t *formula_picture(int pattern, uint32_t w, uint32_t h, uint32_t channels)
{
	uint8_t *px = malloc((size_t)w * h * channels), *at = px;
	uint32_t s = 12345;

	for (uint32_t y = 0; px && y < h; y++)
		for (uint32_t x = 0; x < w; x++)
			for (uint32_t k = 0; k < channels; k++) {
				s = s * 1664525u + 1013904223u;
				*at++ = (uint8_t)formula_sample(pattern, x, y, k, w, h, s);
			}
	return px;
}

static inline struct tutela_pixels formula_pixels(const uint8_t *data, uint32_t w, uint32_t h, uint32_t channels)
{
	return (struct tutela_pixels){
		.data = data, .stride = (size_t)w * channels, .width = w, .height = h, .channels = channels};
}

static inline const char *formula_hex(const uint8_t *p, size_t len, char *buf)
{
	for (size_t i = 0; i < len; i++)
		snprintf(buf + 2 * i, 3, "%02x", p[i]);
	return buf;
}

/* The levels that hashing has kernels for and that this machine can run. */
static inline size_t formula_isas(enum tutela_isa out[2])
{
	out[0] = TUTELA_ISA_SCALAR;
	out[1] = TUTELA_ISA_AVX2;
	return tutela_cpu_has(TUTELA_ISA_AVX2) ? 2 : 1;
}

#endif
