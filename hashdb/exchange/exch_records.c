/* SPDX-License-Identifier: Apache-2.0 */
/* The format "records": one canonical line an entry, see record_line.h. Nothing that the store holds of an entry is
 * left out. */
#include <stdlib.h>
#include <string.h>

#include "exchange/exchange_format.h"
#include "exchange/line_splitter.h"
#include "exchange/record_line.h"

struct records_reader {
	struct line_splitter lines;
	struct record_build build;
	char *text; /* the unescaped line */
	size_t room;
	const struct line *line;
};

/* Fields up to the labels. */
enum { STATUS, ID, TIME, HASHES, REASON, FIELDS };

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* In place; false when an escape is none. */
static bool unescape(struct tutela_text *t, char *s)
{
	size_t n = 0;

	for (size_t i = 0; i < t->len; i++) {
		int high, low;

		if (s[i] != '%') {
			s[n++] = s[i];
			continue;
		}
		if (t->len - i < 3 || (high = hex_digit(s[i + 1])) < 0 || (low = hex_digit(s[i + 2])) < 0)
			return false;
		s[n++] = (char)(high << 4 | low);
		i += 2;
	}
	*t = (struct tutela_text){n ? s : NULL, n};
	return true;
}

static const char *take_hashes(struct record_build *b, const char *s, size_t len)
{
	while (len) {
		const char *space = memchr(s, ' ', len);
		size_t word = space ? (size_t)(space - s) : len;
		const char *colon = memchr(s, ':', word);
		const struct tutela_algorithm_info *info =
			colon ? tutela_algorithm_named(s, (size_t)(colon - s)) : NULL;

		if (!info)
			return "a fingerprint is not written algorithm:hex";
		tutela_build_hash(b, info->id, colon + 1, word - (size_t)(colon + 1 - s));
		s += word + (space != NULL);
		len -= word + (space != NULL);
		if (space && !len)
			return "a space ends the fingerprints";
	}
	return NULL;
}

static const char *take_label(struct record_build *b, char *s, size_t len)
{
	char *equals = memchr(s, '=', len);
	struct tutela_text key, value;

	if (!equals)
		return "a label is not written key=value";
	key = (struct tutela_text){s, (size_t)(equals - s)};
	value = (struct tutela_text){equals + 1, len - key.len - 1};
	if (!unescape(&key, s) || !unescape(&value, equals + 1))
		return "a '%' does not begin an escape";
	tutela_build_label(b, key, value);
	return NULL;
}

static const char *take_field(struct record_build *b, unsigned field, char *s, size_t len)
{
	struct tutela_text t = {s, len};

	switch (field) {
	case STATUS:
		tutela_build_status(b, s, len);
		return NULL;
	case TIME:
		if (len != 1 || *s != '0')
			tutela_build_time(b, s, len);
		return NULL;
	case HASHES:
		return take_hashes(b, s, len);
	case ID:
	case REASON:
		if (!unescape(&t, s))
			return "a '%' does not begin an escape";
		if (field == ID)
			tutela_build_id(b, t.s, t.len);
		else
			tutela_build_reason(b, t.s, t.len);
		return NULL;
	default:
		return take_label(b, s, len);
	}
}

static const char *take_line(struct record_build *b, char *s, size_t len)
{
	const char *why = NULL;
	unsigned field = 0;

	for (char *end = s + len; !why; field++) {
		char *tab = memchr(s, '\t', (size_t)(end - s));
		size_t width = (size_t)((tab ? tab : end) - s);

		why = take_field(b, field, s, width);
		if (!tab)
			break;
		s = tab + 1;
	}
	if (!why && field < FIELDS - 1)
		return "fewer than five fields";
	return why ? why : !b->rec.id.len ? "no entry id" : NULL;
}

static enum tutela_err on_line(void *ctx, const struct line *line)
{
	struct tutela_reader *r = ctx;
	struct records_reader *s = r->state;
	const char *why;

	if (line->bad)
		return tutela_reader_problem(r, line->number, line->byte, line->bad);
	if (!line->len || line->s[0] == '#')
		return TUTELA_OK;
	if (!tutela_line_reserve(&s->text, &s->room, line->len))
		return TUTELA_E_NOMEM;
	memcpy(s->text, line->s, line->len);
	tutela_build_start(&s->build);
	why = take_line(&s->build, s->text, line->len);
	if (why && !s->build.bad)
		s->build.bad = why;
	return tutela_reader_emit(r, &s->build, line->number, line->byte);
}

static enum tutela_err records_open(struct tutela_reader *r, const char **why)
{
	struct records_reader *s = r->state;

	(void)why;
	s->lines = (struct line_splitter){.max = r->opts.max_line, .line = on_line, .ctx = r};
	return TUTELA_OK;
}

static enum tutela_err outcome(struct tutela_reader *r, enum tutela_err err)
{
	struct records_reader *s = r->state;

	return err == TUTELA_E_FORMAT && s->lines.why ? tutela_reader_fail(r, "%s", s->lines.why) : err;
}

static enum tutela_err records_feed(struct tutela_reader *r, const char *bytes, size_t len)
{
	return outcome(r, tutela_line_feed(&((struct records_reader *)r->state)->lines, bytes, len));
}

static enum tutela_err records_finish(struct tutela_reader *r)
{
	return outcome(r, tutela_line_finish(&((struct records_reader *)r->state)->lines));
}

static void records_close(struct tutela_reader *r)
{
	struct records_reader *s = r->state;

	tutela_line_fini(&s->lines);
	free(s->text);
}

static enum tutela_err records_put(struct tutela_writer *w, const struct tutela_record *rec)
{
	char small[4096], *line = small;
	size_t room = tutela_record_line_room(rec), len;

	if (room > sizeof small)
		line = malloc(room);
	if (!line)
		return TUTELA_E_NOMEM;
	len = tutela_record_line(rec, RECORD_EFFECTIVE, line);
	tutela_writer_bytes(w, line, len);
	tutela_writer_bytes(w, "\n", 1);
	if (line != small)
		free(line);
	return w->err;
}

const struct exchange_format tutela_format_records = {
	.name = "records",
	.line_default = 512 << 10,
	.reader_size = sizeof(struct records_reader),
	.open = records_open,
	.feed = records_feed,
	.finish = records_finish,
	.close = records_close,
	.put = records_put,
};
