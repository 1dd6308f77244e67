/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The open store: its LMDB environment, its folder, its errors. Everything in
 * hashdb/store goes through here to LMDB, so that LMDB's many ways to say
 * "disk full" become one.
 */
#ifndef TUTELA_STORE_ENV_H
#define TUTELA_STORE_ENV_H

#include <lmdb.h>
#include <pthread.h>

#include "store/page_guard.h"
#include "store/schema.h"

/* The build says less for the thread sanitizer, which leaves room for such a map at some addresses only. */
#ifndef MAP_BITS
#define MAP_BITS 40
#endif

#define IDENTITY_FILE    "TUTELA"
#define IDENTITY_NEW     "TUTELA.new" /* of a create that has not ended */
#define LOCK_FILE        "writer.lock"
#define DATA_FILE        "data.mdb"
#define ERROR_TEXT_MAX   1024
#define READERS_MAX      510
#define MAP_SIZE_DEFAULT ((uint64_t)1 << MAP_BITS)

enum store_db {
	DB_META,
	DB_LISTS,
	DB_ENTRIES,
	DB_KEYS,
	DB_DIGESTS,
	DB_SEGMENTS,
	DB_AUDIT,
	DB_SOURCES,
	DB_HELD,
	DB_JOURNAL,
	STORE_DBS
};

_Static_assert((int)STORE_DBS == GUARD_DBS, "the guard knows every database");

struct failure;
struct segment;
struct view;

struct tutela_store {
	char *path;
	int dir; /* -1 before it is open */
	MDB_env *env;
	MDB_dbi db[STORE_DBS];
	bool write, resident, no_lock;
	enum tutela_isa isa;
	pthread_mutex_t lock;     /* of what follows; never held during a search or an fsync */
	const uint8_t *map;       /* where LMDB has mapped the file; NULL: not known yet */
	unsigned txns;            /* open ones: the map may only be resized at 0 */
	struct segment *segments; /* index files that are open */
	struct view *view;        /* of the newest snapshot: the next one is often the same */
	struct failure *failures; /* last error text of each thread */
	unsigned n_failures;
};

/*
 * A transaction. LMDB's own is for env.c alone: whatever else reads or writes
 * goes through the guard.
 */
struct txn {
	MDB_txn *lmdb;
	size_t id; /* LMDB's number: equal ones have seen the same */
	bool write;
	struct page_guard guard;
};

/* Remember a sentence for this thread and return err, errno untouched. `s` may be NULL. */
enum tutela_err tutela_store_fail(struct tutela_store *s, enum tutela_err err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void tutela_store_fail_free(struct tutela_store *s);

/* The error for a failed system call on `what` ("writing index file 'x'"); uses errno and keeps it. */
enum tutela_err tutela_store_fail_sys(struct tutela_store *s, const char *what);

/* The error for LMDB's code; `what` as above. rc 0 is TUTELA_OK, MDB_NOTFOUND TUTELA_E_CORRUPT: ask first. */
enum tutela_err tutela_env_fail(struct tutela_store *s, int rc, const char *what);

/* Open the environment in s->path; `create` makes the databases. */
enum tutela_err tutela_env_open(struct tutela_store *s, uint64_t max_map, bool create);
void tutela_env_close(struct tutela_store *s);

/* MDB_RDONLY or 0. Every transaction ends by one of the two below, which set *txn to NULL. */
enum tutela_err tutela_env_begin(struct tutela_store *s, unsigned flags, struct txn **txn);
void tutela_env_abort(struct tutela_store *s, struct txn **txn);
enum tutela_err tutela_env_commit(struct tutela_store *s, struct txn **txn);

/* Take the map's pages out of this process; they stay in the system's cache and come back when they are read. */
void tutela_env_forget_pages(struct tutela_store *s);

/* TUTELA_E_NOTFOUND leaves no error text, here and below. */
enum tutela_err tutela_env_get(struct tutela_store *s, struct txn *txn, enum store_db db, const void *key,
			       size_t key_len, MDB_val *value);
enum tutela_err tutela_env_put(struct tutela_store *s, struct txn *txn, enum store_db db, const void *key,
			       size_t key_len, const void *value, size_t len, unsigned flags);
/* Deleting what is not there is no error. `value` picks one of several values, or NULL. */
enum tutela_err tutela_env_del(struct tutela_store *s, struct txn *txn, enum store_db db, const void *key,
			       size_t key_len, const void *value, size_t len);

/* Delete every row. */
enum tutela_err tutela_env_empty(struct tutela_store *s, struct txn *txn, enum store_db db);

/* A walk over the rows of one database. */
struct cursor {
	struct tutela_store *store;
	struct txn *txn;
	enum store_db db;
	MDB_cursor *lmdb; /* NULL: closed */
};
enum tutela_err tutela_cursor_open(struct tutela_store *s, struct txn *txn, enum store_db db, struct cursor *out);
void tutela_cursor_close(struct cursor *c);
/*
 * MDB_SET_RANGE, MDB_SET_KEY, MDB_GET_BOTH, MDB_NEXT (the first at first),
 * MDB_NEXT_DUP or MDB_LAST. TUTELA_E_NOTFOUND: there is no such row.
 */
enum tutela_err tutela_cursor_get(struct cursor *c, MDB_val *key, MDB_val *value, MDB_cursor_op op);

/* The state record: of "meta". */
enum tutela_err tutela_env_state(struct tutela_store *s, struct txn *txn, struct state *out);
/* Write it as it is; and with the sums of the lists' and segments' rows as they are in txn. */
enum tutela_err tutela_env_put_state(struct tutela_store *s, struct txn *txn, const struct state *st);
enum tutela_err tutela_env_set_state(struct tutela_store *s, struct txn *txn, struct state *st);
/* Are the lists and index files those that the state was written with? TUTELA_E_CORRUPT. */
enum tutela_err tutela_env_check_lists(struct tutela_store *s, struct txn *txn, const struct state *st);
enum tutela_err tutela_env_check_segments(struct tutela_store *s, struct txn *txn, const struct state *st);
/* The pending record; TUTELA_E_NOTFOUND when there is none. */
enum tutela_err tutela_env_pending(struct tutela_store *s, struct txn *txn, struct pending *out);

/* fsync of the store's folder. */
enum tutela_err tutela_env_sync_dir(struct tutela_store *s);

#endif
