/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TIFF. Ordinary files go through libvips. What that does not take, tiles in
 * separate planes and JPEG of the kind before Technical Note 2 among it, goes
 * through libtiff's own reader of whole pictures, as stored: not turned by the
 * orientation, hidden colours counted, those that were multiplied by their
 * alpha divided again. Samples of 9 to 15 bits, which neither takes, come from
 * its lines; the highest 8 bits count. Signed and floating-point samples only
 * libvips takes.
 *
 * libvips also reads the directories of the pages behind the first, and tags
 * that do not matter; what it calls damaged is not when libtiff finds nothing
 * wrong with the first page's samples.
 *
 * Source: TIFF revision 6.0; the manual of TIFFReadRGBAImage.
 */
#include "decode/worker/codec.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <tiffio.h>

struct file {
	const uint8_t *bytes;
	uint64_t len, at;
	unsigned errors, warnings; /* libtiff tells of wrong codes and goes on */
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

static int on_error(TIFF *t, void *f, const char *where, const char *format, va_list rest)
{
	(void)t;
	(void)where;
	(void)format;
	(void)rest;
	((struct file *)f)->errors++;
	return 1;
}

static int on_warning(TIFF *t, void *f, const char *where, const char *format, va_list rest)
{
	(void)t;
	(void)where;
	(void)format;
	(void)rest;
	((struct file *)f)->warnings++;
	return 1;
}

static TIFF *open_file(struct file *f)
{
	TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
	TIFF *t;

	if (!options)
		return NULL;
	TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, f);
	TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, f);
	t = TIFFClientOpenExt("", "r", f, on_read, on_write, on_seek, on_close, on_size, on_map, on_unmap, options);
	TIFFOpenOptionsFree(options);
	f->errors = f->warnings = 0; /* none of the tags that are needed was wrong */
	return t;
}

/*
 * libtiff multiplies colours by alpha that is not "associated": say that it is, and they stay as they are. Those that
 * are multiplied in the file are told by *multiplied.
 */
static bool keep_hidden_colours(TIFF *t, bool *multiplied)
{
	uint16_t kinds[8], n = 0, *stored;

	TIFFGetFieldDefaulted(t, TIFFTAG_EXTRASAMPLES, &n, &stored);
	if (n > sizeof(kinds) / sizeof(kinds[0]))
		return false;
	*multiplied = n > 0 && stored[0] == EXTRASAMPLE_ASSOCALPHA;
	for (uint16_t i = 0; i < n; i++)
		kinds[i] = EXTRASAMPLE_ASSOCALPHA;
	return n == 0 || TIFFSetField(t, TIFFTAG_EXTRASAMPLES, n, kinds);
}

/* As libvips does it: nothing is left of what is wholly transparent. */
static uint8_t divided(uint32_t v, uint32_t alpha)
{
	uint32_t whole = alpha ? (v * 255 + alpha / 2) / alpha : 0;

	return whole < 255 ? (uint8_t)whole : 255;
}

static enum tutela_decode_class rows(const uint32_t *raster, bool multiplied, struct row_sink *sink, uint8_t *row)
{
	enum tutela_decode_class c = tutela_sink_begin(sink, 3);

	for (uint32_t y = 0; !c && y < sink->height; y++, raster += sink->width) {
		for (uint32_t x = 0; x < sink->width; x++) {
			uint32_t v = raster[x], alpha = multiplied ? TIFFGetA(v) : 255;

			row[3 * (size_t)x] = divided(TIFFGetR(v), alpha);
			row[3 * (size_t)x + 1] = divided(TIFFGetG(v), alpha);
			row[3 * (size_t)x + 2] = divided(TIFFGetB(v), alpha);
		}
		tutela_sink_row(sink, row);
	}
	return c;
}

/* Asked for as it is, nothing is turned. stop: the first error ends it, and leaves what came before. */
static enum tutela_decode_class fill(TIFF *t, const struct row_sink *sink, uint32_t *raster, bool stop)
{
	TIFFRGBAImage image;
	char why[1024];
	bool ok;

	if (!TIFFRGBAImageBegin(&image, t, stop, why))
		return TUTELA_DECODE_UNSUPPORTED;
	image.req_orientation = image.orientation;
	ok = TIFFRGBAImageGet(&image, raster, sink->width, sink->height);
	TIFFRGBAImageEnd(&image);
	return ok ? TUTELA_DECODE_OK : TUTELA_DECODE_CORRUPT;
}

/* Does a strip or tile end behind the file? */
static bool is_cut(TIFF *t, const struct file *f, uint32_t strile)
{
	uint64_t from = TIFFGetStrileOffset(t, strile), len = TIFFGetStrileByteCount(t, strile);

	return from > f->len || len > f->len - from;
}

static bool ends_early(TIFF *t, const struct file *f)
{
	uint32_t n = TIFFIsTiled(t) ? TIFFNumberOfTiles(t) : TIFFNumberOfStrips(t);

	for (uint32_t i = 0; i < n; i++)
		if (is_cut(t, f, i))
			return true;
	return false;
}

/* Where anything came before the error, what is behind it counts too, as in Pillow. */
static enum tutela_decode_class salvage(TIFF *t, const struct file *f, bool multiplied, struct row_sink *sink,
					uint32_t *raster, uint8_t *row)
{
	uint64_t pixels = (uint64_t)sink->width * sink->height, n = 0;

	while (n < pixels && !raster[n])
		n++;
	if (n < pixels) {
		fill(t, sink, raster, false);
		rows(raster, multiplied, sink, row);
	}
	return ends_early(t, f) ? TUTELA_DECODE_TRUNCATED : TUTELA_DECODE_CORRUPT;
}

/* judge: only say whether all of it is there. */
static enum tutela_decode_class whole(TIFF *t, const struct file *f, bool multiplied, struct row_sink *sink, bool judge)
{
	uint64_t pixels = (uint64_t)sink->width * sink->height;
	enum tutela_decode_class c = TUTELA_DECODE_TOO_LARGE;
	uint32_t *raster = NULL;
	uint8_t *row = NULL;

	if (!tutela_sink_fits(sink, pixels * sizeof(*raster)))
		return TUTELA_DECODE_TOO_LARGE;
	raster = calloc(pixels, sizeof(*raster));
	row = malloc((size_t)sink->width * 3);
	if (!raster || !row)
		goto out;
	c = fill(t, sink, raster, true);
	if (c == TUTELA_DECODE_CORRUPT && !judge)
		c = salvage(t, f, multiplied, sink, raster, row);
	else if (!c && (judge || !(c = rows(raster, multiplied, sink, row))))
		c = f->errors || (judge && f->warnings) ? TUTELA_DECODE_CORRUPT : TUTELA_DECODE_OK;
out:
	free(raster);
	free(row);
	return c;
}

/* ---- samples of 9 to 15 bits, one behind the other, the highest bit first in either order of bytes ---- */

struct deep {
	uint16_t bits, samples;
	unsigned channels;
	bool zero_is_white;
	uint8_t *line, *row;
};

static bool is_deep(TIFF *t, struct deep *d)
{
	uint16_t planes = PLANARCONFIG_CONTIG, packing = COMPRESSION_NONE, colours = 0;

	TIFFGetFieldDefaulted(t, TIFFTAG_BITSPERSAMPLE, &d->bits);
	TIFFGetFieldDefaulted(t, TIFFTAG_SAMPLESPERPIXEL, &d->samples);
	TIFFGetFieldDefaulted(t, TIFFTAG_PLANARCONFIG, &planes);
	TIFFGetFieldDefaulted(t, TIFFTAG_COMPRESSION, &packing);
	if (!TIFFGetField(t, TIFFTAG_PHOTOMETRIC, &colours) || TIFFIsTiled(t) || packing == COMPRESSION_JPEG)
		return false;
	if (colours != PHOTOMETRIC_MINISWHITE && colours != PHOTOMETRIC_MINISBLACK && colours != PHOTOMETRIC_RGB)
		return false;
	d->channels = colours == PHOTOMETRIC_RGB ? 3 : 1;
	d->zero_is_white = colours == PHOTOMETRIC_MINISWHITE;
	return d->bits > 8 && d->bits < 16 && d->samples >= d->channels &&
	       (planes == PLANARCONFIG_CONTIG || d->samples == 1);
}

static void deep_row(const struct deep *d, uint32_t width)
{
	uint8_t *to = d->row;

	for (uint64_t x = 0; x < width; x++)
		for (unsigned k = 0; k < d->channels; k++) {
			uint64_t bit = (x * d->samples + k) * d->bits;
			const uint8_t *p = d->line + bit / 8;
			uint8_t v = (uint8_t)((p[0] << 8 | p[1]) >> (8 - bit % 8));

			*to++ = d->zero_is_white ? (uint8_t)(255 - v) : v;
		}
}

/* The strip of row y could not be read: is it there? */
static enum tutela_decode_class missing_or_wrong(TIFF *t, const struct file *f, uint32_t y)
{
	return is_cut(t, f, TIFFComputeStrip(t, y, 0)) ? TUTELA_DECODE_TRUNCATED : TUTELA_DECODE_CORRUPT;
}

static enum tutela_decode_class deep_rows(TIFF *t, const struct file *f, struct deep *d, struct row_sink *sink)
{
	uint64_t len = ((uint64_t)sink->width * d->samples * d->bits + 7) / 8;
	enum tutela_decode_class c = TUTELA_DECODE_TOO_LARGE;

	if (!tutela_sink_fits(sink, len))
		return c;
	if (TIFFScanlineSize64(t) != len)
		return TUTELA_DECODE_CORRUPT;
	d->line = malloc(len);
	d->row = malloc((size_t)sink->width * d->channels);
	if (!d->line || !d->row || tutela_sink_begin(sink, d->channels))
		goto out;
	c = TUTELA_DECODE_OK;
	for (uint32_t y = 0; !c && y < sink->height; y++) {
		if (TIFFReadScanline(t, d->line, y, 0) < 0) {
			c = missing_or_wrong(t, f, y);
		} else {
			deep_row(d, sink->width);
			tutela_sink_row(sink, d->row);
		}
	}
	if (!c && f->errors)
		c = TUTELA_DECODE_CORRUPT;
out:
	free(d->row);
	free(d->line);
	return c;
}

static enum tutela_decode_class first_page(TIFF *t, const struct file *f, struct row_sink *sink, bool judge)
{
	struct deep deep = {0};
	char why[1024];
	uint16_t meaning = SAMPLEFORMAT_UINT;
	uint32_t width = 0, height = 0;
	bool multiplied;
	enum tutela_decode_class c;

	TIFFGetField(t, TIFFTAG_IMAGEWIDTH, &width);
	TIFFGetField(t, TIFFTAG_IMAGELENGTH, &height);
	TIFFGetFieldDefaulted(t, TIFFTAG_SAMPLEFORMAT, &meaning);
	c = tutela_sink_size(sink, width, height, sink->frames ? sink->frames : 1);
	if (c)
		return c;
	if (meaning != SAMPLEFORMAT_UINT && meaning != SAMPLEFORMAT_VOID)
		return TUTELA_DECODE_UNSUPPORTED;
	if (is_deep(t, &deep) && !judge)
		return deep_rows(t, f, &deep, sink);
	if (!keep_hidden_colours(t, &multiplied) || !TIFFRGBAImageOK(t, why))
		return TUTELA_DECODE_UNSUPPORTED;
	return whole(t, f, multiplied, sink, judge);
}

static enum tutela_decode_class read_file(const uint8_t *bytes, size_t len, struct row_sink *sink, bool judge)
{
	struct file f = {.bytes = bytes, .len = len};
	TIFF *t = open_file(&f);
	enum tutela_decode_class c;

	if (!t)
		return TUTELA_DECODE_CORRUPT;
	c = first_page(t, &f, sink, judge);
	TIFFClose(t);
	return c;
}

enum tutela_decode_class tutela_codec_libtiff(const uint8_t *bytes, size_t len, struct row_sink *sink)
{
	return read_file(bytes, len, sink, false);
}

/* All rows came and yet something is wrong with the file: is it with them? */
static bool sound(const uint8_t *bytes, size_t len, const struct row_sink *sink)
{
	struct row_sink other = {.max_pixels = sink->max_pixels, .max_memory = sink->max_memory};

	return read_file(bytes, len, &other, true) == TUTELA_DECODE_OK && other.width == sink->width &&
	       other.height == sink->height;
}

enum tutela_decode_class tutela_codec_tiff(const uint8_t *bytes, size_t len, struct row_sink *sink)
{
	enum tutela_decode_class c = tutela_codec_vips_tiff(bytes, len, sink), other;

	if (c != TUTELA_DECODE_UNSUPPORTED && c != TUTELA_DECODE_CORRUPT && c != TUTELA_DECODE_TRUNCATED)
		return c;
	if (tutela_sink_rows(sink))
		return tutela_sink_rows(sink) == sink->height && sound(bytes, len, sink) ? TUTELA_DECODE_OK : c;
	tutela_sink_discard(sink);
	other = tutela_codec_libtiff(bytes, len, sink);
	/* libvips calls damaged what it does not know, and knows better what is cut. */
	return other == TUTELA_DECODE_CORRUPT && !tutela_sink_rows(sink) && c == TUTELA_DECODE_TRUNCATED ? c : other;
}
