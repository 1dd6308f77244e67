/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "decode/worker/jpeg_huffman.h"

struct dht {
	uint8_t counts[16];
	uint8_t values[256];
	unsigned n;
};

/* Code lengths and the first values of T.81's annex K for AC of luminance; the others, behind codes of 16 bits, by
 * count. */
static struct dht annex_k(void)
{
	struct dht d = {
		.counts = {0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d},
		.values = {0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06,
			   0x13, 0x51, 0x61, 0x07, 0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xa1, 0x08,
			   0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72},
		.n = 162,
	};

	for (unsigned i = 36; i < d.n; i++)
		d.values[i] = (uint8_t)(0x16 + i);
	return d;
}

static struct dht one_length(void)
{
	struct dht d = {.counts = {0, 0, 0, 8}, .values = {0x00, 0x01, 0x11, 0xf1, 0xf0, 0x02, 0x31, 0x10}, .n = 8};

	return d;
}

static struct dht lone_end(void)
{
	return (struct dht){.counts = {1}, .values = {0x00}, .n = 1};
}

/* One symbol from the first bits of a window of PAIR_PEEK; false when they do not hold it with its value. */
static bool next_symbol(const struct huffman *h, uint32_t window, unsigned *used, uint8_t *symbol, int *value)
{
	uint32_t rest = window << *used & ((1u << PAIR_PEEK) - 1);
	uint32_t slot = h->symbol[rest >> (PAIR_PEEK - HUFFMAN_PEEK)];
	unsigned length = slot >> 8, size = slot & 15, end = *used + length + size;
	int bits;

	if (!slot || end > PAIR_PEEK || length + size > HUFFMAN_PEEK)
		return false;
	bits = (int)(window >> (PAIR_PEEK - end) & ((1u << size) - 1));
	*value = size && bits < 1 << (size - 1) ? bits - (1 << size) + 1 : bits;
	*symbol = (uint8_t)slot;
	*used = end;
	return true;
}

/* What a pair should be, symbol by symbol. */
static struct pair walk(const struct huffman *h, uint32_t window)
{
	struct pair p = {.last = PAIR_NONE};
	unsigned used = 0, next = 0;
	uint8_t symbol;
	int value;

	for (int i = 0; i < 3 && next_symbol(h, window, &used, &symbol, &value); i++) {
		if (symbol == 0) {
			p.last = i ? p.last : 0;
			p.steps = (uint8_t)(next + PAIR_END);
			p.bits = (uint8_t)used;
			break;
		}
		if (i == 2 || (symbol & 15) == 0)
			break;
		p.last = (uint8_t)(next + (symbol >> 4));
		p.last_value = (int16_t)value;
		if (i == 0) {
			p.first = p.last;
			p.value = p.last_value;
		}
		next = p.last + 1u;
		p.steps = (uint8_t)next;
		p.bits = (uint8_t)used;
	}
	return p;
}

static void expect_pairs(const struct dht *d, unsigned least)
{
	static struct huffman h;
	static struct pairs pairs;
	unsigned two = 0;

	cr_assert(tutela_huffman_build(&h, d->counts, d->values, d->n, false));
	tutela_huffman_pairs(&h, &pairs);
	for (uint32_t window = 0; window < 1u << PAIR_PEEK; window++) {
		const struct pair *p = &pairs.at[window];
		struct pair want = walk(&h, window);

		cr_assert(p->bits == want.bits && p->steps == want.steps && p->first == want.first &&
				  p->last == want.last && p->value == want.value && p->last_value == want.last_value,
			  "window %#x", window);
		two += p->last != PAIR_NONE && p->last != p->first;
	}
	cr_assert_geq(two, least);
}

Test(jpeg_huffman, a_pair_is_its_symbols_one_after_another)
{
	const struct dht tables[] = {annex_k(), one_length(), lone_end()};

	expect_pairs(&tables[0], 1000);
	expect_pairs(&tables[1], 100);
	expect_pairs(&tables[2], 0);
}

Test(jpeg_huffman, a_dropped_dc_difference_uses_code_and_value)
{
	static const uint8_t counts[16] = {0, 1, 5, 1, 1, 1, 1, 1, 1},
			     values[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
	static struct huffman dc, ac;
	static struct skips skips;
	struct dht d = annex_k();

	cr_assert(tutela_huffman_build(&dc, counts, values, sizeof values, true));
	cr_assert(tutela_huffman_build(&ac, d.counts, d.values, d.n, false));
	tutela_huffman_skips(&dc, &ac, &skips);
	for (uint32_t window = 0; window < 1u << HUFFMAN_PEEK; window++) {
		uint32_t slot = dc.symbol[window];

		cr_assert_eq(skips.dc[window], (slot >> 8) + (slot & 15));
		if (dc.whole[window])
			cr_assert_eq(dc.whole[window] & 255, skips.dc[window]);
	}
	/* 00, 010 1, 1110 000001: differences 0, 1 and -62 */
	cr_assert_eq(dc.whole[0], 2);
	cr_assert_eq(dc.whole[0x5 << 6], 1 << 16 | 4);
	cr_assert_eq(dc.whole[0xe << 6 | 1] >> 16, -62);
}
