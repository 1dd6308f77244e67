/* SPDX-License-Identifier: Apache-2.0 */
/* The states of feeds: bytes of the code that reads them. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/sources.h"

struct feed_write {
	char source[TUTELA_LIST_NAME_MAX + 1], feed[TUTELA_LIST_NAME_MAX + 1];
	size_t len;
	uint8_t state[TUTELA_FEED_STATE_MAX];
};

static enum tutela_err check(struct tutela_store *s, const char *source, const char *feed, const void *state,
			     size_t len)
{
	if (!source || !feed || (len && !state))
		return TUTELA_E_ARG;
	if (!tutela_schema_name_valid(source) || !tutela_schema_name_valid(feed))
		return tutela_store_fail(s, TUTELA_E_ARG, "'%.*s' cannot be the name of a feed", TUTELA_LIST_NAME_MAX,
					 feed);
	if (len > TUTELA_FEED_STATE_MAX)
		return tutela_store_fail(s, TUTELA_E_TOOBIG, "the state of feed '%s' is longer than %d bytes", feed,
					 TUTELA_FEED_STATE_MAX);
	return TUTELA_OK;
}

static enum tutela_err write_state(struct session *w, const struct feed_write *f)
{
	uint8_t key[SOURCE_KEY_MAX], *buf;
	struct tutela_source *source = tutela_mem_array(1, sizeof *source);
	struct bytes_writer out;
	enum tutela_err err;
	size_t key_len;

	buf = tutela_mem_array(f->len + SEAL_LEN, 1);
	err = source && buf ? tutela_source_get(w->store, w->txn, f->source, source) : TUTELA_E_NOMEM;
	/* Removed meanwhile: a feed of nobody must not come back. */
	if (err == TUTELA_E_NOTFOUND)
		err = tutela_store_fail(w->store, err, "there is no source '%s'", f->source);
	if (!err) {
		out = bytes_writer_init(buf, f->len + SEAL_LEN);
		key_len = tutela_source_key(f->source, f->feed, key);
		bytes_put(&out, f->state, f->len);
		tutela_schema_seal(&out, buf, SCHEMA_SOURCE, key, key_len);
		err = tutela_env_put(w->store, w->txn, DB_SOURCES, key, key_len, buf, f->len + SEAL_LEN, 0);
	}
	free(buf);
	free(source);
	return err;
}

static void fill(struct feed_write *f, const char *source, const char *feed, const void *state, size_t len)
{
	strcpy(f->source, source);
	strcpy(f->feed, feed);
	f->len = len;
	if (len)
		memcpy(f->state, state, len);
}

/* What a state must be for another to take its place. */
struct feed_before {
	const struct tutela_source *known;
	const void *state;
	size_t len;
};

static enum tutela_err hold_to(struct session *w, const struct feed_write *f, const struct feed_before *before)
{
	uint8_t key[SOURCE_KEY_MAX];
	size_t key_len = tutela_source_key(f->source, f->feed, key), body = 0;
	enum tutela_err err = tutela_source_same(w, before->known);
	MDB_val v;

	if (err)
		return err;
	err = tutela_env_get(w->store, w->txn, DB_SOURCES, key, key_len, &v);
	if (!err && !tutela_schema_unseal(v.mv_data, v.mv_size, SCHEMA_SOURCE, key, key_len, &body) && before->state &&
	    body == before->len && !memcmp(v.mv_data, before->state, body))
		return TUTELA_OK;
	if (err == TUTELA_E_NOTFOUND && !before->state)
		return TUTELA_OK;
	return err && err != TUTELA_E_NOTFOUND
		       ? err
		       : tutela_store_fail(w->store, TUTELA_E_BUSY,
					   "another sync of source '%s' has taken something meanwhile", f->source);
}

static enum tutela_err put_state(struct tutela_store *s, const char *source, const char *feed,
				 const struct feed_before *before, const void *state, size_t len)
{
	struct feed_write *f;
	struct session w;
	enum tutela_err err = s ? check(s, source, feed, state, len) : TUTELA_E_ARG;

	if (err)
		return err;
	f = tutela_mem_array(1, sizeof *f);
	if (!f)
		return TUTELA_E_NOMEM;
	fill(f, source, feed, state, len);
	err = tutela_session_begin(s, false, &w);
	if (!err) {
		err = before ? hold_to(&w, f, before) : TUTELA_OK;
		if (!err)
			err = write_state(&w, f);
		if (!err)
			err = tutela_session_commit(&w);
		tutela_session_end(&w);
	}
	free(f);
	return err;
}

enum tutela_err tutela_feed_put(struct tutela_store *s, const char *source, const char *feed, const void *state,
				size_t len)
{
	return put_state(s, source, feed, NULL, state, len);
}

enum tutela_err tutela_feed_swap(struct tutela_store *s, const struct tutela_source *known, const char *feed,
				 const void *old, size_t old_len, const void *state, size_t len)
{
	const struct feed_before before = {known, old, old_len};

	return put_state(s, known->name, feed, &before, state, len);
}

enum tutela_err tutela_update_feed(struct tutela_update *u, const char *source, const char *feed, const void *state,
				   size_t len)
{
	enum tutela_err err;
	size_t i = 0;

	if (!u)
		return TUTELA_E_ARG;
	if (u->failed)
		return u->failed;
	err = check(u->w.store, source, feed, state, len);
	if (err)
		return err;
	if (!u->feeds)
		u->feeds = tutela_mem_array(FEEDS_OF_UPDATE, sizeof *u->feeds);
	if (!u->feeds)
		return TUTELA_E_NOMEM;
	while (i < u->n_feeds && (strcmp(u->feeds[i].source, source) || strcmp(u->feeds[i].feed, feed)))
		i++;
	if (i == FEEDS_OF_UPDATE)
		return tutela_store_fail(u->w.store, TUTELA_E_FULL, "an update takes the states of at most %d feeds",
					 FEEDS_OF_UPDATE);
	fill(&u->feeds[i], source, feed, state, len);
	u->n_feeds += i == u->n_feeds;
	return TUTELA_OK;
}

enum tutela_err tutela_feeds_write(struct tutela_update *u)
{
	enum tutela_err err = TUTELA_OK;

	for (size_t i = 0; i < u->n_feeds && !err; i++)
		err = write_state(&u->w, &u->feeds[i]);
	return err;
}

void tutela_feeds_free(struct tutela_update *u)
{
	free(u->feeds);
	u->feeds = NULL;
}

/* ------------------------------------------------------------------ removal */

enum tutela_err tutela_feed_forget(struct session *w, const char *source, const char *feed)
{
	uint8_t key[SOURCE_KEY_MAX];

	if (!tutela_schema_name_valid(source))
		return TUTELA_OK;
	return tutela_env_del(w->store, w->txn, DB_SOURCES, key, tutela_source_key(source, feed, key), NULL, 0);
}

/* The first feed's key of a source. TUTELA_E_NOTFOUND. */
static enum tutela_err first_feed(struct session *w, const char *source, uint8_t *key, size_t *key_len)
{
	/* Less than the key of any feed of it, and a beginning of all. */
	uint8_t start[SOURCE_KEY_MAX];
	size_t len = tutela_source_key(source, "", start);
	struct cursor cursor;
	enum tutela_err err = tutela_cursor_open(w->store, w->txn, DB_SOURCES, &cursor);
	MDB_val k = {len, start}, v;

	if (!err)
		err = tutela_cursor_get(&cursor, &k, &v, MDB_SET_RANGE);
	if (!err && (k.mv_size <= len || k.mv_size > SOURCE_KEY_MAX || memcmp(k.mv_data, start, len)))
		err = TUTELA_E_NOTFOUND;
	if (!err) {
		memcpy(key, k.mv_data, k.mv_size);
		*key_len = k.mv_size;
	}
	tutela_cursor_close(&cursor);
	return err;
}

enum tutela_err tutela_feeds_any(struct session *w, const char *source, bool *any)
{
	uint8_t key[SOURCE_KEY_MAX];
	size_t len;
	enum tutela_err err = first_feed(w, source, key, &len);

	*any = !err;
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

enum tutela_err tutela_feeds_remove(struct session *w, const char *source)
{
	enum tutela_err err = TUTELA_OK;
	uint8_t key[SOURCE_KEY_MAX];
	size_t len;

	while (!err) {
		err = first_feed(w, source, key, &len);
		if (!err)
			err = tutela_env_del(w->store, w->txn, DB_SOURCES, key, len, NULL, 0);
	}
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

/* ------------------------------------------------------------------ reading */

enum tutela_err tutela_snapshot_feed(struct tutela_snapshot *snap, const char *source, const char *feed, void *buf,
				     size_t room, size_t *len)
{
	uint8_t key[SOURCE_KEY_MAX];
	size_t key_len, body = 0;
	enum tutela_err err;
	MDB_val v;

	*len = 0;
	if (!snap || !source || !feed || (room && !buf))
		return TUTELA_E_ARG;
	if (!tutela_schema_name_valid(source) || !tutela_schema_name_valid(feed))
		return TUTELA_E_NOTFOUND;
	key_len = tutela_source_key(source, feed, key);
	(void)pthread_mutex_lock(&snap->lock);
	err = tutela_env_get(snap->store, snap->txn, DB_SOURCES, key, key_len, &v);
	(void)pthread_mutex_unlock(&snap->lock);
	if (err)
		return err;
	if (tutela_schema_unseal(v.mv_data, v.mv_size, SCHEMA_SOURCE, key, key_len, &body) ||
	    body > TUTELA_FEED_STATE_MAX)
		return tutela_store_fail(snap->store, TUTELA_E_CORRUPT,
					 "the state of feed '%s' of source '%s' is damaged", feed, source);
	*len = body;
	if (body > room)
		return TUTELA_E_TOOBIG;
	if (body)
		memcpy(buf, v.mv_data, body);
	return TUTELA_OK;
}
