/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_check.h"

#include "exchange/line_splitter.h"
#include "base/utf8.h"

static enum tutela_err on_line(void *ctx, const struct line *line)
{
	struct log *l = ctx;

	log_add(l, "%llu@%llu+%zu", (unsigned long long)line->number, (unsigned long long)line->byte, line->eol);
	if (line->bad)
		log_add(l, " %s", line->bad);
	else
		log_text(l, "", (struct tutela_text){line->s, line->len});
	log_add(l, "\n");
	return log_done(l);
}

static bool take_utf16;

static size_t cut(struct log *l, size_t max, const char *in, size_t len, size_t first, size_t piece)
{
	struct line_splitter ls = {.max = max, .line = on_line, .ctx = l, .utf16 = take_utf16};
	enum tutela_err err = TUTELA_OK;
	size_t cap;

	for (size_t at = 0; !err && at < len;) {
		size_t n = at == 0 && first ? first : piece ? piece : len;
		char *copy;

		n = n < len - at ? n : len - at;
		copy = malloc(n);
		cr_assert(copy);
		memcpy(copy, in + at, n);
		err = tutela_line_feed(&ls, copy, n);
		free(copy);
		at += n;
	}
	if (!err)
		err = tutela_line_finish(&ls);
	log_add(l, "%s %s\n", tutela_err_name(err), ls.why ? ls.why : "");
	cap = ls.cap;
	tutela_line_fini(&ls);
	return cap;
}

static void lines(size_t max, const char *in, size_t len, const char *expected)
{
	for (size_t i = 0; i <= len + 1; i++) {
		struct log l = {0};

		if (i <= len)
			(void)cut(&l, max, in, len, i, 0);
		else
			(void)cut(&l, max, in, len, 0, 1);
		cr_assert_str_eq(l.text, expected, "first %zu: %s instead of %s", i, l.text, expected);
		log_free(&l);
	}
}

#define LINES(max, in, expected) lines(max, in, sizeof(in) - 1, expected)

Test(line_splitter, line_ends)
{
	LINES(99, "", "TUTELA_OK \n");
	LINES(99, "\n", "1@0+1[]\nTUTELA_OK \n");
	LINES(99, "a", "1@0+0[a]\nTUTELA_OK \n");
	LINES(99, "a\nbc\n\nd", "1@0+1[a]\n2@2+1[bc]\n3@5+1[]\n4@6+0[d]\nTUTELA_OK \n");
	LINES(99, "a\r\nb\r\n", "1@0+2[a]\n2@3+2[b]\nTUTELA_OK \n");
	LINES(99, "a\rb\nc\r\r\nd\r", "1@0+1[a\rb]\n2@4+2[c\r]\n3@8+1[d]\nTUTELA_OK \n");
	LINES(99, "\r", "1@0+1[]\nTUTELA_OK \n");
}

Test(line_splitter, byte_order_mark)
{
	LINES(99, "\xef\xbb\xbf", "TUTELA_OK \n");
	LINES(99,
	      "\xef\xbb\xbf"
	      "a\nb",
	      "1@3+1[a]\n2@5+0[b]\nTUTELA_OK \n");
	LINES(99, "\xef\xbb\xbf\n", "1@3+1[]\nTUTELA_OK \n");
	LINES(99, "\xef\xbb", "1@0+0[\xef\xbb]\nTUTELA_OK \n");
	LINES(99,
	      "a\n\xef\xbb\xbf"
	      "b",
	      "1@0+1[a]\n2@2+0[\xef\xbb\xbf"
	      "b]\nTUTELA_OK \n");
}

Test(line_splitter, longest_line)
{
	LINES(3, "abc\nabc\r\nabcd\nabc\rd\nabcdefgh\nabc",
	      "1@0+1[abc]\n2@4+2[abc]\n3@9+0 the line is longer than the limit\n"
	      "4@14+0 the line is longer than the limit\n5@20+0 the line is longer than the limit\n"
	      "6@29+0[abc]\nTUTELA_OK \n");
	LINES(3, "abcd", "1@0+0 the line is longer than the limit\nTUTELA_OK \n");
	LINES(3, "abc\r", "1@0+1[abc]\nTUTELA_OK \n");
	LINES(3, "abc\r\r\n", "1@0+0 the line is longer than the limit\nTUTELA_OK \n");
}

Test(line_splitter, what_is_no_text)
{
	LINES(99,
	      "\xff\xfe"
	      "a\0\n\0",
	      "TUTELA_E_FORMAT the input is UTF-16, not UTF-8: save it as UTF-8 and try again\n");
	LINES(99, "\xfe\xff\0a", "TUTELA_E_FORMAT the input is UTF-16, not UTF-8: save it as UTF-8 and try again\n");
	LINES(99, "\xff\xfe", "TUTELA_E_FORMAT the input is UTF-16, not UTF-8: save it as UTF-8 and try again\n");
	LINES(99, "a\0b\0", "TUTELA_E_FORMAT the input is UTF-16, not UTF-8: save it as UTF-8 and try again\n");
	LINES(99, "\0a\0b\0c", "TUTELA_E_FORMAT the input is UTF-16, not UTF-8: save it as UTF-8 and try again\n");
	LINES(99, "\0", "TUTELA_E_FORMAT the input is a binary file, not text\n");
	LINES(99, "\0\0\0\0\0", "TUTELA_E_FORMAT the input is a binary file, not text\n");
	LINES(99, "ab\ncd\0", "1@0+1[ab]\nTUTELA_E_FORMAT the input is a binary file, not text\n");
	LINES(99, "\x1f\x8b\x08\x00", "TUTELA_E_FORMAT the input is compressed: unpack it and try again\n");
	LINES(99, "PK\3\4abc",
	      "TUTELA_E_FORMAT the input is a ZIP archive (perhaps a spreadsheet): "
	      "save the table as CSV in UTF-8 and try again\n");
}

Test(line_splitter, databases_are_no_text)
{
	LINES(99, "SQLite format 3\0",
	      "TUTELA_E_FORMAT the input is an SQLite database (perhaps of the format kdb or rds), not text\n");
}

Test(line_splitter, utf16_when_asked_for)
{
	take_utf16 = true;
	LINES(99, "\xff\xfe", "TUTELA_OK \n");
	LINES(99,
	      "\xff\xfe"
	      "a\0\r\0\n\0\n\0b\0",
	      "1@2+2[a]\n2@8+1[]\n3@10+0[b]\nTUTELA_OK \n");
	LINES(99,
	      "\xfe\xff"
	      "\0a\0\r\0\n\0\n\0b",
	      "1@2+2[a]\n2@8+1[]\n3@10+0[b]\nTUTELA_OK \n");
	/* U+00E9, U+20AC, U+1F600; what only begins with the mark of UTF-8 is UTF-8. */
	LINES(99, "\xff\xfe\xe9\0\xac\x20\x3d\xd8\0\xde", "1@2+0[\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80]\nTUTELA_OK \n");
	LINES(99,
	      "\xef\xbb\xbf"
	      "a",
	      "1@3+0[a]\nTUTELA_OK \n");
	LINES(99, "a\0b\0", "TUTELA_E_FORMAT the input is UTF-16, not UTF-8: save it as UTF-8 and try again\n");
}

Test(line_splitter, broken_utf16_costs_its_line)
{
	take_utf16 = true;
	/* A lone first half, a lone second half, half a unit at the end. */
	LINES(99, "\xff\xfe\x3d\xd8\n\0a\0\n\0", "1@2+0 the line holds broken UTF-16\n2@6+1[a]\nTUTELA_OK \n");
	LINES(99,
	      "\xff\xfe\x3d\xd8"
	      "a\0\n\0",
	      "1@2+0 the line holds broken UTF-16\nTUTELA_OK \n");
	LINES(99, "\xff\xfe\0\xde\n\0a\0", "1@2+0 the line holds broken UTF-16\n2@6+0[a]\nTUTELA_OK \n");
	LINES(99,
	      "\xff\xfe"
	      "a\0\n\0b",
	      "1@2+1[a]\n2@6+0 the line holds broken UTF-16\nTUTELA_OK \n");
	LINES(99,
	      "\xff\xfe"
	      "a\0\x3d\xd8",
	      "1@2+0 the line holds broken UTF-16\nTUTELA_OK \n");
	LINES(2,
	      "\xff\xfe"
	      "a\0a\0a\0\n\0a\0",
	      "1@2+0 the line is longer than the limit\n2@10+0[a]\nTUTELA_OK \n");
	LINES(99,
	      "\xff\xfe"
	      "a\0\0\0",
	      "TUTELA_E_FORMAT the input is a binary file, not text\n");
}

Test(line_splitter, late_nul_costs_its_line)
{
	char *in = repeat('a', LINE_BINARY_WINDOW + 20), out[256];
	struct log whole = {0}, bytes = {0};
	static const size_t len = LINE_BINARY_WINDOW + 20;

	in[LINE_BINARY_WINDOW - 2] = '\n';
	in[LINE_BINARY_WINDOW] = '\0';
	in[LINE_BINARY_WINDOW + 10] = '\n';
	(void)cut(&whole, 10, in, len, 0, 0);
	(void)cut(&bytes, 10, in, len, 0, 1);
	(void)snprintf(out, sizeof(out),
		       "1@0+0 the line is longer than the limit\n2@%d+0 the line is longer than the limit\n"
		       "3@%d+0[aaaaaaaaa]\nTUTELA_OK \n",
		       LINE_BINARY_WINDOW - 1, LINE_BINARY_WINDOW + 11);
	cr_assert_str_eq(whole.text, out);
	cr_assert_str_eq(bytes.text, out);
	whole.len = bytes.len = 0;
	(void)cut(&whole, 11, in, len, 0, 0);
	cr_assert(strstr(whole.text, "+0 the line holds a NUL byte\n"));
	in[LINE_BINARY_WINDOW - 1] = '\0';
	whole.len = 0;
	(void)cut(&whole, 11, in, len, 0, 0);
	cr_assert(strstr(whole.text, "TUTELA_E_FORMAT the input is a binary file, not text\n"));
	log_free(&whole);
	log_free(&bytes);
	free(in);
}

Test(line_splitter, memory_is_one_line)
{
	static const size_t len = (size_t)10 << 20;
	char *in = repeat('x', len);
	struct log l = {0};
	size_t cap;

	in[len - 3] = '\n';
	cap = cut(&l, 1000, in, len, 0, 777);
	cr_assert_leq(cap, 2048);
	cr_assert_str_eq(l.text, "1@0+0 the line is longer than the limit\n2@10485758+0[xx]\nTUTELA_OK \n");
	log_free(&l);
	free(in);
}

Test(line_splitter, callback_stops)
{
	struct log l = {.stop_at = 2};

	(void)cut(&l, 9, "a\nb\nc\n", 6, 0, 0);
	cr_assert_str_eq(l.text, "1@0+1[a]\n2@2+1[b]\nTUTELA_E_INTERRUPTED \n");
	log_free(&l);
}

Test(line_splitter, utf8)
{
	static const struct {
		const char *s;
		bool valid;
	} rows[] = {
		{"", true},
		{"a", true},
		{"\x7f", true},
		{"\x80", false},
		{"\xc0\x80", false},
		{"\xc1\xbf", false},
		{"\xc2\x80", true},
		{"\xc2", false},
		{"\xdf\xbf", true},
		{"\xe0\x9f\xbf", false},
		{"\xe0\xa0\x80", true},
		{"\xe2\x82", false},
		{"\xe2\x28\xa1", false},
		{"\xed\x9f\xbf", true},
		{"\xed\xa0\x80", false},
		{"\xef\xbf\xbf", true},
		{"\xf0\x8f\xbf\xbf", false},
		{"\xf0\x90\x80\x80", true},
		{"\xf4\x8f\xbf\xbf", true},
		{"\xf4\x90\x80\x80", false},
		{"\xf5\x80\x80\x80", false},
		{"\xff", false},
		{"\xf0\x9f\x98", false},
		{"\xe2\x82\x41", false},
		{"abc\xc3\xa9z", true},
		{"abc\xe9z", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_assert_eq(tutela_utf8_valid(rows[i].s, strlen(rows[i].s)), rows[i].valid, "row %zu", i);
	cr_assert_not(tutela_utf8_valid("a\0b", 3));
}
