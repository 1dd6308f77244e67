/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outline of a JPEG 2000 file: where its codestream is, what the header
 * claims, and which tile-parts are there. No coefficient is looked at. It is
 * what limits are applied to before the library sees a byte, and what tells a
 * file that ends early from a damaged one.
 *
 * Source: ITU-T T.800 (ISO/IEC 15444-1), annexes A and I.
 */
#ifndef TUTELA_DECODE_WORKER_JP2_OUTLINE_H
#define TUTELA_DECODE_WORKER_JP2_OUTLINE_H

#include <tutela/decode.h>

#define JP2_TILES_MAX  65535
#define JP2_LEVELS_MAX 32

struct jp2_outline {
	bool boxed;              /* a JP2 file, not a bare codestream */
	size_t start;            /* of the codestream, in the file */
	uint32_t x0, y0, x1, y1; /* the picture, on the reference grid; not empty */
	uint32_t tile_x0, tile_y0, tile_w, tile_h;
	uint32_t tiles_across, tiles_down; /* at least 1; JP2_TILES_MAX together */
	unsigned components;
	unsigned levels;                      /* of the wavelet, by the main header; JP2_LEVELS_MAX at most */
	unsigned block_w, block_h;            /* of a code block, as powers of two */
	uint8_t precinct[JP2_LEVELS_MAX + 1]; /* the same, of each resolution: width below, height above */
	unsigned columns;                     /* of a palette; 0: there is none */
	size_t until;     /* end of the codestream by its box; of the file, where there is none or it claims more */
	size_t end;       /* of the last tile-part, or of as much of it as is there; no end mark before it */
	bool is_cut;      /* the last tile-part, by the end of the file */
	size_t length_at; /* where its length stands, when it has one; 0: it has none, or is not cut */
	bool has_end_mark;
	bool ends_early; /* the file ends before the codestream does */
	/* of each tile: tile-parts that are there, and how many there are to be; 0: not said */
	uint8_t parts[JP2_TILES_MAX], claimed[JP2_TILES_MAX];
};

/*
 * OK when the header is whole; TRUNCATED, CORRUPT; TOO_LARGE when there are more tiles than the format has. What
 * comes after the header is described, never judged. *o is cleared on entry.
 */
enum tutela_decode_class tutela_jp2_outline(const uint8_t *bytes, size_t len, struct jp2_outline *o);

/* Are all tiles there, each with all the tile-parts that it is said to have? The end mark may lack where that is said.
 */
bool tutela_jp2_whole(const struct jp2_outline *o);

#endif
