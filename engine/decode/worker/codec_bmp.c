/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BMP: 1, 2, 4, 8, 16, 24 and 32 bits a pixel, run lengths, masks, headers of
 * OS/2 and Windows. Rows come straight from the file's bytes; only run lengths
 * need memory, a byte a pixel. Alpha is dropped.
 *
 * Icons hold the same without the file's header: a height of two pictures, of
 * which the second, a mask of what is transparent, is not looked at.
 *
 * Source: Windows GDI, "Bitmap Storage"; OS/2 2.0 presentation manager,
 * BITMAPINFOHEADER2.
 */
#include "decode/worker/codec.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

#define FILE_HEADER 14
#define MASKS_AT    40         /* in the header or behind one of 40 bytes */
#define PART_LEAST  16         /* fewer rows than one in so many are worth no hash: it would cost the time of all */
#define PART_SMALL  (1u << 20) /* pixels of which run lengths reach any: it costs nothing */

enum packing { PLAIN = 0, RUNS_8 = 1, RUNS_4 = 2, MASKS = 3, ALPHA_MASKS = 6 };

struct mask {
	uint32_t bits;
	unsigned shift;
};

struct bmp {
	const uint8_t *pixels; /* in the file */
	size_t len;            /* from there to its end */
	uint64_t there;        /* rows, in the file's order */
	uint32_t header, packing;
	uint64_t width, height, stride;
	unsigned depth;
	bool top_down;
	uint8_t palette[256][3]; /* RGB; gray of the index where the file has none, as in Pillow */
	struct mask masks[3];
	uint8_t *indices; /* of run lengths */
};

static bool set_masks(struct bmp *b, uint32_t red, uint32_t green, uint32_t blue)
{
	const uint32_t bits[3] = {red, green, blue};

	for (int i = 0; i < 3; i++) {
		struct mask *m = &b->masks[i];

		m->shift = bits[i] ? (unsigned)__builtin_ctz(bits[i]) : 0;
		m->bits = bits[i] >> m->shift;
		if (m->bits & (m->bits + 1)) /* with a gap */
			return false;
	}
	return true;
}

static bool read_masks(struct bmp *b, const uint8_t *bytes, size_t len, size_t header_at)
{
	struct bytes_reader r = bytes_reader_init(bytes, len);
	uint32_t red, green, blue;

	if (b->packing != MASKS && b->packing != ALPHA_MASKS)
		return b->depth == 16 ? set_masks(b, 0x7c00, 0x3e0, 0x1f) : set_masks(b, 0xff0000, 0xff00, 0xff);
	bytes_take(&r, header_at + MASKS_AT);
	red = bytes_u32(&r);
	green = bytes_u32(&r);
	blue = bytes_u32(&r);
	return !r.failed && set_masks(b, red, green, blue);
}

/*
 * The pixels may begin anywhere, within the palette too, as Pillow and ImageMagick read it. Colours that it lacks are
 * gray. Gives where it ends.
 */
static size_t read_palette(struct bmp *b, const uint8_t *bytes, size_t len, size_t from, uint32_t used)
{
	size_t each = b->header == 12 ? 3 : 4, n = used && used < 1u << b->depth ? used : 1u << b->depth;

	for (int i = 0; i < 256; i++)
		memset(b->palette[i], i, 3);
	for (size_t i = 0; i < n && from + (i + 1) * each <= len; i++)
		for (size_t k = 0; k < 3; k++)
			b->palette[i][k] = bytes[from + i * each + 2 - k];
	return from + n * each;
}

static uint64_t magnitude(uint32_t v)
{
	int32_t s = (int32_t)v;

	return s < 0 ? (uint64_t) - (int64_t)s : (uint64_t)s;
}

static enum tutela_decode_class check_kind(const struct bmp *b)
{
	switch (b->packing) {
	case PLAIN:
		break;
	case RUNS_8:
		return b->depth == 8 ? TUTELA_DECODE_OK : TUTELA_DECODE_CORRUPT;
	case RUNS_4:
		return b->depth == 4 ? TUTELA_DECODE_OK : TUTELA_DECODE_CORRUPT;
	case MASKS:
		if (b->header == 64) /* OS/2: a fax */
			return TUTELA_DECODE_UNSUPPORTED;
		/* fall through */
	case ALPHA_MASKS:
		return b->depth == 16 || b->depth == 32 ? TUTELA_DECODE_OK : TUTELA_DECODE_CORRUPT;
	default: /* a JPEG or PNG inside, inks */
		return TUTELA_DECODE_UNSUPPORTED;
	}
	switch (b->depth) {
	case 1:
	case 2:
	case 4:
	case 8:
	case 16:
	case 24:
	case 32:
		return TUTELA_DECODE_OK;
	case 64:
		return TUTELA_DECODE_UNSUPPORTED;
	}
	return TUTELA_DECODE_CORRUPT;
}

/* Of a palette, whose colours need not all have an index. */
static uint64_t palette_length(const struct bmp *b, uint32_t used)
{
	uint64_t each = b->header == 12 ? 3 : 4;

	if (b->depth > 8)
		return 0;
	return each * (used ? used : 1u << b->depth);
}

static bool is_header(uint32_t len)
{
	static const uint32_t lengths[] = {12, 16, 40, 52, 56, 64, 108, 124};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		if (len == lengths[i])
			return true;
	return false;
}

/* The headers and what hangs on them. The size is checked before the rest is looked at. */
static enum tutela_decode_class read_header(const uint8_t *bytes, size_t len, bool icon, struct bmp *b,
					    struct row_sink *sink)
{
	size_t header_at = icon ? 0 : FILE_HEADER;
	struct bytes_reader r = bytes_reader_init(bytes, len);
	enum tutela_decode_class c;
	uint32_t raw_height, used = 0;
	uint64_t pixels_at = 0;
	size_t end;

	if (!icon) {
		bytes_take(&r, 10);
		pixels_at = bytes_u32(&r);
	}
	b->header = bytes_u32(&r);
	b->width = b->header == 12 ? bytes_u16(&r) : magnitude(bytes_u32(&r));
	raw_height = b->header == 12 ? bytes_u16(&r) : bytes_u32(&r);
	b->height = b->header == 12 ? raw_height : magnitude(raw_height);
	b->height /= icon ? 2 : 1;
	b->top_down = b->header != 12 && raw_height >> 31;
	bytes_take(&r, 2);
	b->depth = bytes_u16(&r);
	if (b->header >= 40) {
		b->packing = bytes_u32(&r);
		bytes_take(&r, 12);
		used = bytes_u32(&r);
	}
	if (r.failed)
		return TUTELA_DECODE_TRUNCATED;
	if (!is_header(b->header))
		return TUTELA_DECODE_CORRUPT;
	c = tutela_sink_size(sink, b->width, b->height, 1);
	c = c ? c : check_kind(b);
	if (c)
		return c;
	end = header_at + b->header;
	if (b->header == 40 && b->packing == MASKS)
		end += 12;
	else if (b->header == 40 && b->packing == ALPHA_MASKS)
		end += 16;
	if (icon)
		pixels_at = end + palette_length(b, used);
	if (!read_masks(b, bytes, len, header_at))
		return TUTELA_DECODE_CORRUPT;
	if (b->depth <= 8) {
		size_t behind = read_palette(b, bytes, len, end, used);

		/* There are writers who forget the palette when they say where the pixels are. */
		if (pixels_at == end && behind < len)
			pixels_at = behind;
	}
	b->pixels = bytes + (pixels_at < len ? pixels_at : len);
	b->len = (size_t)(bytes + len - b->pixels);
	b->stride = (b->width * b->depth + 31) / 32 * 4;
	return TUTELA_DECODE_OK;
}

/* ---- run lengths ---- */

struct runs {
	struct bmp *b;
	struct bytes_reader r;
	uint64_t x, y; /* y counts from the row that comes first in the file */
};

static void put_index(struct runs *s, uint8_t index)
{
	s->b->indices[s->y * s->b->width + s->x++] = index;
}

/* `n` pixels, given one after another or by a pair that is repeated; none past the end of the row. */
static void put_run(struct runs *s, unsigned n, const uint8_t *given, bool literal)
{
	bool half = s->b->packing == RUNS_4;
	uint64_t room = s->x < s->b->width && s->y < s->b->height ? s->b->width - s->x : 0;

	n = n < room ? n : (unsigned)room;
	for (unsigned i = 0; i < n; i++) {
		uint8_t v = given[!literal ? 0 : half ? i / 2 : i];

		put_index(s, half ? (i % 2 ? v & 15 : v >> 4) : v);
	}
}

/* True to go on. */
static bool escape(struct runs *s, uint8_t code)
{
	size_t bytes = s->b->packing == RUNS_4 ? (code + 1u) / 2 : code;
	const uint8_t *given;

	switch (code) {
	case 0:
		s->x = 0;
		s->y++;
		return true;
	case 1:
		return false;
	case 2:
		s->x += bytes_u8(&s->r);
		s->y += bytes_u8(&s->r);
		return !s->r.failed;
	}
	given = bytes_take(&s->r, bytes);
	if (!given)
		return false;
	put_run(s, code, given, true);
	if (bytes % 2)
		bytes_u8(&s->r);
	return true;
}

/* What no run reaches keeps colour 0, as in Pillow, where the file ends too. Enough of it to be hashed? */
static bool worth_it(const struct runs *s)
{
	uint64_t rows = s->y + (s->x > 0);

	return rows &&
	       (rows >= (s->b->height + PART_LEAST - 1) / PART_LEAST || s->b->width * s->b->height <= PART_SMALL);
}

static enum tutela_decode_class unpack(struct bmp *b, const struct row_sink *sink)
{
	struct runs s = {.b = b, .r = bytes_reader_init(b->pixels, b->len)};
	bool more = true;

	if (!tutela_sink_fits(sink, b->width * b->height))
		return TUTELA_DECODE_TOO_LARGE;
	b->indices = calloc(b->height, b->width);
	if (!b->indices)
		return TUTELA_DECODE_TOO_LARGE;
	while (more && s.y < b->height) {
		uint8_t n = bytes_u8(&s.r), v = bytes_u8(&s.r);

		if (s.r.failed)
			break;
		if (n)
			put_run(&s, n, &v, false);
		else
			more = escape(&s, v);
	}
	b->there = b->height;
	/* The mark at the end is often missing; the last row must be there. */
	if (!s.r.failed || s.y >= b->height || (s.y + 1 == b->height && s.x >= b->width))
		return TUTELA_DECODE_OK;
	b->there = worth_it(&s) ? b->height : 0;
	return TUTELA_DECODE_TRUNCATED;
}

/* ---- rows ---- */

/* Downwards, as in Pillow. */
static uint8_t channel(const struct mask *m, uint32_t v)
{
	v = v >> m->shift & m->bits;
	return m->bits ? (uint8_t)((uint64_t)v * 255 / m->bits) : 0;
}

static void from_masks(const struct bmp *b, const uint8_t *p, uint8_t *to)
{
	size_t each = b->depth / 8;

	for (uint64_t x = 0; x < b->width; x++, p += each) {
		uint32_t v = p[0] | (uint32_t)p[1] << 8;

		if (each == 4)
			v |= (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
		for (int k = 0; k < 3; k++)
			*to++ = channel(&b->masks[k], v);
	}
}

static void from_palette(const struct bmp *b, const uint8_t *p, unsigned depth, uint8_t *to)
{
	unsigned mask = (1u << depth) - 1;

	for (uint64_t x = 0; x < b->width; x++, to += 3) {
		uint64_t bit = x * depth;

		memcpy(to, b->palette[p[bit / 8] >> (8 - depth - bit % 8) & mask], 3);
	}
}

static void take_row(const struct bmp *b, uint64_t y, uint8_t *to)
{
	uint64_t stored = b->top_down ? y : b->height - 1 - y;
	const uint8_t *p = b->pixels + stored * b->stride;

	if (b->indices) {
		from_palette(b, b->indices + stored * b->width, 8, to);
	} else if (b->depth <= 8) {
		from_palette(b, p, b->depth, to);
	} else if (b->depth == 24 || (b->depth == 32 && b->packing == PLAIN)) {
		for (uint64_t x = 0; x < b->width; x++, p += b->depth / 8)
			for (int k = 0; k < 3; k++)
				*to++ = p[2 - k];
	} else {
		from_masks(b, p, to);
	}
}

/* Rows that a short file lacks are gray. Most files begin with the lowest row, so these come first. */
static enum tutela_decode_class rows(const struct bmp *b, struct row_sink *sink)
{
	uint64_t missing = b->height - b->there, first = b->top_down ? 0 : missing;
	uint8_t *row = malloc((size_t)b->width * 3);
	enum tutela_decode_class c = row ? tutela_sink_begin(sink, 3) : TUTELA_DECODE_TOO_LARGE;

	if (!c)
		memset(row, 128, (size_t)b->width * 3);
	for (uint64_t y = 0; !c && y < first + b->there; y++) {
		if (y >= first)
			take_row(b, y, row);
		tutela_sink_row(sink, row);
	}
	free(row);
	return c;
}

/* The last row may lack its padding. */
static enum tutela_decode_class count_rows(struct bmp *b)
{
	uint64_t least = (b->width * b->depth + 7) / 8, n = b->len < least ? 0 : (b->len - least) / b->stride + 1;

	b->there = n < b->height ? n : b->height;
	return b->there < b->height ? TUTELA_DECODE_TRUNCATED : TUTELA_DECODE_OK;
}

static enum tutela_decode_class decode(const uint8_t *bytes, size_t len, bool icon, struct row_sink *sink)
{
	struct bmp b = {0};
	enum tutela_decode_class c = read_header(bytes, len, icon, &b, sink);

	if (c)
		return c;
	c = b.packing == RUNS_8 || b.packing == RUNS_4 ? unpack(&b, sink) : count_rows(&b);
	if (b.there >= (b.height + PART_LEAST - 1) / PART_LEAST && rows(&b, sink))
		c = TUTELA_DECODE_TOO_LARGE;
	free(b.indices);
	return c;
}

enum tutela_decode_class tutela_codec_bmp(const uint8_t *bytes, size_t len, struct row_sink *sink)
{
	return decode(bytes, len, false, sink);
}

enum tutela_decode_class tutela_codec_bmp_in_icon(const uint8_t *bytes, size_t len, struct row_sink *sink)
{
	return decode(bytes, len, true, sink);
}
