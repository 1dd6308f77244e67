/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inner loops of search, one immutable table of them for each level of
 * tutela/cpu.h, chosen once and kept in the handle. Scalar is the
 * specification: every other table gives the same results in the same order.
 */
#ifndef TUTELA_MATCH_KERNELS_H
#define TUTELA_MATCH_KERNELS_H

#include <tutela/cpu.h>

/* A code within reach: its place, and its distance. */
struct near {
	uint32_t at;
	uint32_t distance;
};

/* A place, and which of several queries it is near to. */
struct pair {
	uint32_t at;
	uint32_t by;
};

/* Whole lines of 32 numbers of 16 bits, still to be compared with one of several queries. */
struct strip {
	const uint16_t *line; /* the next, at a multiple of 64 */
	uint32_t lines;       /* this one and those behind it; more than 0 */
	uint32_t by;          /* the query */
};

/* What is near in one line: bit i for line[i]. */
struct strip_near {
	const uint16_t *line;
	uint32_t bits; /* not 0 */
	uint32_t by;
};

/* Most that `sketches` takes at once: lines of 64 bytes, and queries. */
#define KERNELS_LINES   8
#define KERNELS_QUERIES 256

struct kernels {
	enum tutela_isa isa;

	/*
	 * Of `n` codes of 64 or 256 bits at `codes` (any alignment) those at
	 * most `max` from `query`, by ascending place. `out` has room for n.
	 * Returns how many. Reads the codes and nothing beside them.
	 */
	size_t (*scan64)(const uint8_t *codes, size_t n, const uint8_t *query, unsigned max, struct near *out);
	size_t (*scan256)(const uint8_t *codes, size_t n, const uint8_t *query, unsigned max, struct near *out);

	/*
	 * The same among codes[ids[i]], i < n; `at` becomes i. Every id must
	 * be good.
	 */
	size_t (*pick256)(const uint8_t *codes, const uint32_t *ids, size_t n, const uint8_t *query, unsigned max,
			  struct near *out);

	/*
	 * One line of each of *n strips: the numbers that differ from query[by] in at most max[by] bits
	 * (at most 16); one `out` for each line that holds any, in the strips' order. Returns how
	 * many. `out` has room for *n + 1. Strips move on to their next line; those that end here leave, the others
	 * keep their order, *n says how many. Reads those lines and nothing beside them.
	 */
	size_t (*strips)(struct strip *strips, size_t *n, const uint16_t *query, const uint16_t *max,
			 struct strip_near *out);

	/*
	 * Places p, begin <= p < end, whose 16-bit number at base[p] differs from
	 * query[i] in at most max[i] bits (at most 16), for n queries, at most KERNELS_QUERIES: by ascending query,
	 * then place. The places lie in at most KERNELS_LINES lines. `out` has room for n * (end - begin). Returns
	 * how many. `base` lies at a multiple of 64; whole lines of 64 bytes may be read: those that hold a place
	 * asked for.
	 */
	size_t (*sketches)(const uint16_t *base, size_t begin, size_t end, const uint16_t *query, const uint16_t *max,
			   size_t n, struct pair *out);

	/*
	 * Of n pairs those whose codes[at] lies at most `max` from
	 * queries[by], both of 256 bits and any alignment; `at` becomes the
	 * pair's number. Every `at` and `by` must be good.
	 */
	size_t (*pairs256)(const uint8_t *codes, const uint8_t *queries, const struct pair *pairs, size_t n,
			   unsigned max, struct near *out);
};

/* Table for a level; AUTO gives the best. NULL when the machine lacks it. */
const struct kernels *tutela_kernels_get(enum tutela_isa isa);

extern const struct kernels tutela_kernels_scalar;
extern const struct kernels tutela_kernels_avx2;
extern const struct kernels tutela_kernels_avx512;
extern const struct kernels tutela_kernels_neon;

#endif
