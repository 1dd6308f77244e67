/* SPDX-License-Identifier: Apache-2.0 */
/* The database "journal": rows of store/journal_row.h, numbered from 1 in the order in which they came. */
#include <tutela/hash.h>
#include <tutela/journal.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "exchange/utc_time.h"
#include "store/audit_log.h"
#include "store/journal_row.h"
#include "store/session.h"

#define PRUNE_PAGES 2 /* that deleting a row may dirty */

struct tutela_journal_batch {
	uint8_t *bytes; /* rows, each after its length u32 */
	size_t used, room;
};

enum tutela_err tutela_journal_batch_new(struct tutela_journal_batch **out)
{
	*out = tutela_mem_array(1, sizeof **out);
	return *out ? TUTELA_OK : TUTELA_E_NOMEM;
}

void tutela_journal_batch_free(struct tutela_journal_batch *b)
{
	if (b)
		free(b->bytes);
	free(b);
}

size_t tutela_journal_batch_bytes(const struct tutela_journal_batch *b)
{
	return b->used;
}

/* ------------------------------------------------------------------ in */

enum tutela_err tutela_journal_batch_add(struct tutela_journal_batch *b, const struct tutela_journal_file *f)
{
	size_t most = 4 + tutela_journal_row_room(f) + SEAL_LEN, len;
	struct bytes_writer w, head;
	enum tutela_err err;

	if (f->n_hashes > TUTELA_JOURNAL_HASHES_MAX || f->verdict > 255 || f->quality > 100)
		return TUTELA_E_ARG;
	if (b->room - b->used < most) {
		size_t room = 2 * b->room + most;
		uint8_t *bigger = tutela_mem_resize(b->bytes, room, 1);

		if (!bigger)
			return TUTELA_E_NOMEM;
		b->bytes = bigger;
		b->room = room;
	}
	w = bytes_writer_init(b->bytes + b->used + 4, most - 4);
	err = tutela_journal_row_put(f, &w);
	if (err)
		return err;
	len = (size_t)(w.at - (b->bytes + b->used + 4));
	head = bytes_writer_init(b->bytes + b->used, 4);
	bytes_put_u32(&head, (uint32_t)len);
	b->used += 4 + len;
	return TUTELA_OK;
}

static enum tutela_err last_number(struct session *w, uint64_t *out)
{
	struct cursor cursor;
	enum tutela_err err = tutela_cursor_open(w->store, w->txn, DB_JOURNAL, &cursor);
	MDB_val k, v;

	*out = 0;
	if (!err)
		err = tutela_cursor_get(&cursor, &k, &v, MDB_LAST);
	if (!err && k.mv_size == 8)
		*out = tutela_schema_get_key64(k.mv_data);
	tutela_cursor_close(&cursor);
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

static enum tutela_err write_row(struct session *w, uint64_t number, const uint8_t *row, size_t len)
{
	uint8_t key[8], *value = tutela_mem_array(len + SEAL_LEN, 1);
	struct bytes_writer to;
	enum tutela_err err;

	if (!value)
		return TUTELA_E_NOMEM;
	to = bytes_writer_init(value, len + SEAL_LEN);
	tutela_schema_key64(number, key);
	bytes_put(&to, row, len);
	tutela_schema_seal(&to, value, SCHEMA_JOURNAL, key, sizeof key);
	err = tutela_env_put(w->store, w->txn, DB_JOURNAL, key, sizeof key, value, len + SEAL_LEN, MDB_APPEND);
	free(value);
	return err;
}

enum tutela_err tutela_journal_batch_write(struct tutela_journal_batch *b, struct tutela_store *s)
{
	struct bytes_reader r = bytes_reader_init(b->bytes, b->used);
	struct session w;
	uint64_t number;
	enum tutela_err err;

	if (!b->used)
		return TUTELA_OK;
	err = tutela_session_begin(s, false, &w);
	if (err)
		return err;
	err = last_number(&w, &number);
	while (!err && r.at < r.end) {
		size_t len = bytes_u32(&r);

		err = write_row(&w, ++number, bytes_take(&r, len), len);
	}
	if (!err)
		err = tutela_session_commit(&w);
	if (!err)
		b->used = 0;
	tutela_session_end(&w);
	return err;
}

/* ------------------------------------------------------------------ out */

struct walk {
	uint64_t number; /* of the row at hand */
	size_t len;
	bool damaged; /* it cannot be read */
	struct journal_row u;
};

static void walk_free(struct walk *w)
{
	if (w)
		free(w->u.hits);
	free(w);
}

/* The next row. TUTELA_E_NOTFOUND at the end. */
static enum tutela_err read_row(struct tutela_store *s, struct txn *txn, struct walk *w)
{
	struct cursor cursor;
	uint8_t key[8];
	MDB_val k = {sizeof key, key}, v;
	enum tutela_err err;

	if (w->number == UINT64_MAX)
		return TUTELA_E_NOTFOUND;
	tutela_schema_key64(w->number + 1, key);
	err = tutela_cursor_open(s, txn, DB_JOURNAL, &cursor);
	if (!err)
		err = tutela_cursor_get(&cursor, &k, &v, MDB_SET_RANGE);
	tutela_cursor_close(&cursor);
	if (err)
		return err;
	if (k.mv_size != 8 || tutela_schema_get_key64(k.mv_data) <= w->number)
		return tutela_store_fail(s, TUTELA_E_CORRUPT, "a key of the journal of '%s' is damaged", s->path);
	w->number = tutela_schema_get_key64(k.mv_data);
	err = tutela_schema_unseal(v.mv_data, v.mv_size, SCHEMA_JOURNAL, k.mv_data, 8, &w->len);
	if (!err)
		err = tutela_journal_row_get(v.mv_data, w->len, &w->u);
	w->damaged = err == TUTELA_E_CORRUPT;
	return w->damaged ? TUTELA_OK : err;
}

/* What it holds stays where it is while the snapshot is open. */
static enum tutela_err next_row(struct tutela_snapshot *snap, struct walk *w)
{
	enum tutela_err err;

	(void)pthread_mutex_lock(&snap->lock);
	err = read_row(snap->store, snap->txn, w);
	(void)pthread_mutex_unlock(&snap->lock);
	return err;
}

static enum tutela_err tell_damage(struct tutela_snapshot *snap, uint64_t bad, uint64_t rows)
{
	return tutela_store_fail(snap->store, TUTELA_E_CORRUPT,
				 "%llu of %llu records of the journal of '%s' %s damaged", (unsigned long long)bad,
				 (unsigned long long)rows, snap->store->path, bad == 1 ? "is" : "are");
}

enum tutela_err tutela_snapshot_journal(struct tutela_snapshot *snap,
					bool (*fn)(void *ctx, const struct tutela_journal_file *f),
					void (*damaged)(void *ctx, uint64_t number), void *ctx)
{
	struct walk *w = tutela_mem_array(1, sizeof *w);
	enum tutela_err err = w ? TUTELA_OK : TUTELA_E_NOMEM;
	uint64_t bad = 0, rows = 0;

	while (!err) {
		err = next_row(snap, w);
		if (err)
			break;
		rows++;
		bad += w->damaged;
		if (!w->damaged && !fn(ctx, &w->u.file))
			break;
		if (w->damaged && damaged)
			damaged(ctx, w->number);
	}
	walk_free(w);
	if (err && err != TUTELA_E_NOTFOUND)
		return err;
	return bad ? tell_damage(snap, bad, rows) : TUTELA_OK;
}

/* ------------------------------------------------------------------ how much, and less of it */

static void count_row(struct tutela_journal_info *i, const struct tutela_journal_file *f, size_t len)
{
	i->first = !i->files || f->time < i->first ? f->time : i->first;
	i->last = !i->files || f->time > i->last ? f->time : i->last;
	i->files++;
	i->hits += f->n_hits;
	i->bytes += len;
}

enum tutela_err tutela_snapshot_journal_info(struct tutela_snapshot *snap, struct tutela_journal_info *out)
{
	struct walk *w = tutela_mem_array(1, sizeof *w);
	enum tutela_err err = w ? TUTELA_OK : TUTELA_E_NOMEM;

	memset(out, 0, sizeof *out);
	while (!err) {
		err = next_row(snap, w);
		if (!err && w->damaged)
			out->damaged++;
		else if (!err)
			count_row(out, &w->u.file, w->len);
	}
	walk_free(w);
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

static enum tutela_err delete_row(struct session *w, uint64_t number)
{
	uint8_t key[8];
	enum tutela_err err;

	tutela_schema_key64(number, key);
	err = tutela_env_del(w->store, w->txn, DB_JOURNAL, key, sizeof key, NULL, 0);
	return err ? err : tutela_session_pause(w, PRUNE_PAGES);
}

/* One pass over what is older than `before`: counts it, and deletes it when asked to. */
static enum tutela_err pass(struct session *w, int64_t before, bool delete, struct walk *at,
			    struct tutela_journal_info *out)
{
	enum tutela_err err = TUTELA_OK;
	bool old = true;

	memset(out, 0, sizeof *out);
	at->number = 0;
	while (!err) {
		err = read_row(w->store, w->txn, at);
		old = at->damaged ? old : at->u.file.time < before;
		if (err || !old)
			continue;
		if (at->damaged)
			out->damaged++;
		else
			count_row(out, &at->u.file, at->len);
		if (delete)
			err = delete_row(w, at->number);
	}
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

static enum tutela_err tell_prune(struct session *w, int64_t before, const struct tutela_journal_info *i)
{
	json_t *o = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "before", (json_int_t)before, "files",
			      (json_int_t)i->files, "hits", (json_int_t)i->hits, "damaged", (json_int_t)i->damaged,
			      "first", (json_int_t)i->first, "last", (json_int_t)i->last);
	char when[UTC_TIME_TEXT];
	enum tutela_err err = o ? TUTELA_OK : TUTELA_E_NOMEM;

	/* As people read them; what no calendar holds stays a number. */
	if (tutela_utc_format(before, when))
		(void)json_object_set_new(o, "before", json_string(when));
	if (i->files && tutela_utc_format(i->first, when))
		(void)json_object_set_new(o, "first", json_string(when));
	if (i->files && tutela_utc_format(i->last, when))
		(void)json_object_set_new(o, "last", json_string(when));
	if (!err)
		err = tutela_audit_add(w->store, w->txn, &(struct audit_event){.action = "journal-prune", .detail = o});
	json_decref(o);
	return err;
}

static enum tutela_err prune(struct session *w, int64_t before, struct walk *at, struct tutela_journal_info *gone)
{
	enum tutela_err err = pass(w, before, false, at, gone);

	if (err || !(gone->files + gone->damaged))
		return err;
	err = tell_prune(w, before, gone);
	if (!err)
		err = pass(w, before, true, at, gone);
	return err ? err : tutela_session_commit(w);
}

enum tutela_err tutela_journal_prune(struct tutela_store *s, int64_t before, struct tutela_journal_info *gone)
{
	struct walk *at;
	struct session w;
	enum tutela_err err;

	memset(gone, 0, sizeof *gone);
	if (!s)
		return TUTELA_E_ARG;
	err = tutela_session_begin(s, false, &w);
	if (err)
		return err;
	at = tutela_mem_array(1, sizeof *at);
	err = at ? prune(&w, before, at, gone) : TUTELA_E_NOMEM;
	tutela_session_end(&w);
	walk_free(at);
	return err;
}
