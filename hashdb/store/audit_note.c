/* SPDX-License-Identifier: Apache-2.0 */
#include <tutela/audit.h>

#include <jansson.h>
#include <string.h>
#include <time.h>

#include "exchange/json_load.h"
#include "store/audit_log.h"
#include "store/session.h"

static bool action_valid(const char *action)
{
	size_t len = action ? strlen(action) : 0;

	return len && len <= TUTELA_AUDIT_ACTION_MAX && strspn(action, "abcdefghijklmnopqrstuvwxyz-") == len;
}

static enum tutela_err note(struct tutela_store *s, const char *action, json_t *detail)
{
	struct session w;
	enum tutela_err err = tutela_session_begin(s, false, &w);

	if (err)
		return err;
	err = tutela_audit_add(s, w.txn, &(struct audit_event){.action = action, .detail = detail});
	if (!err)
		err = tutela_session_commit(&w);
	tutela_session_end(&w);
	return err;
}

enum tutela_err tutela_audit_note(struct tutela_store *s, const char *action, const char *detail)
{
	json_t *o = NULL;
	enum tutela_err err = TUTELA_E_ARG;

	if (s && action_valid(action))
		err = detail ? tutela_json_load(detail, strlen(detail), JSON_REJECT_DUPLICATES, &o, NULL) : TUTELA_OK;
	if (!err)
		err = note(s, action, o);
	else if (err == TUTELA_E_FORMAT)
		err = TUTELA_E_ARG;
	json_decref(o);
	return err;
}

enum tutela_err tutela_snapshot_audit_head(struct tutela_snapshot *snap, struct tutela_audit_checkpoint *out)
{
	struct audit_tail tail;
	enum tutela_err err;

	memset(out, 0, sizeof *out);
	if (!snap)
		return TUTELA_E_ARG;
	(void)pthread_mutex_lock(&snap->lock);
	err = tutela_audit_tail(snap->store, snap->txn, &tail);
	(void)pthread_mutex_unlock(&snap->lock);
	if (err)
		return err;
	tutela_schema_uuid_text(snap->view->state.uuid, out->store);
	out->number = tail.number;
	memcpy(out->head, tail.head, sizeof out->head);
	out->time = time(NULL);
	return TUTELA_OK;
}
