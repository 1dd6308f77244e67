/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces of the worker's own, where the system permits: no network
 * interface that is up, no file mounted, no other process's IPC, no rights of
 * the user who started it outside.
 */
#ifndef TUTELA_DECODE_WORKER_NAMESPACES_H
#define TUTELA_DECODE_WORKER_NAMESPACES_H

#include <stdbool.h>

/* Of the bits of WIRE_DEFENCES, those of the namespaces that were made; 0 where none may be. */
unsigned tutela_namespaces_enter(void);

/* Is this the only thread of the process? What is given up must be given up by all. */
bool tutela_namespaces_alone(void);

#endif
