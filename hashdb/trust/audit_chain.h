/* SPDX-License-Identifier: Apache-2.0 */
/* A log of audit records under verification, and the gaps in it: tutela/audit.h says what they mean. */
#ifndef TUTELA_TRUST_AUDIT_CHAIN_H
#define TUTELA_TRUST_AUDIT_CHAIN_H

#include <jansson.h>
#include <tutela/audit.h>

#define AUDIT_REPAIR "audit-repair" /* the action of a record that owns up to gaps */

struct audit_gap {
	struct tutela_audit_gap told;
	bool stands; /* something stands there, with this digest; else records are missing */
	uint8_t digest[TUTELA_AUDIT_HEAD_LEN];
	uint64_t before; /* the record before it, 0: none, and its digest */
	uint8_t head_before[TUTELA_AUDIT_HEAD_LEN];
};

struct tutela_audit_check {
	struct tutela_audit_checkpoint *points; /* in order of number */
	size_t n, next;
	char store[37]; /* as the first record says, or a repair; "": none has said it */
	bool placed;    /* the numbers of rows are known from elsewhere than their text */
	bool loose;     /* after a gap: what came before is not known */
	bool past_help;
	uint64_t number; /* of the last row */
	uint8_t head[TUTELA_AUDIT_HEAD_LEN];
	struct tutela_audit_verdict verdict; /* bad: what no repair owns up to */
	size_t n_gaps;
	struct audit_gap gaps[TUTELA_AUDIT_GAPS_MAX];
};

/* Rows are missing, or stand there and do not hold. TUTELA_E_CORRUPT: more gaps than are kept. */
enum tutela_err tutela_audit_check_missing(struct tutela_audit_check *c, uint64_t first, uint64_t last);
enum tutela_err tutela_audit_check_damaged(struct tutela_audit_check *c, const void *bytes, size_t len);

/* What a repair says of a gap, for a record; and is it this gap? NULL: short of memory. */
json_t *tutela_audit_gap_json(const struct audit_gap *g);
bool tutela_audit_gap_is(const struct audit_gap *g, const json_t *said);

#endif
