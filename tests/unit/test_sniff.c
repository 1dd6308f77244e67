/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/sniff.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

static enum tutela_format sniff(const void *bytes, size_t len)
{
	uint8_t *exact = calloc(len ? len : 1, 1); /* its end is the end of its memory */
	enum tutela_format format;

	memcpy(exact, bytes, len);
	format = tutela_sniff(exact, len);
	free(exact);
	return format;
}

Test(sniff, signatures_cut_short_are_none)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum tutela_format format;
	} rows[] = {
		{"\xff\xd8\xff", 3, TUTELA_FORMAT_JPEG},
		{"\x89PNG\r\n\x1a\n", 8, TUTELA_FORMAT_PNG},
		{"GIF89a", 6, TUTELA_FORMAT_GIF},
		{"RIFF\1\2\3\4WEBP", 12, TUTELA_FORMAT_WEBP},
		{"II*\0", 4, TUTELA_FORMAT_TIFF},
		{"\0\0\0\x0cjP  \r\n\x87\n", 12, TUTELA_FORMAT_JP2},
		{"\xff\x4f\xff\x51", 4, TUTELA_FORMAT_JP2},
		{"icns\0", 5, TUTELA_FORMAT_OTHER},
		{"/* XPM */", 9, TUTELA_FORMAT_OTHER},
		{"\x01\xda\1\2", 4, TUTELA_FORMAT_OTHER},
		{"\0\0\0\x14"
		 "ftypavif\0\0\0\0",
		 16, TUTELA_FORMAT_AVIF},
	};

	cr_assert_eq(sniff("", 0), TUTELA_FORMAT_NONE);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_assert_eq(sniff(rows[i].bytes, rows[i].len), rows[i].format, "%zu", i);
		for (size_t n = 0; n < rows[i].len; n++)
			cr_assert_eq(sniff(rows[i].bytes, n), TUTELA_FORMAT_NONE, "%zu, %zu bytes", i, n);
	}
}

/* Found by the fuzzer: a box or a text that goes on past SNIFF_LEN was looked at to its end. */
Test(sniff, bytes_past_the_first_ones_do_not_count)
{
	uint8_t bytes[4 * SNIFF_LEN];

	memset(bytes, ' ', sizeof(bytes));
	memcpy(bytes,
	       "\0\0\x10\0"
	       "ftypxxxx",
	       12);
	memcpy(bytes + SNIFF_LEN - 4, "avif", 4);
	cr_assert_eq(sniff(bytes, sizeof(bytes)), TUTELA_FORMAT_AVIF);
	memcpy(bytes + SNIFF_LEN - 4, "    avif", 8);
	cr_assert_eq(sniff(bytes, sizeof(bytes)), TUTELA_FORMAT_NONE);

	memset(bytes, ' ', sizeof(bytes));
	bytes[100] = '<';
	memcpy(bytes + SNIFF_LEN - 4, "<svg", 4);
	cr_assert_eq(sniff(bytes, sizeof(bytes)), TUTELA_FORMAT_OTHER);
	memcpy(bytes + SNIFF_LEN - 4, " <svg", 5);
	cr_assert_eq(sniff(bytes, sizeof(bytes)), TUTELA_FORMAT_NONE);
}

Test(sniff, pnm_is_told_from_text_by_its_whole_header)
{
	static const char *const pictures[] = {
		"P1\n3 2\n010101\n",
		"P1 1 1 1 and what follows the first picture",
		"P2 2 1 # of gray\n9\n1 2",
		"P2 1 1 255 7\nP2 1 1 255 8\n",
		"P3\t1\r\n1\n255\n1 2",
		"P4\n#by hand\n8 8\n",
		"P5#\n1#\n1 1 255\n\377",
		"P6 1 1 65535 \1\2\3\4\5\6",
		"P6 0 0 0\n", /* that it is damaged is for the codec to say */
		"P7\nWIDTH 3\n",
		"P7\r\n# a\n\nMAXVAL 1\nHEIGHT 1\n",
	};
	static const char *const texts[] = {
		"P1",
		"P1 ",
		"P1 is my favourite number",
		"P1 2 3 are numbers",
		"P1 20 30 2",
		"P2 in 12 10 2020",
		"P2 3 4 5 6 7 eight",
		"P3 12345678901 1 1 1",
		"P3\n3 3",
		"P4 8 8",
		"P5 1 1 255",
		"P6\n# only a comment\n",
		"P63 3 255\n...",
		"P8 1 1 1\n1",
		"P7\n",
		"P7\n# only a comment\n",
		"P7\nwhat was said at the seventh meeting\n",
		"P7 WIDTH 3\n",
		"PNG",
	};
	char longest[SNIFF_LEN + 1];

	for (size_t i = 0; i < sizeof(pictures) / sizeof(pictures[0]); i++)
		cr_expect_eq(sniff(pictures[i], strlen(pictures[i])), TUTELA_FORMAT_PNM, "%s", pictures[i]);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		cr_expect_eq(sniff(texts[i], strlen(texts[i])), TUTELA_FORMAT_NONE, "%s", texts[i]);
	cr_expect_eq(sniff("P7 332\n#END_OF_COMMENTS\n", 24), TUTELA_FORMAT_OTHER, "a thumbnail of xv");

	/* A comment may be longer than what is looked at. */
	memset(longest, 'c', sizeof(longest));
	memcpy(longest, "P5 #", 4);
	cr_expect_eq(sniff(longest, SNIFF_LEN), TUTELA_FORMAT_PNM);
	cr_expect_eq(sniff(longest, SNIFF_LEN - 1), TUTELA_FORMAT_NONE);
	memcpy(longest, "P7\n#", 4);
	cr_expect_eq(sniff(longest, SNIFF_LEN), TUTELA_FORMAT_PNM);
	memcpy(longest, "P7\nt", 4);
	cr_expect_eq(sniff(longest, SNIFF_LEN), TUTELA_FORMAT_NONE);
	memcpy(longest, "P5 t", 4);
	cr_expect_eq(sniff(longest, SNIFF_LEN), TUTELA_FORMAT_NONE);
}

Test(sniff, icons)
{
	static const char icon[22] = "\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0\x10\0\0\0\x16";
	char other[22];

	cr_expect_eq(sniff(icon, 22), TUTELA_FORMAT_ICO);
	for (size_t n = 0; n < 22; n++)
		cr_expect_eq(sniff(icon, n), TUTELA_FORMAT_NONE);
	for (int kind = 0; kind < 4; kind++) {
		memcpy(other, icon, 22);
		other[2] = (char)kind;
		cr_expect_eq(sniff(other, 22), kind == 1 || kind == 2 ? TUTELA_FORMAT_ICO : TUTELA_FORMAT_NONE);
	}
	memcpy(other, icon, 22);
	other[9] = (char)255; /* reserved; what .NET writes */
	cr_expect_eq(sniff(other, 22), TUTELA_FORMAT_ICO);
	other[9] = 1;
	cr_expect_eq(sniff(other, 22), TUTELA_FORMAT_NONE);
	other[9] = 0;
	other[4] = 0; /* of no pictures */
	cr_expect_eq(sniff(other, 22), TUTELA_FORMAT_NONE);
}
