/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock, the kernel's own fence for files, TCP, signals and abstract
 * sockets, without a library: glibc has no wrappers for it.
 */
#ifndef TUTELA_DECODE_WORKER_LANDLOCK_H
#define TUTELA_DECODE_WORKER_LANDLOCK_H

#include <stdbool.h>

/*
 * The version of the kernel's interface; 0 when there is no Landlock, it was
 * not switched on, or a container's policy does not let it be asked for;
 * negative when the kernel answers something else.
 */
int tutela_landlock_abi(void);

/*
 * Handle every right that interface `abi` (1 or more) and this file know, and
 * allow none, for the rest of the process. The caller must be its only thread
 * and have PR_SET_NO_NEW_PRIVS. Descriptors that are open stay usable.
 */
bool tutela_landlock_deny_all(int abi);

#endif
