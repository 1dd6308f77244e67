/* SPDX-License-Identifier: Apache-2.0 */
#include "store/audit_log.h"

#include <jansson.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "exchange/json_dump.h"

static json_t *time_text(int64_t t)
{
	char text[32] = "";
	time_t when = (time_t)t;
	struct tm tm;

	if (gmtime_r(&when, &tm))
		(void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(text);
}

json_t *tutela_audit_text(const char *s)
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
	if (event->result || event->detail)
		return rc;
	rc |= json_object_set_new(o, "kind", json_string(tutela_list_kind_name(p->kind)));
	rc |= json_object_set_new(o, "action_on_hit", json_string(tutela_action_name(p->action)));
	rc |= set(o, "pdq_threshold", p->pdq_threshold);
	rc |= set(o, "phash_threshold", p->phash_threshold);
	rc |= set(o, "dhash_threshold", p->dhash_threshold);
	rc |= set(o, "min_quality", p->min_quality);
	if (p->flood_files == TUTELA_FLOOD_OFF)
		rc |= json_object_set_new(o, "flood", json_string("off"));
	else if (p->flood_files)
		rc |= set(o, "flood", p->flood_files);
	if (p->flood_review)
		rc |= json_object_set_new(o, "flood_action", json_string("review"));
	if (p->categories[0])
		rc |= json_object_set_new(o, "categories", json_string(p->categories));
	if (l->category_map[0])
		rc |= json_object_set_new(o, "category_map", json_string(l->category_map));
	rc |= l->expires ? json_object_set_new(o, "expires", time_text(l->expires)) : 0;
	return rc;
}

static int set_result(json_t *o, const struct tutela_update_result *r)
{
	return set(o, "added", r->added) | set(o, "changed", r->changed) | set(o, "unchanged", r->unchanged) |
	       set(o, "withdrawn", r->withdrawn);
}

static void hex_of(const uint8_t *bytes, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = '\0';
}

void tutela_audit_digest(const void *json, size_t len, uint8_t *digest)
{
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, len, json);
	sha256_digest(&sha, SHA256_DIGEST_SIZE, digest);
}

/* A malloc'd text, NULL when memory is short. */
static char *event_text(const struct audit_event *event, const struct audit_tail *tail)
{
	char prev[2 * SHA256_DIGEST_SIZE + 1];
	json_t *o = json_object();
	char *text = NULL;
	int rc;

	if (!o)
		return NULL;
	hex_of(tail->head, sizeof tail->head, prev);
	rc = json_object_set_new(o, "type", json_string("audit"));
	rc |= set(o, "number", tail->number + 1);
	rc |= json_object_set_new(o, "prev", json_string(prev));
	rc |= json_object_set_new(o, "time", time_text(time(NULL)));
	rc |= json_object_set_new(o, "action", json_string(event->action));
	rc |= set(o, "uid", getuid());
	if (event->store)
		rc |= json_object_set_new(o, "store", json_string(event->store));
	if (event->update)
		rc |= set(o, "update", event->update);
	if (event->mode)
		rc |= json_object_set_new(o, "mode", json_string(event->mode));
	if (event->list)
		rc |= set_list(o, event);
	if (event->result)
		rc |= set_result(o, event->result);
	if (event->provenance)
		rc |= json_object_set_new(o, "provenance", tutela_audit_text(event->provenance));
	if (event->source)
		rc |= json_object_set_new(o, "source", json_string(event->source));
	if (event->detail)
		rc |= json_object_set(o, "detail", event->detail);
	if (!rc)
		text = tutela_json_dump(o, JSON_COMPACT, NULL);
	json_decref(o);
	return text;
}

/* The key of a row, and what is in its value. */
static enum tutela_err take_row(struct tutela_store *s, const MDB_val *k, const MDB_val *v, struct audit_row *out)
{
	size_t len;

	if (k->mv_size != 8)
		return tutela_store_fail(s, TUTELA_E_CORRUPT, "a key of the audit log of '%s' is damaged", s->path);
	out->number = tutela_schema_get_key64(k->mv_data);
	out->sealed = !tutela_schema_unseal(v->mv_data, v->mv_size, SCHEMA_AUDIT, k->mv_data, k->mv_size, &len);
	out->bytes = v->mv_data;
	out->len = out->sealed ? len : v->mv_size;
	return TUTELA_OK;
}

/* As it stands. */
static enum tutela_err tail_row(struct tutela_store *s, struct txn *txn, struct audit_row *out)
{
	struct cursor cursor;
	enum tutela_err err = tutela_cursor_open(s, txn, DB_AUDIT, &cursor);
	MDB_val k, v;

	*out = (struct audit_row){.sealed = true};
	if (!err)
		err = tutela_cursor_get(&cursor, &k, &v, MDB_LAST);
	if (!err)
		err = take_row(s, &k, &v, out);
	tutela_cursor_close(&cursor);
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

static void tail_of(const struct audit_row *row, struct audit_tail *out)
{
	out->number = row->number;
	if (row->number)
		tutela_audit_digest(row->bytes, row->len, out->head);
}

/* Nothing is chained to a record that is damaged. */
enum tutela_err tutela_audit_tail(struct tutela_store *s, struct txn *txn, struct audit_tail *out)
{
	struct audit_row row;
	enum tutela_err err = tail_row(s, txn, &row);

	memset(out, 0, sizeof *out);
	if (!err && !row.sealed)
		err = tutela_store_fail(s, TUTELA_E_CORRUPT,
					"the newest record of the audit log of '%s' is damaged: nothing can be added "
					"until the log is repaired",
					s->path);
	if (!err)
		tail_of(&row, out);
	return err;
}

static enum tutela_err add_after(struct tutela_store *s, struct txn *txn, const struct audit_event *event,
				 const struct audit_tail *tail)
{
	uint8_t key[8], *buf = NULL;
	struct bytes_writer w;
	enum tutela_err err = TUTELA_E_NOMEM;
	char *text = event_text(event, tail);

	buf = tutela_mem_array(AUDIT_TEXT_MAX, 1);
	if (!text || !buf)
		goto out;
	/* 4 KiB of provenance are at most 24 KiB when every byte is escaped. */
	w = bytes_writer_init(buf, AUDIT_TEXT_MAX);
	bytes_put(&w, text, strlen(text));
	tutela_schema_key64(tail->number + 1, key);
	tutela_schema_seal(&w, buf, SCHEMA_AUDIT, key, sizeof key);
	err = w.failed ? tutela_store_fail(s, TUTELA_E_TOOBIG, "the audit record is too long")
		       : tutela_env_put(s, txn, DB_AUDIT, key, sizeof key, buf, (size_t)(w.at - buf), MDB_APPEND);
out:
	free(buf);
	free(text);
	return err;
}

enum tutela_err tutela_audit_add(struct tutela_store *s, struct txn *txn, const struct audit_event *event)
{
	struct audit_tail tail;
	enum tutela_err err = tutela_audit_tail(s, txn, &tail);

	return err ? err : add_after(s, txn, event, &tail);
}

enum tutela_err tutela_audit_add_anyway(struct tutela_store *s, struct txn *txn, const struct audit_event *event,
					uint64_t *number)
{
	struct audit_tail tail = {.number = 0};
	struct audit_row row;
	enum tutela_err err = tail_row(s, txn, &row);

	if (!err)
		tail_of(&row, &tail);
	*number = tail.number + 1;
	if (!err && !*number)
		err = tutela_store_fail(s, TUTELA_E_CORRUPT, "the audit log of '%s' has no room for a number", s->path);
	return err ? err : add_after(s, txn, event, &tail);
}

enum tutela_err tutela_audit_next(struct tutela_store *s, struct txn *txn, uint64_t after, struct audit_row *out)
{
	struct cursor cursor;
	enum tutela_err err;
	uint8_t key[8];
	MDB_val k = {sizeof key, key}, v;

	*out = (struct audit_row){.number = 0};
	if (after == UINT64_MAX)
		return TUTELA_E_NOTFOUND;
	err = tutela_cursor_open(s, txn, DB_AUDIT, &cursor);
	tutela_schema_key64(after + 1, key);
	if (!err)
		err = tutela_cursor_get(&cursor, &k, &v, MDB_SET_RANGE);
	tutela_cursor_close(&cursor);
	return err ? err : take_row(s, &k, &v, out);
}

char *tutela_audit_damaged(const struct audit_row *row)
{
	bool told = row->len <= AUDIT_DAMAGED_MAX;
	char digest[2 * SHA256_DIGEST_SIZE + 1], *hex = tutela_mem_array(told ? 2 * row->len + 1 : 1, 1), *out = NULL;
	uint8_t sha[SHA256_DIGEST_SIZE];
	json_t *o = hex ? json_object() : NULL;
	int rc;

	if (o) {
		tutela_audit_digest(row->bytes, row->len, sha);
		hex_of(sha, sizeof sha, digest);
		rc = json_object_set_new(o, "type", json_string(AUDIT_DAMAGED));
		rc |= set(o, "number", row->number);
		rc |= json_object_set_new(o, "sha256", json_string(digest));
		if (told) {
			hex_of(row->bytes, row->len, hex);
			rc |= json_object_set_new(o, "hex", json_string(hex));
		}
		out = rc ? NULL : tutela_json_dump(o, JSON_COMPACT, NULL);
	}
	json_decref(o);
	free(hex);
	return out;
}
