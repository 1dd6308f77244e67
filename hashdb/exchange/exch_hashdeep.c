/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format "hashdeep": what hashdeep prints (its manual page, "file format", and
 * the output of version 4.4). Two lines begin with %%%%: the version, and the
 * names of the columns, of which the last is the file's name. A row's name may
 * hold anything but a line's end; it is not looked at. Files that were written
 * one behind the other have those two lines again.
 */
#include <string.h>

#include "exchange/csv_columns.h"
#include "exchange/line_format.h"

#define COLUMNS_MAX 32
#define MARK        "%%%% "
#define MARK_LEN    5
#define VERSION     "HASHDEEP-1.0"
#define BAD_COLUMNS "the line has not the columns of the header"

/* Strongest first: the first one there names the entry. */
static const enum tutela_algorithm kinds[] = {TUTELA_ALG_SHA256, TUTELA_ALG_SHA1, TUTELA_ALG_MD5};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct hashdeep_reader {
	struct line_format base;
	bool version;     /* its line was seen, that of the columns not yet */
	size_t n;         /* columns; 0: not known yet */
	size_t at[KINDS]; /* each digest's; COLUMNS_MAX: there is none */
};

/* The cell at the front of t, which then begins behind its comma. False when that was the last one. */
static bool take_cell(struct tutela_text *t, struct tutela_text *cell)
{
	const char *comma = t->len ? memchr(t->s, ',', t->len) : NULL;
	size_t n = comma ? (size_t)(comma - t->s) : t->len;

	*cell = (struct tutela_text){t->s, n};
	n += comma != NULL;
	*t = (struct tutela_text){t->s + n, t->len - n};
	return comma != NULL;
}

static enum tutela_err columns_line(struct tutela_reader *r, struct tutela_text t)
{
	struct hashdeep_reader *s = r->state;
	bool digests = false, more = true;
	struct tutela_text cell = {0};

	for (size_t k = 0; k < KINDS; k++)
		s->at[k] = COLUMNS_MAX;
	for (s->n = 0; more && s->n < COLUMNS_MAX; s->n++) {
		const struct tutela_algorithm_info *info;

		more = take_cell(&t, &cell);
		info = tutela_algorithm_named(cell.s, cell.len);
		for (size_t k = 0; more && info && k < KINDS; k++) {
			if (info->id == kinds[k] && s->at[k] == COLUMNS_MAX) {
				s->at[k] = s->n;
				digests = true;
			}
		}
	}
	if (more || !tutela_same_word(cell.s, cell.len, "filename"))
		return tutela_reader_fail(r, "the columns of a hashdeep file do not end with the file's name");
	if (!digests)
		return tutela_reader_fail(r, "the hashdeep file has none of MD5, SHA-1 and SHA-256");
	return TUTELA_OK;
}

static enum tutela_err mark_line(struct tutela_reader *r, const struct line *line)
{
	struct tutela_text t = tutela_csv_trim((struct tutela_text){line->s + MARK_LEN, line->len - MARK_LEN});
	struct hashdeep_reader *s = r->state;

	if (s->version) {
		s->version = false;
		return columns_line(r, t);
	}
	s->version = tutela_same_text(t, (struct tutela_text){VERSION, strlen(VERSION)});
	if (s->version)
		return TUTELA_OK;
	/* Further on it is the rest of a name with a line's end in it, perhaps put there on purpose. */
	return s->n ? tutela_reader_problem(r, line->number, line->byte, BAD_COLUMNS)
		    : tutela_reader_fail(r, "the file is not of hashdeep's version 1.0");
}

static enum tutela_err data_line(struct tutela_reader *r, const struct line *line)
{
	struct hashdeep_reader *s = r->state;
	struct record_build *b = &s->base.build;
	struct tutela_text cells[COLUMNS_MAX], t = {line->s, line->len};

	tutela_build_start(b);
	for (size_t i = 0; i + 1 < s->n; i++)
		if (!take_cell(&t, &cells[i]))
			return tutela_reader_problem(r, line->number, line->byte, BAD_COLUMNS);
	for (size_t k = 0; k < KINDS; k++)
		if (s->at[k] + 1 < s->n && cells[s->at[k]].len)
			tutela_build_hash(b, kinds[k], cells[s->at[k]].s, cells[s->at[k]].len);
	return tutela_reader_emit(r, b, line->number, line->byte);
}

static enum tutela_err on_line(void *ctx, const struct line *line)
{
	struct tutela_reader *r = ctx;
	struct hashdeep_reader *s = r->state;
	bool mark = !line->bad && line->len >= MARK_LEN && memcmp(line->s, MARK, MARK_LEN) == 0;

	if (mark)
		return mark_line(r, line);
	if (!s->n || s->version)
		return tutela_reader_fail(r, "the file does not begin as hashdeep's do: %s%s, then the columns", MARK,
					  VERSION);
	if (line->bad)
		return tutela_reader_problem(r, line->number, line->byte, line->bad);
	return line->len && *line->s != '#' ? data_line(r, line) : TUTELA_OK;
}

static enum tutela_err hashdeep_open(struct tutela_reader *r, const char **why)
{
	struct line_format *f = r->state;

	(void)why;
	tutela_line_format_open(r, on_line);
	f->lines.utf16 = true;
	return TUTELA_OK;
}

static enum tutela_err hashdeep_finish(struct tutela_reader *r)
{
	enum tutela_err err = tutela_line_format_finish(r);

	if (!err && !((struct hashdeep_reader *)r->state)->n)
		err = tutela_reader_fail(r, "the input is empty: it has not even a header");
	return err;
}

const struct exchange_format tutela_format_hashdeep = {
	.name = "hashdeep",
	.line_default = LINE_FORMAT_MAX,
	.reader_size = sizeof(struct hashdeep_reader),
	.open = hashdeep_open,
	.feed = tutela_line_format_feed,
	.finish = hashdeep_finish,
	.close = tutela_line_format_close,
};
