/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of jpeg_stream share: its state, and who moves it on.
 *
 *	jpeg_markers.c      headers, and the segments of entropy-coded data between markers
 *	jpeg_sequential.c   the one scan of a baseline or extended file
 *	jpeg_progressive.c  all scans of a progressive file
 *	jpeg_stream.c       the interface
 *
 * In all of them false means: declined, for whatever reason.
 */
#ifndef TUTELA_JPEG_PARTS_H
#define TUTELA_JPEG_PARTS_H

#include "decode/worker/jpeg_bits.h"
#include "decode/worker/jpeg_huffman.h"
#include "decode/worker/jpeg_stream.h"

/* Zigzag to natural order, T.81 figure A.6. */
extern const uint8_t tutela_jpeg_natural[64];

struct component {
	uint8_t id, h, v, quantiser;
};

struct scan {
	unsigned n;
	uint8_t component[3], dc[3], ac[3];
	uint8_t first, last, high, low; /* Ss Se Ah Al */
};

struct jpeg_stream {
	const uint8_t *at, *end;
	struct jpeg_geometry geometry;
	struct component components[3];
	unsigned n_components;
	bool progressive, have_frame, have_jfif, latched;
	int adobe_transform; /* -1: no such marker */
	unsigned restart;    /* MCUs in an interval; 0: none */
	uint32_t mcu_columns, mcu_rows;
	bool have_quantiser[4];
	uint16_t quantisers[4][64];
	struct huffman dc[4], ac[4];
	struct pairs pairs;    /* sequential: of luma */
	struct skips skips[2]; /* sequential: of chroma */
	struct scan scan;
	uint8_t *clean;        /* one segment without stuffing */
	int16_t *coefficients; /* a row of MCUs, or (progressive) the whole plane */
	uint64_t *nonzero;     /* progressive: [block], bit k set when zigzag coefficient k is not zero */
	size_t plane;          /* progressive: length of the room that holds both; nonzero is its beginning */
	/* sequential: where the scan stands */
	struct bits bits;
	unsigned until_restart, next_restart;
	int predictor[3];
	uint32_t row; /* of blocks, next to be given */
	bool failed;
	int8_t known[64]; /* progressive: low bit that luma coefficient k is refined to; -1 not seen */
};

/* ------------------------------------------------------------------ jpeg_markers.c */

/* The start of image, which must be the first two bytes: fill may stand before every other marker only. */
bool tutela_jpeg_begin_image(struct jpeg_stream *s);

/* Read markers up to and with the next SOS. 1: a scan; 0: EOI; -1: declined. */
int tutela_jpeg_next_scan(struct jpeg_stream *s);

/* Is the next marker the end of the image? */
bool tutela_jpeg_ends(struct jpeg_stream *s);

/* As libjpeg guesses: JFIF says YCbCr, else Adobe's word counts, else the component ids. */
bool tutela_jpeg_is_rgb(const struct jpeg_stream *s);

/* Quantisers count as they are when luma's first scan begins; those of chroma must be there all the same. */
bool tutela_jpeg_latch_quantisers(struct jpeg_stream *s);

/* s->bits at the entropy-coded bytes up to the next marker; predictors and the restart count begin anew. */
void tutela_jpeg_begin_segment(struct jpeg_stream *s);

/* Was the segment read to its last byte, and no further? */
bool tutela_jpeg_segment_ended(const struct jpeg_stream *s);

/* At the end of an interval: past the marker that must be there, to the next segment. */
bool tutela_jpeg_pass_restart(struct jpeg_stream *s);

/* Hop over a scan that luma has no part in. */
void tutela_jpeg_hop_scan(struct jpeg_stream *s);

/* ------------------------------------------------------------------ jpeg_sequential.c */

bool tutela_jpeg_begin_sequential(struct jpeg_stream *s);

/* The next row of MCUs, into s->coefficients. */
bool tutela_jpeg_take_mcu_row(struct jpeg_stream *s);

/* ------------------------------------------------------------------ jpeg_progressive.c */

/* All scans to the end of the file, into a plane of coefficients. */
bool tutela_jpeg_take_all_scans(struct jpeg_stream *s, const struct jpeg_limits *limits);

void tutela_jpeg_free_plane(struct jpeg_stream *s);

/* ------------------------------------------------------------------ what both kinds of scan take from the bits */

static inline int32_t extend(uint32_t v, unsigned size)
{
	/* v - (2^size - 1) when the top bit is clear */
	return (int32_t)v + (((int32_t)v - (1 << (size - 1))) >> 31 & (int32_t)((~0u << size) + 1));
}

/* Length << 8 | symbol of the next code; 0 when there is none. The caller has refilled. */
static inline uint32_t next_code(const struct bits *b, const struct huffman *h)
{
	uint32_t slot = h->symbol[bits_peek(b, HUFFMAN_PEEK)];

	return slot ? slot : tutela_huffman_long(h, bits_peek(b, 16));
}

/* A DC difference. False: no such code. Uses at most 27 of the 56 bits that it refills. */
static inline bool take_dc(struct bits *b, const struct huffman *h, int *diff)
{
	uint32_t code;
	unsigned size;
	int32_t whole;

	bits_refill(b);
	whole = h->whole[bits_peek(b, HUFFMAN_PEEK)];
	if (whole) {
		bits_drop(b, whole & 255);
		*diff = whole >> 16;
		return true;
	}
	code = next_code(b, h);
	if (!code)
		return false;
	bits_drop(b, code >> 8);
	size = code & 15;
	*diff = size ? extend(bits_take(b, size), size) : 0;
	return true;
}

#endif
