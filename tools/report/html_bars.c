/* SPDX-License-Identifier: Apache-2.0 */
#include "report/html_bars.h"

#include <string.h>

#include "printable.h"
#include "report/html_text.h"

#define MOST      20
#define ROW       24
#define WIDTH     1100
#define NUMBER    110
#define NAME_MOST 72  /* characters; those of three bytes and more are often twice as wide, and count so */
#define PIXELS    7.7 /* of a character */

static int wide(char lead)
{
	unsigned char c = (unsigned char)lead;

	return (c & 0xc0) == 0x80 ? 0 : c >= 0xe0 ? 2 : 1;
}

/* Pixels of the names: what the longest takes, within bounds. */
static int room_of(const struct html_bar *bars, size_t n)
{
	int longest = 20;

	for (size_t i = 0; i < n; i++) {
		int characters = 0;

		for (const char *c = bars[i].name; *c && characters < NAME_MOST; c++)
			characters += wide(*c);
		longest = characters > longest ? characters : longest;
	}
	return (int)(longest * PIXELS) + 24;
}

/* As much of a text as fits: whole characters, the beginning. */
static void put_name(FILE *out, const char *name)
{
	char cut[4 * NAME_MOST + 4];
	size_t at = 0;
	int characters = 0;

	for (; name[at] && at < sizeof(cut) - 4; at++) {
		characters += wide(name[at]);
		if (characters > NAME_MOST)
			break;
		cut[at] = name[at];
	}
	memcpy(cut + at, name[at] ? "\xe2\x80\xa6" : "", name[at] ? 4 : 1);
	html_text(out, cut);
}

/* `left`: where the bars begin. */
static void put_bar(FILE *out, int left, size_t row, const char *name, uint64_t n, uint64_t most)
{
	const int room = WIDTH - left - NUMBER;
	double width = most ? (double)room * (double)n / (double)most : 0;
	size_t y = row * ROW;
	char count[32];

	fprintf(out, "<text x=\"%d\" y=\"%zu\" text-anchor=\"end\">", left - 8, y + 16);
	put_name(out, name);
	fprintf(out,
		"</text><rect x=\"%d\" y=\"%zu\" width=\"%.1f\" height=\"%d\"/><text x=\"%.1f\" y=\"%zu\">%s</text>\n",
		left, y + 4, width < 1 && n ? 1 : width, ROW - 8, left + width + 6, y + 16, printable_count(n, count));
}

void html_bars(FILE *out, const char *label, const struct html_bar *bars, size_t n, uint64_t more)
{
	size_t shown = n < MOST ? n : MOST, rows;
	const int left = room_of(bars, shown);
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
		put_bar(out, left, i, bars[i].name, bars[i].n, most);
	if (rest)
		put_bar(out, left, shown, "all others", rest, most);
	fputs("</svg>\n", out);
}
