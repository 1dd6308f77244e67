/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The diagonal permutation of format.h: bit k of row c goes to bit k of row
 * (c + 5k) mod 16.
 *
 * Rows are 16-bit lanes of a 256-bit number, so moving all rows on by s is a
 * rotation by 16s bits. A bit of column k must move on by 5k rows; k is written
 * in binary, and one rotation for each of its four digits moves those columns
 * in which the digit is set.
 */
#ifndef TUTELA_MATCH_PERMUTE_H
#define TUTELA_MATCH_PERMUTE_H

#include <stdint.h>
#include <string.h>

#define PERMUTE_STEP 5

struct code256 {
	uint64_t w[4];
};

static inline struct code256 code256_load(const void *p)
{
	struct code256 c;

	memcpy(c.w, p, sizeof(c.w));
	return c;
}

/* Row `r` (0 .. 15). */
static inline uint16_t code256_row(const struct code256 *c, unsigned r)
{
	return (uint16_t)(c->w[r / 4] >> (16 * (r % 4)));
}

/* Move the columns in `columns` on by `rows` (1 .. 15) rows. */
static inline struct code256 permute_move(struct code256 c, uint16_t columns, unsigned rows)
{
	const uint64_t mask = columns * UINT64_C(0x0001000100010001);
	unsigned words = rows / 4, bits = rows % 4 * 16;
	struct code256 out;

	for (unsigned i = 0; i < 4; i++) {
		uint64_t v = c.w[(i - words) & 3] << bits;

		if (bits)
			v |= c.w[(i - words - 1) & 3] >> (64 - bits);
		out.w[i] = (c.w[i] & ~mask) | (v & mask);
	}
	return out;
}

static inline struct code256 permute_forward(struct code256 c)
{
	c = permute_move(c, 0xaaaa, PERMUTE_STEP);
	c = permute_move(c, 0xcccc, 2 * PERMUTE_STEP);
	c = permute_move(c, 0xf0f0, 4 * PERMUTE_STEP % 16);
	return permute_move(c, 0xff00, 8 * PERMUTE_STEP % 16);
}

static inline struct code256 permute_backward(struct code256 c)
{
	c = permute_move(c, 0xaaaa, 16 - PERMUTE_STEP);
	c = permute_move(c, 0xcccc, 16 - 2 * PERMUTE_STEP);
	c = permute_move(c, 0xf0f0, 16 - 4 * PERMUTE_STEP % 16);
	return permute_move(c, 0xff00, 16 - 8 * PERMUTE_STEP % 16);
}

/*
 * The bits of an unpermuted code that make up row `r` of the permuted one: in
 * each of its rows just one, and in each column just one. So the row is the
 * exclusive or of all rows of (code & mask).
 */
static inline struct code256 permute_mask(unsigned r)
{
	struct code256 mask = {{0}};

	for (unsigned k = 0; k < 16; k++) {
		unsigned from = (r - PERMUTE_STEP * k) % 16;

		mask.w[from / 4] |= UINT64_C(1) << (16 * (from % 4) + k);
	}
	return mask;
}

static inline uint16_t permute_row(const struct code256 *c, const struct code256 *mask)
{
	uint64_t x = (c->w[0] & mask->w[0]) | (c->w[1] & mask->w[1]) | (c->w[2] & mask->w[2]) | (c->w[3] & mask->w[3]);

	x |= x >> 32;
	return (uint16_t)(x | x >> 16);
}

#endif
