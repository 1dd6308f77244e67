/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls of a worker, by seccomp: a list of what may be called, with
 * which arguments; a few that libraries make without need are answered with an
 * error; everything else kills the process (SIGSYS).
 */
#ifndef TUTELA_DECODE_WORKER_SYSCALL_FILTER_H
#define TUTELA_DECODE_WORKER_SYSCALL_FILTER_H

#include <stdbool.h>

/* `threads`: the longer list, with which libraries can start threads of this process. */
bool tutela_filter_load(bool threads);

#endif
