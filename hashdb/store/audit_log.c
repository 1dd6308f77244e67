/* SPDX-License-Identifier: Apache-2.0 */
#include "store/audit_log.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"

static json_t *time_text(int64_t t)
{
	char text[32] = "";
	time_t when = (time_t)t;
	struct tm tm;

	if (gmtime_r(&when, &tm))
		(void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(text);
}

/* JSON is UTF-8; what somebody typed may not be. */
static json_t *text_of(const char *s)
{
	size_t len = strnlen(s, PROVENANCE_MAX);
	char *copy = tutela_mem_array(len + 1, 1);
	json_t *out = NULL;

	if (copy) {
		memcpy(copy, s, len);
		tutela_utf8_repair(copy, len);
		out = json_stringn(copy, len);
	}
	free(copy);
	return out;
}

static int set(json_t *o, const char *key, uint64_t v)
{
	return json_object_set_new(o, key, json_integer((json_int_t)v));
}

static int set_list(json_t *o, const struct audit_event *event)
{
	const struct tutela_list *l = &event->list->list;
	const struct tutela_policy *p = &l->policy;
	int rc = json_object_set_new(o, "list", json_string(l->name));

	rc |= json_object_set_new(o, "source", json_string(l->source));
	rc |= set(o, "version", l->version);
	if (event->result)
		return rc;
	rc |= json_object_set_new(o, "kind", json_string(tutela_list_kind_name(p->kind)));
	rc |= json_object_set_new(o, "action_on_hit", json_string(tutela_action_name(p->action)));
	rc |= set(o, "pdq_threshold", p->pdq_threshold);
	rc |= set(o, "phash_threshold", p->phash_threshold);
	rc |= set(o, "dhash_threshold", p->dhash_threshold);
	rc |= set(o, "min_quality", p->min_quality);
	rc |= l->expires ? json_object_set_new(o, "expires", time_text(l->expires)) : 0;
	return rc;
}

static int set_result(json_t *o, const struct tutela_update_result *r)
{
	return set(o, "added", r->added) | set(o, "changed", r->changed) | set(o, "unchanged", r->unchanged) |
	       set(o, "withdrawn", r->withdrawn);
}

/* A malloc'd text, NULL when memory is short. */
static char *event_text(const struct audit_event *event, uint64_t number)
{
	json_t *o = json_object();
	char *text = NULL;
	int rc;

	if (!o)
		return NULL;
	rc = json_object_set_new(o, "type", json_string("audit"));
	rc |= set(o, "number", number);
	rc |= json_object_set_new(o, "time", time_text(time(NULL)));
	rc |= json_object_set_new(o, "action", json_string(event->action));
	rc |= set(o, "uid", getuid());
	if (event->update)
		rc |= set(o, "update", event->update);
	if (event->mode)
		rc |= json_object_set_new(o, "mode", json_string(event->mode));
	if (event->list)
		rc |= set_list(o, event);
	if (event->result)
		rc |= set_result(o, event->result);
	if (event->provenance)
		rc |= json_object_set_new(o, "provenance", text_of(event->provenance));
	if (event->source)
		rc |= json_object_set_new(o, "source", json_string(event->source));
	if (event->detail)
		rc |= json_object_set(o, "detail", event->detail);
	if (!rc)
		text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	return text;
}

static enum tutela_err next_number(struct tutela_store *s, struct txn *txn, uint64_t *out)
{
	struct cursor cursor;
	enum tutela_err err = tutela_cursor_open(s, txn, DB_AUDIT, &cursor);
	MDB_val k, v;

	*out = 1;
	if (!err)
		err = tutela_cursor_get(&cursor, &k, &v, MDB_LAST);
	if (!err && k.mv_size == 8)
		*out = tutela_schema_get_key64(k.mv_data) + 1;
	tutela_cursor_close(&cursor);
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

enum tutela_err tutela_audit_add(struct tutela_store *s, struct txn *txn, const struct audit_event *event)
{
	uint8_t key[8], *buf = NULL;
	struct bytes_writer w;
	enum tutela_err err;
	char *text = NULL;
	uint64_t number;

	err = next_number(s, txn, &number);
	if (err)
		return err;
	text = event_text(event, number);
	buf = tutela_mem_array(AUDIT_TEXT_MAX, 1);
	err = TUTELA_E_NOMEM;
	if (!text || !buf)
		goto out;
	/* 4 KiB of provenance are at most 24 KiB when every byte is escaped. */
	w = bytes_writer_init(buf, AUDIT_TEXT_MAX);
	bytes_put(&w, text, strlen(text));
	tutela_schema_key64(number, key);
	tutela_schema_seal(&w, buf, SCHEMA_AUDIT, key, sizeof key);
	err = w.failed ? tutela_store_fail(s, TUTELA_E_TOOBIG, "the audit record is too long")
		       : tutela_env_put(s, txn, DB_AUDIT, key, sizeof key, buf, (size_t)(w.at - buf), MDB_APPEND);
out:
	free(buf);
	free(text);
	return err;
}

enum tutela_err tutela_audit_next(struct tutela_store *s, struct txn *txn, uint64_t *number, const char **json,
				  size_t *len)
{
	struct cursor cursor;
	enum tutela_err err = tutela_cursor_open(s, txn, DB_AUDIT, &cursor);
	uint8_t key[8];
	MDB_val k = {sizeof key, key}, v;

	*json = NULL;
	*len = 0;
	tutela_schema_key64(*number + 1, key);
	if (!err)
		err = tutela_cursor_get(&cursor, &k, &v, MDB_SET_RANGE);
	tutela_cursor_close(&cursor);
	if (err)
		return err;
	if (k.mv_size != 8 || tutela_schema_unseal(v.mv_data, v.mv_size, SCHEMA_AUDIT, k.mv_data, k.mv_size, len))
		return tutela_store_fail(s, TUTELA_E_CORRUPT, "a record of the audit log of '%s' is damaged", s->path);
	*number = tutela_schema_get_key64(k.mv_data);
	*json = v.mv_data;
	return TUTELA_OK;
}
