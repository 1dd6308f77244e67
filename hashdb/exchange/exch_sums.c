/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format "sums": what md5sum, sha1sum and sha256sum print (GNU coreutils
 * manual, "md5sum invocation"), their BSD form, and bare digests; with -z each
 * line ends with a NUL byte, and a name may hold a line feed. The names of
 * files are not kept. See tutela-formats(5).
 */
#include <string.h>

#include "exchange/csv_columns.h"
#include "exchange/line_format.h"

struct sums_reader {
	struct line_format base;
	/* Until it is known how lines end: where a NUL byte would mean that this is no text. */
	char head[LINE_BINARY_WINDOW];
	size_t n;
	bool begun;
};

static enum tutela_algorithm by_length(size_t digits)
{
	switch (digits) {
	case 32:
		return TUTELA_ALG_MD5;
	case 40:
		return TUTELA_ALG_SHA1;
	case 64:
		return TUTELA_ALG_SHA256;
	default:
		return TUTELA_ALG_NONE;
	}
}

static bool is_digest(enum tutela_algorithm a)
{
	return a == TUTELA_ALG_MD5 || a == TUTELA_ALG_SHA1 || a == TUTELA_ALG_SHA256;
}

/* The digest that a word names; OpenSSL 3 says SHA2-256. */
static enum tutela_algorithm by_name(struct tutela_text word)
{
	const struct tutela_algorithm_info *info = tutela_algorithm_named(word.s, word.len);

	if (tutela_same_word(word.s, word.len, "sha2-256"))
		return TUTELA_ALG_SHA256;
	return info && is_digest(info->id) ? info->id : TUTELA_ALG_NONE;
}

static struct tutela_text first(struct tutela_text t, size_t n)
{
	return (struct tutela_text){t.s, n};
}

static struct tutela_text behind(struct tutela_text t, size_t n)
{
	return (struct tutela_text){t.s + n, t.len - n};
}

/* `MD5 (name) = hex`, read from both ends: the name may hold anything. NULL, or what is wrong. */
static const char *bsd_line(struct tutela_text t, enum tutela_algorithm *algorithm, struct tutela_text *hex)
{
	const char *open = memchr(t.s, '(', t.len), *equals = memrchr(t.s, '=', t.len);
	struct tutela_text before;

	if (!open || !equals || equals < open)
		return "neither a digest, nor a digest and a name, nor NAME (file) = digest";
	before = tutela_csv_trim(first(t, (size_t)(equals - t.s)));
	if (before.s[before.len - 1] != ')' || before.s + before.len - 1 < open)
		return "neither a digest, nor a digest and a name, nor NAME (file) = digest";
	*algorithm = by_name(tutela_csv_trim(first(t, (size_t)(open - t.s))));
	*hex = tutela_csv_trim(behind(t, (size_t)(equals - t.s) + 1));
	return *algorithm ? NULL : "the digest is not MD5, SHA-1 or SHA-256";
}

/* NULL, or what is wrong. A backslash in front says that the name is escaped. */
static const char *take_line(struct tutela_text t, enum tutela_algorithm *algorithm, struct tutela_text *hex)
{
	size_t n;

	if (*t.s == '\\')
		t = behind(t, 1);
	n = tutela_hex_run(t);
	if (!n || (n < t.len && t.s[n] != ' ' && t.s[n] != '\t'))
		return t.len ? bsd_line(t, algorithm, hex) : "a backslash and nothing else";
	*hex = first(t, n);
	*algorithm = by_length(n);
	return *algorithm ? NULL : "no MD5, SHA-1 or SHA-256 has this length";
}

/* Behind a line feed of a line that ends with NUL: is it a line of its own that would be lost as part of a name? */
static bool holds_line(struct tutela_text t)
{
	const char *lf;

	while (t.len && (lf = memchr(t.s, '\n', t.len))) {
		enum tutela_algorithm algorithm;
		struct tutela_text line, hex;

		t = behind(t, (size_t)(lf - t.s) + 1);
		lf = t.len ? memchr(t.s, '\n', t.len) : NULL;
		line = tutela_csv_trim(first(t, lf ? (size_t)(lf - t.s) : t.len));
		if (line.len && !take_line(line, &algorithm, &hex))
			return true;
	}
	return false;
}

/* By the first bytes: do lines end with NUL? */
static bool ends_with_nul(struct tutela_text t)
{
	const char *nul = t.len ? memchr(t.s, '\0', t.len) : NULL;
	enum tutela_algorithm algorithm;
	struct tutela_text hex;

	if (!nul)
		return false;
	t.len = (size_t)(nul - t.s);
	if (t.len >= 3 && !memcmp(t.s, "\xef\xbb\xbf", 3))
		t = behind(t, 3);
	return t.len && !take_line(t, &algorithm, &hex) && !holds_line(t);
}

static enum tutela_err on_line(void *ctx, const struct line *line)
{
	struct tutela_reader *r = ctx;
	struct line_format *f = r->state;
	enum tutela_algorithm algorithm;
	struct tutela_text t, hex;
	const char *why;

	if (line->bad)
		return tutela_reader_problem(r, line->number, line->byte, line->bad);
	t = tutela_csv_trim((struct tutela_text){line->s, line->len});
	/* X-Ways puts the algorithm's name above its digests. */
	if (!t.len || *t.s == '#' || (line->number == 1 && by_name(t)))
		return TUTELA_OK;
	why = take_line(t, &algorithm, &hex);
	if (!why && f->lines.nul_ends && holds_line(t))
		why = "behind a line feed in the line another one begins";
	if (!why && r->opts.algorithm && algorithm != r->opts.algorithm)
		why = "the digest is of another algorithm than the one that was given";
	if (why)
		return tutela_reader_problem(r, line->number, line->byte, why);
	tutela_build_start(&f->build);
	tutela_build_hash(&f->build, algorithm, hex.s, hex.len);
	return tutela_reader_emit(r, &f->build, line->number, line->byte);
}

static enum tutela_err sums_open(struct tutela_reader *r, const char **why)
{
	struct line_format *f = r->state;

	if (r->opts.algorithm && !is_digest(r->opts.algorithm)) {
		*why = "the format holds MD5, SHA-1 and SHA-256 only";
		return TUTELA_E_ARG;
	}
	tutela_line_format_open(r, on_line);
	f->lines.utf16 = true;
	return TUTELA_OK;
}

static enum tutela_err begin(struct tutela_reader *r)
{
	struct sums_reader *s = r->state;

	s->begun = true;
	s->base.lines.nul_ends = ends_with_nul((struct tutela_text){s->head, s->n});
	return tutela_line_format_feed(r, s->head, s->n);
}

static enum tutela_err sums_feed(struct tutela_reader *r, const char *bytes, size_t len)
{
	struct sums_reader *s = r->state;
	size_t n = s->begun ? 0 : sizeof(s->head) - s->n;
	enum tutela_err err;

	n = n < len ? n : len;
	memcpy(s->head + s->n, bytes, n);
	s->n += n;
	if (!s->begun && s->n < sizeof(s->head))
		return TUTELA_OK;
	err = s->begun ? TUTELA_OK : begin(r);
	return err ? err : tutela_line_format_feed(r, bytes + n, len - n);
}

static enum tutela_err sums_finish(struct tutela_reader *r)
{
	enum tutela_err err = ((struct sums_reader *)r->state)->begun ? TUTELA_OK : begin(r);

	return err ? err : tutela_line_format_finish(r);
}

const struct exchange_format tutela_format_sums = {
	.name = "sums",
	.line_default = LINE_FORMAT_MAX,
	.reader_size = sizeof(struct sums_reader),
	.open = sums_open,
	.feed = sums_feed,
	.finish = sums_finish,
	.close = tutela_line_format_close,
};
