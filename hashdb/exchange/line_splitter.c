/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/line_splitter.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define WHY_UTF16   "the input is UTF-16, not UTF-8: save it as UTF-8 and try again"
#define WHY_BINARY  "the input is a binary file, not text"
#define WHY_ZIP     "the input is a ZIP archive (perhaps a spreadsheet): save the table as CSV in UTF-8 and try again"
#define WHY_SQLITE  "the input is an SQLite database (perhaps of the format kdb or rds), not text"
#define WHY_PACKED  "the input is compressed: unpack it and try again"
#define BAD_TOOLONG "the line is longer than the limit"
#define BAD_NUL     "the line holds a NUL byte"
#define BAD_UTF16   "the line holds broken UTF-16"

static const struct signature {
	const char *bytes;
	size_t len;
	const char *why;
} signatures[] = {
	{"\xff\xfe", 2, WHY_UTF16}, {"\xfe\xff", 2, WHY_UTF16},  {"PK\x03\x04", 4, WHY_ZIP},
	{"SQLi", 4, WHY_SQLITE},    {"\x1f\x8b", 2, WHY_PACKED}, {"\x28\xb5\x2f\xfd", 4, WHY_PACKED},
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
	if (!ls->nul_ends && !ls->too_long && len && s[len - 1] == '\r') {
		line.len--;
		line.eol++;
	}
	if (ls->too_long || line.len > ls->max)
		line.bad = BAD_TOOLONG;
	else if (ls->nul)
		line.bad = BAD_NUL;
	else if (ls->broken)
		line.bad = BAD_UTF16;
	if (line.bad) {
		line.s = NULL;
		line.len = line.eol = 0;
	}
	ls->number++;
	ls->start = ls->offset;
	ls->len = 0;
	ls->too_long = false;
	ls->nul = false;
	ls->broken = false;
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
		const char *lf = memchr(p, ls->nul_ends ? '\0' : '\n', len);
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

/* ------------------------------------------------------------------ UTF-16 */

static size_t put_utf8(uint32_t c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 63));
		out[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 63));
	out[2] = (char)(0x80 | (c >> 6 & 63));
	out[3] = (char)(0x80 | (c & 63));
	return 4;
}

static enum tutela_err take_unit(struct line_splitter *ls, uint16_t unit)
{
	bool low = unit >= 0xdc00 && unit <= 0xdfff;
	uint32_t c = unit;
	char utf8[4];

	if (!unit && ls->offset < LINE_BINARY_WINDOW)
		return not_text(ls, WHY_BINARY);
	ls->offset += 2;
	ls->nul |= !unit;
	ls->broken |= low != (ls->high != 0);
	if (low && ls->high)
		c = 0x10000 + ((uint32_t)(ls->high - 0xd800) << 10) + (unit - 0xdc00u);
	ls->high = 0;
	if (unit >= 0xd800 && unit <= 0xdbff) {
		ls->high = unit;
		return TUTELA_OK;
	}
	if (unit == '\n')
		return deliver(ls, ls->buf, ls->len, 1);
	return keep(ls, utf8, put_utf8(c, utf8));
}

static enum tutela_err take_units(struct line_splitter *ls, const char *p, size_t len)
{
	enum tutela_err err = TUTELA_OK;

	for (size_t i = 0; i < len && !err; i++) {
		uint8_t byte = (uint8_t)p[i];

		if (ls->have_half)
			err = take_unit(ls, (uint16_t)(ls->big_endian ? ls->half << 8 | byte : byte << 8 | ls->half));
		ls->half = byte;
		ls->have_half = !ls->have_half;
	}
	return err;
}

/* ------------------------------------------------------------------ both */

/* The first four bytes, or all of a shorter input, are here. */
static enum tutela_err start(struct line_splitter *ls)
{
	size_t skip = 0;

	ls->started = true;
	if (ls->utf16 && !ls->nul_ends && ls->head_len >= 2 &&
	    (!memcmp(ls->head, "\xff\xfe", 2) || !memcmp(ls->head, "\xfe\xff", 2))) {
		ls->wide = true;
		ls->big_endian = ls->head[0] == '\xfe';
		ls->offset = ls->start = 2;
		return take_units(ls, ls->head + 2, ls->head_len - 2);
	}
	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++)
		if (ls->head_len >= signatures[i].len && !memcmp(ls->head, signatures[i].bytes, signatures[i].len))
			return not_text(ls, signatures[i].why);
	/* ASCII in UTF-16 without a byte order mark: every other byte is zero. */
	if (!ls->nul_ends && ls->head_len >= 2 && !ls->head[0] != !ls->head[1])
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
	return (ls->wide ? take_units : cut)(ls, bytes, len);
}

enum tutela_err tutela_line_finish(struct line_splitter *ls)
{
	enum tutela_err err = ls->started ? TUTELA_OK : start(ls);

	if (err)
		return err;
	ls->broken |= ls->have_half || ls->high;
	if (ls->offset == ls->start && !ls->have_half)
		return TUTELA_OK;
	return deliver(ls, ls->buf, ls->len, 0);
}

void tutela_line_fini(struct line_splitter *ls)
{
	free(ls->buf);
	ls->buf = NULL;
	ls->len = ls->cap = 0;
}
