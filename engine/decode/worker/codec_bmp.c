/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BMP by libgd, which holds 4 bytes a pixel: the limits are checked on the
 * header before it sees the file.
 */
#include "decode/worker/codec.h"

#include "base/bytes.h"

#include <limits.h>
#include <stdlib.h>

#include <gd.h>

struct header {
	uint32_t pixels_at; /* offset of the pixels in the file */
	uint64_t width, height;
	unsigned depth;
	uint32_t packing; /* 0 none, 1 and 2 run lengths, 3 masks */
};

static uint64_t magnitude(uint32_t v)
{
	int32_t s = (int32_t)v;

	return s < 0 ? (uint64_t) - (int64_t)s : (uint64_t)s; /* a negative height: rows from the top */
}

static bool read_header(const uint8_t *bytes, size_t len, struct header *h)
{
	struct bytes_reader r = bytes_reader_init(bytes, len);
	uint32_t size;

	*h = (struct header){0};
	bytes_take(&r, 10);
	h->pixels_at = bytes_u32(&r);
	size = bytes_u32(&r);
	if (size == 12) {
		h->width = bytes_u16(&r);
		h->height = bytes_u16(&r);
	} else {
		h->width = magnitude(bytes_u32(&r));
		h->height = magnitude(bytes_u32(&r));
	}
	bytes_take(&r, 2);
	h->depth = bytes_u16(&r);
	if (size >= 40)
		h->packing = bytes_u32(&r);
	return !r.failed;
}

/* Without run lengths the header says how long the file must be. */
static bool ends_early(const struct header *h, size_t len)
{
	uint64_t stride = (h->width * h->depth + 31) / 32 * 4;

	return (h->packing == 0 || h->packing == 3) && h->pixels_at + stride * h->height > len;
}

static enum tutela_decode_class rows(gdImagePtr im, struct row_sink *sink)
{
	uint8_t *row = malloc((size_t)sink->width * 3);
	enum tutela_decode_class c = tutela_sink_begin(sink, 3);

	for (uint32_t y = 0; row && !c && y < sink->height; y++) {
		for (uint32_t x = 0; x < sink->width; x++) {
			int v = gdImageGetTrueColorPixel(im, (int)x, (int)y);

			row[3 * x] = (uint8_t)gdTrueColorGetRed(v);
			row[3 * x + 1] = (uint8_t)gdTrueColorGetGreen(v);
			row[3 * x + 2] = (uint8_t)gdTrueColorGetBlue(v);
		}
		tutela_sink_row(sink, row);
	}
	c = row ? c : TUTELA_DECODE_TOO_LARGE;
	free(row);
	return c;
}

enum tutela_decode_class tutela_codec_bmp(const uint8_t *bytes, size_t len, struct row_sink *sink)
{
	struct header h;
	gdImagePtr im;
	enum tutela_decode_class c;

	if (!read_header(bytes, len, &h))
		return TUTELA_DECODE_TRUNCATED;
	c = tutela_sink_size(sink, h.width, h.height, 1);
	if (c)
		return c;
	if (!tutela_sink_fits(sink, h.width * h.height * 4) || len > INT_MAX)
		return TUTELA_DECODE_TOO_LARGE;
	if (h.packing > 3)
		return TUTELA_DECODE_UNSUPPORTED;
	if (ends_early(&h, len))
		return TUTELA_DECODE_TRUNCATED;
	im = gdImageCreateFromBmpPtr((int)len, (void *)(uintptr_t)bytes);
	if (!im)
		return TUTELA_DECODE_CORRUPT;
	if ((uint32_t)gdImageSX(im) == sink->width && (uint32_t)gdImageSY(im) == sink->height)
		c = rows(im, sink);
	else
		c = TUTELA_DECODE_CORRUPT;
	gdImageDestroy(im);
	return c;
}
