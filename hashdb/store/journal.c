/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the database "journal", key: number u64, value:
 *
 *   layout u8 1, scan u64, time u64, verdict u8, quality u8 (255 unknown), size u64, name,
 *   n u8, hashes: algorithm u8, variant u8 (low half: 0 none, else the dihedral + 1; high half: dialect), bytes
 *   n u16, hits: source, list, entry, category, list version u64, kind u8, algorithm u8, distance u16, threshold u16
 *
 * A text is its length u16 and its bytes.
 */
#include <tutela/hash.h>
#include <tutela/journal.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/session.h"

#define LAYOUT   1
#define HITS_MAX 65535

struct tutela_journal_batch {
	uint8_t *bytes; /* rows, each after its length u32 */
	size_t used, room;
};

static const char *const dialects[] = {NULL, "ref", "full"};

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

/* -1: no such variant. */
static int code_of(const struct tutela_query_hash *q)
{
	int variant = 0, dialect = 0;

	if (q->variant) {
		while (variant < TUTELA_DIHEDRALS &&
		       strcmp(q->variant, tutela_dihedral_name((enum tutela_dihedral)variant)) != 0)
			variant++;
		if (variant++ == TUTELA_DIHEDRALS)
			return -1;
	}
	if (q->dialect) {
		dialect = strcmp(q->dialect, "ref") == 0 ? 1 : 2;
		if (strcmp(q->dialect, dialects[dialect]) != 0)
			return -1;
	}
	return variant | dialect << 4;
}

static size_t cut(struct tutela_text t, size_t most)
{
	return t.len < most ? t.len : most;
}

static void put_text(struct bytes_writer *w, struct tutela_text t, size_t most)
{
	bytes_put_u16(w, (uint16_t)cut(t, most));
	bytes_put(w, t.s, cut(t, most));
}

static size_t room_for(const struct tutela_journal_file *f)
{
	size_t room = 64 + TUTELA_JOURNAL_NAME_MAX;

	for (size_t i = 0; i < f->n_hashes; i++)
		room += 2u + f->hashes[i].hash.len;
	for (size_t i = 0; i < f->n_hits && i < HITS_MAX; i++)
		room += 32u + 2 * TUTELA_LIST_NAME_MAX + cut(f->hits[i].entry, TUTELA_ENTRY_ID_MAX) +
			TUTELA_JOURNAL_CATEGORY_MAX;
	return room;
}

static void put_hit(struct bytes_writer *w, const struct tutela_journal_hit *h)
{
	put_text(w, h->source, TUTELA_LIST_NAME_MAX);
	put_text(w, h->list, TUTELA_LIST_NAME_MAX);
	put_text(w, h->entry, TUTELA_ENTRY_ID_MAX);
	put_text(w, h->category, TUTELA_JOURNAL_CATEGORY_MAX);
	bytes_put_u64(w, h->list_version);
	bytes_put_u8(w, (uint8_t)h->kind);
	bytes_put_u8(w, (uint8_t)h->algorithm);
	bytes_put_u16(w, (uint16_t)h->distance);
	bytes_put_u16(w, (uint16_t)h->threshold);
}

static enum tutela_err put_file(struct bytes_writer *w, const struct tutela_journal_file *f)
{
	size_t hits = f->n_hits < HITS_MAX ? f->n_hits : HITS_MAX;

	bytes_put_u8(w, LAYOUT);
	bytes_put_u64(w, f->scan);
	bytes_put_u64(w, (uint64_t)f->time);
	bytes_put_u8(w, (uint8_t)f->verdict);
	bytes_put_u8(w, f->quality < 0 ? 255 : (uint8_t)f->quality);
	bytes_put_u64(w, f->size);
	put_text(w, f->name, TUTELA_JOURNAL_NAME_MAX);
	bytes_put_u8(w, (uint8_t)f->n_hashes);
	for (size_t i = 0; i < f->n_hashes; i++) {
		int code = code_of(&f->hashes[i]);
		const struct tutela_algorithm_info *a = tutela_algorithm_get(f->hashes[i].hash.algorithm);

		if (code < 0 || !a || f->hashes[i].hash.len != a->bits / 8)
			return TUTELA_E_ARG;
		bytes_put_u8(w, (uint8_t)a->id);
		bytes_put_u8(w, (uint8_t)code);
		bytes_put(w, f->hashes[i].hash.bytes, f->hashes[i].hash.len);
	}
	bytes_put_u16(w, (uint16_t)hits);
	for (size_t i = 0; i < hits; i++)
		put_hit(w, &f->hits[i]);
	return w->failed ? TUTELA_E_TOOBIG : TUTELA_OK;
}

enum tutela_err tutela_journal_batch_add(struct tutela_journal_batch *b, const struct tutela_journal_file *f)
{
	size_t most = 4 + room_for(f) + SEAL_LEN, len;
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
	err = put_file(&w, f);
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

struct unpacked {
	struct tutela_journal_file file;
	struct tutela_query_hash hashes[TUTELA_JOURNAL_HASHES_MAX];
	struct tutela_journal_hit *hits;
	size_t room;
};

static struct tutela_text take_text(struct bytes_reader *r)
{
	size_t len = bytes_u16(r);
	const uint8_t *s = bytes_take(r, len);

	return (struct tutela_text){s ? (const char *)s : "", s ? len : 0};
}

static bool take_hash(struct bytes_reader *r, struct tutela_query_hash *q)
{
	const struct tutela_algorithm_info *a = tutela_algorithm_get(bytes_u8(r));
	unsigned code = bytes_u8(r);
	const uint8_t *bytes = a ? bytes_take(r, a->bits / 8) : NULL;

	*q = (struct tutela_query_hash){.variant = NULL};
	if (!bytes || (code & 15) > TUTELA_DIHEDRALS || code >> 4 > 2)
		return false;
	q->hash.algorithm = (uint16_t)a->id;
	q->hash.len = (uint16_t)(a->bits / 8);
	memcpy(q->hash.bytes, bytes, q->hash.len);
	q->variant = code & 15 ? tutela_dihedral_name((enum tutela_dihedral)((code & 15) - 1)) : NULL;
	q->dialect = dialects[code >> 4];
	return true;
}

static bool take_hit(struct bytes_reader *r, struct tutela_journal_hit *h)
{
	h->source = take_text(r);
	h->list = take_text(r);
	h->entry = take_text(r);
	h->category = take_text(r);
	h->list_version = bytes_u64(r);
	h->kind = (enum tutela_list_kind)bytes_u8(r);
	h->algorithm = (enum tutela_algorithm)bytes_u8(r);
	h->distance = bytes_u16(r);
	h->threshold = bytes_u16(r);
	return !r->failed && h->list.len <= TUTELA_LIST_NAME_MAX && (unsigned)h->kind <= TUTELA_LIST_ALLOW &&
	       tutela_algorithm_get(h->algorithm);
}

static enum tutela_err take_hits(struct bytes_reader *r, struct unpacked *u)
{
	size_t n = bytes_u16(r);

	if (n > u->room) {
		struct tutela_journal_hit *bigger = tutela_mem_resize(u->hits, n, sizeof *bigger);

		if (!bigger)
			return TUTELA_E_NOMEM;
		u->hits = bigger;
		u->room = n;
	}
	for (size_t i = 0; i < n; i++)
		if (!take_hit(r, &u->hits[i]))
			return TUTELA_E_CORRUPT;
	u->file.n_hits = n;
	u->file.hits = u->hits;
	return TUTELA_OK;
}

static enum tutela_err unpack(const uint8_t *row, size_t len, struct unpacked *u)
{
	struct bytes_reader r = bytes_reader_init(row, len);
	struct tutela_journal_file *f = &u->file;
	unsigned quality;
	enum tutela_err err;

	memset(f, 0, sizeof *f);
	if (bytes_u8(&r) != LAYOUT)
		return TUTELA_E_CORRUPT;
	f->scan = bytes_u64(&r);
	f->time = (int64_t)bytes_u64(&r);
	f->verdict = bytes_u8(&r);
	quality = bytes_u8(&r);
	f->quality = quality <= 100 ? (int)quality : -1;
	f->size = bytes_u64(&r);
	f->name = take_text(&r);
	f->n_hashes = bytes_u8(&r);
	f->hashes = u->hashes;
	if (f->n_hashes > TUTELA_JOURNAL_HASHES_MAX)
		return TUTELA_E_CORRUPT;
	for (size_t i = 0; i < f->n_hashes; i++)
		if (!take_hash(&r, &u->hashes[i]))
			return TUTELA_E_CORRUPT;
	err = take_hits(&r, u);
	return err ? err : bytes_done(&r) ? TUTELA_OK : TUTELA_E_CORRUPT;
}

/* The row after *number, which becomes its number. What it holds stays where it is while the snapshot is open. */
static enum tutela_err next_row(struct tutela_snapshot *snap, uint64_t *number, struct unpacked *u)
{
	struct tutela_store *s = snap->store;
	struct cursor cursor;
	uint8_t key[8];
	MDB_val k = {sizeof key, key}, v;
	enum tutela_err err;
	size_t len = 0;

	(void)pthread_mutex_lock(&snap->lock);
	tutela_schema_key64(*number + 1, key);
	err = tutela_cursor_open(s, snap->txn, DB_JOURNAL, &cursor);
	if (!err)
		err = tutela_cursor_get(&cursor, &k, &v, MDB_SET_RANGE);
	tutela_cursor_close(&cursor);
	(void)pthread_mutex_unlock(&snap->lock);
	if (err)
		return err;
	err = k.mv_size == 8 ? tutela_schema_unseal(v.mv_data, v.mv_size, SCHEMA_JOURNAL, k.mv_data, 8, &len)
			     : TUTELA_E_CORRUPT;
	if (!err) {
		*number = tutela_schema_get_key64(k.mv_data);
		err = unpack(v.mv_data, len, u);
	}
	return err == TUTELA_E_CORRUPT
		       ? tutela_store_fail(s, err, "a record of the journal of '%s' is damaged", s->path)
		       : err;
}

enum tutela_err tutela_snapshot_journal(struct tutela_snapshot *snap,
					bool (*fn)(void *ctx, const struct tutela_journal_file *f), void *ctx)
{
	struct unpacked *u = tutela_mem_array(1, sizeof *u);
	enum tutela_err err = u ? TUTELA_OK : TUTELA_E_NOMEM;
	uint64_t number = 0;

	while (!err) {
		err = next_row(snap, &number, u);
		if (!err && !fn(ctx, &u->file))
			break;
	}
	if (u)
		free(u->hits);
	free(u);
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}
