/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ordinary PNG files, whole and at once: 8 bits, gray or RGB, with or without
 * alpha, not interlaced, without a colour that stands for transparency.
 *
 * What is not ordinary, or not right to the last byte, is declined before a
 * row comes out. The caller then hands the file to libpng, whose answer
 * counts. So this code never has to say what is wrong with a file.
 *
 * A file that is taken gives libpng's rows. One kind is taken that libpng
 * refuses, and no encoder writes it: code tables that libdeflate accepts and
 * zlib does not (more distance codes than there are, say), when the length
 * and every checksum are right. Its pixels are beyond doubt all the same.
 *
 * Source: W3C Portable Network Graphics (second edition).
 */
#ifndef TUTELA_PNG_STREAM_H
#define TUTELA_PNG_STREAM_H

#include <tutela/cpu.h>

struct png_stream;

struct png_geometry {
	uint32_t width, height;
	uint32_t channels; /* of the rows that come out: 1 or 3 */
};

/* Over these a file is declined. */
struct png_limits {
	uint64_t pixels;
	uint64_t memory; /* bytes of filtered samples, and of compressed ones when they are in pieces */
};

/*
 * Check all chunks, inflate, check all filters. NULL when the file is declined
 * or memory is short. The bytes must outlive the stream.
 */
struct png_stream *tutela_png_stream_new(const uint8_t *bytes, size_t len, const struct png_limits *limits,
					 enum tutela_isa isa);

const struct png_geometry *tutela_png_stream_geometry(const struct png_stream *s);

/* The next row, valid until the next call; call `height` times. */
const uint8_t *tutela_png_stream_row(struct png_stream *s);

void tutela_png_stream_free(struct png_stream *s);

#endif
