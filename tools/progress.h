/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a long command is: a live line on a terminal, or a line every few
 * seconds elsewhere. A thread of its own draws it, so that it keeps moving
 * while a single file takes long.
 */
#ifndef TUTELA_TOOLS_PROGRESS_H
#define TUTELA_TOOLS_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *unit;            /* "files", "records", "queries" */
	_Atomic(const char *) stage; /* what is being done, before the numbers; NULL: nothing to say */
	atomic_uint_fast64_t done, bytes, hits, undetermined;
	atomic_uint_fast64_t total; /* of `done`; 0 while unknown */
	bool with_hits;             /* hits and undetermined are worth showing */
	struct progress_private *private;
};

/* Does nothing, at no cost later, when `show` is false. */
void progress_start(struct progress *p, bool show);

/* Erases the live line, or says the last numbers when stderr is no terminal. */
void progress_stop(struct progress *p);

#endif
