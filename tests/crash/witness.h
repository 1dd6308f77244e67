/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks at a store after a crash, in a process of its own: a store that kills
 * whoever opens it is a finding, too.
 */
#ifndef TESTS_CRASH_WITNESS_H
#define TESTS_CRASH_WITNESS_H

#include "story.h"

struct sighting {
	unsigned step;       /* of the story, that the store holds */
	bool unfinished;     /* an update has died half-way */
	double open_seconds; /* until the first snapshot */
};

/*
 * Does the store open, hold exactly one of the steps first..last, whole, and
 * pass the library's own check? What every entry says, that its fingerprints
 * are found while it is active and are not while it is not, and that those it
 * had before are not found any more. On false `why` holds a sentence.
 */
bool witness(const struct story *s, const char *store, unsigned first, unsigned last, struct sighting *out,
	     char why[512]);

#endif
