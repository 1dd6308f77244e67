/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PNG. Samples come out as they are stored: no gamma, alpha dropped (hidden
 * colours count), 16 bits by their high byte, palettes and small depths
 * expanded. Gray stays one channel.
 *
 * Ordinary files go through png_stream. What that declines goes through
 * libpng, and its verdict on the file is the one that counts; but indices
 * without a palette, which it refuses, are grays of that value, as in Pillow,
 * and corrupt.
 */
#include "decode/worker/codec.h"
#include "decode/worker/png_stream.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>
#include <png.h>

struct png {
	png_structp png;
	png_infop info;
	jmp_buf escape;
	const uint8_t *at, *end;
	const uint8_t *cut;  /* where the IDAT chunk begins that goes past the end, or NULL */
	const uint8_t *type; /* where the header's colour type is that is to be read as gray, or NULL */
	struct row_sink *sink;
	uint8_t *rows; /* one row, or all when interlaced */
	size_t stride;
	uint32_t buffered; /* rows of the passes of an interlaced picture read so far */
	bool interlaced;
	bool short_of_bytes, short_of_memory;
	bool damaged; /* a checksum is wrong, or the palette missing */
};

static void on_error(png_structp png, png_const_charp text)
{
	struct png *p = png_get_error_ptr(png);

	/* The only way in which libpng tells it. */
	if (strstr(text, "memory"))
		p->short_of_memory = true;
	longjmp(p->escape, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
	struct png *p = png_get_error_ptr(png);

	/* The only way in which libpng tells it. */
	if (strncmp(text, "IDAT", 4) == 0 && strstr(text, "CRC") && !p->short_of_bytes)
		p->damaged = true;
}

static uint32_t be32(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/*
 * libpng takes whole blocks of a chunk or nothing of them. So a chunk that is cut is said to be as long as what there
 * is of it.
 */
static void shorten(const struct png *p, png_bytep header)
{
	size_t left = (size_t)(p->end - p->at), n = be32(header);

	n = n < left ? n : left;
	for (int i = 0; i < 4; i++)
		header[i] = (png_byte)(n >> (24 - 8 * i));
}

static const uint8_t *find_cut(const uint8_t *b, size_t len)
{
	for (size_t at = 8; at + 8 <= len;) {
		uint32_t n = be32(b + at);

		if (len - at < 12 || n > len - at - 12)
			return memcmp(b + at + 4, "IDAT", 4) == 0 ? b + at : NULL;
		at += 12 + (size_t)n;
	}
	return NULL;
}

/* Of indices without a palette: where their colour type is. NULL where anything else is wrong with the header. */
static const uint8_t *find_bare_indices(const uint8_t *b, size_t len)
{
	if (len < 33 || memcmp(b + 8, "\0\0\0\15IHDR", 8) != 0 || b[24] > 8 || b[25] != PNG_COLOR_TYPE_PALETTE)
		return NULL;
	if (libdeflate_crc32(0, b + 12, 17) != be32(b + 29))
		return NULL;
	for (size_t at = 33; len - at >= 12;) {
		uint32_t n = be32(b + at);

		if (memcmp(b + at + 4, "IDAT", 4) == 0)
			return b + 25;
		if (memcmp(b + at + 4, "PLTE", 4) == 0 || n > len - at - 12)
			break;
		at += 12 + (size_t)n;
	}
	return NULL;
}

static void on_read(png_structp png, png_bytep to, size_t len)
{
	struct png *p = png_get_io_ptr(png);
	const uint8_t *from = p->at;

	if ((size_t)(p->end - p->at) < len) {
		bool checksum = p->cut && !p->short_of_bytes && len == 4;

		p->short_of_bytes = true;
		if (!checksum)
			png_error(png, "end of file");
		memset(to, 0, len);
		p->at = p->end;
		return;
	}
	memcpy(to, p->at, len);
	p->at += len;
	if (from == p->cut)
		shorten(p, to);
	if (p->type && p->type >= from && p->type < p->at)
		to[p->type - from] = PNG_COLOR_TYPE_GRAY;
}

/* Frames by the acTL chunk, which stands before the first IDAT of an animated PNG. */
static uint32_t count_frames(const uint8_t *b, size_t len)
{
	for (size_t at = 8; at + 20 <= len;) {
		uint32_t n = be32(b + at);

		if (memcmp(b + at + 4, "IDAT", 4) == 0 || n > len - at)
			break;
		if (memcmp(b + at + 4, "acTL", 4) == 0 && n == 8 && be32(b + at + 8) && be32(b + at + 8) < 1 << 20)
			return be32(b + at + 8);
		at += 12 + (size_t)n;
	}
	return 1;
}

/* What ended it came behind the last pixel. libpng tells before it hands over the last row. */
static bool complete(const struct png *p)
{
	if (!p->rows || p->damaged || p->short_of_memory)
		return false;
	return p->interlaced ? png_get_current_pass_number(p->png) == PNG_INTERLACE_ADAM7_PASSES
			     : png_get_current_row_number(p->png) == p->sink->height;
}

static enum tutela_decode_class failure(const struct png *p)
{
	if (complete(p)) {
		if (!p->interlaced && tutela_sink_rows(p->sink) < p->sink->height)
			tutela_sink_row(p->sink, p->rows);
		return TUTELA_DECODE_OK;
	}
	if (p->short_of_memory)
		return TUTELA_DECODE_TOO_LARGE;
	return p->short_of_bytes ? TUTELA_DECODE_TRUNCATED : TUTELA_DECODE_CORRUPT;
}

/* Leaves 8-bit gray or RGB. */
static void transform(struct png *p)
{
	png_set_strip_16(p->png);
	if (p->type)
		png_set_packing(p->png);
	else
		png_set_expand_gray_1_2_4_to_8(p->png);
	if (png_get_color_type(p->png, p->info) == PNG_COLOR_TYPE_PALETTE)
		png_set_palette_to_rgb(p->png);
	png_set_strip_alpha(p->png);
}

static enum tutela_decode_class stream(struct png *p)
{
	p->rows = malloc(p->stride);
	if (!p->rows)
		return TUTELA_DECODE_TOO_LARGE;
	for (uint32_t y = 0; y < p->sink->height; y++) {
		png_read_row(p->png, p->rows, NULL);
		tutela_sink_row(p->sink, p->rows);
	}
	return TUTELA_DECODE_OK;
}

static void flush(struct png *p)
{
	for (uint32_t y = 0; y < p->sink->height; y++)
		tutela_sink_row(p->sink, p->rows + y * p->stride);
}

/* Passes over the whole picture; each fills the places of the later ones, so that a part is a picture too. */
static enum tutela_decode_class interlaced(struct png *p, int passes)
{
	size_t len = p->stride * p->sink->height;

	/* Seven passes, each over all rows: three times the time of others. */
	if (!tutela_sink_fits(p->sink, len) || (uint64_t)p->sink->width * p->sink->height > p->sink->max_pixels / 3)
		return TUTELA_DECODE_TOO_LARGE;
	p->rows = malloc(len);
	if (!p->rows)
		return TUTELA_DECODE_TOO_LARGE;
	memset(p->rows, 128, len);
	for (int pass = 0; pass < passes; pass++) {
		for (uint32_t y = 0; y < p->sink->height; y++) {
			png_read_row(p->png, NULL, p->rows + y * p->stride);
			p->buffered++;
		}
	}
	return TUTELA_DECODE_OK;
}

static enum tutela_decode_class rows(struct png *p)
{
	int passes = png_set_interlace_handling(p->png);
	enum tutela_decode_class c;

	p->interlaced = passes > 1;
	png_read_update_info(p->png, p->info);
	p->stride = png_get_rowbytes(p->png, p->info);
	c = tutela_sink_begin(p->sink, png_get_channels(p->png, p->info));
	if (c)
		return c;
	return passes > 1 ? interlaced(p, passes) : stream(p);
}

static enum tutela_decode_class decode(struct png *p, const uint8_t *bytes, size_t len)
{
	enum tutela_decode_class c;

	/* Every variable that lives over the jump is in *p. */
	if (setjmp(p->escape))
		return failure(p);
	p->info = png_create_info_struct(p->png);
	if (!p->info)
		return TUTELA_DECODE_TOO_LARGE;
	png_set_read_fn(p->png, p, on_read);
	png_set_user_limits(p->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
	/* No chunk but the picture's own is unpacked: no profiles, no texts, no bombs in them. */
	png_set_keep_unknown_chunks(p->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
	png_set_chunk_cache_max(p->png, 16);
	png_set_chunk_malloc_max(p->png, 1 << 20);
	/* Data may reach back further than their head says, as in files of old encoders. */
	png_set_option(p->png, PNG_MAXIMUM_INFLATE_WINDOW, PNG_OPTION_ON);
	/* The checksum has been looked at, and is that of the header as it was. */
	if (p->type)
		png_set_crc_action(p->png, PNG_CRC_WARN_USE, PNG_CRC_DEFAULT);
	png_read_info(p->png, p->info);
	/* Data with a wrong checksum are hashed, since there are viewers that show them. */
	png_set_crc_action(p->png, PNG_CRC_WARN_USE, PNG_CRC_DEFAULT);
	c = tutela_sink_size(p->sink, png_get_image_width(p->png, p->info), png_get_image_height(p->png, p->info),
			     count_frames(bytes, len));
	if (c)
		return c;
	transform(p);
	return rows(p);
}

enum tutela_decode_class tutela_codec_libpng(const uint8_t *bytes, size_t len, struct row_sink *sink)
{
	struct png p = {.at = bytes, .end = bytes + len, .cut = find_cut(bytes, len), .sink = sink};
	enum tutela_decode_class c;

	p.type = find_bare_indices(bytes, len);
	p.damaged = p.type != NULL;
	p.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &p, on_error, on_warning);
	if (!p.png)
		return TUTELA_DECODE_TOO_LARGE;
	c = decode(&p, bytes, len);
	if (!c && p.damaged)
		c = TUTELA_DECODE_CORRUPT;
	if (p.buffered && tutela_sink_rows(sink) == 0)
		flush(&p);
	png_destroy_read_struct(&p.png, &p.info, NULL);
	free(p.rows);
	return c;
}

/* False, and nothing of the sink touched that libpng would not set: libpng has to look at it. */
static bool decode_whole(const uint8_t *bytes, size_t len, struct row_sink *sink, enum tutela_decode_class *c)
{
	const struct png_limits limits = {sink->max_pixels, sink->max_memory / 2};
	struct png_stream *s = tutela_png_stream_new(bytes, len, &limits, sink->isa);
	const struct png_geometry *g;
	bool ok = false;

	if (!s)
		return false;
	g = tutela_png_stream_geometry(s);
	*c = tutela_sink_size(sink, g->width, g->height, count_frames(bytes, len));
	if (*c) {
		ok = true;
		goto out;
	}
	/* libpng holds less, so it may still find memory */
	if (tutela_sink_begin(sink, g->channels))
		goto out;
	for (uint32_t y = 0; y < g->height; y++)
		tutela_sink_row(sink, tutela_png_stream_row(s));
	ok = true;
out:
	tutela_png_stream_free(s);
	return ok;
}

enum tutela_decode_class tutela_codec_png(const uint8_t *bytes, size_t len, struct row_sink *sink)
{
	enum tutela_decode_class c;

	return decode_whole(bytes, len, sink, &c) ? c : tutela_codec_libpng(bytes, len, sink);
}
