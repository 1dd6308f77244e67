/* SPDX-License-Identifier: Apache-2.0 */
/* PNM: headers that promise, samples as text that do not end, comments without an end. */
#include "hostile.h"

#include <stdio.h>
#include <string.h>

static void picture(const char *name, const char *head, const char *unit, size_t times)
{
	struct file f = {0};

	put_text(&f, head);
	for (size_t i = 0; i < times; i++)
		put_text(&f, unit);
	emit(&f, name);
	file_free(&f);
}

static void every_maxval(void)
{
	static const char *const most[] = {"0", "1", "255", "256", "65535", "65536", "9999999999", "99999999999", "-1"};
	char head[64];

	for (unsigned kind = 1; kind <= 6; kind++)
		for (size_t i = 0; i < sizeof(most) / sizeof(most[0]); i++) {
			snprintf(head, sizeof(head), "P%u\n64 64\n%s\n", kind, most[i]);
			picture("maxvals.pnm", head, "1 0 ", 64 * 64 * 3);
		}
}

static void pam(void)
{
	static const char *const depths[] = {"0", "1", "2", "3", "4", "5", "9999999999"},
				 *const types[] = {"", "BLACKANDWHITE", "GRAYSCALE_ALPHA", "RGB", "RGB_ALPHA", "CMYK"};
	char head[160];

	for (size_t d = 0; d < sizeof(depths) / sizeof(depths[0]); d++)
		for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
			snprintf(head, sizeof(head),
				 "P7\nWIDTH 64\nHEIGHT 64\nDEPTH %s\nMAXVAL 255\nTUPLTYPE %s\nENDHDR\n", depths[d],
				 types[t]);
			picture("types.pam", head, "abcd", 64 * 64);
		}
	picture("lines.pam", "P7\nWIDTH 64\n", "WIDTH 64\n", 500000);
	picture("comments.pam", "P7\nWIDTH 64\n", "#\n", 2000000);
	picture("line.pam", "P7\nWIDTH 64", " ", 5000000);
}

void bombs_pnm(void)
{
	static const char *const promises[] = {
		"65500 65500", "2147483647 2147483647", "4294967295 1", "1 9999999999", "0 1", "17000 17000"};
	char head[64];

	for (unsigned kind = 1; kind <= 6; kind++)
		for (size_t i = 0; i < sizeof(promises) / sizeof(promises[0]); i++) {
			snprintf(head, sizeof(head), "P%u %s%s\n", kind, promises[i],
				 kind == 1 || kind == 4 ? "" : " 255");
			picture("promise.pnm", head, "1", 10);
		}
	every_maxval();
	picture("bits.pbm", "P1 17000 17000 ", "10", 5000000);
	picture("column.pbm", "P4 1 299999999\n", "1", 3000000);
	picture("digits.ppm", "P3 17000 17000 255 ", "255 ", 3000000);
	picture("white.pgm", "P2 1000 1000 255 ", " ", 10000000);
	picture("comment.ppm", "P6 #", "c", 10000000);
	picture("comments.ppm", "P3 100 100 255\n", "#\n", 5000000);
	picture("number.ppm", "P3 100 100 255\n", "1#\n", 5000000);
	pam();
}
