/* SPDX-License-Identifier: Apache-2.0 */
/* What a list file looks like that could not be read as what it was taken for. */
#ifndef TUTELA_LIST_GUESS_H
#define TUTELA_LIST_GUESS_H

#include <stddef.h>

#define LIST_GUESS_BYTES 1024 /* enough of a file's beginning */

struct list_guess {
	const char *format;  /* of the reader that would take it */
	const char *options; /* to say to `import`; static */
	const char *what;    /* "prints", what is meant; static */
};

/*
 * By the first len bytes of a file, which may be anything; a byte order mark
 * of UTF-8, empty lines and lines that begin with '#' are passed over. NULL
 * when nothing is known that looks so. It is a guess: for a hint, never to
 * choose a reader.
 */
const struct list_guess *list_guess(const char *head, size_t len);

#endif
