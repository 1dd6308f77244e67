/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/jpeg_stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "decode/worker/jpeg_bits.h"
#include "decode/worker/jpeg_huffman.h"

/* Zigzag to natural order, T.81 figure A.6. */
static const uint8_t natural[64] = {
	0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
	41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
	30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
};

enum {
	M_SOF0 = 0xc0,
	M_SOF1 = 0xc1,
	M_SOF2 = 0xc2,
	M_DHT = 0xc4,
	M_RST0 = 0xd0,
	M_RST7 = 0xd7,
	M_SOI = 0xd8,
	M_EOI = 0xd9,
	M_SOS = 0xda,
	M_DQT = 0xdb,
	M_DRI = 0xdd,
	M_APP0 = 0xe0,
	M_APP14 = 0xee,
	M_APP15 = 0xef,
	M_COM = 0xfe,
};

struct component {
	uint8_t id, h, v, quantiser;
};

struct scan {
	unsigned n;
	uint8_t component[3], dc[3], ac[3];
	uint8_t first, last, high, low; /* Ss Se Ah Al */
};

struct jpeg_stream {
	const uint8_t *at, *end;
	struct jpeg_geometry geometry;
	struct component components[3];
	unsigned n_components;
	bool progressive, have_frame, have_jfif, latched;
	int adobe_transform; /* -1: no such marker */
	unsigned restart;    /* MCUs in an interval; 0: none */
	uint32_t mcu_columns, mcu_rows;
	bool have_quantiser[4];
	uint16_t quantisers[4][64];
	struct huffman dc[4], ac[4];
	struct scan scan;
	uint8_t *clean;        /* one segment without stuffing */
	int16_t *coefficients; /* a row of MCUs, or (progressive) the whole plane */
	uint64_t *nonzero;     /* progressive: [block], bit k set when zigzag coefficient k is not zero */
	/* sequential: where the scan stands */
	struct bits bits;
	unsigned until_restart, next_restart;
	int predictor[3];
	uint32_t row; /* of blocks, next to be given */
	uint32_t mcu_row;
	bool failed;
	int8_t known[64]; /* progressive: low bit that luma coefficient k is refined to; -1 not seen */
};

/* ------------------------------------------------------------------ markers */

static unsigned be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* The next marker's code, past any fill bytes; -1 when there is none right here. */
static int read_marker(struct jpeg_stream *s)
{
	if (s->end - s->at < 2 || s->at[0] != 0xff)
		return -1;
	while (s->at < s->end && *s->at == 0xff)
		s->at++;
	return s->at < s->end && *s->at ? *s->at++ : -1;
}

/* The body of a segment with length; NULL when it does not fit. */
static const uint8_t *read_segment(struct jpeg_stream *s, size_t *len)
{
	const uint8_t *body = s->at + 2;
	unsigned n;

	*len = 0;
	if (s->end - s->at < 2)
		return NULL;
	n = be16(s->at);
	if (n < 2 || (size_t)(s->end - s->at) < n)
		return NULL;
	*len = n - 2;
	s->at += n;
	return body;
}

static bool parse_dqt(struct jpeg_stream *s, const uint8_t *p, size_t len)
{
	while (len > 0) {
		unsigned wide = p[0] >> 4, id = p[0] & 15;
		size_t need = 1 + (wide ? 128 : 64);

		if (wide > 1 || id > 3 || len < need)
			return false;
		for (unsigned k = 0; k < 64; k++) {
			unsigned q = wide ? be16(p + 1 + 2 * k) : p[1 + k];

			if (q == 0)
				return false;
			s->quantisers[id][natural[k]] = (uint16_t)q;
		}
		s->have_quantiser[id] = true;
		p += need;
		len -= need;
	}
	return true;
}

static bool parse_dht(struct jpeg_stream *s, const uint8_t *p, size_t len)
{
	while (len > 0) {
		unsigned class_ = p[0] >> 4, id = p[0] & 15, n = 0;

		if (len < 17 || class_ > 1 || id > 3)
			return false;
		for (unsigned i = 1; i <= 16; i++)
			n += p[i];
		if (n > 256 || len < 17 + n ||
		    !tutela_huffman_build(class_ ? &s->ac[id] : &s->dc[id], p + 1, p + 17, n, class_ == 0))
			return false;
		p += 17 + n;
		len -= 17 + n;
	}
	return true;
}

static bool parse_frame(struct jpeg_stream *s, const uint8_t *p, size_t len)
{
	struct jpeg_geometry *g = &s->geometry;

	if (s->have_frame || len < 6 || p[0] != 8)
		return false;
	g->height = be16(p + 1);
	g->width = be16(p + 3);
	s->n_components = p[5];
	if (!g->height || !g->width || (s->n_components != 1 && s->n_components != 3) ||
	    len != 6 + 3 * (size_t)s->n_components)
		return false;
	for (unsigned i = 0; i < s->n_components; i++) {
		const uint8_t *c = p + 6 + 3 * i;

		s->components[i] = (struct component){.id = c[0], .h = c[1] >> 4, .v = c[1] & 15, .quantiser = c[2]};
		if (c[2] > 3)
			return false;
		for (unsigned j = 0; j < i; j++)
			if (s->components[j].id == c[0])
				return false;
	}
	if (s->n_components == 1)
		s->components[0].h = s->components[0].v = 1;
	for (unsigned i = 0; i < s->n_components; i++) {
		unsigned most = i == 0 ? 2 : 1;

		if (s->components[i].h < 1 || s->components[i].h > most || s->components[i].v < 1 ||
		    s->components[i].v > most)
			return false;
	}
	s->mcu_columns = (g->width + 8u * s->components[0].h - 1) / (8u * s->components[0].h);
	s->mcu_rows = (g->height + 8u * s->components[0].v - 1) / (8u * s->components[0].v);
	g->block_columns = s->mcu_columns * s->components[0].h;
	g->block_rows = s->mcu_rows * s->components[0].v;
	s->have_frame = true;
	return true;
}

static bool parse_scan(struct jpeg_stream *s, const uint8_t *p, size_t len)
{
	struct scan *scan = &s->scan;

	*scan = (struct scan){0};
	if (!s->have_frame || len < 1 || p[0] < 1 || p[0] > s->n_components || len != 4 + 2 * (size_t)p[0])
		return false;
	scan->n = p[0];
	for (unsigned i = 0; i < scan->n; i++) {
		const uint8_t *c = p + 1 + 2 * i;
		unsigned j = 0;

		while (j < s->n_components && s->components[j].id != c[0])
			j++;
		/* in the frame's order, each once: T.81 B.2.3 */
		if (j == s->n_components || (i && j <= scan->component[i - 1]) || c[1] >> 4 > 3 || (c[1] & 15) > 3)
			return false;
		scan->component[i] = (uint8_t)j;
		scan->dc[i] = c[1] >> 4;
		scan->ac[i] = c[1] & 15;
	}
	p += 1 + 2 * scan->n;
	scan->first = p[0];
	scan->last = p[1];
	scan->high = p[2] >> 4;
	scan->low = p[2] & 15;
	return true;
}

/* As libjpeg guesses: JFIF says YCbCr, else Adobe's word counts, else the component ids. */
static bool is_rgb(const struct jpeg_stream *s)
{
	const struct component *c = s->components;

	if (s->n_components != 3 || s->have_jfif)
		return false;
	if (s->adobe_transform >= 0)
		return s->adobe_transform == 0;
	return c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B';
}

static bool parse_segment(struct jpeg_stream *s, int marker)
{
	size_t len;
	const uint8_t *p = read_segment(s, &len);

	if (!p)
		return false;
	switch (marker) {
	case M_DQT:
		return parse_dqt(s, p, len);
	case M_DHT:
		return parse_dht(s, p, len);
	case M_DRI:
		s->restart = len == 2 ? be16(p) : 0;
		return len == 2;
	case M_SOF0:
	case M_SOF1:
	case M_SOF2:
		s->progressive = marker == M_SOF2;
		return parse_frame(s, p, len);
	case M_APP0:
		s->have_jfif |= len >= 14 && memcmp(p, "JFIF", 5) == 0;
		return true;
	case M_APP14:
		if (len >= 12 && memcmp(p, "Adobe", 5) == 0)
			s->adobe_transform = p[11];
		return true;
	default:
		return (marker > M_APP0 && marker <= M_APP15) || marker == M_COM;
	}
}

/* Read markers up to and with the next SOS. 1: a scan; 0: EOI; -1: declined. */
static int next_scan(struct jpeg_stream *s)
{
	for (;;) {
		int marker = read_marker(s);

		if (marker == M_EOI)
			return 0;
		if (marker == M_SOS) {
			size_t len;
			const uint8_t *p = read_segment(s, &len);

			return p && parse_scan(s, p, len) ? 1 : -1;
		}
		if (marker < 0 || !parse_segment(s, marker))
			return -1;
	}
}

/* Quantisers count as they are when luma's first scan begins; those of chroma must be there all the same. */
static bool latch_quantisers(struct jpeg_stream *s)
{
	for (unsigned i = 0; i < s->scan.n; i++)
		if (!s->have_quantiser[s->components[s->scan.component[i]].quantiser])
			return false;
	if (!s->latched)
		memcpy(s->geometry.quantisers, s->quantisers[s->components[0].quantiser],
		       sizeof(s->geometry.quantisers));
	s->latched = true;
	return true;
}

/* ------------------------------------------------------------------ entropy-coded segments */

/* Copy up to the next marker, without stuffing; s->at is left at the marker. */
static size_t unstuff(struct jpeg_stream *s)
{
	uint8_t *out = s->clean;

	while (s->at < s->end) {
		const uint8_t *ff = memchr(s->at, 0xff, (size_t)(s->end - s->at));
		size_t n = (size_t)((ff ? ff : s->end) - s->at);

		memcpy(out, s->at, n);
		out += n;
		s->at += n;
		if (!ff || s->end - ff < 2 || ff[1] != 0)
			break;
		*out++ = 0xff;
		s->at += 2;
	}
	memset(out, 0, BITS_PAD);
	return (size_t)(out - s->clean);
}

static void begin_segment(struct jpeg_stream *s)
{
	size_t len = unstuff(s);

	s->bits = bits_init(s->clean, len);
	s->until_restart = s->restart;
	memset(s->predictor, 0, sizeof s->predictor);
}

static bool segment_ended_well(const struct jpeg_stream *s)
{
	return !bits_overrun(&s->bits) && bits_left(&s->bits) == 0;
}

/* At the end of an interval: the marker that must be there. */
static bool pass_restart(struct jpeg_stream *s)
{
	if (!segment_ended_well(s) || read_marker(s) != (int)(M_RST0 + s->next_restart))
		return false;
	s->next_restart = (s->next_restart + 1) & 7;
	begin_segment(s);
	return true;
}

/* Hop over a scan that luma has no part in. */
static void hop_scan(struct jpeg_stream *s)
{
	while (s->at < s->end) {
		const uint8_t *ff = memchr(s->at, 0xff, (size_t)(s->end - s->at));

		if (!ff || s->end - ff < 2) {
			s->at = s->end;
			return;
		}
		s->at = ff;
		if (ff[1] != 0 && (ff[1] < M_RST0 || ff[1] > M_RST7) && ff[1] != 0xff)
			return;
		s->at += ff[1] == 0xff ? 1 : 2;
	}
}

static inline int32_t extend(uint32_t v, unsigned size)
{
	/* v - (2^size - 1) when the top bit is clear */
	return (int32_t)v + (((int32_t)v - (1 << (size - 1))) >> 31 & (int32_t)((~0u << size) + 1));
}

/* Length << 8 | symbol of the next code; 0 when there is none. The caller has refilled. */
static inline uint32_t next_code(const struct bits *b, const struct huffman *h)
{
	uint32_t slot = h->symbol[bits_peek(b, HUFFMAN_PEEK)];

	return slot ? slot : tutela_huffman_long(h, bits_peek(b, 16));
}

/* A DC difference. False: no such code. */
static inline bool take_dc(struct bits *b, const struct huffman *h, int *diff)
{
	uint32_t code;
	unsigned size;

	bits_refill(b);
	code = next_code(b, h);
	if (!code)
		return false;
	bits_drop(b, code >> 8);
	size = code & 15;
	*diff = size ? extend(bits_take(b, size), size) : 0;
	return true;
}

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
			block[natural[k++]] = (int16_t)(whole >> 16);
			bits_drop(b, whole & 255);
			whole = h->ac[bits_peek(b, HUFFMAN_PEEK)];
			if (whole && k < 64) {
				k += whole >> 8 & 15;
				if (k > 63)
					return false;
				block[natural[k++]] = (int16_t)(whole >> 16);
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
		block[natural[k++]] = (int16_t)extend(bits_take(b, size), size);
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

/* ------------------------------------------------------------------ sequential files */

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

static bool take_mcu_row(struct jpeg_stream *s)
{
	struct bits b = s->bits;

	for (uint32_t column = 0; column < s->mcu_columns; column++) {
		if (s->restart && s->until_restart == 0) {
			s->bits = b;
			if (!pass_restart(s))
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

static bool begin_sequential(struct jpeg_stream *s)
{
	const struct scan *scan = &s->scan;

	if (scan->n != s->n_components || scan->first != 0 || scan->last != 63 || scan->high || scan->low)
		return false;
	for (unsigned i = 0; i < scan->n; i++)
		if (!s->dc[scan->dc[i]].defined || !s->ac[scan->ac[i]].defined)
			return false;
	s->coefficients = tutela_mem_aligned((size_t)s->geometry.block_columns * s->components[0].v * 64,
					     sizeof *s->coefficients);
	if (!s->coefficients || !latch_quantisers(s))
		return false;
	begin_segment(s);
	return true;
}

/* ------------------------------------------------------------------ progressive files */

static int16_t *plane_block(struct jpeg_stream *s, uint32_t column, uint32_t row)
{
	return s->coefficients + 64 * ((size_t)row * s->geometry.block_columns + column);
}

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

static bool ac_first(struct progress *p, int16_t *block, uint64_t *nonzero)
{
	const struct scan *scan = &p->s->scan;
	const struct huffman *h = &p->s->ac[scan->ac[0]];
	struct bits *b = &p->b;

	if (p->eobrun) {
		p->eobrun--;
		return true;
	}
	for (unsigned k = scan->first; k <= scan->last; k++) {
		uint32_t code;
		unsigned run, size;
		int32_t whole;

		bits_refill(b);
		whole = h->ac[bits_peek(b, HUFFMAN_PEEK)];
		if (whole) {
			k += whole >> 8 & 15;
			if (k > scan->last)
				return false;
			block[natural[k]] = (int16_t)((uint32_t)(whole >> 16) << scan->low);
			*nonzero |= UINT64_C(1) << k;
			bits_drop(b, whole & 255);
			continue;
		}
		code = next_code(b, h);
		if (!code)
			return false;
		bits_drop(b, code >> 8);
		run = code >> 4 & 15;
		size = code & 15;
		if (size) {
			k += run;
			if (k > scan->last)
				return false;
			block[natural[k]] = (int16_t)((uint32_t)extend(bits_take(b, size), size) << scan->low);
			*nonzero |= UINT64_C(1) << k;
		} else if (run == 15) {
			k += 15;
		} else {
			p->eobrun = (1u << run) + bits_take(b, run) - 1;
			return true;
		}
	}
	return true;
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
static unsigned pass_zeros(struct bits *b, int16_t *block, int bit, unsigned k, unsigned last, unsigned run,
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
		correct(b, &block[natural[next]], bit);
	}
}

/* T.81 G.1.2.3: new coefficients of one bit, and correction bits for those known to be nonzero. */
static bool ac_refine(struct progress *p, int16_t *block, uint64_t *nonzero)
{
	const struct scan *scan = &p->s->scan;
	const struct huffman *h = &p->s->ac[scan->ac[0]];
	const int bit = 1 << scan->low;
	struct bits *b = &p->b;
	unsigned k = scan->first;
	uint64_t rest = *nonzero & (~UINT64_C(0) << scan->first) & (~UINT64_C(0) >> (63 - scan->last));

	while (k <= scan->last && !p->eobrun) {
		uint32_t code;
		unsigned run;
		int value = 0;

		bits_refill(b);
		code = next_code(b, h);
		if (!code)
			return false;
		bits_drop(b, code >> 8);
		run = code >> 4 & 15;
		if ((code & 15) == 1) {
			value = bits_take(b, 1) ? bit : -bit;
		} else if ((code & 15) != 0) {
			return false;
		} else if (run != 15) {
			p->eobrun = (1u << run) + bits_take(b, run);
			break;
		}
		k = pass_zeros(b, block, bit, k, scan->last, run, &rest);
		if (value) {
			if (k > scan->last)
				return false;
			block[natural[k]] = (int16_t)value;
			*nonzero |= UINT64_C(1) << k;
		}
		k++;
	}
	if (p->eobrun) {
		for (; rest; rest &= rest - 1)
			correct(b, &block[natural[__builtin_ctzll(rest)]], bit);
		p->eobrun--;
	}
	return true;
}

/* A luma block of a scan. */
static inline bool take_block(struct progress *p, unsigned i, uint32_t column, uint32_t row)
{
	const struct scan *scan = &p->s->scan;
	int16_t *block = plane_block(p->s, column, row);
	uint64_t *nonzero = p->s->nonzero + (size_t)row * p->s->geometry.block_columns + column;

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
	begin_segment(s);
	p.b = s->bits;
	for (uint32_t row = 0; row < rows; row++) {
		for (uint32_t column = 0; column < columns; column++) {
			if (s->restart && s->until_restart == 0) {
				s->bits = p.b;
				if (p.eobrun || !pass_restart(s))
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
	return p.eobrun == 0 && segment_ended_well(s);
}

/* The order that G.1.1.1 asks for; anything else makes libjpeg warn. */
static bool note_progress(struct jpeg_stream *s)
{
	const struct scan *scan = &s->scan;

	if (scan->last > 63 || scan->first > scan->last || (scan->first == 0) != (scan->last == 0) || scan->low > 13 ||
	    (scan->first && scan->n != 1) || (scan->high && scan->high != scan->low + 1))
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

static bool take_all_scans(struct jpeg_stream *s, const struct jpeg_limits *limits)
{
	size_t blocks = (size_t)s->geometry.block_columns * s->geometry.block_rows;
	uint64_t pixels = (uint64_t)s->geometry.width * s->geometry.height, most = limits->scan_pixels / pixels;
	int more = 1;

	if (blocks * (64 * sizeof *s->coefficients + sizeof *s->nonzero) > limits->memory)
		return false;
	s->coefficients = tutela_mem_array(blocks * 64, sizeof *s->coefficients);
	s->nonzero = tutela_mem_array(blocks, sizeof *s->nonzero);
	if (!s->coefficients || !s->nonzero)
		return false;
	memset(s->known, -1, sizeof s->known);
	for (unsigned n = 0; more == 1; n++, more = next_scan(s)) {
		if (n >= limits->scans || n >= most || !note_progress(s) || !tables_defined(s))
			return false;
		if (s->scan.component[0] != 0) {
			hop_scan(s);
			continue;
		}
		if (!latch_quantisers(s) || !take_scan(s))
			return false;
	}
	for (unsigned k = 0; k < 64; k++)
		if (s->known[k] != 0)
			return false;
	return more == 0;
}

/* ------------------------------------------------------------------ interface */

static bool begin(struct jpeg_stream *s, const struct jpeg_limits *limits)
{
	if (read_marker(s) != M_SOI || next_scan(s) != 1 || is_rgb(s))
		return false;
	if ((uint64_t)s->geometry.width * s->geometry.height > limits->pixels)
		return false;
	return s->progressive ? take_all_scans(s, limits) : begin_sequential(s);
}

struct jpeg_stream *tutela_jpeg_stream_new(const uint8_t *bytes, size_t len, const struct jpeg_limits *limits)
{
	struct jpeg_stream *s = tutela_mem_array(1, sizeof *s);

	if (!s)
		return NULL;
	s->at = bytes;
	s->end = bytes + len;
	s->adobe_transform = -1;
	s->clean = malloc(len + BITS_PAD);
	if (s->clean && begin(s, limits))
		return s;
	tutela_jpeg_stream_free(s);
	return NULL;
}

const struct jpeg_geometry *tutela_jpeg_stream_geometry(const struct jpeg_stream *s)
{
	return &s->geometry;
}

const int16_t *tutela_jpeg_stream_row(struct jpeg_stream *s)
{
	unsigned v = s->components[0].v;
	uint32_t row = s->row;

	if (s->failed || row >= s->geometry.block_rows)
		return NULL;
	s->row++;
	if (s->progressive)
		return plane_block(s, 0, row);
	if (row % v == 0 && !take_mcu_row(s)) {
		s->failed = true;
		return NULL;
	}
	return plane_block(s, 0, row % v);
}

bool tutela_jpeg_stream_finish(struct jpeg_stream *s)
{
	if (s->failed || s->row != s->geometry.block_rows)
		return false;
	return s->progressive || (segment_ended_well(s) && read_marker(s) == M_EOI);
}

void tutela_jpeg_stream_free(struct jpeg_stream *s)
{
	if (!s)
		return;
	free(s->clean);
	free(s->coefficients);
	free(s->nonzero);
	free(s);
}
