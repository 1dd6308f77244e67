/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the batch into LMDB. The order within a batch is what an undo relies
 * on: an entry is written before its key points to it and before its
 * predecessor ends, so that whatever part was committed, the entries from
 * first_entry on name all there is to undo.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/entry_write.h"
#include "store/list_sum.h"
#include "store/update.h"

#define ENTRY_NUMBER_MAX (UINT32_MAX - 1)

/* Count a state of an entry in (+1) or out (-1) of the list's totals. */
static void account(struct tutela_update *u, const struct tutela_record *rec, int64_t sign)
{
	if (u->row.summed)
		tutela_sum_entry(&u->row, rec, sign < 0, u->line);
	u->entries[rec->status] += sign;
	for (size_t i = 0; i < rec->n_fingerprints; i++) {
		unsigned a = rec->fingerprints[i].algorithm;

		if (rec->status == TUTELA_ACTIVE)
			u->active[a] += sign;
		else if (rec->status == TUTELA_DISPUTED)
			u->disputed[a] += sign;
	}
}

static void keep(struct tutela_update *u, uint32_t number)
{
	if (u->kept && number < u->first_entry)
		u->kept[number / 8] |= (uint8_t)(1u << number % 8);
}

static bool is_kept(const struct tutela_update *u, uint32_t number)
{
	return number >= u->first_entry || u->kept[number / 8] >> number % 8 & 1;
}

/* The entry that a key names, decoded into u->record; that it is missing is damage. */
static enum tutela_err get_entry(struct tutela_update *u, uint32_t number, struct entry *out)
{
	struct tutela_store *s = u->w.store;
	enum tutela_err err = tutela_entry_record(s, u->w.txn, number, out, &u->record);

	if (err != TUTELA_E_NOTFOUND)
		return err;
	return tutela_store_fail(s, TUTELA_E_CORRUPT, "entry %u of '%s' is missing", number, s->path);
}

/* Remember the fingerprints of an active entry for the digests and the index. */
static enum tutela_err collect(struct tutela_update *u, const struct tutela_record *rec, uint32_t number)
{
	enum tutela_err err = tutela_key_run_digests(&u->digests, rec, number);

	for (size_t i = 0; i < rec->n_fingerprints && rec->status == TUTELA_ACTIVE && !err; i++) {
		const struct tutela_hash *h = &rec->fingerprints[i];

		if (tutela_algorithm_get(h->algorithm)->perceptual)
			err = tutela_pairs_add(&u->pairs[h->algorithm], h, number);
	}
	return err;
}

/* Write a state of an entry under a new number. The body must not be in LMDB's pages. */
static enum tutela_err add_entry(struct tutela_update *u, uint32_t prev, const uint8_t *body, size_t len,
				 uint32_t *number)
{
	struct session *w = &u->w;
	struct entry e = {.added = w->state.update + 1,
			  .list = u->row.number,
			  .prev = prev,
			  .time = u->now,
			  .body = body,
			  .body_len = len};
	enum tutela_err err;

	*number = 0;
	if (w->state.next_entry > ENTRY_NUMBER_MAX)
		return tutela_store_fail(w->store, TUTELA_E_FULL, "all entry numbers of '%s' are used", w->store->path);
	if (tutela_schema_get_body(body, len, &u->record))
		return TUTELA_E_CORRUPT;
	*number = w->state.next_entry;
	err = tutela_entry_append(w->store, w->txn, *number, &e);
	if (err)
		return err;
	w->state.next_entry++;
	account(u, &u->record, 1);
	err = collect(u, &u->record, *number);
	return err ? err : tutela_session_spend_appended(w, ENTRY_HEAD_LEN + len);
}

static enum tutela_err point_key(struct tutela_update *u, const uint8_t *key, size_t key_len, uint32_t number)
{
	enum tutela_err err = tutela_key_put(u->w.store, u->w.txn, key, key_len, number);

	return err ? err : tutela_session_spend(&u->w, 1);
}

static enum tutela_err end_entry(struct tutela_update *u, uint32_t number)
{
	enum tutela_err err = tutela_entry_set_gone(u->w.store, u->w.txn, number, u->w.state.update + 1);

	return err ? err : tutela_session_spend(&u->w, 1);
}

#define BEFORE_STEPS 64 /* an update that states one entry more often than that does not count the rest */

/* From the newest state of an entry to that from before this update, or to its first. False: too far back. */
static bool find_before(struct tutela_update *u, struct entry *e, enum tutela_err *err)
{
	unsigned steps = 0;

	while (!*err && e->added > u->w.state.update && e->prev && steps++ < BEFORE_STEPS)
		*err = tutela_entry_get(u->w.store, u->w.txn, e->prev, e);
	return e->added <= u->w.state.update || !e->prev;
}

/* What the step from `before` to `now` counts as. */
static uint64_t *counter(struct tutela_update *u, bool was_there, enum tutela_status before, enum tutela_status now)
{
	/* Also one that was never here, and is kept so that nothing older brings it to life. */
	if (now == TUTELA_WITHDRAWN && (!was_there || before != TUTELA_WITHDRAWN))
		return &u->result.withdrawn;
	return was_there ? &u->result.changed : &u->result.added;
}

/* The result's numbers speak of entries, not of puts: what this update itself wrote was counted, and is counted anew.
 */
static enum tutela_err count_change(struct tutela_update *u, const struct entry *old, enum tutela_status from,
				    enum tutela_status to)
{
	bool again = old->added > u->w.state.update, there;
	enum tutela_err err = TUTELA_OK;
	enum tutela_status before;
	struct entry e = *old;

	if (!find_before(u, &e, &err) || err)
		return err;
	there = e.added <= u->w.state.update;
	before = (enum tutela_status)e.body[0];
	if (again)
		--*counter(u, there, before, from);
	++*counter(u, there, before, to);
	return TUTELA_OK;
}

/* ------------------------------------------------------------------ one entry */

/* The body of u->record as it would be; *status: what is in force then. */
static size_t restated_body(struct tutela_update *u, const struct restatement *to, enum tutela_status *status)
{
	struct tutela_record *rec = &u->record;
	struct tutela_record as_was = {.local = rec->local,
				       .status = rec->status,
				       .issued = rec->issued,
				       .reason = rec->reason,
				       .source_time = rec->source_time,
				       .issued_reason = rec->issued_reason};
	size_t len;

	if (!rec->local) {
		rec->issued = rec->status;
		rec->issued_reason = rec->reason;
	}
	if (to->who == RESTATE_ISSUED) {
		rec->issued = to->status;
		rec->issued_reason = to->reason;
		rec->source_time = to->time ? to->time : rec->source_time;
	} else {
		rec->local = to->who == RESTATE_DECIDED;
	}
	rec->status = to->who == RESTATE_DECIDED ? to->status : rec->local ? rec->status : rec->issued;
	rec->reason = to->who == RESTATE_DECIDED ? to->reason : rec->local ? rec->reason : rec->issued_reason;
	*status = rec->status;
	len = tutela_schema_put_body(rec, u->body, ENTRY_BODY_MAX);
	rec->local = as_was.local;
	rec->status = as_was.status;
	rec->issued = as_was.issued;
	rec->reason = as_was.reason;
	rec->source_time = as_was.source_time;
	rec->issued_reason = as_was.issued_reason;
	return len;
}

enum tutela_err tutela_update_restate(struct tutela_update *u, const uint8_t *key, size_t key_len,
				      const struct restatement *to)
{
	struct session *w = &u->w;
	enum tutela_status status;
	enum tutela_err err;
	struct entry old;
	uint32_t prev, number;
	size_t len;

	err = tutela_key_get(w->store, w->txn, key, key_len, &prev);
	if (!err)
		err = get_entry(u, prev, &old);
	if (err)
		return err;
	len = restated_body(u, to, &status);
	if ((to->time && to->time < u->record.source_time) ||
	    (len == old.body_len && !memcmp(u->body, old.body, len))) {
		keep(u, prev);
		u->result.unchanged++;
		return TUTELA_OK;
	}
	account(u, &u->record, -1);
	err = count_change(u, &old, u->record.status, status);
	if (!err)
		err = add_entry(u, prev, u->body, len, &number);
	if (!err)
		err = point_key(u, key, key_len, number);
	return err ? err : end_entry(u, prev);
}

/* ------------------------------------------------------------------ a batch */

static size_t key_of(const struct tutela_update *u, const struct op *op, uint8_t *key)
{
	struct tutela_text id = tutela_batch_id(&u->batch, op);

	return tutela_schema_entry_key(u->row.number, id.s, id.len, key);
}

/* A local decision about the entry outlives what is put. The old entry is in u->record. */
static enum tutela_err keep_decision(struct tutela_update *u, struct op *op, const struct entry *old)
{
	size_t len = tutela_schema_local_len(&u->record);

	if (!u->record.local)
		return TUTELA_OK;
	/* What was put ends with the byte that says that there is none. */
	return tutela_batch_replace_end(&u->batch, op, 1, old->body + old->body_len - len, len);
}

/* What is to become of an op that is the last one of its id. */
static enum tutela_err decide(struct tutela_update *u, struct op *op)
{
	const uint8_t *body;
	uint8_t key[ENTRY_KEY_MAX];
	enum tutela_err err;
	struct entry old;
	uint32_t prev;

	op->writes = true;
	err = tutela_key_get(u->w.store, u->w.txn, key, key_of(u, op, key), &prev);
	if (err == TUTELA_E_NOTFOUND) {
		++*counter(u, false, TUTELA_WITHDRAWN, (enum tutela_status) * tutela_batch_body(&u->batch, op));
		return TUTELA_OK;
	}
	if (!err)
		err = get_entry(u, prev, &old);
	if (!err && u->newest &&
	    tutela_batch_time(tutela_batch_body(&u->batch, op)) < (uint64_t)u->record.source_time) {
		op->writes = false;
		keep(u, prev);
		u->result.unchanged++;
		return TUTELA_OK;
	}
	if (!err)
		err = keep_decision(u, op, &old);
	if (err)
		return err;
	body = tutela_batch_body(&u->batch, op);
	if (old.body_len == op->body_len && !memcmp(old.body, body, op->body_len)) {
		op->writes = false;
		keep(u, prev);
		u->result.unchanged++;
		return TUTELA_OK;
	}
	op->prev = prev;
	account(u, &u->record, -1);
	return count_change(u, &old, u->record.status,
			    u->record.local ? u->record.status : (enum tutela_status)body[0]);
}

static bool same_id(const struct batch *b, const struct op *x, const struct op *y)
{
	struct tutela_text p = tutela_batch_id(b, x), q = tutela_batch_id(b, y);

	return p.len == q.len && !memcmp(p.s, q.s, p.len);
}

/* Does the batch speak of an entry whose key is not in "keys" yet? */
static bool meets_new_keys(const struct tutela_update *u)
{
	const struct batch *b = &u->batch;
	uint8_t key[ENTRY_KEY_MAX];

	for (size_t i = 0; i < b->n && u->keys.run.n; i++)
		if (tutela_key_set_has(&u->keys, key, key_of(u, &b->ops[i], key)))
			return true;
	return false;
}

static enum tutela_err decide_all(struct tutela_update *u)
{
	struct batch *b = &u->batch;
	enum tutela_err err = meets_new_keys(u) ? tutela_update_flush_keys(u) : TUTELA_OK;

	for (size_t i = 0; i < b->n && !err; i++)
		if (i + 1 == b->n || !same_id(b, &b->ops[i], &b->ops[i + 1]))
			err = decide(u, &b->ops[i]);
	return err;
}

static enum tutela_err write_entries(struct tutela_update *u)
{
	struct batch *b = &u->batch;
	enum tutela_err err = TUTELA_OK;

	for (size_t i = 0; i < b->n && !err; i++) {
		struct op *op = &b->ops[i];

		if (op->writes)
			err = add_entry(u, op->prev, tutela_batch_body(b, op), op->body_len, &op->number);
	}
	return err;
}

static enum tutela_err write_keys(struct tutela_update *u)
{
	struct batch *b = &u->batch;
	enum tutela_err err = TUTELA_OK;
	uint8_t key[ENTRY_KEY_MAX];

	for (size_t i = 0; i < b->n && !err; i++) {
		const struct op *op = &b->ops[i];

		if (op->writes && op->prev)
			err = point_key(u, key, key_of(u, op, key), op->number);
		else if (op->writes)
			err = tutela_key_set_add(&u->keys, key, key_of(u, op, key), op->number);
		if (op->prev && !err)
			err = end_entry(u, op->prev);
	}
	return err;
}

/* The last key of a database, its length; 0: there is none. `room` bytes of key. */
static enum tutela_err last_key(struct tutela_update *u, enum store_db db, uint8_t *key, size_t room, size_t *len)
{
	struct tutela_store *s = u->w.store;
	struct cursor cursor;
	enum tutela_err err = tutela_cursor_open(s, u->w.txn, db, &cursor);
	MDB_val k, v;

	*len = 0;
	if (!err)
		err = tutela_cursor_get(&cursor, &k, &v, MDB_LAST);
	if (!err && k.mv_size <= room) {
		*len = k.mv_size;
		memcpy(key, k.mv_data, k.mv_size);
	}
	tutela_cursor_close(&cursor);
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

static bool is_after(const uint8_t *key, size_t len, const uint8_t *last, size_t last_len)
{
	int order = memcmp(key, last, len < last_len ? len : last_len);

	return order ? order > 0 : len > last_len;
}

/* Sorted rows come by each page once, and the kernel maps 64 KiB around each: it would only add up. */
static void forget_now_and_then(const struct tutela_update *u, size_t i)
{
	if (i % 512 == 511)
		tutela_env_forget_pages(u->w.store);
}

enum tutela_err tutela_update_flush_keys(struct tutela_update *u)
{
	struct key_run *run = &u->keys.run;
	uint8_t last[ENTRY_KEY_MAX];
	enum tutela_err err = TUTELA_OK;
	bool append = false;
	size_t last_len;

	if (!run->n)
		return TUTELA_OK;
	tutela_key_run_sort(run);
	err = last_key(u, DB_KEYS, last, sizeof last, &last_len);
	for (size_t i = 0; i < run->n && !err; i++) {
		const struct key_ref *ref = &run->refs[i];
		const uint8_t *key = run->bytes + ref->offset;

		/* From the first key behind all that are there, all are: their pages become full, not half full. */
		append = append || is_after(key, ref->len, last, last_len);
		err = append ? tutela_key_append(u->w.store, u->w.txn, key, ref->len, ref->number)
			     : tutela_key_put(u->w.store, u->w.txn, key, ref->len, ref->number);
		if (!err)
			err = append ? tutela_session_spend_appended(&u->w, ref->len + sizeof ref->number)
				     : tutela_session_spend(&u->w, 1);
		forget_now_and_then(u, i);
	}
	tutela_key_set_clear(&u->keys);
	return err;
}

/* Where the digests of an update go: sorted, so that those behind all that are there come last. */
struct digest_rows {
	struct tutela_update *u;
	uint8_t last[DIGEST_KEY_MAX]; /* key of "digests" */
	size_t last_len, n;
};

static enum tutela_err put_digest(void *ctx, const uint8_t *key, size_t len, uint32_t number)
{
	struct digest_rows *rows = ctx;
	struct session *w = &rows->u->w;
	bool append = is_after(key, len, rows->last, rows->last_len);
	enum tutela_err err;
	uint8_t value[4];

	tutela_schema_key32(number, value);
	err = tutela_env_put(w->store, w->txn, DB_DIGESTS, key, len, value, sizeof value,
			     append ? MDB_APPEND : MDB_NODUPDATA);
	if (err)
		return err;
	if (append) {
		rows->last_len = len;
		memcpy(rows->last, key, len);
	}
	forget_now_and_then(rows->u, rows->n++);
	return append ? tutela_session_spend_appended(w, len + sizeof value) : tutela_session_spend(w, 1);
}

enum tutela_err tutela_update_flush_digests(struct tutela_update *u)
{
	struct digest_rows rows = {.u = u};
	enum tutela_err err;

	if (!u->digests.n && !u->spilled.n)
		return TUTELA_OK;
	err = last_key(u, DB_DIGESTS, rows.last, sizeof rows.last, &rows.last_len);
	return err ? err : tutela_key_spill_merge(u->w.store, &u->spilled, &u->digests, put_digest, &rows);
}

/* The run when it is full: put aside, as long as there is room for one more at the end. */
static enum tutela_err relieve_digests(struct tutela_update *u)
{
	if (!tutela_key_run_full(&u->digests))
		return TUTELA_OK;
	if (u->spilled.n + 1 == SPILL_RUNS_MAX)
		return tutela_update_flush_digests(u);
	return tutela_key_spill_run(u->w.store, &u->spilled, &u->digests);
}

enum tutela_err tutela_update_flush(struct tutela_update *u)
{
	enum tutela_err err;

	if (!u->batch.n)
		return TUTELA_OK;
	tutela_batch_sort(&u->batch, true);
	err = decide_all(u);
	tutela_batch_sort(&u->batch, false);
	if (!err)
		err = write_entries(u);
	tutela_batch_sort(&u->batch, true);
	if (!err)
		err = write_keys(u);
	u->batch.n = u->batch.used = 0;
	if (!err && tutela_key_set_full(&u->keys))
		err = tutela_update_flush_keys(u);
	return err ? err : relieve_digests(u);
}

/* ------------------------------------------------------------------ the rest of a list */

#define REST_PART 4096

struct rest {
	uint8_t (*keys)[ENTRY_KEY_MAX];
	size_t *lens;
	size_t n;
	uint8_t last[ENTRY_KEY_MAX]; /* where the walk stands */
	size_t last_len;
	bool done;
};

/* The next keys of entries that were not put. */
static enum tutela_err find_rest(struct tutela_update *u, struct rest *rest)
{
	struct tutela_store *s = u->w.store;
	MDB_val k = {rest->last_len, rest->last}, v;
	struct cursor cursor;
	enum tutela_err err = tutela_cursor_open(s, u->w.txn, DB_KEYS, &cursor);

	rest->n = 0;
	if (!err)
		err = tutela_cursor_get(&cursor, &k, &v, MDB_SET_RANGE);
	if (!err && k.mv_size == rest->last_len && !memcmp(k.mv_data, rest->last, k.mv_size))
		err = tutela_cursor_get(&cursor, &k, &v, MDB_NEXT);
	while (!err && rest->n < REST_PART && k.mv_size > 4 && k.mv_size <= ENTRY_KEY_MAX &&
	       tutela_schema_get_key32(k.mv_data) == u->row.number) {
		struct bytes_reader r = bytes_reader_init(v.mv_data, v.mv_size);

		memcpy(rest->last, k.mv_data, k.mv_size);
		rest->last_len = k.mv_size;
		if (!is_kept(u, bytes_u32(&r))) {
			memcpy(rest->keys[rest->n], k.mv_data, k.mv_size);
			rest->lens[rest->n++] = k.mv_size;
		}
		err = tutela_cursor_get(&cursor, &k, &v, MDB_NEXT);
	}
	rest->done = rest->n < REST_PART;
	tutela_cursor_close(&cursor);
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

static enum tutela_err withdraw(struct tutela_update *u, const uint8_t *key, size_t key_len, struct tutela_text why)
{
	uint64_t unchanged = u->result.unchanged;
	enum tutela_err err;
	struct entry e;
	uint32_t number;

	err = tutela_key_get(u->w.store, u->w.txn, key, key_len, &number);
	if (!err)
		err = get_entry(u, number, &e);
	/* What is withdrawn already keeps its own reason. */
	if (!err && (u->record.local ? u->record.issued : u->record.status) != TUTELA_WITHDRAWN)
		err = tutela_update_restate(u, key, key_len,
					    &(struct restatement){RESTATE_ISSUED, TUTELA_WITHDRAWN, why, 0});
	u->result.unchanged = unchanged;
	return err;
}

enum tutela_err tutela_update_withdraw_rest(struct tutela_update *u)
{
	uint64_t before = u->result.withdrawn, version = u->version ? u->version : u->row.list.version + 1;
	struct rest rest = {.last_len = 4};
	enum tutela_err err = TUTELA_OK;
	char why[ABSENT_REASON_MAX];
	struct tutela_text reason = {why, tutela_absent_reason(version, why)};

	tutela_schema_key32(u->row.number, rest.last);
	rest.keys = tutela_mem_array(REST_PART, sizeof *rest.keys);
	rest.lens = tutela_mem_array(REST_PART, sizeof *rest.lens);
	if (!rest.keys || !rest.lens)
		err = TUTELA_E_NOMEM;
	while (!err && !rest.done) {
		err = find_rest(u, &rest);
		for (size_t i = 0; i < rest.n && !err; i++)
			err = withdraw(u, rest.keys[i], rest.lens[i], reason);
		if (!err && u->result.withdrawn - before > u->most_absent)
			err = tutela_store_fail(
				u->w.store, TUTELA_E_REFUSED,
				"more than %llu entries of list '%s' are absent from what is to replace it",
				(unsigned long long)u->most_absent, u->row.list.name);
		if (!err)
			err = relieve_digests(u);
	}
	free(rest.keys);
	free(rest.lens);
	return err;
}
