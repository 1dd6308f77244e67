/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format "nsrl": NSRLFile.txt of the NSRL's Reference Data Set, version 2 and
 * before (NIST, "Data Formats of the NSRL Reference Data Set Distribution").
 *
 * A line has the cells that the header names. All but the file's name are
 * without quotes and commas inside; the name may hold anything. So the cells
 * before it are read from the line's front, those behind it from its end, and
 * the name is not looked at.
 */
#include <string.h>

#include "exchange/csv_columns.h"
#include "exchange/line_format.h"

#define COLUMNS_MAX 32
#define BAD_COLUMNS "the line has not the columns of the header"

/* Strongest first: the first one there names the entry. */
static const enum tutela_algorithm kinds[] = {TUTELA_ALG_SHA256, TUTELA_ALG_SHA1, TUTELA_ALG_MD5};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct nsrl_reader {
	struct line_format base;
	size_t n;         /* columns */
	size_t name;      /* the name's; COLUMNS_MAX: there is none */
	size_t at[KINDS]; /* each digest's; COLUMNS_MAX: there is none */
};

/* The cell at the front of t, which then begins behind it and its comma, if there is one. */
static bool take_front(struct tutela_text *t, struct tutela_text *cell, bool *comma)
{
	bool quoted = t->len && *t->s == '"';
	const char *from = t->s + quoted, *end = t->s + t->len;
	const char *to = t->len ? memchr(from, quoted ? '"' : ',', (size_t)(end - from)) : NULL;

	if (!to && quoted)
		return false;
	to = to ? to : end;
	*cell = (struct tutela_text){from, (size_t)(to - from)};
	to += quoted;
	*comma = to < end;
	if (to < end && *to != ',')
		return false;
	to += *comma;
	*t = (struct tutela_text){to, (size_t)(end - to)};
	return true;
}

/* The cell at the end of t, and what stands before its comma into t. */
static bool take_back(struct tutela_text *t, struct tutela_text *cell)
{
	bool quoted = t->len && t->s[t->len - 1] == '"';
	size_t end = t->len - quoted;
	const char *before = end ? memrchr(t->s, quoted ? '"' : ',', end) : NULL;

	if (!before || (quoted && (before == t->s || before[-1] != ',')))
		return false;
	*cell = (struct tutela_text){before + 1, (size_t)(t->s + end - before) - 1};
	t->len = (size_t)(before - t->s) - quoted;
	return true;
}

static const char no_header[] = "the first line is not the header of an NSRL file: \"SHA-1\",\"MD5\",...";

static enum tutela_err header_line(struct tutela_reader *r, struct tutela_text t)
{
	struct nsrl_reader *s = r->state;
	bool digests = false, more;

	for (size_t k = 0; k < KINDS; k++)
		s->at[k] = COLUMNS_MAX;
	s->name = COLUMNS_MAX;
	do {
		const struct tutela_algorithm_info *info;
		struct tutela_text cell;

		if (!take_front(&t, &cell, &more))
			return tutela_reader_fail(r, "%s", no_header);
		cell = tutela_csv_trim(cell);
		info = tutela_algorithm_named(cell.s, cell.len);
		for (size_t k = 0; info && k < KINDS; k++) {
			if (info->id == kinds[k] && s->at[k] == COLUMNS_MAX) {
				s->at[k] = s->n;
				digests = true;
			}
		}
		if (s->name == COLUMNS_MAX && tutela_same_word(cell.s, cell.len, "FileName"))
			s->name = s->n;
		s->n++;
	} while (more && s->n < COLUMNS_MAX);
	return digests && !more ? TUTELA_OK : tutela_reader_fail(r, "%s", no_header);
}

/* Into `cells` by column, the name's left out. */
static bool split(const struct nsrl_reader *s, struct tutela_text t, struct tutela_text *cells)
{
	size_t front = s->name < s->n ? s->name : s->n;
	bool comma;

	for (size_t i = 0; i < front; i++)
		if (!take_front(&t, &cells[i], &comma) || comma != (i + 1 < s->n))
			return false;
	for (size_t i = s->n; i > front + 1; i--)
		if (!take_back(&t, &cells[i - 1]))
			return false;
	return true;
}

static enum tutela_err data_line(struct tutela_reader *r, const struct line *line, struct tutela_text t)
{
	struct nsrl_reader *s = r->state;
	struct record_build *b = &s->base.build;
	struct tutela_text cells[COLUMNS_MAX];

	tutela_build_start(b);
	if (!split(s, t, cells))
		return tutela_reader_problem(r, line->number, line->byte, BAD_COLUMNS);
	for (size_t k = 0; k < KINDS; k++) {
		if (s->at[k] < s->n && cells[s->at[k]].len)
			tutela_build_hash(b, kinds[k], cells[s->at[k]].s, cells[s->at[k]].len);
	}
	return tutela_reader_emit(r, b, line->number, line->byte);
}

static enum tutela_err on_line(void *ctx, const struct line *line)
{
	struct tutela_reader *r = ctx;
	struct nsrl_reader *s = r->state;
	struct tutela_text t = {line->s, line->len};

	if (!s->n && line->bad)
		return tutela_reader_fail(r, "%s", no_header);
	if (line->bad)
		return tutela_reader_problem(r, line->number, line->byte, line->bad);
	t = tutela_csv_trim(t);
	if (!t.len)
		return TUTELA_OK;
	return s->n ? data_line(r, line, t) : header_line(r, t);
}

static enum tutela_err nsrl_open(struct tutela_reader *r, const char **why)
{
	(void)why;
	tutela_line_format_open(r, on_line);
	return TUTELA_OK;
}

static enum tutela_err nsrl_finish(struct tutela_reader *r)
{
	enum tutela_err err = tutela_line_format_finish(r);

	if (!err && !((struct nsrl_reader *)r->state)->n)
		err = tutela_reader_fail(r, "the input is empty: it has not even a header");
	return err;
}

const struct exchange_format tutela_format_nsrl = {
	.name = "nsrl",
	.exclude = true,
	.line_default = LINE_FORMAT_MAX,
	.reader_size = sizeof(struct nsrl_reader),
	.open = nsrl_open,
	.feed = tutela_line_format_feed,
	.finish = nsrl_finish,
	.close = tutela_line_format_close,
};
