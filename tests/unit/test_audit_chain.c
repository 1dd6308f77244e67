/* SPDX-License-Identifier: Apache-2.0 */
/* The log is rewritten behind the store's back, sealed again as somebody would who knows the format. */
#include "store_data.h"

#include <jansson.h>
#include <lmdb.h>

#include <tutela/audit.h>

#include "store/audit_log.h"
#include "store/schema.h"

#define RECORDS 7

/* The records of a log, to be changed. */
struct log {
	json_t *o[RECORDS + 1];
	size_t n;
};

static struct tutela_store *make_log(char path[64])
{
	struct tutela_store *s = store_make(path);

	put_one(s, "a", record_of("e1", hash_of(TUTELA_ALG_PDQ, 1)));
	put_one(s, "a", record_of("e2", hash_of(TUTELA_ALG_PDQ, 2)));
	OK(tutela_audit_note(s, "scan-start", "{\"scan\":\"1\"}"));
	OK(tutela_audit_note(s, "scan-end", NULL));
	put_one(s, "b", record_of("e1", hash_of(TUTELA_ALG_MD5, 1)));
	OK(tutela_list_remove(s, "b"));
	return s;
}

static bool take_record(void *ctx, const char *json, size_t len)
{
	struct log *l = ctx;

	cr_assert_lt(l->n, RECORDS);
	l->o[l->n++] = json_loadb(json, len, 0, NULL);
	return true;
}

static struct log load(struct tutela_store *s)
{
	struct tutela_snapshot *snap = snapshot_of(s);
	struct log l = {.n = 0};

	OK(tutela_snapshot_audit(snap, take_record, &l));
	cr_assert_eq(l.n, RECORDS);
	tutela_snapshot_close(snap);
	return l;
}

static void set_number(json_t *o, const char *key, uint64_t n)
{
	json_object_set_new(o, key, json_integer((json_int_t)n));
}

/* Numbers and digests as if the log had always been so. */
static void chain_again(struct log *l)
{
	uint8_t digest[32] = {0};

	for (size_t i = 0; i < l->n; i++) {
		char hex[65], *text;

		for (unsigned k = 0; k < 32; k++)
			snprintf(hex + 2 * k, 3, "%02x", digest[k]);
		set_number(l->o[i], "number", i + 1);
		json_object_set_new(l->o[i], "prev", json_string(hex));
		text = json_dumps(l->o[i], JSON_COMPACT);
		tutela_audit_digest(text, strlen(text), digest);
		free(text);
	}
}

static void write_log(const char *path, const struct log *l)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	cr_assert(!mdb_env_create(&env) && !mdb_env_set_maxdbs(env, 16) && !mdb_env_set_mapsize(env, 1 << 26));
	cr_assert(!mdb_env_open(env, path, 0, 0600));
	cr_assert(!mdb_txn_begin(env, NULL, 0, &txn) && !mdb_dbi_open(txn, "audit", 0, &dbi));
	cr_assert_eq(mdb_drop(txn, dbi, 0), 0);
	for (size_t i = 0; i < l->n; i++) {
		char *text = l->o[i] ? json_dumps(l->o[i], JSON_COMPACT) : NULL;
		uint8_t key[8], buf[AUDIT_TEXT_MAX];
		struct bytes_writer w = bytes_writer_init(buf, sizeof buf);
		MDB_val k = {sizeof key, key}, v = {.mv_data = buf};

		if (!text)
			continue;
		tutela_schema_key64(i + 1, key);
		bytes_put(&w, text, strlen(text));
		tutela_schema_seal(&w, buf, SCHEMA_AUDIT, key, sizeof key);
		v.mv_size = (size_t)(w.at - buf);
		cr_assert_eq(mdb_put(txn, dbi, &k, &v, 0), 0);
		free(text);
	}
	cr_assert_eq(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

static void unload(struct log *l)
{
	for (size_t i = 0; i < RECORDS + 1; i++)
		json_decref(l->o[i]);
}

/* What verification says of the store at path: the number of the first bad record, 0: none. */
static uint64_t verify(const char *path, const struct tutela_audit_checkpoint *points, size_t n,
		       struct tutela_audit_verdict *verdict)
{
	struct tutela_store *s = store_open(path, false);
	struct tutela_snapshot *snap = snapshot_of(s);
	enum tutela_err err = tutela_audit_verify(snap, points, n, verdict);

	cr_assert_eq(err, verdict->bad ? TUTELA_E_CORRUPT : TUTELA_OK);
	cr_assert_eq(!verdict->bad, !*verdict->reason);
	tutela_snapshot_close(snap);
	tutela_store_close(s);
	return verdict->bad;
}

static struct tutela_audit_checkpoint checkpoint(struct tutela_store *s)
{
	struct tutela_audit_checkpoint out;
	struct tutela_snapshot *snap = snapshot_of(s);

	OK(tutela_snapshot_audit_head(snap, &out));
	tutela_snapshot_close(snap);
	return out;
}

typedef void change(struct log *l);

/* One change of a log: what is found without a checkpoint, and with one of all records. */
static void try_change(change *how, uint64_t alone, uint64_t held_to)
{
	struct tutela_audit_verdict verdict;
	struct tutela_audit_checkpoint point;
	struct tutela_store *s;
	struct log l;
	char path[64];

	s = make_log(path);
	l = load(s);
	point = checkpoint(s);
	cr_assert_eq(point.number, RECORDS);
	tutela_store_close(s);
	cr_assert_eq(verify(path, &point, 1, &verdict), 0, "%s", verdict.reason);
	cr_assert_eq(verdict.records, RECORDS);
	cr_assert_eq(memcmp(verdict.head, point.head, sizeof point.head), 0);
	how(&l);
	write_log(path, &l);
	cr_assert_eq(verify(path, NULL, 0, &verdict), alone, "%s", verdict.reason);
	cr_assert_eq(verify(path, &point, 1, &verdict), held_to, "%s", verdict.reason);
	unload(&l);
	scratch_remove(path);
}

static void edit(struct log *l)
{
	json_object_set_new(l->o[2], "added", json_integer(0));
}

static void edit_newest(struct log *l)
{
	json_object_set_new(l->o[RECORDS - 1], "uid", json_integer(1));
}

static void edit_and_chain(struct log *l)
{
	edit(l);
	chain_again(l);
}

static void drop(struct log *l)
{
	json_decref(l->o[3]);
	l->o[3] = NULL;
}

static void drop_first(struct log *l)
{
	json_decref(l->o[0]);
	l->o[0] = NULL;
}

static void drop_and_chain(struct log *l)
{
	json_decref(l->o[3]);
	memmove(&l->o[3], &l->o[4], (RECORDS - 4) * sizeof l->o[0]);
	l->o[--l->n] = NULL;
	chain_again(l);
}

static void swap(struct log *l)
{
	json_t *o = l->o[4];

	l->o[4] = l->o[5];
	l->o[5] = o;
}

static void swap_and_chain(struct log *l)
{
	swap(l);
	chain_again(l);
}

static void cut_off(struct log *l)
{
	json_decref(l->o[RECORDS - 1]);
	l->o[RECORDS - 1] = NULL;
	l->n--;
}

static void insert(struct log *l)
{
	memmove(&l->o[3], &l->o[2], (RECORDS - 2) * sizeof l->o[0]);
	l->o[2] = json_deep_copy(l->o[3]);
	l->n++;
	chain_again(l);
}

static void all_gone(struct log *l)
{
	l->n = 0;
}

static void of_another_store(struct log *l)
{
	json_object_set_new(l->o[0], "store", json_string("00000000-0000-4000-8000-000000000000"));
	chain_again(l);
}

static void no_prev(struct log *l)
{
	json_object_del(l->o[4], "prev");
}

static void no_audit(struct log *l)
{
	json_object_set_new(l->o[4], "type", json_string("note"));
}

static void begins_otherwise(struct log *l)
{
	json_object_set_new(l->o[0], "action", json_string("update"));
	chain_again(l);
}

Test(audit_chain, every_change_is_found, .timeout = 60)
{
	try_change(edit, 4, 4);
	try_change(drop, 4, 4);
	try_change(drop_first, 1, 1);
	try_change(swap, 5, 5);
	try_change(all_gone, 1, 1);
	try_change(no_prev, 5, 5);
	try_change(no_audit, 5, 5);
	try_change(begins_otherwise, 1, 1);
	try_change(of_another_store, 1, 1);
}

/* What only somebody's checkpoint elsewhere tells. */
Test(audit_chain, changes_that_agree_with_themselves_are_found_by_a_checkpoint, .timeout = 60)
{
	try_change(edit_newest, 0, RECORDS);
	try_change(edit_and_chain, 0, RECORDS);
	try_change(drop_and_chain, 0, RECORDS);
	try_change(swap_and_chain, 0, RECORDS);
	try_change(insert, 0, RECORDS);
	try_change(cut_off, 0, RECORDS);
}

Test(audit_chain, checkpoints_narrow_it_down)
{
	struct tutela_audit_checkpoint points[3];
	struct tutela_audit_verdict verdict;
	struct tutela_store *s;
	struct log l;
	char path[64];

	s = store_make(path);
	for (unsigned i = 0; i < 3; i++) {
		points[2 - i] = checkpoint(s);
		OK(tutela_audit_note(s, "scan-start", NULL));
		OK(tutela_audit_note(s, "scan-end", NULL));
	}
	l = load(s);
	tutela_store_close(s);
	json_object_set_new(l.o[3], "uid", json_integer(77));
	chain_again(&l);
	write_log(path, &l);
	cr_assert_eq(verify(path, points, 3, &verdict), 5);
	cr_assert(strstr(verdict.reason, "from record 4 on"), "%s", verdict.reason);
	/* Records after the newest checkpoint come as they are; a checkpoint of another store is none of this log's. */
	cr_assert_eq(verify(path, points + 1, 2, &verdict), 0, "%s", verdict.reason);
	points[1].store[0] = points[1].store[0] == '0' ? '1' : '0';
	cr_assert_eq(verify(path, points + 1, 2, &verdict), 1);
	unload(&l);
	scratch_remove(path);
}

Test(audit_chain, damage_of_the_disk_is_found)
{
	struct tutela_audit_verdict verdict;
	struct tutela_store *s;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	uint8_t key[8], copy[4096];
	MDB_val k = {sizeof key, key}, v;
	char path[64];

	s = make_log(path);
	tutela_store_close(s);
	cr_assert(!mdb_env_create(&env) && !mdb_env_set_maxdbs(env, 16) && !mdb_env_set_mapsize(env, 1 << 26));
	cr_assert(!mdb_env_open(env, path, 0, 0600));
	cr_assert(!mdb_txn_begin(env, NULL, 0, &txn) && !mdb_dbi_open(txn, "audit", 0, &dbi));
	tutela_schema_key64(RECORDS, key);
	cr_assert(!mdb_get(txn, dbi, &k, &v) && v.mv_size <= sizeof copy);
	memcpy(copy, v.mv_data, v.mv_size);
	copy[40] ^= 1;
	v.mv_data = copy;
	cr_assert(!mdb_put(txn, dbi, &k, &v, 0) && !mdb_txn_commit(txn));
	mdb_env_close(env);
	cr_assert_eq(verify(path, NULL, 0, &verdict), RECORDS);
	cr_assert(strstr(verdict.reason, "checksum"), "%s", verdict.reason);
	/* Nothing is chained to it, and it cannot be vouched for. */
	s = store_open(path, true);
	FAILS(tutela_audit_note(s, "scan-start", NULL), TUTELA_E_CORRUPT);
	store_unmake(s, path);
}

Test(audit_chain, notes_are_kept_or_refused)
{
	static char big[TUTELA_AUDIT_RECORD_MAX + 32] = "{\"a\":\"";
	struct tutela_store *s;
	struct log l;
	char path[64], word[80];

	s = make_log(path);
	l = load(s);
	cr_assert_str_eq(json_string_value(json_object_get(json_object_get(l.o[3], "detail"), "scan")), "1");
	cr_assert_str_eq(json_string_value(json_object_get(l.o[4], "action")), "scan-end");
	cr_assert_null(json_object_get(l.o[4], "detail"));
	FAILS(tutela_audit_note(s, "", NULL), TUTELA_E_ARG);
	FAILS(tutela_audit_note(s, "Scan", NULL), TUTELA_E_ARG);
	memset(word, 'a', sizeof word);
	word[64] = '\0';
	FAILS(tutela_audit_note(s, word, NULL), TUTELA_E_ARG);
	FAILS(tutela_audit_note(s, "a", "[]"), TUTELA_E_ARG);
	FAILS(tutela_audit_note(s, "a", "{\"a\":1,\"a\":2}"), TUTELA_E_ARG);
	FAILS(tutela_audit_note(NULL, "a", NULL), TUTELA_E_ARG);
	memset(big + 6, 'x', sizeof big - 9);
	memcpy(big + sizeof big - 3, "\"}", 3);
	FAILS(tutela_audit_note(s, "a", big), TUTELA_E_TOOBIG);
	unload(&l);
	l = load(s);
	unload(&l);
	store_unmake(s, path);
}

Test(audit_chain, records_from_elsewhere_are_looked_at)
{
	static const char *const wrong[] = {
		"",
		"null",
		"[]",
		"{",
		"{}",
		"{\"type\":\"audit\"}",
		"{\"type\":\"audit\",\"number\":0}",
		"{\"type\":\"audit\",\"number\":1}",
		"{\"type\":\"audit\",\"number\":1,\"prev\":\"00\"}",
		"{\"type\":\"audit\",\n\"number\":1}",
	};
	struct tutela_audit_verdict verdict;
	struct tutela_audit_check *c;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		OK(tutela_audit_check_new(NULL, 0, &c));
		OK(tutela_audit_check_record(c, wrong[i], strlen(wrong[i])));
		FAILS(tutela_audit_check_end(c, &verdict), TUTELA_E_CORRUPT);
		cr_assert_eq(verdict.bad, 1);
		cr_assert_eq(verdict.records, 0);
	}
	FAILS(tutela_audit_check_new(NULL, 1, &c), TUTELA_E_ARG);
	cr_assert_null(c);
}
