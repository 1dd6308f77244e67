/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls of a worker, by seccomp: a list of what may be called, with
 * which arguments; a few that libraries make without need are answered with an
 * error; everything else kills the process (SIGSYS).
 */
#ifndef TUTELA_DECODE_WORKER_SYSCALL_FILTER_H
#define TUTELA_DECODE_WORKER_SYSCALL_FILTER_H

#include <stdbool.h>

/* Stands in the compiled filters where the process's own number is to be; no process has it (PID_MAX_LIMIT is 2^22). */
#define FILTER_OWN_PID 0x7ed1d001u

/*
 * For all threads of the process, which must have set no_new_privs. `threads`: the longer list, with which libraries
 * can start threads of this process. False when the kernel does not take it.
 */
bool tutela_filter_load(bool threads);

#endif
