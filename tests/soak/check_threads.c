/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_threads FOLDER [ROUNDS]: everything in the library that runs in several
 * threads, at once and in one process, for the thread sanitizer to watch: an
 * index built, searched in batches; a store's handle that threads share, of
 * which one writes and the others open snapshots and look up, alone and in
 * batches. What is found is compared with single searches in one thread.
 *
 * FOLDER must not exist. Exit status: 0 as it should be, 1 not, 2 it could not be tried.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tutela/index.h>
#include <tutela/store.h>

#include "remove_folder.h"

#define CODES   40000 /* over the size from which on building uses threads, and tables are made */
#define BATCH   3000
#define THREADS 4
#define READERS 3

static atomic_uint failures;

static void fail(const char *what, enum tutela_err err)
{
	fprintf(stderr, "check-threads: %s: %s\n", what, tutela_strerror(err));
	atomic_fetch_add(&failures, 1);
}

/* splitmix64: S. Vigna, public domain */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static void code_of(uint64_t i, uint8_t *code)
{
	for (unsigned k = 0; k < 32; k++)
		code[k] = (uint8_t)(mix(4 * i + k / 8) >> (8 * (k % 8)));
}

/* ------------------------------------------------------------------ index */

static bool same(const struct tutela_matches *a, const struct tutela_matches *b)
{
	return a->n == b->n && (!a->n || !memcmp(a->items, b->items, a->n * sizeof *a->items));
}

static void search(const struct tutela_index *ix, const uint8_t *queries)
{
	const struct tutela_search_opts opts = {.size = sizeof opts, .radius = 40};
	struct tutela_matches *out = calloc(BATCH, sizeof *out), one = {0};
	enum tutela_err err = out ? tutela_index_search_batch(ix, queries, BATCH, &opts, THREADS, out) : TUTELA_E_NOMEM;
	size_t found = 0;

	for (size_t i = 0; i < BATCH && !err; i++) {
		found += out[i].n;
		if (i % 16)
			continue;
		err = tutela_index_search(ix, queries + 32 * i, &opts, &one);
		if (!err && !same(&one, &out[i]))
			err = TUTELA_E_CORRUPT;
	}
	if (err || found < BATCH)
		fail("searching a batch", err);
	for (size_t i = 0; out && i < BATCH; i++)
		tutela_matches_free(&out[i]);
	tutela_matches_free(&one);
	free(out);
}

static void index_in_threads(void)
{
	const struct tutela_index_build_opts opts = {.size = sizeof opts, .bits = 256, .threads = THREADS};
	uint8_t *codes = malloc(32 * CODES);
	uint32_t *values = malloc(sizeof *values * CODES);
	struct tutela_index *ix = NULL;
	enum tutela_err err = TUTELA_E_NOMEM;

	for (uint32_t i = 0; codes && values && i < CODES; i++) {
		code_of(i, codes + 32 * (size_t)i);
		values[i] = i;
	}
	if (codes && values)
		err = tutela_index_build(codes, values, CODES, &opts, &ix);
	if (err) {
		fail("building an index", err);
	} else {
		search(ix, codes);
		tutela_index_close(ix);
	}
	free(codes);
	free(values);
}

/* ------------------------------------------------------------------ store */

static struct tutela_store *store;
static atomic_bool done;
static unsigned rounds = 12;

static enum tutela_err put(struct tutela_update *u, uint64_t i)
{
	struct tutela_record rec = {.n_fingerprints = 2};
	char id[32];

	rec.id = (struct tutela_text){id, (size_t)snprintf(id, sizeof id, "entry-%" PRIu64, i)};
	rec.fingerprints[0] = (struct tutela_hash){.algorithm = TUTELA_ALG_PDQ, .len = 32};
	code_of(i, rec.fingerprints[0].bytes);
	rec.fingerprints[1] = (struct tutela_hash){.algorithm = TUTELA_ALG_MD5, .len = 16};
	memcpy(rec.fingerprints[1].bytes, rec.fingerprints[0].bytes, 16);
	return tutela_update_put(u, &rec);
}

static enum tutela_err update(uint64_t from, uint64_t n)
{
	const struct tutela_update_opts opts = {.size = sizeof opts, .list = "a", .create = true, .threads = THREADS};
	struct tutela_update *u;
	enum tutela_err err = tutela_update_begin(store, &opts, &u);

	if (err)
		return err;
	for (uint64_t i = from; i < from + n && !err; i++)
		err = put(u, i);
	if (!err)
		return tutela_update_commit(u, NULL);
	tutela_update_abort(u);
	return err;
}

static void *write_on(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < rounds; i++) {
		enum tutela_err err = update(CODES + 700 * i, 700);

		if (err)
			fail("updating", err);
	}
	atomic_store(&done, true);
	return NULL;
}

static enum tutela_err ask(struct tutela_snapshot *snap, struct tutela_query_hash *asked, struct tutela_query *queries,
			   struct tutela_hits *hits, uint64_t start)
{
	struct tutela_hits one = {0};
	enum tutela_err err;

	for (uint64_t i = 0; i < BATCH; i++) {
		asked[i] = (struct tutela_query_hash){.hash = {.algorithm = TUTELA_ALG_PDQ, .len = 32}};
		code_of((start + 7 * i) % CODES, asked[i].hash.bytes);
		asked[i].hash.bytes[i % 32] ^= 3;
		queries[i] = (struct tutela_query){&asked[i], 1, -1};
	}
	err = tutela_snapshot_lookup_batch(snap, queries, BATCH, 0, THREADS, hits);
	for (size_t i = 0; i < BATCH && !err; i += 8) {
		err = tutela_snapshot_lookup(snap, &queries[i], 0, &one);
		if (!err && (hits[i].n != one.n || !one.n || hits[i].items[0].distance != 2))
			err = TUTELA_E_CORRUPT;
	}
	tutela_hits_free(&one);
	return err;
}

static void *read_on(void *arg)
{
	struct tutela_query_hash *asked = calloc(BATCH, sizeof *asked);
	struct tutela_query *queries = calloc(BATCH, sizeof *queries);
	struct tutela_hits *hits = calloc(BATCH, sizeof *hits);
	uint64_t start = (uint64_t)(uintptr_t)arg * 1001;

	do {
		struct tutela_snapshot *snap;
		enum tutela_err err = asked && queries && hits ? tutela_snapshot_open(store, &snap) : TUTELA_E_NOMEM;

		if (!err) {
			err = ask(snap, asked, queries, hits, start++);
			tutela_snapshot_close(snap);
		}
		if (err)
			fail("looking up", err);
	} while (!atomic_load(&done) && !atomic_load(&failures));
	for (size_t i = 0; hits && i < BATCH; i++)
		tutela_hits_free(&hits[i]);
	free(asked);
	free(queries);
	free(hits);
	return NULL;
}

static void store_in_threads(const char *folder)
{
	/* Address space is the sanitizer's, too. */
	const struct tutela_store_opts opts = {.size = sizeof opts, .write = true, .max_map = (uint64_t)1 << 33};
	pthread_t threads[READERS + 1];
	enum tutela_err err = tutela_store_create(folder);

	if (!err)
		err = tutela_store_open(folder, &opts, &store, NULL, 0);
	if (!err)
		err = update(0, CODES);
	if (err) {
		fail("making the store", err);
		return;
	}
	for (uintptr_t i = 0; i <= READERS; i++)
		if (pthread_create(&threads[i], NULL, i ? read_on : write_on, (void *)i))
			exit(2);
	for (unsigned i = 0; i <= READERS; i++)
		pthread_join(threads[i], NULL);
	tutela_store_close(store);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: check_threads FOLDER [ROUNDS]\n");
		return 2;
	}
	rounds = argc > 2 ? (unsigned)atoi(argv[2]) : rounds;
	index_in_threads();
	store_in_threads(argv[1]);
	remove_folder(argv[1]);
	printf("check-threads: %u updates beside %u readers, batches of %u in %u threads, %u failures\n", rounds,
	       READERS, BATCH, THREADS, atomic_load(&failures));
	return atomic_load(&failures) ? 1 : 0;
}
