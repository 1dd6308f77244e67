/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TIFF. Ordinary files go through libvips. What that does not take, tiles in
 * separate planes and JPEG of the kind before Technical Note 2 among it, goes
 * through libtiff's own reader of whole pictures, as stored: not turned by the
 * orientation, hidden colours counted.
 *
 * Source: TIFF revision 6.0; the manual of TIFFReadRGBAImage.
 */
#include "decode/worker/codec.h"

#include <stdlib.h>
#include <string.h>

#include <tiffio.h>

struct file {
	const uint8_t *bytes;
	uint64_t len, at;
};

static tmsize_t on_read(thandle_t handle, void *to, tmsize_t len)
{
	struct file *f = handle;
	uint64_t left = f->at < f->len ? f->len - f->at : 0, n = (uint64_t)len < left ? (uint64_t)len : left;

	memcpy(to, f->bytes + f->at, n);
	f->at += n;
	return (tmsize_t)n;
}

static tmsize_t on_write(thandle_t handle, void *from, tmsize_t len)
{
	(void)handle;
	(void)from;
	(void)len;
	return -1;
}

static toff_t on_seek(thandle_t handle, toff_t to, int from)
{
	struct file *f = handle;

	f->at = from == SEEK_CUR ? f->at + to : from == SEEK_END ? f->len + to : to;
	return f->at;
}

static int on_close(thandle_t handle)
{
	(void)handle;
	return 0;
}

static toff_t on_size(thandle_t handle)
{
	return ((struct file *)handle)->len;
}

/* Read as blocks, tiles that are not compressed are refused by libtiff 4.5 unless they are whole kilobytes. */
static int on_map(thandle_t handle, void **base, toff_t *size)
{
	struct file *f = handle;

	*base = (void *)(uintptr_t)f->bytes;
	*size = f->len;
	return 1;
}

static void on_unmap(thandle_t handle, void *base, toff_t size)
{
	(void)handle;
	(void)base;
	(void)size;
}

/* libtiff multiplies colours by alpha that is not "associated": say that it is, and they stay as they are. */
static bool keep_hidden_colours(TIFF *t)
{
	uint16_t kinds[8], n = 0, *stored;

	TIFFGetFieldDefaulted(t, TIFFTAG_EXTRASAMPLES, &n, &stored);
	if (n > sizeof(kinds) / sizeof(kinds[0]))
		return false;
	for (uint16_t i = 0; i < n; i++)
		kinds[i] = EXTRASAMPLE_ASSOCALPHA;
	return n == 0 || TIFFSetField(t, TIFFTAG_EXTRASAMPLES, n, kinds);
}

static enum tutela_decode_class rows(const uint32_t *raster, struct row_sink *sink, uint8_t *row)
{
	enum tutela_decode_class c = tutela_sink_begin(sink, 3);

	for (uint32_t y = 0; !c && y < sink->height; y++, raster += sink->width) {
		for (uint32_t x = 0; x < sink->width; x++) {
			row[3 * (size_t)x] = (uint8_t)TIFFGetR(raster[x]);
			row[3 * (size_t)x + 1] = (uint8_t)TIFFGetG(raster[x]);
			row[3 * (size_t)x + 2] = (uint8_t)TIFFGetB(raster[x]);
		}
		tutela_sink_row(sink, row);
	}
	return c;
}

static enum tutela_decode_class whole(TIFF *t, struct row_sink *sink)
{
	uint64_t pixels = (uint64_t)sink->width * sink->height;
	uint16_t turned = ORIENTATION_TOPLEFT;
	enum tutela_decode_class c = TUTELA_DECODE_TOO_LARGE;
	uint32_t *raster = NULL;
	uint8_t *row = NULL;

	if (!tutela_sink_fits(sink, pixels * sizeof(*raster)))
		return TUTELA_DECODE_TOO_LARGE;
	TIFFGetFieldDefaulted(t, TIFFTAG_ORIENTATION, &turned);
	raster = calloc(pixels, sizeof(*raster));
	row = malloc((size_t)sink->width * 3);
	if (!raster || !row)
		goto out;
	/* asked for as it is, nothing is turned; 1: the first error ends it */
	if (TIFFReadRGBAImageOriented(t, sink->width, sink->height, raster, turned, 1))
		c = rows(raster, sink, row);
	else
		c = TUTELA_DECODE_CORRUPT;
out:
	free(raster);
	free(row);
	return c;
}

static enum tutela_decode_class first_page(TIFF *t, struct row_sink *sink)
{
	char why[1024];
	uint16_t meaning = SAMPLEFORMAT_UINT;
	uint32_t width = 0, height = 0;
	enum tutela_decode_class c;

	TIFFGetField(t, TIFFTAG_IMAGEWIDTH, &width);
	TIFFGetField(t, TIFFTAG_IMAGELENGTH, &height);
	TIFFGetFieldDefaulted(t, TIFFTAG_SAMPLEFORMAT, &meaning);
	c = tutela_sink_size(sink, width, height, sink->frames ? sink->frames : 1);
	if (c)
		return c;
	if ((meaning != SAMPLEFORMAT_UINT && meaning != SAMPLEFORMAT_VOID) || !keep_hidden_colours(t) ||
	    !TIFFRGBAImageOK(t, why))
		return TUTELA_DECODE_UNSUPPORTED;
	return whole(t, sink);
}

enum tutela_decode_class tutela_codec_libtiff(const uint8_t *bytes, size_t len, struct row_sink *sink)
{
	struct file f = {.bytes = bytes, .len = len};
	TIFF *t = TIFFClientOpen("", "r", &f, on_read, on_write, on_seek, on_close, on_size, on_map, on_unmap);
	enum tutela_decode_class c;

	if (!t)
		return TUTELA_DECODE_CORRUPT;
	c = first_page(t, sink);
	TIFFClose(t);
	return c;
}

enum tutela_decode_class tutela_codec_tiff(const uint8_t *bytes, size_t len, struct row_sink *sink)
{
	enum tutela_decode_class c = tutela_codec_vips_tiff(bytes, len, sink);

	if ((c != TUTELA_DECODE_UNSUPPORTED && c != TUTELA_DECODE_CORRUPT) || tutela_sink_rows(sink))
		return c;
	tutela_sink_discard(sink);
	return tutela_codec_libtiff(bytes, len, sink) == TUTELA_DECODE_OK ? TUTELA_DECODE_OK : c;
}
