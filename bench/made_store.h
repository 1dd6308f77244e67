/* SPDX-License-Identifier: Apache-2.0 */
/* Stores of uniform PDQ hashes by formula: code number i of the seed, entry "e<i>". */
#ifndef TUTELA_BENCH_MADE_STORE_H
#define TUTELA_BENCH_MADE_STORE_H

#include "codes.h"

#define MADE_STORE_LIST "bench"

static inline void made_store_hash(uint64_t seed, uint64_t i, struct tutela_hash *hash)
{
	*hash = (struct tutela_hash){.algorithm = TUTELA_ALG_PDQ, .len = TUTELA_PDQ_LEN};
	codes_make(CODES_UNIFORM, seed, i, hash->bytes);
}

static inline struct tutela_update *made_store_begin(struct tutela_store *store, unsigned threads)
{
	struct tutela_update_opts opts = {
		.size = sizeof opts, .list = MADE_STORE_LIST, .create = true, .threads = threads};
	struct tutela_update *u;

	bench_must(tutela_update_begin(store, &opts, &u), "update");
	return u;
}

/* Entries from .. from + n - 1. */
static inline void made_store_put(struct tutela_update *u, uint64_t seed, uint64_t from, size_t n)
{
	struct tutela_record rec = {.n_fingerprints = 1};
	char id[32];

	for (uint64_t i = from; i < from + n; i++) {
		int len = snprintf(id, sizeof id, "e%llu", (unsigned long long)i);

		rec.id = (struct tutela_text){id, (size_t)len};
		made_store_hash(seed, i, &rec.fingerprints[0]);
		bench_must(tutela_update_put(u, &rec), "put");
	}
}

/* A new store at `path` with entries 0 .. n - 1, open for writing. */
static inline struct tutela_store *made_store(const char *path, uint64_t seed, size_t n)
{
	struct tutela_store_opts opts = {.size = sizeof opts, .write = true};
	struct tutela_store *store;
	struct tutela_update *u;

	bench_must(tutela_store_create(path), path);
	bench_must(tutela_store_open(path, &opts, &store, NULL, 0), path);
	u = made_store_begin(store, 0);
	made_store_put(u, seed, 0, n);
	bench_must(tutela_update_commit(u, NULL), "commit");
	return store;
}

static inline struct tutela_snapshot *made_store_snapshot(struct tutela_store *store)
{
	struct tutela_snapshot *snap;

	bench_must(tutela_snapshot_open(store, &snap), "snapshot");
	return snap;
}

/* One look-up of one hash; ends the process when entry i is to be found and is not. */
static inline void made_store_ask(struct tutela_snapshot *snap, uint64_t seed, uint64_t i, bool there,
				  struct tutela_hits *hits)
{
	struct tutela_query_hash hash = {.variant = "original"};
	struct tutela_query query = {&hash, 1, -1};

	made_store_hash(seed, i, &hash.hash);
	bench_must(tutela_snapshot_lookup(snap, &query, 0, hits), "look-up");
	if (there && !hits->n)
		bench_die("look-up", "an entry that was put is not found");
}

#endif
