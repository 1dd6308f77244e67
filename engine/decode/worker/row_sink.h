/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a codec puts a picture: size first, then rows from top to bottom.
 * Holds the limits, so that every codec meets the same ones, before it
 * allocates. One sink takes one picture.
 */
#ifndef TUTELA_DECODE_WORKER_ROW_SINK_H
#define TUTELA_DECODE_WORKER_ROW_SINK_H

#include <tutela/decode.h>

#include "hash/picture.h"

struct row_sink {
	/* set by the caller, the rest zero */
	uint64_t max_pixels, max_memory;
	unsigned wants;
	enum tutela_isa isa;
	/* set by the codec */
	uint32_t width, height, frames;
	struct picture *picture;
	bool given; /* the codec made the hashes without rows */
	struct tutela_perceptual hashes;
};

/*
 * The size the header claims. TUTELA_DECODE_OK, or the class that the codec
 * must return at once: TOO_LARGE, CORRUPT (a side of 0).
 */
enum tutela_decode_class tutela_sink_size(struct row_sink *s, uint64_t width, uint64_t height, uint32_t frames);

/* May a codec hold `bytes` of decoded picture? Leaves half of the limit to the file, the code and its tables. */
bool tutela_sink_fits(const struct row_sink *s, uint64_t bytes);

/* After tutela_sink_size: rows of 1 or 3 channels follow. OK or TOO_LARGE (no memory). */
enum tutela_decode_class tutela_sink_begin(struct row_sink *s, unsigned channels);

/* Instead of begin and rows: all hashes that are wanted, from a codec that knows them without rows. */
void tutela_sink_give(struct row_sink *s, const struct tutela_perceptual *hashes);

/* The next row; rows past the height are ignored. */
void tutela_sink_row(struct row_sink *s, const uint8_t *row);

/* Rows taken so far; all of them when the hashes were given. */
uint32_t tutela_sink_rows(const struct row_sink *s);

/* Forget the rows: what came out is filling, not picture. */
void tutela_sink_discard(struct row_sink *s);

/* Hashes of the rows, mid-gray for those that did not come, or those given. Only after begin or give. */
void tutela_sink_hashes(struct row_sink *s, struct tutela_perceptual *out);

#endif
