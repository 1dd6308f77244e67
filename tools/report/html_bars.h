/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUTELA_TOOLS_HTML_BARS_H
#define TUTELA_TOOLS_HTML_BARS_H

#include <stdint.h>
#include <stdio.h>

struct html_bar {
	char *name; /* any text */
	uint64_t n;
};

/*
 * A bar for each of the first 20, and one for the rest together with `more`,
 * as inline SVG with the numbers written out. Nothing when there are none.
 */
void html_bars(FILE *out, const char *label, const struct html_bar *bars, size_t n, uint64_t more);

#endif
