/* SPDX-License-Identifier: Apache-2.0 */
/* What holds the decoder programs in on this machine, for `tutela --version` and `tutela status`. */
#ifndef TUTELA_TOOLS_DEFENCES_H
#define TUTELA_TOOLS_DEFENCES_H

#include <jansson.h>
#include <tutela/decode.h>

/* Starts one worker and asks it. TUTELA_E_WORKER when none can be started, else as tutela_decoder_open. */
enum tutela_err defences_find(struct tutela_defences *out);

/*
 * "system-call filter, limits, Landlock 7, no network, …, not here: …", or why
 * nothing is known: `err` is what defences_find returned. Allocated.
 */
char *defences_text(const struct tutela_defences *d, enum tutela_err err);

/* The same as an object, or null. */
json_t *defences_json(const struct tutela_defences *d, enum tutela_err err);

#endif
