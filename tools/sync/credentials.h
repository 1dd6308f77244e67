/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a source's credentials file holds: `user:password` on its first line,
 * or lines NAME=VALUE. Read at sync alone; no message, log or store gets any
 * of it, and the memory is overwritten at the end.
 */
#ifndef TUTELA_TOOLS_CREDENTIALS_H
#define TUTELA_TOOLS_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>

#define CREDENTIALS_MAX 16384 /* bytes of the file */

struct credentials;

/*
 * NULL, with a sentence in `why`, unless it is a regular file of this user or
 * root, of mode 0600 or less, short enough and without NUL.
 */
struct credentials *credentials_read(const char *path, char *why, size_t why_len);

/* From the environment: $TUTELA_CREDENTIALS_<SOURCE> (upper case, other characters '_'); NULL when it is not set. */
struct credentials *credentials_environment(const char *source);

/* The first line up to its first colon, and after it; false: it is no such line. Valid until freed. */
bool credentials_pair(const struct credentials *c, const char **user, const char **password);

/* The value of the first line NAME=VALUE; NULL: none. Upper and lower case are the same. */
const char *credentials_value(const struct credentials *c, const char *name);

void credentials_free(struct credentials *c); /* NULL is fine */

#endif
