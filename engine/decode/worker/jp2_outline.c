/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/jp2_outline.h"

#include "base/bytes.h"

#include <string.h>

enum marker { SOC = 0xff4f, SIZ = 0xff51, COD = 0xff52, SOT = 0xff90, EOC = 0xffd9 };

#define COMPONENTS_MAX  16384
#define TILE_PART_HEAD  12 /* the marker SOT and what belongs to it */
#define BOX(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

/* Big-endian, unlike everything that base/bytes.h was made for. */
static uint64_t number(struct bytes_reader *r, unsigned width)
{
	const uint8_t *p = bytes_take(r, width);
	uint64_t v = 0;

	for (unsigned i = 0; p && i < width; i++)
		v = v << 8 | p[i];
	return v;
}

static size_t left(const struct bytes_reader *r)
{
	return (size_t)(r->end - r->at);
}

/* ---- boxes ---- */

/* The head of a box, and the length of what is in it, which may be more than there is. */
static bool open_box(struct bytes_reader *r, uint32_t *type, uint64_t *len)
{
	unsigned head = 8;

	*len = number(r, 4);
	*type = (uint32_t)number(r, 4);
	if (*len == 1) {
		*len = number(r, 8);
		head = 16;
	} else if (*len == 0) { /* to the end */
		*len = left(r) + head;
	}
	if (r->failed || *len < head)
		return false;
	*len -= head;
	return true;
}

/* Of the box that holds the others of the header: all that can make a picture larger than its codestream says. */
static void read_palette(struct bytes_reader r, struct jp2_outline *o)
{
	uint32_t type;
	uint64_t len;

	while (left(&r) && open_box(&r, &type, &len)) {
		const uint8_t *p = bytes_take(&r, len < left(&r) ? (size_t)len : left(&r));

		if (type == BOX('p', 'c', 'l', 'r') && len >= 3 && p && r.at - p >= 3)
			o->columns = p[2];
	}
}

static enum tutela_decode_class find_codestream(const uint8_t *bytes, size_t len, struct jp2_outline *o)
{
	struct bytes_reader r = bytes_reader_init(bytes, len);
	uint32_t type;
	uint64_t n;

	for (;;) {
		if (left(&r) < 8)
			return TUTELA_DECODE_TRUNCATED;
		if (!open_box(&r, &type, &n))
			return r.failed ? TUTELA_DECODE_TRUNCATED : TUTELA_DECODE_CORRUPT;
		if (type == BOX('j', 'p', '2', 'c')) {
			o->start = (size_t)(r.at - bytes);
			o->until = n <= left(&r) ? o->start + (size_t)n : len;
			return TUTELA_DECODE_OK;
		}
		if (n > left(&r))
			return TUTELA_DECODE_TRUNCATED;
		if (type == BOX('j', 'p', '2', 'h'))
			read_palette(bytes_reader_init(r.at, (size_t)n), o);
		bytes_take(&r, (size_t)n);
	}
}

/* ---- the codestream ---- */

static uint64_t steps(uint64_t from, uint64_t to, uint64_t step)
{
	return (to - from + step - 1) / step;
}

static enum tutela_decode_class read_size(struct bytes_reader *r, struct jp2_outline *o)
{
	const uint8_t *segment;
	uint64_t across, down;
	size_t len;

	if (number(r, 2) != SOC || number(r, 2) != SIZ)
		return r->failed ? TUTELA_DECODE_TRUNCATED : TUTELA_DECODE_CORRUPT;
	segment = r->at;
	len = (size_t)number(r, 2);
	bytes_take(r, 2);
	o->x1 = (uint32_t)number(r, 4);
	o->y1 = (uint32_t)number(r, 4);
	o->x0 = (uint32_t)number(r, 4);
	o->y0 = (uint32_t)number(r, 4);
	o->tile_w = (uint32_t)number(r, 4);
	o->tile_h = (uint32_t)number(r, 4);
	o->tile_x0 = (uint32_t)number(r, 4);
	o->tile_y0 = (uint32_t)number(r, 4);
	o->components = (unsigned)number(r, 2);
	bytes_take(r, 3 * (size_t)o->components);
	if (r->failed)
		return TUTELA_DECODE_TRUNCATED;
	if (len != (size_t)(r->at - segment) || !o->components || o->components > COMPONENTS_MAX || o->x1 <= o->x0 ||
	    o->y1 <= o->y0 || o->tile_x0 > o->x0 || o->tile_y0 > o->y0 || (uint64_t)o->tile_x0 + o->tile_w <= o->x0 ||
	    (uint64_t)o->tile_y0 + o->tile_h <= o->y0)
		return TUTELA_DECODE_CORRUPT;
	across = steps(o->tile_x0, o->x1, o->tile_w);
	down = steps(o->tile_y0, o->y1, o->tile_h);
	if (across > JP2_TILES_MAX || down > JP2_TILES_MAX || across * down > JP2_TILES_MAX)
		return TUTELA_DECODE_TOO_LARGE;
	o->tiles_across = (uint32_t)across;
	o->tiles_down = (uint32_t)down;
	return TUTELA_DECODE_OK;
}

/* How the coefficients are divided, for all components that have no rule of their own. */
static void read_style(struct bytes_reader r, struct jp2_outline *o)
{
	unsigned style = (unsigned)number(&r, 1);

	bytes_take(&r, 4);
	o->levels = (unsigned)number(&r, 1);
	o->levels = o->levels < JP2_LEVELS_MAX ? o->levels : JP2_LEVELS_MAX;
	o->block_w = 2 + (unsigned)(number(&r, 1) & 15);
	o->block_h = 2 + (unsigned)(number(&r, 1) & 15);
	bytes_take(&r, 2);
	for (unsigned i = 0; i <= o->levels; i++)
		o->precinct[i] = style & 1 ? (uint8_t)number(&r, 1) : 0xff;
}

/* Segments up to the first tile-part, whose marker is read. */
static enum tutela_decode_class read_main_header(struct bytes_reader *r, struct jp2_outline *o)
{
	for (;;) {
		uint64_t marker = number(r, 2), len;
		const uint8_t *segment;

		if (marker == SOT)
			return TUTELA_DECODE_OK;
		len = number(r, 2);
		if (!r->failed && (marker < 0xff00 || marker == EOC || len < 2))
			return TUTELA_DECODE_CORRUPT;
		segment = bytes_take(r, (size_t)len - 2);
		if (r->failed)
			return TUTELA_DECODE_TRUNCATED;
		if (marker == COD)
			read_style(bytes_reader_init(segment, (size_t)len - 2), o);
	}
}

/*
 * A tile-part without a length goes on to the end mark, which is the last of the codestream. Without the mark nobody
 * can say whether it is whole.
 */
static bool take_open_part(struct bytes_reader *r, const uint8_t *bytes, struct jp2_outline *o)
{
	size_t from = (size_t)(r->at - bytes), end = o->until > from ? o->until : from + left(r);

	bytes_take(r, left(r));
	o->has_end_mark = end - from >= 2 && bytes[end - 2] == 0xff && bytes[end - 1] == 0xd9;
	o->end = o->has_end_mark ? end - 2 : end;
	return o->has_end_mark;
}

/* One tile-part, its marker read. True when another one may follow. */
static bool take_tile_part(struct bytes_reader *r, const uint8_t *bytes, struct jp2_outline *o)
{
	const uint8_t *head = r->at - 2;
	uint64_t len, tile;
	unsigned claimed;
	bool whole;

	o->end = (size_t)(head - bytes);
	bytes_take(r, 2);
	tile = number(r, 2);
	len = number(r, 4);
	number(r, 1);
	claimed = (unsigned)number(r, 1);
	if (r->failed || tile >= (uint64_t)o->tiles_across * o->tiles_down || (len && len < TILE_PART_HEAD))
		return false;
	if (len == 0) {
		whole = take_open_part(r, bytes, o);
	} else {
		len -= TILE_PART_HEAD;
		whole = len <= left(r);
		if (!whole)
			o->length_at = (size_t)(head - bytes) + 6;
		bytes_take(r, whole ? (size_t)len : left(r));
		o->end = (size_t)(r->at - bytes);
	}
	o->is_cut = !whole;
	if (o->parts[tile] < UINT8_MAX)
		o->parts[tile]++;
	if (claimed)
		o->claimed[tile] = (uint8_t)claimed;
	return left(r) > 0;
}

static void take_tile_parts(struct bytes_reader *r, const uint8_t *bytes, struct jp2_outline *o)
{
	uint64_t marker = SOT;

	while (marker == SOT && take_tile_part(r, bytes, o))
		marker = number(r, 2);
	if (marker == EOC)
		o->has_end_mark = true;
	if (!o->has_end_mark && (r->failed || !left(r)))
		o->ends_early = true;
}

enum tutela_decode_class tutela_jp2_outline(const uint8_t *bytes, size_t len, struct jp2_outline *o)
{
	enum tutela_decode_class c = TUTELA_DECODE_OK;
	struct bytes_reader r;

	memset(o, 0, sizeof(*o));
	o->until = len;
	o->boxed = len > 0 && bytes[0] == 0;
	if (o->boxed)
		c = find_codestream(bytes, len, o);
	if (c)
		return c;
	r = bytes_reader_init(bytes + o->start, len - o->start);
	c = read_size(&r, o);
	c = c ? c : read_main_header(&r, o);
	if (!c)
		take_tile_parts(&r, bytes, o);
	return c;
}

bool tutela_jp2_whole(const struct jp2_outline *o)
{
	for (uint32_t tile = 0; tile < o->tiles_across * o->tiles_down; tile++) {
		if (!o->parts[tile] || (o->claimed[tile] ? o->parts[tile] < o->claimed[tile] : !o->has_end_mark))
			return false;
	}
	return !o->is_cut;
}
