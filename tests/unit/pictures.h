/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test pictures by formula, and the smallest encoders that will do: nothing
 * is compressed unless it is asked for, so that what goes in is what must come
 * out.
 */
#ifndef TUTELA_TESTS_PICTURES_H
#define TUTELA_TESTS_PICTURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes on the heap; free with blob_free. Shortage of memory ends the test. */
struct blob {
	uint8_t *p;
	size_t len;
};
void blob_free(struct blob *b);

/* Pixels: rows from the top, samples interleaved, one byte each. */
struct pixels {
	uint32_t width, height, channels;
	struct blob data;
};

/* A picture with features: smooth waves, some edges; channels differ. */
struct pixels pixels_scene(uint32_t width, uint32_t height, uint32_t channels);
void pixels_free(struct pixels *p);

struct png_opts {
	unsigned depth; /* 8; 16: each sample s becomes the bytes s, noise */
	bool alpha;     /* an extra channel, zero (hidden) everywhere */
	bool palette;   /* one channel: indexes of a gray ramp */
	bool interlaced;
	uint32_t frames; /* over 0: an acTL chunk that says so */
	unsigned filter; /* of each row, when not interlaced; PNG_MIXED: all kinds by turns */
	int level;       /* over 0: compressed, up to 12 */
	uint32_t pieces; /* over 0: bytes of an IDAT chunk */
};
#define PNG_MIXED 5
struct blob png_encode(const struct pixels *p, const struct png_opts *o);

/* 24 bits for RGB, 8 bits with a gray palette for gray. */
struct blob bmp_encode(const struct pixels *p, bool from_top);

/* Raw, of 8 bits: P6 for RGB, P5 for gray. */
struct blob ppm_encode(const struct pixels *p);

/* An icon of one picture: a PNG, or a BMP with an empty mask. */
struct blob ico_encode(const struct pixels *p, bool png);

/* Uncompressed; depth 8 or 16; 1, 3 or 4 (CMYK) channels. */
struct blob tiff_encode(const struct pixels *p, unsigned depth);
/* Samples of 9 to 15 bits, the lower ones noise, without a gap; strips of 8 rows. For gray 0 may be white. */
struct blob tiff_encode_packed(const struct pixels *p, unsigned bits, bool zero_is_white);
/* Luminance from one channel, and a gray of chroma for each 2 by 2 pixels; even sides; strips of 8 rows. */
struct blob tiff_encode_subsampled(const struct pixels *p);
/* A tile for each of three channels, its sides those of the picture, multiples of 16. hidden: a fourth, alpha, of
 * zeros. */
struct blob tiff_encode_planes(const struct pixels *p, bool hidden);

/* One channel, values halved to fit 128 grays; `frames` copies, each darker. */
struct blob gif_encode(const struct pixels *p, uint32_t frames);
/* What gif_encode's first frame decodes to. */
uint8_t gif_value(uint8_t v);

/* Lossless; RGB. */
struct blob webp_encode(const struct pixels *p);

enum jpeg_kind { JPEG_YCBCR, JPEG_AS_RGB, JPEG_AS_GRAY, JPEG_CMYK };
struct jpeg_opts {
	enum jpeg_kind kind;
	int quality; /* 0: 90 */
	bool progressive;
	bool arithmetic;
	int restart; /* rows of blocks between restart marks; 0: none */
};
/* By libjpeg. `p` has 1 channel for gray, 3 else; CMYK is made of them without black. */
struct blob jpeg_encode(const struct pixels *p, const struct jpeg_opts *o);

#endif
