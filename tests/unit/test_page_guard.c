/* SPDX-License-Identifier: Apache-2.0 */
#include "store_data.h"

#include <tutela/journal.h>

#include "store/page_format.h"

#define SIZE  4096
#define ROOTS (24 + 16 + 40) /* in a meta page, of the free pages; 48 further on, of the databases */

static char path[64], file[128];

static void rewrite(uint64_t at, const void *p, size_t len)
{
	int fd = open(file, O_WRONLY);

	cr_assert(fd >= 0);
	cr_assert_eq(pwrite(fd, p, len, (off_t)at), (ssize_t)len);
	close(fd);
}

static void fetch(uint64_t at, void *p, size_t len)
{
	int fd = open(file, O_RDONLY);

	cr_assert(fd >= 0);
	cr_assert_eq(pread(fd, p, len, (off_t)at), (ssize_t)len);
	close(fd);
}

/* Some lists of entries, and free pages. */
static void make(void)
{
	struct tutela_store *s = store_make(path);

	snprintf(file, sizeof file, "%s/data.mdb", path);
	for (unsigned list = 0; list < 3; list++) {
		char name[8] = {(char)('a' + list)}, id[32];
		struct tutela_update *u = update_on(s, name, TUTELA_MERGE);

		for (uint64_t i = 0; i < 3000; i++) {
			struct tutela_record rec;

			snprintf(id, sizeof id, "e%" PRIu64, i);
			rec = record_of(id, hash_of(TUTELA_ALG_MD5, 10000 * list + i));
			OK(tutela_update_put(u, &rec));
		}
		commit(s, u);
	}
	OK(tutela_list_remove(s, "b"));
	tutela_store_close(s);
}

static struct page_meta newest(void)
{
	struct page_meta m[2];
	uint8_t bytes[2][PAGE_META_LEN];
	unsigned last;

	for (unsigned slot = 0; slot < 2; slot++) {
		fetch(slot * SIZE, bytes[slot], sizeof bytes[slot]);
		cr_assert_null(tutela_page_meta_head(bytes[slot], slot, &m[slot]));
	}
	last = m[1].txn > m[0].txn;
	cr_assert_null(tutela_page_meta(bytes[last], last, &m[last]));
	return m[last];
}

static void on_finding(void *ctx, const char *sentence)
{
	char *first = ctx;

	if (!*first)
		snprintf(first, 512, "%s", sentence);
}

/* The first finding of a check of the store, "" when there is none. */
static const char *check(void)
{
	static char first[512];
	struct tutela_check_opts opts = {.size = sizeof opts, .queries = 6, .finding = on_finding, .ctx = first};
	struct tutela_store *s;
	enum tutela_err err;

	*first = '\0';
	if (tutela_store_open(path, NULL, &s, first, sizeof first))
		return first;
	err = tutela_store_check(s, &opts, NULL);
	if (err)
		snprintf(first, sizeof first, "%s", tutela_store_errmsg(s));
	tutela_store_close(s);
	return first;
}

/* LMDB takes the newer of two: with another number it would take the other one, and be content. */
Test(page_guard, the_number_of_a_commit_cannot_change)
{
	uint64_t right, at;

	make();
	cr_assert_str_eq(check(), "");
	right = newest().txn;
	at = (right & 1) * SIZE + 16 + 128;
	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t wrong = right ^ UINT64_C(1) << bit;
		struct tutela_store *s;
		char why[512];

		rewrite(at, &wrong, sizeof wrong);
		FAILS(tutela_store_open(path, NULL, &s, why, sizeof why), TUTELA_E_CORRUPT);
		cr_assert(strstr(why, "not of two commits in a row"), "%s", why);
	}
	rewrite(at, &right, sizeof right);
	cr_assert_str_eq(check(), "");
	scratch_remove(path);
}

Test(page_guard, a_page_that_is_used_and_free_is_found)
{
	uint64_t list[SIZE / 8], at;
	uint8_t bytes[SIZE];
	struct page p = {.bytes = bytes, .size = SIZE, .kind = TREE_FREE, .leaf = true};
	struct page_row row;
	bool done = false;

	make();
	cr_assert_eq(newest().free.depth, 1);
	fetch(newest().free.root * SIZE, bytes, SIZE);
	p.n = tutela_page_rows(&p);
	/* The smallest free page becomes one less, which is in use when no list has it. */
	for (unsigned i = 0; i < p.n && !done; i++) {
		cr_assert(tutela_page_row(&p, i, &row));
		if (!row.value)
			continue;
		memcpy(list, row.value, row.value_len);
		at = newest().free.root * SIZE + (uint64_t)(row.value - bytes) + 8 * list[0];
		list[list[0]]--;
		rewrite(at, &list[list[0]], 8);
		done = strstr(check(), "it is used, and free as well") != NULL;
		list[list[0]]++;
		rewrite(at, &list[list[0]], 8);
	}
	cr_assert(done);
	cr_assert_str_eq(check(), "");
	scratch_remove(path);
}

/* An entry that is there: all of it, or an error, but never that there is none. */
static enum tutela_err get_entry(struct tutela_snapshot *snap, uint64_t i)
{
	struct tutela_record rec;
	enum tutela_err err;
	char id[32];

	snprintf(id, sizeof id, "e%" PRIu64, i);
	err = tutela_snapshot_entry(snap, "a", text(id), &rec);
	cr_assert(err == TUTELA_E_CORRUPT || (!err && rec.n_fingerprints == 1), "%s: %s", id, tutela_err_name(err));
	return err;
}

/* Every page in turn: what is asked is answered rightly, or not at all, and check tells. */
Test(page_guard, any_page_may_be_lost)
{
	static const uint8_t none[SIZE];
	uint8_t saved[SIZE];
	uint64_t last;
	unsigned errors = 0, entries[2] = {0}, refused = 0;

	make();
	last = newest().last;
	for (uint64_t number = 0; number <= last; number++) {
		struct tutela_query_hash one = {.hash = hash_of(TUTELA_ALG_MD5, number * 17)};
		struct tutela_query query = {.hashes = &one, .n = 1, .quality = -1};
		struct tutela_snapshot *snap;
		struct tutela_hits hits = {0};
		struct tutela_store *s;
		enum tutela_err err;
		char why[512];

		fetch(number * SIZE, saved, SIZE);
		rewrite(number * SIZE, none, SIZE);
		err = tutela_store_open(path, NULL, &s, why, sizeof why);
		refused += !!err;
		if (!err) {
			err = tutela_snapshot_open(s, &snap);
			if (!err)
				err = tutela_snapshot_lookup(snap, &query, 0, &hits);
			cr_assert(err || hits.n == (number * 17 < 3000));
			cr_assert(!err || (err == TUTELA_E_CORRUPT && *tutela_store_errmsg(s)));
			errors += !!err;
			for (uint64_t i = 0; i < 3000 && snap; i += 10)
				entries[!!get_entry(snap, i)]++;
			cr_assert(!err || *check());
			tutela_hits_free(&hits);
			if (snap)
				tutela_snapshot_close(snap);
			tutela_store_close(s);
		}
		rewrite(number * SIZE, saved, SIZE);
	}
	cr_assert_geq(refused, 3);
	cr_assert_geq(errors, 4);
	cr_assert(entries[0] > entries[1] && entries[1] > 0);
	cr_assert_str_eq(check(), "");
	scratch_remove(path);
}

Test(page_guard, a_file_cut_short_is_an_error)
{
	const struct tutela_store_opts writer = {.size = sizeof writer, .write = true};
	const struct tutela_update_opts opts = {.size = sizeof opts, .list = "a"};
	unsigned begun = 0;
	uint64_t last;

	make();
	last = newest().last;
	for (uint64_t pages = last; pages > 2; pages -= pages / 5 + 1) {
		struct tutela_update *u;
		struct tutela_store *s;

		cr_assert_eq(truncate(file, (off_t)(pages * SIZE - 100)), 0);
		cr_assert(*check());
		if (tutela_store_open(path, &writer, &s, NULL, 0))
			continue;
		begun++;
		if (!tutela_update_begin(s, &opts, &u)) {
			(void)!tutela_update_status(u, text("e2999"), TUTELA_WITHDRAWN, text("why"));
			(void)!tutela_update_commit(u, NULL);
		}
		tutela_store_close(s);
	}
	cr_assert_geq(begun, 1);
	scratch_remove(path);
}

/* What LMDB leaves in the older meta page when a commit's last write fails: the roots of what was not committed. */
Test(page_guard, the_older_meta_page_may_lead_nowhere)
{
	static const uint8_t beyond[8] = {0xff, 0xff, 0x0f};

	bool spoilt[2] = {false, false};
	struct tutela_store *s;

	make();
	for (uint64_t i = 0; i < 20 && !(spoilt[0] && spoilt[1]); i++) {
		unsigned older = !(newest().txn & 1);

		rewrite(older * SIZE + ROOTS, beyond, sizeof beyond);
		rewrite(older * SIZE + ROOTS + 48, beyond, sizeof beyond);
		spoilt[older] = true;
		s = store_open(path, true);
		cr_assert_eq(ask_store(s, hash_of(TUTELA_ALG_MD5, 1)), 1);
		put_one(s, "a", record_of("one more", hash_of(TUTELA_ALG_MD5, 70000 + i)));
		cr_assert_eq(ask_store(s, hash_of(TUTELA_ALG_MD5, 70000 + i)), 1);
		if (i % 3 == 1)
			set_status(s, "a", "one more", TUTELA_WITHDRAWN);
		tutela_store_close(s);
	}
	cr_assert(spoilt[0] && spoilt[1]);
	scratch_remove(path);
}

/* The page that a long value begins on, when number is one: its own number and the flag of such pages. */
static bool begins_long_value(uint64_t number)
{
	uint8_t head[16];
	uint64_t own;

	fetch(number * SIZE, head, sizeof head);
	memcpy(&own, head, sizeof own);
	return own == number && head[10] == 4 && !head[11];
}

/* LMDB believes the heads of long values when it deletes them: a leaf with one that is wrong is not touched at all. */
Test(page_guard, a_leaf_is_left_alone_when_the_head_of_a_long_value_is_damaged)
{
	static const uint8_t none[16];
	static char large[TUTELA_TEXT_MAX];
	struct tutela_record rec = record_of("long", hash_of(TUTELA_ALG_MD5, 1));
	unsigned found = 0;
	struct tutela_update *u;
	struct tutela_store *s;
	uint8_t saved[16];

	memset(large, 'l', sizeof large);
	rec.n_labels = 1;
	rec.labels[0] = (struct tutela_label){text("k"), {large, sizeof large}};
	s = store_make(path);
	snprintf(file, sizeof file, "%s/data.mdb", path);
	u = update_on(s, "a", TUTELA_MERGE);
	OK(tutela_update_put(u, &rec));
	rec = record_of("short", hash_of(TUTELA_ALG_MD5, 2));
	OK(tutela_update_put(u, &rec));
	commit(s, u);
	tutela_store_close(s);
	for (uint64_t number = 2, last = newest().last; number <= last; number++) {
		if (!begins_long_value(number))
			continue;
		found++;
		fetch(number * SIZE, saved, sizeof saved);
		rewrite(number * SIZE, none, sizeof none);
		s = store_open(path, true);
		u = update_on(s, "a", TUTELA_MERGE);
		FAILS(tutela_update_status(u, text("short"), TUTELA_WITHDRAWN, text("why")), TUTELA_E_CORRUPT);
		tutela_update_abort(u);
		cr_assert(strstr(tutela_store_errmsg(s), "another page's"), "%s", tutela_store_errmsg(s));
		tutela_store_close(s);
		rewrite(number * SIZE, saved, sizeof saved);
	}
	cr_assert_eq(found, 1);
	cr_assert_str_eq(check(), "");
	scratch_remove(path);
}
