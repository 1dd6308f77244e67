/* SPDX-License-Identifier: Apache-2.0 */
/* One record of the audit log, from a program: it waits while another writer holds the store. */
#ifndef TUTELA_TOOLS_AUDIT_TELL_H
#define TUTELA_TOOLS_AUDIT_TELL_H

#include <jansson.h>

#include <tutela/tutela.h>

/*
 * Takes the reference of `detail`. Tries `tries` times while another writer holds the store. TUTELA_E_READONLY when
 * `store` is NULL; the errors of tutela_audit_note.
 */
enum tutela_err audit_tell(struct tutela_store *store, const char *action, json_t *detail, int tries);

/* How often a writer that finds the store held tries again, and a moment's pause between. */
#define AUDIT_TELL_TRIES 100
void audit_tell_pause(void);

#endif
