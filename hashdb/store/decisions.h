/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator decided about entries, for the audit log: written in the commit of the update that does it. */
#ifndef TUTELA_STORE_DECISIONS_H
#define TUTELA_STORE_DECISIONS_H

#include "store/update.h"

/*
 * "local": whatever the source says; "taken-back"; "issued": of a list whose
 * source is the operator; "allow". Texts are valid UTF-8.
 */
enum tutela_err tutela_decision_add(struct tutela_update *u, const char *kind, enum tutela_status status,
				    struct tutela_text id, struct tutela_text reason);

/* As records "decision": entries with the same decision share some. */
enum tutela_err tutela_decisions_write(struct tutela_update *u);

void tutela_decisions_free(struct tutela_update *u);

#endif
