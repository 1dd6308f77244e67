/* SPDX-License-Identifier: Apache-2.0 */
/* What benchmarks said, as a table and as a picture. The lines: see bench.h. */
#ifndef TUTELA_BENCH_REPORT_H
#define TUTELA_BENCH_REPORT_H

#include <jansson.h>
#include <stdbool.h>

/* Both print to standard output. `lines`: an array of objects that have the keys of every line. */

/*
 * One Markdown table for each processor and version, in the order of the
 * lines. Times in the unit that suits them.
 */
void report_table(const json_t *lines);

/*
 * A gnuplot script that draws searches into the file `svg`: latency against
 * number of codes, ours alone and, where there are lines of peers_search,
 * beside the others. False when no line is of a search.
 */
bool report_plot(const json_t *lines, const char *svg);

#endif
