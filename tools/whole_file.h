/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that is there whole or not at all: filled beside its target, readable
 * by the owner only, on the disk before it gets the name. It takes the place
 * of a regular file only, never of a device, pipe, link or folder. Every
 * failure is said as a sentence about the target.
 */
#ifndef TUTELA_TOOLS_WHOLE_FILE_H
#define TUTELA_TOOLS_WHOLE_FILE_H

#include <stdbool.h>
#include <stdio.h>

struct whole_file {
	FILE *out; /* to be written to between begin and end, while this stays where it is; unseekable */
	char *target, *temporary;
	int fd;
	int error; /* errno of the first write that failed, or 0 */
};

bool whole_file_begin(struct whole_file *w, const char *path);

/* False when it cannot be written: whole_file_end says why. */
bool whole_file_write(struct whole_file *w, const void *bytes, size_t len);

/*
 * `keep` and no failure: the file gets its name. Else nothing is there that was not. Frees. True: it has its name.
 * Without `keep` a failed write is still said, and nothing else.
 */
bool whole_file_end(struct whole_file *w, bool keep);

#endif
