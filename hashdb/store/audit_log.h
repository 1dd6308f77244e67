/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was done to the store, one JSON object each, in the same transaction as
 * the deed. Each record holds the SHA-256 of the one before it: tutela/audit.h.
 */
#ifndef TUTELA_STORE_AUDIT_LOG_H
#define TUTELA_STORE_AUDIT_LOG_H

#include "store/env.h"

#define PROVENANCE_MAX 4096 /* bytes; longer is cut */

struct audit_event {
	const char *action; /* "create", "update", "list-set", "list-remove", "rebuild", "decision", … */
	uint64_t update;    /* the store's update number, 0: none */
	const char *mode;   /* NULL: not applicable, as all below */
	const struct list_row *list;
	const struct tutela_update_result *result;
	const char *provenance;
	const char *store;     /* the uuid: of "create" */
	const char *source;    /* not with list, which has one */
	struct json_t *detail; /* the caller's, set as "detail"; of the list then only names and version are told */
};

/*
 * What somebody typed, for a record: JSON is UTF-8, and it need not be; longer than a provenance may be it is cut.
 * The caller owns it. NULL: short of memory.
 */
struct json_t *tutela_audit_text(const char *s);

/* Of a record's text; `digest` holds 32 bytes. */
void tutela_audit_digest(const void *json, size_t len, uint8_t *digest);

enum tutela_err tutela_audit_add(struct tutela_store *s, struct txn *txn, const struct audit_event *event);
/* The same after a newest record that is damaged: chained to the bytes that stand there. *number: the record's. */
enum tutela_err tutela_audit_add_anyway(struct tutela_store *s, struct txn *txn, const struct audit_event *event,
					uint64_t *number);

/* A record as it stands. */
struct audit_row {
	uint64_t number;
	const void *bytes; /* in place: its text, or when the seal does not hold the whole value */
	size_t len;
	bool sealed;
};
/* The row after number `after`. TUTELA_E_NOTFOUND at the end; TUTELA_E_CORRUPT: its key is none. */
enum tutela_err tutela_audit_next(struct tutela_store *s, struct txn *txn, uint64_t after, struct audit_row *out);

/* What a row that cannot be shown as it is is shown as: a malloc'd line. NULL when memory is short. */
#define AUDIT_DAMAGED     "audit-damaged"
#define AUDIT_DAMAGED_MAX 65536 /* bytes that are told */
char *tutela_audit_damaged(const struct audit_row *row);

/* Where the log ends; number 0 when it is empty. TUTELA_E_CORRUPT: its newest record is damaged. */
struct audit_tail {
	uint64_t number;
	uint8_t head[32];
};
enum tutela_err tutela_audit_tail(struct tutela_store *s, struct txn *txn, struct audit_tail *out);

/* Show every record of the log to a check. TUTELA_E_CORRUPT: it cannot be looked at further. */
struct tutela_audit_check;
enum tutela_err tutela_audit_walk(struct tutela_store *s, struct txn *txn, struct tutela_audit_check *c);

#endif
