/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebP, TIFF, HEIC and AVIF by libvips: the loader of the sniffed format
 * and no other, untrusted loaders blocked, no vector code, no cache, one
 * thread of its own. Rows come out in strips; bands are taken apart here.
 */
#include "decode/worker/codec.h"

#include "base/bytes.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gmodule.h>
#include <vips/vips.h>
#include <vips/vector.h>

#define STRIP 16 /* rows asked for at a time */

typedef int loader_fn(void *buf, size_t len, VipsImage **out, ...);

static GLogWriterOutput no_log(GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
	(void)level;
	(void)fields;
	(void)n;
	(void)data;
	return G_LOG_WRITER_HANDLED;
}

/*
 * vips_init loads every module beside the library: ImageMagick, OpenSlide,
 * Poppler. Blocked or not, their code has no business here, so libvips is told
 * of a prefix that does not exist and the one module that is wanted is loaded
 * by hand. Where HEIF is built in there is no such file.
 */
static void load_heif(void)
{
	char path[PATH_MAX];
	Dl_info lib;
	const char *slash;

	if (!dladdr((void *)(uintptr_t)vips_init, &lib) || !lib.dli_fname)
		return;
	slash = strrchr(lib.dli_fname, '/');
	if (!slash)
		return;
	snprintf(path, sizeof(path), "%.*s/vips-modules-%d.%d/vips-heif.so", (int)(slash - lib.dli_fname),
		 lib.dli_fname, vips_version(0), vips_version(1));
	g_module_open(path, G_MODULE_BIND_LAZY);
}

/* A first decode, of nothing, so that loaders are registered and tables are made before the lock-down. */
static void warm_up(void)
{
	static loader_fn *const loaders[] = {vips_webpload_buffer, vips_tiffload_buffer, vips_heifload_buffer};
	static const char nothing[64];

	for (size_t i = 0; i < sizeof(loaders) / sizeof(loaders[0]); i++) {
		VipsImage *image = NULL;

		if (loaders[i]((void *)(uintptr_t)nothing, sizeof(nothing), &image, NULL) == 0)
			g_object_unref(image);
	}
	vips_error_clear();
}

bool tutela_codec_vips_init(void)
{
	g_log_set_writer_func(no_log, NULL, NULL);
	if (setenv("VIPSHOME", "/nonexistent", 1) || vips_init("tutela-decoder-vips"))
		return false;
	load_heif();
	vips_block_untrusted_set(TRUE);
	vips_vector_set_enabled(FALSE);
	vips_concurrency_set(1);
	vips_cache_set_max(0);
	vips_cache_set_max_mem(0);
	vips_cache_set_max_files(0);
	warm_up();
	return true;
}

/* The only way in which libvips and its loaders tell what went wrong: their words. */
static enum tutela_decode_class classify(const char *text)
{
	static const struct {
		const char *word;
		enum tutela_decode_class class_;
	} words[] = {
		{"out of memory", TUTELA_DECODE_TOO_LARGE},      {"memory alloc", TUTELA_DECODE_TOO_LARGE},
		{"unable to allocate", TUTELA_DECODE_TOO_LARGE}, {"too large", TUTELA_DECODE_TOO_LARGE},
		{"dimensions too", TUTELA_DECODE_TOO_LARGE},     {"security limit", TUTELA_DECODE_TOO_LARGE},
		{"truncated", TUTELA_DECODE_TRUNCATED},          {"premature", TUTELA_DECODE_TRUNCATED},
		{"end of file", TUTELA_DECODE_TRUNCATED},        {"unexpected end", TUTELA_DECODE_TRUNCATED},
		{"end of data", TUTELA_DECODE_TRUNCATED},        {"not enough data", TUTELA_DECODE_TRUNCATED},
		{"read error", TUTELA_DECODE_TRUNCATED},         {"unsupported", TUTELA_DECODE_UNSUPPORTED},
		{"not supported", TUTELA_DECODE_UNSUPPORTED},    {"unimplemented", TUTELA_DECODE_UNSUPPORTED},
		{"not configured", TUTELA_DECODE_UNSUPPORTED},   {"blocked", TUTELA_DECODE_UNSUPPORTED},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasestr(text, words[i].word))
			return words[i].class_;
	return TUTELA_DECODE_CORRUPT;
}

static enum tutela_decode_class vips_failure(void)
{
	enum tutela_decode_class c = classify(vips_error_buffer());

	vips_error_clear();
	return c;
}

static bool has_own_space(VipsInterpretation space)
{
	switch (space) {
	case VIPS_INTERPRETATION_XYZ:
	case VIPS_INTERPRETATION_LAB:
	case VIPS_INTERPRETATION_LABQ:
	case VIPS_INTERPRETATION_LABS:
	case VIPS_INTERPRETATION_LCH:
	case VIPS_INTERPRETATION_CMC:
	case VIPS_INTERPRETATION_YXY:
	case VIPS_INTERPRETATION_scRGB:
	case VIPS_INTERPRETATION_HSV:
		return true;
	default:
		return false;
	}
}

static void replace(VipsImage **image, VipsImage *by)
{
	g_object_unref(*image);
	*image = by;
}

/*
 * Replace *image by its sRGB form where the samples are neither gray, RGB nor CMYK. Of signed and floating-point
 * samples nothing says what is black or white: what is not between 0 and 255 is cut off, as in Pillow.
 */
static enum tutela_decode_class normalise(VipsImage **image)
{
	VipsImage *other;

	if (has_own_space(vips_image_get_interpretation(*image))) {
		if (vips_colourspace(*image, &other, VIPS_INTERPRETATION_sRGB, NULL))
			return TUTELA_DECODE_UNSUPPORTED;
		replace(image, other);
	}
	switch (vips_image_get_format(*image)) {
	case VIPS_FORMAT_UCHAR:
	case VIPS_FORMAT_USHORT:
	case VIPS_FORMAT_UINT:
		return TUTELA_DECODE_OK;
	case VIPS_FORMAT_COMPLEX:
	case VIPS_FORMAT_DPCOMPLEX:
		return TUTELA_DECODE_UNSUPPORTED;
	default:
		if (vips_cast(*image, &other, VIPS_FORMAT_UCHAR, NULL))
			return TUTELA_DECODE_UNSUPPORTED;
		replace(image, other);
		return TUTELA_DECODE_OK;
	}
}

/* Where samples are and what they mean. */
struct layout {
	size_t bands;
	size_t width; /* bytes of a sample: the highest counts */
	bool ink;     /* CMYK, 0: no ink */
	unsigned channels;
};

static struct layout layout_of(const VipsImage *image)
{
	struct layout l = {
		.bands = (size_t)vips_image_get_bands(image),
		.width = VIPS_IMAGE_SIZEOF_ELEMENT(image),
		.ink = vips_image_get_interpretation(image) == VIPS_INTERPRETATION_CMYK,
	};

	l.ink = l.ink && l.bands >= 4;
	l.channels = l.bands >= 3 ? 3 : 1;
	return l;
}

static uint8_t sample(const struct layout *l, const uint8_t *p, size_t i)
{
	return p[(i + 1) * l->width - 1]; /* libvips keeps samples in the machine's order */
}

static void take_row(const struct layout *l, const uint8_t *p, uint32_t width, uint8_t *to)
{
	for (uint32_t x = 0; x < width; x++) {
		size_t first = (size_t)x * l->bands;
		unsigned white = l->ink ? 255u - sample(l, p, first + 3) : 255;

		for (unsigned k = 0; k < l->channels; k++) {
			unsigned v = sample(l, p, first + k);

			*to++ = (uint8_t)(l->ink ? ((255 - v) * white + 127) / 255 : v);
		}
	}
}

static enum tutela_decode_class strips(VipsRegion *region, const struct layout *l, struct row_sink *sink, uint8_t *row)
{
	for (uint32_t top = 0; top < sink->height; top += STRIP) {
		uint32_t n = sink->height - top < STRIP ? sink->height - top : STRIP;
		VipsRect r = {.left = 0, .top = (int)top, .width = (int)sink->width, .height = (int)n};

		if (vips_region_prepare(region, &r))
			return vips_failure();
		for (uint32_t y = top; y < top + n; y++) {
			take_row(l, VIPS_REGION_ADDR(region, 0, (int)y), sink->width, row);
			tutela_sink_row(sink, row);
		}
	}
	return TUTELA_DECODE_OK;
}

static enum tutela_decode_class rows(VipsImage *image, struct row_sink *sink)
{
	struct layout l = layout_of(image);
	enum tutela_decode_class c = tutela_sink_begin(sink, l.channels);
	uint8_t *row = malloc((size_t)sink->width * l.channels);
	VipsRegion *region = c || !row ? NULL : vips_region_new(image);

	c = region ? strips(region, &l, sink, row) : TUTELA_DECODE_TOO_LARGE;
	if (region)
		g_object_unref(region);
	free(row);
	return c;
}

/* Until the first error, or past all of them. */
static enum tutela_decode_class load_until(VipsFailOn until, loader_fn *loader, unsigned each, const uint8_t *bytes,
					   size_t len, struct row_sink *sink)
{
	VipsImage *image = NULL;
	enum tutela_decode_class c;

	vips_error_clear(); /* of another file, and of libtiff, which shares the place */
	/* libvips takes void * and only reads */
	if (loader((void *)(uintptr_t)bytes, len, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", until, NULL))
		return vips_failure();
	c = tutela_sink_size(sink, (uint64_t)vips_image_get_width(image), (uint64_t)vips_image_get_height(image),
			     (uint32_t)vips_image_get_n_pages(image));
	if (!c && !tutela_sink_fits(sink, (uint64_t)sink->width * sink->height * each))
		c = TUTELA_DECODE_TOO_LARGE;
	if (!c)
		c = normalise(&image);
	vips_error_clear();
	if (!c)
		c = rows(image, sink);
	/* libtiff tells of a wrong code and goes on; libvips passes it on in words only */
	if (!c && loader == vips_tiffload_buffer && *vips_error_buffer())
		c = TUTELA_DECODE_CORRUPT;
	g_object_unref(image);
	vips_error_clear();
	return c;
}

/*
 * `each`: bytes that the loader will hold for a pixel of the whole picture. Asked before it does, because GLib ends the
 * process when memory runs out.
 *
 * A damaged file of which nothing came is read once more, past its errors, for what there is to see. It stays damaged.
 */
static enum tutela_decode_class load(loader_fn *loader, unsigned each, const uint8_t *bytes, size_t len,
				     struct row_sink *sink)
{
	enum tutela_decode_class c = load_until(VIPS_FAIL_ON_ERROR, loader, each, bytes, len, sink);

	if ((c == TUTELA_DECODE_CORRUPT || c == TUTELA_DECODE_TRUNCATED) && tutela_sink_rows(sink) == 0) {
		tutela_sink_discard(sink);
		load_until(VIPS_FAIL_ON_NONE, loader, each, bytes, len, sink);
	}
	return c;
}

/* Loaders call a short file corrupt when their container says how long it should be: ask that first. */
static enum tutela_decode_class unless_short(enum tutela_decode_class c, bool ends_early)
{
	return c == TUTELA_DECODE_CORRUPT && ends_early ? TUTELA_DECODE_TRUNCATED : c;
}

enum tutela_decode_class tutela_codec_webp(const uint8_t *bytes, size_t len, struct row_sink *sink)
{
	struct bytes_reader r = bytes_reader_init(bytes, len);
	uint64_t claimed;

	bytes_take(&r, 4);
	claimed = (uint64_t)bytes_u32(&r) + 8;
	return unless_short(load(vips_webpload_buffer, 4, bytes, len, sink), claimed > len);
}

enum tutela_decode_class tutela_codec_vips_tiff(const uint8_t *bytes, size_t len, struct row_sink *sink)
{
	return load(vips_tiffload_buffer, 0, bytes, len, sink);
}

static uint64_t big_endian(const uint8_t *p, unsigned width)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < width; i++)
		v = v << 8 | p[i];
	return v;
}

/* Does a box of the outermost level go past the end? */
static bool boxes_end_early(const uint8_t *p, size_t len)
{
	size_t at = 0;

	while (len - at >= 8) {
		uint64_t n = big_endian(p + at, 4);

		if (n == 1 && len - at >= 16)
			n = big_endian(p + at + 8, 8);
		if (n == 0) /* to the end, wherever that is */
			return false;
		if (n > len - at)
			return true;
		if (n < 8)
			return false;
		at += n;
	}
	return at != len;
}

enum tutela_decode_class tutela_codec_heif(const uint8_t *bytes, size_t len, struct row_sink *sink)
{
	return unless_short(load(vips_heifload_buffer, 5, bytes, len, sink), boxes_end_early(bytes, len));
}
