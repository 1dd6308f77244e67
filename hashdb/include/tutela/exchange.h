/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exchange formats: bytes to records and records to bytes.
 *
 * A reader is fed bytes in pieces of any length and calls back once for each
 * record and once for each bad one. It does no I/O, needs memory for one
 * record and nothing else, and survives any input: a bad line is reported with
 * its number and a reason and costs that line only.
 *
 * Formats: "text" (`<algorithm> <hex> [entry id]`, or bare hex with a fixed
 * algorithm, '#' comments, CRLF and BOM accepted; lines that follow one
 * another with the same id are one record, which comes when it is complete)
 * and "csv" (RFC 4180, column map); "vics" (JSON of VICS 1.x and 2.0, sets and
 * cases in, sets out; the writer of cases is in vics.h); "records" is the
 * project's own, one line an entry that holds all of it. Of exact hashes only:
 * "sums" (what md5sum and its kin print), "hashdeep", "hfind", "encase",
 * "hashkeeper", "nsrl", and the SQLite databases "kdb" and "rds"; those keep no names of
 * files, which may say more than a list should: an entry is named after its
 * strongest hash, so that doubles are one entry. Pages of
 * feeds, to be read only: "ncmec", "stopncii", "threatexchange", "tat" (see
 * tutela/feed_page.h). See tutela-formats(5).
 *
 * Thread safety: one handle, one thread; distinct handles are independent.
 */
#ifndef TUTELA_EXCHANGE_H
#define TUTELA_EXCHANGE_H

#include <tutela/record.h>

struct tutela_exchange_problem {
	uint64_t line;         /* from 1; vics: the number of the medium */
	uint64_t byte;         /* offset of the line or record in the input */
	const char *reason;    /* a static sentence */
	uint64_t record;       /* of formats in pages: its number on the page, from 1; else 0 */
	struct tutela_text id; /* of formats in pages: the entry's, as far as it is known */
	bool label;            /* the record follows, and lacks nothing but what a label says */
};

/*
 * May a spreadsheet take a cell that begins so for a formula? What is to be
 * opened in one gets an apostrophe before it.
 */
TUTELA_API bool tutela_csv_is_formula(const char *s, size_t len);

struct tutela_reader_opts {
	size_t size;
	enum tutela_algorithm algorithm; /* of bare hex; NONE: lines must name theirs */
	const char *columns; /* csv only: "id=Entry,md5=MD5,pdq=PDQ Hash,label:category=Cat"; NULL: the header's own
				names. Keys: id, reason, status, time, quality, label:NAME, labels, and every
				algorithm's name.
				Values: a header's name in any letter case, or #N for column N from 1 */
	char delimiter;      /* csv only; 0: comma, or semicolon or tab when the first line has more of those */
	bool no_header;      /* csv only: the first line is data; columns must be given as #N */
	uint64_t max_line;   /* longest line or record, at most 16 MiB; 0: 64 KiB (csv: 512 KiB);
				vics: longest value; 0: 4 MiB */
	/*
	 * Called for each record; `line` is its first. One that is not active may be without fingerprints when it has
	 * an id. An error stops the reader and comes back from feed.
	 */
	enum tutela_err (*record)(void *ctx, const struct tutela_record *rec, uint64_t line);
	/*
	 * Called for each bad line, at most once. When only one of a record's fingerprints had to be left out (see
	 * tutela_hash_refusal), the record follows. An error stops the reader. May be NULL.
	 */
	enum tutela_err (*problem)(void *ctx, const struct tutela_exchange_problem *problem);
	void *ctx;
	/* tutela_reader_file only: asked now and then, also while no record comes; true ends the reading with
	 * TUTELA_E_INTERRUPTED. May be NULL. */
	bool (*stop)(void *ctx);
};

struct tutela_reader;

/* TUTELA_E_NOTFOUND no such format; TUTELA_E_ARG bad column map (see tutela_reader_errmsg: no handle, so *why);
 * TUTELA_E_NOMEM. */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_reader_new(const char *format, const struct tutela_reader_opts *opts,
							    struct tutela_reader **out, const char **why);
/*
 * TUTELA_OK, what a callback returned, TUTELA_E_FORMAT when the input as a
 * whole is not of this format (a CSV without a usable header; UTF-16; a binary
 * file), TUTELA_E_NOMEM. After an error only free is allowed.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_reader_feed(struct tutela_reader *r, const void *bytes, size_t len);
/* The end of the input: the last line may lack its line feed. */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_reader_finish(struct tutela_reader *r);
/*
 * In place of feed and finish, for the formats that are databases: the file is
 * opened read-only, and is trusted in nothing. It must not change meanwhile.
 * `line` of records and problems is the row's number. TUTELA_OK, what a
 * callback returned, TUTELA_E_FORMAT when it is not such a database, is
 * damaged, or asks for endless work, TUTELA_E_SYS (see errmsg) when it cannot
 * be opened, TUTELA_E_INTERRUPTED, TUTELA_E_NOMEM, TUTELA_E_ARG for a format
 * that is fed. Afterwards only free is allowed.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_reader_file(struct tutela_reader *r, const char *path);
/* After TUTELA_E_FORMAT, and after any failure of tutela_reader_file itself: a sentence; otherwise "". Static or owned
 * by r. */
TUTELA_API const char *tutela_reader_errmsg(const struct tutela_reader *r);
TUTELA_API void tutela_reader_free(struct tutela_reader *r);

struct tutela_writer_opts {
	size_t size;
	enum tutela_err (*write)(void *ctx, const void *bytes, size_t len); /* an error stops the writer */
	void *ctx;
};
struct tutela_writer;

TUTELA_API TUTELA_CHECKED enum tutela_err tutela_writer_new(const char *format, const struct tutela_writer_opts *opts,
							    struct tutela_writer **out);
/* What the format cannot carry is left out: text has no labels, and one line for each fingerprint. */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_writer_put(struct tutela_writer *w, const struct tutela_record *rec);
/* Flushes. Must be called before free for the output to be complete. */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_writer_finish(struct tutela_writer *w);
TUTELA_API void tutela_writer_free(struct tutela_writer *w);

#define TUTELA_FORMAT_READS   1U
#define TUTELA_FORMAT_WRITES  2U
#define TUTELA_FORMAT_FILE    4U /* is read by tutela_reader_file, not fed */
#define TUTELA_FORMAT_EXCLUDE 8U /* holds known files to pass over ("known", not "known good"): for exclude lists */

/* Name of format number i, or NULL past the end; `can`, which may be NULL, gets the bits above. */
TUTELA_API const char *tutela_exchange_format(size_t i, unsigned *can);

#endif
