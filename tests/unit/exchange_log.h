/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of exchange formats: what a reader said, as text, so that two
 * readings can be compared. One line a callback:
 *   record 3 id=[a] md5=<hex> label=[k][v] status=active reason=[] time=0
 *   problem 4 @120 the line is longer than the limit
 * with ` record 2 id=[a]` behind it for formats in pages, which give
 *   page next=[...] checkpoint=[] records=1 withdrawn=0 bad=0 others=0 bare=0
 * and at the end `result <error's name> [sentence]`.
 */
#ifndef EXCHANGE_LOG_H
#define EXCHANGE_LOG_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tutela/feed_page.h>

struct log {
	char *text;
	size_t len, cap;
	unsigned stop_at; /* this callback returns TUTELA_E_INTERRUPTED; 0: none */
	unsigned calls;
	struct tutela_writer *copy; /* records are put here too, when set */
	const char *in;             /* what is being read */
	size_t in_len;
	bool counts_records; /* `line` of a problem is the number of a record */
	bool binary;         /* it has no lines */
	bool nul_ends;       /* they may end with NUL */
};

static inline void log_bytes(struct log *l, const char *s, size_t len)
{
	if (l->len + len + 1 > l->cap) {
		l->cap = (l->len + len + 1) * 2;
		l->text = realloc(l->text, l->cap);
		if (!l->text)
			abort();
	}
	if (len)
		memcpy(l->text + l->len, s, len);
	l->len += len;
	l->text[l->len] = '\0';
}

__attribute__((format(printf, 2, 3))) static inline void log_add(struct log *l, const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	log_bytes(l, line, strlen(line));
}

static inline void log_text(struct log *l, const char *before, struct tutela_text t)
{
	log_add(l, "%s[", before);
	log_bytes(l, t.s, t.len);
	log_add(l, "]");
}

static inline enum tutela_err log_done(struct log *l)
{
	return ++l->calls == l->stop_at ? TUTELA_E_INTERRUPTED : TUTELA_OK;
}

static inline void log_fields(struct log *l, const struct tutela_record *rec)
{
	char hex[TUTELA_HASH_TEXT_MAX];

	log_text(l, " id=", rec->id);
	for (size_t i = 0; i < rec->n_fingerprints; i++)
		log_add(l, " %s=%s", tutela_algorithm_get((enum tutela_algorithm)rec->fingerprints[i].algorithm)->name,
			tutela_hash_format(&rec->fingerprints[i], hex));
	for (size_t i = 0; i < rec->n_labels; i++) {
		log_text(l, " label=", rec->labels[i].key);
		log_text(l, "", rec->labels[i].value);
	}
	log_add(l, " status=%s", tutela_status_name(rec->status));
	log_text(l, " reason=", rec->reason);
	log_add(l, " time=%lld\n", (long long)rec->source_time);
}

static inline enum tutela_err log_record(void *ctx, const struct tutela_record *rec, uint64_t line)
{
	struct log *l = ctx;

	log_add(l, "record %llu", (unsigned long long)line);
	log_fields(l, rec);
	if (l->copy && tutela_writer_put(l->copy, rec))
		abort();
	return log_done(l);
}

static inline enum tutela_err log_problem(void *ctx, const struct tutela_exchange_problem *p)
{
	struct log *l = ctx;
	uint64_t line = 1;
	bool utf8 = l->in_len < 2 || (memcmp(l->in, "\xff\xfe", 2) && memcmp(l->in, "\xfe\xff", 2));
	char end = l->nul_ends && p->byte && p->byte <= l->in_len && !l->in[p->byte - 1] ? '\0' : '\n';
	bool lines = utf8 && l->in_len < 10000 && !l->binary && !l->counts_records && !p->record;

	if (l->counts_records && (p->byte > l->in_len || !p->line))
		abort();
	/* The offset is that of the line, or of what follows the byte order mark. */
	for (uint64_t i = 0; lines && i < p->byte; i++)
		line += l->in[i] == end;
	if (lines && (line != p->line || (p->byte && l->in[p->byte - 1] != end && p->byte != 3)))
		abort();
	log_add(l, "problem %llu @%llu %s", (unsigned long long)p->line, (unsigned long long)p->byte, p->reason);
	if (p->record) {
		log_add(l, " record %llu", (unsigned long long)p->record);
		log_text(l, " id=", p->id);
	}
	log_add(l, "\n");
	return log_done(l);
}

/* Feed `len` bytes: first `first` of them (0: none), then pieces of `piece` (0: all). Every piece is a malloc of its
 * own. */
static inline void log_read(struct log *l, const char *format, const struct tutela_reader_opts *opts, const char *bytes,
			    size_t len, size_t first, size_t piece)
{
	struct tutela_reader_opts o = *opts;
	struct tutela_reader *r = NULL;
	struct tutela_page page;
	const char *why = NULL;
	enum tutela_err err;

	o.size = sizeof(o);
	o.record = log_record;
	o.problem = log_problem;
	o.ctx = l;
	l->in = bytes;
	l->in_len = len;
	l->counts_records = strcmp(format, "vics") == 0;
	l->binary = !strcmp(format, "encase");
	l->nul_ends = !strcmp(format, "sums");
	err = tutela_reader_new(format, &o, &r, &why);
	for (size_t at = 0; !err && at < len;) {
		size_t n = at == 0 && first ? first : piece ? piece : len;
		char *copy;

		n = n < len - at ? n : len - at;
		copy = malloc(n);
		if (!copy)
			abort();
		memcpy(copy, bytes + at, n);
		err = tutela_reader_feed(r, copy, n);
		free(copy);
		at += n;
	}
	if (!err)
		err = tutela_reader_finish(r);
	if (!err && !tutela_reader_page(r, &page))
		log_add(l,
			"page next=[%s] checkpoint=[%s] records=%llu withdrawn=%llu bad=%llu others=%llu bare=%llu\n",
			page.next, page.checkpoint, (unsigned long long)page.records,
			(unsigned long long)page.withdrawn, (unsigned long long)page.bad,
			(unsigned long long)page.others, (unsigned long long)page.bare);
	log_add(l, "result %s [%s]\n", tutela_err_name(err), r ? tutela_reader_errmsg(r) : why ? why : "");
	tutela_reader_free(r);
}

static inline void log_free(struct log *l)
{
	free(l->text);
	*l = (struct log){0};
}

/* A sink for writers. */
static inline enum tutela_err log_write(void *ctx, const void *bytes, size_t len)
{
	log_bytes(ctx, bytes, len);
	return TUTELA_OK;
}

#endif
