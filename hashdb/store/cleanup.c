/* SPDX-License-Identifier: Apache-2.0 */
#include "store/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/entry_write.h"

#define PART 10000 /* entries of one transaction: each may touch some 20 pages in the worst case, usually 3 */

static enum tutela_err last_entry(struct tutela_store *s, MDB_txn *txn, uint32_t *number)
{
	MDB_cursor *cursor;
	MDB_val k, v;
	int rc = mdb_cursor_open(txn, s->db[DB_ENTRIES], &cursor);

	*number = 0;
	if (rc)
		return tutela_env_fail(s, rc, "reading");
	rc = mdb_cursor_get(cursor, &k, &v, MDB_LAST);
	if (!rc && k.mv_size == 4)
		*number = tutela_schema_get_key32(k.mv_data);
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? TUTELA_OK : tutela_env_fail(s, rc, "reading");
}

/* Give the key of an undone entry back to its predecessor. */
static enum tutela_err restore_key(struct tutela_store *s, MDB_txn *txn, uint32_t number, uint32_t prev,
				   const uint8_t *key, size_t key_len)
{
	uint32_t now;
	enum tutela_err err = tutela_key_get(s, txn, key, key_len, &now);

	if (err || now != number)
		return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
	return prev ? tutela_key_put(s, txn, key, key_len, prev)
		    : tutela_env_del(s, txn, DB_KEYS, key, key_len, NULL, 0);
}

static enum tutela_err undo_entry(struct tutela_store *s, MDB_txn *txn, uint32_t number, struct tutela_record *rec)
{
	uint8_t key[ENTRY_KEY_MAX];
	enum tutela_err err;
	struct entry e;
	size_t key_len;

	err = tutela_entry_record(s, txn, number, &e, rec);
	if (err)
		return err;
	key_len = tutela_schema_entry_key(e.list, rec->id.s, rec->id.len, key);
	err = tutela_digests_del(s, txn, rec, number);
	if (!err)
		err = restore_key(s, txn, number, e.prev, key, key_len);
	if (!err && e.prev)
		err = tutela_entry_set_gone(s, txn, e.prev, 0);
	return err ? err : tutela_entry_del(s, txn, number);
}

enum tutela_err tutela_cleanup_undo(struct tutela_store *s, MDB_txn *txn, const struct pending *p, bool *more)
{
	struct tutela_record *rec = tutela_mem_array(1, sizeof *rec);
	enum tutela_err err = rec ? TUTELA_OK : TUTELA_E_NOMEM;
	uint32_t number;

	*more = false;
	for (size_t n = 0; !err; n++) {
		err = last_entry(s, txn, &number);
		if (err || number < p->first_entry)
			break;
		if (n == PART) {
			*more = true;
			break;
		}
		err = undo_entry(s, txn, number, rec);
	}
	if (!err && !*more)
		err = tutela_env_del(s, txn, DB_META, "pending", 7, NULL, 0);
	free(rec);
	return err;
}

enum tutela_err tutela_cleanup_purge(struct tutela_store *s, MDB_txn *txn, struct state *st, size_t max)
{
	struct tutela_record *rec;
	enum tutela_err err = TUTELA_OK;
	struct entry e;

	if (st->purge_from == st->next_entry)
		return TUTELA_OK;
	rec = tutela_mem_array(1, sizeof *rec);
	if (!rec)
		return TUTELA_E_NOMEM;
	for (size_t n = 0; n < max && st->purge_from < st->next_entry; n++) {
		uint32_t prev;

		err = tutela_entry_get(s, txn, st->purge_from, &e);
		prev = err ? 0 : e.prev;
		if (prev)
			err = tutela_entry_record(s, txn, prev, &e, rec);
		if (prev && !err)
			err = tutela_digests_del(s, txn, rec, prev);
		/* Entries of removed lists are gone altogether. */
		if (err && err != TUTELA_E_NOTFOUND)
			break;
		err = TUTELA_OK;
		st->purge_from++;
	}
	free(rec);
	return err;
}

/* ------------------------------------------------------------------ removed lists */

#define REMOVED     "removed"
#define REMOVED_LEN 11

enum tutela_err tutela_cleanup_remove_later(struct tutela_store *s, MDB_txn *txn, uint32_t list)
{
	uint8_t key[REMOVED_LEN] = REMOVED;

	tutela_schema_key32(list, key + 7);
	return tutela_env_put(s, txn, DB_META, key, sizeof key, "", 0, 0);
}

static enum tutela_err first_removed(struct tutela_store *s, MDB_txn *txn, uint32_t *list)
{
	uint8_t key[] = REMOVED;
	MDB_val k = {7, key}, v;
	MDB_cursor *cursor;
	int rc = mdb_cursor_open(txn, s->db[DB_META], &cursor);

	*list = 0;
	if (rc)
		return tutela_env_fail(s, rc, "reading");
	rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	if (!rc && k.mv_size == REMOVED_LEN && !memcmp(k.mv_data, REMOVED, 7))
		*list = tutela_schema_get_key32((const uint8_t *)k.mv_data + 7);
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? TUTELA_OK : tutela_env_fail(s, rc, "reading");
}

/* The first key of a list and its number; *key_len 0 when the list has none left. */
static enum tutela_err first_key(struct tutela_store *s, MDB_txn *txn, uint32_t list, uint8_t *key, size_t *key_len,
				 uint32_t *number)
{
	MDB_cursor *cursor;
	MDB_val k = {4, key}, v;
	int rc = mdb_cursor_open(txn, s->db[DB_KEYS], &cursor);

	*key_len = 0;
	if (rc)
		return tutela_env_fail(s, rc, "reading");
	tutela_schema_key32(list, key);
	rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	if (!rc && k.mv_size > 4 && k.mv_size <= ENTRY_KEY_MAX && tutela_schema_get_key32(k.mv_data) == list) {
		struct bytes_reader r = bytes_reader_init(v.mv_data, v.mv_size);

		*number = bytes_u32(&r);
		*key_len = k.mv_size;
		memcpy(key, k.mv_data, k.mv_size);
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? TUTELA_OK : tutela_env_fail(s, rc, "reading");
}

/* Delete an entry and its predecessors; their key goes in the same transaction. */
static enum tutela_err delete_chain(struct tutela_store *s, MDB_txn *txn, uint32_t number, struct tutela_record *rec,
				    size_t *n)
{
	while (number) {
		enum tutela_err err;
		struct entry e;
		uint32_t prev;

		err = tutela_entry_record(s, txn, number, &e, rec);
		if (err == TUTELA_E_NOTFOUND)
			return TUTELA_OK;
		prev = e.prev;
		if (!err)
			err = tutela_digests_del(s, txn, rec, number);
		if (!err)
			err = tutela_entry_del(s, txn, number);
		if (err)
			return err;
		number = prev;
		++*n;
	}
	return TUTELA_OK;
}

enum tutela_err tutela_cleanup_removed(struct tutela_store *s, MDB_txn *txn, bool *more)
{
	struct tutela_record *rec;
	uint8_t key[ENTRY_KEY_MAX], mark[REMOVED_LEN] = REMOVED;
	enum tutela_err err;
	size_t key_len = 1, n = 0;
	uint32_t list, number = 0;

	*more = false;
	err = first_removed(s, txn, &list);
	if (err || !list)
		return err;
	rec = tutela_mem_array(1, sizeof *rec);
	if (!rec)
		return TUTELA_E_NOMEM;
	while (!err && key_len && n < PART) {
		err = first_key(s, txn, list, key, &key_len, &number);
		if (!err && key_len)
			err = delete_chain(s, txn, number, rec, &n);
		if (!err && key_len)
			err = tutela_env_del(s, txn, DB_KEYS, key, key_len, NULL, 0);
	}
	if (!err && !key_len) {
		tutela_schema_key32(list, mark + 7);
		err = tutela_env_del(s, txn, DB_META, mark, sizeof mark, NULL, 0);
	}
	*more = true; /* this list, or the next one */
	free(rec);
	return err;
}

/* ------------------------------------------------------------------ files */

static bool is_named(const struct segment_row *rows, size_t n, const char *name)
{
	char own[SEGMENT_NAME_MAX];

	for (size_t i = 0; i < n; i++) {
		tutela_schema_segment_name(&rows[i], own);
		if (!strcmp(own, name))
			return true;
	}
	return false;
}

enum tutela_err tutela_cleanup_files(struct tutela_store *s, MDB_txn *txn)
{
	struct segment_row *rows;
	enum tutela_err err;
	struct dirent *d;
	DIR *stream;
	size_t n;
	int copy;

	err = tutela_rows_segments(s, txn, NULL, &rows, &n);
	if (err)
		return err;
	copy = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	stream = copy < 0 ? NULL : fdopendir(copy);
	if (!stream) {
		err = tutela_store_fail_sys(s, "reading the folder");
		if (copy >= 0)
			(void)close(copy);
		free(rows);
		return err;
	}
	while ((d = readdir(stream))) {
		uint64_t number;

		if (tutela_schema_segment_parse(d->d_name, &number) && !is_named(rows, n, d->d_name))
			(void)unlinkat(s->dir, d->d_name, 0);
	}
	(void)closedir(stream);
	free(rows);
	return TUTELA_OK;
}
