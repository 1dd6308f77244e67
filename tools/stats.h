/* SPDX-License-Identifier: Apache-2.0 */
/* What --stats tells: times spread over a histogram of fixed size, and one JSON line on stderr. */
#ifndef TUTELA_TOOLS_STATS_H
#define TUTELA_TOOLS_STATS_H

#include <jansson.h>
#include <stdint.h>

#define SPREAD_STEPS 128 /* to each power of two: quantiles are right to 0.8 % */

/* Zero-initialise. One thread at a time. */
struct spread {
	uint64_t n;
	uint64_t counts[(64 - 6) * SPREAD_STEPS];
};
void spread_add(struct spread *s, uint64_t ns, uint64_t times);

/* The least time that a share `q`, 0..1, of all were not above; 0 when there are none. */
uint64_t spread_quantile(const struct spread *s, double q);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t stats_now(void);

/* Name of the instruction set in use: that of $TUTELA_ISA, or the best. */
const char *stats_isa(void);

/* One object as one line on stderr; takes the reference. */
void stats_print(json_t *object);

#endif
