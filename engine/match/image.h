/* SPDX-License-Identifier: Apache-2.0 */
/* The image of an index (format.h): planning one, and reading one that is there. */
#ifndef TUTELA_MATCH_IMAGE_H
#define TUTELA_MATCH_IMAGE_H

#include <tutela/index.h>

#include "match/format.h"

struct image_section {
	enum format_section type;
	uint32_t table;
	uint64_t offset;
	uint64_t len;       /* without padding */
	uint64_t first_sum; /* number of its first block among the checksums */
};

/* One table, in place. */
struct image_table {
	const uint32_t *offset; /* FORMAT_BUCKETS + 1 */
	const uint16_t *sketch; /* count, at a multiple of 64 and padded to one */
	const uint32_t *id;     /* count */
};

/*
 * An image, planned or there. `base` and what points into it are NULL in a
 * plan. Contents of sections are not to be trusted: an offset may be anything,
 * an id too.
 */
struct image {
	const uint8_t *base;
	uint64_t len;
	unsigned bits;
	enum tutela_index_kind kind; /* FLAT or TABLES */
	uint64_t count;
	uint64_t digest;
	const uint8_t *codes; /* at a multiple of 64 */
	const uint32_t *values;
	struct image_table table[FORMAT_TABLES];
	uint64_t sums_digest;      /* checksum of the CHECKSUMS section */
	uint64_t n_sums;           /* blocks of all other sections */
	struct image_section sums; /* the CHECKSUMS section */
	size_t n_sections;         /* the others */
	struct image_section section[FORMAT_SECTIONS_MAX];
};

/* Length of a section with its padding. */
static inline uint64_t image_padded(uint64_t len)
{
	return (len + FORMAT_ALIGN - 1) / FORMAT_ALIGN * FORMAT_ALIGN;
}

/* Number of blocks, and so of checksums, of a section of that length. */
static inline uint64_t image_blocks(uint64_t len)
{
	return (image_padded(len) + FORMAT_BLOCK_LEN - 1) / FORMAT_BLOCK_LEN;
}

/* Bytes of a code. */
static inline size_t image_code_len(const struct image *im)
{
	return im->bits / 8;
}

/* Where everything goes. `kind` is FLAT or TABLES and fits `bits`; count at most FORMAT_COUNT_MAX. */
void tutela_image_plan(unsigned bits, enum tutela_index_kind kind, uint64_t count, struct image *out);

/* The header of a plan whose sums_digest is known. Sets im->digest. */
void tutela_image_encode(struct image *im, uint8_t header[FORMAT_HEADER_LEN]);

/*
 * Read and validate the header of the `len` bytes at `base`, a multiple of 64.
 * Afterwards every section that a search uses lies inside, aligned and as long
 * as the count demands. TUTELA_E_FORMAT, TUTELA_E_VERSION, TUTELA_E_CORRUPT.
 */
enum tutela_err tutela_image_decode(const uint8_t *base, uint64_t len, struct image *out);

/* Check all contents; see tutela_index_verify. */
enum tutela_err tutela_image_verify(const struct image *im, bool (*progress)(void *ctx, uint64_t done, uint64_t total),
				    void *ctx);

#endif
