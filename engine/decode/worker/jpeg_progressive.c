/* SPDX-License-Identifier: Apache-2.0 */
/* All scans of a progressive JPEG file into one plane of luma coefficients. T.81, annex G. */
#include <stdlib.h>
#include <string.h>

#include "decode/worker/jpeg_parts.h"
#include "decode/worker/picture_room.h"

#define PLANE_BLOCK (64 * sizeof(int16_t) + sizeof(uint64_t)) /* bytes of a block in it */

static int16_t *plane_block(struct jpeg_stream *s, uint32_t column, uint32_t row)
{
	return s->coefficients + 64 * ((size_t)row * s->geometry.block_columns + column);
}

/*
 * Each scan passes over the whole plane, and what it needs of a block is known
 * only when it comes there: the next blocks but so many are on their way by then.
 */
#define AHEAD 8

/* Where a scan stands. */
struct progress {
	struct jpeg_stream *s;
	struct bits b;
	uint32_t eobrun;
};

static bool dc_first(struct progress *p, unsigned i, int16_t *block)
{
	struct jpeg_stream *s = p->s;
	int diff, value;

	if (!take_dc(&p->b, &s->dc[s->scan.dc[i]], &diff))
		return false;
	s->predictor[i] += diff;
	value = (int)((unsigned)s->predictor[i] << s->scan.low);
	if (value != (int16_t)value)
		return false;
	if (block)
		block[0] = (int16_t)value;
	return true;
}

static bool dc_refine(struct progress *p, int16_t *block)
{
	bits_refill(&p->b);
	if (bits_take(&p->b, 1) && block)
		block[0] = (int16_t)(block[0] | (int16_t)(1 << p->s->scan.low));
	return true;
}

/* What a scan does to the coefficients of one band. */
struct band {
	const struct huffman *h;
	unsigned first, last, low;
};

static inline struct band band_of(const struct jpeg_stream *s)
{
	return (struct band){&s->ac[s->scan.ac[0]], s->scan.first, s->scan.last, s->scan.low};
}

/*
 * What does not fit into 16 bits is declined: libjpeg-turbo cuts it, and a coefficient that this makes zero is one to
 * its later scans. A look-up of HUFFMAN_PEEK bits gives at most 9 bits of value, of which no scan that is taken can
 * make more than 15.
 */
#define VALUE_BITS 15
#define LOW_MAX    (VALUE_BITS - (HUFFMAN_PEEK - 1))

static inline bool first_of_band(struct bits *b, struct band band, int16_t *block, uint64_t *nonzero, uint32_t *eobrun)
{
	for (unsigned k = band.first; k <= band.last; k++) {
		uint32_t code;
		unsigned run, size;
		int32_t whole;

		bits_refill(b);
		whole = band.h->whole[bits_peek(b, HUFFMAN_PEEK)];
		if (whole) {
			k += whole >> 8 & 15;
			if (k > band.last)
				return false;
			block[tutela_jpeg_natural[k]] = (int16_t)((uint32_t)(whole >> 16) << band.low);
			*nonzero |= UINT64_C(1) << k;
			bits_drop(b, whole & 255);
			continue;
		}
		code = next_code(b, band.h);
		if (!code)
			return false;
		bits_drop(b, code >> 8);
		run = code >> 4 & 15;
		size = code & 15;
		if (size) {
			k += run;
			if (k > band.last || size + band.low > VALUE_BITS)
				return false;
			block[tutela_jpeg_natural[k]] =
				(int16_t)((uint32_t)extend(bits_take(b, size), size) << band.low);
			*nonzero |= UINT64_C(1) << k;
		} else if (run == 15) {
			k += 15;
		} else {
			*eobrun = (1u << run) + bits_take(b, run) - 1;
			return true;
		}
	}
	return true;
}

/* The bits are worked on in a copy: what is stored in a block could, for all the compiler knows, be they. */
static bool ac_first(struct progress *p, int16_t *block, uint64_t *nonzero)
{
	struct bits b = p->b;
	uint64_t known = *nonzero;
	bool good;

	if (p->eobrun) {
		p->eobrun--;
		return true;
	}
	good = first_of_band(&b, band_of(p->s), block, &known, &p->eobrun);
	p->b = b;
	*nonzero = known;
	return good;
}

/* One correction bit for a coefficient that is not zero. */
static inline void correct(struct bits *b, int16_t *c, int bit)
{
	int step;

	if (b->count < 16)
		bits_refill(b);
	step = -(int)bits_take(b, 1) & ((*c & bit) == 0 ? bit : 0);
	*c = (int16_t)(*c + (*c >= 0 ? step : -step));
}

/* Correct the coefficients of `rest`, lowest first, up to the zero that has `run` zeros before it from k on. */
static inline unsigned pass_zeros(struct bits *b, int16_t *block, int bit, unsigned k, unsigned last, unsigned run,
				  uint64_t *rest)
{
	for (;;) {
		unsigned next = *rest ? (unsigned)__builtin_ctzll(*rest) : last + 1;

		if (run < next - k)
			return k + run;
		if (!*rest)
			return last + 1;
		run -= next - k;
		k = next + 1;
		*rest &= *rest - 1;
		correct(b, &block[tutela_jpeg_natural[next]], bit);
	}
}

/* New coefficients of one bit. `rest`: those known to be nonzero, whose correction bits stand between. */
static inline bool refine_band(struct bits *b, struct band band, int16_t *block, uint64_t *nonzero, uint64_t *rest,
			       uint32_t *eobrun)
{
	const int bit = 1 << band.low;

	for (unsigned k = band.first; k <= band.last; k++) {
		uint32_t code;
		unsigned run;
		int value = 0;

		bits_refill(b);
		code = next_code(b, band.h);
		if (!code)
			return false;
		bits_drop(b, code >> 8);
		run = code >> 4 & 15;
		if ((code & 15) == 1) {
			value = ((int)bits_take(b, 1) * 2 - 1) * bit;
		} else if ((code & 15) != 0) {
			return false;
		} else if (run != 15) {
			*eobrun = (1u << run) + bits_take(b, run);
			break;
		}
		k = pass_zeros(b, block, bit, k, band.last, run, rest);
		if (value) {
			if (k > band.last)
				return false;
			block[tutela_jpeg_natural[k]] = (int16_t)value;
			*nonzero |= UINT64_C(1) << k;
		}
	}
	return true;
}

/* T.81 G.1.2.3. */
static bool ac_refine(struct progress *p, int16_t *block, uint64_t *nonzero)
{
	struct band band = band_of(p->s);
	uint64_t known = *nonzero, rest = known & (~UINT64_C(0) << band.first) & (~UINT64_C(0) >> (63 - band.last));
	struct bits b = p->b;

	if (!p->eobrun && !refine_band(&b, band, block, &known, &rest, &p->eobrun))
		return false;
	if (p->eobrun) {
		for (; rest; rest &= rest - 1)
			correct(&b, &block[tutela_jpeg_natural[__builtin_ctzll(rest)]], 1 << band.low);
		p->eobrun--;
	}
	p->b = b;
	*nonzero = known;
	return true;
}

/* A luma block of a scan. */
static inline bool take_block(struct progress *p, unsigned i, uint32_t column, uint32_t row)
{
	const struct scan *scan = &p->s->scan;
	int16_t *block = plane_block(p->s, column, row);
	uint64_t *nonzero = p->s->nonzero + (size_t)row * p->s->geometry.block_columns + column;

	if (column + AHEAD < p->s->geometry.block_columns) {
		__builtin_prefetch(block + 64 * AHEAD);
		__builtin_prefetch(block + 64 * AHEAD + 32);
	}
	if (scan->first == 0)
		return scan->high ? dc_refine(p, block) : dc_first(p, i, block);
	return scan->high ? ac_refine(p, block, nonzero) : ac_first(p, block, nonzero);
}

/* An MCU; the chroma in it, which only DC scans can have, is parsed and dropped. */
static bool take_unit(struct progress *p, uint32_t column, uint32_t row)
{
	struct jpeg_stream *s = p->s;
	unsigned h = s->components[0].h, v = s->components[0].v;

	if (s->scan.n == 1)
		return take_block(p, 0, column, row);
	for (unsigned i = 0; i < s->scan.n; i++) {
		if (s->scan.component[i] != 0) {
			if (!(s->scan.high ? dc_refine(p, NULL) : dc_first(p, i, NULL)))
				return false;
			continue;
		}
		for (unsigned y = 0; y < v; y++)
			for (unsigned x = 0; x < h; x++)
				if (!take_block(p, i, column * h + x, row * v + y))
					return false;
	}
	return true;
}

/* A scan of one component has no padding blocks: T.81 A.2.2. */
static bool take_scan(struct jpeg_stream *s)
{
	bool alone = s->scan.n == 1;
	uint32_t columns = alone ? (s->geometry.width + 7) / 8 : s->mcu_columns;
	uint32_t rows = alone ? (s->geometry.height + 7) / 8 : s->mcu_rows;
	struct progress p = {.s = s};

	s->next_restart = 0;
	tutela_jpeg_begin_segment(s);
	p.b = s->bits;
	for (uint32_t row = 0; row < rows; row++) {
		for (uint32_t column = 0; column < columns; column++) {
			if (s->restart && s->until_restart == 0) {
				s->bits = p.b;
				if (p.eobrun || !tutela_jpeg_pass_restart(s))
					return false;
				p.b = s->bits;
			}
			if (!take_unit(&p, column, row))
				return false;
			s->until_restart--;
		}
		if (bits_overrun(&p.b))
			return false;
	}
	s->bits = p.b;
	return p.eobrun == 0 && tutela_jpeg_segment_ended(s);
}

/* The order that G.1.1.1 asks for; anything else makes libjpeg warn. */
static bool note_progress(struct jpeg_stream *s)
{
	const struct scan *scan = &s->scan;
	unsigned most = scan->first ? LOW_MAX : 13;

	if (scan->last > 63 || scan->first > scan->last || (scan->first == 0) != (scan->last == 0) ||
	    scan->low > most || (scan->first && scan->n != 1) || (scan->high && scan->high != scan->low + 1))
		return false;
	if (scan->component[0] != 0)
		return true;
	if (scan->first && s->known[0] < 0)
		return false;
	for (unsigned k = scan->first; k <= scan->last; k++) {
		if (s->known[k] != (scan->high ? scan->high : -1))
			return false;
		s->known[k] = (int8_t)scan->low;
	}
	return true;
}

static bool tables_defined(const struct jpeg_stream *s)
{
	const struct scan *scan = &s->scan;

	if (scan->first)
		return s->ac[scan->ac[0]].defined;
	for (unsigned i = 0; !scan->high && i < scan->n; i++)
		if (!s->dc[scan->dc[i]].defined)
			return false;
	return true;
}

static bool make_plane(struct jpeg_stream *s, size_t blocks)
{
	s->plane = blocks * PLANE_BLOCK;
	s->nonzero = tutela_room_take_zeroed(s->plane);
	s->coefficients = s->nonzero ? (int16_t *)(void *)(s->nonzero + blocks) : NULL;
	return s->nonzero;
}

bool tutela_jpeg_take_all_scans(struct jpeg_stream *s, const struct jpeg_limits *limits)
{
	size_t blocks = (size_t)s->geometry.block_columns * s->geometry.block_rows;
	uint64_t pixels = (uint64_t)s->geometry.width * s->geometry.height, most = limits->scan_pixels / pixels;
	int more = 1;

	if (blocks * PLANE_BLOCK > limits->memory || !make_plane(s, blocks))
		return false;
	memset(s->known, -1, sizeof s->known);
	for (unsigned n = 0; more == 1; n++, more = tutela_jpeg_next_scan(s)) {
		if (n >= limits->scans || n >= most || !note_progress(s) || !tables_defined(s))
			return false;
		if (s->scan.component[0] != 0) {
			tutela_jpeg_hop_scan(s);
			continue;
		}
		if (!tutela_jpeg_latch_quantisers(s) || !take_scan(s))
			return false;
	}
	for (unsigned k = 0; k < 64; k++)
		if (s->known[k] != 0)
			return false;
	return more == 0;
}

void tutela_jpeg_free_plane(struct jpeg_stream *s)
{
	if (s->plane)
		tutela_room_give(s->nonzero, s->plane);
	else
		free(s->coefficients);
}
