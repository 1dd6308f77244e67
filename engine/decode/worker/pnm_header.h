/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands before the samples of a PNM file: PBM, PGM, PPM (P1 to P6) and
 * PAM (P7). Text of numbers and comments, which also the samples of P1 to P3
 * are. Reads each byte once, allocates nothing.
 *
 * A comment runs from # to the end of its line and is as if it were not there,
 * the line's end included, also in the middle of a number: as the pages say and
 * Pillow does.
 *
 * Source: the pages pbm(5), pgm(5), ppm(5), pam(5) of netpbm.
 */
#ifndef TUTELA_PNM_HEADER_H
#define TUTELA_PNM_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pnm_text {
	const uint8_t *at, *end;
};

enum pnm_found {
	PNM_FOUND,
	PNM_LAST,  /* a number that the end of the bytes ended */
	PNM_SHORT, /* the bytes end before it */
	PNM_WRONG, /* something else is there, or more than ten digits */
};

struct pnm_header {
	unsigned kind;                         /* the digit behind P */
	uint64_t width, height, depth, maxval; /* as written: of any size; maxval 1 where the kind has none */
	unsigned colours;                      /* of a tuple of `depth`: 1, 3; 0: the file does not say */
	bool foreign;                          /* a tuple type that is none of the six of pam(5) */
	size_t raster;                         /* where the samples begin */
};

/* FOUND, SHORT or WRONG. With SHORT, what was read so far is set: nothing of P1 to P6, fields that are not 0 of P7. */
enum pnm_found tutela_pnm_header(const uint8_t *bytes, size_t len, struct pnm_header *out);

/* The next sample of P1 to P3, of any size but a bit for P1. FOUND, LAST, SHORT or WRONG. */
enum pnm_found tutela_pnm_sample(struct pnm_text *t, const struct pnm_header *h, uint64_t *out);

#endif
