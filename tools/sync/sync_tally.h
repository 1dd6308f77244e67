/* SPDX-License-Identifier: Apache-2.0 */
/* How the lists of one source went. */
#ifndef TUTELA_TOOLS_SYNC_TALLY_H
#define TUTELA_TOOLS_SYNC_TALLY_H

#include <stdbool.h>
#include <stdint.h>

struct sync_tally {
	bool json, quiet; /* how to say it */
	uint64_t reports, refused, failed;
	char reason[256]; /* the first that did not go well */
};

#endif
