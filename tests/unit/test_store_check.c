/* SPDX-License-Identifier: Apache-2.0 */
#include "store_data.h"

#include <lmdb.h>

#include "store/cleanup.h"

struct findings {
	uint64_t n;
	char first[512];
	unsigned stages, stop_at;
};

static void on_finding(void *ctx, const char *sentence)
{
	struct findings *f = ctx;

	if (!f->n++)
		snprintf(f->first, sizeof f->first, "%s", sentence);
}

static bool on_progress(void *ctx, const char *stage, uint64_t done, uint64_t total)
{
	static const char *const stages[] = {"entries", "indexes", "queries", "rebuild"};
	struct findings *f = ctx;

	cr_assert_leq(done, total);
	for (unsigned i = 0; i < 4; i++)
		if (!strcmp(stage, stages[i]))
			f->stages |= 1u << i;
	return !f->stop_at || --f->stop_at;
}

static struct tutela_check_result check(struct tutela_store *s, bool rebuild, struct findings *f)
{
	struct tutela_check_opts opts = {.size = sizeof opts,
					 .queries = 90,
					 .rebuild = rebuild,
					 .threads = 1,
					 .progress = on_progress,
					 .finding = on_finding,
					 .ctx = f};
	struct tutela_check_result r;
	enum tutela_err err;

	memset(f, 0, sizeof *f);
	err = tutela_store_check(s, &opts, &r);
	cr_assert_eq(err, TUTELA_OK, "%s: %s", tutela_err_name(err), tutela_store_errmsg(s));
	cr_assert_eq(r.findings, f->n);
	return r;
}

/* Two lists of 200 entries with every kind of fingerprint, some changed, withdrawn, disputed. */
static struct tutela_store *make_full(char path[64])
{
	struct tutela_store *s = store_make(path);

	for (unsigned list = 0; list < 2; list++) {
		struct tutela_update *u = update_on(s, list ? "b" : "a", TUTELA_MERGE);

		for (uint64_t i = 0; i < 200; i++) {
			struct tutela_record rec = {.n_fingerprints = 6};
			char id[24];

			snprintf(id, sizeof id, "e%" PRIu64, i);
			rec.id = text(id);
			rec.fingerprints[0] = hash_of(TUTELA_ALG_PDQ, i);
			rec.fingerprints[1] = hash_of(TUTELA_ALG_PHASH, i);
			rec.fingerprints[2] = hash_of(TUTELA_ALG_DHASH, i);
			rec.fingerprints[3] = hash_of(TUTELA_ALG_MD5, i);
			rec.fingerprints[4] = hash_of(TUTELA_ALG_PHOTODNA, i);
			rec.fingerprints[5] = flipped(rec.fingerprints[4], 1, 1);
			if (rec.fingerprints[5].bytes[143] == rec.fingerprints[4].bytes[143])
				rec.fingerprints[5].bytes[143] ^= 1;
			OK(tutela_update_put(u, &rec));
		}
		commit(s, u);
	}
	set_status(s, "a", "e5", TUTELA_WITHDRAWN);
	set_status(s, "a", "e6", TUTELA_DISPUTED);
	put_one(s, "b", record_of("e7", hash_of(TUTELA_ALG_PDQ, 1007)));
	return s;
}

Test(store_check, finds_nothing_in_a_sound_store)
{
	struct tutela_check_result r;
	struct tutela_store *s;
	struct findings f;
	char path[64];

	s = store_make(path);
	r = check(s, false, &f);
	cr_assert_eq(r.findings + r.entries + r.queries, 0);
	store_unmake(s, path);
	s = make_full(path);
	r = check(s, false, &f);
	cr_assert_eq(r.findings, 0, "%s", f.first);
	cr_assert_eq(r.entries, 403);
	cr_assert_geq(r.segments, 3);
	cr_assert_eq(r.queries, 90);
	cr_assert_geq(r.matches, 60);
	cr_assert_eq(f.stages, 7);
	r = check(s, true, &f);
	cr_assert_eq(r.findings, 0, "%s", f.first);
	cr_assert_eq(r.segments, 3);
	cr_assert_eq(f.stages, 15);
	OK(tutela_store_check(s, NULL, NULL));
	store_unmake(s, path);
}

Test(store_check, stops_when_asked)
{
	struct tutela_store *s;
	char path[64];

	s = make_full(path);
	for (unsigned stop = 1; stop < 12; stop++) {
		struct findings f = {.stop_at = stop};
		struct tutela_check_opts opts = {
			.size = sizeof opts, .rebuild = true, .progress = on_progress, .ctx = &f};

		FAILS(tutela_store_check(s, &opts, NULL), TUTELA_E_INTERRUPTED);
	}
	cr_assert_eq(ask_store(s, hash_of(TUTELA_ALG_PDQ, 9)), 2);
	store_unmake(s, path);
}

/* A rebuild that was killed: its files lie there half made, under the numbers that the next one uses. */
Test(store_check, rebuild_replaces_what_a_dead_one_left)
{
	static const char *const algorithms[] = {"pdq", "phash", "dhash"};
	struct findings f;
	char path[64], file[128];
	struct tutela_store *s = make_full(path);

	for (unsigned i = 0; i < 3 * 40; i++) {
		FILE *half;

		snprintf(file, sizeof file, "%s/seg-%s-%u.tix.tmp", path, algorithms[i % 3], i / 3 + 1);
		half = fopen(file, "w");
		cr_assert_not_null(half);
		fputs("half", half);
		fclose(half);
	}
	cr_assert_eq(check(s, true, &f).findings, 0, "%s", f.first);
	cr_assert_eq(ask_store(s, hash_of(TUTELA_ALG_PDQ, 9)), 2);
	store_unmake(s, path);
}

Test(store_check, reader_may_check_but_not_rebuild)
{
	struct tutela_check_opts opts = {.size = sizeof opts, .rebuild = true};
	struct tutela_store *s;
	struct findings f;
	char path[64];

	tutela_store_close(make_full(path));
	s = store_open(path, false);
	cr_assert_eq(check(s, false, &f).findings, 0, "%s", f.first);
	FAILS(tutela_store_check(s, &opts, NULL), TUTELA_E_READONLY);
	store_unmake(s, path);
}

/* What a removal looks like between its commit and the deletion of the entries. */
static void remove_half_way(struct tutela_store *s, const char *name)
{
	struct list_row row;
	struct session w;
	MDB_val v;

	OK(tutela_session_begin(s, false, &w));
	OK(tutela_env_get(s, w.txn, DB_LISTS, name, strlen(name), &v));
	OK(tutela_schema_get_list(name, strlen(name), v.mv_data, v.mv_size, &row));
	OK(tutela_env_del(s, w.txn, DB_LISTS, name, strlen(name), NULL, 0));
	OK(tutela_cleanup_remove_later(&w, row.number));
	w.state.update++;
	OK(tutela_session_commit(&w));
	tutela_session_end(&w);
}

Test(store_check, a_removal_that_was_broken_off_is_no_damage)
{
	struct tutela_store *s;
	struct findings f;
	char path[64];

	s = make_full(path);
	remove_half_way(s, "b");
	cr_assert_eq(ask_store(s, hash_of(TUTELA_ALG_PDQ, 9)), 1);
	cr_assert_eq(check(s, false, &f).findings, 0, "%s", f.first);
	put_one(s, "a", record_of("new", hash_of(TUTELA_ALG_PDQ, 5000)));
	cr_assert_eq(check(s, false, &f).findings, 0, "%s", f.first);
	store_unmake(s, path);
}

Test(store_check, a_mark_that_is_none_is_found)
{
	struct tutela_store *s;
	struct session w;
	struct findings f;
	char path[64];

	s = make_full(path);
	OK(tutela_session_begin(s, false, &w));
	OK(tutela_env_put(s, w.txn, DB_META, "rempved\0\0\0\1", 11, "", 0, 0));
	OK(tutela_session_commit(&w));
	tutela_session_end(&w);
	cr_assert_eq(check(s, false, &f).findings, 1);
	cr_assert(strstr(f.first, "unknown kind"), "%s", f.first);
	store_unmake(s, path);
}

/* ------------------------------------------------------------------ index files */

static void flip_byte(const char *file, long at)
{
	FILE *f = fopen(file, "r+b");
	int c;

	cr_assert_not_null(f);
	cr_assert_eq(fseek(f, at, at < 0 ? SEEK_END : SEEK_SET), 0);
	c = fgetc(f);
	cr_assert_eq(fseek(f, at, at < 0 ? SEEK_END : SEEK_SET), 0);
	fputc(c ^ 0x10, f);
	fclose(f);
}

Test(store_check, damaged_index_file_is_an_error_then_rebuilt)
{
	struct tutela_snapshot *snap;
	struct tutela_store *s;
	struct findings f;
	char path[64], file[512];

	tutela_store_close(make_full(path));
	index_file(path, file, sizeof file);
	flip_byte(file, 20);
	s = store_open(path, true);
	FAILS(tutela_snapshot_open(s, &snap), TUTELA_E_CORRUPT);
	cr_assert(strstr(tutela_store_errmsg(s), "index file 'seg-"), "%s", tutela_store_errmsg(s));
	cr_assert_gt(check(s, false, &f).findings, 0);
	cr_assert_eq(check(s, true, &f).findings, 0, "%s", f.first);
	cr_assert_eq(ask_store(s, hash_of(TUTELA_ALG_PDQ, 9)), 2);
	store_unmake(s, path);
}

Test(store_check, damage_past_the_header_is_found)
{
	struct tutela_store *s;
	struct findings f;
	char path[64], file[512];

	tutela_store_close(make_full(path));
	index_file(path, file, sizeof file);
	flip_byte(file, -40);
	s = store_open(path, true);
	cr_assert_gt(check(s, false, &f).findings, 0);
	cr_assert(strstr(f.first, "index file 'seg-"), "%s", f.first);
	cr_assert_eq(check(s, true, &f).findings, 0, "%s", f.first);
	store_unmake(s, path);
}

Test(store_check, missing_and_swapped_files_are_found)
{
	struct tutela_snapshot *snap;
	struct tutela_store *s;
	struct findings f;
	char path[64], file[512], other[512];

	tutela_store_close(make_full(path));
	index_file(path, file, sizeof file);
	cr_assert_eq(unlink(file), 0);
	s = store_open(path, true);
	FAILS(tutela_snapshot_open(s, &snap), TUTELA_E_CORRUPT);
	cr_assert(strstr(tutela_store_errmsg(s), "missing"), "%s", tutela_store_errmsg(s));
	cr_assert_gt(check(s, false, &f).findings, 0);
	/* Another sound index file in its place is not the one that was written. */
	index_file(path, other, sizeof other);
	cr_assert_eq(link(other, file), 0);
	FAILS(tutela_snapshot_open(s, &snap), TUTELA_E_CORRUPT);
	cr_assert_gt(check(s, false, &f).findings, 0);
	cr_assert_eq(check(s, true, &f).findings, 0, "%s", f.first);
	store_unmake(s, path);
}

/* ------------------------------------------------------------------ LMDB rows */

/* Change one row behind the store's back: `how` gets a writable copy of the value, returns its new length, -1: delete.
 */
static void tamper(const char *path, const char *db, unsigned nth, long (*how)(uint8_t *value, size_t len))
{
	uint8_t copy[4096], key_copy[512];
	MDB_cursor *cursor;
	MDB_val k, v;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	long len;

	cr_assert(!mdb_env_create(&env) && !mdb_env_set_maxdbs(env, 16) && !mdb_env_set_mapsize(env, 1 << 26));
	cr_assert(!mdb_env_open(env, path, 0, 0600));
	cr_assert(!mdb_txn_begin(env, NULL, 0, &txn) && !mdb_dbi_open(txn, db, 0, &dbi));
	cr_assert(!mdb_cursor_open(txn, dbi, &cursor));
	for (unsigned i = 0; i <= nth; i++)
		cr_assert_eq(mdb_cursor_get(cursor, &k, &v, MDB_NEXT), 0);
	memcpy(key_copy, k.mv_data, k.mv_size);
	k.mv_data = key_copy;
	cr_assert_leq(v.mv_size, sizeof copy);
	memcpy(copy, v.mv_data, v.mv_size);
	len = how(copy, v.mv_size);
	mdb_cursor_close(cursor);
	v.mv_data = copy;
	if (len < 0)
		cr_assert_eq(mdb_del(txn, dbi, &k, NULL), 0);
	else {
		v.mv_size = (size_t)len;
		cr_assert_eq(mdb_put(txn, dbi, &k, &v, 0), 0);
	}
	cr_assert_eq(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

static long flip_middle(uint8_t *value, size_t len)
{
	value[len / 2] ^= 1;
	return (long)len;
}

static long cut(uint8_t *value, size_t len)
{
	(void)value;
	return (long)len / 2;
}

static long empty(uint8_t *value, size_t len)
{
	(void)value;
	(void)len;
	return 0;
}

static long drop(uint8_t *value, size_t len)
{
	(void)value;
	(void)len;
	return -1;
}

static long (*const hows[])(uint8_t *, size_t) = {flip_middle, cut, empty, drop};

static void expect_findings(const char *db, unsigned nth, unsigned how)
{
	struct tutela_store *s;
	struct findings f;
	char path[64];

	tutela_store_close(make_full(path));
	tamper(path, db, nth, hows[how]);
	s = store_open(path, true);
	cr_assert_gt(check(s, false, &f).findings, 0, "%s row %u, way %u", db, nth, how);
	store_unmake(s, path);
}

Test(store_check, damaged_rows_are_found, .timeout = 120)
{
	for (unsigned how = 0; how < 4; how++) {
		expect_findings("entries", 0, how);
		expect_findings("entries", 402, how);
		expect_findings("lists", 1, how);
		expect_findings("segments", 1, how);
		if (how == 0 || how == 3)
			expect_findings("keys", 17, how);
	}
	expect_findings("digests", 100, 3);
	expect_findings("audit", 1, 0);
}

Test(store_check, damaged_state_does_not_open)
{
	for (unsigned how = 0; how < 4; how++) {
		struct tutela_store *s;
		char path[64], why[256];

		tutela_store_close(make_full(path));
		tamper(path, "meta", 0, hows[how]);
		FAILS(tutela_store_open(path, NULL, &s, why, sizeof why), TUTELA_E_CORRUPT);
		cr_assert(strstr(why, path), "%s", why);
		scratch_remove(path);
	}
}

Test(store_check, damaged_entry_is_an_error_of_the_lookup)
{
	struct tutela_query_hash one = {.hash = hash_of(TUTELA_ALG_PDQ, 0)};
	struct tutela_query query = {.hashes = &one, .n = 1, .quality = -1};
	struct tutela_hits hits = {0};
	struct tutela_snapshot *snap;
	struct tutela_store *s;
	char path[64];

	tutela_store_close(make_full(path));
	tamper(path, "entries", 0, flip_middle);
	s = store_open(path, true);
	snap = snapshot_of(s);
	FAILS(tutela_snapshot_lookup(snap, &query, 0, &hits), TUTELA_E_CORRUPT);
	cr_assert(strstr(tutela_store_errmsg(s), "entry 1 of"), "%s", tutela_store_errmsg(s));
	cr_assert_eq(hits.n, 0);
	one.hash = hash_of(TUTELA_ALG_PDQ, 1);
	OK(tutela_snapshot_lookup(snap, &query, 0, &hits));
	cr_assert_eq(hits.n, 2);
	tutela_hits_free(&hits);
	tutela_snapshot_close(snap);
	store_unmake(s, path);
}

Test(store_check, list_with_a_damaged_entry_can_be_removed)
{
	struct tutela_store *s;
	char path[64];

	tutela_store_close(make_full(path));
	tamper(path, "entries", 0, flip_middle);
	s = store_open(path, true);
	OK(tutela_list_remove(s, "a"));
	put_one(s, "b", record_of("new", hash_of(TUTELA_ALG_PDQ, 5000)));
	cr_assert_eq(ask_store(s, hash_of(TUTELA_ALG_PDQ, 0)), 1);
	cr_assert_eq(ask_store(s, hash_of(TUTELA_ALG_MD5, 0)), 1);
	store_unmake(s, path);
}

Test(store_check, lost_manifest_row_stops_readers_and_writers)
{
	struct tutela_update_opts opts = {.size = sizeof opts, .list = "a"};
	struct tutela_snapshot *snap;
	struct tutela_update *u;
	struct tutela_store *s;
	struct findings f;
	char path[64];

	tutela_store_close(make_full(path));
	tamper(path, "segments", 0, drop);
	s = store_open(path, true);
	FAILS(tutela_snapshot_open(s, &snap), TUTELA_E_CORRUPT);
	FAILS(tutela_update_begin(s, &opts, &u), TUTELA_E_CORRUPT);
	cr_assert(strstr(tutela_store_errmsg(s), "index files"), "%s", tutela_store_errmsg(s));
	cr_assert_gt(check(s, false, &f).findings, 0);
	cr_assert_eq(check(s, true, &f).findings, 0, "%s", f.first);
	cr_assert_eq(ask_store(s, hash_of(TUTELA_ALG_PDQ, 9)), 2);
	store_unmake(s, path);
}
