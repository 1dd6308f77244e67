/* SPDX-License-Identifier: Apache-2.0 */
/* The one scan of a sequential JPEG file: luma into a row of MCUs, chroma parsed and dropped. T.81, annex F. */
#include <string.h>

#include "base/mem.h"
#include "decode/worker/jpeg_parts.h"

/* The 63 AC coefficients of a sequential block, into natural order. False: declined. */
static inline bool take_ac(struct bits *b, const struct huffman *h, int16_t *block)
{
	unsigned k = 1;

	while (k < 64) {
		uint32_t code;
		unsigned run, size;
		int32_t whole;

		bits_refill(b);
		/* Two short ones use at most 20 of 56 bits; 36 are left for one of any length (16 + 10). */
		whole = h->ac[bits_peek(b, HUFFMAN_PEEK)];
		if (whole) {
			k += whole >> 8 & 15;
			if (k > 63)
				return false;
			block[tutela_jpeg_natural[k++]] = (int16_t)(whole >> 16);
			bits_drop(b, whole & 255);
			whole = h->ac[bits_peek(b, HUFFMAN_PEEK)];
			if (whole && k < 64) {
				k += whole >> 8 & 15;
				if (k > 63)
					return false;
				block[tutela_jpeg_natural[k++]] = (int16_t)(whole >> 16);
				bits_drop(b, whole & 255);
			}
			if (k > 63)
				return true;
		}
		code = next_code(b, h);
		if (!code)
			return false;
		run = code >> 4 & 15;
		size = code & 15;
		bits_drop(b, code >> 8);
		if (size == 0) {
			if (run == 0)
				return true;
			if (run != 15)
				return false;
			k += 16;
			if (k > 63)
				return false;
			continue;
		}
		k += run;
		if (k > 63)
			return false;
		block[tutela_jpeg_natural[k++]] = (int16_t)extend(bits_take(b, size), size);
	}
	return true;
}

/* Pass over the AC coefficients of a block that nobody wants. */
static inline bool skip_ac(struct bits *b, const struct huffman *h)
{
	unsigned k = 1;

	while (k < 64) {
		uint32_t code, slot;
		unsigned steps;

		bits_refill(b);
		slot = h->skip[bits_peek(b, HUFFMAN_PEEK)];
		steps = slot >> 8;
		if (slot && steps < SKIP_EOB && k + steps <= 64) {
			bits_drop(b, slot & 255);
			k += steps;
			continue;
		}
		if (slot && steps >= SKIP_EOB && k + steps - SKIP_EOB <= 63) {
			bits_drop(b, slot & 255);
			return true;
		}
		code = next_code(b, h);
		if (!code)
			return false;
		bits_drop(b, (code >> 8) + (code & 15));
		if ((code & 15) == 0 && (code >> 4 & 15) != 15)
			return (code >> 4 & 15) == 0;
		k += (code >> 4 & 15) + 1;
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
	return block[0] == s->predictor[0] && take_ac(b, &s->ac[s->scan.ac[0]], block);
}

static bool take_mcu(struct jpeg_stream *s, struct bits *b, uint32_t column)
{
	unsigned h = s->components[0].h, v = s->components[0].v;
	int unused;

	for (unsigned y = 0; y < v; y++)
		for (unsigned x = 0; x < h; x++)
			if (!take_luma(s, b,
				       s->coefficients + 64 * ((size_t)y * s->geometry.block_columns + column * h + x)))
				return false;
	for (unsigned i = 1; i < s->n_components; i++)
		if (!take_dc(b, &s->dc[s->scan.dc[i]], &unused) || !skip_ac(b, &s->ac[s->scan.ac[i]]))
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
	tutela_jpeg_begin_segment(s);
	return true;
}
