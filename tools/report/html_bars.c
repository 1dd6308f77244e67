/* SPDX-License-Identifier: Apache-2.0 */
#include "report/html_bars.h"

#include <stdbool.h>
#include <string.h>

#include "printable.h"
#include "report/html_text.h"

#define MOST      20
#define ROW       24
#define WIDTH     900
#define NAME      330 /* pixels of the names */
#define NUMBER    110
#define NAME_MOST 42 /* characters that fit */

/* As much of a text as fits: whole characters, the beginning. */
static void put_name(FILE *out, const char *name)
{
	char cut[4 * NAME_MOST + 4];
	size_t at = 0, characters = 0;

	for (; name[at] && at < sizeof(cut) - 4; at++) {
		bool begins = ((unsigned char)name[at] & 0xc0) != 0x80;

		if (begins && characters++ == NAME_MOST)
			break;
		cut[at] = name[at];
	}
	memcpy(cut + at, name[at] ? "\xe2\x80\xa6" : "", name[at] ? 4 : 1);
	html_text(out, cut);
}

static void put_bar(FILE *out, size_t row, const char *name, uint64_t n, uint64_t most)
{
	const int room = WIDTH - NAME - NUMBER;
	double width = most ? (double)room * (double)n / (double)most : 0;
	size_t y = row * ROW;
	char count[32];

	fprintf(out, "<text x=\"%d\" y=\"%zu\" text-anchor=\"end\">", NAME - 8, y + 16);
	put_name(out, name);
	fprintf(out,
		"</text><rect x=\"%d\" y=\"%zu\" width=\"%.1f\" height=\"%d\"/><text x=\"%.1f\" y=\"%zu\">%s</text>\n",
		NAME, y + 4, width < 1 && n ? 1 : width, ROW - 8, NAME + width + 6, y + 16, printable_count(n, count));
}

void html_bars(FILE *out, const char *label, const struct html_bar *bars, size_t n, uint64_t more)
{
	size_t shown = n < MOST ? n : MOST, rows;
	uint64_t most, rest = more;

	for (size_t i = shown; i < n; i++)
		rest += bars[i].n;
	rows = shown + (rest > 0);
	if (!rows)
		return;
	most = shown && bars[0].n > rest ? bars[0].n : rest;
	for (size_t i = 0; i < shown; i++)
		most = bars[i].n > most ? bars[i].n : most;
	fprintf(out, "<svg role=\"img\" aria-label=\"%s\" width=\"%d\" height=\"%zu\" viewBox=\"0 0 %d %zu\">\n", label,
		WIDTH, rows * ROW, WIDTH, rows * ROW);
	for (size_t i = 0; i < shown; i++)
		put_bar(out, i, bars[i].name, bars[i].n, most);
	if (rest)
		put_bar(out, shown, "all others", rest, most);
	fputs("</svg>\n", out);
}
