/* SPDX-License-Identifier: Apache-2.0 */
/* One file on its way from the walk to its finding: what is held while it waits its turn. */
#ifndef TUTELA_TOOLS_SUBJECT_H
#define TUTELA_TOOLS_SUBJECT_H

#include "pipeline.h"
#include "walk.h"

struct subject {
	struct walk_folder *folder; /* held; NULL: `path` leads there */
	char *name;                 /* in the folder */
	char *path;                 /* for people and reports */
	int error;                  /* what the walk met; 0: a file to be looked at */
	bool is_folder, named, standard;
};

/* A file or a failure that a walk came upon; ENODEV for special files. */
struct subject *subject_from(const struct walk_item *item);

/* A path as it was named, whatever is there; "-" is standard input. */
struct subject *subject_named(const char *path);

void subject_free(struct subject *s);

/* Opens the file and fills `out`, also when that fails. `follow`: links that were found. */
void subject_look(const struct subject *s, const struct pipeline *p, bool follow, struct finding *out);

#endif
