/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of entries into an update of a list: each record is put, each bad line
 * is told on standard error, kept for `list held` and counted. Whether what was
 * read is fit to be committed is for the caller to say.
 */
#ifndef TUTELA_LIST_INTAKE_H
#define TUTELA_LIST_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tutela/tutela.h>

#include "list_guess.h"
#include "progress.h"

#define INTAKE_SHOWN 20 /* bad lines that are told when not all are */

struct intake {
	/* What the caller sets; all is his and outlives the intake. */
	struct tutela_store *store;
	struct tutela_update *update;
	const char *list;
	const struct tutela_policy *policy; /* whose categories are taken */
	const char *format;                 /* of all files; NULL: as each one's name says */
	enum tutela_algorithm algorithm;    /* of bare hex, or 0 */
	const char *columns;                /* of CSV, or NULL */
	char delimiter;                     /* of CSV, or 0 */
	bool no_header;                     /* of CSV */
	bool replace;                       /* the update replaces the list */
	bool verbose;                       /* tell every bad line */
	struct progress *progress;

	/* What is counted, over all files. */
	uint64_t records; /* that were put */
	uint64_t skipped; /* of a category that is not taken */
	uint64_t bad;     /* lines */
	uint64_t labels;  /* of the bad: only a label's text was left out */
	uint64_t partial; /* of the bad: the rest of the line was taken */

	/* Of the file being read. */
	const char *file, *file_format;
	uint64_t bytes;         /* of all files */
	uint64_t told;          /* line of the last problem */
	enum tutela_err failed; /* by the store, while taking a record */
	size_t head_len;
	char head[LIST_GUESS_BYTES];
};

/*
 * Reads one file to its end; "-" is standard input. False when it could not be
 * read, the store failed or Ctrl-C came: why has been said, but of Ctrl-C, and
 * the update is fit for nothing but to be aborted. A bad line is no failure.
 */
bool intake_file(struct intake *in, const char *path);

/* The name of the format in which `path` is read: what the caller asked for, else as its name says. */
const char *intake_format(const struct intake *in, const char *path);

#endif
