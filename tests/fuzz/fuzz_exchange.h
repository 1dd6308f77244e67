/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold for every input of every exchange format:
 *  - the pieces that it comes in make no difference;
 *  - problems point at the beginning of their line (see exchange_log.h);
 *  - records stay within the limits and hold nothing that a list must not;
 *  - what was read can be written, and what was written reads back the same:
 *    as CSV, when the format itself cannot be written.
 */
#ifndef FUZZ_EXCHANGE_H
#define FUZZ_EXCHANGE_H

#include "exchange_log.h"

#include "base/utf8.h"
#include "fuzz.h"

static inline enum tutela_err within_limits(void *ctx, const struct tutela_record *rec, uint64_t line)
{
	require(rec->n_fingerprints <= TUTELA_FINGERPRINTS_MAX);
	require(rec->n_fingerprints || (rec->status != TUTELA_ACTIVE && rec->id.len));
	require(rec->n_labels <= TUTELA_LABELS_MAX && rec->id.len <= TUTELA_ENTRY_ID_MAX);
	require(tutela_utf8_valid(rec->id.s, rec->id.len) && tutela_utf8_valid(rec->reason.s, rec->reason.len));
	for (size_t i = 0; i < rec->n_fingerprints; i++)
		require(!tutela_hash_refusal(&rec->fingerprints[i]));
	for (size_t i = 0; i < rec->n_labels; i++) {
		require(rec->labels[i].key.len > 0 && rec->labels[i].key.len <= TUTELA_LABEL_KEY_MAX);
		require(tutela_utf8_valid(rec->labels[i].value.s, rec->labels[i].value.len));
	}
	require(line > 0 && rec->source_time >= 0);
	return tutela_writer_put(ctx, rec);
}

static inline enum tutela_err never(void *ctx, const struct tutela_exchange_problem *p)
{
	(void)ctx;
	(void)p;
	abort();
}

/* The format itself, or one that can be written in its place. */
static inline const char *written_as(const char *format)
{
	const char *name;
	unsigned can;

	for (size_t i = 0; (name = tutela_exchange_format(i, &can)); i++)
		if (!strcmp(name, format) && can & TUTELA_FORMAT_WRITES)
			return format;
	return "csv";
}

/* Read, and write what was read into *out. `clean`: there must be no problem. */
static inline void copy(const char *format, const struct tutela_reader_opts *opts, const char *bytes, size_t len,
			bool clean, struct log *out)
{
	struct tutela_writer_opts wo = {.size = sizeof(wo), .write = log_write, .ctx = out};
	struct tutela_reader_opts o = *opts;
	struct tutela_reader *r = NULL;
	struct tutela_writer *w;
	enum tutela_err err;

	require(!tutela_writer_new(written_as(format), &wo, &w));
	o.size = sizeof(o);
	o.record = within_limits;
	o.problem = clean ? never : NULL;
	o.ctx = w;
	err = tutela_reader_new(format, &o, &r, NULL);
	err = err ? err : tutela_reader_feed(r, bytes, len);
	err = err ? err : tutela_reader_finish(r);
	require(!clean || !err);
	require(!tutela_writer_finish(w));
	tutela_reader_free(r);
	tutela_writer_free(w);
}

static inline void check_input(const char *format, const struct tutela_reader_opts *opts, const char *bytes, size_t len,
			       size_t piece)
{
	static const struct tutela_reader_opts plain = {0};
	struct log whole = {0}, bytewise = {0}, pieces = {0}, once = {0}, twice = {0};

	log_read(&whole, format, opts, bytes, len, 0, 0);
	log_read(&bytewise, format, opts, bytes, len, 0, 1);
	log_read(&pieces, format, opts, bytes, len, piece / 2, piece + 1);
	require(whole.len == bytewise.len && !memcmp(whole.text, bytewise.text, whole.len));
	require(whole.len == pieces.len && !memcmp(whole.text, pieces.text, whole.len));
	copy(format, opts, bytes, len, false, &once);
	copy(written_as(format), &plain, once.text, once.len, true, &twice);
	require(once.len == twice.len && (!once.len || !memcmp(once.text, twice.text, once.len)));
	log_free(&whole);
	log_free(&bytewise);
	log_free(&pieces);
	log_free(&once);
	log_free(&twice);
}

#endif
