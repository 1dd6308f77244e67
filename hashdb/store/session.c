/* SPDX-License-Identifier: Apache-2.0 */
#include "store/session.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "store/cleanup.h"
#include "store/writer_lock.h"

/* LMDB keeps at most 131,071 dirty pages of 4 KiB in memory. Smaller in the tests of sudden death. */
#ifndef WEIGHT_MAX
#define WEIGHT_MAX 16000
#endif
#define FILL_LEAST 2048 /* bytes of rows in a page that is full; longer ones have pages of their own */
#define ROW_EXTRA  24   /* of LMDB beside key and value */

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
	err = tutela_cleanup_undo(w);
	if (!err)
		err = tutela_cleanup_removed(w);
	if (!err)
		err = tutela_cleanup_purge(w);
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
	/* All of a large store would pass through the map and count as this process's memory. */
	tutela_env_forget_pages(w->store);
	return err ? err : tutela_env_begin(w->store, 0, &w->txn);
}

enum tutela_err tutela_session_spend(struct session *w, size_t pages)
{
	w->weight += pages;
	return w->weight > WEIGHT_MAX ? part(w) : TUTELA_OK;
}

enum tutela_err tutela_session_spend_appended(struct session *w, size_t len)
{
	size_t pages = len / FILL_LEAST;

	w->bytes += len + ROW_EXTRA;
	pages += w->bytes / FILL_LEAST;
	w->bytes %= FILL_LEAST;
	return tutela_session_spend(w, pages);
}

enum tutela_err tutela_session_pause(struct session *w, size_t pages)
{
	enum tutela_err err;

	w->weight += pages;
	if (w->weight <= WEIGHT_MAX)
		return TUTELA_OK;
	err = tutela_env_commit(w->store, &w->txn);
	w->weight = 0;
	return err ? err : tutela_env_begin(w->store, 0, &w->txn);
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
	struct txn *txn;

	if (tutela_env_begin(w->store, MDB_RDONLY, &txn))
		return;
	(void)tutela_cleanup_files(w->store, txn);
	tutela_env_abort(w->store, &txn);
}

void tutela_session_tidy(struct session *w)
{
	if (!tutela_cleanup_removed(w))
		(void)tutela_cleanup_purge(w);
	sweep_files(w);
}

void tutela_session_end(struct session *w)
{
	int saved = errno;

	tutela_env_abort(w->store, &w->txn);
	if (w->parted)
		(void)tutela_cleanup_undo(w);
	/* On a full disk the space is wanted now, not at the next update. */
	if (w->files)
		sweep_files(w);
	w->parted = w->files = false;
	tutela_writer_unlock(&w->lock);
	errno = saved;
}
