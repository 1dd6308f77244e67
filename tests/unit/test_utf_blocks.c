/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/utf_blocks.h"

struct sink {
	struct utf_blocks blocks;
	char *text;
	size_t len;
	unsigned n;
	uint64_t end; /* where the last block ends */
};

static enum tutela_err take(void *ctx, const char *s, size_t len)
{
	struct sink *sink = ctx;

	sink->text = realloc(sink->text, sink->len + len + 1);
	cr_assert(sink->text);
	memcpy(sink->text + sink->len, s, len);
	sink->len += len;
	sink->text[sink->len] = '\0';
	sink->n++;
	sink->end = tutela_utf_position(&sink->blocks, len);
	return TUTELA_OK;
}

static enum tutela_err feed(struct sink *sink, const char *bytes, size_t len, size_t piece)
{
	enum tutela_err err = TUTELA_OK;

	*sink = (struct sink){.blocks = {.block = take, .ctx = sink}};
	for (size_t at = 0; !err && at < len; at += piece)
		err = tutela_utf_feed(&sink->blocks, bytes + at, len - at < piece ? len - at : piece);
	err = err ? err : tutela_utf_finish(&sink->blocks);
	tutela_utf_fini(&sink->blocks);
	return err;
}

static void expect(const char *bytes, size_t len, const char *text)
{
	for (size_t piece = 1; piece <= len; piece++) {
		struct sink sink;

		cr_assert_eq(feed(&sink, bytes, len, piece), TUTELA_OK);
		cr_assert_str_eq(sink.text ? sink.text : "", text);
		cr_assert(!sink.n || sink.end == len, "%zu", piece);
		free(sink.text);
	}
}

#define is(bytes, text) expect(bytes, sizeof(bytes) - 1, text)

Test(utf_blocks, utf8_is_passed_on)
{
	is("", "");
	is("a", "a");
	is("{}", "{}");
	is("\xef\xbb\xbf{}", "{}");
	is("\xef\xbb", "\xef\xbb");
	is("{\xff\xc3", "{\xff\xc3");
}

Test(utf_blocks, utf16_by_mark_and_without)
{
	is("\xff\xfe{\0}\0", "{}");
	is("\xfe\xff\0{\0}", "{}");
	is("{\0}\0", "{}");
	is("\0{\0}", "{}");
	is("\xff\xfe\xe9\0\xac\x20\x3d\xd8\x00\xde", "\u00e9\u20ac\U0001f600");
	is("\xfe\xff\0\xe9\x20\xac\xd8\x3d\xde\x00", "\u00e9\u20ac\U0001f600");
}

Test(utf_blocks, halves_of_pairs_are_replaced)
{
	is("\xff\xfe\x3d\xd8", "\ufffd");
	is("\xff\xfe\x3d\xd8\x3d\xd8\x00\xde", "\ufffd\U0001f600");
	is("\xff\xfe\x00\xde\x41\0", "\ufffdA");
}

Test(utf_blocks, an_odd_byte_at_the_end)
{
	struct sink sink;

	cr_assert_eq(feed(&sink, "{\0}", 3, 1), TUTELA_E_FORMAT);
	cr_assert_str_eq(sink.text, "{");
	free(sink.text);
}

Test(utf_blocks, blocks_are_cut_at_the_same_places)
{
	size_t len = 2 * UTF_BLOCK + 10;
	char *narrow = malloc(len), *wide = malloc(2 * len);

	cr_assert(narrow && wide);
	for (size_t i = 0; i < len; i++) {
		narrow[i] = wide[2 * i] = (char)('a' + i % 26);
		wide[2 * i + 1] = '\0';
	}
	for (size_t piece = 1; piece < 1000000; piece = piece * 7 + 1) {
		struct sink a, b;

		cr_assert_eq(feed(&a, narrow, len, piece), TUTELA_OK);
		cr_assert_eq(feed(&b, wide, 2 * len, piece), TUTELA_OK);
		cr_assert_eq(a.n, 3);
		cr_assert(a.len == len && memcmp(a.text, narrow, len) == 0);
		cr_assert(b.len == len && memcmp(b.text, narrow, len) == 0);
		cr_assert_eq(a.end, len);
		cr_assert_eq(b.end, 2 * len);
		free(a.text);
		free(b.text);
	}
	free(narrow);
	free(wide);
}
