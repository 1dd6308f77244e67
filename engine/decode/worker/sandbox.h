/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock-down of a worker, before it reads a byte: no descriptor but the
 * channel; a network, a mount table and a user of its own, where the system
 * permits; no capability; no core dump, no ptrace or /proc access by others of
 * the same user; no new privileges through exec; limits on memory, files,
 * processes and processor time; Landlock with nothing allowed, where the
 * kernel has it; a list of system calls, all others deadly.
 */
#ifndef TUTELA_DECODE_WORKER_SANDBOX_H
#define TUTELA_DECODE_WORKER_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

struct sandbox {
	uint64_t memory; /* bytes of address space */
	bool threads;    /* a library must be able to start some: the longer list of system calls */
	/* filled in */
	unsigned defences; /* WIRE_DEFENCES bits */
	unsigned landlock; /* the interface's version in use; 0: none */
};

/*
 * Enter, for the rest of the process, which must have one thread. False when
 * any step failed that the system does not lack as a whole: the process must
 * end then, before it reads a byte.
 */
bool tutela_sandbox_enter(struct sandbox *s);

/*
 * Let this process use `ms` more milliseconds of processor time. The pool
 * enforces the wall clock; this bounds a worker whose pool is gone.
 */
bool tutela_sandbox_budget(uint64_t ms);

/*
 * While on, the end of the conversation ends the process at once, as
 * the death of the host does: SIGIO makes it look. Off, it is an ordinary end of file.
 */
bool tutela_sandbox_watch(bool on);

/* What this build leaves out, for people: "" or " (weakened for tests: …)". Static. */
const char *tutela_sandbox_weakness(void);

#endif
