/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of a case scan, of one scan at a time and of its user alone (mode 0700):
 *
 *   case.json      what the scan rests on, its runs with their times, and at the end its summary and the digests of
 *                  the two files below; replaced whole
 *   results.jsonl  one line for each file that matched or is undetermined (--all: for each), as `scan --json`
 *   files.jsonl    one line for each file that was looked at: path, digests, verdict; see case_record.h
 *   lock           held while a scan is at work
 *   superseded-N/  what --restart put aside
 *
 * Times stand in case.json only: two scans of the same evidence against the
 * same lists give the same results.jsonl and files.jsonl, byte for byte.
 */
#ifndef TUTELA_TOOLS_CASE_FOLDER_H
#define TUTELA_TOOLS_CASE_FOLDER_H

#include <jansson.h>
#include <stdbool.h>

enum case_state {
	CASE_REFUSED,  /* a sentence was said */
	CASE_OPEN,     /* scan; what is there already is to be gone on with */
	CASE_COMPLETE, /* scanned to its end before: see case_summary */
};

struct case_folder {
	const char *path;
	int folder, lock; /* descriptors, or -1 */
	json_t *record;   /* case.json */
	bool fresh;       /* nothing was there */
};

/*
 * Opens or makes the folder and takes its lock. `identity` says what the
 * results depend on; when the folder holds a scan that rested on another, that
 * scan is not mixed with this one: CASE_REFUSED, unless `restart`. The paths
 * of the evidence must not have the folder inside them.
 */
enum case_state case_open(struct case_folder *c, json_t *identity, bool restart, char *const *paths, size_t n_paths);

/*
 * Does none of these paths have the folder inside it? Nothing is written among the evidence. False, with a sentence
 * said. case_open asks this of its paths; whoever gets more of them later asks again.
 */
bool case_stands_apart(const struct case_folder *c, char *const *paths, size_t n_paths);

/* Notes that a run begins; takes the reference. False, with a sentence said. */
bool case_run_begins(struct case_folder *c, json_t *run);

/*
 * Notes how the run ended: "complete" with its summary and exit status,
 * "interrupted" or "failed". False, with a sentence said.
 */
bool case_run_ends(struct case_folder *c, const char *state, json_t *summary, int status);

/* When the first run began: text of case.json. */
const char *case_started(const struct case_folder *c);

/* Of a complete case. */
json_t *case_summary(const struct case_folder *c);
int case_status(const struct case_folder *c);

void case_close(struct case_folder *c);

#endif
