/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a sync keeps in the store's folder beside the store: a folder for files
 * on their way, one for each source, and the lock against a second sync.
 */
#ifndef TUTELA_TOOLS_STAGING_H
#define TUTELA_TOOLS_STAGING_H

#include <stdbool.h>

/* `store`: the -d option's value, or NULL. Below, too. */

/* STORE/staging/SOURCE, made when it is not there, mode 0700; allocated. NULL, with a sentence said. */
char *staging_make(const char *store, const char *source);

/* With what is in it. Best effort: what stays is no harm. */
void staging_remove(const char *store, const char *source);

/*
 * The lock, a descriptor to be closed at the end. -1, with a sentence said
 * that names the process which holds it, or what went wrong.
 */
int staging_lock(const char *store);

#endif
