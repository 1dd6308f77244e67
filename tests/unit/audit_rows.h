/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and values of an audit log, read and written behind the store's back by somebody who knows LMDB and the seal. */
#ifndef TESTS_AUDIT_ROWS_H
#define TESTS_AUDIT_ROWS_H

#include "store_data.h"

#include <lmdb.h>

#include <tutela/audit.h>

#include "store/schema.h"

#define ROWS_MAX 100
#ifndef VALUE_MAX
#define VALUE_MAX 1024
#endif

struct row {
	uint8_t key[9], value[VALUE_MAX];
	size_t key_len, len;
};

struct rows {
	size_t n;
	struct row row[ROWS_MAX];
};

static inline MDB_env *rows_env(const char *path, MDB_txn **txn, MDB_dbi *dbi)
{
	MDB_env *env;

	cr_assert(!mdb_env_create(&env) && !mdb_env_set_maxdbs(env, 16) && !mdb_env_set_mapsize(env, 1 << 26));
	cr_assert(!mdb_env_open(env, path, MDB_NOSYNC, 0600));
	cr_assert(!mdb_txn_begin(env, NULL, 0, txn) && !mdb_dbi_open(*txn, "audit", 0, dbi));
	return env;
}

static inline void rows_read(const char *path, struct rows *out)
{
	MDB_txn *txn;
	MDB_dbi dbi;
	MDB_cursor *cursor;
	MDB_val k, v;
	MDB_env *env = rows_env(path, &txn, &dbi);

	out->n = 0;
	cr_assert_eq(mdb_cursor_open(txn, dbi, &cursor), 0);
	while (!mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
		struct row *r = &out->row[out->n++];

		cr_assert(out->n <= ROWS_MAX && k.mv_size <= sizeof r->key && v.mv_size <= VALUE_MAX);
		memcpy(r->key, k.mv_data, k.mv_size);
		memcpy(r->value, v.mv_data, v.mv_size);
		r->key_len = k.mv_size;
		r->len = v.mv_size;
	}
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	mdb_env_close(env);
}

/* Rows of no length are left out. */
static inline void rows_write(const char *path, struct rows *rows)
{
	MDB_txn *txn;
	MDB_dbi dbi;
	MDB_env *env = rows_env(path, &txn, &dbi);

	cr_assert_eq(mdb_drop(txn, dbi, 0), 0);
	for (size_t i = 0; i < rows->n; i++) {
		MDB_val k = {rows->row[i].key_len, rows->row[i].key};
		MDB_val v = {rows->row[i].len, rows->row[i].value};

		cr_assert(!v.mv_size || !mdb_put(txn, dbi, &k, &v, 0));
	}
	cr_assert_eq(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

/* The seal as if the text had always been so. */
static inline void row_seal(struct row *r)
{
	struct bytes_writer w = bytes_writer_init(r->value + r->len - SEAL_LEN, SEAL_LEN);

	tutela_schema_seal(&w, r->value, SCHEMA_AUDIT, r->key, r->key_len);
	cr_assert_not(w.failed);
}

/* A store whose log has 1 + n records. */
static inline struct tutela_store *log_make(char path[64], unsigned n)
{
	struct tutela_store *s = store_make(path);

	for (unsigned i = 0; i < n; i++)
		OK(tutela_audit_note(s, i % 2 ? "scan-end" : "scan-start", "{\"files\":17}"));
	return s;
}

static inline struct tutela_audit_checkpoint log_point(struct tutela_store *s)
{
	struct tutela_audit_checkpoint out;
	struct tutela_snapshot *snap = snapshot_of(s);

	OK(tutela_snapshot_audit_head(snap, &out));
	tutela_snapshot_close(snap);
	return out;
}

/* The number of the first record that does not hold and that nobody owns up to, 0: none. */
static inline uint64_t log_verify(const char *path, const struct tutela_audit_checkpoint *points, size_t n,
				  struct tutela_audit_verdict *v)
{
	struct tutela_store *s = store_open(path, false);
	struct tutela_snapshot *snap = snapshot_of(s);
	enum tutela_err err = tutela_audit_verify(snap, points, n, v);

	cr_assert_eq(err, v->bad || v->n_gaps ? TUTELA_E_CORRUPT : TUTELA_OK);
	cr_assert_eq(!v->bad, !*v->reason);
	tutela_snapshot_close(snap);
	tutela_store_close(s);
	return v->bad;
}

#endif
