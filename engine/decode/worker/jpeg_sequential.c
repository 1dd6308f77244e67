/* SPDX-License-Identifier: Apache-2.0 */
/* The one scan of a sequential JPEG file: luma into a row of MCUs, chroma parsed and dropped. T.81, annex F. */
#include <string.h>

#include "base/mem.h"
#include "decode/worker/jpeg_parts.h"

/* One symbol, of any length. False: declined. *k is past 63 when the block ends. */
static inline bool take_one(struct bits *b, const struct huffman *h, int16_t *block, unsigned *k)
{
	uint32_t code = next_code(b, h);
	unsigned run = code >> 4 & 15, size = code & 15;

	if (!code)
		return false;
	bits_drop(b, code >> 8);
	if (size == 0 && run == 0) {
		*k = 64;
		return true;
	}
	*k += run;
	if (*k > 63)
		return false;
	if (size == 0) {
		*k += 1;
		return run == 15 && *k <= 63;
	}
	block[tutela_jpeg_natural[*k]] = (int16_t)extend(bits_take(b, size), size);
	*k += 1;
	return true;
}

/*
 * What the next PAIR_PEEK bits hold. False: take one symbol. So it is near the
 * end of a block too, where the bits behind its last coefficient are not its own.
 */
static inline bool take_pair(struct bits *b, const struct pairs *pairs, int16_t *block, unsigned *k)
{
	const struct pair *p = &pairs->at[bits_peek(b, PAIR_PEEK)];
	unsigned last = *k + p->last;

	if (last > 62)
		return false;
	block[tutela_jpeg_natural[*k + p->first]] = p->value;
	block[tutela_jpeg_natural[last]] = p->last_value;
	bits_drop(b, p->bits);
	*k += p->steps;
	return true;
}

/* The 63 AC coefficients of a sequential block, into natural order. False: declined. */
static inline bool take_ac(struct bits *b, const struct pairs *pairs, const struct huffman *h, int16_t *block)
{
	unsigned k = 1;

	while (k < 64) {
		/* A look-up uses at most 11 of 56 bits, one symbol at most 31. */
		bits_refill(b);
		if (take_pair(b, pairs, block, &k)) {
			if (k > 63)
				return true;
			if (take_pair(b, pairs, block, &k))
				continue;
		}
		if (!take_one(b, h, block, &k))
			return false;
	}
	return true;
}

/* Pass over a block that nobody wants. */
static inline bool skip_block(struct bits *b, const struct skips *skips, const struct huffman *dc,
			      const struct huffman *ac)
{
	unsigned k = 1;
	uint32_t code, slot;

	bits_refill(b);
	slot = skips->dc[bits_peek(b, HUFFMAN_PEEK)];
	if (!slot) {
		code = next_code(b, dc);
		if (!code)
			return false;
		slot = (code >> 8) + (code & 15);
	}
	/* At most 27 of 56 bits; what a look-up of AC skips is at most 25. */
	bits_drop(b, slot);
	while (k < 64) {
		unsigned steps;

		slot = skips->ac[bits_peek(b, HUFFMAN_PEEK)];
		steps = slot >> 8;
		if (slot && steps >= SKIP_EOB && k + steps - SKIP_EOB <= 63) {
			bits_drop(b, slot & 255);
			return true;
		}
		if (slot && steps < SKIP_EOB && k + steps <= 64) {
			bits_drop(b, slot & 255);
			bits_refill(b);
			k += steps;
			continue;
		}
		bits_refill(b);
		code = next_code(b, ac);
		if (!code)
			return false;
		bits_drop(b, (code >> 8) + (code & 15));
		if ((code & 15) == 0 && (code >> 4 & 15) != 15)
			return (code >> 4 & 15) == 0;
		k += (code >> 4 & 15) + 1;
		bits_refill(b);
	}
	return k == 64;
}

static bool take_luma(struct jpeg_stream *s, struct bits *b, int16_t *block)
{
	int diff;

	memset(block, 0, 64 * sizeof *block);
	if (!take_dc(b, &s->dc[s->scan.dc[0]], &diff))
		return false;
	s->predictor[0] += diff;
	block[0] = (int16_t)s->predictor[0];
	/* libjpeg keeps a predictor of any size; a value that does not fit is no ordinary file */
	return block[0] == s->predictor[0] && take_ac(b, &s->pairs, &s->ac[s->scan.ac[0]], block);
}

static bool take_mcu(struct jpeg_stream *s, struct bits *b, uint32_t column)
{
	unsigned h = s->components[0].h, v = s->components[0].v;

	for (unsigned y = 0; y < v; y++)
		for (unsigned x = 0; x < h; x++)
			if (!take_luma(s, b,
				       s->coefficients + 64 * ((size_t)y * s->geometry.block_columns + column * h + x)))
				return false;
	for (unsigned i = 1; i < s->n_components; i++)
		if (!skip_block(b, &s->skips[i - 1], &s->dc[s->scan.dc[i]], &s->ac[s->scan.ac[i]]))
			return false;
	return true;
}

bool tutela_jpeg_take_mcu_row(struct jpeg_stream *s)
{
	struct bits b = s->bits;

	for (uint32_t column = 0; column < s->mcu_columns; column++) {
		if (s->restart && s->until_restart == 0) {
			s->bits = b;
			if (!tutela_jpeg_pass_restart(s))
				return false;
			b = s->bits;
		}
		if (!take_mcu(s, &b, column))
			return false;
		s->until_restart--;
	}
	s->bits = b;
	return !bits_overrun(&b);
}

bool tutela_jpeg_begin_sequential(struct jpeg_stream *s)
{
	const struct scan *scan = &s->scan;

	if (scan->n != s->n_components || scan->first != 0 || scan->last != 63 || scan->high || scan->low)
		return false;
	for (unsigned i = 0; i < scan->n; i++)
		if (!s->dc[scan->dc[i]].defined || !s->ac[scan->ac[i]].defined)
			return false;
	s->coefficients = tutela_mem_aligned((size_t)s->geometry.block_columns * s->components[0].v * 64,
					     sizeof *s->coefficients);
	if (!s->coefficients || !tutela_jpeg_latch_quantisers(s))
		return false;
	tutela_huffman_pairs(&s->ac[scan->ac[0]], &s->pairs);
	for (unsigned i = 1; i < scan->n; i++)
		tutela_huffman_skips(&s->dc[scan->dc[i]], &s->ac[scan->ac[i]], &s->skips[i - 1]);
	tutela_jpeg_begin_segment(s);
	return true;
}
