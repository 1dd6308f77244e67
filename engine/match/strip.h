/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop over strips (kernels.h), for each instruction set to put its look at
 * one line into.
 *
 * Why lines are read across the strips, the first of each, then the second, and
 * not strip by strip: runs of five lines, which is what buckets are among 10
 * million codes, are just long enough for the processor to see a stream and to
 * fetch lines behind the run's end that nobody asked for; when memory is what a
 * search waits for, that costs a quarter of its time. Among some hundred runs
 * read by turns it sees none; the next line of each is fetched while its turn
 * comes round. And there is one loop, whose end is foreseen, in place of one a
 * bucket, whose end is not.
 */
#ifndef TUTELA_MATCH_STRIP_H
#define TUTELA_MATCH_STRIP_H

#include "match/kernels.h"

#define STRIP_LINE 32 /* numbers of 16 bits in a line */

/*
 * kernels.strips. `near` says which numbers of a line differ from `query` in at
 * most `max` bits. Results are written in any case, and counted when there is something in them: which lines those
 * are is not to be predicted.
 */
static inline __attribute__((always_inline)) size_t
strips_pass(struct strip *strips, size_t *n, const uint16_t *query, const uint16_t *max, struct strip_near *out,
	    uint32_t (*near)(const uint16_t *line, uint16_t query, uint16_t max))
{
	size_t left = 0, found = 0;

	for (size_t i = 0; i < *n; i++) {
		const uint16_t *line = strips[i].line;
		const uint32_t lines = strips[i].lines, by = strips[i].by;
		uint32_t bits = near(line, query[by], max[by]);

		__builtin_prefetch(line + (lines > 1 ? STRIP_LINE : 0));
		out[found] = (struct strip_near){line, bits, by};
		found += bits != 0;
		strips[left] = (struct strip){line + STRIP_LINE, lines - 1, by};
		left += lines > 1;
	}
	*n = left;
	return found;
}

#endif
