/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a scan, or look-ups, leave in the store: start and end in the audit log,
 * and when asked for, files or questions in the journal.
 *
 * While another writer holds the store, what is for the journal waits in
 * memory, up to 64 MiB; then, and at the end, the work waits for that writer.
 * Only an interrupt, or a store that cannot be written, loses any of it.
 */
#ifndef TUTELA_TOOLS_JOURNALING_H
#define TUTELA_TOOLS_JOURNALING_H

#include <jansson.h>
#include <pthread.h>
#include <time.h>

#include "pipeline.h"

struct journaling {
	struct tutela_store *store;
	const struct pipeline *pipeline;
	bool files;             /* keep a journal of files */
	bool digests;           /* without their names */
	bool failed;            /* some files could not be kept; said */
	uint64_t waiting, lost; /* files in memory; that could not be kept */
	uint64_t written;       /* when writing was tried last, CLOCK_MONOTONIC in ns */
	bool off;               /* --no-audit: the audit log is not told */
	uint64_t scan;
	struct tutela_journal_batch *batch;
	pthread_mutex_t lock;
	const char *activity; /* "scan", "rescan" or "lookup" */
	json_t *start;        /* its record, while another writer holds it up */
	time_t tried;         /* when that was tried last */
	bool ended;           /* the end was noted, or cannot be */
	bool untold;          /* something that ought to be in the audit log is not; said */
};

/* False after saying what is wrong. `store` may be NULL: then nothing can be written. */
bool journaling_begin(struct journaling *j);

/* From any thread. */
void journaling_add(struct journaling *j, const char *path, const struct finding *f);

/* A look-up that is of no file. */
void journaling_add_query(struct journaling *j, const struct tutela_query *query, const struct finding *f);

/* Writes what waits, if anything does and no other writer is in the way for longer than a moment. */
void journaling_flush(struct journaling *j);

/* Writes the rest, and says how many files were lost if any were. */
void journaling_end(struct journaling *j);

/*
 * The audit log is told that the activity begins. This never waits: what another
 * writer holds up is tried again by journaling_retry and journaling_ended. What
 * fails otherwise is said, once for start and end. Both take the reference of
 * `detail`, to which the scan's number is added.
 */
void journaling_started(struct journaling *j, const char *activity, json_t *detail);

/* While results come in, from one thread at a time: the start, if it is not told yet; at most once a second. */
void journaling_retry(struct journaling *j);

/* And that it ended, once; this waits some seconds for another writer. */
void journaling_ended(struct journaling *j, json_t *detail);

/* Does the audit log tell of this scan, its end included? */
bool journaling_told(const struct journaling *j);

#endif
