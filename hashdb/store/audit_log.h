/* SPDX-License-Identifier: Apache-2.0 */
/* What was done to the store, one JSON object each, in the same transaction as the deed. */
#ifndef TUTELA_STORE_AUDIT_LOG_H
#define TUTELA_STORE_AUDIT_LOG_H

#include "store/env.h"

#define PROVENANCE_MAX 4096 /* bytes; longer is cut */

struct audit_event {
	const char *action; /* "create", "update", "list-set", "list-remove", "rebuild" */
	uint64_t update;    /* the store's update number, 0: none */
	const char *mode;   /* NULL: not applicable, as all below */
	const struct list_row *list;
	const struct tutela_update_result *result;
	const char *provenance;
	const char *source;    /* not with list, which has one */
	struct json_t *detail; /* the caller's, set as "detail" */
};

enum tutela_err tutela_audit_add(struct tutela_store *s, struct txn *txn, const struct audit_event *event);

/* The first record after *number, which becomes its number; text in place. TUTELA_E_NOTFOUND at the end. */
enum tutela_err tutela_audit_next(struct tutela_store *s, struct txn *txn, uint64_t *number, const char **json,
				  size_t *len);

#endif
