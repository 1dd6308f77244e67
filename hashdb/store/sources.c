/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sources.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "store/audit_log.h"
#include "store/lists.h"

static enum tutela_err no_source(struct tutela_store *s, const char *name)
{
	return tutela_store_fail(s, TUTELA_E_NOTFOUND, "there is no source '%.*s'", TUTELA_LIST_NAME_MAX, name);
}

enum tutela_err tutela_source_get(struct tutela_store *s, struct txn *txn, const char *name, struct tutela_source *out)
{
	uint8_t key[SOURCE_KEY_MAX];
	size_t len;
	enum tutela_err err;
	MDB_val v;

	memset(out, 0, sizeof *out);
	if (!tutela_schema_name_valid(name))
		return TUTELA_E_NOTFOUND;
	len = tutela_source_key(name, NULL, key);
	err = tutela_env_get(s, txn, DB_SOURCES, key, len, &v);
	if (err)
		return err;
	err = tutela_source_row_get(key, len, v.mv_data, v.mv_size, out);
	return err ? tutela_store_fail(s, err, "the record of source '%s' is damaged", name) : TUTELA_OK;
}

static enum tutela_err put_row(struct session *w, const struct tutela_source *source)
{
	uint8_t key[SOURCE_KEY_MAX], *buf = tutela_mem_array(SOURCE_ROW_MAX, 1);
	size_t key_len = tutela_source_key(source->name, NULL, key), len;
	enum tutela_err err = TUTELA_E_NOMEM;

	if (buf) {
		len = tutela_source_row_put(source, buf, SOURCE_ROW_MAX);
		err = tutela_env_put(w->store, w->txn, DB_SOURCES, key, key_len, buf, len, 0);
	}
	free(buf);
	return err;
}

/* ------------------------------------------------------------------ audit */

/* JSON is UTF-8; a path need not be. */
static json_t *text_of(const char *path)
{
	char text[TUTELA_SOURCE_URL_MAX + 1];
	size_t len = strlen(path);

	memcpy(text, path, len + 1);
	tutela_utf8_repair(text, len);
	return json_string(text);
}

/* URLs hold no secrets; what a path's file holds is not known here. */
static json_t *detail(const struct tutela_source *source)
{
	/* Whose certificate is believed, and with whose words one asks: who changes that changes what comes. */
	const struct {
		const char *key, *text;
	} texts[] = {{"type", tutela_source_type_name(source->type)},
		     {"url", source->url},
		     {"country", source->country},
		     {"list", source->list},
		     {"credentials", source->credentials},
		     {"ca", source->ca},
		     {"client_cert", source->client_cert},
		     {"client_key", source->client_key}};
	json_t *o = json_object(), *keys = json_array(), *members = json_array();

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		(void)json_object_set_new(o, texts[i].key, text_of(texts[i].text));
	for (size_t i = 0; i < source->n_members; i++)
		(void)json_array_append_new(members, json_integer((json_int_t)source->members[i]));
	(void)json_object_set_new(o, "members", members);
	(void)json_object_set_new(o, "suspended", json_boolean(source->suspended));
	(void)json_object_set_new(o, "threshold", json_integer(source->threshold));
	for (size_t i = 0; i < source->n_keys; i++)
		(void)json_array_append_new(keys, json_string(source->keys[i]));
	if (!json_object_set_new(o, "keys", keys) && json_object_size(o) == 12 &&
	    json_array_size(keys) == source->n_keys && json_array_size(members) == source->n_members)
		return o;
	json_decref(o);
	return NULL;
}

/* What has another value now, as it was. */
static int set_before(json_t *now, const struct tutela_source *source)
{
	json_t *before = detail(source), *was = json_object(), *value;
	int rc = before && was ? 0 : -1;
	const char *key;

	json_object_foreach(before, key, value)
	{
		if (!json_equal(value, json_object_get(now, key)))
			rc |= json_object_set(was, key, value);
	}
	json_decref(before);
	return rc | json_object_set_new(now, "was", was);
}

/* `before`: what the source was, NULL: none. */
static enum tutela_err audit(struct session *w, const struct tutela_source *source, const struct tutela_source *before,
			     const char *action)
{
	struct audit_event event = {.action = action, .source = source->name, .detail = detail(source)};
	enum tutela_err err = TUTELA_E_NOMEM;

	if (event.detail && (!before || !set_before(event.detail, before)))
		err = tutela_audit_add(w->store, w->txn, &event);
	json_decref(event.detail);
	return err;
}

/* ------------------------------------------------------------------ put */

/* The first source after the name in `key`, which becomes its key; TUTELA_E_NOTFOUND. */
static enum tutela_err next_source(struct tutela_store *s, struct txn *txn, uint8_t *key, size_t *key_len,
				   struct tutela_source *out)
{
	struct cursor cursor;
	enum tutela_err err = tutela_cursor_open(s, txn, DB_SOURCES, &cursor);
	char name[TUTELA_LIST_NAME_MAX + 1], feed[TUTELA_LIST_NAME_MAX + 1];
	MDB_val k = {*key_len, key}, v;

	if (!err)
		err = tutela_cursor_get(&cursor, &k, &v, MDB_SET_RANGE);
	tutela_cursor_close(&cursor);
	if (err)
		return err;
	if (!tutela_source_key_parse(k.mv_data, k.mv_size, name, feed))
		return tutela_store_fail(s, TUTELA_E_CORRUPT, "the sources of '%s' have a record of an unknown kind",
					 s->path);
	if (feed[0])
		return TUTELA_E_NOTFOUND;
	err = tutela_source_row_get(k.mv_data, k.mv_size, v.mv_data, v.mv_size, out);
	if (err)
		return tutela_store_fail(s, err, "the record of source '%s' is damaged", name);
	/* No name has a NUL in it: the next key in order. */
	*key_len = tutela_source_key(name, NULL, key) + 1;
	key[*key_len - 1] = 0;
	return TUTELA_OK;
}

#define FIRST_KEY "\1"

static enum tutela_err count(struct session *w, size_t *n)
{
	struct tutela_source *one = tutela_mem_array(1, sizeof *one);
	uint8_t key[SOURCE_KEY_MAX + 1] = FIRST_KEY;
	enum tutela_err err = one ? TUTELA_OK : TUTELA_E_NOMEM;
	size_t len = 1;

	for (*n = 0; !err && *n < SOURCES_MAX; *n += !err)
		err = next_source(w->store, w->txn, key, &len, one);
	free(one);
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

/* Of a text that somebody's server may have had a part in. */
static void set_error(struct tutela_source *to, const char *text)
{
	size_t len = strnlen(text, sizeof to->last_error - 1);

	memset(to->last_error, 0, sizeof to->last_error);
	memcpy(to->last_error, text, len);
	tutela_utf8_repair(to->last_error, len);
}

static bool same_keys(const struct tutela_source *a, const struct tutela_source *b)
{
	bool same = a->n_keys == b->n_keys && a->threshold == b->threshold;

	for (size_t i = 0; same && i < a->n_keys; i++)
		same = !strcmp(a->keys[i], b->keys[i]);
	return same;
}

static bool same_members(const struct tutela_source *a, const struct tutela_source *b)
{
	return a->n_members == b->n_members && !memcmp(a->members, b->members, a->n_members * sizeof *a->members);
}

/*
 * May a source become the other, and what goes with that? What it has in the
 * store rests on what does not change.
 */
static enum tutela_err change(struct session *w, const struct tutela_source *from, const struct tutela_source *to)
{
	bool seen;
	enum tutela_err err;

	if (from->type != to->type || strcmp(from->list, to->list) || !same_members(from, to))
		return tutela_store_fail(
			w->store, TUTELA_E_REFUSED,
			"the type, list and members of source '%s' do not change: remove it and add it "
			"again",
			to->name);
	if (from->type != TUTELA_SOURCE_BUNDLE)
		return strcmp(from->url, to->url) ? tutela_feeds_remove(w, to->name) : TUTELA_OK;
	if (same_keys(from, to))
		return TUTELA_OK;
	err = tutela_feeds_any(w, to->name, &seen);
	if (err || !seen)
		return err;
	return tutela_store_fail(
		w->store, TUTELA_E_REFUSED,
		"a root of source '%s' was taken already: only its own signed roots change its keys; if "
		"they are lost, remove it and add it again",
		to->name);
}

/*
 * What is to be written, in *row: the source as it is given, or only the
 * outcome of its sync. What was there before goes to *before.
 */
static enum tutela_err settle(struct session *w, const struct tutela_source *source, bool replace, bool outcome,
			      struct tutela_source *row, struct tutela_source *before)
{
	enum tutela_err err = tutela_source_get(w->store, w->txn, source->name, row);
	int64_t added = row->added;
	size_t n;

	*before = *row;

	if (err && err != TUTELA_E_NOTFOUND)
		return err;
	if (err && (replace || outcome))
		return no_source(w->store, source->name);
	if (!err && !replace && !outcome)
		return tutela_store_fail(w->store, TUTELA_E_EXISTS, "there is a source '%s' already", source->name);
	if (outcome) {
		row->last_try = source->last_try;
		row->last_success = source->last_success;
		set_error(row, source->last_error);
		return TUTELA_OK;
	}
	if (err) {
		err = count(w, &n);
		if (err)
			return err;
		if (n == SOURCES_MAX)
			return tutela_store_fail(w->store, TUTELA_E_FULL,
						 "'%s' has no room for another source than its %d", w->store->path,
						 SOURCES_MAX);
		added = time(NULL);
	} else {
		err = change(w, before, source);
		if (err)
			return err;
	}
	*row = *source;
	row->added = added;
	set_error(row, source->last_error);
	return TUTELA_OK;
}

enum tutela_err tutela_source_put(struct tutela_store *s, const struct tutela_source *source, bool replace,
				  const char *action)
{
	struct tutela_source *row; /* and what it was */
	struct session w;
	const char *wrong;
	enum tutela_err err;

	if (!s || !source)
		return TUTELA_E_ARG;
	wrong = tutela_source_wrong(source);
	if (wrong)
		return tutela_store_fail(s, TUTELA_E_ARG, "'%.*s': %s", TUTELA_LIST_NAME_MAX, source->name, wrong);
	row = tutela_mem_array(2, sizeof *row);
	if (!row)
		return TUTELA_E_NOMEM;
	err = tutela_session_begin(s, false, &w);
	if (err) {
		free(row);
		return err;
	}
	err = settle(&w, source, replace, !action, &row[0], &row[1]);
	if (!err)
		err = put_row(&w, &row[0]);
	if (!err && action)
		err = audit(&w, &row[0], replace ? &row[1] : NULL, action);
	if (!err)
		err = tutela_session_commit(&w);
	tutela_session_end(&w);
	free(row);
	return err;
}

/* ------------------------------------------------------------------ meanwhile */

/* In what says from where, and on whose word, records come. */
static bool same(const struct tutela_source *a, const struct tutela_source *b)
{
	bool equal = a->type == b->type && !strcmp(a->list, b->list) && !strcmp(a->url, b->url) &&
		     !strcmp(a->credentials, b->credentials) && !strcmp(a->ca, b->ca) &&
		     !strcmp(a->client_cert, b->client_cert) && !strcmp(a->client_key, b->client_key) &&
		     a->threshold == b->threshold && a->n_keys == b->n_keys && a->n_members == b->n_members;

	for (size_t i = 0; equal && i < a->n_keys; i++)
		equal = !strcmp(a->keys[i], b->keys[i]);
	return equal && !memcmp(a->members, b->members, a->n_members * sizeof *a->members);
}

enum tutela_err tutela_source_same(struct session *w, const struct tutela_source *known)
{
	struct tutela_source *now = tutela_mem_array(1, sizeof *now);
	enum tutela_err err = now ? tutela_source_get(w->store, w->txn, known->name, now) : TUTELA_E_NOMEM;
	const char *why = NULL;

	if (err == TUTELA_E_NOTFOUND)
		why = "removed";
	else if (!err && now->suspended)
		why = "suspended";
	else if (!err && !same(now, known))
		why = "changed";
	free(now);
	return why ? tutela_store_fail(w->store, TUTELA_E_REFUSED, "the source '%.*s' was %s meanwhile",
				       TUTELA_LIST_NAME_MAX, known->name, why)
		   : err;
}

/* ------------------------------------------------------------------ removal */

static enum tutela_err remove_lists(struct session *w, const char *name, bool *any)
{
	struct list_row *rows;
	enum tutela_err err;
	size_t n;

	*any = false;
	err = tutela_rows_lists(w->store, w->txn, &w->state, &rows, &n);
	for (size_t i = 0; i < n && !err; i++) {
		if (strcmp(rows[i].list.source, name))
			continue;
		*any = true;
		err = tutela_list_drop(w, rows[i].list.name);
	}
	free(rows);
	return err;
}

static enum tutela_err remove_all(struct session *w, const char *name, bool *any)
{
	struct tutela_source *row = tutela_mem_array(1, sizeof *row);
	uint8_t key[SOURCE_KEY_MAX];
	enum tutela_err err = row ? tutela_source_get(w->store, w->txn, name, row) : TUTELA_E_NOMEM;

	*any = false;
	if (err == TUTELA_E_NOTFOUND)
		err = no_source(w->store, name);
	if (!err)
		err = remove_lists(w, name, any);
	if (!err)
		err = tutela_feeds_remove(w, name);
	if (!err)
		err = tutela_env_del(w->store, w->txn, DB_SOURCES, key, tutela_source_key(name, NULL, key), NULL, 0);
	if (!err)
		err = audit(w, row, NULL, "source-remove");
	free(row);
	return err;
}

enum tutela_err tutela_source_remove(struct tutela_store *s, const char *name)
{
	struct session w;
	enum tutela_err err;
	bool any;

	if (!s || !name)
		return TUTELA_E_ARG;
	if (!tutela_schema_name_valid(name))
		return no_source(s, name);
	err = tutela_session_begin(s, false, &w);
	if (err)
		return err;
	err = remove_all(&w, name, &any);
	if (!err)
		err = tutela_session_commit(&w);
	if (!err && any)
		tutela_lists_dropped(&w);
	tutela_session_end(&w);
	return err;
}

/* ------------------------------------------------------------------ reading */

enum tutela_err tutela_snapshot_source(struct tutela_snapshot *snap, const char *name, struct tutela_source *out)
{
	enum tutela_err err;

	memset(out, 0, sizeof *out);
	if (!snap || !name)
		return TUTELA_E_ARG;
	(void)pthread_mutex_lock(&snap->lock);
	err = tutela_source_get(snap->store, snap->txn, name, out);
	(void)pthread_mutex_unlock(&snap->lock);
	return err == TUTELA_E_NOTFOUND ? no_source(snap->store, name) : err;
}

enum tutela_err tutela_snapshot_sources(struct tutela_snapshot *snap,
					bool (*fn)(void *ctx, const struct tutela_source *source), void *ctx)
{
	struct tutela_source *one = tutela_mem_array(1, sizeof *one);
	uint8_t key[SOURCE_KEY_MAX + 1] = FIRST_KEY;
	enum tutela_err err = one ? TUTELA_OK : TUTELA_E_NOMEM;
	size_t len = 1;

	while (!err) {
		(void)pthread_mutex_lock(&snap->lock);
		err = next_source(snap->store, snap->txn, key, &len, one);
		(void)pthread_mutex_unlock(&snap->lock);
		if (!err && !fn(ctx, one))
			break;
	}
	free(one);
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}
