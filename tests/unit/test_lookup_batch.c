/* SPDX-License-Identifier: Apache-2.0 */
#include "store_data.h"

#include "store/snapshot.h"

#define ENTRIES 3000
#define CLUSTER 150 /* equal hashes: more than a batch search is asked for */
#define QUERIES 700
#define HASHES  18

static struct tutela_hash stored(uint64_t i)
{
	static const enum tutela_algorithm kinds[] = {TUTELA_ALG_PDQ, TUTELA_ALG_PDQ, TUTELA_ALG_PHASH, TUTELA_ALG_MD5};

	return i < CLUSTER ? hash_of(TUTELA_ALG_PDQ, 1) : hash_of(kinds[i % 4], i);
}

static void put_range(struct tutela_store *s, const char *list, uint64_t from, uint64_t to)
{
	struct tutela_update *u = update_on(s, list, TUTELA_MERGE);

	for (uint64_t i = from; i < to; i++) {
		char id[24];
		struct tutela_record rec;

		snprintf(id, sizeof id, "%" PRIu64, i);
		rec = record_of(id, stored(i));
		OK(tutela_update_put(u, &rec));
	}
	commit(s, u);
}

static void make_list(struct tutela_store *s, const char *name, uint32_t pdq, uint32_t quality)
{
	struct tutela_list list = {.name = ""};

	strcpy(list.name, name);
	tutela_policy_default(&list.policy);
	list.policy.pdq_threshold = pdq;
	list.policy.min_quality = quality;
	OK(tutela_list_set(s, &list, true));
}

/* Lists of different thresholds and least qualities, in several index files. */
static void fill(struct tutela_store *s)
{
	make_list(s, "narrow", 8, 80);
	make_list(s, "usual", 31, 50);
	make_list(s, "wide", 40, 0);
	put_range(s, "usual", 0, ENTRIES);
	put_range(s, "narrow", ENTRIES, ENTRIES + 300);
	put_range(s, "wide", ENTRIES - 20, ENTRIES);
	put_one(s, "narrow", record_of("shared", stored(ENTRIES - 1)));
	set_status(s, "usual", "7", TUTELA_WITHDRAWN);
}

struct questions {
	struct tutela_query_hash hashes[QUERIES][HASHES];
	struct tutela_query queries[QUERIES];
};

static struct questions *questions_new(void)
{
	struct questions *q = calloc(1, sizeof *q);

	for (uint64_t i = 0; i < QUERIES; i++) {
		size_t n = i % 7 == 3 ? 0 : i % 5 == 4 ? HASHES : mix(i) % 4;

		for (uint64_t k = 0; k < n; k++) {
			struct tutela_hash h = stored(mix(i * 100 + k) % (ENTRIES + 600));

			if (i % 50 == 0)
				h = stored(0);
			if (tutela_algorithm_get(h.algorithm)->perceptual)
				h = flipped(h, (unsigned)(mix(i + k) % (h.len + 12u)), i + k);
			q->hashes[i][k] = (struct tutela_query_hash){h, k % 2 ? "rotate90" : "original", "ref"};
		}
		q->queries[i] = (struct tutela_query){q->hashes[i], n, (int)(mix(i + 9) % 140) - 40};
		if (q->queries[i].quality < 0)
			q->queries[i].quality = -1;
	}
	return q;
}

static void expect_same(const struct tutela_hits *a, const struct tutela_hits *b, size_t i)
{
	cr_assert_eq(a->n, b->n, "query %zu: %zu hits, alone %zu", i, a->n, b->n);
	cr_assert(a->limited == b->limited && a->low_quality == b->low_quality, "query %zu", i);
	for (size_t k = 0; k < a->n; k++) {
		const struct tutela_hit *x = &a->items[k], *y = &b->items[k];

		cr_assert_str_eq(x->list, y->list);
		cr_assert(x->entry.len == y->entry.len && !memcmp(x->entry.s, y->entry.s, x->entry.len));
		cr_assert(x->algorithm == y->algorithm && x->distance == y->distance && x->threshold == y->threshold);
		cr_assert(x->variant == y->variant && x->dialect == y->dialect);
		cr_assert_arr_eq(&x->matched, &y->matched, sizeof x->matched);
	}
}

static size_t compare(struct tutela_snapshot *snap, const struct questions *q, size_t limit, unsigned threads,
		      struct tutela_hits *together)
{
	struct tutela_hits alone = {0};
	size_t found = 0;

	OK(tutela_snapshot_lookup_batch(snap, q->queries, QUERIES, limit, threads, together));
	for (size_t i = 0; i < QUERIES; i++) {
		OK(tutela_snapshot_lookup(snap, &q->queries[i], limit, &alone));
		expect_same(&together[i], &alone, i);
		found += alone.n;
	}
	tutela_hits_free(&alone);
	return found;
}

Test(lookup_batch, is_n_single_lookups, .timeout = 120)
{
	struct tutela_hits *hits = calloc(QUERIES, sizeof *hits);
	struct questions *q = questions_new();
	struct tutela_snapshot *snap;
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	fill(s);
	snap = snapshot_of(s);
	cr_assert_gt(compare(snap, q, 0, 1, hits), QUERIES);
	compare(snap, q, 3, 3, hits);
	compare(snap, q, 1, 0, hits);
	for (size_t i = 0; i < QUERIES; i++)
		tutela_hits_free(&hits[i]);
	tutela_snapshot_close(snap);
	store_unmake(s, path);
	free(hits);
	free(q);
}

/* More hashes than one part of a batch takes, in one query and over many. */
Test(lookup_batch, more_than_one_part, .timeout = 120)
{
	enum { LONG = 70000, MANY = 3 };
	struct tutela_query_hash *hashes = calloc(LONG, sizeof *hashes);
	struct tutela_query queries[MANY] = {{hashes, LONG / 2, -1}, {hashes, LONG, -1}, {hashes + LONG - 1, 1, -1}};
	struct tutela_hits together[MANY] = {{0}}, alone = {0};
	struct tutela_snapshot *snap;
	struct tutela_store *s;
	char path[64];

	for (size_t i = 0; i < LONG; i++)
		hashes[i] = (struct tutela_query_hash){hash_of(TUTELA_ALG_PHASH, i), "original", NULL};
	s = store_make(path);
	put_one(s, "a", record_of("first", hashes[5].hash));
	put_one(s, "a", record_of("last", hashes[LONG - 1].hash));
	snap = snapshot_of(s);
	OK(tutela_snapshot_lookup_batch(snap, queries, MANY, 0, 2, together));
	for (size_t i = 0; i < MANY; i++) {
		OK(tutela_snapshot_lookup(snap, &queries[i], 0, &alone));
		cr_assert_geq(alone.n, 1);
		expect_same(&together[i], &alone, i);
		tutela_hits_free(&together[i]);
	}
	tutela_hits_free(&alone);
	tutela_snapshot_close(snap);
	store_unmake(s, path);
	free(hashes);
}

Test(lookup_batch, nothing_and_nonsense)
{
	struct tutela_query_hash hashes[2] = {{.hash = hash_of(TUTELA_ALG_PDQ, 1)},
					      {.hash = hash_of(TUTELA_ALG_MD5, 1)}};
	struct tutela_query queries[2] = {{&hashes[0], 1, -1}, {&hashes[1], 1, -1}};
	struct tutela_hits hits[2] = {{0}};
	struct tutela_snapshot *snap;
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	put_one(s, "a", record_of("e", hashes[0].hash));
	snap = snapshot_of(s);
	OK(tutela_snapshot_lookup_batch(snap, NULL, 0, 0, 1, NULL));
	FAILS(tutela_snapshot_lookup_batch(snap, queries, 2, 0, 1, NULL), TUTELA_E_ARG);
	OK(tutela_snapshot_lookup_batch(snap, queries, 2, 0, 1, hits));
	cr_assert(hits[0].n == 1 && hits[1].n == 0);
	hashes[1].hash.len = 3;
	FAILS(tutela_snapshot_lookup_batch(snap, queries, 2, 0, 1, hits), TUTELA_E_ARG);
	cr_assert(hits[0].n == 0 && hits[1].n == 0);
	FAILS(tutela_snapshot_lookup_batch(snap, NULL, 2, 0, 1, hits), TUTELA_E_ARG);
	FAILS(tutela_snapshot_lookup_batch(NULL, queries, 2, 0, 1, hits), TUTELA_E_ARG);
	tutela_hits_free(&hits[0]);
	tutela_hits_free(&hits[1]);
	tutela_snapshot_close(snap);
	store_unmake(s, path);
}

/* The lock of the transaction is held here: whoever needed it would wait for ever. */
Test(lookup_batch, a_perceptual_hash_that_finds_nothing_needs_no_lock, .timeout = 20)
{
	struct tutela_query_hash hash = {.hash = hash_of(TUTELA_ALG_PDQ, 99)};
	struct tutela_query query = {&hash, 1, -1};
	struct tutela_hits hits = {0};
	struct tutela_snapshot *snap;
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	put_one(s, "a", record_of("e", hash_of(TUTELA_ALG_PDQ, 1)));
	snap = snapshot_of(s);
	pthread_mutex_lock(&snap->lock);
	OK(tutela_snapshot_lookup(snap, &query, 0, &hits));
	cr_assert_eq(hits.n, 0);
	OK(tutela_snapshot_lookup_batch(snap, &query, 1, 0, 2, &hits));
	cr_assert_eq(hits.n, 0);
	pthread_mutex_unlock(&snap->lock);
	tutela_hits_free(&hits);
	tutela_snapshot_close(snap);
	store_unmake(s, path);
}
