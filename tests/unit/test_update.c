/* SPDX-License-Identifier: Apache-2.0 */
#include "store_data.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

static struct tutela_hash md5(uint64_t seed)
{
	return hash_of(TUTELA_ALG_MD5, seed);
}

static struct tutela_hash pdq(uint64_t seed)
{
	return hash_of(TUTELA_ALG_PDQ, seed);
}

static void expect(struct tutela_update_result r, uint64_t added, uint64_t changed, uint64_t unchanged,
		   uint64_t withdrawn, uint64_t version)
{
	cr_assert(r.added == added && r.changed == changed && r.unchanged == unchanged && r.withdrawn == withdrawn &&
			  r.version == version,
		  "added %" PRIu64 " changed %" PRIu64 " unchanged %" PRIu64 " withdrawn %" PRIu64 " version %" PRIu64,
		  r.added, r.changed, r.unchanged, r.withdrawn, r.version);
}

static void print_finding(void *ctx, const char *sentence)
{
	(void)ctx;
	fprintf(stderr, "finding: %s\n", sentence);
}

static void check_clean(struct tutela_store *s)
{
	struct tutela_check_opts opts = {.size = sizeof opts, .queries = 24, .threads = 1, .finding = print_finding};
	struct tutela_check_result r;

	OK(tutela_store_check(s, &opts, &r));
	cr_assert_eq(r.findings, 0, "%" PRIu64 " findings", r.findings);
}

Test(update, adds_changes_and_leaves_alone)
{
	struct tutela_store *s;
	struct tutela_record rec;
	char path[64];

	s = store_make(path);
	expect(put_one(s, "a", record_of("e", md5(1))), 1, 0, 0, 0, 1);
	expect(put_one(s, "a", record_of("e", md5(1))), 0, 0, 1, 0, 1);
	expect(put_one(s, "a", record_of("e", md5(2))), 0, 1, 0, 0, 2);
	cr_assert_eq(ask_store(s, md5(1)), 0);
	cr_assert_eq(ask_store(s, md5(2)), 1);
	rec = record_of("e", md5(2));
	rec.n_labels = 1;
	rec.labels[0] = (struct tutela_label){text("category"), text("1")};
	expect(put_one(s, "a", rec), 0, 1, 0, 0, 3);
	expect(put_one(s, "a", rec), 0, 0, 1, 0, 3);
	rec.source_time = 5;
	expect(put_one(s, "a", rec), 0, 1, 0, 0, 4);
	cr_assert_eq(list_of(s, "a").active, 1);
	cr_assert_eq(list_of(s, "a").fingerprints[TUTELA_ALG_MD5], 1);
	check_clean(s);
	store_unmake(s, path);
}

Test(update, order_and_repetition_of_fingerprints_say_nothing)
{
	struct tutela_record rec = record_of("e", md5(1));
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	rec.n_fingerprints = 3;
	rec.fingerprints[1] = pdq(4);
	rec.fingerprints[2] = md5(1);
	expect(put_one(s, "a", rec), 1, 0, 0, 0, 1);
	rec.n_fingerprints = 2;
	rec.fingerprints[0] = pdq(4);
	rec.fingerprints[1] = md5(1);
	expect(put_one(s, "a", rec), 0, 0, 1, 0, 1);
	cr_assert_eq(list_of(s, "a").fingerprints[TUTELA_ALG_MD5], 1);
	store_unmake(s, path);
}

Test(update, last_put_of_an_id_wins)
{
	struct tutela_update *u;
	struct tutela_store *s;
	struct tutela_record rec;
	char path[64];

	s = store_make(path);
	u = update_on(s, "a", TUTELA_MERGE);
	for (uint64_t i = 0; i < 5; i++) {
		rec = record_of("e", md5(i));
		OK(tutela_update_put(u, &rec));
	}
	expect(commit(s, u), 1, 0, 0, 0, 1);
	cr_assert_eq(ask_store(s, md5(3)), 0);
	cr_assert_eq(ask_store(s, md5(4)), 1);
	/* The same with a status in between, which makes the batch be written. */
	u = update_on(s, "a", TUTELA_MERGE);
	rec = record_of("e", md5(7));
	OK(tutela_update_put(u, &rec));
	OK(tutela_update_status(u, text("e"), TUTELA_DISPUTED, text("why")));
	rec = record_of("e", md5(8));
	OK(tutela_update_put(u, &rec));
	expect(commit(s, u), 0, 1, 0, 0, 2);
	cr_assert_eq(ask_store(s, md5(4)) + ask_store(s, md5(7)), 0);
	cr_assert_eq(ask_store(s, md5(8)), 1);
	cr_assert_eq(list_of(s, "a").active, 1);
	cr_assert_eq(list_of(s, "a").disputed, 0);
	check_clean(s);
	store_unmake(s, path);
}

Test(update, withdraws_disputes_and_makes_active_again)
{
	struct tutela_update *u;
	struct tutela_store *s;
	struct tutela_list list;
	struct tutela_record rec = record_of("e", pdq(1));
	char path[64];

	s = store_make(path);
	rec.n_fingerprints = 2;
	rec.fingerprints[1] = md5(1);
	put_one(s, "a", rec);
	expect(set_status(s, "a", "e", TUTELA_DISPUTED), 0, 1, 0, 0, 2);
	cr_assert_eq(ask_store(s, pdq(1)) + ask_store(s, md5(1)), 0);
	list = list_of(s, "a");
	cr_assert(list.active == 0 && list.disputed == 1 && list.fingerprints[TUTELA_ALG_PDQ] == 1);
	expect(set_status(s, "a", "e", TUTELA_DISPUTED), 0, 0, 1, 0, 2);
	expect(set_status(s, "a", "e", TUTELA_WITHDRAWN), 0, 0, 0, 1, 3);
	list = list_of(s, "a");
	cr_assert(list.disputed == 0 && list.withdrawn == 1 && list.fingerprints[TUTELA_ALG_PDQ] == 0);
	expect(set_status(s, "a", "e", TUTELA_ACTIVE), 0, 1, 0, 0, 4);
	cr_assert_eq(ask_store(s, pdq(1)), 1);
	cr_assert_eq(ask_store(s, md5(1)), 1);
	set_status(s, "a", "e", TUTELA_WITHDRAWN);
	expect(put_one(s, "a", rec), 0, 1, 0, 0, 6);
	cr_assert_eq(ask_store(s, pdq(1)), 1);
	u = update_on(s, "a", TUTELA_MERGE);
	FAILS(tutela_update_status(u, text("none"), TUTELA_WITHDRAWN, text("")), TUTELA_E_NOTFOUND);
	cr_assert(strstr(tutela_store_errmsg(s), "'none'"));
	OK(tutela_update_status(u, text("e"), TUTELA_WITHDRAWN, text("")));
	expect(commit(s, u), 0, 0, 0, 1, 7);
	check_clean(s);
	store_unmake(s, path);
}

Test(update, record_without_fingerprints_withdraws_what_is_there)
{
	struct tutela_record rec = {.id = text("e"), .status = TUTELA_WITHDRAWN, .reason = text("an error")};
	struct tutela_update *u;
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	put_one(s, "a", record_of("e", md5(1)));
	expect(put_one(s, "a", rec), 0, 0, 0, 1, 2);
	cr_assert_eq(ask_store(s, md5(1)), 0);
	u = update_on(s, "a", TUTELA_MERGE);
	rec.id = text("unknown");
	FAILS(tutela_update_put(u, &rec), TUTELA_E_REFUSED);
	expect(commit(s, u), 0, 0, 0, 0, 2);
	store_unmake(s, path);
}

Test(update, replace_withdraws_what_was_not_put)
{
	struct tutela_update *u;
	struct tutela_store *s;
	struct tutela_record rec;
	char path[64], id[16];

	s = store_make(path);
	put_one(s, "b", record_of("elsewhere", md5(500)));
	u = update_on(s, "a", TUTELA_MERGE);
	for (uint64_t i = 0; i < 100; i++) {
		snprintf(id, sizeof id, "e%" PRIu64, i);
		rec = record_of(id, md5(i));
		OK(tutela_update_put(u, &rec));
	}
	expect(commit(s, u), 100, 0, 0, 0, 1);
	u = update_on(s, "a", TUTELA_REPLACE);
	for (uint64_t i = 50; i < 120; i++) {
		snprintf(id, sizeof id, "e%" PRIu64, i);
		rec = record_of(id, md5(i + (i == 60)));
		OK(tutela_update_put(u, &rec));
	}
	expect(commit(s, u), 20, 1, 49, 50, 2);
	cr_assert_eq(ask_store(s, md5(49)), 0);
	cr_assert_eq(ask_store(s, md5(50)), 1);
	cr_assert_eq(ask_store(s, md5(119)), 1);
	cr_assert_eq(ask_store(s, md5(500)), 1);
	/* An empty replacement, then the same again: nothing is left to withdraw. */
	expect(commit(s, update_on(s, "a", TUTELA_REPLACE)), 0, 0, 0, 70, 3);
	expect(commit(s, update_on(s, "a", TUTELA_REPLACE)), 0, 0, 0, 0, 3);
	cr_assert_eq(list_of(s, "a").withdrawn, 120);
	check_clean(s);
	store_unmake(s, path);
}

Test(update, refuses_what_must_not_be_stored)
{
	struct tutela_hash zero = {.algorithm = TUTELA_ALG_PDQ, .len = 32}, empty, wrong = md5(1);
	static char large[TUTELA_TEXT_MAX + 1];
	struct tutela_record rec = {.id = text("e")};
	struct tutela_update *u;
	struct tutela_store *s;
	char path[64];

	memset(large, 'x', sizeof large);
	OK(tutela_hash_parse(TUTELA_ALG_MD5, "d41d8cd98f00b204e9800998ecf8427e", 32, &empty));
	s = store_make(path);
	u = update_on(s, "a", TUTELA_MERGE);
	FAILS(tutela_update_put(u, &rec), TUTELA_E_REFUSED);
	cr_assert(strstr(tutela_store_errmsg(s), "'e'"));
	rec = record_of("e", zero);
	FAILS(tutela_update_put(u, &rec), TUTELA_E_REFUSED);
	rec = record_of("e", empty);
	FAILS(tutela_update_put(u, &rec), TUTELA_E_REFUSED);
	rec = record_of("", empty);
	FAILS(tutela_update_put(u, &rec), TUTELA_E_REFUSED);
	rec = record_of("\xff", md5(1));
	FAILS(tutela_update_put(u, &rec), TUTELA_E_REFUSED);
	rec = record_of("e", md5(1));
	rec.id = (struct tutela_text){large, TUTELA_ENTRY_ID_MAX + 1};
	FAILS(tutela_update_put(u, &rec), TUTELA_E_TOOBIG);
	rec = record_of("e", md5(1));
	rec.reason = (struct tutela_text){large, TUTELA_TEXT_MAX + 1};
	FAILS(tutela_update_put(u, &rec), TUTELA_E_TOOBIG);
	rec = record_of("e", md5(1));
	rec.n_labels = 1;
	rec.labels[0] = (struct tutela_label){text("k"), {large, TUTELA_TEXT_MAX + 1}};
	FAILS(tutela_update_put(u, &rec), TUTELA_E_TOOBIG);
	rec.labels[0] = (struct tutela_label){{large, TUTELA_LABEL_KEY_MAX + 1}, text("v")};
	FAILS(tutela_update_put(u, &rec), TUTELA_E_TOOBIG);
	rec.n_labels = TUTELA_LABELS_MAX + 1;
	FAILS(tutela_update_put(u, &rec), TUTELA_E_TOOBIG);
	rec = record_of("e", md5(1));
	rec.n_fingerprints = TUTELA_FINGERPRINTS_MAX + 1;
	FAILS(tutela_update_put(u, &rec), TUTELA_E_TOOBIG);
	wrong.len = 15;
	rec = record_of("e", wrong);
	FAILS(tutela_update_put(u, &rec), TUTELA_E_ARG);
	/* What may be stored of an entry is. */
	rec = record_of("good", zero);
	rec.n_fingerprints = 2;
	rec.fingerprints[1] = md5(9);
	OK(tutela_update_put(u, &rec));
	expect(commit(s, u), 1, 0, 0, 0, 1);
	cr_assert_eq(list_of(s, "a").fingerprints[TUTELA_ALG_PDQ], 0);
	store_unmake(s, path);
}

Test(update, stores_the_largest_record)
{
	static char large[TUTELA_TEXT_MAX], key[TUTELA_LABEL_KEY_MAX], id[TUTELA_ENTRY_ID_MAX];
	struct tutela_record rec = {.id = {id, sizeof id},
				    .n_fingerprints = TUTELA_FINGERPRINTS_MAX,
				    .n_labels = TUTELA_LABELS_MAX,
				    .status = TUTELA_DISPUTED,
				    .reason = {large, sizeof large}};
	struct tutela_store *s;
	char path[64];

	memset(large, 'l', sizeof large);
	memset(key, 'k', sizeof key);
	memset(id, 'i', sizeof id);
	for (size_t i = 0; i < TUTELA_FINGERPRINTS_MAX; i++)
		rec.fingerprints[i] = hash_of(TUTELA_ALG_PHOTODNA, i);
	for (size_t i = 0; i < TUTELA_LABELS_MAX; i++)
		rec.labels[i] = (struct tutela_label){{key, sizeof key}, {large, sizeof large}};
	s = store_make(path);
	expect(put_one(s, "a", rec), 1, 0, 0, 0, 1);
	expect(put_one(s, "a", rec), 0, 0, 1, 0, 1);
	rec.status = TUTELA_ACTIVE;
	expect(put_one(s, "a", rec), 0, 1, 0, 0, 2);
	cr_assert_eq(ask_store(s, rec.fingerprints[7]), 1);
	check_clean(s);
	store_unmake(s, path);
}

static enum tutela_err copy_id(void *ctx, const struct tutela_record *rec)
{
	char *out = ctx;

	memcpy(out, rec->id.s, rec->id.len);
	out[rec->id.len] = '\0';
	return TUTELA_OK;
}

Test(update, makes_an_id_from_the_first_fingerprint)
{
	struct tutela_snapshot *snap;
	struct tutela_store *s;
	char path[64], id[TUTELA_ENTRY_ID_MAX + 1], hex[TUTELA_HASH_TEXT_MAX], wanted[TUTELA_ENTRY_ID_MAX + 1];
	struct tutela_hash h = hash_of(TUTELA_ALG_PHOTODNA, 3);

	s = store_make(path);
	put_one(s, "a", record_of("", h));
	snap = snapshot_of(s);
	OK(tutela_snapshot_entries(snap, "a", copy_id, id));
	snprintf(wanted, sizeof wanted, "photodna:%s", tutela_hash_format(&h, hex));
	cr_assert_str_eq(id, wanted);
	tutela_snapshot_close(snap);
	expect(put_one(s, "a", record_of("", h)), 0, 0, 1, 0, 1);
	store_unmake(s, path);
}

struct collected {
	char ids[256];
	size_t n;
	struct tutela_record last;
};

static enum tutela_err collect_entry(void *ctx, const struct tutela_record *rec)
{
	struct collected *c = ctx;

	strncat(c->ids, rec->id.s, rec->id.len);
	strcat(c->ids, tutela_status_name(rec->status));
	c->n++;
	return c->n == 3 ? TUTELA_E_INTERRUPTED : TUTELA_OK;
}

Test(update, entries_come_out_as_they_went_in)
{
	struct collected c = {.n = 0};
	struct tutela_snapshot *snap;
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	put_one(s, "a", record_of("z", md5(1)));
	put_one(s, "b", record_of("other", md5(1)));
	put_one(s, "a", record_of("y", md5(2)));
	snap = snapshot_of(s);
	set_status(s, "a", "z", TUTELA_WITHDRAWN);
	OK(tutela_snapshot_entries(snap, "a", collect_entry, &c));
	cr_assert_str_eq(c.ids, "zactiveyactive");
	tutela_snapshot_close(snap);
	snap = snapshot_of(s);
	c = (struct collected){.n = 0};
	OK(tutela_snapshot_entries(snap, "a", collect_entry, &c));
	cr_assert_str_eq(c.ids, "yactivezwithdrawn");
	FAILS(tutela_snapshot_entries(snap, "a", collect_entry, &c), TUTELA_E_INTERRUPTED);
	FAILS(tutela_snapshot_entries(snap, "none", collect_entry, &c), TUTELA_E_NOTFOUND);
	tutela_snapshot_close(snap);
	store_unmake(s, path);
}

Test(update, entries_come_out_by_id_too)
{
	struct collected c = {.n = 0};
	struct tutela_snapshot *snap;
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	put_one(s, "a", record_of("b", md5(1)));
	put_one(s, "b", record_of("aa", md5(1)));
	put_one(s, "a", record_of("ab", md5(2)));
	put_one(s, "a", record_of("b", md5(3)));
	snap = snapshot_of(s);
	set_status(s, "a", "ab", TUTELA_WITHDRAWN);
	OK(tutela_snapshot_entries_by_id(snap, "a", collect_entry, &c));
	cr_assert_str_eq(c.ids, "abactivebactive");
	tutela_snapshot_close(snap);
	snap = snapshot_of(s);
	c = (struct collected){.n = 0};
	OK(tutela_snapshot_entries_by_id(snap, "a", collect_entry, &c));
	cr_assert_str_eq(c.ids, "abwithdrawnbactive");
	FAILS(tutela_snapshot_entries_by_id(snap, "a", collect_entry, &c), TUTELA_E_INTERRUPTED);
	FAILS(tutela_snapshot_entries_by_id(snap, "none", collect_entry, &c), TUTELA_E_NOTFOUND);
	tutela_snapshot_close(snap);
	store_unmake(s, path);
}

Test(update, empty_update_makes_the_list_and_no_version)
{
	struct tutela_store_info before, after;
	struct tutela_snapshot *snap;
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	expect(commit(s, update_on(s, "a", TUTELA_MERGE)), 0, 0, 0, 0, 0);
	cr_assert_eq(list_of(s, "a").version, 0);
	snap = snapshot_of(s);
	OK(tutela_snapshot_info(snap, &before));
	tutela_snapshot_close(snap);
	expect(commit(s, update_on(s, "a", TUTELA_REPLACE)), 0, 0, 0, 0, 0);
	snap = snapshot_of(s);
	OK(tutela_snapshot_info(snap, &after));
	tutela_snapshot_close(snap);
	cr_assert_eq(before.update, 1);
	cr_assert_eq(after.update, 1);
	store_unmake(s, path);
}

Test(update, abort_leaves_nothing)
{
	struct tutela_update *u;
	struct tutela_store *s;
	struct tutela_record rec = record_of("e", md5(1));
	struct tutela_snapshot *snap;
	struct tutela_store_info info;
	char path[64];

	s = store_make(path);
	u = update_on(s, "a", TUTELA_MERGE);
	OK(tutela_update_put(u, &rec));
	tutela_update_abort(u);
	tutela_update_abort(NULL);
	snap = snapshot_of(s);
	OK(tutela_snapshot_info(snap, &info));
	cr_assert_eq(info.lists + info.entries + info.update, 0);
	tutela_snapshot_close(snap);
	cr_assert_eq(ask_store(s, md5(1)), 0);
	put_one(s, "a", rec);
	store_unmake(s, path);
}

Test(update, second_writer_is_told_who_writes)
{
	struct tutela_update_opts opts = {.size = sizeof opts, .list = "a", .create = true};
	struct tutela_update *u, *second;
	struct tutela_store *s;
	struct tutela_list list = {.name = "a"};
	char path[64], mine[32];
	int status, to_child[2], from_child[2];
	char byte;
	pid_t child;

	s = store_make(path);
	u = update_on(s, "a", TUTELA_MERGE);
	FAILS(tutela_update_begin(s, &opts, &second), TUTELA_E_BUSY);
	snprintf(mine, sizeof mine, "process %ld", (long)getpid());
	cr_assert(strstr(tutela_store_errmsg(s), mine), "%s", tutela_store_errmsg(s));
	tutela_policy_default(&list.policy);
	FAILS(tutela_list_set(s, &list, true), TUTELA_E_BUSY);
	FAILS(tutela_list_remove(s, "a"), TUTELA_E_BUSY);
	tutela_update_abort(u);
	tutela_store_close(s);
	/* And another process; its death gives the lock back. */
	cr_assert(!pipe(to_child) && !pipe(from_child));
	child = fork();
	if (!child) {
		s = store_open(path, true);
		u = update_on(s, "a", TUTELA_MERGE);
		cr_assert_eq(write(from_child[1], "x", 1), 1);
		(void)!read(to_child[0], &byte, 1);
		_exit(0);
	}
	cr_assert_eq(read(from_child[0], &byte, 1), 1);
	s = store_open(path, true);
	FAILS(tutela_update_begin(s, &opts, &second), TUTELA_E_BUSY);
	snprintf(mine, sizeof mine, "process %ld", (long)child);
	cr_assert(strstr(tutela_store_errmsg(s), mine), "%s", tutela_store_errmsg(s));
	cr_assert_eq(kill(child, SIGKILL), 0);
	cr_assert(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
	put_one(s, "a", record_of("e", md5(1)));
	store_unmake(s, path);
}

/* ------------------------------------------------------------------ isolation and files */

static void put_many(struct tutela_store *s, const char *list, uint64_t from, uint64_t to)
{
	struct tutela_update *u = update_on(s, list, TUTELA_MERGE);

	for (uint64_t i = from; i < to; i++) {
		struct tutela_record rec;
		char id[24];

		snprintf(id, sizeof id, "e%" PRIu64, i);
		rec = record_of(id, pdq(i));
		rec.n_fingerprints = 2;
		rec.fingerprints[1] = md5(i);
		OK(tutela_update_put(u, &rec));
	}
	commit(s, u);
}

Test(update, old_snapshot_sees_the_old_state)
{
	struct tutela_hits hits = {0};
	struct tutela_snapshot *old;
	struct tutela_store *s, *reader;
	char path[64];
	int status;
	pid_t child;

	s = store_make(path);
	put_many(s, "a", 0, 300);
	tutela_store_close(s);
	/* The writer is another process: merges files, deletes those that the snapshot holds. */
	reader = store_open(path, false);
	old = snapshot_of(reader);
	child = fork();
	if (!child) {
		s = store_open(path, true);
		put_many(s, "a", 300, 900);
		set_status(s, "a", "e7", TUTELA_WITHDRAWN);
		put_one(s, "a", record_of("e8", pdq(5000)));
		put_many(s, "a", 900, 4000);
		tutela_store_close(s);
		_exit(0);
	}
	cr_assert(waitpid(child, &status, 0) == child && WIFEXITED(status) && !WEXITSTATUS(status));
	cr_assert_eq(index_files(path), 1);
	for (uint64_t i = 0; i < 300; i++) {
		cr_assert_eq(ask(old, pdq(i), &hits), 1);
		cr_assert_eq(ask(old, md5(i), &hits), 1);
		cr_assert_eq(hits.items[0].list_version, 1);
	}
	cr_assert_eq(ask(old, pdq(5000), &hits) + ask(old, pdq(300), &hits) + ask(old, md5(300), &hits), 0);
	cr_assert_eq(ask_store(reader, pdq(7)) + ask_store(reader, md5(7)), 0);
	cr_assert_eq(ask_store(reader, pdq(8)), 0);
	cr_assert_eq(ask_store(reader, pdq(5000)), 1);
	cr_assert_eq(ask_store(reader, pdq(3999)), 1);
	tutela_hits_free(&hits);
	tutela_snapshot_close(old);
	store_unmake(reader, path);
}

Test(update, index_files_stay_few)
{
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	for (uint64_t i = 0; i < 200; i++)
		put_many(s, "a", 10 * i, 10 * i + 1 + i % 7);
	cr_assert_leq(index_files(path), 6, "%zu", index_files(path));
	check_clean(s);
	store_unmake(s, path);
}

static uint64_t index_bytes(struct tutela_store *s)
{
	struct tutela_snapshot *snap = snapshot_of(s);
	struct tutela_store_info info;

	OK(tutela_snapshot_info(snap, &info));
	tutela_snapshot_close(snap);
	return info.index_bytes;
}

/* A file that is too large to be merged with a few new codes is made anew when most of its own match no more. */
Test(update, an_index_is_rid_of_what_matches_no_more, .timeout = 60)
{
	struct tutela_update *u;
	struct tutela_store *s;
	uint64_t before;
	char path[64];

	s = store_make(path);
	put_many(s, "a", 0, 70000);
	before = index_bytes(s);
	cr_assert_gt(before, 70000 * TUTELA_PDQ_LEN);
	u = update_on(s, "a", TUTELA_REPLACE);
	for (uint64_t i = 0; i < 2; i++) {
		struct tutela_record rec = record_of(i ? "e1" : "new", pdq(i ? 1 : 80000));

		OK(tutela_update_put(u, &rec));
	}
	commit(s, u);
	cr_assert_lt(index_bytes(s), before / 10);
	cr_assert_eq(ask_store(s, pdq(1)), 1);
	cr_assert_eq(ask_store(s, pdq(2)), 0);
	cr_assert_eq(ask_store(s, pdq(80000)), 1);
	check_clean(s);
	store_unmake(s, path);
}

Test(update, leftovers_are_swept)
{
	struct tutela_store *s;
	char path[64], file[128];
	int fd;

	s = store_make(path);
	snprintf(file, sizeof file, "%s/seg-pdq-77.tix.tmp", path);
	fd = open(file, O_CREAT | O_WRONLY, 0600);
	close(fd);
	snprintf(file, sizeof file, "%s/seg-pdq-78.tix", path);
	fd = open(file, O_CREAT | O_WRONLY, 0600);
	close(fd);
	snprintf(file, sizeof file, "%s/seg-notes.txt", path);
	fd = open(file, O_CREAT | O_WRONLY, 0600);
	close(fd);
	put_many(s, "a", 0, 3);
	cr_assert_eq(index_files(path), 2);
	store_unmake(s, path);
}

/* ------------------------------------------------------------------ sudden death */

#define BIG 60000 /* puts: enough for several transactions */

/* Change, add, withdraw and replace in one update that takes several transactions. */
static void big_update(struct tutela_store *s)
{
	struct tutela_update *u = update_on(s, "a", TUTELA_REPLACE);

	for (uint64_t i = 0; i < BIG; i++) {
		struct tutela_record rec;
		char id[24];

		snprintf(id, sizeof id, "n%" PRIu64, i);
		rec = record_of(id, pdq(100000 + i));
		rec.n_fingerprints = 2;
		rec.fingerprints[1] = md5(100000 + i);
		OK(tutela_update_put(u, &rec));
		if (i % 1000 == 0) {
			snprintf(id, sizeof id, "e%" PRIu64, i / 1000);
			rec = record_of(id, pdq(200000 + i));
			OK(tutela_update_put(u, &rec));
			OK(tutela_update_status(u, text(id), TUTELA_DISPUTED, text("x")));
		}
	}
	commit(s, u);
}

static enum tutela_err count_entry(void *ctx, const struct tutela_record *rec)
{
	*(size_t *)ctx += rec->status == TUTELA_ACTIVE && rec->n_fingerprints == 2;
	return TUTELA_OK;
}

static void check_old_state(struct tutela_store *s)
{
	struct tutela_snapshot *snap = snapshot_of(s);
	struct tutela_hits hits = {0};
	size_t n = 0;

	for (uint64_t i = 0; i < 200; i += 7) {
		cr_assert_eq(ask(snap, pdq(i), &hits), 1);
		cr_assert_eq(ask(snap, md5(i), &hits), 1);
		cr_assert_eq(ask(snap, md5(100000 + i), &hits) + ask(snap, pdq(100000 + i), &hits), 0);
	}
	OK(tutela_snapshot_entries(snap, "a", count_entry, &n));
	cr_assert_eq(n, 200);
	tutela_hits_free(&hits);
	tutela_snapshot_close(snap);
}

static void make_old_state(char path[64])
{
	struct tutela_store *s = store_make(path);

	put_many(s, "a", 0, 200);
	tutela_store_close(s);
}

static void check_new_state(const char *path)
{
	struct tutela_store *s = store_open(path, true);
	struct tutela_list list = list_of(s, "a");

	cr_assert_eq(list.version, 2);
	cr_assert_eq(list.active, BIG);
	cr_assert_eq(list.disputed, 60);
	cr_assert_eq(list.withdrawn, 140);
	check_clean(s);
	tutela_store_close(s);
}

/* Microseconds that the update takes when nobody kills it. */
static uint64_t measure_update(void)
{
	struct timespec from, to;
	struct tutela_store *s;
	char path[64];

	make_old_state(path);
	s = store_open(path, true);
	clock_gettime(CLOCK_MONOTONIC, &from);
	big_update(s);
	clock_gettime(CLOCK_MONOTONIC, &to);
	tutela_store_close(s);
	check_new_state(path);
	scratch_remove(path);
	return (uint64_t)(to.tv_sec - from.tv_sec) * 1000000 + (uint64_t)to.tv_nsec / 1000 -
	       (uint64_t)from.tv_nsec / 1000;
}

/* Start the update in a child and kill it. */
static void die_after(const char *path, uint64_t us)
{
	struct timespec ts = {.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000};
	struct tutela_store *s;
	pid_t child = fork();
	int status;

	if (!child) {
		s = store_open(path, true);
		big_update(s);
		_exit(0);
	}
	nanosleep(&ts, NULL);
	kill(child, SIGKILL);
	cr_assert_eq(waitpid(child, &status, 0), child);
}

/* The update is visible; or it is not, whether it lies there half-done or not, and the next writer undoes it. */
static bool survives(const char *path, unsigned round, unsigned *halfway)
{
	struct tutela_store_info info;
	struct tutela_snapshot *snap;
	struct tutela_store *s = store_open(path, true);

	snap = snapshot_of(s);
	OK(tutela_snapshot_info(snap, &info));
	tutela_snapshot_close(snap);
	*halfway += info.unfinished;
	if (info.update == 2) {
		cr_assert(!info.unfinished);
		tutela_store_close(s);
		check_new_state(path);
		return false;
	}
	cr_assert_eq(info.update, 1);
	check_old_state(s);
	if (round % 3 == 0)
		check_clean(s);
	tutela_update_abort(update_on(s, "a", TUTELA_MERGE));
	snap = snapshot_of(s);
	OK(tutela_snapshot_info(snap, &info));
	cr_assert(!info.unfinished);
	tutela_snapshot_close(snap);
	cr_assert_eq(index_files(path), 1);
	check_old_state(s);
	check_clean(s);
	tutela_store_close(s);
	return true;
}

Test(update, killed_at_any_moment_is_invisible_and_undone, .timeout = 300)
{
	uint64_t us = measure_update();
	unsigned finished = 0, halfway = 0;
	char path[64];

	make_old_state(path);
	for (unsigned round = 0; round < 40; round++) {
		die_after(path, mix(round) % (us + us / 8));
		if (survives(path, round, &halfway))
			continue;
		finished++;
		scratch_remove(path);
		make_old_state(path);
	}
	cr_assert_gt(halfway, 0, "none of 40 was half-way; %u had finished, in %" PRIu64 " us", finished, us);
	scratch_remove(path);
}

Test(update, aborted_after_several_transactions_is_undone)
{
	struct tutela_store_info info;
	struct tutela_snapshot *snap;
	struct tutela_update *u;
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	put_many(s, "a", 0, 200);
	u = update_on(s, "a", TUTELA_MERGE);
	for (uint64_t i = 0; i < 200000; i++) {
		struct tutela_record rec;
		char id[24];

		snprintf(id, sizeof id, "e%" PRIu64, i);
		rec = record_of(id, md5(100000 + i));
		OK(tutela_update_put(u, &rec));
	}
	/* Readers see nothing of the parts that are committed. */
	check_old_state(s);
	snap = snapshot_of(s);
	OK(tutela_snapshot_info(snap, &info));
	cr_assert(!info.unfinished, "its writer is alive");
	tutela_snapshot_close(snap);
	check_clean(s);
	tutela_update_abort(u);
	check_old_state(s);
	check_clean(s);
	store_unmake(s, path);
}

/* One list of many entries and their predecessors, beside a small one. */
static void make_two_lists(char path[64])
{
	struct tutela_store *s = store_make(path);

	put_many(s, "small", 0, 20);
	put_many(s, "a", 0, BIG / 2);
	commit(s, update_on(s, "a", TUTELA_REPLACE));
	tutela_store_close(s);
}

Test(update, removal_killed_at_any_moment_is_finished_later, .timeout = 120)
{
	char path[64];

	for (unsigned round = 0; round < 12; round++) {
		struct tutela_store *s;
		pid_t child;
		int status;

		make_two_lists(path);
		child = fork();
		if (!child) {
			s = store_open(path, true);
			(void)!tutela_list_remove(s, "a");
			_exit(0);
		}
		usleep((useconds_t)(round * 25000));
		kill(child, SIGKILL);
		cr_assert_eq(waitpid(child, &status, 0), child);
		s = store_open(path, true);
		check_clean(s);
		put_many(s, "a", 5, 6);
		cr_assert_eq(ask_store(s, md5(6)), 1);
		cr_assert_eq(ask_store(s, md5(5)), 2);
		check_clean(s);
		OK(tutela_list_remove(s, "a"));
		check_clean(s);
		cr_assert_eq(ask_store(s, md5(5)), 1);
		store_unmake(s, path);
	}
}

/* ------------------------------------------------------------------ audit */

struct audited {
	unsigned n;
	char actions[256];
};

static bool audit_record(void *ctx, const char *json, size_t len)
{
	struct audited *a = ctx;
	json_t *o = json_loadb(json, len, 0, NULL);

	cr_assert_not_null(o, "%.*s", (int)len, json);
	cr_assert_str_eq(json_string_value(json_object_get(o, "type")), "audit");
	cr_assert_eq(json_integer_value(json_object_get(o, "number")), ++a->n);
	cr_assert_eq(strlen(json_string_value(json_object_get(o, "time"))), 20);
	strcat(a->actions, json_string_value(json_object_get(o, "action")));
	strcat(a->actions, " ");
	if (a->n == 3)
		cr_assert_str_eq(json_string_value(json_object_get(o, "provenance")), "from \"C:\\x\"\n??");
	json_decref(o);
	return true;
}

Test(update, audit_log_tells_what_was_done)
{
	static char provenance[9000];
	struct tutela_update_opts opts = {
		.size = sizeof opts, .list = "a", .create = true, .provenance = "from \"C:\\x\"\n\xff\xfe"};
	struct tutela_list list = {.name = "b"};
	struct audited a = {.n = 0};
	struct tutela_snapshot *snap;
	struct tutela_update *u;
	struct tutela_store *s;
	struct tutela_record rec = record_of("e", md5(1));
	char path[64];

	s = store_make(path);
	tutela_policy_default(&list.policy);
	OK(tutela_list_set(s, &list, true));
	OK(tutela_update_begin(s, &opts, &u));
	OK(tutela_update_put(u, &rec));
	commit(s, u);
	memset(provenance, '\1', sizeof provenance - 1);
	opts.provenance = provenance;
	rec = record_of("f", md5(1));
	OK(tutela_update_begin(s, &opts, &u));
	OK(tutela_update_put(u, &rec));
	commit(s, u);
	OK(tutela_list_remove(s, "b"));
	snap = snapshot_of(s);
	OK(tutela_snapshot_audit(snap, audit_record, &a));
	cr_assert_str_eq(a.actions, "create list-set update update list-remove ");
	tutela_snapshot_close(snap);
	store_unmake(s, path);
}

/* ------------------------------------------------------------------ keys that are written late */

#define LATE 140000 /* more than one batch holds */

static void put_late(struct tutela_update *u, uint64_t from, uint64_t to, uint64_t seed)
{
	for (uint64_t i = from; i < to; i++) {
		char id[24];
		struct tutela_record rec;

		snprintf(id, sizeof id, "%016" PRIx64, mix(i));
		rec = record_of(id, hash_of(TUTELA_ALG_PHASH, i + seed));
		OK(tutela_update_put(u, &rec));
	}
}

static enum tutela_err count_one(void *ctx, const struct tutela_record *rec)
{
	(void)rec;
	++*(size_t *)ctx;
	return TUTELA_OK;
}

/* The same ids in several batches of an update, between keys of other lists, and a status on top. */
Test(update, ids_meet_again_in_later_batches, .timeout = 120)
{
	struct tutela_update_result r;
	struct tutela_check_result checked;
	struct tutela_check_opts opts = {.size = sizeof opts, .queries = 50, .threads = 1};
	struct tutela_snapshot *snap;
	struct tutela_update *u;
	struct tutela_store *s;
	char path[64], id[24];
	size_t n = 0;

	s = store_make(path);
	put_one(s, "a", record_of("zzz", hash_of(TUTELA_ALG_MD5, 1)));
	put_one(s, "b", record_of("000", hash_of(TUTELA_ALG_MD5, 2)));
	u = update_on(s, "a", TUTELA_MERGE);
	put_late(u, 0, LATE, 0);
	put_late(u, 0, 10, 1000000);
	put_late(u, LATE, LATE + 100, 0);
	put_late(u, 5, LATE, 0);
	put_late(u, LATE + 50, LATE + 51, 7);
	snprintf(id, sizeof id, "%016" PRIx64, mix(LATE + 99));
	OK(tutela_update_status(u, text(id), TUTELA_WITHDRAWN, text("")));
	put_late(u, LATE + 100, LATE + 101, 0);
	r = commit(s, u);
	cr_assert(r.added == LATE + 100 && r.withdrawn == 1, "%" PRIu64, r.added);
	cr_assert_eq(list_of(s, "a").active, LATE + 101);
	cr_assert_eq(list_of(s, "a").withdrawn, 1);
	snap = snapshot_of(s);
	OK(tutela_snapshot_entries(snap, "a", count_one, &n));
	tutela_snapshot_close(snap);
	cr_assert_eq(n, LATE + 102);
	cr_assert_eq(ask_store(s, hash_of(TUTELA_ALG_PHASH, 1000003)), 1);
	cr_assert_eq(ask_store(s, hash_of(TUTELA_ALG_PHASH, 3)), 0);
	cr_assert_eq(ask_store(s, hash_of(TUTELA_ALG_PHASH, 7)), 1);
	cr_assert_eq(ask_store(s, hash_of(TUTELA_ALG_PHASH, LATE + 99)), 0);
	OK(tutela_store_check(s, &opts, &checked));
	cr_assert_eq(checked.findings, 0);
	store_unmake(s, path);
}

#define CHANGED 30000

/* An abort after parts were committed without their keys leaves nothing behind. */
Test(update, abort_before_the_keys_are_written, .timeout = 120)
{
	struct tutela_check_result checked;
	struct tutela_check_opts opts = {.size = sizeof opts, .queries = 10, .threads = 1};
	struct tutela_update *u;
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	u = update_on(s, "a", TUTELA_MERGE);
	put_late(u, 0, CHANGED, 0);
	commit(s, u);
	u = update_on(s, "a", TUTELA_MERGE);
	/* The weight of the changes makes a part. */
	put_late(u, 0, CHANGED, 5 * LATE);
	put_late(u, CHANGED, LATE, 0);
	tutela_update_abort(u);
	cr_assert_eq(list_of(s, "a").active, CHANGED);
	cr_assert_eq(ask_store(s, hash_of(TUTELA_ALG_PHASH, 3)), 1);
	cr_assert_eq(ask_store(s, hash_of(TUTELA_ALG_PHASH, CHANGED)), 0);
	OK(tutela_store_check(s, &opts, &checked));
	cr_assert_eq(checked.findings, 0);
	cr_assert_eq(checked.entries, CHANGED);
	store_unmake(s, path);
}

Test(update, local_decisions_outlive_what_the_source_says)
{
	struct tutela_update *u;
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	put_one(s, "a", record_of("e", pdq(1)));
	put_one(s, "a", record_of("f", pdq(2)));
	u = update_on(s, "a", TUTELA_MERGE);
	OK(tutela_update_decide(u, text("e"), TUTELA_DISPUTED, text("no such thing in it")));
	FAILS(tutela_update_decide(u, text("none"), TUTELA_DISPUTED, text("")), TUTELA_E_NOTFOUND);
	expect(commit(s, u), 0, 1, 0, 0, 3);
	cr_assert_eq(ask_store(s, pdq(1)), 0);
	cr_assert_eq(list_of(s, "a").disputed, 1);
	/* put again, as it was and otherwise; replaced; withdrawn by the source and brought back */
	expect(put_one(s, "a", record_of("e", pdq(1))), 0, 0, 1, 0, 3);
	expect(put_one(s, "a", record_of("e", pdq(3))), 0, 1, 0, 0, 4);
	cr_assert_eq(ask_store(s, pdq(3)), 0);
	u = update_on(s, "a", TUTELA_REPLACE);
	for (uint64_t i = 0; i < 2; i++) {
		struct tutela_record rec = record_of(i ? "f" : "e", pdq(i ? 2 : 1));

		OK(tutela_update_put(u, &rec));
	}
	expect(commit(s, u), 0, 1, 1, 0, 5);
	cr_assert_eq(ask_store(s, pdq(1)), 0);
	set_status(s, "a", "e", TUTELA_WITHDRAWN);
	cr_assert_eq(list_of(s, "a").disputed, 1);
	set_status(s, "a", "e", TUTELA_ACTIVE);
	cr_assert_eq(ask_store(s, pdq(1)), 0);
	u = update_on(s, "a", TUTELA_MERGE);
	OK(tutela_update_undecide(u, text("e")));
	OK(tutela_update_undecide(u, text("f")));
	expect(commit(s, u), 0, 1, 1, 0, 8);
	cr_assert_eq(ask_store(s, pdq(1)), 1);
	/* a decision may also make an entry match that its source has withdrawn */
	set_status(s, "a", "e", TUTELA_WITHDRAWN);
	u = update_on(s, "a", TUTELA_MERGE);
	OK(tutela_update_decide(u, text("e"), TUTELA_ACTIVE, text("still true")));
	commit(s, u);
	cr_assert_eq(ask_store(s, pdq(1)), 1);
	check_clean(s);
	store_unmake(s, path);
}

Test(update, takes_the_version_and_expiry_it_is_given)
{
	struct tutela_update_opts opts = {
		.size = sizeof opts, .list = "a", .create = true, .version = 7, .expires = 1000, .threads = 1};
	struct tutela_update *u;
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	OK(tutela_update_begin(s, &opts, &u));
	commit(s, u);
	cr_assert(list_of(s, "a").version == 7 && list_of(s, "a").expires == 1000);
	FAILS(tutela_update_begin(s, &opts, &u), TUTELA_E_ARG);
	cr_assert(strstr(tutela_store_errmsg(s), "version 7 already"));
	opts.version = 0;
	opts.expires = -1;
	OK(tutela_update_begin(s, &opts, &u));
	commit(s, u);
	cr_assert(list_of(s, "a").version == 7 && list_of(s, "a").expires == 0);
	check_clean(s);
	store_unmake(s, path);
}

Test(update, a_replacement_may_be_kept_from_withdrawing_most)
{
	struct tutela_update_opts opts = {.size = sizeof opts, .list = "a", .mode = TUTELA_REPLACE, .most_absent = 50};
	struct tutela_update_result result;
	struct tutela_record rec;
	struct tutela_update *u;
	struct tutela_store *s;
	char path[64], id[16];

	s = store_make(path);
	u = update_on(s, "a", TUTELA_MERGE);
	for (uint64_t i = 0; i < 11; i++) {
		snprintf(id, sizeof id, "e%" PRIu64, i);
		rec = record_of(id, md5(i));
		OK(tutela_update_put(u, &rec));
	}
	rec = record_of("gone", md5(99));
	rec.status = TUTELA_WITHDRAWN;
	OK(tutela_update_put(u, &rec));
	commit(s, u);
	/* Five of eleven that are not withdrawn stay: six are more than half. */
	for (uint64_t kept = 5; kept <= 6; kept++) {
		OK(tutela_update_begin(s, &opts, &u));
		for (uint64_t i = 0; i < kept; i++) {
			snprintf(id, sizeof id, "e%" PRIu64, i);
			rec = record_of(id, md5(i));
			OK(tutela_update_put(u, &rec));
		}
		if (kept == 5) {
			FAILS(tutela_update_commit(u, &result), TUTELA_E_REFUSED);
			cr_assert_str_eq(tutela_store_errmsg(s),
					 "more than 5 entries of list 'a' are absent from what is to replace it");
			cr_assert_eq(list_of(s, "a").active, 11);
			cr_assert_eq(list_of(s, "a").version, 1);
			check_clean(s);
		} else {
			OK(tutela_update_commit(u, &result));
			cr_assert_eq(result.withdrawn, 5);
		}
	}
	opts.most_absent = 101;
	FAILS(tutela_update_begin(s, &opts, &u), TUTELA_E_ARG);
	check_clean(s);
	store_unmake(s, path);
}

struct vanishing {
	unsigned n;
	uint64_t versions;
};

static enum tutela_err count_vanished(void *ctx, const struct tutela_record *rec)
{
	struct vanishing *v = ctx;
	uint64_t version;

	v->n += tutela_record_vanished(rec, &version);
	v->versions += version;
	return TUTELA_OK;
}

static struct vanishing vanished(struct tutela_store *s)
{
	struct tutela_snapshot *snap = snapshot_of(s);
	struct vanishing v = {0};

	OK(tutela_snapshot_entries(snap, "a", count_vanished, &v));
	tutela_snapshot_close(snap);
	return v;
}

Test(update, what_vanished_says_so)
{
	struct tutela_record rec = record_of("x", md5(1)), other = record_of("y", md5(2));
	struct tutela_update *u;
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	put_one(s, "a", rec);
	put_one(s, "a", other);
	u = update_on(s, "a", TUTELA_REPLACE);
	OK(tutela_update_put(u, &rec));
	commit(s, u);
	cr_assert_eq(vanished(s).n, 1);
	cr_assert_eq(vanished(s).versions, 3);
	/* What the operator decides does not hide what the source did. */
	u = update_on(s, "a", TUTELA_MERGE);
	OK(tutela_update_decide(u, text("y"), TUTELA_ACTIVE, text("mine")));
	commit(s, u);
	cr_assert_eq(vanished(s).versions, 3);
	/* It comes back; and an entry withdrawn in other words did not vanish. */
	u = update_on(s, "a", TUTELA_MERGE);
	OK(tutela_update_put(u, &other));
	OK(tutela_update_status(u, text("x"), TUTELA_WITHDRAWN,
				text("absent from the list that replaced it, version x")));
	commit(s, u);
	cr_assert_eq(vanished(s).n, 0);
	store_unmake(s, path);
}

/* ------------------------------------------------------------------ updates that go by time */

static struct tutela_update_result put_timed(struct tutela_store *s, const char *id, int64_t time, int version,
					     bool twice)
{
	struct tutela_update_opts opts = {
		.size = sizeof opts, .list = "timed", .create = true, .newest = true, .threads = 1};
	struct tutela_record rec = record_of(id, pdq((uint64_t)version)),
			     gone = {.id = text(id), .status = TUTELA_WITHDRAWN};
	struct tutela_update *u;

	rec.source_time = time;
	gone.source_time = time;
	OK(tutela_update_begin(s, &opts, &u));
	OK(tutela_update_put(u, version < 0 ? &gone : &rec));
	if (twice) {
		rec.fingerprints[0] = pdq((uint64_t)version + 100);
		rec.source_time = time - 1;
		OK(tutela_update_put(u, &rec));
	}
	return commit(s, u);
}

static void counts(struct tutela_update_result r, uint64_t added, uint64_t changed, uint64_t unchanged,
		   uint64_t withdrawn)
{
	cr_assert_eq(r.added, added);
	cr_assert_eq(r.changed, changed);
	cr_assert_eq(r.unchanged, unchanged);
	cr_assert_eq(r.withdrawn, withdrawn);
}

static size_t finds(struct tutela_store *s, int version)
{
	return ask_store(s, pdq((uint64_t)version));
}

/* A way of a bundle states an entry more than once. What counts is what became of it. */
Test(update, an_entry_is_counted_once_as_what_became_of_it)
{
	struct tutela_update_opts opts = {.size = sizeof opts, .list = "a", .create = true};
	struct tutela_update_result r;
	struct tutela_update *u;
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	put_one(s, "a", record_of("old", md5(1)));
	OK(tutela_update_begin(s, &opts, &u));
	OK(tutela_update_put(u, (struct tutela_record[]){record_of("new", md5(2))}));
	OK(tutela_update_put(u, (struct tutela_record[]){record_of("x", md5(3))}));
	OK(tutela_update_status(u, text("x"), TUTELA_WITHDRAWN, text("an error")));
	OK(tutela_update_status(u, text("old"), TUTELA_WITHDRAWN, text("an error")));
	OK(tutela_update_put(u, (struct tutela_record[]){record_of("old", md5(4))}));
	OK(tutela_update_commit(u, &r));
	expect(r, 1, 1, 0, 1, 2);
	OK(tutela_update_begin(s, &opts, &u));
	OK(tutela_update_put(u, (struct tutela_record[]){record_of("x", md5(5))}));
	for (int i = 0; i < 100; i++) {
		OK(tutela_update_status(u, text("x"), TUTELA_WITHDRAWN, text(i % 2 ? "an error" : "a mistake")));
		OK(tutela_update_put(u, (struct tutela_record[]){record_of("x", md5(6 + i))}));
	}
	OK(tutela_update_status(u, text("new"), TUTELA_WITHDRAWN, text("an error")));
	OK(tutela_update_commit(u, &r));
	expect(r, 0, 1, 0, 1, 3);
	store_unmake(s, path);
}

Test(update, the_newest_record_counts_in_whatever_order)
{
	char path[64];
	struct tutela_store *s = store_make(path);

	/* within one update, and across updates */
	counts(put_timed(s, "a", 100, 1, true), 1, 0, 0, 0);
	cr_assert(finds(s, 1) == 1 && finds(s, 101) == 0);
	counts(put_timed(s, "a", 99, 2, false), 0, 0, 1, 0);
	cr_assert(finds(s, 1) == 1 && finds(s, 2) == 0);
	counts(put_timed(s, "a", 100, 3, false), 0, 1, 0, 0);
	counts(put_timed(s, "a", 101, 4, false), 0, 1, 0, 0);
	cr_assert(finds(s, 4) == 1 && finds(s, 3) == 0);
	/* an unknown time is never old */
	counts(put_timed(s, "a", 0, 5, false), 0, 1, 0, 0);
	cr_assert_eq(finds(s, 5), 1);
	check_clean(s);
	store_unmake(s, path);
}

Test(update, what_is_gone_stays_gone_for_older_records)
{
	char path[64];
	struct tutela_store *s = store_make(path);

	counts(put_timed(s, "a", 100, 1, false), 1, 0, 0, 0);
	counts(put_timed(s, "a", 99, -1, false), 0, 0, 1, 0);
	cr_assert_eq(finds(s, 1), 1);
	counts(put_timed(s, "a", 105, -1, false), 0, 0, 0, 1);
	counts(put_timed(s, "a", 104, 2, false), 0, 0, 1, 0);
	cr_assert(finds(s, 1) == 0 && finds(s, 2) == 0);
	counts(put_timed(s, "a", 106, 3, false), 0, 1, 0, 0);
	cr_assert_eq(finds(s, 3), 1);
	/* one that was never here, in one update with its older record and without */
	counts(put_timed(s, "b", 100, -1, true), 0, 0, 0, 1);
	counts(put_timed(s, "b", 90, 4, false), 0, 0, 1, 0);
	counts(put_timed(s, "b", 100, -1, false), 0, 0, 1, 0);
	cr_assert(finds(s, 4) == 0 && finds(s, 99) == 0);
	check_clean(s);
	counts(put_timed(s, "b", 101, 6, false), 0, 1, 0, 0);
	cr_assert_eq(finds(s, 6), 1);
	cr_assert_eq(list_of(s, "timed").active, 2);
	check_clean(s);
	store_unmake(s, path);
}
