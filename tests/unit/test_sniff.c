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
