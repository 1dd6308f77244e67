/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/jpeg_huffman.h"

#include <string.h>

/* Sign-extend a magnitude of `size` bits: T.81, F.2.2.1 EXTEND. */
static int32_t extend(uint32_t v, unsigned size)
{
	return size && v < 1u << (size - 1) ? (int32_t)v - (1 << size) + 1 : (int32_t)v;
}

static void fill_symbols(struct huffman *h, uint32_t code, unsigned length, uint8_t value)
{
	uint32_t first, n;

	if (length > HUFFMAN_PEEK)
		return;
	first = code << (HUFFMAN_PEEK - length);
	n = 1u << (HUFFMAN_PEEK - length);
	for (uint32_t i = 0; i < n; i++)
		h->symbol[first + i] = (uint16_t)(length << 8 | value);
}

static void fill_whole(struct huffman *h, bool dc)
{
	for (uint32_t window = 0; window < 1u << HUFFMAN_PEEK; window++) {
		uint32_t slot = h->symbol[window];
		unsigned length = slot >> 8, run = (slot >> 4) & 15, size = slot & 15;
		uint32_t magnitude;

		if (!slot || (!size && !dc) || length + size > HUFFMAN_PEEK)
			continue;
		magnitude = (window >> (HUFFMAN_PEEK - length - size)) & ((1u << size) - 1);
		h->whole[window] = (int32_t)((uint32_t)extend(magnitude, size) << 16 | run << 8 | (length + size));
	}
}

/* The symbol behind `used` bits of a window of PAIR_PEEK. Bits past the window are zeros: see who asks. */
static uint32_t behind(uint32_t window, unsigned used)
{
	return (window << used & ((1u << PAIR_PEEK) - 1)) >> (PAIR_PEEK - HUFFMAN_PEEK);
}

static bool add_coefficient(const struct huffman *h, uint32_t window, struct pair *p)
{
	int32_t whole = h->whole[behind(window, p->bits)];
	unsigned used = whole & 255;

	if (!whole || p->bits + used > PAIR_PEEK)
		return false;
	p->last = (uint8_t)(p->steps + (whole >> 8 & 15));
	p->last_value = (int16_t)(whole >> 16);
	p->steps = (uint8_t)(p->last + 1);
	p->bits = (uint8_t)(p->bits + used);
	return true;
}

static bool add_end(const struct huffman *h, uint32_t window, struct pair *p)
{
	uint32_t slot = h->symbol[behind(window, p->bits)];
	unsigned used = slot >> 8;

	if (!slot || (slot & 255) || p->bits + used > PAIR_PEEK)
		return false;
	p->bits = (uint8_t)(p->bits + used);
	p->steps += PAIR_END;
	return true;
}

void tutela_huffman_pairs(const struct huffman *ac, struct pairs *out)
{
	for (uint32_t window = 0; window < 1u << PAIR_PEEK; window++) {
		struct pair p = {0};
		bool any = add_coefficient(ac, window, &p);

		p.first = p.last;
		p.value = p.last_value;
		if (any)
			(void)add_coefficient(ac, window, &p);
		if (!add_end(ac, window, &p) && !any)
			p.last = PAIR_NONE;
		out->at[window] = p;
	}
}

/* Walk symbols from the window's first bit for as long as a whole code is seen. */
static uint16_t skip_slot(const struct huffman *h, uint32_t window)
{
	unsigned used = 0, steps = 0;

	while (used < HUFFMAN_PEEK) {
		uint32_t rest = (window << used) & ((1u << HUFFMAN_PEEK) - 1);
		uint32_t slot = h->symbol[rest];
		unsigned length = slot >> 8, run = (slot >> 4) & 15, size = slot & 15;

		if (!slot || used + length > HUFFMAN_PEEK)
			break;
		if (size == 0 && run != 15) {
			/* EOB; EOBn does not exist in sequential scans and is treated by the reader as an error */
			if (run != 0)
				return used ? (uint16_t)(steps << 8 | used) : 0;
			return (uint16_t)((steps + SKIP_EOB) << 8 | (used + length));
		}
		used += length + size;
		steps += run + 1;
		if (used > 24 || steps > 63)
			break;
	}
	return steps > 63 ? 0 : (uint16_t)(steps << 8 | used);
}

void tutela_huffman_skips(const struct huffman *dc, const struct huffman *ac, struct skips *out)
{
	for (uint32_t window = 0; window < 1u << HUFFMAN_PEEK; window++) {
		uint32_t slot = dc->symbol[window];

		out->dc[window] = (uint16_t)((slot >> 8) + (slot & 15));
		out->ac[window] = skip_slot(ac, window);
	}
}

bool tutela_huffman_build(struct huffman *h, const uint8_t counts[16], const uint8_t *values, unsigned n, bool dc)
{
	int32_t code = 0;
	unsigned k = 0;

	memset(h, 0, sizeof *h);
	if (n > sizeof h->values)
		return false;
	memcpy(h->values, values, n);
	for (unsigned length = 1; length <= 16; length++) {
		h->offset[length] = (int32_t)k - code;
		for (unsigned i = 0; i < counts[length - 1]; i++, k++, code++) {
			if (k >= n || code >= 1 << length)
				return false;
			if (dc && values[k] > 11)
				return false;
			fill_symbols(h, (uint32_t)code, length, values[k]);
		}
		h->limit[length] = code << (16 - length);
		code <<= 1;
	}
	h->limit[17] = INT32_MAX;
	fill_whole(h, dc);
	h->defined = true;
	return k == n;
}

uint32_t tutela_huffman_long(const struct huffman *h, uint32_t bits)
{
	for (unsigned length = HUFFMAN_PEEK + 1; length <= 16; length++) {
		if ((int32_t)bits < h->limit[length]) {
			int32_t i = (int32_t)(bits >> (16 - length)) + h->offset[length];

			return i >= 0 && i < 256 ? (uint32_t)(length << 8 | h->values[i]) : 0;
		}
	}
	return 0;
}
