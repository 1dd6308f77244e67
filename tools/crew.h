/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that work off a bounded queue. Results are taken one at a time,
 * either as they come or in the order of the jobs.
 *
 *   push ──> queue (bounded) ──> work(), on many threads ──> done(), one at a time
 *
 * At most `queue` + `threads` jobs are held at once (ordered: and as many
 * results that wait for their turn), so memory does not grow with the number of jobs.
 */
#ifndef TUTELA_TOOLS_CREW_H
#define TUTELA_TOOLS_CREW_H

#include <stdbool.h>
#include <stddef.h>

struct crew_opts {
	unsigned threads; /* 1..CREW_THREADS_MAX */
	size_t queue;     /* jobs that may wait */
	bool ordered;
	void *(*work)(void *ctx, void *job);   /* any thread; owns the job; returns the result, not NULL */
	bool (*done)(void *ctx, void *result); /* under the crew's lock; owns the result; false: stop taking jobs */
	void (*drop)(void *ctx, void *job);    /* a job that is not done: free it */
	void *ctx;
};
#define CREW_THREADS_MAX 1024

struct crew;

/* NULL when no thread at all could be started. */
struct crew *crew_new(const struct crew_opts *opts);

/* Waits for room. False, and the job was dropped, when the crew stops or interrupt_asked(). */
bool crew_push(struct crew *crew, void *job);

/* Has done() asked to stop? */
bool crew_stopped(struct crew *crew);

/* Waits for the jobs that were pushed (drop_waiting: only for those begun) and frees the crew. */
void crew_finish(struct crew *crew, bool drop_waiting);

#endif
