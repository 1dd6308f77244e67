/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/audit_log.h"
#include "store/session.h"
#include "trust/audit_chain.h"

/* What nobody owns up to yet. NULL: short of memory. */
static json_t *detail_of(const struct tutela_audit_check *c, const char *reason)
{
	json_t *o = json_object(), *gaps = json_array();
	int rc = json_object_set_new(o, "gaps", gaps);

	for (size_t i = 0; i < c->n_gaps && !rc; i++)
		if (!c->gaps[i].told.repaired)
			rc = json_array_append_new(gaps, tutela_audit_gap_json(&c->gaps[i]));
	if (reason && !rc)
		rc = json_object_set_new(o, "reason", tutela_audit_text(reason));
	if (rc) {
		json_decref(o);
		o = NULL;
	}
	return o;
}

static size_t open_gaps(const struct tutela_audit_check *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_gaps; i++)
		n += !c->gaps[i].told.repaired;
	return n;
}

static enum tutela_err add(struct session *w, const struct tutela_audit_check *c, const char *reason, uint64_t *number)
{
	json_t *detail = detail_of(c, reason);
	enum tutela_err err;
	char uuid[37];

	if (!detail)
		return TUTELA_E_NOMEM;
	tutela_schema_uuid_text(w->state.uuid, uuid);
	err = tutela_audit_add_anyway(w->store, w->txn,
				      &(struct audit_event){.action = AUDIT_REPAIR, .store = uuid, .detail = detail},
				      number);
	json_decref(detail);
	return err ? err : tutela_session_commit(w);
}

static enum tutela_err repair(struct session *w, struct tutela_audit_check *c, const char *reason, uint64_t *number)
{
	enum tutela_err err = tutela_audit_walk(w->store, w->txn, c);

	/* Its own log, or none of this store's. */
	if (!err && !c->number)
		err = TUTELA_E_CORRUPT;
	if (err == TUTELA_E_CORRUPT)
		return tutela_store_fail(w->store, err, "the audit log of '%s' is past repair: %s", w->store->path,
					 c->number ? c->verdict.reason : "it is empty");
	if (!err && !open_gaps(c))
		err = TUTELA_E_NOTFOUND;
	return err ? err : add(w, c, reason, number);
}

enum tutela_err tutela_audit_repair(struct tutela_store *s, const char *reason, uint64_t *number,
				    struct tutela_audit_verdict *verdict)
{
	struct tutela_audit_check *c;
	struct session w;
	enum tutela_err err;

	*number = 0;
	memset(verdict, 0, sizeof *verdict);
	if (!s)
		return TUTELA_E_ARG;
	err = tutela_audit_check_new(NULL, 0, &c);
	if (err)
		return err;
	err = tutela_session_begin(s, false, &w);
	if (!err) {
		err = repair(&w, c, reason, number);
		tutela_session_end(&w);
	}
	if (err)
		*number = 0;
	(void)!tutela_audit_check_end(c, verdict);
	return err;
}
