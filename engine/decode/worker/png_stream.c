/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/png_stream.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "decode/worker/picture_room.h"
#include "decode/worker/png_unfilter.h"

/* A longer chunk beside the picture is for libpng, whose limit this is; and so is a longer IDAT that holds less. */
#define CHUNK_MAX ((uint64_t)1 << 20)

enum { IHDR = 0x49484452, IDAT = 0x49444154, IEND = 0x49454e44, TRNS = 0x74524e53 };

struct chunk {
	uint32_t type, len;
	const uint8_t *body;
};

struct png_stream {
	struct png_geometry geometry;
	const struct png_kernels *kernels;
	uint32_t bpp;      /* bytes of a pixel as stored */
	uint64_t row_len;  /* of a filtered row, its filter included */
	uint64_t inflated; /* of all rows */
	uint32_t row;      /* the next one */
	uint8_t *samples;  /* a pad, filtered rows, a pad */
	uint8_t *above, *out;
	size_t stride;
	bool plain; /* the rows of this group are as stored */
};

static uint32_t be32(struct bytes_reader *r)
{
	return __builtin_bswap32(bytes_u32(r));
}

static bool is_type(uint32_t type)
{
	for (unsigned i = 0; i < 4; i++, type >>= 8)
		if ((type & 0xdf) - 'A' > 'Z' - 'A' || (type & 0x80))
			return false;
	return true;
}

static bool next_chunk(struct bytes_reader *r, struct chunk *c)
{
	const uint8_t *start;
	uint32_t crc;

	c->len = be32(r);
	if (c->len > INT32_MAX)
		return false;
	start = bytes_take(r, (size_t)c->len + 4);
	crc = be32(r);
	if (r->failed)
		return false;
	c->body = start + 4;
	c->type = (uint32_t)start[0] << 24 | (uint32_t)start[1] << 16 | (uint32_t)start[2] << 8 | start[3];
	return is_type(c->type) && libdeflate_crc32(0, start, (size_t)c->len + 4) == crc;
}

static bool read_header(struct png_stream *s, const struct chunk *c, const struct png_limits *limits)
{
	static const uint8_t sizes[7] = {1, 0, 3, 0, 2, 0, 4};
	struct bytes_reader r = bytes_reader_init(c->body, c->len);
	uint32_t width = be32(&r), height = be32(&r);
	unsigned depth = bytes_u8(&r), colour = bytes_u8(&r);
	unsigned compression = bytes_u8(&r), filters = bytes_u8(&r), interlaced = bytes_u8(&r);

	if (c->type != IHDR || !bytes_done(&r) || !width || !height || width > INT32_MAX || height > INT32_MAX)
		return false;
	if (depth != 8 || colour > 6 || !sizes[colour] || compression || filters || interlaced)
		return false;
	s->bpp = sizes[colour];
	s->geometry = (struct png_geometry){width, height, png_channels(s->bpp)};
	s->row_len = 1 + (uint64_t)width * s->bpp;
	s->inflated = s->row_len * height;
	return (uint64_t)width * height <= limits->pixels && s->inflated <= limits->memory &&
	       s->inflated <= SIZE_MAX - 2 * PNG_PAD;
}

/* The chunks' data together: where they lie when there is one, else copied. */
struct idat {
	const uint8_t *first; /* the first chunk, from its length on */
	uint64_t len;
	uint32_t n;
};

/* One pass over the chunks between the header and the end. */
static bool walk(struct bytes_reader *r, uint64_t idat_max, struct idat *idat)
{
	struct chunk c;
	bool after = false;

	for (;;) {
		const uint8_t *at = r->at;

		if (!next_chunk(r, &c))
			return false;
		if (c.type == IEND)
			return c.len == 0 && idat->n > 0;
		if (c.type == IDAT) {
			if (after || c.len > idat_max)
				return false;
			idat->first = idat->n ? idat->first : at;
			idat->len += c.len;
			idat->n++;
			continue;
		}
		after = idat->n > 0;
		/* an upper-case first letter: cannot be left out */
		if (!(c.type >> 24 & 0x20) || c.type == TRNS || c.len > CHUNK_MAX)
			return false;
	}
}

static void join(const struct idat *idat, uint8_t *to)
{
	struct bytes_reader r = bytes_reader_init(idat->first, idat->len + (size_t)idat->n * 12);

	for (uint32_t i = 0; i < idat->n; i++) {
		uint32_t len = be32(&r);
		const uint8_t *body = bytes_take(&r, (size_t)len + 8);

		memcpy(to, body + 4, len);
		to += len;
	}
}

/*
 * libdeflate reaches back 32 KiB whatever the header says; zlib may refuse to
 * reach back more than that. Where the whole picture fits, there is nothing more.
 */
static bool window_fits(const uint8_t *zlib, uint64_t len, uint64_t inflated)
{
	unsigned bits = len ? 8u + (zlib[0] >> 4) : 0;

	return bits == 15 || (bits < 15 && inflated <= UINT64_C(1) << bits);
}

static bool inflate(const uint8_t *zlib, uint64_t len, uint8_t *out, uint64_t out_len)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	size_t used = 0;
	bool ok;

	if (!d)
		return false;
	ok = libdeflate_zlib_decompress_ex(d, zlib, len, out, out_len, &used, NULL) == LIBDEFLATE_SUCCESS;
	libdeflate_free_decompressor(d);
	return ok && used == len;
}

static bool unpack(struct png_stream *s, const struct idat *idat, uint64_t memory)
{
	const uint8_t *zlib = idat->first + 8;
	uint8_t *joined = NULL;
	bool ok = false;

	s->samples = tutela_room_take(s->inflated + 2 * PNG_PAD);
	if (!s->samples)
		return false;
	if (idat->n > 1) {
		if (idat->len > memory - s->inflated)
			return false;
		joined = tutela_room_take(idat->len);
		if (!joined)
			return false;
		join(idat, joined);
		zlib = joined;
	}
	ok = window_fits(zlib, idat->len, s->inflated) && inflate(zlib, idat->len, s->samples + PNG_PAD, s->inflated);
	tutela_room_give(joined, idat->len);
	return ok;
}

static bool filters_known(const struct png_stream *s)
{
	const uint8_t *filter = s->samples + PNG_PAD;

	for (uint32_t y = 0; y < s->geometry.height; y++, filter += s->row_len)
		if (*filter >= PNG_FILTERS)
			return false;
	return true;
}

static bool begin(struct png_stream *s, const uint8_t *bytes, size_t len, const struct png_limits *limits)
{
	struct bytes_reader r = bytes_reader_init(bytes, len);
	const uint8_t *signature = bytes_take(&r, 8);
	struct idat idat = {0};
	struct chunk header;

	if (!signature || memcmp(signature, "\x89PNG\r\n\x1a\n", 8) != 0)
		return false;
	if (!next_chunk(&r, &header) || !read_header(s, &header, limits))
		return false;
	if (!walk(&r, s->inflated > CHUNK_MAX ? s->inflated : CHUNK_MAX, &idat))
		return false;
	if (!unpack(s, &idat, limits->memory) || !filters_known(s))
		return false;
	s->above = tutela_mem_array((size_t)s->geometry.width * 4 + 2 * PNG_PAD, 1);
	s->stride = (size_t)s->geometry.width * s->geometry.channels + 2 * PNG_PAD;
	s->out = tutela_mem_aligned(s->stride, PNG_GROUP);
	return s->above && s->out;
}

struct png_stream *tutela_png_stream_new(const uint8_t *bytes, size_t len, const struct png_limits *limits,
					 enum tutela_isa isa)
{
	struct png_stream *s = tutela_mem_array(1, sizeof *s);

	if (!s)
		return NULL;
	s->kernels = tutela_png_kernels(isa);
	if (begin(s, bytes, len, limits))
		return s;
	tutela_png_stream_free(s);
	return NULL;
}

const struct png_geometry *tutela_png_stream_geometry(const struct png_stream *s)
{
	return &s->geometry;
}

static const uint8_t *stored_row(const struct png_stream *s, uint32_t y)
{
	return s->samples + PNG_PAD + y * s->row_len;
}

/* Are the rows of a group to come out as they are stored? */
static bool is_plain(const struct png_stream *s, uint32_t y, unsigned rows)
{
	for (unsigned r = 0; r < rows; r++)
		if (*stored_row(s, y + r) != 0)
			return false;
	return s->bpp == s->geometry.channels;
}

/* What the kernel would have left for the next group. */
static void keep_above(struct png_stream *s, const uint8_t *row)
{
	uint8_t *above = s->above + PNG_PAD;

	for (uint32_t x = 0; x < s->geometry.width; x++, above += 4, row += s->bpp)
		for (uint32_t k = 0; k < s->bpp; k++)
			above[k] = row[k];
}

static void next_group(struct png_stream *s)
{
	uint32_t left = s->geometry.height - s->row;
	struct png_group g = {
		.width = s->geometry.width,
		.bpp = s->bpp,
		.rows = left < PNG_GROUP ? left : PNG_GROUP,
		.in = stored_row(s, s->row),
		.above = s->above + PNG_PAD,
		.out = s->out + PNG_PAD,
		.stride = s->stride,
	};

	s->plain = is_plain(s, s->row, g.rows);
	if (s->plain)
		keep_above(s, stored_row(s, s->row + g.rows - 1) + 1);
	else
		s->kernels->unfilter(&g);
}

const uint8_t *tutela_png_stream_row(struct png_stream *s)
{
	uint32_t y = s->row;

	if (y % PNG_GROUP == 0)
		next_group(s);
	s->row++;
	return s->plain ? stored_row(s, y) + 1 : s->out + PNG_PAD + y % PNG_GROUP * s->stride;
}

void tutela_png_stream_free(struct png_stream *s)
{
	if (!s)
		return;
	tutela_room_give(s->samples, s->inflated + 2 * PNG_PAD);
	free(s->above);
	free(s->out);
	free(s);
}
