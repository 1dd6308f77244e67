/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PNG by png_stream and by libpng: the same verdict and the same hashes, for
 * scalar and vector code. The first byte says what the rest is:
 *  - even: a file; with bit 1 its checksums of chunks are put right first
 *  - odd: a size, a kind of pixel, then filtered rows, which are packed into
 *    a whole file, so that rows of every kind get past the checksums
 */
#include "png_outcome.h"

#include <libdeflate.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

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

static void compare(const uint8_t *p, size_t len, bool must_be_whole)
{
	struct png_outcome lib = png_outcome(tutela_codec_libpng, p, len, TUTELA_ISA_SCALAR);
	struct png_outcome scalar = png_outcome(tutela_codec_png, p, len, TUTELA_ISA_SCALAR);
	struct png_outcome best = png_outcome(tutela_codec_png, p, len, TUTELA_ISA_AUTO);

	require(png_same(&lib, &scalar));
	require(png_same(&lib, &best));
	require(!must_be_whole || lib.class_ == TUTELA_DECODE_OK);
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
