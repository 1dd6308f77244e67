/* SPDX-License-Identifier: Apache-2.0 */
#include "store/decisions.h"

#include <jansson.h>
#include <string.h>

#include "store/audit_log.h"

#define ENTRIES_ROOM 4096 /* escaped bytes of ids in one record; the reason may need 24 KiB of it */

/* How long a text is in JSON. */
static size_t escaped(struct tutela_text t)
{
	size_t n = 3;

	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.s[i];

		n += c < 0x20 ? 6 : c == '"' || c == '\\' ? 2 : 1;
	}
	return n;
}

static json_t *text_of(struct tutela_text t)
{
	return json_stringn(t.len ? t.s : "", t.len);
}

static bool says(const json_t *o, const char *key, struct tutela_text t)
{
	const json_t *v = json_object_get(o, key);

	return json_string_length(v) == t.len && (!t.len || !memcmp(json_string_value(v), t.s, t.len));
}

/* The newest record, when one more such decision fits into it. */
static json_t *open_record(struct tutela_update *u, const char *kind, const char *status, struct tutela_text reason,
			   size_t more)
{
	size_t n = json_array_size(u->decisions);
	json_t *o = n ? json_array_get(u->decisions, n - 1) : NULL;

	if (!o || u->decision_bytes + more > ENTRIES_ROOM ||
	    !says(o, "decision", (struct tutela_text){kind, strlen(kind)}) ||
	    !says(o, "status", (struct tutela_text){status, strlen(status)}) || !says(o, "reason", reason))
		return NULL;
	return o;
}

enum tutela_err tutela_decision_add(struct tutela_update *u, const char *kind, enum tutela_status status,
				    struct tutela_text id, struct tutela_text reason)
{
	const char *name = tutela_status_name(status);
	size_t more = escaped(id);
	json_t *o;

	if (!u->decisions)
		u->decisions = json_array();
	o = open_record(u, kind, name, reason, more);
	if (!o) {
		u->decision_bytes = 0;
		o = json_pack("{s:s, s:s, s:o, s:[]}", "decision", kind, "status", name, "reason", text_of(reason),
			      "entries");
		if (!o || json_array_append_new(u->decisions, o))
			return TUTELA_E_NOMEM;
	}
	u->decision_bytes += more;
	return json_array_append_new(json_object_get(o, "entries"), text_of(id)) ? TUTELA_E_NOMEM : TUTELA_OK;
}

enum tutela_err tutela_decisions_write(struct tutela_update *u)
{
	enum tutela_err err = TUTELA_OK;
	json_t *o;
	size_t i;

	json_array_foreach(u->decisions, i, o)
	{
		err = tutela_audit_add(
			u->w.store, u->w.txn,
			&(struct audit_event){
				.action = "decision", .update = u->w.state.update, .list = &u->row, .detail = o});
		if (err)
			break;
	}
	return err;
}

void tutela_decisions_free(struct tutela_update *u)
{
	json_decref(u->decisions);
	u->decisions = NULL;
}
