/* SPDX-License-Identifier: Apache-2.0 */
#include "store/env.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/mem.h"

/* A short write at commit is EIO to LMDB. With less than this free it was the disk. */
#define NEARLY_FULL ((uint64_t)16 << 20)
/* Bytes of LMDB's table of READERS_MAX readers. */
#define READERS_LEN 32768

/* A writer would have to commit twice between two calls, this often in a row. */
#define BEGIN_TRIES 1000

static const struct {
	const char *name;
	unsigned flags;
} databases[STORE_DBS] = {
	[DB_META] = {"meta", 0},
	[DB_LISTS] = {"lists", 0},
	[DB_ENTRIES] = {"entries", 0},
	[DB_KEYS] = {"keys", 0},
	[DB_DIGESTS] = {"digests", MDB_DUPSORT | MDB_DUPFIXED},
	[DB_SEGMENTS] = {"segments", 0},
	[DB_AUDIT] = {"audit", 0},
	[DB_SOURCES] = {"sources", 0},
	[DB_HELD] = {"held", 0},
	[DB_JOURNAL] = {"journal", 0},
};

static bool disk_is_full(const struct tutela_store *s)
{
	struct statvfs fs;

	return s->dir >= 0 && !fstatvfs(s->dir, &fs) && (uint64_t)fs.f_bavail * fs.f_frsize < NEARLY_FULL;
}

static enum tutela_err error_of(const struct tutela_store *s, int rc)
{
	switch (rc) {
	case 0:
		return TUTELA_OK;
	case MDB_MAP_FULL:
	case MDB_READERS_FULL:
	case MDB_MAP_RESIZED:
		return TUTELA_E_FULL;
	case MDB_VERSION_MISMATCH:
		return TUTELA_E_VERSION;
	case MDB_NOTFOUND:
	case MDB_CORRUPTED:
	case MDB_INVALID:
	case MDB_PAGE_NOTFOUND:
	case MDB_INCOMPATIBLE:
	case MDB_BAD_VALSIZE:
		return TUTELA_E_CORRUPT;
	case ENOMEM:
		return TUTELA_E_NOMEM;
	case ENOSPC:
	case EDQUOT:
		return TUTELA_E_DISKFULL;
	case EROFS:
		return TUTELA_E_READONLY;
	case EIO:
	case MDB_PANIC:
		return disk_is_full(s) ? TUTELA_E_DISKFULL : TUTELA_E_SYS;
	default:
		return TUTELA_E_SYS;
	}
}

enum tutela_err tutela_env_fail(struct tutela_store *s, int rc, const char *what)
{
	enum tutela_err err = error_of(s, rc);

	if (!err)
		return err;
	if (err == TUTELA_E_SYS)
		errno = rc > 0 ? rc : EIO;
	if (err == TUTELA_E_DISKFULL)
		return tutela_store_fail(s, err, "%s in '%s': %s", what, s->path, tutela_strerror(err));
	if (rc == MDB_MAP_FULL || rc == MDB_MAP_RESIZED)
		return tutela_store_fail(s, err, "%s in '%s': the database has outgrown the map it was opened with",
					 what, s->path);
	return tutela_store_fail(s, err, "%s in '%s': %s", what, s->path, mdb_strerror(rc));
}

static MDB_val val(const void *p, size_t len)
{
	/* LMDB's struct has no const; it does not write through keys, nor through values here. */
	union {
		const void *in;
		void *out;
	} u = {.in = p};

	return (MDB_val){.mv_size = len, .mv_data = u.out};
}

static enum tutela_err open_databases(struct tutela_store *s, bool create)
{
	enum tutela_err err;
	struct txn *txn;

	err = tutela_env_begin(s, create ? 0 : MDB_RDONLY, &txn);
	if (err)
		return err;
	for (unsigned i = 0; i < STORE_DBS && !err; i++)
		err = tutela_env_fail(s,
				      mdb_dbi_open(txn->lmdb, databases[i].name,
						   databases[i].flags | (create ? MDB_CREATE : 0), &s->db[i]),
				      "opening the databases");
	if (!err)
		return tutela_env_commit(s, &txn);
	tutela_env_abort(s, &txn);
	return err;
}

static int open_env(struct tutela_store *s, uint64_t max_map)
{
	/* Never MDB_WRITEMAP, MDB_NOSYNC or MDB_NOMETASYNC: what commit acknowledged must survive a power cut. */
	unsigned flags = MDB_NOTLS | (s->write ? 0 : MDB_RDONLY) | (s->no_lock ? MDB_NOLOCK : 0);
	int rc = mdb_env_create(&s->env);

	if (!rc)
		rc = mdb_env_set_maxdbs(s->env, STORE_DBS);
	if (!rc)
		rc = mdb_env_set_maxreaders(s->env, READERS_MAX);
	if (!rc)
		rc = mdb_env_set_mapsize(s->env, max_map ? max_map : MAP_SIZE_DEFAULT);
	if (!rc)
		rc = mdb_env_open(s->env, s->path, flags, 0600);
	return rc;
}

/*
 * LMDB maps its reader table from a file with holes, and to write into a hole
 * on a full disk ends the process: have the place, or say that there is none.
 * What cannot be opened, LMDB will speak of; a file system without fallocate
 * is left as it is.
 */
static enum tutela_err reserve_readers(struct tutela_store *s)
{
	int fd = openat(s->dir, "lock.mdb", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	enum tutela_err err = TUTELA_OK;
	struct stat st;

	if (fd < 0)
		return TUTELA_OK;
	if (!fstat(fd, &st) && (uint64_t)st.st_blocks * 512 < READERS_LEN && fallocate(fd, 0, 0, READERS_LEN) &&
	    (errno == ENOSPC || errno == EDQUOT || errno == EIO))
		err = tutela_store_fail_sys(s, "making room for 'lock.mdb'");
	/* No other environment of this process may be open here: its locks would go with this descriptor. */
	(void)close(fd);
	return err;
}

/* LMDB computes with what they say before it could be asked anything. */
static enum tutela_err check_metas(struct tutela_store *s)
{
	int fd = openat(s->dir, DATA_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	enum tutela_err err;

	if (fd < 0)
		return tutela_store_fail_sys(s, "opening 'data.mdb'");
	err = tutela_guard_metas(s, fd);
	(void)close(fd);
	return err;
}

enum tutela_err tutela_env_open(struct tutela_store *s, uint64_t max_map, bool create)
{
	struct statvfs fs;
	enum tutela_err err;

	if (!fstatvfs(s->dir, &fs) && (fs.f_flag & ST_RDONLY)) {
		if (s->write)
			return tutela_store_fail(s, TUTELA_E_READONLY, "'%s' is on a read-only file system", s->path);
		/* There is no place for a reader table, and nobody who could write. */
		s->no_lock = true;
	}
	err = s->no_lock ? TUTELA_OK : reserve_readers(s);
	if (!err && !create)
		err = check_metas(s);
	if (!err)
		err = tutela_env_fail(s, open_env(s, max_map), "opening the database");
	if (!err) {
		int dead;

		/* Readers that died pin pages, and the file would grow. */
		(void)mdb_reader_check(s->env, &dead);
		err = open_databases(s, create);
	}
	return err;
}

void tutela_env_close(struct tutela_store *s)
{
	if (s->env)
		mdb_env_close(s->env);
	s->env = NULL;
}

/* ------------------------------------------------------------------ transactions */

/* Another process has made the database larger than our map, which is in use by `own` transactions. The lock is held.
 */
static int resize(struct tutela_store *s, unsigned own)
{
	if (s->txns > own)
		return MDB_MAP_RESIZED;
	s->map = NULL;
	return mdb_env_set_mapsize(s->env, 0);
}

/* LMDB's reader. One at a time: the next one may have to find a larger map. */
static int begin_read(struct tutela_store *s, MDB_txn **out)
{
	int rc, dead;

	(void)pthread_mutex_lock(&s->lock);
	rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, out);
	if (rc == MDB_MAP_RESIZED && !(rc = resize(s, 0)))
		rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, out);
	if (rc == MDB_READERS_FULL) {
		/* Places of processes that died are not given back by themselves. */
		(void)mdb_reader_check(s->env, &dead);
		rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, out);
	}
	s->txns += !rc;
	(void)pthread_mutex_unlock(&s->lock);
	return rc;
}

/* LMDB's writer. It holds LMDB's own mutex from here to its end: nobody may wait for that with ours in hand. */
static int begin_write(struct tutela_store *s, MDB_txn **out)
{
	int rc;

	(void)pthread_mutex_lock(&s->lock);
	s->txns++;
	(void)pthread_mutex_unlock(&s->lock);
	rc = mdb_txn_begin(s->env, NULL, 0, out);
	if (!rc)
		return rc;
	(void)pthread_mutex_lock(&s->lock);
	if (rc == MDB_MAP_RESIZED)
		rc = resize(s, 1);
	(void)pthread_mutex_unlock(&s->lock);
	if (!rc)
		rc = mdb_txn_begin(s->env, NULL, 0, out);
	if (!rc)
		return rc;
	(void)pthread_mutex_lock(&s->lock);
	s->txns--;
	(void)pthread_mutex_unlock(&s->lock);
	return rc;
}

/*
 * LMDB tells no address of its map: found by a value whose place in the file
 * is known. The hashes must not end up in core dumps.
 */
static void find_map(struct tutela_store *s, struct txn *txn)
{
	/* In order of name. */
	MDB_val k = val(databases[DB_AUDIT].name, strlen(databases[DB_AUDIT].name)), v;
	MDB_envinfo info;
	MDB_dbi records;

	(void)pthread_mutex_lock(&s->lock);
	if (!s->map && txn->guard.record_at && !mdb_dbi_open(txn->lmdb, NULL, 0, &records) &&
	    !mdb_get(txn->lmdb, records, &k, &v) && !mdb_env_info(s->env, &info)) {
		s->map = (const uint8_t *)v.mv_data - txn->guard.record_at;
		(void)madvise((uint8_t *)v.mv_data - txn->guard.record_at, info.me_mapsize, MADV_DONTDUMP);
	}
	txn->guard.map = s->map;
	(void)pthread_mutex_unlock(&s->lock);
}

static enum tutela_err begin_guarded(struct tutela_store *s, struct txn *txn)
{
	enum tutela_err err;
	mdb_filehandle_t fd;
	int rc;

	rc = txn->write ? begin_write(s, &txn->lmdb) : begin_read(s, &txn->lmdb);
	if (rc)
		return tutela_env_fail(s, rc, "beginning a transaction");
	txn->id = mdb_txn_id(txn->lmdb);
	err = tutela_env_fail(s, mdb_env_get_fd(s->env, &fd), "beginning a transaction");
	if (!err)
		err = tutela_guard_begin(&txn->guard, s, fd, txn->id - txn->write);
	if (!err)
		find_map(s, txn);
	if (!err && txn->write)
		err = tutela_guard_free_pages(&txn->guard);
	return err;
}

enum tutela_err tutela_env_begin(struct tutela_store *s, unsigned flags, struct txn **txn)
{
	enum tutela_err err = TUTELA_E_BUSY;

	*txn = NULL;
	for (unsigned i = 0; err == TUTELA_E_BUSY && i < BEGIN_TRIES; i++) {
		*txn = tutela_mem_array(1, sizeof **txn);
		if (!*txn)
			return TUTELA_E_NOMEM;
		(*txn)->write = !(flags & MDB_RDONLY);
		err = begin_guarded(s, *txn);
		if (err)
			tutela_env_abort(s, txn);
	}
	if (err == TUTELA_E_BUSY)
		return tutela_store_fail(s, TUTELA_E_CORRUPT, "the meta pages of '%s' do not hold still", s->path);
	return err;
}

static void ended(struct tutela_store *s, struct txn **txn)
{
	tutela_guard_end(&(*txn)->guard);
	(void)pthread_mutex_lock(&s->lock);
	s->txns--;
	(void)pthread_mutex_unlock(&s->lock);
	free(*txn);
	*txn = NULL;
}

void tutela_env_abort(struct tutela_store *s, struct txn **txn)
{
	if (!*txn)
		return;
	if ((*txn)->lmdb) {
		mdb_txn_abort((*txn)->lmdb);
		ended(s, txn);
	}
	free(*txn);
	*txn = NULL;
}

enum tutela_err tutela_env_commit(struct tutela_store *s, struct txn **txn)
{
	int rc = mdb_txn_commit((*txn)->lmdb);

	ended(s, txn);
	return tutela_env_fail(s, rc, "committing");
}

void tutela_env_forget_pages(struct tutela_store *s)
{
	MDB_envinfo info;

	/* A shared map that is only read: nothing is lost. */
	if (s->map && !mdb_env_info(s->env, &info))
		(void)madvise(val(s->map, 0).mv_data, info.me_mapsize, MADV_DONTNEED);
}

enum tutela_err tutela_env_get(struct tutela_store *s, struct txn *txn, enum store_db db, const void *key,
			       size_t key_len, MDB_val *value)
{
	MDB_val k = val(key, key_len);
	enum tutela_err err = tutela_guard_key(&txn->guard, db, key, key_len, NULL, 0);
	int rc;

	*value = (MDB_val){0};
	if (err)
		return err;
	rc = mdb_get(txn->lmdb, s->db[db], &k, value);
	if (rc == MDB_NOTFOUND)
		return TUTELA_E_NOTFOUND;
	err = tutela_env_fail(s, rc, "reading");
	return err ? err : tutela_guard_value(&txn->guard, db, key, key_len, value->mv_size);
}

enum tutela_err tutela_env_put(struct tutela_store *s, struct txn *txn, enum store_db db, const void *key,
			       size_t key_len, const void *value, size_t len, unsigned flags)
{
	MDB_val k = val(key, key_len), v = val(value, len);
	enum tutela_err err = flags & MDB_APPEND ? tutela_guard_last(&txn->guard, db)
						 : tutela_guard_key(&txn->guard, db, key, key_len, value, len);
	int rc;

	if (err)
		return err;
	rc = mdb_put(txn->lmdb, s->db[db], &k, &v, flags);
	if (rc == MDB_KEYEXIST && (flags & MDB_NODUPDATA))
		return TUTELA_OK;
	return tutela_env_fail(s, rc, "writing");
}

enum tutela_err tutela_env_del(struct tutela_store *s, struct txn *txn, enum store_db db, const void *key,
			       size_t key_len, const void *value, size_t len)
{
	MDB_val k = val(key, key_len), v = val(value, len);
	enum tutela_err err = tutela_guard_key(&txn->guard, db, key, key_len, value, len);
	int rc;

	if (err)
		return err;
	rc = mdb_del(txn->lmdb, s->db[db], &k, value ? &v : NULL);
	if (rc == MDB_NOTFOUND)
		return TUTELA_OK;
	return tutela_env_fail(s, rc, "deleting");
}

enum tutela_err tutela_env_empty(struct tutela_store *s, struct txn *txn, enum store_db db)
{
	enum tutela_err err = tutela_guard_all(&txn->guard, db);

	return err ? err : tutela_env_fail(s, mdb_drop(txn->lmdb, s->db[db], 0), "deleting");
}

/* ------------------------------------------------------------------ cursors */

enum tutela_err tutela_cursor_open(struct tutela_store *s, struct txn *txn, enum store_db db, struct cursor *out)
{
	*out = (struct cursor){.store = s, .txn = txn, .db = db};
	return tutela_env_fail(s, mdb_cursor_open(txn->lmdb, s->db[db], &out->lmdb), "reading");
}

void tutela_cursor_close(struct cursor *c)
{
	if (c->lmdb)
		mdb_cursor_close(c->lmdb);
	c->lmdb = NULL;
}

/* The pages that the operation may touch. */
static enum tutela_err guard_step(struct cursor *c, const MDB_val *key, const MDB_val *value, MDB_cursor_op op)
{
	struct page_guard *g = &c->txn->guard;
	MDB_val k, v;

	if (op == MDB_LAST)
		return tutela_guard_last(g, c->db);
	if (op == MDB_GET_BOTH)
		return tutela_guard_key(g, c->db, key->mv_data, key->mv_size, value->mv_data, value->mv_size);
	if (op == MDB_SET_RANGE || op == MDB_SET_KEY)
		return tutela_guard_key(g, c->db, key->mv_data, key->mv_size, NULL, 0);
	/* From where it stands: the walk to a key checks the leaf behind it, too. */
	if (mdb_cursor_get(c->lmdb, &k, &v, MDB_GET_CURRENT))
		return tutela_guard_key(g, c->db, "", 0, NULL, 0);
	return tutela_guard_key(g, c->db, k.mv_data, k.mv_size, v.mv_data, v.mv_size);
}

enum tutela_err tutela_cursor_get(struct cursor *c, MDB_val *key, MDB_val *value, MDB_cursor_op op)
{
	enum tutela_err err = guard_step(c, key, value, op);
	int rc;

	if (err)
		return err;
	rc = mdb_cursor_get(c->lmdb, key, value, op);
	if (rc == MDB_NOTFOUND)
		return TUTELA_E_NOTFOUND;
	err = tutela_env_fail(c->store, rc, "reading");
	return err ? err : tutela_guard_value(&c->txn->guard, c->db, key->mv_data, key->mv_size, value->mv_size);
}

/* ------------------------------------------------------------------ state */

enum tutela_err tutela_env_state(struct tutela_store *s, struct txn *txn, struct state *out)
{
	enum tutela_err err;
	MDB_val v;

	memset(out, 0, sizeof *out);
	err = tutela_env_get(s, txn, DB_META, "state", 5, &v);
	if (err == TUTELA_E_NOTFOUND)
		err = TUTELA_E_CORRUPT;
	else if (!err)
		err = tutela_schema_get_state(v.mv_data, v.mv_size, out);
	if (err == TUTELA_E_VERSION)
		return tutela_store_fail(s, err, "'%s' was made by a newer version of Tutela", s->path);
	if (err == TUTELA_E_CORRUPT)
		return tutela_store_fail(s, err, "the state record of '%s' is damaged", s->path);
	return err;
}

/* Number of rows of a database and the sum of their seals. */
static enum tutela_err sum_rows(struct tutela_store *s, struct txn *txn, enum store_db db, uint32_t *n, uint64_t *sum)
{
	struct cursor cursor;
	enum tutela_err err = tutela_cursor_open(s, txn, db, &cursor);
	MDB_val k, v;

	*n = 0;
	*sum = 0;
	while (!err) {
		err = tutela_cursor_get(&cursor, &k, &v, MDB_NEXT);
		if (err)
			break;
		++*n;
		*sum += tutela_checksum(v.mv_data, v.mv_size);
	}
	tutela_cursor_close(&cursor);
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

static enum tutela_err check_sum(struct tutela_store *s, struct txn *txn, enum store_db db, const char *what,
				 uint32_t n, uint64_t sum)
{
	uint32_t n_now;
	uint64_t sum_now;
	enum tutela_err err = sum_rows(s, txn, db, &n_now, &sum_now);

	if (err || (n == n_now && sum == sum_now))
		return err;
	return tutela_store_fail(s, TUTELA_E_CORRUPT, "the %s of '%s' are not those of its last commit", what, s->path);
}

enum tutela_err tutela_env_check_lists(struct tutela_store *s, struct txn *txn, const struct state *st)
{
	return check_sum(s, txn, DB_LISTS, "lists", st->n_lists, st->lists_sum);
}

enum tutela_err tutela_env_check_segments(struct tutela_store *s, struct txn *txn, const struct state *st)
{
	return check_sum(s, txn, DB_SEGMENTS, "index files", st->n_segments, st->segments_sum);
}

enum tutela_err tutela_env_put_state(struct tutela_store *s, struct txn *txn, const struct state *st)
{
	uint8_t buf[STATE_MAX];
	size_t len = tutela_schema_put_state(st, buf, sizeof buf);

	return tutela_env_put(s, txn, DB_META, "state", 5, buf, len, 0);
}

enum tutela_err tutela_env_set_state(struct tutela_store *s, struct txn *txn, struct state *st)
{
	enum tutela_err err;

	err = sum_rows(s, txn, DB_LISTS, &st->n_lists, &st->lists_sum);
	if (!err)
		err = sum_rows(s, txn, DB_SEGMENTS, &st->n_segments, &st->segments_sum);
	return err ? err : tutela_env_put_state(s, txn, st);
}

enum tutela_err tutela_env_pending(struct tutela_store *s, struct txn *txn, struct pending *out)
{
	enum tutela_err err;
	MDB_val v;

	memset(out, 0, sizeof *out);
	err = tutela_env_get(s, txn, DB_META, "pending", 7, &v);
	if (err)
		return err;
	err = tutela_schema_get_pending(v.mv_data, v.mv_size, out);
	if (err)
		return tutela_store_fail(s, err, "the record of an unfinished update in '%s' is damaged", s->path);
	return TUTELA_OK;
}

enum tutela_err tutela_env_sync_dir(struct tutela_store *s)
{
	return fsync(s->dir) ? tutela_store_fail_sys(s, "syncing the folder") : TUTELA_OK;
}
