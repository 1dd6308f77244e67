/* SPDX-License-Identifier: Apache-2.0 */
#include "store_data.h"

#include <pthread.h>
#include <time.h>

#include <tutela/hash.h>

static struct tutela_hash md5(uint64_t seed)
{
	return hash_of(TUTELA_ALG_MD5, seed);
}

static struct tutela_hash pdq(uint64_t seed)
{
	return hash_of(TUTELA_ALG_PDQ, seed);
}

static void make_list(struct tutela_store *s, const char *name, void (*change)(struct tutela_list *list, uint32_t arg),
		      uint32_t arg)
{
	struct tutela_list list = {.name = ""};

	strcpy(list.name, name);
	tutela_policy_default(&list.policy);
	if (change)
		change(&list, arg);
	OK(tutela_list_set(s, &list, true));
}

static void set_pdq_threshold(struct tutela_list *list, uint32_t threshold)
{
	list->policy.pdq_threshold = threshold;
}

static void set_action(struct tutela_list *list, uint32_t action)
{
	list->policy.action = action;
}

static void set_exclude(struct tutela_list *list, uint32_t arg)
{
	(void)arg;
	list->policy.kind = TUTELA_LIST_EXCLUDE;
}

static void set_quality(struct tutela_list *list, uint32_t quality)
{
	list->policy.min_quality = quality;
}

static void set_expires(struct tutela_list *list, uint32_t when)
{
	list->expires = when;
}

/* ------------------------------------------------------------------ what a hit says */

Test(lookup, empty_store_and_empty_query)
{
	struct tutela_query none = {.quality = -1};
	struct tutela_hits hits = {0};
	struct tutela_snapshot *snap;
	struct tutela_store *s;
	char path[64];
	unsigned wants = 1;

	s = store_make(path);
	snap = snapshot_of(s);
	OK(tutela_snapshot_lookup(snap, &none, 0, &hits));
	cr_assert(hits.n == 0 && !hits.limited && !hits.low_quality);
	cr_assert_eq(ask(snap, pdq(1), &hits) + ask(snap, md5(1), &hits), 0);
	OK(tutela_snapshot_wants(snap, &wants));
	cr_assert_eq(wants, 0);
	FAILS(tutela_snapshot_lookup(snap, NULL, 0, &hits), TUTELA_E_ARG);
	none.n = 1;
	FAILS(tutela_snapshot_lookup(snap, &none, 0, &hits), TUTELA_E_ARG);
	tutela_hits_free(&hits);
	tutela_hits_free(&hits);
	tutela_snapshot_close(snap);
	tutela_snapshot_close(NULL);
	store_unmake(s, path);
}

Test(lookup, bad_hash_is_an_error)
{
	struct tutela_query_hash one = {.hash = pdq(1)};
	struct tutela_query query = {.hashes = &one, .n = 1, .quality = -1};
	struct tutela_hits hits = {0};
	struct tutela_snapshot *snap;
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	snap = snapshot_of(s);
	one.hash.len = 31;
	FAILS(tutela_snapshot_lookup(snap, &query, 0, &hits), TUTELA_E_ARG);
	one.hash.algorithm = 7;
	FAILS(tutela_snapshot_lookup(snap, &query, 0, &hits), TUTELA_E_ARG);
	tutela_hits_free(&hits);
	tutela_snapshot_close(snap);
	store_unmake(s, path);
}

Test(lookup, hit_tells_everything)
{
	struct tutela_query_hash asked[2] = {{flipped(pdq(1), 40, 3), "original", "ref"},
					     {flipped(pdq(1), 12, 4), "rotate90", "full"}};
	struct tutela_query query = {.hashes = asked, .n = 2, .quality = 80};
	struct tutela_hash stored = pdq(1);
	struct tutela_record rec = record_of("entry 1", pdq(1));
	struct tutela_hits hits = {0};
	struct tutela_snapshot *snap;
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	rec.n_labels = 2;
	rec.labels[0] = (struct tutela_label){text("category"), text("2")};
	rec.labels[1] = (struct tutela_label){text("empty"), text("")};
	make_list(s, "known", NULL, 0);
	put_one(s, "known", rec);
	snap = snapshot_of(s);
	OK(tutela_snapshot_lookup(snap, &query, 0, &hits));
	tutela_snapshot_close(snap);
	store_unmake(s, path);
	/* The hits outlive the snapshot and the store. */
	cr_assert_eq(hits.n, 1);
	cr_assert_str_eq(hits.items[0].source, "local");
	cr_assert_str_eq(hits.items[0].list, "known");
	cr_assert_eq(hits.items[0].list_version, 1);
	cr_assert(!hits.items[0].list_expired);
	cr_assert_eq(hits.items[0].kind, TUTELA_LIST_KNOWN);
	cr_assert_eq(hits.items[0].action, TUTELA_REPORT);
	cr_assert_eq(hits.items[0].entry.len, 7);
	cr_assert_arr_eq(hits.items[0].entry.s, "entry 1", 7);
	cr_assert_eq(hits.items[0].algorithm, TUTELA_ALG_PDQ);
	cr_assert_eq(hits.items[0].distance, 12);
	cr_assert_eq(hits.items[0].threshold, 31);
	cr_assert_str_eq(hits.items[0].variant, "rotate90");
	cr_assert_str_eq(hits.items[0].dialect, "full");
	cr_assert_arr_eq(&hits.items[0].matched, &stored, sizeof stored);
	cr_assert_eq(hits.items[0].n_labels, 2);
	cr_assert_arr_eq(hits.items[0].labels[0].value.s, "2", 1);
	cr_assert_eq(hits.items[0].labels[1].value.len, 0);
	tutela_hits_free(&hits);
}

Test(lookup, nearest_variant_and_first_of_equals)
{
	struct tutela_query_hash asked[4] = {{flipped(pdq(1), 9, 1), "a", NULL},
					     {flipped(pdq(1), 5, 2), "b", NULL},
					     {flipped(pdq(1), 5, 3), "c", NULL},
					     {flipped(pdq(2), 3, 3), "d", NULL}};
	struct tutela_query query = {.hashes = asked, .n = 4, .quality = -1};
	struct tutela_record rec = record_of("e", pdq(1));
	struct tutela_hits hits = {0};
	struct tutela_snapshot *snap;
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	put_one(s, "a", rec);
	snap = snapshot_of(s);
	OK(tutela_snapshot_lookup(snap, &query, 0, &hits));
	cr_assert_eq(hits.n, 1);
	cr_assert_str_eq(hits.items[0].variant, "b");
	tutela_snapshot_close(snap);
	/* An entry with two fingerprints is one hit for each algorithm: its nearest. */
	rec.n_fingerprints = 3;
	rec.fingerprints[1] = pdq(2);
	rec.fingerprints[2] = md5(1);
	put_one(s, "a", rec);
	snap = snapshot_of(s);
	OK(tutela_snapshot_lookup(snap, &query, 0, &hits));
	cr_assert_eq(hits.n, 1);
	cr_assert_str_eq(hits.items[0].variant, "d");
	asked[0] = (struct tutela_query_hash){.hash = md5(1)};
	OK(tutela_snapshot_lookup(snap, &query, 0, &hits));
	cr_assert_eq(hits.n, 2);
	cr_assert_eq(hits.items[0].algorithm, TUTELA_ALG_MD5);
	cr_assert_null(hits.items[0].variant);
	tutela_snapshot_close(snap);
	tutela_hits_free(&hits);
	store_unmake(s, path);
}

Test(lookup, lists_that_share_a_hash_all_answer_in_order)
{
	static const char *const names[] = {"zulu", "alpha", "mike"};
	struct tutela_hits hits = {0};
	struct tutela_snapshot *snap;
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	for (size_t i = 0; i < 3; i++) {
		put_one(s, names[i], record_of("y", md5(1)));
		put_one(s, names[i], record_of("x", md5(1)));
	}
	snap = snapshot_of(s);
	cr_assert_eq(ask(snap, md5(1), &hits), 6);
	for (size_t i = 0; i < 6; i++) {
		cr_assert_str_eq(hits.items[i].list, i < 2 ? "alpha" : i < 4 ? "mike" : "zulu");
		cr_assert_eq(hits.items[i].entry.s[0], i % 2 ? 'y' : 'x');
	}
	tutela_hits_free(&hits);
	tutela_snapshot_close(snap);
	store_unmake(s, path);
}

Test(lookup, limit_keeps_the_nearest)
{
	struct tutela_query_hash one = {.hash = pdq(1)};
	struct tutela_query query = {.hashes = &one, .n = 1, .quality = -1};
	struct tutela_hits hits = {0};
	struct tutela_snapshot *snap;
	struct tutela_update *u;
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	u = update_on(s, "a", TUTELA_MERGE);
	for (unsigned i = 0; i < 31; i++) {
		char id[8];
		struct tutela_record rec;

		snprintf(id, sizeof id, "%02u", 30 - i);
		rec = record_of(id, flipped(pdq(1), 30 - i, i));
		OK(tutela_update_put(u, &rec));
	}
	commit(s, u);
	snap = snapshot_of(s);
	for (size_t limit = 1; limit < 34; limit++) {
		OK(tutela_snapshot_lookup(snap, &query, limit, &hits));
		cr_assert_eq(hits.n, limit < 31 ? limit : 31);
		cr_assert_eq(hits.limited, limit < 31);
		for (size_t i = 0; i < hits.n; i++)
			cr_assert_eq(hits.items[i].distance, i);
	}
	tutela_hits_free(&hits);
	tutela_snapshot_close(snap);
	store_unmake(s, path);
}

/* ------------------------------------------------------------------ policy */

Test(lookup, each_list_has_its_own_threshold)
{
	struct tutela_hits hits = {0};
	struct tutela_snapshot *snap;
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	make_list(s, "exactly", set_pdq_threshold, 0);
	make_list(s, "ten", set_pdq_threshold, 10);
	make_list(s, "wide", set_pdq_threshold, 64);
	put_one(s, "exactly", record_of("e", pdq(1)));
	put_one(s, "ten", record_of("e", pdq(1)));
	put_one(s, "wide", record_of("e", pdq(1)));
	snap = snapshot_of(s);
	cr_assert_eq(ask(snap, pdq(1), &hits), 3);
	cr_assert_eq(ask(snap, flipped(pdq(1), 1, 1), &hits), 2);
	cr_assert_eq(ask(snap, flipped(pdq(1), 10, 1), &hits), 2);
	cr_assert_eq(ask(snap, flipped(pdq(1), 11, 1), &hits), 1);
	cr_assert_str_eq(hits.items[0].list, "wide");
	cr_assert_eq(hits.items[0].threshold, 64);
	cr_assert_eq(ask(snap, flipped(pdq(1), 64, 1), &hits), 1);
	cr_assert_eq(ask(snap, flipped(pdq(1), 65, 1), &hits), 0);
	tutela_hits_free(&hits);
	tutela_snapshot_close(snap);
	store_unmake(s, path);
}

Test(lookup, quality_below_a_lists_least_is_said)
{
	struct tutela_query_hash asked[2] = {{pdq(1), "original", "ref"}, {.hash = md5(1)}};
	struct tutela_query query = {.hashes = asked, .n = 2, .quality = 49};
	struct tutela_record rec = record_of("e", pdq(1));
	struct tutela_hits hits = {0};
	struct tutela_snapshot *snap;
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	rec.n_fingerprints = 2;
	rec.fingerprints[1] = md5(1);
	make_list(s, "a", NULL, 0);
	make_list(s, "b", set_quality, 20);
	make_list(s, "c", NULL, 0);
	put_one(s, "a", rec);
	snap = snapshot_of(s);
	OK(tutela_snapshot_lookup(snap, &query, 0, &hits));
	cr_assert(hits.n == 1 && hits.items[0].algorithm == TUTELA_ALG_MD5 && hits.low_quality);
	query.quality = 50;
	OK(tutela_snapshot_lookup(snap, &query, 0, &hits));
	cr_assert(hits.n == 2 && !hits.low_quality);
	query.quality = -1;
	OK(tutela_snapshot_lookup(snap, &query, 0, &hits));
	cr_assert(hits.n == 2 && !hits.low_quality);
	tutela_snapshot_close(snap);
	put_one(s, "b", rec);
	snap = snapshot_of(s);
	query.quality = 30;
	OK(tutela_snapshot_lookup(snap, &query, 0, &hits));
	cr_assert(hits.n == 3 && hits.low_quality);
	cr_assert_str_eq(hits.items[2].list, "b");
	/* Nothing perceptual was asked: nothing was left unasked. */
	query.hashes = asked + 1;
	query.n = 1;
	OK(tutela_snapshot_lookup(snap, &query, 0, &hits));
	cr_assert(hits.n == 2 && !hits.low_quality);
	tutela_hits_free(&hits);
	tutela_snapshot_close(snap);
	store_unmake(s, path);
}

Test(lookup, ignored_excluded_and_expired_lists)
{
	struct tutela_record rec = record_of("e", pdq(1));
	struct tutela_hits hits = {0};
	struct tutela_snapshot *snap;
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	rec.n_fingerprints = 2;
	rec.fingerprints[1] = md5(1);
	make_list(s, "ignored", set_action, TUTELA_IGNORE);
	make_list(s, "nsrl", set_exclude, 0);
	make_list(s, "stale", set_expires, 1000);
	put_one(s, "ignored", rec);
	put_one(s, "nsrl", rec);
	put_one(s, "stale", rec);
	snap = snapshot_of(s);
	cr_assert_eq(ask(snap, pdq(1), &hits), 1);
	cr_assert_str_eq(hits.items[0].list, "stale");
	cr_assert(hits.items[0].list_expired);
	cr_assert_eq(ask(snap, md5(1), &hits), 2);
	cr_assert_eq(hits.items[0].kind, TUTELA_LIST_EXCLUDE);
	tutela_hits_free(&hits);
	tutela_snapshot_close(snap);
	store_unmake(s, path);
}

Test(lookup, wants_what_can_match)
{
	struct tutela_snapshot *snap;
	struct tutela_store *s;
	char path[64];
	unsigned wants;

	s = store_make(path);
	make_list(s, "nsrl", set_exclude, 0);
	make_list(s, "ignored", set_action, TUTELA_IGNORE);
	put_one(s, "nsrl", record_of("e", hash_of(TUTELA_ALG_PHASH, 1)));
	put_one(s, "nsrl", record_of("f", hash_of(TUTELA_ALG_SHA1, 1)));
	put_one(s, "ignored", record_of("e", hash_of(TUTELA_ALG_SHA256, 1)));
	put_one(s, "a", record_of("p", hash_of(TUTELA_ALG_PHOTODNA, 1)));
	snap = snapshot_of(s);
	OK(tutela_snapshot_wants(snap, &wants));
	cr_assert_eq(wants, TUTELA_WANT_SHA1);
	tutela_snapshot_close(snap);
	put_one(s, "a", record_of("e", pdq(1)));
	put_one(s, "a", record_of("f", hash_of(TUTELA_ALG_DHASH, 1)));
	put_one(s, "a", record_of("g", md5(1)));
	set_status(s, "a", "g", TUTELA_DISPUTED);
	snap = snapshot_of(s);
	OK(tutela_snapshot_wants(snap, &wants));
	cr_assert_eq(wants, TUTELA_WANT_SHA1 | TUTELA_WANT_PDQ | TUTELA_WANT_PDQ_FULL | TUTELA_WANT_DHASH);
	tutela_snapshot_close(snap);
	store_unmake(s, path);
}

Test(lookup, long_values_that_share_a_beginning)
{
	struct tutela_hash a = hash_of(TUTELA_ALG_PHOTODNA, 1), b = a, c = a;
	struct tutela_query_hash asked[2];
	struct tutela_query query = {.hashes = asked, .n = 2, .quality = -1};
	struct tutela_hits hits = {0};
	struct tutela_snapshot *snap;
	struct tutela_store *s;
	char path[64];

	b.bytes[100] ^= 1;
	c.bytes[143] ^= 1;
	asked[0] = (struct tutela_query_hash){.hash = c};
	asked[1] = (struct tutela_query_hash){.hash = b};
	s = store_make(path);
	put_one(s, "a", record_of("a", a));
	put_one(s, "a", record_of("b", b));
	snap = snapshot_of(s);
	cr_assert_eq(ask(snap, a, &hits), 1);
	cr_assert_eq(hits.items[0].entry.s[0], 'a');
	cr_assert_eq(ask(snap, c, &hits), 0);
	OK(tutela_snapshot_lookup(snap, &query, 0, &hits));
	cr_assert_eq(hits.n, 1);
	cr_assert_arr_eq(&hits.items[0].matched, &b, sizeof b);
	tutela_hits_free(&hits);
	tutela_snapshot_close(snap);
	store_unmake(s, path);
}

/* ------------------------------------------------------------------ against brute force */

#define N     20000
#define EXTRA 1000

/* What the store should hold: number i is entry "i". */
struct model {
	struct tutela_hash codes[N + EXTRA];
	bool active[N + EXTRA];
	size_t n;
};

static void put_range(struct tutela_store *s, struct model *m, size_t from, size_t to)
{
	struct tutela_update *u = update_on(s, "a", TUTELA_MERGE);

	for (size_t i = from; i < to; i++) {
		char id[24];
		struct tutela_record rec;

		snprintf(id, sizeof id, "%zu", i);
		rec = record_of(id, m->codes[i]);
		OK(tutela_update_put(u, &rec));
		m->active[i] = true;
	}
	m->n = to;
	commit(s, u);
}

static size_t brute_force(const struct model *m, const struct tutela_hash *q, int radius, uint8_t *distances)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++) {
		int d = tutela_hash_distance(q, &m->codes[i]);

		distances[i] = (uint8_t)(m->active[i] && d <= radius ? d : 255);
		n += distances[i] != 255;
	}
	return n;
}

static void compare(struct tutela_snapshot *snap, const struct model *m, struct tutela_hash q, int radius)
{
	static uint8_t distances[N + EXTRA];
	struct tutela_hits hits = {0};
	size_t n = brute_force(m, &q, radius, distances);

	cr_assert_eq(ask(snap, q, &hits), n, "%zu, not %zu", hits.n, n);
	for (size_t i = 0; i < hits.n; i++) {
		char id[24] = "";

		memcpy(id, hits.items[i].entry.s, hits.items[i].entry.len);
		cr_assert_eq(hits.items[i].distance, distances[atol(id)]);
		cr_assert(!i || hits.items[i - 1].distance <= hits.items[i].distance);
	}
	tutela_hits_free(&hits);
}

static void compare_many(struct tutela_store *s, const struct model *m, unsigned bits, int radius)
{
	struct tutela_snapshot *snap = snapshot_of(s);

	for (unsigned i = 0; i < 328; i++) {
		size_t from = mix(i) % m->n;

		compare(snap, m, flipped(m->codes[from], i % 41 % (bits / 4), i), radius);
	}
	tutela_snapshot_close(snap);
}

static void compare_algorithm(enum tutela_algorithm algorithm, int radius)
{
	struct model *m = calloc(1, sizeof *m);
	unsigned bits = tutela_algorithm_get(algorithm)->bits;
	struct tutela_update *u;
	struct tutela_store *s;
	char path[64];

	for (size_t i = 0; i < N + EXTRA; i++)
		/* Some near others of theirs, some equal. */
		m->codes[i] = i % 10 == 9 ? flipped(m->codes[i - 9], (unsigned)(i / 10 % 8), i) : hash_of(algorithm, i);
	s = store_make(path);
	put_range(s, m, 0, N);
	compare_many(s, m, bits, radius);
	u = update_on(s, "a", TUTELA_MERGE);
	for (size_t i = 0; i < EXTRA; i++) {
		size_t gone = mix(i + 77) % N;
		char id[24];

		snprintf(id, sizeof id, "%zu", gone);
		OK(tutela_update_status(u, text(id), TUTELA_WITHDRAWN, text("")));
		m->active[gone] = false;
	}
	commit(s, u);
	put_range(s, m, N, N + EXTRA);
	compare_many(s, m, bits, radius);
	free(m);
	store_unmake(s, path);
}

Test(lookup, pdq_as_brute_force, .timeout = 120)
{
	compare_algorithm(TUTELA_ALG_PDQ, 31);
}

Test(lookup, phash_as_brute_force, .timeout = 120)
{
	compare_algorithm(TUTELA_ALG_PHASH, 6);
}

Test(lookup, dhash_as_brute_force, .timeout = 120)
{
	compare_algorithm(TUTELA_ALG_DHASH, 4);
}

/* ------------------------------------------------------------------ threads */

struct asker {
	struct tutela_store *store;
	struct tutela_snapshot *snap;
	uint64_t seed;
};

static void *keep_asking(void *arg)
{
	struct asker *a = arg;
	struct tutela_hits hits = {0};

	for (uint64_t i = 0; i < 3000; i++) {
		uint64_t which = mix(a->seed + i) % 500;

		cr_assert_eq(ask(a->snap, pdq(which), &hits), 1);
		cr_assert_eq(ask(a->snap, md5(which), &hits), 1);
		if (i % 100 == 0)
			cr_assert_geq(ask_store(a->store, md5(which)), 1);
	}
	tutela_hits_free(&hits);
	return NULL;
}

Test(lookup, threads_share_a_snapshot_while_a_writer_commits, .timeout = 120)
{
	struct asker askers[4];
	pthread_t threads[4];
	struct tutela_snapshot *snap;
	struct tutela_update *u;
	struct tutela_store *s;
	char path[64], id[24];

	s = store_make(path);
	u = update_on(s, "a", TUTELA_MERGE);
	for (uint64_t i = 0; i < 500; i++) {
		struct tutela_record rec;

		snprintf(id, sizeof id, "%" PRIu64, i);
		rec = record_of(id, pdq(i));
		rec.n_fingerprints = 2;
		rec.fingerprints[1] = md5(i);
		OK(tutela_update_put(u, &rec));
	}
	commit(s, u);
	snap = snapshot_of(s);
	for (size_t i = 0; i < 4; i++) {
		askers[i] = (struct asker){s, snap, i * 10000};
		cr_assert_eq(pthread_create(&threads[i], NULL, keep_asking, &askers[i]), 0);
	}
	for (uint64_t i = 0; i < 40; i++) {
		snprintf(id, sizeof id, "new %" PRIu64, i);
		put_one(s, "b", record_of(id, pdq(10000 + i)));
	}
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	tutela_snapshot_close(snap);
	store_unmake(s, path);
}
