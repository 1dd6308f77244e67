/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One scan, in the pieces that `tutela scan` is made of:
 *
 *   cmd_scan.c      the command line
 *   scan_run.c      store, decoder, crew: from the first sentence to the summary
 *   scan_case.c     the same in a case folder, which is gone on with after a kill
 *   scan_walk.c     what there is to look at: paths and folders to jobs
 *   scan_result.c   a job to a finding, and a finding to what is printed or kept
 *   scan_census.c   how many files there will be, for the progress line
 *   scan_summary.c  what a scan rested on and what came of it: summary, case record, audit log
 *
 * Thread safety: all of it belongs to the main thread, but for scan_work, which any thread of the crew calls, and
 * scan_done, which one at a time does.
 */
#ifndef TUTELA_TOOLS_SCAN_H
#define TUTELA_TOOLS_SCAN_H

#include "case_folder.h"
#include "case_record.h"
#include "cli.h"
#include "crew.h"
#include "flood.h"
#include "journaling.h"
#include "pipeline.h"
#include "progress.h"
#include "tally.h"
#include "walk.h"

struct scan {
	const struct cli *cli;
	/* options */
	const char *from, *variants;
	bool nul, all, ordered, follow, cross, stats;
	struct cli_texts includes, excludes;
	uint64_t jobs, timeout;
	const char *case_folder, *evidence, *operator_name;
	bool restart;
	const char *flood_action;

	struct walk_opts walk;
	struct pipeline pipeline;
	struct journaling journaling;
	struct crew *crew;
	struct flood flood;
	struct tally tally;
	struct progress progress;
	json_t *lists; /* what a case's results depend on of them */
	struct case_folder folder;
	struct case_record record;
	bool changed;   /* the evidence is not what the case was begun with, or not fit for it */
	bool unwritten; /* a result could not be printed, or noted in the case */
	bool headed;    /* the column heads were printed */
	bool doubled;   /* stdout and stderr are one terminal: no need to say things twice */
	bool broken;    /* the list of files could not be read to its end */
};

/* ---- scan_run.c */

/* The whole scan, once its options are known to be right. An exit status; what went wrong was said. */
int scan_run(struct scan *s);

/* Looks at all files with `jobs` threads, and says what came of it. An exit status. */
int scan_all(struct scan *s, unsigned jobs);

/* ---- scan_case.c */

/* scan_all in the folder of --case; for a case that is complete, its summary again. An exit status. */
int scan_case(struct scan *s, unsigned jobs);

/* ---- scan_walk.c */

/* For walk(); ctx is the scan. Counts what is passed over, gives the rest to the crew. False: the walk is to end. */
bool scan_on_item(void *ctx, const struct walk_item *item);

/* Gives all files that were named to the crew, until there are no more or the scan is to end. */
void scan_feed(struct scan *s);

/* ---- scan_result.c: what a crew does; ctx is the scan, a job is a struct subject */

void *scan_work(void *ctx, void *job);
bool scan_done(void *ctx, void *result);
void scan_drop(void *ctx, void *job);

/* One more file is done, in this run or in one before it. */
void scan_count(struct scan *s, const struct tally_file *file);

/* ---- scan_summary.c */

/* Notes the store and its lists as the snapshot has them. False, with a sentence said. */
bool scan_note_store(struct scan *s, struct tutela_store *store);

/* Notes when, where and how: the members of the summary that are known before it begins. */
void scan_note_facts(struct scan *s, unsigned jobs);

/* What decides the results beside the files and the lists. The caller owns it, as with the next. */
json_t *scan_parameters(const struct scan *s);

/* The summary as the audit log keeps it: of bounded size. */
json_t *scan_counts(const struct scan *s);

void scan_print_summary(const struct scan *s);

#endif
