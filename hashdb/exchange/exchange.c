/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/exchange_format.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const struct exchange_format *const formats[] = {
	&tutela_format_text,     &tutela_format_csv,      &tutela_format_records,
	&tutela_format_ncmec,    &tutela_format_stopncii, &tutela_format_threatexchange,
	&tutela_format_tat,      &tutela_format_vics,     &tutela_format_sums,
	&tutela_format_hfind,    &tutela_format_encase,   &tutela_format_hashkeeper,
	&tutela_format_nsrl,     &tutela_format_kdb,      &tutela_format_rds,
	&tutela_format_hashdeep, &tutela_format_sheet,
};

static bool can_read(const struct exchange_format *f)
{
	return f->as || f->reader_size;
}

static const struct exchange_format *find(const char *name)
{
	for (size_t i = 0; name && i < sizeof(formats) / sizeof(formats[0]); i++)
		if (tutela_same_word(name, strlen(name), formats[i]->name))
			return formats[i];
	return NULL;
}

const char *tutela_exchange_format(size_t i, unsigned *can)
{
	if (can)
		*can = 0;
	if (i >= sizeof(formats) / sizeof(formats[0]))
		return NULL;
	if (can)
		*can = (can_read(formats[i]) ? TUTELA_FORMAT_READS : 0U) |
		       (formats[i]->put ? TUTELA_FORMAT_WRITES : 0U) | (formats[i]->file ? TUTELA_FORMAT_FILE : 0U) |
		       (formats[i]->exclude ? TUTELA_FORMAT_EXCLUDE : 0U);
	return formats[i]->name;
}

/* ------------------------------------------------------------------ reading */

/* The caller's struct may be older and shorter than ours: what it lacks is zero. */
static const char *take_reader_opts(struct tutela_reader_opts *out, const struct tutela_reader_opts *in)
{
	*out = (struct tutela_reader_opts){0};
	if (!in || in->size < sizeof(size_t))
		return "the options have no size";
	memcpy(out, in, in->size < sizeof(*out) ? in->size : sizeof(*out));
	if (!out->record)
		return "the options have no record callback";
	if (out->algorithm && !tutela_algorithm_get(out->algorithm))
		return "unknown algorithm";
	if (out->max_line > READER_LINE_MAX)
		return "the longest line that can be asked for is 16 MiB";
	return NULL;
}

static enum tutela_err reader_make(const struct exchange_format *format, const struct tutela_reader_opts *opts,
				   struct tutela_reader **out, const char **why)
{
	struct tutela_reader *r = tutela_mem_array(1, sizeof(*r));
	enum tutela_err err = TUTELA_E_NOMEM;

	if (!r)
		return err;
	r->opts = *opts;
	r->state = tutela_mem_array(1, format->reader_size);
	if (r->state) {
		r->format = format;
		err = format->open(r, why);
	}
	r->opts.columns = NULL; /* the caller's; the format has taken what it needs */
	if (err)
		tutela_reader_free(r);
	else
		*out = r;
	return err;
}

enum tutela_err tutela_reader_new(const char *format, const struct tutela_reader_opts *opts, struct tutela_reader **out,
				  const char **why)
{
	const struct exchange_format *f = find(format);
	struct tutela_reader_opts mine;
	const char *ignored;

	if (!out)
		return TUTELA_E_ARG;
	*out = NULL;
	why = why ? why : &ignored;
	*why = "";
	if (!f || !can_read(f)) {
		*why = "no such format";
		return TUTELA_E_NOTFOUND;
	}
	*why = take_reader_opts(&mine, opts);
	if (!*why && !f->takes_columns && (mine.columns || mine.delimiter || mine.no_header))
		*why = "this format has no columns";
	if (*why)
		return TUTELA_E_ARG;
	*why = "";
	if (f->as) {
		mine.columns = f->columns;
		mine.delimiter = ',';
		f = f->as;
	}
	if (!mine.max_line)
		mine.max_line = f->line_default;
	return reader_make(f, &mine, out, why);
}

enum tutela_err tutela_reader_feed(struct tutela_reader *r, const void *bytes, size_t len)
{
	if (!r || r->finished || !r->format->feed || (!bytes && len))
		return TUTELA_E_ARG;
	if (!r->err && len)
		r->err = r->format->feed(r, bytes, len);
	return r->err;
}

enum tutela_err tutela_reader_finish(struct tutela_reader *r)
{
	if (!r || r->finished || !r->format->finish)
		return TUTELA_E_ARG;
	r->finished = true;
	if (!r->err)
		r->err = r->format->finish(r);
	return r->err;
}

enum tutela_err tutela_reader_page(const struct tutela_reader *r, struct tutela_page *out)
{
	if (!out)
		return TUTELA_E_ARG;
	*out = (struct tutela_page){.next = "", .checkpoint = ""};
	if (!r || !r->finished || r->err || !r->format->pages)
		return TUTELA_E_ARG;
	*out = r->page;
	out->next = out->next ? out->next : "";
	out->checkpoint = out->checkpoint ? out->checkpoint : "";
	return TUTELA_OK;
}

enum tutela_err tutela_reader_file(struct tutela_reader *r, const char *path)
{
	if (!r || r->finished || !r->format->file || !path)
		return TUTELA_E_ARG;
	r->finished = true;
	r->err = r->format->file(r, path);
	return r->err;
}

const char *tutela_reader_errmsg(const struct tutela_reader *r)
{
	return r ? r->message : "";
}

void tutela_reader_free(struct tutela_reader *r)
{
	if (!r)
		return;
	if (r->format)
		r->format->close(r);
	free(r->state);
	free(r);
}

static enum tutela_err tell(struct tutela_reader *r, uint64_t line, uint64_t byte, const char *reason,
			    struct tutela_text id, bool label)
{
	struct tutela_exchange_problem p = {
		.line = line, .byte = byte, .reason = reason, .record = r->record, .id = id, .label = label};

	return r->opts.problem ? r->opts.problem(r->opts.ctx, &p) : TUTELA_OK;
}

enum tutela_err tutela_reader_problem(struct tutela_reader *r, uint64_t line, uint64_t byte, const char *reason)
{
	return tell(r, line, byte, reason, (struct tutela_text){0}, false);
}

enum tutela_err tutela_reader_emit(struct tutela_reader *r, const struct record_build *b, uint64_t line, uint64_t byte)
{
	const struct tutela_record *rec = &b->rec;
	const char *why = b->bad ? b->bad : b->refused;
	bool usable = !b->bad && (rec->n_fingerprints || (rec->status != TUTELA_ACTIVE && rec->id.len));
	enum tutela_err err;

	if (!why && !usable)
		why = "the entry has no fingerprint";
	err = why ? tell(r, line, byte, why, rec->id, usable && b->label) : TUTELA_OK;
	r->page.bad += !usable;
	if (err || !usable)
		return err;
	r->page.records++;
	r->page.withdrawn += rec->status == TUTELA_WITHDRAWN;
	return r->opts.record(r->opts.ctx, &b->rec, line);
}

enum tutela_err tutela_reader_fail(struct tutela_reader *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(r->message, sizeof(r->message), format, args);
	va_end(args);
	return TUTELA_E_FORMAT;
}

/* ------------------------------------------------------------------ writing */

enum tutela_err tutela_writer_new(const char *format, const struct tutela_writer_opts *opts, struct tutela_writer **out)
{
	const struct exchange_format *f = find(format);
	struct tutela_writer_opts mine = {0};

	if (!out)
		return TUTELA_E_ARG;
	*out = NULL;
	if (!f || !f->put)
		return TUTELA_E_NOTFOUND;
	if (!opts || opts->size < sizeof(size_t))
		return TUTELA_E_ARG;
	memcpy(&mine, opts, opts->size < sizeof(mine) ? opts->size : sizeof(mine));
	if (!mine.write)
		return TUTELA_E_ARG;
	*out = tutela_mem_array(1, sizeof(**out));
	if (!*out)
		return TUTELA_E_NOMEM;
	(*out)->format = f;
	(*out)->opts = mine;
	return TUTELA_OK;
}

void tutela_writer_flush(struct tutela_writer *w)
{
	if (!w->err && w->len)
		w->err = w->opts.write(w->opts.ctx, w->buffer, w->len);
	w->len = 0;
}

void tutela_writer_bytes(struct tutela_writer *w, const char *s, size_t len)
{
	while (len && !w->err) {
		size_t n = WRITER_BUFFER - w->len;

		n = n < len ? n : len;
		memcpy(w->buffer + w->len, s, n);
		w->len += n;
		s += n;
		len -= n;
		if (w->len == WRITER_BUFFER)
			tutela_writer_flush(w);
	}
}

void tutela_writer_string(struct tutela_writer *w, const char *s)
{
	tutela_writer_bytes(w, s, strlen(s));
}

void tutela_writer_hash(struct tutela_writer *w, const struct tutela_hash *hash)
{
	char text[TUTELA_HASH_TEXT_MAX];

	tutela_writer_string(w, tutela_hash_format(hash, text));
}

static void begin(struct tutela_writer *w)
{
	if (!w->begun && !w->err && w->format->begin)
		w->err = w->format->begin(w);
	w->begun = true;
}

static bool writable(const struct tutela_record *rec)
{
	if (!rec || rec->n_fingerprints > TUTELA_FINGERPRINTS_MAX || rec->n_labels > TUTELA_LABELS_MAX)
		return false;
	for (size_t i = 0; i < rec->n_fingerprints; i++) {
		const struct tutela_hash *h = &rec->fingerprints[i];
		const struct tutela_algorithm_info *info = tutela_algorithm_get((enum tutela_algorithm)h->algorithm);

		if (!info || h->len != info->bits / 8)
			return false;
	}
	return true;
}

enum tutela_err tutela_writer_put(struct tutela_writer *w, const struct tutela_record *rec)
{
	enum tutela_err err;

	if (!w || w->finished || !writable(rec))
		return TUTELA_E_ARG;
	begin(w);
	if (!w->err) {
		err = w->format->put(w, rec);
		w->err = w->err ? w->err : err;
	}
	return w->err;
}

enum tutela_err tutela_writer_finish(struct tutela_writer *w)
{
	if (!w || w->finished)
		return TUTELA_E_ARG;
	begin(w);
	if (!w->err && w->format->end)
		w->err = w->format->end(w);
	tutela_writer_flush(w);
	w->finished = true;
	return w->err;
}

void tutela_writer_free(struct tutela_writer *w)
{
	free(w);
}
