/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a format gives to exchange.c and what it gets from there. A format is
 * one file: it defines a `const struct exchange_format tutela_format_<name>`,
 * and exchange.c lists that in its table.
 */
#ifndef TUTELA_EXCHANGE_FORMAT_H
#define TUTELA_EXCHANGE_FORMAT_H

#include <tutela/feed_page.h>

#include "exchange/record_build.h"

#define READER_LINE_MAX ((size_t)16 << 20)

struct exchange_format {
	const char *name;
	bool takes_columns;
	bool pages;          /* it keeps the reader's `page` */
	bool exclude;        /* what it holds is known files to pass over */
	size_t line_default; /* max_line when none was given */

	/* Reading: as another format does, with this column map and a comma. */
	const struct exchange_format *as;
	const char *columns;

	/* Reading; reader_size 0: it cannot. The state is zeroed; close is called once, also when open failed. */
	size_t reader_size;
	enum tutela_err (*open)(struct tutela_reader *r, const char **why);
	enum tutela_err (*feed)(struct tutela_reader *r, const char *bytes, size_t len);
	enum tutela_err (*finish)(struct tutela_reader *r);
	void (*close)(struct tutela_reader *r);

	/* Reading a file by its path, in place of feed and finish, which are NULL then. */
	enum tutela_err (*file)(struct tutela_reader *r, const char *path);

	/*
	 * Writing; put NULL: it cannot. `begin` and `end` may be NULL; begin runs once, before the first put or
	 * finish, and end at finish when all went well.
	 */
	enum tutela_err (*begin)(struct tutela_writer *w);
	enum tutela_err (*put)(struct tutela_writer *w, const struct tutela_record *rec);
	enum tutela_err (*end)(struct tutela_writer *w);
};

struct tutela_reader {
	const struct exchange_format *format;
	struct tutela_reader_opts opts; /* max_line is filled in */
	void *state;                    /* the format's */
	enum tutela_err err;            /* sticky */
	bool finished;
	char message[256];
	uint64_t record;         /* formats in pages: number of the record that is being read, kept by them */
	struct tutela_page page; /* the counts of records are kept by emit, the rest by the format */
};

/* Tell the caller about one bad line or record. Returns what the callback returned. */
enum tutela_err tutela_reader_problem(struct tutela_reader *r, uint64_t line, uint64_t byte, const char *reason);

/*
 * End one record: bad -> a problem; no fingerprint left -> a problem, unless
 * it gives an id another status than active, which needs none; else the
 * record, and a problem before it when one of its values was refused.
 */
enum tutela_err tutela_reader_emit(struct tutela_reader *r, const struct record_build *b, uint64_t line, uint64_t byte);

/* The input as a whole is not of this format: keeps the sentence, returns TUTELA_E_FORMAT. */
enum tutela_err tutela_reader_fail(struct tutela_reader *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define WRITER_BUFFER ((size_t)64 << 10)

struct tutela_writer {
	const struct exchange_format *format;
	struct tutela_writer_opts opts;
	enum tutela_err err; /* sticky: the puts below do nothing after an error */
	bool begun, finished;
	uint64_t written; /* the format's own count */
	size_t len;
	char buffer[WRITER_BUFFER];
};

void tutela_writer_flush(struct tutela_writer *w);
void tutela_writer_bytes(struct tutela_writer *w, const char *s, size_t len);
void tutela_writer_string(struct tutela_writer *w, const char *s);
void tutela_writer_hash(struct tutela_writer *w, const struct tutela_hash *hash);

extern const struct exchange_format tutela_format_text;
extern const struct exchange_format tutela_format_csv;
extern const struct exchange_format tutela_format_sheet;
extern const struct exchange_format tutela_format_records;
extern const struct exchange_format tutela_format_ncmec;
extern const struct exchange_format tutela_format_stopncii;
extern const struct exchange_format tutela_format_threatexchange;
extern const struct exchange_format tutela_format_tat;
extern const struct exchange_format tutela_format_vics;
extern const struct exchange_format tutela_format_sums;
extern const struct exchange_format tutela_format_hfind;
extern const struct exchange_format tutela_format_encase;
extern const struct exchange_format tutela_format_hashkeeper;
extern const struct exchange_format tutela_format_hashdeep;
extern const struct exchange_format tutela_format_nsrl;
extern const struct exchange_format tutela_format_kdb;
extern const struct exchange_format tutela_format_rds;

#endif
