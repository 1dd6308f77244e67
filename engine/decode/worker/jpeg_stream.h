/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The luma coefficients of ordinary JPEG files, and nothing else.
 *
 * Reads 8-bit Huffman-coded baseline, extended and progressive files of one
 * component, or of three with YCbCr meaning, and gives the quantised luma
 * coefficients row of blocks by row of blocks. Chroma is parsed where it
 * stands between and dropped, or hopped over.
 *
 * Everything unusual is declined, not guessed at: arithmetic coding, 12 bit,
 * lossless, hierarchical, odd sampling, CMYK, RGB, missing tables, errors,
 * truncation, scans that leave coefficients unrefined. The caller then hands
 * the file to libjpeg-turbo, whose answer counts. So this code never has to say
 * what is wrong with a file.
 *
 * Source: ITU-T T.81, annexes B, F and G.
 */
#ifndef TUTELA_JPEG_STREAM_H
#define TUTELA_JPEG_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jpeg_stream;

struct jpeg_geometry {
	uint32_t width, height;             /* of the picture, in luma samples */
	uint32_t block_columns, block_rows; /* of coded luma blocks, padding to whole MCUs included */
	uint16_t quantisers[64];            /* luma, natural order (row-major 8x8) */
};

/* Over these a file is declined. */
struct jpeg_limits {
	uint64_t pixels;
	uint64_t memory; /* bytes of coefficients */
	unsigned scans;
	uint64_t scan_pixels; /* scans times pixels */
};

/*
 * Parse the headers, and (progressive) all scans. NULL when the file is
 * declined or memory is short. The bytes must outlive the stream.
 */
struct jpeg_stream *tutela_jpeg_stream_new(const uint8_t *bytes, size_t len, const struct jpeg_limits *limits);

const struct jpeg_geometry *tutela_jpeg_stream_geometry(const struct jpeg_stream *s);

/*
 * The next row of luma blocks: block_columns * 64 quantised coefficients in
 * natural order, valid until the next call; NULL when the rest of the file is
 * declined. Call block_rows times.
 */
const int16_t *tutela_jpeg_stream_row(struct jpeg_stream *s);

/* After the last row: did the file end as it should? False: declined. */
bool tutela_jpeg_stream_finish(struct jpeg_stream *s);

void tutela_jpeg_stream_free(struct jpeg_stream *s);

#endif
