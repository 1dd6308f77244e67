/* SPDX-License-Identifier: Apache-2.0 */
/* Counts the files of a scan ahead of it, in a thread of its own, so that the progress line can say what is left. */
#ifndef TUTELA_TOOLS_SCAN_CENSUS_H
#define TUTELA_TOOLS_SCAN_CENSUS_H

#include <pthread.h>
#include <stdatomic.h>

#include "scan.h"

/* Begins as zeros, and stays where it is until scan_census_stop. */
struct scan_census {
	struct scan *scan;
	pthread_t thread;
	bool running;
	atomic_bool stop;
	uint64_t n;
};

/* Does nothing when nobody is watching or the list of files is a stream. The scan's options may not change until the
 * end of the census. */
void scan_census_start(struct scan_census *c, struct scan *s);

/* Ends it, done or not. */
void scan_census_stop(struct scan_census *c);

#endif
