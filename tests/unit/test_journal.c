/* SPDX-License-Identifier: Apache-2.0 */
#include "audit_rows.h"

#include <jansson.h>

#include <tutela/journal.h>

#define HASHES 4

static struct tutela_query_hash hashes[HASHES];

/* A file by formula. */
static struct tutela_journal_file file_of(unsigned i, struct tutela_journal_hit *hit)
{
	static char name[32];

	snprintf(name, sizeof name, "dir/%u\xff.jpg", i);
	hashes[0] = (struct tutela_query_hash){.hash = hash_of(TUTELA_ALG_SHA256, i)};
	hashes[1] =
		(struct tutela_query_hash){.hash = hash_of(TUTELA_ALG_PDQ, i), .variant = "original", .dialect = "ref"};
	hashes[2] = (struct tutela_query_hash){
		.hash = hash_of(TUTELA_ALG_PDQ, i + 1), .variant = "flipminus1", .dialect = "full"};
	hashes[3] = (struct tutela_query_hash){.hash = hash_of(TUTELA_ALG_PHASH, i), .variant = "rotate90"};
	*hit = (struct tutela_journal_hit){.source = text("src"),
					   .list = text("list"),
					   .entry = text("e/1"),
					   .category = text("A1"),
					   .list_version = 7 + i,
					   .kind = TUTELA_LIST_KNOWN,
					   .algorithm = TUTELA_ALG_PDQ,
					   .distance = 12,
					   .threshold = 31};
	return (struct tutela_journal_file){.scan = 99,
					    .time = 1000 * (int64_t)(i + 1),
					    .verdict = i % 3,
					    .quality = i % 2 ? (int)i % 101 : -1,
					    .size = UINT64_C(5000000000) + i,
					    .name = text(name),
					    .n_hashes = HASHES,
					    .hashes = hashes,
					    .n_hits = i % 2,
					    .hits = hit};
}

static void add_files(struct tutela_store *s, unsigned from, unsigned to)
{
	struct tutela_journal_batch *b;
	struct tutela_journal_hit hit;

	OK(tutela_journal_batch_new(&b));
	for (unsigned i = from; i < to; i++) {
		struct tutela_journal_file f = file_of(i, &hit);

		OK(tutela_journal_batch_add(b, &f));
	}
	cr_assert_gt(tutela_journal_batch_bytes(b), 0);
	OK(tutela_journal_batch_write(b, s));
	cr_assert_eq(tutela_journal_batch_bytes(b), 0);
	tutela_journal_batch_free(b);
}

static bool same_text(struct tutela_text a, struct tutela_text b)
{
	return a.len == b.len && !memcmp(a.s, b.s, a.len);
}

static bool same_word(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool compare(void *ctx, const struct tutela_journal_file *f)
{
	unsigned *i = ctx;
	struct tutela_journal_hit hit;
	struct tutela_journal_file e = file_of((*i)++, &hit);

	cr_assert(f->scan == e.scan && f->time == e.time && f->verdict == e.verdict && f->quality == e.quality);
	cr_assert(f->size == e.size && same_text(f->name, e.name));
	cr_assert(f->n_hashes == e.n_hashes && f->n_hits == e.n_hits);
	for (size_t k = 0; k < e.n_hashes; k++) {
		cr_assert_eq(f->hashes[k].hash.algorithm, e.hashes[k].hash.algorithm);
		cr_assert_eq(f->hashes[k].hash.len, e.hashes[k].hash.len);
		cr_assert_eq(memcmp(f->hashes[k].hash.bytes, e.hashes[k].hash.bytes, e.hashes[k].hash.len), 0);
		cr_assert(same_word(f->hashes[k].variant, e.hashes[k].variant));
		cr_assert(same_word(f->hashes[k].dialect, e.hashes[k].dialect));
	}
	for (size_t k = 0; k < e.n_hits; k++) {
		const struct tutela_journal_hit *a = &f->hits[k], *b = &e.hits[k];

		cr_assert(same_text(a->source, b->source) && same_text(a->list, b->list));
		cr_assert(same_text(a->entry, b->entry) && same_text(a->category, b->category));
		cr_assert(a->list_version == b->list_version && a->kind == b->kind && a->algorithm == b->algorithm);
		cr_assert(a->distance == b->distance && a->threshold == b->threshold);
	}
	return true;
}

static unsigned walked(struct tutela_store *s, unsigned from)
{
	struct tutela_snapshot *snap = snapshot_of(s);
	unsigned i = from;

	OK(tutela_snapshot_journal(snap, compare, NULL, &i));
	tutela_snapshot_close(snap);
	return i - from;
}

static struct tutela_journal_info info_of(struct tutela_store *s)
{
	struct tutela_snapshot *snap = snapshot_of(s);
	struct tutela_journal_info info;

	OK(tutela_snapshot_journal_info(snap, &info));
	tutela_snapshot_close(snap);
	return info;
}

Test(journal, what_is_written_is_read_in_order)
{
	char path[64];
	struct tutela_store *s = store_make(path);

	cr_assert_eq(walked(s, 0), 0);
	add_files(s, 0, 10);
	add_files(s, 10, 17);
	tutela_store_close(s);
	s = store_open(path, false);
	cr_assert_eq(walked(s, 0), 17);
	store_unmake(s, path);
}

static bool only_one(void *ctx, const struct tutela_journal_file *f)
{
	unsigned *n = ctx;

	cr_assert_eq(f->time, 1000);
	return ++*n < 1;
}

Test(journal, a_reader_stops_when_it_likes)
{
	char path[64];
	struct tutela_store *s = store_make(path);
	struct tutela_snapshot *snap;
	unsigned n = 0;

	add_files(s, 0, 3);
	snap = snapshot_of(s);
	OK(tutela_snapshot_journal(snap, only_one, NULL, &n));
	cr_assert_eq(n, 1);
	tutela_snapshot_close(snap);
	store_unmake(s, path);
}

static bool on_long(void *ctx, const struct tutela_journal_file *f)
{
	(void)ctx;
	cr_assert_eq(f->name.len, TUTELA_JOURNAL_NAME_MAX);
	cr_assert_eq(f->n_hits, 65535);
	cr_assert_eq(f->hits[65534].category.len, TUTELA_JOURNAL_CATEGORY_MAX);
	return true;
}

Test(journal, what_is_too_long_is_cut_and_what_is_wrong_refused)
{
	static struct tutela_journal_hit many[65536];
	static char name[TUTELA_JOURNAL_NAME_MAX + 100];
	static struct tutela_query_hash over[TUTELA_JOURNAL_HASHES_MAX + 1];
	struct tutela_query_hash odd = {.hash = hash_of(TUTELA_ALG_PDQ, 1), .variant = "sideways"};
	struct tutela_journal_file f;
	struct tutela_journal_batch *b;
	char path[64];
	struct tutela_store *s = store_make(path);
	struct tutela_snapshot *snap;

	OK(tutela_journal_batch_new(&b));
	for (size_t i = 0; i < 65536; i++) {
		(void)file_of(1, &many[i]);
		many[i].category = (struct tutela_text){name, 300};
	}
	memset(name, 'x', sizeof name);
	f = (struct tutela_journal_file){.quality = -1,
					 .name = {name, sizeof name},
					 .n_hits = 65536,
					 .hits = many,
					 .hashes = &odd,
					 .n_hashes = 1};
	FAILS(tutela_journal_batch_add(b, &f), TUTELA_E_ARG);
	odd.variant = NULL;
	odd.dialect = "slang";
	FAILS(tutela_journal_batch_add(b, &f), TUTELA_E_ARG);
	odd.dialect = NULL;
	odd.hash.len = 5;
	FAILS(tutela_journal_batch_add(b, &f), TUTELA_E_ARG);
	odd.hash = hash_of(TUTELA_ALG_PDQ, 1);
	f.quality = 101;
	FAILS(tutela_journal_batch_add(b, &f), TUTELA_E_ARG);
	f.quality = 100;
	f.verdict = 256;
	FAILS(tutela_journal_batch_add(b, &f), TUTELA_E_ARG);
	f.verdict = 255;
	f.hashes = over;
	f.n_hashes = TUTELA_JOURNAL_HASHES_MAX + 1;
	FAILS(tutela_journal_batch_add(b, &f), TUTELA_E_ARG);
	cr_assert_eq(tutela_journal_batch_bytes(b), 0);
	OK(tutela_journal_batch_write(b, s));
	f.hashes = &odd;
	f.n_hashes = 1;
	OK(tutela_journal_batch_add(b, &f));
	OK(tutela_journal_batch_write(b, s));
	snap = snapshot_of(s);
	OK(tutela_snapshot_journal(snap, on_long, NULL, NULL));
	tutela_snapshot_close(snap);
	tutela_journal_batch_free(b);
	tutela_journal_batch_free(NULL);
	store_unmake(s, path);
}

Test(journal, a_batch_that_cannot_be_written_waits)
{
	struct tutela_journal_hit hit;
	struct tutela_journal_file f = file_of(0, &hit);
	struct tutela_journal_batch *b;
	size_t waits;
	char path[64];
	struct tutela_store *s = store_make(path);

	tutela_store_close(s);
	s = store_open(path, false);
	OK(tutela_journal_batch_new(&b));
	OK(tutela_journal_batch_add(b, &f));
	waits = tutela_journal_batch_bytes(b);
	FAILS(tutela_journal_batch_write(b, s), TUTELA_E_READONLY);
	cr_assert_eq(tutela_journal_batch_bytes(b), waits);
	tutela_store_close(s);
	s = store_open(path, true);
	OK(tutela_journal_batch_write(b, s));
	cr_assert_eq(walked(s, 0), 1);
	tutela_journal_batch_free(b);
	store_unmake(s, path);
}

/* Change a byte of row `number` of the journal. */
static void damage(const char *path, uint64_t number)
{
	uint8_t key[8], copy[4096];
	MDB_val k = {sizeof key, key}, v;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	cr_assert(!mdb_env_create(&env) && !mdb_env_set_maxdbs(env, 16) && !mdb_env_set_mapsize(env, 1 << 26));
	cr_assert(!mdb_env_open(env, path, 0, 0600) && !mdb_txn_begin(env, NULL, 0, &txn));
	cr_assert_eq(mdb_dbi_open(txn, "journal", 0, &dbi), 0);
	tutela_schema_key64(number, key);
	cr_assert(!mdb_get(txn, dbi, &k, &v) && v.mv_size <= sizeof copy);
	memcpy(copy, v.mv_data, v.mv_size);
	copy[9] ^= 1;
	v.mv_data = copy;
	cr_assert(!mdb_put(txn, dbi, &k, &v, 0) && !mdb_txn_commit(txn));
	mdb_env_close(env);
}

Test(journal, what_is_old_is_deleted_and_the_audit_log_says_what)
{
	struct tutela_audit_verdict verdict;
	struct tutela_journal_info info, gone;
	uint64_t records;
	char path[64];
	struct tutela_store *s = store_make(path);

	FAILS(tutela_journal_prune(NULL, 1, &gone), TUTELA_E_ARG);
	OK(tutela_journal_prune(s, INT64_MAX, &gone));
	cr_assert_eq(gone.files, 0);
	add_files(s, 0, 10);
	records = log_point(s).number;
	OK(tutela_journal_prune(s, 1000, &gone));
	cr_assert_eq(gone.files, 0);
	cr_assert_eq(log_point(s).number, records);
	info = info_of(s);
	cr_assert(info.files == 10 && info.hits == 5 && info.first == 1000 && info.last == 10000 && !info.damaged);
	OK(tutela_journal_prune(s, 4000, &gone));
	cr_assert(gone.files == 3 && gone.hits == 1 && gone.first == 1000 && gone.last == 3000);
	cr_assert_eq(log_point(s).number, records + 1);
	cr_assert_eq(walked(s, 3), 7);
	cr_assert_eq(info_of(s).bytes + gone.bytes, info.bytes);
	/* What comes later is added behind what stayed; and when all went. */
	add_files(s, 10, 12);
	cr_assert_eq(walked(s, 3), 9);
	OK(tutela_journal_prune(s, INT64_MAX, &gone));
	cr_assert_eq(gone.files, 9);
	add_files(s, 0, 2);
	cr_assert_eq(walked(s, 0), 2);
	tutela_store_close(s);
	cr_assert_eq(log_verify(path, NULL, 0, &verdict), 0);
	s = store_open(path, false);
	FAILS(tutela_journal_prune(s, 4000, &gone), TUTELA_E_READONLY);
	store_unmake(s, path);
}

struct seen {
	unsigned files, damaged, stop;
	int64_t times;
	uint64_t numbers;
};

static bool see(void *ctx, const struct tutela_journal_file *f)
{
	struct seen *seen = ctx;

	seen->times += f->time;
	return ++seen->files != seen->stop;
}

static void see_damage(void *ctx, uint64_t number)
{
	struct seen *seen = ctx;

	seen->damaged++;
	seen->numbers = seen->numbers * 10 + number;
}

static void on_finding(void *ctx, const char *sentence)
{
	char *all = ctx;

	strncat(all, sentence, 999 - strlen(all));
}

Test(journal, damaged_rows_cost_themselves_alone_and_are_named)
{
	char path[64], found[1000] = "";
	struct tutela_store *s = store_make(path);
	const struct tutela_check_opts opts = {.size = sizeof opts, .finding = on_finding, .ctx = found};
	struct tutela_check_result result;
	struct tutela_snapshot *snap;
	struct seen seen = {0}, first = {.stop = 2};

	add_files(s, 0, 6);
	OK(tutela_store_check(s, &opts, &result));
	cr_assert_eq(result.findings, 0);
	tutela_store_close(s);
	damage(path, 3);
	damage(path, 6);
	s = store_open(path, true);
	snap = snapshot_of(s);
	FAILS(tutela_snapshot_journal(snap, see, see_damage, &seen), TUTELA_E_CORRUPT);
	cr_assert(seen.files == 4 && seen.times == 1000 + 2000 + 4000 + 5000);
	cr_assert(seen.damaged == 2 && seen.numbers == 36);
	cr_assert_not_null(strstr(tutela_store_errmsg(s), "2 of 6 records of the journal of '"));
	/* Nobody takes a part for the whole; who stops before the damage has seen none. */
	FAILS(tutela_snapshot_journal(snap, see, NULL, &seen), TUTELA_E_CORRUPT);
	OK(tutela_snapshot_journal(snap, see, see_damage, &first));
	cr_assert(first.files == 2 && !first.damaged);
	tutela_snapshot_close(snap);
	OK(tutela_store_check(s, &opts, &result));
	cr_assert_eq(result.findings, 2);
	cr_assert(strstr(found, "record 3 of the journal of '") && strstr(found, "record 6 of the journal of '"));
	store_unmake(s, path);
}

Test(journal, damaged_rows_are_counted_and_go_with_the_row_before)
{
	struct tutela_journal_info info, gone;
	char path[64];
	struct tutela_store *s = store_make(path);

	add_files(s, 0, 6);
	tutela_store_close(s);
	damage(path, 3);
	damage(path, 6);
	s = store_open(path, true);
	info = info_of(s);
	cr_assert(info.files == 4 && info.damaged == 2);
	OK(tutela_journal_prune(s, 2001, &gone));
	cr_assert(gone.files == 2 && gone.damaged == 1);
	info = info_of(s);
	cr_assert(info.files == 2 && info.damaged == 1 && info.first == 4000);
	OK(tutela_journal_prune(s, 1, &gone));
	cr_assert(!gone.files && !gone.damaged);
	store_unmake(s, path);
}

/* More than one transaction holds. */
Test(journal, many_rows_go_in_bounded_commits, .timeout = 120)
{
	struct tutela_journal_info gone;
	char path[64];
	struct tutela_store *s = store_make(path);

	add_files(s, 0, 20000);
	OK(tutela_journal_prune(s, 19999000, &gone));
	cr_assert_eq(gone.files, 19998);
	cr_assert_eq(walked(s, 19998), 2);
	store_unmake(s, path);
}
