/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format "hfind": the index DB-md5.idx or DB-sha1.idx of The Sleuth Kit
 * (tsk/hashdb/binsrch_index.cpp). Two lines of 41 characters, a bar and a
 * text; then a digest, a bar and the offset in the database, which is not
 * needed. See tutela-formats(5).
 */
#include <string.h>

#include "exchange/line_format.h"

#define HEAD_KEY "0000000000000000000000000000000000000000" /* and one character more */

struct hfind_reader {
	struct line_format base;
	size_t digits; /* of a digest, once known */
};

static bool is_head(const struct line *line, char last)
{
	const size_t n = sizeof(HEAD_KEY) - 1;

	return line->len > n + 1 && !memcmp(line->s, HEAD_KEY, n) && line->s[n] == last && line->s[n + 1] == '|';
}

static bool all_zero(struct tutela_text t)
{
	for (size_t i = 0; i < t.len; i++)
		if (t.s[i] != '0')
			return false;
	return true;
}

static bool is_offset(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return len > 0 && len <= 20;
}

static enum tutela_err digest_line(struct tutela_reader *r, const struct line *line)
{
	struct hfind_reader *h = r->state;
	struct tutela_text hex = {line->s, 0};
	struct record_build *b = &h->base.build;

	hex.len = tutela_hex_run((struct tutela_text){line->s, line->len});
	if (!h->digits && (hex.len == 32 || hex.len == 40))
		h->digits = hex.len;
	if (hex.len >= line->len || line->s[hex.len] != '|' ||
	    !is_offset(line->s + hex.len + 1, line->len - hex.len - 1))
		return tutela_reader_problem(r, line->number, line->byte, "not a digest, a bar and an offset");
	if (hex.len != h->digits)
		return tutela_reader_problem(r, line->number, line->byte,
					     "the digest has not the length of the others");
	if (all_zero(hex))
		return TUTELA_OK;
	tutela_build_start(b);
	tutela_build_hash(b, h->digits == 32 ? TUTELA_ALG_MD5 : TUTELA_ALG_SHA1, hex.s, hex.len);
	return tutela_reader_emit(r, b, line->number, line->byte);
}

static enum tutela_err on_line(void *ctx, const struct line *line)
{
	struct tutela_reader *r = ctx;

	if (line->number == 1)
		return !line->bad && is_head(line, '0')
			       ? TUTELA_OK
			       : tutela_reader_fail(r, "the first line is not the head of an hfind index");
	if (line->bad)
		return tutela_reader_problem(r, line->number, line->byte, line->bad);
	if (!line->len || (line->number == 2 && is_head(line, '1')))
		return TUTELA_OK;
	return digest_line(r, line);
}

static enum tutela_err hfind_open(struct tutela_reader *r, const char **why)
{
	(void)why;
	tutela_line_format_open(r, on_line);
	return TUTELA_OK;
}

static enum tutela_err hfind_finish(struct tutela_reader *r)
{
	enum tutela_err err = tutela_line_format_finish(r);

	if (!err && !((struct hfind_reader *)r->state)->base.lines.number)
		err = tutela_reader_fail(r, "the input is empty: it has not even the head of an hfind index");
	return err;
}

const struct exchange_format tutela_format_hfind = {
	.name = "hfind",
	.line_default = LINE_FORMAT_MAX,
	.reader_size = sizeof(struct hfind_reader),
	.open = hfind_open,
	.feed = tutela_line_format_feed,
	.finish = hfind_finish,
	.close = tutela_line_format_close,
};
