/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/line_splitter.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define WHY_UTF16   "the input is UTF-16, not UTF-8: save it as UTF-8 and try again"
#define WHY_BINARY  "the input is a binary file, not text"
#define WHY_ZIP     "the input is a ZIP archive (perhaps a spreadsheet): save the table as CSV in UTF-8 and try again"
#define WHY_PACKED  "the input is compressed: unpack it and try again"
#define BAD_TOOLONG "the line is longer than the limit"
#define BAD_NUL     "the line holds a NUL byte"

static const struct signature {
	const char *bytes;
	size_t len;
	const char *why;
} signatures[] = {
	{"\xff\xfe", 2, WHY_UTF16},  {"\xfe\xff", 2, WHY_UTF16},          {"PK\x03\x04", 4, WHY_ZIP},
	{"\x1f\x8b", 2, WHY_PACKED}, {"\x28\xb5\x2f\xfd", 4, WHY_PACKED},
};

bool tutela_line_reserve(char **buf, size_t *cap, size_t need)
{
	size_t want = *cap ? *cap : 1024;
	char *p;

	if (need <= *cap)
		return true;
	while (want < need)
		want = want > SIZE_MAX / 2 ? need : want * 2;
	p = tutela_mem_resize(*buf, want, 1);
	if (!p)
		return false;
	*buf = p;
	*cap = want;
	return true;
}

static enum tutela_err not_text(struct line_splitter *ls, const char *why)
{
	ls->why = why;
	return TUTELA_E_FORMAT;
}

static enum tutela_err deliver(struct line_splitter *ls, const char *s, size_t len, size_t eol)
{
	struct line line = {.s = s, .len = len, .eol = eol, .number = ls->number + 1, .byte = ls->start};

	/* At the end of the input a CR alone is a line end whose LF was lost. */
	if (!ls->too_long && len && s[len - 1] == '\r') {
		line.len--;
		line.eol++;
	}
	if (ls->too_long || line.len > ls->max)
		line.bad = BAD_TOOLONG;
	else if (ls->nul)
		line.bad = BAD_NUL;
	if (line.bad) {
		line.s = NULL;
		line.len = line.eol = 0;
	}
	ls->number++;
	ls->start = ls->offset;
	ls->len = 0;
	ls->too_long = false;
	ls->nul = false;
	return ls->line(ls->ctx, &line);
}

/* Keep part of a line until the rest comes. One byte more than max is kept: it may be the CR of a CRLF. */
static enum tutela_err keep(struct line_splitter *ls, const char *p, size_t n)
{
	if (ls->too_long || n > ls->max + 1 - ls->len) {
		ls->too_long = true;
		return TUTELA_OK;
	}
	if (!tutela_line_reserve(&ls->buf, &ls->cap, ls->len + n))
		return TUTELA_E_NOMEM;
	if (n)
		memcpy(ls->buf + ls->len, p, n);
	ls->len += n;
	return TUTELA_OK;
}

/* One line's bytes, or what of them is in this piece. */
static enum tutela_err take(struct line_splitter *ls, const char *p, size_t n, bool ended)
{
	const char *nul = memchr(p, 0, n);
	bool whole = ended && ls->offset == ls->start;
	enum tutela_err err;

	if (nul && ls->offset + (uint64_t)(nul - p) < LINE_BINARY_WINDOW)
		return not_text(ls, WHY_BINARY);
	ls->nul |= nul != NULL;
	ls->offset += n + (ended ? 1 : 0);
	if (whole)
		return deliver(ls, p, n, 1);
	err = keep(ls, p, n);
	if (err || !ended)
		return err;
	return deliver(ls, ls->buf, ls->len, 1);
}

static enum tutela_err cut(struct line_splitter *ls, const char *p, size_t len)
{
	while (len) {
		const char *lf = memchr(p, '\n', len);
		size_t n = lf ? (size_t)(lf - p) : len;
		enum tutela_err err = take(ls, p, n, lf != NULL);

		if (err)
			return err;
		n += lf ? 1 : 0;
		p += n;
		len -= n;
	}
	return TUTELA_OK;
}

/* The first four bytes, or all of a shorter input, are here. */
static enum tutela_err start(struct line_splitter *ls)
{
	size_t skip = 0;

	ls->started = true;
	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++)
		if (ls->head_len >= signatures[i].len && !memcmp(ls->head, signatures[i].bytes, signatures[i].len))
			return not_text(ls, signatures[i].why);
	/* ASCII in UTF-16 without a byte order mark: every other byte is zero. */
	if (ls->head_len >= 2 && !ls->head[0] != !ls->head[1])
		return not_text(ls, WHY_UTF16);
	if (ls->head_len >= 3 && !memcmp(ls->head, "\xef\xbb\xbf", 3))
		skip = 3;
	ls->offset = ls->start = skip;
	return cut(ls, ls->head + skip, ls->head_len - skip);
}

enum tutela_err tutela_line_feed(struct line_splitter *ls, const char *bytes, size_t len)
{
	enum tutela_err err;

	while (!ls->started && len) {
		ls->head[ls->head_len++] = *bytes++;
		len--;
		if (ls->head_len < sizeof(ls->head))
			continue;
		err = start(ls);
		if (err)
			return err;
	}
	return cut(ls, bytes, len);
}

enum tutela_err tutela_line_finish(struct line_splitter *ls)
{
	enum tutela_err err = ls->started ? TUTELA_OK : start(ls);

	if (err || ls->offset == ls->start)
		return err;
	return deliver(ls, ls->buf, ls->len, 0);
}

void tutela_line_fini(struct line_splitter *ls)
{
	free(ls->buf);
	ls->buf = NULL;
	ls->len = ls->cap = 0;
}
