/* SPDX-License-Identifier: Apache-2.0 */
/* Where a store lies: on what file system, and who else can get at it. */
#ifndef TUTELA_STORE_PLACE_H
#define TUTELA_STORE_PLACE_H

#include <sys/types.h>

#include "store/env.h"

/*
 * The name of a file system whose files are, or may be, another machine's, by
 * its number as statfs(2) tells it; NULL for all others. FUSE counts as one:
 * from here sshfs cannot be told from a disk in this machine.
 */
const char *tutela_place_network_name(unsigned long type);

/* What `user` would have to mind about a folder or file of a store. */
enum place_fault { PLACE_GOOD = 0, PLACE_OWNER, PLACE_MODE };
enum place_fault tutela_place_judge(uid_t owner, mode_t mode, uid_t user);

/* TUTELA_E_NETWORK. s->dir is open, here and below. */
enum tutela_err tutela_place_network(struct tutela_store *s, bool allow);
/* The folder alone, and its owner alone: TUTELA_E_EXPOSED. */
enum tutela_err tutela_place_owner(struct tutela_store *s);
/* Owner and rights of the folder and the files in it that LMDB opens: TUTELA_E_EXPOSED. */
enum tutela_err tutela_place_private(struct tutela_store *s);

#endif
