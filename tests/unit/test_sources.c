/* SPDX-License-Identifier: Apache-2.0 */
/* sources.c, feeds.c, held.c, and what check says of their rows */
#include "source_data.h"

#include <lmdb.h>

#include "store/sources.h"

static struct tutela_source source_in(struct tutela_store *s, const char *name)
{
	struct tutela_snapshot *snap = snapshot_of(s);
	struct tutela_source out;

	OK(tutela_snapshot_source(snap, name, &out));
	tutela_snapshot_close(snap);
	return out;
}

static enum tutela_err no_source(struct tutela_store *s, const char *name)
{
	struct tutela_snapshot *snap = snapshot_of(s);
	struct tutela_source out;
	enum tutela_err err = tutela_snapshot_source(snap, name, &out);

	tutela_snapshot_close(snap);
	return err;
}

static bool add_name(void *ctx, const struct tutela_source *source)
{
	strcat(ctx, source->name);
	strcat(ctx, " ");
	return source->name[0] != 'z';
}

static void names(struct tutela_store *s, char *out)
{
	struct tutela_snapshot *snap = snapshot_of(s);

	*out = '\0';
	OK(tutela_snapshot_sources(snap, add_name, out));
	tutela_snapshot_close(snap);
}

struct trail {
	unsigned n;
	char last[16384];
};

static bool on_audit(void *ctx, const char *json, size_t len)
{
	struct trail *t = ctx;

	t->n++;
	snprintf(t->last, sizeof t->last, "%.*s", (int)len, json);
	return true;
}

static void trail(struct tutela_store *s, struct trail *t)
{
	struct tutela_snapshot *snap = snapshot_of(s);

	memset(t, 0, sizeof *t);
	OK(tutela_snapshot_audit(snap, on_audit, t));
	tutela_snapshot_close(snap);
}

static uint64_t findings(struct tutela_store *s)
{
	struct tutela_check_opts opts = {.size = sizeof opts, .queries = 2, .threads = 1};
	struct tutela_check_result r;

	OK(tutela_store_check(s, &opts, &r));
	return r.findings;
}

Test(sources, are_added_listed_in_order_and_changed)
{
	char path[64], list[256];
	struct tutela_store *s = store_make(path);
	struct tutela_source a = source_of("a"), full = source_full(), got;
	struct trail t;

	OK(tutela_source_put(s, &full, false, "source-add"));
	OK(tutela_source_put(s, &a, false, "source-add"));
	a = source_of("a.b");
	OK(tutela_source_put(s, &a, false, "source-add"));
	names(s, list);
	cr_assert_eq(strncmp(list, "a a.b nnn", 9), 0, "%s", list);
	got = source_in(s, full.name);
	source_equal(&full, &got);
	cr_assert_gt(got.added, 1700000000);
	a = source_of("a");
	FAILS(tutela_source_put(s, &a, false, "source-add"), TUTELA_E_EXISTS);
	a.suspended = true;
	a.added = 1;
	strcpy(a.keys[1], a.keys[0]);
	a.n_keys = 1;
	OK(tutela_source_put(s, &a, true, "source-suspend"));
	got = source_in(s, "a");
	cr_assert(got.suspended);
	cr_assert_eq(got.n_keys, 1);
	cr_assert_gt(got.added, 1700000000);
	trail(s, &t);
	cr_assert_not_null(strstr(t.last, "\"action\":\"source-suspend\""), "%s", t.last);
	cr_assert_not_null(strstr(t.last, "\"source\":\"a\""), "%s", t.last);
	cr_assert_not_null(strstr(t.last, a.keys[0]), "%s", t.last);
	cr_assert_eq(findings(s), 0);
	tutela_store_close(s);
	s = store_open(path, false);
	got = source_in(s, "a");
	cr_assert(got.suspended);
	FAILS(tutela_source_put(s, &a, true, "x"), TUTELA_E_READONLY);
	FAILS(tutela_source_remove(s, "a"), TUTELA_E_READONLY);
	FAILS(tutela_feed_put(s, "a", "f", "x", 1), TUTELA_E_READONLY);
	store_unmake(s, path);
}

Test(sources, refuses_what_is_out_of_range_and_leaves_the_store_as_it_is)
{
	char path[64], list[256];
	struct tutela_store *s = store_make(path);
	struct tutela_source a = source_of("local");
	struct trail before, after;

	trail(s, &before);
	FAILS(tutela_source_put(s, &a, false, "source-add"), TUTELA_E_ARG);
	cr_assert_not_null(strstr(tutela_store_errmsg(s), "'local'"));
	a = source_of("a");
	FAILS(tutela_source_put(s, &a, true, "source-suspend"), TUTELA_E_NOTFOUND);
	FAILS(tutela_source_put(s, &a, false, NULL), TUTELA_E_NOTFOUND);
	FAILS(tutela_source_remove(s, "a"), TUTELA_E_NOTFOUND);
	FAILS(tutela_source_remove(s, "a/b"), TUTELA_E_NOTFOUND);
	FAILS(tutela_source_remove(s, NULL), TUTELA_E_ARG);
	FAILS(tutela_source_put(s, NULL, false, "x"), TUTELA_E_ARG);
	FAILS(no_source(s, "a"), TUTELA_E_NOTFOUND);
	names(s, list);
	cr_assert_str_eq(list, "");
	trail(s, &after);
	cr_assert_eq(before.n, after.n);
	store_unmake(s, path);
}

static enum tutela_err feed_in(struct tutela_store *s, const char *name)
{
	struct tutela_snapshot *snap = snapshot_of(s);
	enum tutela_err err;
	uint8_t buf[8];
	size_t len;

	err = tutela_snapshot_feed(snap, name, "f", buf, sizeof buf, &len);
	tutela_snapshot_close(snap);
	return err;
}

Test(sources, keys_change_until_a_root_was_seen_and_the_address_always)
{
	char path[64];
	struct tutela_store *s = store_make(path);
	struct tutela_source a = source_of("a"), b;
	struct trail t;

	OK(tutela_source_put(s, &a, false, "source-add"));
	a.n_keys = 1;
	memset(a.keys[1], 0, sizeof a.keys[1]);
	a.threshold = 0;
	OK(tutela_source_put(s, &a, true, "source-set"));
	trail(s, &t);
	cr_assert_not_null(strstr(t.last, "\"was\":{"), "%s", t.last);
	OK(tutela_feed_put(s, "a", "f", "x", 1));
	b = a;
	b.keys[0][10] = b.keys[0][10] == 'x' ? 'y' : 'x';
	FAILS(tutela_source_put(s, &b, true, "source-set"), TUTELA_E_REFUSED);
	cr_assert_not_null(strstr(tutela_store_errmsg(s), "a root of source 'a' was taken already"));
	strcpy(a.url, "/media/elsewhere");
	OK(tutela_source_put(s, &a, true, "source-set"));
	trail(s, &t);
	cr_assert_not_null(strstr(t.last, "/media/elsewhere"), "%s", t.last);
	OK(feed_in(s, "a"));
	cr_assert_eq(findings(s), 0);
	store_unmake(s, path);
}

Test(sources, a_checkpoint_goes_with_the_address_it_is_of)
{
	char path[64];
	struct tutela_store *s = store_make(path);
	struct tutela_source a = source_of("a"), b;

	a.type = TUTELA_SOURCE_NCMEC;
	memset(a.keys, 0, sizeof a.keys);
	a.n_keys = 0;
	a.threshold = 0;
	OK(tutela_source_put(s, &a, false, "source-add"));
	OK(tutela_feed_put(s, "a", "f", "x", 1));
	strcpy(a.country, "FR");
	OK(tutela_source_put(s, &a, true, "source-set"));
	OK(feed_in(s, "a"));
	b = a;
	b.type = TUTELA_SOURCE_TAT;
	FAILS(tutela_source_put(s, &b, true, "source-set"), TUTELA_E_REFUSED);
	b = a;
	b.members[b.n_members++] = 7;
	FAILS(tutela_source_put(s, &b, true, "source-set"), TUTELA_E_REFUSED);
	b = a;
	strcpy(b.list, "other");
	FAILS(tutela_source_put(s, &b, true, "source-set"), TUTELA_E_REFUSED);
	OK(feed_in(s, "a"));
	strcpy(a.url, "https://example.org/elsewhere");
	OK(tutela_source_put(s, &a, true, "source-set"));
	FAILS(feed_in(s, "a"), TUTELA_E_NOTFOUND);
	store_unmake(s, path);
}

Test(sources, outcome_of_a_sync_does_not_undo_what_happened_meanwhile)
{
	char path[64];
	struct tutela_store *s = store_make(path);
	struct tutela_source a = source_of("a"), got;
	struct trail before, after;

	OK(tutela_source_put(s, &a, false, "source-add"));
	a.suspended = true;
	OK(tutela_source_put(s, &a, true, "source-suspend"));
	trail(s, &before);
	a = source_of("a");
	a.last_try = 5;
	a.last_success = 4;
	strcpy(a.last_error, "no");
	strcpy(a.url, "/elsewhere");
	OK(tutela_source_put(s, &a, true, NULL));
	got = source_in(s, "a");
	cr_assert(got.suspended);
	cr_assert_str_eq(got.url, "/media/stick");
	cr_assert_eq(got.last_try, 5);
	cr_assert_eq(got.last_success, 4);
	cr_assert_str_eq(got.last_error, "no");
	trail(s, &after);
	cr_assert_eq(before.n, after.n);
	store_unmake(s, path);
}

/* ------------------------------------------------------------------ feeds */

static size_t feed_of(struct tutela_store *s, const char *source, const char *feed, char *buf, size_t room)
{
	struct tutela_snapshot *snap = snapshot_of(s);
	enum tutela_err err;
	size_t len;

	err = tutela_snapshot_feed(snap, source, feed, buf, room, &len);
	cr_assert(err == TUTELA_OK || err == TUTELA_E_NOTFOUND || err == TUTELA_E_TOOBIG, "%s", tutela_err_name(err));
	tutela_snapshot_close(snap);
	return err == TUTELA_E_NOTFOUND ? SIZE_MAX : err ? SIZE_MAX - 1 : len;
}

static struct tutela_update *update_of(struct tutela_store *s, const char *list, const char *source)
{
	struct tutela_update_opts opts = {
		.size = sizeof opts, .list = list, .create = true, .source = source, .threads = 1};
	struct tutela_update *u;

	OK(tutela_update_begin(s, &opts, &u));
	return u;
}

Test(feeds, state_is_kept_and_comes_with_the_commit)
{
	char path[64], buf[TUTELA_FEED_STATE_MAX];
	struct tutela_store *s = store_make(path);
	struct tutela_source a = source_of("a");
	struct tutela_update *u;

	FAILS(tutela_feed_put(s, "a", "root", "x", 1), TUTELA_E_NOTFOUND);
	OK(tutela_source_put(s, &a, false, "source-add"));
	cr_assert_eq(feed_of(s, "a", "root", buf, sizeof buf), SIZE_MAX);
	OK(tutela_feed_put(s, "a", "root", "x\0y", 3));
	cr_assert_eq(feed_of(s, "a", "root", buf, sizeof buf), 3);
	cr_assert_arr_eq(buf, "x\0y", 3);
	cr_assert_eq(feed_of(s, "a", "root", buf, 2), SIZE_MAX - 1);
	OK(tutela_feed_put(s, "a", "root", NULL, 0));
	cr_assert_eq(feed_of(s, "a", "root", buf, 0), 0);
	u = update_of(s, "l", "a");
	OK(tutela_update_feed(u, "a", "l", "first", 5));
	OK(tutela_update_feed(u, "a", "l", "last", 4));
	cr_assert_eq(feed_of(s, "a", "l", buf, sizeof buf), SIZE_MAX);
	tutela_update_abort(u);
	cr_assert_eq(feed_of(s, "a", "l", buf, sizeof buf), SIZE_MAX);
	u = update_of(s, "l", "a");
	OK(tutela_update_feed(u, "a", "l", "first", 5));
	OK(tutela_update_feed(u, "a", "l", "last", 4));
	memset(buf, 'b', sizeof buf);
	OK(tutela_update_feed(u, "a", "big", buf, sizeof buf));
	commit(s, u);
	cr_assert_eq(feed_of(s, "a", "l", buf, sizeof buf), 4);
	cr_assert_arr_eq(buf, "last", 4);
	cr_assert_eq(feed_of(s, "a", "big", buf, sizeof buf), TUTELA_FEED_STATE_MAX);
	cr_assert(buf[0] == 'b' && buf[sizeof buf - 1] == 'b');
	cr_assert_eq(findings(s), 0);
	store_unmake(s, path);
}

Test(feeds, a_state_is_replaced_only_while_it_is_what_was_read)
{
	char path[64], buf[8];
	struct tutela_store *s = store_make(path);
	struct tutela_source a = source_of("a");

	OK(tutela_source_put(s, &a, false, "source-add"));
	FAILS(tutela_feed_swap(s, &a, "root", "", 0, "new", 3), TUTELA_E_BUSY);
	OK(tutela_feed_swap(s, &a, "root", NULL, 0, "one", 3));
	FAILS(tutela_feed_swap(s, &a, "root", NULL, 0, "new", 3), TUTELA_E_BUSY);
	FAILS(tutela_feed_swap(s, &a, "root", "onf", 3, "new", 3), TUTELA_E_BUSY);
	FAILS(tutela_feed_swap(s, &a, "root", "on", 2, "new", 3), TUTELA_E_BUSY);
	cr_assert_eq(feed_of(s, "a", "root", buf, sizeof buf), 3);
	cr_assert_arr_eq(buf, "one", 3);
	OK(tutela_feed_swap(s, &a, "root", "one", 3, "two", 3));
	cr_assert_eq(feed_of(s, "a", "root", buf, sizeof buf), 3);
	cr_assert_arr_eq(buf, "two", 3);
	store_unmake(s, path);
}

#define CHANGES 11

/* Another source, in one of the things that say from where and on whose word records come. */
static void change(struct tutela_source *source, unsigned i)
{
	char *texts[] = {source->list,        source->url,        source->credentials, source->ca,
			 source->client_cert, source->client_key, source->keys[1]};

	if (i < 7)
		texts[i][strlen(texts[i]) / 2] ^= 1;
	source->type = i == 7 ? TUTELA_SOURCE_NCMEC : source->type;
	source->threshold += i == 8;
	source->n_keys -= i == 9;
	source->n_members += i == 10;
}

Test(feeds, what_was_fetched_from_another_source_than_there_is_now_is_not_kept)
{
	char path[64], buf[8];
	struct tutela_store *s = store_make(path);
	struct tutela_source a = source_of("a"), other;

	OK(tutela_source_put(s, &a, false, "source-add"));
	for (unsigned i = 0; i < CHANGES; i++) {
		other = a;
		change(&other, i);
		FAILS(tutela_feed_swap(s, &other, "root", NULL, 0, "x", 1), TUTELA_E_REFUSED);
		cr_assert(strstr(tutela_store_errmsg(s), "was changed meanwhile"), "%u: %s", i, tutela_store_errmsg(s));
	}
	other = a;
	a.suspended = true;
	OK(tutela_source_put(s, &a, true, "source-suspend"));
	FAILS(tutela_feed_swap(s, &other, "root", NULL, 0, "x", 1), TUTELA_E_REFUSED);
	cr_assert(strstr(tutela_store_errmsg(s), "was suspended meanwhile"), "%s", tutela_store_errmsg(s));
	other = source_of("b");
	FAILS(tutela_feed_swap(s, &other, "root", NULL, 0, "x", 1), TUTELA_E_REFUSED);
	cr_assert(strstr(tutela_store_errmsg(s), "was removed meanwhile"), "%s", tutela_store_errmsg(s));
	cr_assert_eq(feed_of(s, "a", "root", buf, sizeof buf), SIZE_MAX);
	store_unmake(s, path);
}

Test(feeds, limits)
{
	static char big[TUTELA_FEED_STATE_MAX + 1];
	char path[64], name[16];
	struct tutela_store *s = store_make(path);
	struct tutela_source a = source_of("a");
	struct tutela_update *u;

	OK(tutela_source_put(s, &a, false, "source-add"));
	FAILS(tutela_feed_put(s, "a", "f", big, sizeof big), TUTELA_E_TOOBIG);
	FAILS(tutela_feed_put(s, "a", "f/", "x", 1), TUTELA_E_ARG);
	FAILS(tutela_feed_put(s, "a", "", "x", 1), TUTELA_E_ARG);
	FAILS(tutela_feed_put(s, NULL, "f", "x", 1), TUTELA_E_ARG);
	u = update_of(s, "l", "a");
	FAILS(tutela_update_feed(u, "a", "f", big, sizeof big), TUTELA_E_TOOBIG);
	for (unsigned i = 0; i < 8; i++) {
		snprintf(name, sizeof name, "f%u", i);
		OK(tutela_update_feed(u, "a", name, "x", 1));
	}
	FAILS(tutela_update_feed(u, "a", "f8", "x", 1), TUTELA_E_FULL);
	OK(tutela_update_feed(u, "a", "f7", "y", 1));
	commit(s, u);
	/* A source that is gone at the commit: nothing of it may come back. */
	u = update_of(s, "l2", "b");
	OK(tutela_update_feed(u, "b", "f", "x", 1));
	FAILS(tutela_update_commit(u, NULL), TUTELA_E_NOTFOUND);
	cr_assert_eq(findings(s), 0);
	store_unmake(s, path);
}

Test(sources, removal_takes_feeds_and_lists_along)
{
	char path[64], buf[8], list[256];
	struct tutela_store *s = store_make(path);
	struct tutela_hash mine = hash_of(TUTELA_ALG_PDQ, 1), other = hash_of(TUTELA_ALG_PDQ, 2);
	struct tutela_record rec = record_of("e", mine);
	struct tutela_source a = source_of("a"), b = source_of("a-b");
	struct tutela_held held = {.reason = text("bad")};
	struct tutela_update *u;
	struct tutela_snapshot *snap;
	struct tutela_list gone;
	struct trail t;

	OK(tutela_source_put(s, &a, false, "source-add"));
	OK(tutela_source_put(s, &b, false, "source-add"));
	for (unsigned i = 0; i < 2; i++) {
		u = update_of(s, i ? "two" : "one", "a");
		OK(tutela_update_put(u, &rec));
		OK(tutela_update_feed(u, "a", i ? "two" : "one", "x", 1));
		OK(tutela_update_hold(u, &held));
		commit(s, u);
	}
	rec = record_of("e", other);
	u = update_of(s, "three", "a-b");
	OK(tutela_update_put(u, &rec));
	OK(tutela_update_feed(u, "a-b", "three", "x", 1));
	commit(s, u);
	/* A list alone: it is to be asked for again from the beginning. */
	OK(tutela_list_remove(s, "two"));
	cr_assert_eq(feed_of(s, "a", "two", buf, sizeof buf), SIZE_MAX);
	cr_assert_eq(feed_of(s, "a", "one", buf, sizeof buf), 1);
	cr_assert_eq(ask_store(s, mine), 1);
	OK(tutela_source_remove(s, "a"));
	cr_assert_eq(ask_store(s, mine), 0);
	cr_assert_eq(ask_store(s, other), 1);
	cr_assert_eq(feed_of(s, "a", "one", buf, sizeof buf), SIZE_MAX);
	cr_assert_eq(feed_of(s, "a-b", "three", buf, sizeof buf), 1);
	names(s, list);
	cr_assert_str_eq(list, "a-b ");
	snap = snapshot_of(s);
	FAILS(tutela_snapshot_list(snap, "one", &gone), TUTELA_E_NOTFOUND);
	tutela_snapshot_close(snap);
	trail(s, &t);
	cr_assert_not_null(strstr(t.last, "\"action\":\"source-remove\""), "%s", t.last);
	cr_assert_eq(findings(s), 0);
	store_unmake(s, path);
}

/* Another CA, other credentials: who changes that changes what comes, and it is in the log. */
Test(sources, what_a_source_is_fetched_with_is_in_the_audit_log)
{
	char path[64];
	struct tutela_store *s = store_make(path);
	struct tutela_source a = source_of("a");
	struct trail t;

	OK(tutela_source_put(s, &a, false, "source-add"));
	strcpy(a.ca, "/etc/other\377.pem");
	strcpy(a.credentials, "/home/secret");
	OK(tutela_source_put(s, &a, true, "source-change"));
	trail(s, &t);
	cr_assert_not_null(strstr(t.last, "\"ca\":\"/etc/other?.pem\""), "%s", t.last);
	cr_assert_not_null(strstr(t.last, "\"credentials\":\"/home/secret\""), "%s", t.last);
	store_unmake(s, path);
}

/* ------------------------------------------------------------------ held */

struct seen {
	uint64_t n, first, last;
	char reason[64];
	bool stop;
};

static bool on_held(void *ctx, const struct tutela_held *held)
{
	struct seen *seen = ctx;

	cr_assert_gt(held->time, 1700000000);
	cr_assert(!seen->n || held->number == seen->last + 1);
	if (!seen->n++)
		seen->first = held->number;
	seen->last = held->number;
	snprintf(seen->reason, sizeof seen->reason, "%.*s", (int)held->reason.len, held->reason.s);
	return !seen->stop;
}

static struct seen held_of(struct tutela_store *s, const char *list)
{
	struct tutela_snapshot *snap = snapshot_of(s);
	struct seen seen = {0};

	OK(tutela_snapshot_held(snap, list, on_held, &seen));
	tutela_snapshot_close(snap);
	return seen;
}

static void hold(struct tutela_store *s, const char *list, unsigned n)
{
	struct tutela_update *u = update_of(s, list, "a");
	char reason[32];

	for (unsigned i = 0; i < n; i++) {
		struct tutela_held held = {.position = text("line"), .id = text("x")};

		snprintf(reason, sizeof reason, "bad %u", i);
		held.reason = text(reason);
		OK(tutela_update_hold(u, &held));
	}
	commit(s, u);
}

Test(held, records_are_listed_after_the_commit)
{
	char path[64];
	struct tutela_store *s = store_make(path);
	struct tutela_held held = {.reason = text("never")};
	struct tutela_snapshot *snap;
	struct tutela_update *u;
	struct seen seen;

	hold(s, "l", 3);
	hold(s, "m", 1);
	u = update_of(s, "l", "a");
	OK(tutela_update_hold(u, &held));
	cr_assert_eq(held_of(s, "l").n, 3);
	tutela_update_abort(u);
	seen = held_of(s, "l");
	cr_assert(seen.n == 3 && seen.first == 1 && seen.last == 3);
	cr_assert_str_eq(seen.reason, "bad 2");
	hold(s, "l", 2);
	seen = held_of(s, "l");
	cr_assert(seen.n == 5 && seen.last == 5);
	cr_assert_eq(held_of(s, "m").n, 1);
	cr_assert_eq(list_of(s, "l").version, 0);
	snap = snapshot_of(s);
	FAILS(tutela_snapshot_held(snap, "none", on_held, &seen), TUTELA_E_NOTFOUND);
	seen = (struct seen){.stop = true};
	OK(tutela_snapshot_held(snap, "l", on_held, &seen));
	cr_assert_eq(seen.n, 1);
	tutela_snapshot_close(snap);
	OK(tutela_list_remove(s, "l"));
	cr_assert_eq(held_of(s, "m").n, 1);
	cr_assert_eq(findings(s), 0);
	hold(s, "l", 1);
	cr_assert_eq(held_of(s, "l").n, 1);
	store_unmake(s, path);
}

Test(held, the_oldest_go, .timeout = 120)
{
	char path[64];
	struct tutela_store *s = store_make(path);
	struct seen seen;

	hold(s, "l", 5);
	hold(s, "l", TUTELA_HELD_MAX);
	seen = held_of(s, "l");
	cr_assert(seen.n == TUTELA_HELD_MAX && seen.last == TUTELA_HELD_MAX + 5, "%lu %lu", seen.n, seen.last);
	hold(s, "l", TUTELA_HELD_MAX + 7);
	seen = held_of(s, "l");
	cr_assert(seen.n == TUTELA_HELD_MAX && seen.last == 2 * TUTELA_HELD_MAX + 5, "%lu %lu", seen.n, seen.last);
	cr_assert_str_eq(seen.reason, "bad 10006");
	cr_assert_eq(findings(s), 0);
	store_unmake(s, path);
}

/* ------------------------------------------------------------------ damage */

/* A row as nobody writes it, its page checksums right. */
static void forge(struct tutela_store *s, enum store_db db, const void *key, size_t len, const char *value)
{
	struct session w;

	OK(tutela_session_begin(s, false, &w));
	OK(tutela_env_put(s, w.txn, db, key, len, value, strlen(value), 0));
	OK(tutela_session_commit(&w));
	tutela_session_end(&w);
}

Test(sources, check_finds_damaged_and_orphaned_rows)
{
	uint8_t key[SOURCE_KEY_MAX], held[HELD_KEY_LEN], buf[64];
	char path[64], state[8];
	struct tutela_store *s = store_make(path);
	struct tutela_source a = source_of("a"), got;
	struct bytes_writer w = bytes_writer_init(buf, sizeof buf);
	struct tutela_held record = {.reason = text("bad")};
	struct tutela_snapshot *snap;
	struct session session;
	struct seen seen = {0};
	size_t len;

	OK(tutela_source_put(s, &a, false, "source-add"));
	hold(s, "l", 1);
	cr_assert_eq(findings(s), 0);
	len = tutela_source_key("a", NULL, key);
	forge(s, DB_SOURCES, key, len, "damaged");
	cr_assert_eq(findings(s), 1);
	snap = snapshot_of(s);
	FAILS(tutela_snapshot_source(snap, "a", &got), TUTELA_E_CORRUPT);
	cr_assert_eq(got.name[0], '\0');
	FAILS(tutela_snapshot_sources(snap, add_name, key), TUTELA_E_CORRUPT);
	tutela_snapshot_close(snap);
	FAILS(tutela_source_put(s, &a, true, "x"), TUTELA_E_CORRUPT);
	len = tutela_source_key("a", "f", key);
	forge(s, DB_SOURCES, key, len, "damaged");
	cr_assert_eq(findings(s), 2);
	snap = snapshot_of(s);
	FAILS(tutela_snapshot_feed(snap, "a", "f", state, sizeof state, &len), TUTELA_E_CORRUPT);
	tutela_snapshot_close(snap);
	/* A feed of nobody, whole. */
	len = tutela_source_key("nobody", "f", key);
	tutela_schema_seal(&w, buf, SCHEMA_SOURCE, key, len);
	OK(tutela_session_begin(s, false, &session));
	OK(tutela_env_put(s, session.txn, DB_SOURCES, key, len, buf, SEAL_LEN, 0));
	OK(tutela_session_commit(&session));
	tutela_session_end(&session);
	cr_assert_eq(findings(s), 3);
	forge(s, DB_SOURCES, "\7x", 2, "unknown");
	cr_assert_eq(findings(s), 4);
	tutela_held_key(1, 1, held);
	forge(s, DB_HELD, held, sizeof held, "damaged");
	cr_assert_eq(findings(s), 5);
	snap = snapshot_of(s);
	FAILS(tutela_snapshot_held(snap, "l", on_held, &seen), TUTELA_E_CORRUPT);
	tutela_snapshot_close(snap);
	/* A record of no list, whole. */
	tutela_held_key(77, 1, held);
	w = bytes_writer_init(buf, sizeof buf);
	w.at += tutela_held_put(&record, 0, buf);
	tutela_schema_seal(&w, buf, SCHEMA_HELD, held, sizeof held);
	OK(tutela_session_begin(s, false, &session));
	OK(tutela_env_put(s, session.txn, DB_HELD, held, sizeof held, buf, (size_t)(w.at - buf), 0));
	OK(tutela_session_commit(&session));
	tutela_session_end(&session);
	cr_assert_eq(findings(s), 6);
	store_unmake(s, path);
}

Test(sources, there_is_room_for_so_many, .timeout = 120)
{
	char path[64], name[16];
	struct tutela_store *s = store_make(path);
	struct tutela_source a;

	for (unsigned i = 0; i < SOURCES_MAX; i++) {
		snprintf(name, sizeof name, "s%u", i);
		a = source_of(name);
		OK(tutela_source_put(s, &a, false, "source-add"));
	}
	a = source_of("one-more");
	FAILS(tutela_source_put(s, &a, false, "source-add"), TUTELA_E_FULL);
	a = source_of("s0");
	OK(tutela_source_put(s, &a, true, "source-resume"));
	store_unmake(s, path);
}

Test(sources, types_have_names)
{
	enum tutela_source_type t;

	for (unsigned i = 0; tutela_source_type_name(i); i++) {
		cr_assert(tutela_source_type_parse(tutela_source_type_name(i), &t));
		cr_assert_eq(t, i);
		cr_assert_leq(i, TUTELA_SOURCE_TAT);
	}
	cr_assert_str_eq(tutela_source_type_name(TUTELA_SOURCE_TAT), "tat");
	cr_assert_not(tutela_source_type_parse("x", &t));
	cr_assert_not(tutela_source_type_parse(NULL, &t));
}
