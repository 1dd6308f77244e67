/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ctrl-C and its kin (SIGINT, SIGTERM, SIGHUP): the first asks to stop
 * cleanly, the second ends the process at once. SIGPIPE and SIGXFSZ are
 * ignored: a closed pipe, and a file that may not grow, show as a failed write.
 */
#ifndef TUTELA_TOOLS_INTERRUPT_H
#define TUTELA_TOOLS_INTERRUPT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

void interrupt_setup(void);

/* Has somebody asked to stop? Async-signal-safe, any thread. */
bool interrupt_asked(void);

/* Keep the signals away from this thread and those it starts (they go to the main thread). */
void interrupt_block(void);
void interrupt_unblock(void);

/*
 * read(2) that a stop request ends: -1 with EINTR then. Waits for slow
 * descriptors (pipes, terminals) without missing a signal.
 */
ssize_t interrupt_read(int fd, void *buf, size_t len);

#endif
