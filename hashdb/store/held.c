/* SPDX-License-Identifier: Apache-2.0 */
/* Bad records of feeds: collected by an update, written with its commit, bounded for each list. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/sources.h"

struct held_body {
	size_t len;
	uint8_t bytes[];
};

/* The newest TUTELA_HELD_MAX that were noted. */
struct held_ring {
	uint64_t n; /* noted at all */
	struct held_body *items[TUTELA_HELD_MAX];
};

enum tutela_err tutela_update_hold(struct tutela_update *u, const struct tutela_held *held)
{
	uint8_t buf[HELD_ROW_MAX];
	struct held_body *body, **place;
	size_t len;

	if (!u || !held)
		return TUTELA_E_ARG;
	if (u->failed)
		return u->failed;
	if (!u->held)
		u->held = tutela_mem_array(1, sizeof *u->held);
	len = tutela_held_put(held, u->now, buf);
	body = tutela_mem_array(1, sizeof *body + len);
	if (!u->held || !body) {
		free(body);
		return TUTELA_E_NOMEM;
	}
	body->len = len;
	memcpy(body->bytes, buf, len);
	place = &u->held->items[u->held->n++ % TUTELA_HELD_MAX];
	free(*place);
	*place = body;
	return TUTELA_OK;
}

void tutela_held_free(struct tutela_update *u)
{
	for (size_t i = 0; u->held && i < TUTELA_HELD_MAX; i++)
		free(u->held->items[i]);
	free(u->held);
	u->held = NULL;
}

/* The first row of a list from a number on. TUTELA_E_NOTFOUND. */
static enum tutela_err find(struct tutela_store *s, struct txn *txn, uint32_t list, uint64_t number, MDB_val *k,
			    MDB_val *v)
{
	struct cursor cursor;
	enum tutela_err err = tutela_cursor_open(s, txn, DB_HELD, &cursor);
	uint8_t key[HELD_KEY_LEN];

	tutela_held_key(list, number, key);
	*k = (MDB_val){sizeof key, key};
	if (!err)
		err = tutela_cursor_get(&cursor, k, v, MDB_SET_RANGE);
	tutela_cursor_close(&cursor);
	if (err)
		return err;
	if (k->mv_size != HELD_KEY_LEN)
		return tutela_store_fail(s, TUTELA_E_CORRUPT, "a held record of '%s' has no number", s->path);
	return tutela_schema_get_key32(k->mv_data) == list ? TUTELA_OK : TUTELA_E_NOTFOUND;
}

/* How many there are of a list, and the number of the last. */
static enum tutela_err count(struct session *w, uint32_t list, uint64_t *n, uint64_t *last)
{
	enum tutela_err err = TUTELA_OK;
	MDB_val k, v;

	*n = *last = 0;
	while (!err && *last < UINT64_MAX) {
		err = find(w->store, w->txn, list, *last + 1, &k, &v);
		if (err)
			break;
		*last = tutela_schema_get_key64((const uint8_t *)k.mv_data + 4);
		++*n;
	}
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

/* Up to `most` of a list, the oldest first. */
static enum tutela_err drop(struct session *w, uint32_t list, uint64_t most)
{
	enum tutela_err err = TUTELA_OK;
	uint8_t key[HELD_KEY_LEN];
	MDB_val k, v;

	while (most-- && !err) {
		err = find(w->store, w->txn, list, 0, &k, &v);
		if (!err) {
			memcpy(key, k.mv_data, sizeof key);
			err = tutela_env_del(w->store, w->txn, DB_HELD, key, sizeof key, NULL, 0);
		}
	}
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

enum tutela_err tutela_held_remove(struct session *w, uint32_t list)
{
	return drop(w, list, UINT64_MAX);
}

static enum tutela_err write_one(struct session *w, uint32_t list, uint64_t number, const struct held_body *body)
{
	uint8_t buf[HELD_ROW_MAX], key[HELD_KEY_LEN];
	struct bytes_writer out = bytes_writer_init(buf, sizeof buf);

	tutela_held_key(list, number, key);
	bytes_put(&out, body->bytes, body->len);
	tutela_schema_seal(&out, buf, SCHEMA_HELD, key, sizeof key);
	return tutela_env_put(w->store, w->txn, DB_HELD, key, sizeof key, buf, (size_t)(out.at - buf), 0);
}

enum tutela_err tutela_held_write(struct tutela_update *u)
{
	const struct held_ring *ring = u->held;
	uint32_t list = u->row.number;
	uint64_t there, last, n, first;
	enum tutela_err err;

	if (!ring || !ring->n)
		return TUTELA_OK;
	err = count(&u->w, list, &there, &last);
	if (err)
		return err;
	n = ring->n < TUTELA_HELD_MAX ? ring->n : TUTELA_HELD_MAX;
	if (there + n > TUTELA_HELD_MAX)
		err = drop(&u->w, list, there + n - TUTELA_HELD_MAX);
	first = ring->n - n;
	for (uint64_t i = 0; i < n && !err; i++)
		err = write_one(&u->w, list, last + 1 + i, ring->items[(first + i) % TUTELA_HELD_MAX]);
	return err;
}

/* ------------------------------------------------------------------ reading */

enum tutela_err tutela_snapshot_held(struct tutela_snapshot *snap, const char *list,
				     bool (*fn)(void *ctx, const struct tutela_held *held), void *ctx)
{
	const struct list_row *row;
	struct tutela_held held = {0};
	enum tutela_err err;
	MDB_val k, v;

	if (!snap || !list)
		return TUTELA_E_ARG;
	row = tutela_view_named(snap->view, list);
	if (!row)
		return tutela_store_fail(snap->store, TUTELA_E_NOTFOUND, "there is no list '%.*s'",
					 TUTELA_LIST_NAME_MAX, list);
	do {
		(void)pthread_mutex_lock(&snap->lock);
		err = held.number == UINT64_MAX ? TUTELA_E_NOTFOUND
						: find(snap->store, snap->txn, row->number, held.number + 1, &k, &v);
		(void)pthread_mutex_unlock(&snap->lock);
		if (!err && tutela_held_get(k.mv_data, k.mv_size, v.mv_data, v.mv_size, &held))
			err = tutela_store_fail(snap->store, TUTELA_E_CORRUPT, "a held record of list '%s' is damaged",
						list);
	} while (!err && fn(ctx, &held));
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}
