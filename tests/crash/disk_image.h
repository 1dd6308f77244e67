/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recorded history of files, and what a disk may hold of it after the power
 * failed at some moment.
 */
#ifndef TESTS_CRASH_DISK_IMAGE_H
#define TESTS_CRASH_DISK_IMAGE_H

#include "trace.h"

#include <stdbool.h>
#include <stddef.h>

struct event {
	struct trace_head head;
	unsigned node, folder; /* numbers of files and folders that never come again */
	char *name, *second;
	const uint8_t *data;
	unsigned durable; /* the first event after which a power cut cannot undo this one; UINT32_MAX: none */
};

struct history {
	uint8_t *bytes;
	struct event *events;
	unsigned n, n_nodes;
	uint64_t *inodes; /* of the nodes; node 0 is the root */
};

/* What is kept of that which was not synced. What was synced is kept in all of them. */
enum survival {
	SURVIVE_NOTHING,
	SURVIVE_ALL,
	SURVIVE_JOURNAL, /* names in the order of their changes up to some point; of data any pages, some torn */
	SURVIVE_ANY,     /* any change of a name, any page, some torn */
	SURVIVALS
};

/* Read a trace of what happened below a folder. Ends the test on what it does not understand. */
void history_read(const char *trace, const char *root, struct history *out);
void history_free(struct history *h);

/*
 * Make the files below `to` what they may be when the power fails after
 * events 0..cut-1, with the event `cut` on its way. The same seed makes the
 * same image.
 */
void history_image(const struct history *h, unsigned cut, enum survival survival, uint64_t seed, const char *to);

#endif
