/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a scan, or look-ups, leave in the store: start and end in the audit log,
 * and when asked for, files or questions in the journal.
 */
#ifndef TUTELA_TOOLS_JOURNALING_H
#define TUTELA_TOOLS_JOURNALING_H

#include <jansson.h>
#include <pthread.h>

#include "pipeline.h"

struct journaling {
	struct tutela_store *store;
	const struct pipeline *pipeline;
	bool files;   /* keep a journal of files */
	bool digests; /* without their names */
	bool failed;  /* some files could not be kept; said */
	uint64_t scan;
	struct tutela_journal_batch *batch;
	pthread_mutex_t lock;
};

/* False after saying what is wrong. `store` may be NULL: then nothing can be written. */
bool journaling_begin(struct journaling *j);

/* From any thread. */
void journaling_add(struct journaling *j, const char *path, const struct finding *f);

/* A look-up that is of no file. */
void journaling_add_query(struct journaling *j, const struct tutela_query *query, const struct finding *f);

/* Writes what waits, if anything does. */
void journaling_flush(struct journaling *j);

/* Writes the rest. */
void journaling_end(struct journaling *j);

/* One audit record; a warning when it cannot be written. Takes the reference of `detail`, to which the scan's number is
 * added. */
void journaling_note(struct journaling *j, const char *action, json_t *detail);

#endif
