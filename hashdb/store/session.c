/* SPDX-License-Identifier: Apache-2.0 */
#include "store/session.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "store/cleanup.h"
#include "store/writer_lock.h"

/* LMDB keeps at most 131,071 dirty pages of 4 KiB in memory. */
#define WEIGHT_MAX 50000
#define PURGE_PART 10000

/* Everything a writer that died left behind, in bounded transactions. */
static enum tutela_err undo_pending(struct session *w)
{
	struct tutela_store *s = w->store;
	struct pending pending;
	enum tutela_err err;
	bool more = true;

	while (more) {
		err = tutela_env_begin(s, 0, &w->txn);
		if (!err)
			err = tutela_env_pending(s, w->txn, &pending);
		if (err == TUTELA_E_NOTFOUND) {
			tutela_env_abort(s, &w->txn);
			return TUTELA_OK;
		}
		if (!err)
			err = tutela_cleanup_undo(s, w->txn, &pending, &more);
		if (err) {
			tutela_env_abort(s, &w->txn);
			return err;
		}
		err = tutela_env_commit(s, &w->txn);
		if (err)
			return err;
	}
	return TUTELA_OK;
}

static enum tutela_err delete_removed(struct session *w)
{
	enum tutela_err err = TUTELA_OK;
	bool more = true;

	while (more && !err) {
		err = tutela_env_begin(w->store, 0, &w->txn);
		if (err)
			return err;
		err = tutela_cleanup_removed(w->store, w->txn, &more);
		if (err || !more)
			tutela_env_abort(w->store, &w->txn);
		else
			err = tutela_env_commit(w->store, &w->txn);
	}
	return err;
}

static enum tutela_err purge(struct session *w)
{
	for (;;) {
		enum tutela_err err = tutela_session_again(w);

		if (!err && w->state.purge_from == w->state.next_entry) {
			tutela_env_abort(w->store, &w->txn);
			return TUTELA_OK;
		}
		if (!err)
			err = tutela_cleanup_purge(w->store, w->txn, &w->state, PURGE_PART);
		if (!err)
			err = tutela_env_put_state(w->store, w->txn, &w->state);
		if (err) {
			tutela_env_abort(w->store, &w->txn);
			return err;
		}
		err = tutela_env_commit(w->store, &w->txn);
		if (err)
			return err;
	}
}

enum tutela_err tutela_session_again(struct session *w)
{
	enum tutela_err err = tutela_env_begin(w->store, 0, &w->txn);

	w->weight = 0;
	w->parted = false;
	if (!err)
		err = tutela_env_state(w->store, w->txn, &w->state);
	if (err)
		tutela_env_abort(w->store, &w->txn);
	return err;
}

enum tutela_err tutela_session_begin(struct tutela_store *s, bool rebuild, struct session *w)
{
	enum tutela_err err;
	int dead;

	*w = (struct session){.store = s, .lock = -1};
	if (!s->write)
		return tutela_store_fail(s, TUTELA_E_READONLY, "'%s' was opened for reading only", s->path);
	err = tutela_writer_lock(s, &w->lock);
	if (err)
		return err;
	/* Readers that died pin pages, and the file would grow. */
	(void)mdb_reader_check(s->env, &dead);
	err = undo_pending(w);
	if (!err)
		err = delete_removed(w);
	if (!err)
		err = purge(w);
	if (!err)
		err = tutela_session_again(w);
	/* A commit writes new sums: damage that is there must not be signed with them. */
	if (!err)
		err = tutela_env_check_lists(s, w->txn, &w->state);
	if (!err && !rebuild)
		err = tutela_env_check_segments(s, w->txn, &w->state);
	if (!err && !rebuild)
		err = tutela_cleanup_files(s, w->txn);
	if (err)
		tutela_session_end(w);
	return err;
}

static enum tutela_err part(struct session *w)
{
	struct pending p = {.update = w->state.update + 1, .started = time(NULL), .process = (uint32_t)getpid()};
	uint8_t buf[PENDING_MAX];
	struct state committed;
	enum tutela_err err;
	size_t len;

	if (!w->parted) {
		/* w->state runs ahead; what is on disk says where the update began. */
		err = tutela_env_state(w->store, w->txn, &committed);
		if (err)
			return err;
		p.first_entry = committed.next_entry;
		len = tutela_schema_put_pending(&p, buf, sizeof buf);
		err = tutela_env_put(w->store, w->txn, DB_META, "pending", 7, buf, len, 0);
		if (err)
			return err;
	}
	/* Also when this fails: how much of it reached the disk is not known. */
	w->parted = true;
	err = tutela_env_commit(w->store, &w->txn);
	w->weight = 0;
	return err ? err : tutela_env_begin(w->store, 0, &w->txn);
}

enum tutela_err tutela_session_spend(struct session *w, size_t pages)
{
	w->weight += pages;
	return w->weight > WEIGHT_MAX ? part(w) : TUTELA_OK;
}

enum tutela_err tutela_session_commit(struct session *w)
{
	enum tutela_err err = TUTELA_OK;

	if (w->parted)
		err = tutela_env_del(w->store, w->txn, DB_META, "pending", 7, NULL, 0);
	if (!err)
		err = tutela_env_set_state(w->store, w->txn, &w->state);
	if (!err)
		err = tutela_env_commit(w->store, &w->txn);
	if (!err)
		w->parted = w->files = false;
	return err;
}

static void sweep_files(struct session *w)
{
	MDB_txn *txn;

	if (tutela_env_begin(w->store, MDB_RDONLY, &txn))
		return;
	(void)tutela_cleanup_files(w->store, txn);
	tutela_env_abort(w->store, &txn);
}

void tutela_session_tidy(struct session *w)
{
	if (!delete_removed(w))
		(void)purge(w);
	sweep_files(w);
}

void tutela_session_end(struct session *w)
{
	int saved = errno;

	tutela_env_abort(w->store, &w->txn);
	if (w->parted)
		(void)undo_pending(w);
	/* On a full disk the space is wanted now, not at the next update. */
	if (w->files)
		sweep_files(w);
	w->parted = w->files = false;
	tutela_writer_unlock(&w->lock);
	errno = saved;
}
