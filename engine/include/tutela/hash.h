/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Perceptual hashes of pixels that the caller already holds.
 *
 * Files are hashed by the decoder (tutela/decode.h), in a process of its own.
 * This header is for callers who have pixels: camera software, transcoders,
 * tests.
 *
 * PDQ comes in two dialects that differ by 7.6 bits on average:
 *   ref   the C++ tool's: nearest-neighbour to 512x512 first when a side is over 512
 *   full  pdqhash's, python-threatexchange's and HMA's: no resize
 * Lists in the field mix both, so a query should ask with both.
 *
 * Promised: results are bit-identical on every machine, compiler and
 * instruction set. Not promised: equality with hashes that other programs
 * computed after another decoder or resampler.
 *
 * Thread safety: no shared state; any number of threads.
 *
 * Sources: PDQ, "The TMK+PDQF Video-Hashing Algorithm and the PDQ
 * Image-Hashing Algorithm", Facebook 2019, and its C++ reference; pHash and
 * dHash as Python's ImageHash defines them.
 */
#ifndef TUTELA_HASH_H
#define TUTELA_HASH_H

#include <tutela/algorithm.h>
#include <tutela/cpu.h>

/* The eight symmetries of the square, in the order of every array of eight here. */
enum tutela_dihedral {
	TUTELA_ORIGINAL = 0,
	TUTELA_ROTATE90 = 1, /* counter-clockwise */
	TUTELA_ROTATE180 = 2,
	TUTELA_ROTATE270 = 3,
	TUTELA_FLIPX = 4,      /* top to bottom */
	TUTELA_FLIPY = 5,      /* left to right */
	TUTELA_FLIPPLUS1 = 6,  /* transpose */
	TUTELA_FLIPMINUS1 = 7, /* anti-transpose */
};
#define TUTELA_DIHEDRALS 8

/* "original", "rotate90", … "flipminus1"; NULL when out of range. */
TUTELA_API const char *tutela_dihedral_name(enum tutela_dihedral d);

/* One dialect's answer for one picture. All zero when the picture is smaller than 5 x 5. */
struct tutela_pdq {
	uint8_t hash[TUTELA_PDQ_LEN]; /* text order */
	/* [TUTELA_ORIGINAL] can differ from `hash` at exactly 64x64 */
	uint8_t dihedral[TUTELA_DIHEDRALS][TUTELA_PDQ_LEN];
	int32_t quality; /* 0..100 */
};

/* Pixels of a caller: rows from top to bottom, 8 bits a sample, channels interleaved. */
struct tutela_pixels {
	const uint8_t *data;
	size_t stride;     /* bytes from one row to the next, >= width * channels */
	uint32_t width;    /* pixels, >= 1 */
	uint32_t height;   /* rows, >= 1 */
	uint32_t channels; /* 1 gray, 3 RGB */
};

/* What tutela_hash_pixels computes. */
enum {
	TUTELA_WANT_PDQ = 1 << 0,      /* ref dialect */
	TUTELA_WANT_PDQ_FULL = 1 << 1, /* full dialect */
	TUTELA_WANT_PHASH = 1 << 2,
	TUTELA_WANT_DHASH = 1 << 3,
	TUTELA_WANT_MD5 = 1 << 4, /* digests: of files only, see decode.h */
	TUTELA_WANT_SHA1 = 1 << 5,
	TUTELA_WANT_SHA256 = 1 << 6,
	TUTELA_WANT_DIGESTS = TUTELA_WANT_MD5 | TUTELA_WANT_SHA1 | TUTELA_WANT_SHA256,
	TUTELA_WANT_PERCEPTUAL = TUTELA_WANT_PDQ | TUTELA_WANT_PDQ_FULL | TUTELA_WANT_PHASH | TUTELA_WANT_DHASH,
	TUTELA_WANT_ALL = TUTELA_WANT_DIGESTS | TUTELA_WANT_PERCEPTUAL,
};

struct tutela_perceptual {
	struct tutela_pdq pdq;      /* ref */
	struct tutela_pdq pdq_full; /* full */
	uint8_t phash[TUTELA_HASH64_LEN];
	uint8_t dhash[TUTELA_HASH64_LEN];
};

/*
 * Hash a whole picture. Fields that were not wanted stay zero.
 * `isa`: TUTELA_ISA_AUTO, or a level to compare with another.
 * Memory: some rows of the picture, never a second copy of it.
 * TUTELA_E_ARG (no pixels, odd channels, stride too small, isa not on this
 * machine), TUTELA_E_NOMEM. *out is zeroed on entry.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_hash_pixels(const struct tutela_pixels *pixels, unsigned wants,
							     enum tutela_isa isa, struct tutela_perceptual *out);

/*
 * PDQ of a luminance plane: n_rows x n_cols floats in 0..255, row-major,
 * contiguous, taken as it is (no resize: hand it a 512 x 512 plane sampled by
 * the ref rule to get the ref dialect, the whole picture to get full).
 * TUTELA_E_ARG (also for a sample that is not in 0..255), TUTELA_E_NOMEM.
 * *out is zeroed on entry.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_pdq_from_luma(const float *luma, size_t n_rows, size_t n_cols,
							       enum tutela_isa isa, struct tutela_pdq *out);

#endif
