/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store holds many entries and 1,000 new ones arrive: how long until a new
 * snapshot finds them? From the beginning of the update to the first answer of
 * a snapshot that was opened after it, fsyncs included. What an update merges
 * depends on those before it; merges_of_all counts the updates that left one index file.
 */
#include "made_store.h"
#include "process.h"

#define NEW  1000
#define SEED 7

static const char usage[] = "bench_increment [--updates N] [CODES] (40; 1000000)";

struct increments {
	struct bench_times seen, commit,
		open; /* the whole; of it the commit; of it the snapshot and its first answer */
	size_t merges_of_all;
};

static void one_update(struct tutela_store *store, size_t held, struct increments *r)
{
	double start = bench_now_us(), put, committed;
	struct tutela_update *u = made_store_begin(store, 0);
	struct tutela_store_info info;
	struct tutela_snapshot *snap;
	struct tutela_hits hits = {0};

	made_store_put(u, SEED, held, NEW);
	put = bench_now_us();
	bench_must(tutela_update_commit(u, NULL), "commit");
	committed = bench_now_us();
	snap = made_store_snapshot(store);
	made_store_ask(snap, SEED, held + NEW - 1, true, &hits);
	bench_times_add(&r->seen, bench_now_us() - start);
	bench_times_add(&r->commit, committed - put);
	bench_times_add(&r->open, bench_now_us() - committed);
	bench_must(tutela_snapshot_info(snap, &info), "info");
	r->merges_of_all += info.segments == 1;
	tutela_hits_free(&hits);
	tutela_snapshot_close(snap);
}

int main(int argc, char **argv)
{
	size_t n = 1000000, updates = 40;
	struct increments r = {0};
	struct tutela_store *store;
	char path[4200];

	bench_help(argc, argv, usage);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--updates") == 0 && i + 1 < argc)
			updates = bench_count(argv[++i], 1, 100000, usage);
		else
			n = bench_count(argv[i], 1, 100000000, usage);
	}
	snprintf(path, sizeof path, "%s/store", process_folder());
	store = made_store(path, SEED, n);
	for (size_t i = 0; i < updates; i++)
		one_update(store, n + NEW * i, &r);
	tutela_store_close(store);
	bench_begin("increment", "until seen");
	printf(",\"codes\":%zu,\"new\":%d,\"commit_us\":%.3f,\"open_us\":%.3f,\"merges_of_all\":%zu", n, NEW,
	       bench_median(&r.commit), bench_median(&r.open), r.merges_of_all);
	bench_end(&r.seen, tutela_isa_name(tutela_cpu_best()), bench_cores(), SEED);
	bench_times_free(&r.seen);
	bench_times_free(&r.commit);
	bench_times_free(&r.open);
	return 0;
}
