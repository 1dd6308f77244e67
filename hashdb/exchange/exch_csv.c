/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format "csv": RFC 4180 with a header or a column map; see tutela-formats(5).
 *
 * Rows are made of whole lines: a line that leaves a quoted cell open is kept,
 * and the next one is put behind it. A row that turns out to be broken costs
 * its first line only: the lines behind it are read anew. So one stray quote
 * cannot swallow the rest of a list. This costs no more than a second scan of
 * each byte: a line that kept a quoted cell open has quotes in even runs only,
 * and such a line opens none itself.
 */
#include <stdlib.h>
#include <string.h>

#include "exchange/csv_columns.h"
#include "exchange/csv_write.h"
#include "exchange/exchange_format.h"
#include "exchange/line_splitter.h"

/* Above the longest row that the writer can put down: 32 labels of 4,096 bytes, each byte escaped. */
#define CSV_LINE_DEFAULT ((size_t)512 << 10)

struct csv_reader {
	struct line_splitter lines;
	struct csv_columns columns;
	bool settled; /* the columns are known: what follows are entries */
	char delimiter;

	/* Lines of the row so far, each with its end. */
	char *buf;
	size_t cap, start, len; /* they are at buf + start */
	size_t scanned;         /* bytes of them that were scanned: whole lines */
	uint64_t line, byte;    /* of the first of them */
	uint64_t lines_scanned;
	bool open; /* the scanned lines end inside a quoted cell */

	struct record_build build;
};

/* ------------------------------------------------------------------ cells */

static bool blank(char c, char delimiter)
{
	return (c == ' ' || c == '\t') && c != delimiter;
}

enum scan { SCAN_ROW, SCAN_OPEN, SCAN_BROKEN };

/* Does the row end with this line? `open`: the line begins inside a quoted cell. */
static enum scan scan_line(const char *p, size_t len, char delimiter, bool open, const char **why)
{
	const char *end = p + len, *q;

	for (;;) {
		while (!open && p < end && blank(*p, delimiter))
			p++;
		if (!open && (p == end || *p != '"')) {
			q = memchr(p, delimiter, (size_t)(end - p));
			if (memchr(p, '\r', (size_t)((q ? q : end) - p))) {
				*why = "a carriage return outside quotes and without a line feed";
				return SCAN_BROKEN;
			}
			if (!q)
				return SCAN_ROW;
			p = q + 1;
			continue;
		}
		for (p += !open;; p += 2) {
			p = memchr(p, '"', (size_t)(end - p));
			if (!p)
				return SCAN_OPEN;
			if (p + 1 == end || p[1] != '"')
				break;
		}
		open = false;
		for (p++; p < end && blank(*p, delimiter); p++)
			;
		if (p == end)
			return SCAN_ROW;
		if (*p++ != delimiter) {
			*why = "text after the closing quote of a cell";
			return SCAN_BROKEN;
		}
	}
}

struct cell {
	char *s; /* in the row's buffer, quotes undone */
	size_t len;
};

struct cells {
	char *at, *end;
	char delimiter;
	bool more;
};

/* The next cell of a row that scan_line found whole. Unquoted cells come without blanks at their ends. */
static struct cell next_cell(struct cells *c)
{
	char *from = c->at, *to;
	struct tutela_text t;

	while (c->at < c->end && blank(*c->at, c->delimiter))
		c->at++;
	if (c->at < c->end && *c->at == '"') {
		for (from = to = ++c->at; c->at[0] != '"' || (c->at + 1 < c->end && c->at[1] == '"'); *to++ = *c->at++)
			c->at += *c->at == '"';
		t = (struct tutela_text){from, (size_t)(to - from)};
		c->at = memchr(c->at, c->delimiter, (size_t)(c->end - c->at));
	} else {
		c->at = memchr(from, c->delimiter, (size_t)(c->end - from));
		t = tutela_csv_trim((struct tutela_text){from, (size_t)((c->at ? c->at : c->end) - from)});
	}
	c->more = c->at != NULL;
	c->at = c->more ? c->at + 1 : c->end;
	return (struct cell){from + (t.s - from), t.len};
}

/* Characters up to an unescaped one of `stops`; backslashes undone in place. */
static struct tutela_text unescape(char **s, const char *end, const char *stops)
{
	char *from = *s, *to = from;

	while (*s < end && !memchr(stops, **s, strlen(stops))) {
		if (**s == '\\' && *s + 1 < end)
			(*s)++;
		*to++ = *(*s)++;
	}
	return (struct tutela_text){from, (size_t)(to - from)};
}

static void put_labels(struct record_build *b, struct cell cell)
{
	char *s = cell.s, *end = s + cell.len;

	while (s < end) {
		struct tutela_text key;

		if (*s == ' ' || *s == '\t' || *s == ';') {
			s++;
			continue;
		}
		key = unescape(&s, end, "=;");
		if (s == end || *s != '=') {
			b->bad = b->bad ? b->bad : "the labels are not key=value;key=value";
			return;
		}
		s++;
		tutela_build_label(b, key, unescape(&s, end, ";"));
	}
}

static void put_hashes(struct record_build *b, enum tutela_algorithm algorithm, struct tutela_text t)
{
	while (t.len) {
		size_t n = 0;

		while (n < t.len && !blank(t.s[n], '\0'))
			n++;
		tutela_build_hash(b, algorithm, t.s, n);
		t = tutela_csv_trim((struct tutela_text){t.s + n, t.len - n});
	}
}

static void put_cell(struct record_build *b, const struct csv_column *column, struct cell cell)
{
	struct tutela_text t = tutela_csv_trim((struct tutela_text){cell.s, cell.len});

	if (!cell.len)
		return;
	switch (column->key) {
	case CSV_ID:
		tutela_build_id(b, cell.s, cell.len);
		break;
	case CSV_HASH:
		put_hashes(b, column->algorithm, t);
		break;
	case CSV_STATUS:
		tutela_build_status(b, t.s, t.len);
		break;
	case CSV_REASON:
		tutela_build_reason(b, cell.s, cell.len);
		break;
	case CSV_TIME:
		tutela_build_time(b, t.s, t.len);
		break;
	case CSV_QUALITY:
		tutela_build_quality(b, t.s, t.len);
		break;
	case CSV_LABEL:
		tutela_build_label(b, column->label, (struct tutela_text){cell.s, cell.len});
		break;
	case CSV_LABELS:
		put_labels(b, cell);
		break;
	case CSV_UNUSED:
	case CSV_KEYS:
		break;
	}
}

/* ------------------------------------------------------------------ rows */

static enum tutela_err header_row(struct tutela_reader *r, struct csv_reader *c, struct cells cells)
{
	struct tutela_text names[CSV_COLUMNS_MAX + 1];
	char why[sizeof(r->message)];
	enum tutela_err err;
	size_t n = 0;

	do {
		struct cell cell = next_cell(&cells);

		names[n++] = (struct tutela_text){cell.s, cell.len};
	} while (cells.more && n <= CSV_COLUMNS_MAX);
	err = tutela_csv_settle(&c->columns, names, n, why, sizeof(why));
	if (err == TUTELA_E_FORMAT)
		return tutela_reader_fail(r, "%s", why);
	c->settled = true;
	return err;
}

static enum tutela_err data_row(struct tutela_reader *r, struct csv_reader *c, struct cells cells)
{
	struct record_build *b = &c->build;
	bool something = false, beyond = false;
	size_t i = 0;

	tutela_build_start(b);
	do {
		struct cell cell = next_cell(&cells);

		something |= cell.len > 0;
		if (i < c->columns.n)
			put_cell(b, &c->columns.at[i], cell);
		beyond |= c->columns.width && i >= c->columns.width && cell.len;
		i++;
	} while (cells.more);
	if (!something)
		return TUTELA_OK;
	if (beyond)
		b->bad = "the row has more cells than the header";
	else if (i < c->columns.n)
		b->bad = "the row has too few cells";
	return tutela_reader_emit(r, b, c->line, c->byte);
}

/* Forget the first n bytes, which are whole lines. */
static void consume(struct csv_reader *c, size_t n, uint64_t lines)
{
	c->start += n;
	c->len -= n;
	c->byte += n;
	c->line += lines;
	c->scanned = 0;
	c->lines_scanned = 0;
	c->open = false;
	if (!c->len)
		c->start = 0;
}

/* Length of the line at p, with its line feed in *with and without its end in the return value. */
static size_t line_length(const char *p, size_t len, size_t *with)
{
	const char *lf = memchr(p, '\n', len);
	size_t n = lf ? (size_t)(lf - p) : len;

	*with = n + (lf ? 1 : 0);
	return lf && n && p[n - 1] == '\r' ? n - 1 : n;
}

/* The row cannot be used: report it, give up its first line, and let the others be read anew. */
static enum tutela_err broken(struct tutela_reader *r, struct csv_reader *c, const char *why)
{
	enum tutela_err err;
	size_t with;

	if (!c->settled)
		return tutela_reader_fail(r, "the header cannot be read: %s", why);
	err = tutela_reader_problem(r, c->line, c->byte, why);
	(void)line_length(c->buf + c->start, c->len, &with);
	consume(c, with, 1);
	return err;
}

/* Comma, or what the line has more of outside quotes. */
static char guess_delimiter(const char *s, size_t len)
{
	static const char candidates[] = {',', ';', '\t'};
	size_t counts[sizeof(candidates)] = {0}, best = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		const char *found = memchr(candidates, s[i], sizeof(candidates));

		quoted ^= s[i] == '"';
		if (found && !quoted)
			counts[found - candidates]++;
	}
	for (size_t i = 1; i < sizeof(candidates); i++)
		if (counts[i] > counts[best])
			best = i;
	return candidates[best];
}

/* Look at the next line that is kept. */
static enum tutela_err step(struct tutela_reader *r, struct csv_reader *c)
{
	char *row = c->buf + c->start, *p = row + c->scanned;
	size_t with, len = line_length(p, c->len - c->scanned, &with);
	const char *why = "";
	enum tutela_err err;

	if (!c->open && !tutela_csv_trim((struct tutela_text){p, len}).len) {
		consume(c, with, 1);
		return TUTELA_OK;
	}
	if (!c->delimiter)
		c->delimiter = guess_delimiter(p, len);
	c->scanned += with;
	c->lines_scanned++;
	switch (scan_line(p, len, c->delimiter, c->open, &why)) {
	case SCAN_BROKEN:
		return broken(r, c, why);
	case SCAN_OPEN:
		c->open = true;
		return TUTELA_OK;
	case SCAN_ROW:
		break;
	}
	err = (c->settled ? data_row : header_row)(r, c, (struct cells){row, p + len, c->delimiter, true});
	consume(c, c->scanned, c->lines_scanned);
	return err;
}

static enum tutela_err drain(struct tutela_reader *r, struct csv_reader *c)
{
	enum tutela_err err = TUTELA_OK;

	while (!err && c->scanned < c->len)
		err = step(r, c);
	return err;
}

/* Give up rows that are still open until what is kept leaves `room` bytes of the longest row. */
static enum tutela_err make_room(struct tutela_reader *r, struct csv_reader *c, size_t room, const char *why)
{
	enum tutela_err err = TUTELA_OK;

	while (!err && c->len && (room > c->lines.max || c->len > c->lines.max - room)) {
		err = broken(r, c, why);
		if (!err)
			err = drain(r, c);
	}
	return err;
}

static enum tutela_err append(struct csv_reader *c, const struct line *line)
{
	static const char ends[] = "\r\n";
	size_t eol = line->eol > 2 ? 2 : line->eol;

	if (c->start)
		memmove(c->buf, c->buf + c->start, c->len);
	c->start = 0;
	if (!tutela_line_reserve(&c->buf, &c->cap, c->len + line->len + 2))
		return TUTELA_E_NOMEM;
	if (!c->len) {
		c->line = line->number;
		c->byte = line->byte;
	}
	if (line->len)
		memcpy(c->buf + c->len, line->s, line->len);
	c->len += line->len;
	memcpy(c->buf + c->len, ends + 2 - eol, eol);
	c->len += eol;
	return TUTELA_OK;
}

static enum tutela_err on_line(void *ctx, const struct line *line)
{
	struct tutela_reader *r = ctx;
	struct csv_reader *c = r->state;
	enum tutela_err err;

	if (line->bad) {
		err = make_room(r, c, SIZE_MAX, line->bad);
		if (!err && !c->settled)
			err = tutela_reader_fail(r, "the header cannot be read: %s", line->bad);
		return err ? err : tutela_reader_problem(r, line->number, line->byte, line->bad);
	}
	err = make_room(r, c, line->len, "the row is longer than the limit");
	if (!err)
		err = append(c, line);
	return err ? err : drain(r, c);
}

/* ------------------------------------------------------------------ the reader's functions */

static enum tutela_err csv_open(struct tutela_reader *r, const char **why)
{
	struct csv_reader *c = r->state;
	const struct tutela_reader_opts *o = &r->opts;
	enum tutela_err err = TUTELA_OK;

	c->lines.max = o->max_line;
	c->lines.line = on_line;
	c->lines.ctx = r;
	c->delimiter = o->delimiter;
	c->settled = o->no_header;
	if (o->delimiter && ((o->delimiter < ' ' && o->delimiter != '\t') || o->delimiter > '~' || o->delimiter == '"'))
		*why = "the delimiter is not a printable character or a tab, or is a quote";
	else if (o->no_header && !o->columns)
		*why = "without a header a column map is needed";
	if (**why)
		return TUTELA_E_ARG;
	if (o->columns)
		err = tutela_csv_map(&c->columns, o->columns, o->no_header, why);
	if (!err && o->no_header)
		err = tutela_csv_settle(&c->columns, NULL, 0, r->message, sizeof(r->message));
	return err;
}

static enum tutela_err outcome(struct tutela_reader *r, enum tutela_err err)
{
	struct csv_reader *c = r->state;

	return c->lines.why ? tutela_reader_fail(r, "%s", c->lines.why) : err;
}

static enum tutela_err csv_feed(struct tutela_reader *r, const char *bytes, size_t len)
{
	struct csv_reader *c = r->state;

	return outcome(r, tutela_line_feed(&c->lines, bytes, len));
}

static enum tutela_err csv_finish(struct tutela_reader *r)
{
	struct csv_reader *c = r->state;
	enum tutela_err err = outcome(r, tutela_line_finish(&c->lines));

	if (!err)
		err = make_room(r, c, SIZE_MAX, "a quoted cell is not closed");
	if (!err && !c->settled)
		err = tutela_reader_fail(r, "the input is empty: it has not even a header");
	return err;
}

static void csv_close(struct tutela_reader *r)
{
	struct csv_reader *c = r->state;

	tutela_line_fini(&c->lines);
	tutela_csv_columns_fini(&c->columns);
	free(c->buf);
}

const struct exchange_format tutela_format_csv = {
	.name = "csv",
	.line_default = CSV_LINE_DEFAULT,
	.takes_columns = true,
	.reader_size = sizeof(struct csv_reader),
	.open = csv_open,
	.feed = csv_feed,
	.finish = csv_finish,
	.close = csv_close,
	.begin = tutela_csv_begin,
	.put = tutela_csv_put,
};
