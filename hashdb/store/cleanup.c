/* SPDX-License-Identifier: Apache-2.0 */
#include "store/cleanup.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/entry_write.h"
#include "store/key_run.h"

/* The tests of sudden death build with smaller bounds, so that small lists meet them: tests/crash/module.mk. */
#ifndef CHUNK
#define CHUNK 131072 /* entries that are worked on together: their keys are held in memory */
#endif
#ifndef PURGE_PART
#define PURGE_PART 10000
#endif

/* Entries that are being cleaned away, with their keys. */
struct chunk {
	struct session *w;
	struct tutela_record rec;
	struct key_run digests, keys;
};

static struct chunk *new_chunk(struct session *w)
{
	struct chunk *c = tutela_mem_array(1, sizeof *c);

	if (c)
		c->w = w;
	return c;
}

static void free_chunk(struct chunk *c)
{
	tutela_key_run_free(&c->digests);
	tutela_key_run_free(&c->keys);
	free(c);
}

/* Note what rows lead to an entry. TUTELA_E_NOTFOUND: there is no such entry (any more). */
static enum tutela_err note(struct chunk *c, uint32_t number, bool with_key)
{
	uint8_t key[ENTRY_KEY_MAX];
	struct session *w = c->w;
	enum tutela_err err;
	struct entry e;

	err = tutela_entry_record(w->store, w->txn, number, &e, &c->rec);
	if (!err)
		err = tutela_key_run_digests(&c->digests, &c->rec, number);
	if (!err && with_key)
		err = tutela_key_run_add(&c->keys, key,
					 tutela_schema_entry_key(e.list, c->rec.id.s, c->rec.id.len, key), number);
	return err;
}

static enum tutela_err delete_digests(struct chunk *c, bool in_parts)
{
	struct session *w = c->w;
	struct key_run *run = &c->digests;
	enum tutela_err err = TUTELA_OK;
	uint8_t value[4];

	tutela_key_run_sort(run);
	for (size_t i = 0; i < run->n && !err; i++) {
		tutela_schema_key32(run->refs[i].number, value);
		err = tutela_env_del(w->store, w->txn, DB_DIGESTS, run->bytes + run->refs[i].offset, run->refs[i].len,
				     value, sizeof value);
		if (!err && in_parts)
			err = tutela_session_pause(w, 1);
	}
	tutela_key_run_clear(run);
	return err;
}

/* ------------------------------------------------------------------ undo */

static enum tutela_err last_entry(struct tutela_store *s, struct txn *txn, uint32_t *number)
{
	struct cursor cursor;
	enum tutela_err err = tutela_cursor_open(s, txn, DB_ENTRIES, &cursor);
	MDB_val k, v;

	*number = 0;
	if (!err)
		err = tutela_cursor_get(&cursor, &k, &v, MDB_LAST);
	if (!err && k.mv_size == 4)
		*number = tutela_schema_get_key32(k.mv_data);
	tutela_cursor_close(&cursor);
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

/* Give keys back to the predecessors; of several entries of one key, the newest first. */
static enum tutela_err restore_keys(struct chunk *c)
{
	struct session *w = c->w;
	enum tutela_err err = TUTELA_OK;

	tutela_key_run_sort(&c->keys);
	for (size_t i = c->keys.n; i-- && !err;) {
		const struct key_ref *ref = &c->keys.refs[i];
		const uint8_t *key = c->keys.bytes + ref->offset;
		struct entry e;
		uint32_t now;

		err = tutela_key_get(w->store, w->txn, key, ref->len, &now);
		if (err == TUTELA_E_NOTFOUND || (!err && now != ref->number)) {
			err = TUTELA_OK;
			continue;
		}
		if (!err)
			err = tutela_entry_get(w->store, w->txn, ref->number, &e);
		if (!err)
			err = e.prev ? tutela_key_put(w->store, w->txn, key, ref->len, e.prev)
				     : tutela_env_del(w->store, w->txn, DB_KEYS, key, ref->len, NULL, 0);
		if (!err)
			err = tutela_session_pause(w, 1);
	}
	tutela_key_run_clear(&c->keys);
	return err;
}

static enum tutela_err revive_predecessors(struct session *w, uint32_t from, uint32_t to)
{
	enum tutela_err err = TUTELA_OK;
	struct entry e;

	for (uint32_t number = from; number <= to && !err; number++) {
		err = tutela_entry_get(w->store, w->txn, number, &e);
		if (!err && e.prev)
			err = tutela_entry_set_gone(w->store, w->txn, e.prev, 0);
		if (!err && e.prev)
			err = tutela_session_pause(w, 1);
	}
	return err;
}

/* Newest first, so that what an interruption leaves is again the end of a pending update. */
static enum tutela_err delete_entries(struct session *w, uint32_t from, uint32_t to)
{
	enum tutela_err err = TUTELA_OK;

	for (uint32_t number = to; number >= from && !err; number--) {
		err = tutela_entry_del(w->store, w->txn, number);
		if (!err)
			err = tutela_session_pause(w, 1);
	}
	return err;
}

static enum tutela_err undo_chunk(struct chunk *c, uint32_t from, uint32_t to)
{
	enum tutela_err err = TUTELA_OK;

	for (uint32_t number = from; number <= to && !err; number++)
		err = note(c, number, true);
	if (!err)
		err = delete_digests(c, true);
	if (!err)
		err = restore_keys(c);
	if (!err)
		err = revive_predecessors(c->w, from, to);
	return err ? err : delete_entries(c->w, from, to);
}

/* One chunk; *done when there is no pending update left. */
static enum tutela_err undo_some(struct chunk *c, bool *done)
{
	struct session *w = c->w;
	struct pending pending;
	enum tutela_err err;
	uint32_t last;

	*done = false;
	err = tutela_env_pending(w->store, w->txn, &pending);
	if (err == TUTELA_E_NOTFOUND) {
		*done = true;
		return TUTELA_OK;
	}
	if (!err)
		err = last_entry(w->store, w->txn, &last);
	if (err)
		return err;
	if (last < pending.first_entry)
		return tutela_env_del(w->store, w->txn, DB_META, "pending", 7, NULL, 0);
	return undo_chunk(c, last - pending.first_entry < CHUNK ? pending.first_entry : last - CHUNK + 1, last);
}

/* ------------------------------------------------------------------ purge */

enum tutela_err tutela_cleanup_purge_part(struct session *w, size_t max)
{
	struct chunk *c = new_chunk(w);
	enum tutela_err err = c ? TUTELA_OK : TUTELA_E_NOMEM;
	uint32_t from = w->state.purge_from;
	struct entry e;

	for (size_t n = 0; n < max && from < w->state.next_entry && !err; n++, from++) {
		err = tutela_entry_get(w->store, w->txn, from, &e);
		if (!err && e.prev)
			err = note(c, e.prev, false);
		/* Entries of removed lists are gone; one that is damaged must not stop every writer to come. */
		if (err == TUTELA_E_NOTFOUND || err == TUTELA_E_CORRUPT)
			err = TUTELA_OK;
	}
	if (!err)
		err = delete_digests(c, false);
	if (!err)
		w->state.purge_from = from;
	if (c)
		free_chunk(c);
	return err;
}

static enum tutela_err purge_some(struct chunk *c, bool *done)
{
	struct session *w = c->w;
	enum tutela_err err = tutela_env_state(w->store, w->txn, &w->state);

	*done = !err && w->state.purge_from == w->state.next_entry;
	if (err || *done)
		return err;
	err = tutela_cleanup_purge_part(w, PURGE_PART);
	/* Each entry was looked at once. */
	tutela_env_forget_pages(w->store);
	/* The sums in the state stay as they were read. */
	return err ? err : tutela_env_put_state(w->store, w->txn, &w->state);
}

/* ------------------------------------------------------------------ removed lists */

#define REMOVED     "removed"
#define REMOVED_LEN 11

static void removed_key(uint32_t list, uint8_t key[REMOVED_LEN])
{
	memcpy(key, REMOVED, 7);
	tutela_schema_key32(list, key + 7);
}

enum tutela_err tutela_cleanup_remove_later(struct session *w, uint32_t list)
{
	uint8_t key[REMOVED_LEN];

	removed_key(list, key);
	return tutela_env_put(w->store, w->txn, DB_META, key, sizeof key, "", 0, 0);
}

static enum tutela_err first_removed(struct session *w, uint32_t *list)
{
	uint8_t key[] = REMOVED;
	MDB_val k = {7, key}, v;
	struct cursor cursor;
	enum tutela_err err = tutela_cursor_open(w->store, w->txn, DB_META, &cursor);

	*list = 0;
	if (!err)
		err = tutela_cursor_get(&cursor, &k, &v, MDB_SET_RANGE);
	if (!err && k.mv_size == REMOVED_LEN && !memcmp(k.mv_data, REMOVED, 7))
		*list = tutela_schema_get_key32((const uint8_t *)k.mv_data + 7);
	tutela_cursor_close(&cursor);
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

/* Up to a chunk of a list's keys and the numbers they hold. */
static enum tutela_err first_keys(struct chunk *c, uint32_t list)
{
	struct session *w = c->w;
	struct cursor cursor;
	enum tutela_err err = tutela_cursor_open(w->store, w->txn, DB_KEYS, &cursor);
	uint8_t start[4];
	MDB_val k = {sizeof start, start}, v;

	tutela_schema_key32(list, start);
	if (!err)
		err = tutela_cursor_get(&cursor, &k, &v, MDB_SET_RANGE);
	while (!err && c->keys.n < CHUNK && k.mv_size > 4 && k.mv_size <= ENTRY_KEY_MAX &&
	       tutela_schema_get_key32(k.mv_data) == list) {
		struct bytes_reader r = bytes_reader_init(v.mv_data, v.mv_size);

		err = tutela_key_run_add(&c->keys, k.mv_data, k.mv_size, bytes_u32(&r));
		if (!err)
			err = tutela_cursor_get(&cursor, &k, &v, MDB_NEXT);
	}
	tutela_cursor_close(&cursor);
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

struct numbers {
	uint32_t *items;
	size_t n, capacity;
};

static enum tutela_err add_number(struct numbers *numbers, uint32_t number)
{
	if (numbers->n == numbers->capacity) {
		size_t capacity = numbers->capacity ? numbers->capacity * 2 : CHUNK;
		uint32_t *bigger = tutela_mem_resize(numbers->items, capacity, sizeof *bigger);

		if (!bigger)
			return TUTELA_E_NOMEM;
		numbers->items = bigger;
		numbers->capacity = capacity;
	}
	numbers->items[numbers->n++] = number;
	return TUTELA_OK;
}

/* An entry and those before it, which end with the first that is gone already, or damaged. */
static enum tutela_err add_chain(struct chunk *c, uint32_t number, struct numbers *numbers)
{
	enum tutela_err err = TUTELA_OK;
	struct entry e;

	while (number && !err) {
		err = tutela_entry_get(c->w->store, c->w->txn, number, &e);
		if (err == TUTELA_E_NOTFOUND)
			return TUTELA_OK;
		if (!err || err == TUTELA_E_CORRUPT)
			err = add_number(numbers, number);
		number = e.prev;
	}
	return err;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Oldest first, and keys last: as long as an entry is there, its key and its successors are. */
static enum tutela_err delete_noted(struct chunk *c, struct numbers *numbers)
{
	struct session *w = c->w;
	enum tutela_err err = TUTELA_OK;

	if (numbers->n)
		qsort(numbers->items, numbers->n, sizeof *numbers->items, by_number);
	for (size_t i = 0; i < numbers->n && !err; i++) {
		err = note(c, numbers->items[i], false);
		if (err == TUTELA_E_CORRUPT)
			err = TUTELA_OK; /* to remove its list is how to be rid of a damaged entry */
	}
	if (!err)
		err = delete_digests(c, true);
	for (size_t i = 0; i < numbers->n && !err; i++) {
		err = tutela_entry_del(w->store, w->txn, numbers->items[i]);
		if (!err)
			err = tutela_session_pause(w, 1);
	}
	for (size_t i = 0; i < c->keys.n && !err; i++) {
		err = tutela_env_del(w->store, w->txn, DB_KEYS, c->keys.bytes + c->keys.refs[i].offset,
				     c->keys.refs[i].len, NULL, 0);
		if (!err)
			err = tutela_session_pause(w, 1);
	}
	return err;
}

static enum tutela_err remove_some(struct chunk *c, bool *done)
{
	struct session *w = c->w;
	struct numbers numbers = {0};
	uint8_t mark[REMOVED_LEN];
	enum tutela_err err;
	uint32_t list;

	err = first_removed(w, &list);
	*done = !err && !list;
	if (err || *done)
		return err;
	err = first_keys(c, list);
	for (size_t i = 0; i < c->keys.n && !err; i++)
		err = add_chain(c, c->keys.refs[i].number, &numbers);
	if (!err)
		err = delete_noted(c, &numbers);
	removed_key(list, mark);
	if (!err && !c->keys.n)
		err = tutela_env_del(w->store, w->txn, DB_META, mark, sizeof mark, NULL, 0);
	tutela_key_run_clear(&c->keys);
	free(numbers.items);
	return err;
}

/* ------------------------------------------------------------------ all three */

/* Begin, do some, commit, until it is done. */
static enum tutela_err repeat(struct session *w, enum tutela_err (*some)(struct chunk *c, bool *done))
{
	struct chunk *c = new_chunk(w);
	enum tutela_err err = c ? TUTELA_OK : TUTELA_E_NOMEM;
	bool done = false;

	while (!done && !err) {
		w->weight = 0;
		err = tutela_env_begin(w->store, 0, &w->txn);
		if (!err)
			err = some(c, &done);
		if (!err && !done)
			err = tutela_env_commit(w->store, &w->txn);
		tutela_env_abort(w->store, &w->txn);
	}
	if (c)
		free_chunk(c);
	return err;
}

enum tutela_err tutela_cleanup_undo(struct session *w)
{
	return repeat(w, undo_some);
}

enum tutela_err tutela_cleanup_removed(struct session *w)
{
	return repeat(w, remove_some);
}

enum tutela_err tutela_cleanup_purge(struct session *w)
{
	return repeat(w, purge_some);
}
