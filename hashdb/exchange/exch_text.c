/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format "text": `<algorithm> <hex> [entry id]` a line, or `<hex> [entry id]`
 * with a fixed algorithm. Lines that follow one another and give the same id
 * are one entry with several fingerprints, which is how the writer puts them
 * down. See tutela-formats(5).
 */
#include <string.h>

#include "exchange/exchange_format.h"
#include "exchange/line_splitter.h"

#define MAX_FIELDS 4 /* one more than the grammar has */

struct text_reader {
	struct line_splitter lines;
	struct record_build probe; /* one line */
	/* The entry whose lines are coming in. */
	bool pending;
	struct record_build build;
	char id[TUTELA_ENTRY_ID_MAX];
	uint64_t line, byte;
};

struct fields {
	struct tutela_text at[MAX_FIELDS];
	size_t n;
};

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Up to MAX_FIELDS fields; a '#' that begins one begins a comment. */
static struct fields split(const char *s, size_t len)
{
	struct fields f = {0};
	const char *end = s + len;

	while (f.n < MAX_FIELDS) {
		const char *from;

		while (s < end && blank(*s))
			s++;
		if (s == end || *s == '#')
			break;
		for (from = s; s < end && !blank(*s); s++)
			;
		f.at[f.n++] = (struct tutela_text){from, (size_t)(s - from)};
	}
	return f;
}

static bool all_hex(struct tutela_text t)
{
	for (size_t i = 0; i < t.len; i++)
		if (!memchr("0123456789abcdefABCDEF", t.s[i], 22))
			return false;
	return true;
}

static bool has_control(struct tutela_text t)
{
	for (size_t i = 0; i < t.len; i++)
		if ((unsigned char)t.s[i] < 0x20 || t.s[i] == 0x7f)
			return true;
	return false;
}

/* Which algorithm, value and id the fields give; NULL, or what is wrong. */
static const char *interpret(const struct fields *f, enum tutela_algorithm fixed, enum tutela_algorithm *algorithm,
			     struct tutela_text *hex, struct tutela_text *id)
{
	const struct tutela_algorithm_info *named = tutela_algorithm_named(f->at[0].s, f->at[0].len);
	size_t value = named ? 1 : 0;

	if (!named && !fixed)
		return all_hex(f->at[0]) ? "the line names no algorithm and none was given" : "unknown algorithm";
	if (f->n == value)
		return "the line has no value after the algorithm";
	if (f->n > value + 2)
		return "more fields than algorithm, value and entry id";
	*algorithm = named ? named->id : fixed;
	*hex = f->at[value];
	*id = f->n > value + 1 ? f->at[value + 1] : (struct tutela_text){0};
	return has_control(*id) ? "the entry id holds a control character" : NULL;
}

static enum tutela_err flush_entry(struct tutela_reader *r, struct text_reader *t)
{
	if (!t->pending)
		return TUTELA_OK;
	t->pending = false;
	return tutela_reader_emit(r, &t->build, t->line, t->byte);
}

static bool same_id(const struct text_reader *t, struct tutela_text id)
{
	return t->pending && id.len && t->build.rec.id.len == id.len && !memcmp(t->id, id.s, id.len);
}

/* One fingerprint: into the entry that is open, or into a new one. A bad value costs its line, not its entry. */
static enum tutela_err add(struct tutela_reader *r, struct text_reader *t, const struct line *line,
			   enum tutela_algorithm algorithm, struct tutela_text hex, struct tutela_text id)
{
	struct tutela_record *rec = &t->build.rec;
	const char *wrong;
	enum tutela_err err;

	tutela_build_start(&t->probe);
	tutela_build_id(&t->probe, id.s, id.len);
	tutela_build_hash(&t->probe, algorithm, hex.s, hex.len);
	wrong = t->probe.bad ? t->probe.bad : t->probe.refused;
	if (!wrong && same_id(t, id) && rec->n_fingerprints == TUTELA_FINGERPRINTS_MAX)
		wrong = RECORD_TOO_MANY_HASHES;
	if (wrong)
		return tutela_reader_problem(r, line->number, line->byte, wrong);
	if (!same_id(t, id)) {
		err = flush_entry(r, t);
		if (err)
			return err;
		tutela_build_start(&t->build);
		if (id.len)
			rec->id = (struct tutela_text){memcpy(t->id, id.s, id.len), id.len};
		t->pending = true;
		t->line = line->number;
		t->byte = line->byte;
	}
	rec->fingerprints[rec->n_fingerprints++] = t->probe.rec.fingerprints[0];
	return TUTELA_OK;
}

static enum tutela_err on_line(void *ctx, const struct line *line)
{
	struct tutela_reader *r = ctx;
	struct text_reader *t = r->state;
	enum tutela_algorithm algorithm;
	struct tutela_text hex, id;
	const char *wrong = line->bad;
	struct fields f = {0};

	if (!wrong && line->len && memchr(line->s, '\r', line->len))
		wrong = "a carriage return without a line feed";
	if (!wrong) {
		f = split(line->s, line->len);
		if (!f.n)
			return TUTELA_OK;
		wrong = interpret(&f, r->opts.algorithm, &algorithm, &hex, &id);
	}
	if (wrong)
		return tutela_reader_problem(r, line->number, line->byte, wrong);
	return add(r, t, line, algorithm, hex, id);
}

static enum tutela_err text_open(struct tutela_reader *r, const char **why)
{
	struct text_reader *t = r->state;

	(void)why;
	t->lines.max = r->opts.max_line;
	t->lines.line = on_line;
	t->lines.ctx = r;
	return TUTELA_OK;
}

static enum tutela_err outcome(struct tutela_reader *r, enum tutela_err err)
{
	struct text_reader *t = r->state;

	return t->lines.why ? tutela_reader_fail(r, "%s", t->lines.why) : err;
}

static enum tutela_err text_feed(struct tutela_reader *r, const char *bytes, size_t len)
{
	struct text_reader *t = r->state;

	return outcome(r, tutela_line_feed(&t->lines, bytes, len));
}

static enum tutela_err text_finish(struct tutela_reader *r)
{
	struct text_reader *t = r->state;
	enum tutela_err err = outcome(r, tutela_line_finish(&t->lines));

	return err ? err : flush_entry(r, t);
}

static void text_close(struct tutela_reader *r)
{
	struct text_reader *t = r->state;

	tutela_line_fini(&t->lines);
}

/* ------------------------------------------------------------------ writing */

/* An id that split would give back as one field. */
static bool writable_id(struct tutela_text id)
{
	struct fields f = split(id.s, id.len);

	return f.n == 1 && f.at[0].len == id.len && !has_control(id);
}

static enum tutela_err text_put(struct tutela_writer *w, const struct tutela_record *rec)
{
	bool id = rec->id.len && writable_id(rec->id);

	if (rec->status != TUTELA_ACTIVE)
		return TUTELA_OK;
	if (rec->id.len && !id)
		tutela_writer_string(w, "# an entry id was left out: it is not one word\n");
	for (size_t i = 0; i < rec->n_fingerprints; i++) {
		const struct tutela_hash *h = &rec->fingerprints[i];

		tutela_writer_string(w, tutela_algorithm_get((enum tutela_algorithm)h->algorithm)->name);
		tutela_writer_string(w, " ");
		tutela_writer_hash(w, h);
		if (id) {
			tutela_writer_string(w, " ");
			tutela_writer_bytes(w, rec->id.s, rec->id.len);
		}
		tutela_writer_string(w, "\n");
	}
	return TUTELA_OK;
}

const struct exchange_format tutela_format_text = {
	.name = "text",
	.line_default = (size_t)64 << 10,
	.reader_size = sizeof(struct text_reader),
	.open = text_open,
	.feed = text_feed,
	.finish = text_finish,
	.close = text_close,
	.put = text_put,
};
