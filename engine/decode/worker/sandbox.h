/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock-down of a worker. What it bars today: core dumps, ptrace and
 * /proc access by others of the same user, new privileges through exec,
 * writing to any file, memory over the limit, inherited descriptors.
 */
#ifndef TUTELA_DECODE_WORKER_SANDBOX_H
#define TUTELA_DECODE_WORKER_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Enter, for the rest of the process. `memory`: bytes of address space;
 * `threads`: a library must be able to start some. False when any step
 * failed: the process must end then, before it reads a byte.
 */
bool tutela_sandbox_enter(uint64_t memory, bool threads);

/*
 * Let this process use `ms` more milliseconds of processor time. The pool
 * enforces the wall clock; this ends a worker whose pool is gone.
 */
bool tutela_sandbox_budget(uint64_t ms);

#endif
