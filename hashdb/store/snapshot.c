/* SPDX-License-Identifier: Apache-2.0 */
#include "store/list_sum.h"
#include "store/snapshot.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <tutela/audit.h>
#include <tutela/hash.h>
#include <tutela/journal.h>

#include "base/mem.h"
#include "store/audit_log.h"
#include "store/entry_write.h"
#include "store/writer_lock.h"

/* A writer would have to replace index files this often within one opening. */
#define TRIES 64

/* One attempt; on TUTELA_E_NOTFOUND *txn_id says which state lacked a file. */
static enum tutela_err try_open(struct tutela_snapshot *snap, size_t *txn_id)
{
	struct tutela_store *s = snap->store;
	enum tutela_err err = tutela_env_begin(s, MDB_RDONLY, &snap->txn);

	if (err)
		return err;
	*txn_id = snap->txn->id;
	err = tutela_view_get(s, snap->txn, &snap->view);
	if (err)
		tutela_env_abort(s, &snap->txn);
	return err;
}

enum tutela_err tutela_snapshot_open(struct tutela_store *s, struct tutela_snapshot **out)
{
	struct tutela_snapshot *snap;
	size_t txn_id = 0, last = 0;
	enum tutela_err err;

	*out = NULL;
	if (!s)
		return TUTELA_E_ARG;
	snap = tutela_mem_array(1, sizeof *snap);
	if (!snap || pthread_mutex_init(&snap->lock, NULL)) {
		free(snap);
		return TUTELA_E_NOMEM;
	}
	snap->store = s;
	for (unsigned i = 0; i < TRIES; i++) {
		err = try_open(snap, &txn_id);
		if (err != TUTELA_E_NOTFOUND || (i && txn_id == last))
			break;
		last = txn_id;
	}
	if (!err) {
		*out = snap;
		return TUTELA_OK;
	}
	(void)pthread_mutex_destroy(&snap->lock);
	free(snap);
	return err == TUTELA_E_NOTFOUND ? TUTELA_E_CORRUPT : err;
}

void tutela_snapshot_close(struct tutela_snapshot *snap)
{
	if (!snap)
		return;
	tutela_view_release(snap->store, snap->view);
	tutela_env_abort(snap->store, &snap->txn);
	(void)pthread_mutex_destroy(&snap->lock);
	free(snap);
}

enum tutela_err tutela_snapshot_info(struct tutela_snapshot *snap, struct tutela_store_info *out)
{
	const struct view *v = snap->view;
	struct stat st;

	memset(out, 0, sizeof *out);
	tutela_schema_uuid_text(v->state.uuid, out->uuid);
	out->schema = SCHEMA_VERSION;
	out->update = v->state.update;
	out->lists = v->n_lists;
	out->segments = v->n_segments;
	for (size_t i = 0; i < v->n_lists; i++) {
		const struct list_row *row = &v->lists[i];

		out->active += row->list.active;
		out->entries += row->list.active + row->list.disputed + row->list.withdrawn;
		for (unsigned a = 0; a < ALGORITHMS; a++)
			out->fingerprints[a] += row->active[a];
	}
	for (size_t i = 0; i < v->n_segments; i++)
		out->index_bytes += v->segments[i]->row.bytes;
	if (fstatat(snap->store->dir, DATA_FILE, &st, AT_SYMLINK_NOFOLLOW))
		return tutela_store_fail_sys(snap->store, "looking at 'data.mdb'");
	out->data_bytes = (uint64_t)st.st_size;
	/* A writer that is alive has not died half-way. */
	out->unfinished = v->pending && !tutela_writer_locked(snap->store);
	return TUTELA_OK;
}

enum tutela_err tutela_snapshot_lists(struct tutela_snapshot *snap,
				      bool (*fn)(void *ctx, const struct tutela_list *list), void *ctx)
{
	for (size_t i = 0; i < snap->view->n_lists; i++)
		if (!fn(ctx, &snap->view->lists[i].list))
			break;
	return TUTELA_OK;
}

static enum tutela_err no_list(struct tutela_snapshot *snap, const char *name)
{
	return tutela_store_fail(snap->store, TUTELA_E_NOTFOUND, "there is no list '%.*s'", TUTELA_LIST_NAME_MAX, name);
}

enum tutela_err tutela_snapshot_list(struct tutela_snapshot *snap, const char *name, struct tutela_list *out)
{
	const struct list_row *row;

	memset(out, 0, sizeof *out);
	if (!name)
		return TUTELA_E_ARG;
	row = tutela_view_named(snap->view, name);
	if (!row)
		return no_list(snap, name);
	*out = row->list;
	return TUTELA_OK;
}

static unsigned want_of(unsigned algorithm, bool exact_only)
{
	switch (algorithm) {
	case TUTELA_ALG_MD5:
		return TUTELA_WANT_MD5;
	case TUTELA_ALG_SHA1:
		return TUTELA_WANT_SHA1;
	case TUTELA_ALG_SHA256:
		return TUTELA_WANT_SHA256;
	case TUTELA_ALG_PDQ:
		/* Lists mix both dialects and do not say which. */
		return exact_only ? 0 : TUTELA_WANT_PDQ | TUTELA_WANT_PDQ_FULL;
	case TUTELA_ALG_PHASH:
		return exact_only ? 0 : TUTELA_WANT_PHASH;
	case TUTELA_ALG_DHASH:
		return exact_only ? 0 : TUTELA_WANT_DHASH;
	default:
		return 0;
	}
}

enum tutela_err tutela_snapshot_wants(struct tutela_snapshot *snap, unsigned *wants)
{
	*wants = 0;
	for (size_t i = 0; i < snap->view->n_lists; i++) {
		const struct list_row *row = &snap->view->lists[i];

		if (row->list.policy.action == TUTELA_IGNORE)
			continue;
		for (unsigned a = 0; a < ALGORITHMS; a++)
			if (row->active[a])
				*wants |= want_of(a, row->list.policy.kind == TUTELA_LIST_EXCLUDE);
	}
	return TUTELA_OK;
}

/* ------------------------------------------------------------------ entries of a list */

struct numbers {
	uint32_t *items;
	size_t n, capacity;
};

static enum tutela_err add_number(struct numbers *numbers, uint32_t number)
{
	if (numbers->n == numbers->capacity) {
		size_t capacity = numbers->capacity ? numbers->capacity * 2 : 1024;
		uint32_t *bigger = tutela_mem_resize(numbers->items, capacity, sizeof *bigger);

		if (!bigger)
			return TUTELA_E_NOMEM;
		numbers->items = bigger;
		numbers->capacity = capacity;
	}
	numbers->items[numbers->n++] = number;
	return TUTELA_OK;
}

/* The numbers that the keys of a list hold; some may be of an update that is still being written. */
static enum tutela_err list_numbers(struct tutela_snapshot *snap, uint32_t list, struct numbers *out)
{
	struct tutela_store *s = snap->store;
	struct cursor cursor;
	enum tutela_err err = tutela_cursor_open(s, snap->txn, DB_KEYS, &cursor);
	MDB_val k, v;
	uint8_t key[4];

	tutela_schema_key32(list, key);
	k = (MDB_val){sizeof key, key};
	if (!err)
		err = tutela_cursor_get(&cursor, &k, &v, MDB_SET_RANGE);
	while (!err && k.mv_size > 4 && tutela_schema_get_key32(k.mv_data) == list) {
		struct bytes_reader r = bytes_reader_init(v.mv_data, v.mv_size);

		err = add_number(out, bytes_u32(&r));
		if (!err)
			err = tutela_cursor_get(&cursor, &k, &v, MDB_NEXT);
	}
	tutela_cursor_close(&cursor);
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* In order of the entries' ids. */
static enum tutela_err visible_numbers(struct tutela_snapshot *snap, uint32_t list, struct numbers *out)
{
	enum tutela_err err = list_numbers(snap, list, out);
	size_t n = 0;

	if (err || !snap->view->pending)
		return err;
	for (size_t i = 0; i < out->n && !err; i++) {
		err = tutela_entry_visible(snap->store, snap->txn, out->items[i], snap->view->state.update,
					   &out->items[n]);
		n += !err && out->items[n];
	}
	out->n = n;
	return err;
}

static enum tutela_err walk(struct tutela_snapshot *snap, const char *list, bool by_id,
			    enum tutela_err (*fn)(void *ctx, const struct tutela_record *rec), void *ctx)
{
	const struct list_row *row = list ? tutela_view_named(snap->view, list) : NULL;
	struct tutela_record *rec = NULL;
	struct numbers numbers = {0};
	enum tutela_err err;
	struct entry e;

	if (!list)
		return TUTELA_E_ARG;
	if (!row)
		return no_list(snap, list);
	rec = tutela_mem_array(1, sizeof *rec);
	if (!rec)
		return TUTELA_E_NOMEM;
	(void)pthread_mutex_lock(&snap->lock);
	err = visible_numbers(snap, row->number, &numbers);
	(void)pthread_mutex_unlock(&snap->lock);
	if (numbers.n && !by_id)
		qsort(numbers.items, numbers.n, sizeof *numbers.items, by_number);
	for (size_t i = 0; i < numbers.n && !err; i++) {
		(void)pthread_mutex_lock(&snap->lock);
		err = tutela_entry_record(snap->store, snap->txn, numbers.items[i], &e, rec);
		(void)pthread_mutex_unlock(&snap->lock);
		if (err == TUTELA_E_NOTFOUND)
			err = tutela_store_fail(snap->store, TUTELA_E_CORRUPT, "entry %u of '%s' is missing",
						numbers.items[i], snap->store->path);
		if (!err)
			err = fn(ctx, rec);
	}
	free(numbers.items);
	free(rec);
	return err;
}

enum tutela_err tutela_snapshot_entries(struct tutela_snapshot *snap, const char *list,
					enum tutela_err (*fn)(void *ctx, const struct tutela_record *rec), void *ctx)
{
	return walk(snap, list, false, fn, ctx);
}

enum tutela_err tutela_snapshot_entries_by_id(struct tutela_snapshot *snap, const char *list,
					      enum tutela_err (*fn)(void *ctx, const struct tutela_record *rec),
					      void *ctx)
{
	return walk(snap, list, true, fn, ctx);
}

enum tutela_err tutela_snapshot_digest(struct tutela_snapshot *snap, const char *list, enum tutela_digest_of of,
				       uint8_t *out)
{
	const struct list_row *row;
	struct list_row made;
	enum tutela_err err = TUTELA_OK;

	if (!snap || !list || !out || (unsigned)of > TUTELA_DIGEST_EFFECTIVE)
		return TUTELA_E_ARG;
	memset(out, 0, LIST_SUM_LEN);
	row = tutela_view_named(snap->view, list);
	if (!row)
		return no_list(snap, list);
	made = *row;
	if (!row->summed)
		err = tutela_sum_list(snap, list, &made);
	if (!err)
		tutela_sum_bytes(of == TUTELA_DIGEST_ISSUED ? &made.issued : &made.effective, out);
	return err;
}

/* One line, or told as damaged. */
static bool is_line(const struct audit_row *row)
{
	return row->sealed && row->len && row->len <= TUTELA_AUDIT_RECORD_MAX && !memchr(row->bytes, '\n', row->len);
}

enum tutela_err tutela_snapshot_audit(struct tutela_snapshot *snap, bool (*fn)(void *ctx, const char *json, size_t len),
				      void *ctx)
{
	struct audit_row row = {.number = 0};
	enum tutela_err err;
	bool more = true;

	do {
		char *told = NULL;

		(void)pthread_mutex_lock(&snap->lock);
		err = tutela_audit_next(snap->store, snap->txn, row.number, &row);
		(void)pthread_mutex_unlock(&snap->lock);
		if (!err && !is_line(&row)) {
			told = tutela_audit_damaged(&row);
			err = told ? TUTELA_OK : TUTELA_E_NOMEM;
		}
		if (!err)
			more = told ? fn(ctx, told, strlen(told)) : fn(ctx, row.bytes, row.len);
		free(told);
	} while (!err && more);
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

enum tutela_err tutela_snapshot_entry(struct tutela_snapshot *snap, const char *list, struct tutela_text id,
				      struct tutela_record *out)
{
	const struct list_row *row = list ? tutela_view_named(snap->view, list) : NULL;
	uint8_t key[ENTRY_KEY_MAX];
	uint32_t number;
	struct entry e;
	enum tutela_err err;

	memset(out, 0, sizeof *out);
	if (!row || !id.len || id.len > TUTELA_ENTRY_ID_MAX)
		return TUTELA_E_NOTFOUND;
	(void)pthread_mutex_lock(&snap->lock);
	err = tutela_key_get(snap->store, snap->txn, key, tutela_schema_entry_key(row->number, id.s, id.len, key),
			     &number);
	if (!err)
		err = tutela_entry_visible(snap->store, snap->txn, number, snap->view->state.update, &number);
	if (!err)
		err = number ? tutela_entry_record(snap->store, snap->txn, number, &e, out) : TUTELA_E_NOTFOUND;
	(void)pthread_mutex_unlock(&snap->lock);
	return err;
}
