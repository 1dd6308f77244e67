/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one record that every report is made from, read from the JSON Lines of
 * `tutela scan --json` or from a case folder's results.jsonl.
 *
 * A line is looked at as hostile: what a record holds was checked for type,
 * range and shape; names and labels are any valid UTF-8, control characters
 * included. A record and all its strings belong to the reader and are valid
 * during the callback only.
 */
#ifndef TUTELA_TOOLS_HIT_RECORD_H
#define TUTELA_TOOLS_HIT_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_HITS_MAX 100000 /* of one file; a scan stops at 10,000 */

enum record_verdict { RECORD_NO_MATCH, RECORD_MATCH, RECORD_UNDETERMINED };

struct hit_record {
	const char *source, *list, *entry, *algorithm, *variant, *dialect, *action; /* "" when absent, but for list,
										       entry, algorithm */
	uint64_t list_version, distance, threshold;
	bool partial, expired;
	bool flood;           /* held for review: its entry matched very many files by then */
	const char *category; /* the label of that name, or "" */
	json_t *labels;       /* an object whose values are all strings; NULL: none */
};

struct file_record {
	unsigned long long line; /* where it stands, from 1 */
	uint64_t begin;          /* offset of that line from where reading began */
	size_t len;              /* bytes of it, without its line feed */
	const char *path;        /* U+FFFD for bytes that are no UTF-8 */
	const char *path_bytes;  /* hex of the exact bytes then, else "" */
	const char *evidence;    /* "" when absent, like all that follows */
	const char *format, *md5, *sha1, *sha256, *pdq, *pdq_full, *reason, *perceptual;
	uint64_t size, width, height;
	int pdq_quality; /* -1: not known */
	enum record_verdict verdict;
	bool excluded, limited;
	const struct hit_record *hits;
	size_t n_hits;
};

/* The word before the colon of a reason: "truncated". `out` holds 24 bytes. */
const char *record_reason_kind(const char *reason, char *out);

const char *record_verdict_name(enum record_verdict v);

struct record_reader {
	/* False stops. May be NULL. */
	bool (*file)(void *ctx, const struct file_record *rec);
	/* The summary; the callback may take a reference. May be NULL. */
	bool (*summary)(void *ctx, json_t *summary);
	/* What is wrong with a line. May be NULL. */
	void (*bad)(void *ctx, unsigned long long line, const char *why);
	/* All bytes in order, as they are read: what was reported can be told by their digest. May be NULL. */
	void (*seen)(void *ctx, const char *bytes, size_t len);
	void *ctx;
};

struct record_count {
	unsigned long long lines, files, summaries, bad, other; /* other: lines of types that are no concern here */
	bool torn;                                              /* the last line has no line feed */
	int error;                                              /* errno of reading */
};

/* Reads `fd` from where it stands. False when a callback stopped it or reading failed. */
bool record_read(int fd, const struct record_reader *reader, struct record_count *count);

/* One line as record_read takes it; text NULL: it was too long. False: a callback said stop. */
struct record_line {
	const char *text;
	size_t len;
	unsigned long long number;
	uint64_t begin;
};
bool record_read_line(const struct record_line *line, const struct record_reader *reader, struct record_count *count);

#endif
