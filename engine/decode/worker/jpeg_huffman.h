/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Huffman tables of JPEG, arranged so that one look-up decodes as much as it can.
 * Source: ITU-T T.81, annex C and F.2.2.
 */
#ifndef TUTELA_JPEG_HUFFMAN_H
#define TUTELA_JPEG_HUFFMAN_H

#include <stdbool.h>
#include <stdint.h>

#define HUFFMAN_PEEK 10 /* bits of the first look-up */

/*
 * One table. `symbol` answers every code of up to HUFFMAN_PEEK bits; longer
 * ones go through `limit`. A slot is length << 8 | symbol, 0 when the code is
 * longer or does not exist.
 */
struct huffman {
	bool defined;
	uint16_t symbol[1 << HUFFMAN_PEEK];
	/*
	 * Coefficients and DC differences whole: value << 16 | run << 8 | bits used,
	 * when code and value bits fit the look-up; 0 otherwise. Of an AC table no
	 * symbol without value bits is among them.
	 */
	int32_t whole[1 << HUFFMAN_PEEK];
	int32_t limit[18];  /* [l]: first code of more than l bits, left-aligned to 16; [17] past all */
	int32_t offset[17]; /* [l]: index into values minus the first code of l bits */
	uint8_t values[256];
};

#define PAIR_PEEK 11 /* bits of a look-up for two coefficients */

/*
 * One or two AC coefficients, and whether the block ends behind them, by the
 * next PAIR_PEEK bits. Places count from the next one in zigzag order.
 * One coefficient stands in both; an end alone is a zero at the next place.
 * Where the bits say neither, `last` is PAIR_NONE.
 */
struct pair {
	uint8_t bits;        /* used */
	uint8_t steps;       /* to the next place; PAIR_END more when the block ends */
	uint8_t first, last; /* places of the two */
	int16_t value, last_value;
};
#define PAIR_NONE 64
#define PAIR_END  64

struct pairs {
	struct pair at[1 << PAIR_PEEK];
};

/*
 * For a block that is dropped, by the next HUFFMAN_PEEK bits. AC: zigzag steps << 8 | bits used, over as many symbols
 * as fit; the value bits of the last may lie outside the window. Steps of SKIP_EOB and more: the block ends.
 * DC: bits used. 0: use `symbol`.
 */
struct skips {
	uint16_t dc[1 << HUFFMAN_PEEK], ac[1 << HUFFMAN_PEEK];
};
#define SKIP_EOB 64

/*
 * From the 16 counts and the values of a DHT segment. False when they are no
 * prefix code, or (for DC) name a category over 11.
 */
bool tutela_huffman_build(struct huffman *h, const uint8_t counts[16], const uint8_t *values, unsigned n, bool dc);

/* For the tables of what is kept and of what is dropped. */
void tutela_huffman_pairs(const struct huffman *ac, struct pairs *out);
void tutela_huffman_skips(const struct huffman *dc, const struct huffman *ac, struct skips *out);

/*
 * Length << 8 | symbol of the code that begins `bits` (16 bits,
 * left-aligned at bit 15); 0 when there is no such code.
 */
uint32_t tutela_huffman_long(const struct huffman *h, uint32_t bits);

#endif
