/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PNG by png_stream and by libpng: the same verdict and the same rows, for
 * scalar and vector code. Stands in for the hashing, to see the rows themselves. The first byte says what the rest is:
 *  - even: a file; with bit 1 its checksums of chunks are put right first
 *  - odd: a size, a kind of pixel, then filtered rows, which are packed into
 *    a whole file, so that rows of every kind get past the checksums
 * A file that png_stream takes and libpng does not is a finding unless zlib
 * refuses the compressed data (see png_stream.h).
 */
#include "decode/worker/codec.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

#include "fuzz.h"

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put_be32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void repair(uint8_t *p, size_t len)
{
	for (size_t at = 8; at + 12 <= len && be32(p + at) <= len - at - 12; at += 12 + (size_t)be32(p + at))
		put_be32(p + at + 8 + be32(p + at), libdeflate_crc32(0, p + at + 4, (size_t)be32(p + at) + 4));
}

/* ---- what stands in for the hashing ---- */

struct picture {
	size_t stride;
	uint32_t height, rows;
	uint8_t *data;
};

enum tutela_err tutela_picture_new(uint32_t width, uint32_t height, uint32_t channels, unsigned wants,
				   enum tutela_isa isa, struct picture **out)
{
	struct picture *p = calloc(1, sizeof(*p));

	(void)wants;
	(void)isa;
	require(p && (channels == 1 || channels == 3));
	p->stride = (size_t)width * channels;
	p->height = height;
	p->data = calloc(height, p->stride);
	require(p->data);
	*out = p;
	return TUTELA_OK;
}

void tutela_picture_row(struct picture *p, const uint8_t *row)
{
	require(p->rows < p->height);
	memcpy(p->data + p->rows++ * p->stride, row, p->stride);
}

uint32_t tutela_picture_rows(const struct picture *p)
{
	return p->rows;
}

void tutela_picture_finish(struct picture *p, struct tutela_perceptual *out)
{
	(void)p;
	(void)out;
}

void tutela_picture_free(struct picture *p)
{
	if (p)
		free(p->data);
	free(p);
}

/* ---- the two ways ---- */

static enum tutela_decode_class decode(codec_fn *codec, const uint8_t *p, size_t len, enum tutela_isa isa,
				       struct row_sink *s)
{
	*s = (struct row_sink){
		.max_pixels = 1 << 20, .max_memory = 16 << 20, .wants = TUTELA_WANT_PERCEPTUAL, .isa = isa};
	return codec(p, len, s);
}

static void require_same(const struct row_sink *a, const struct row_sink *b)
{
	require(a->width == b->width && a->height == b->height && a->frames == b->frames);
	require(!a->picture == !b->picture);
	require(!a->picture || (a->picture->stride == b->picture->stride && a->picture->rows == b->picture->rows &&
				!memcmp(a->picture->data, b->picture->data, a->picture->height * a->picture->stride)));
}

/* Of a whole file: does zlib inflate it? */
static bool zlib_inflates(const uint8_t *p, size_t len)
{
	z_stream z = {0};
	uint8_t out[4096];
	int result = Z_OK;

	require(inflateInit(&z) == Z_OK);
	for (size_t at = 8; at + 12 <= len && result == Z_OK; at += 12 + (size_t)be32(p + at)) {
		if (memcmp(p + at + 4, "IDAT", 4) != 0)
			continue;
		z.next_in = p + at + 8;
		z.avail_in = be32(p + at);
		do {
			z.next_out = out;
			z.avail_out = sizeof(out);
			result = inflate(&z, Z_NO_FLUSH);
		} while (result == Z_OK);
		result = result == Z_BUF_ERROR ? Z_OK : result;
	}
	inflateEnd(&z);
	return result == Z_STREAM_END;
}

static void compare(const uint8_t *p, size_t len, bool must_be_whole)
{
	struct row_sink lib, scalar, best;
	enum tutela_decode_class c = decode(tutela_codec_libpng, p, len, TUTELA_ISA_SCALAR, &lib);
	enum tutela_decode_class own = decode(tutela_codec_png, p, len, TUTELA_ISA_SCALAR, &scalar);

	require(decode(tutela_codec_png, p, len, TUTELA_ISA_AUTO, &best) == own);
	require_same(&scalar, &best);
	if (own == c)
		require_same(&lib, &best);
	else
		require(own == TUTELA_DECODE_OK && c == TUTELA_DECODE_CORRUPT && !zlib_inflates(p, len));
	require(!must_be_whole || c == TUTELA_DECODE_OK);
	tutela_sink_discard(&lib);
	tutela_sink_discard(&scalar);
	tutela_sink_discard(&best);
}

static void compare_file(const uint8_t *data, size_t len, bool repaired)
{
	uint8_t *p = malloc(len ? len : 1); /* its end is the end of its memory */

	require(p);
	memcpy(p, data, len);
	if (repaired)
		repair(p, len);
	compare(p, len, false);
	free(p);
}

static uint8_t *add_chunk(uint8_t *at, const char *type, const uint8_t *body, size_t len)
{
	put_be32(at, (uint32_t)len);
	memcpy(at + 4, type, 4);
	if (len)
		memcpy(at + 8, body, len);
	return at + 12 + len;
}

/* Rows as far as the data go, zeros after; filters over 4 stay when the last bit of `kind` is set. */
static void compare_rows(uint32_t width, uint32_t height, unsigned kind, const uint8_t *data, size_t size)
{
	static const uint8_t colours[4] = {0, 4, 2, 6};
	size_t bpp = (kind & 3) + 1, row = 1 + width * bpp, len = row * height, bound;
	struct libdeflate_compressor *c = libdeflate_alloc_compressor((int)(kind >> 2 & 3));
	uint8_t head[13] = {[8] = 8, [9] = colours[kind & 3]}, *rows = calloc(len, 1), *packed, *file, *end;
	bool odd = false;

	require(c && rows);
	memcpy(rows, data, size < len ? size : len);
	for (size_t y = 0; y < height; y++) {
		if (!(kind & 128))
			rows[y * row] %= 5;
		odd |= rows[y * row] > 4;
	}
	bound = libdeflate_zlib_compress_bound(c, len);
	packed = malloc(bound);
	file = malloc(bound + 8 + 25 + 12 + 12);
	require(packed && file);
	bound = libdeflate_zlib_compress(c, rows, len, packed, bound);
	put_be32(head, width);
	put_be32(head + 4, height);
	memcpy(file, "\x89PNG\r\n\x1a\n", 8);
	end = add_chunk(file + 8, "IHDR", head, 13);
	end = add_chunk(add_chunk(end, "IDAT", packed, bound), "IEND", NULL, 0);
	repair(file, (size_t)(end - file));
	compare(file, (size_t)(end - file), !odd && width >= 5 && height >= 5);
	libdeflate_free_compressor(c);
	free(rows);
	free(packed);
	free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	if (!(data[0] & 1))
		compare_file(data + 1, size - 1, data[0] & 2);
	else if (size > 4)
		compare_rows(1 + data[1] % 90u, 1 + data[2] % 40u, data[3], data + 4, size - 4);
	return 0;
}
