/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does a reader fare while a writer merges? One thread asks a snapshot for
 * fresh hashes, one after the other. First alone; then while an update puts a
 * quarter as many entries as the store holds; then while that update's commit
 * merges everything into one new index file and syncs it. With a
 * writer of one thread, and with one of as many as there are cores.
 */
#include "made_store.h"
#include "process.h"

#include <pthread.h>
#include <stdatomic.h>

#define SEED     7
#define ALONE_US 1e6

static const char usage[] = "bench_merge [CODES] (1000000)";

enum phase { ALONE, PUT, MERGE, PHASES, WARM, OVER };

static const char *const names[PHASES] = {"reader alone", "reader while entries are put", "reader during a merge"};

struct reader {
	struct tutela_snapshot *snap;
	_Atomic int phase;
	struct bench_times t[PHASES];
};

/* A look-up belongs to the phase in which it began. */
static void *read_on(void *ctx)
{
	struct reader *r = ctx;
	struct tutela_hits hits = {0};
	int phase;

	for (uint64_t i = 0; (phase = atomic_load(&r->phase)) != OVER; i++) {
		double start = bench_now_us();

		made_store_ask(r->snap, SEED + 1, i, false, &hits);
		if (phase < PHASES)
			bench_times_add(&r->t[phase], bench_now_us() - start);
	}
	tutela_hits_free(&hits);
	return NULL;
}

static void wait_us(double us)
{
	struct timespec t = {(time_t)(us / 1e6), (long)(us - 1e6 * (double)(time_t)(us / 1e6)) * 1000};

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

static void report(struct reader *r, size_t n, size_t added, unsigned threads, const double us[PHASES])
{
	for (int phase = ALONE; phase < PHASES; phase++) {
		bench_begin("merge", names[phase]);
		printf(",\"codes\":%zu,\"new\":%zu,\"writer_threads\":%u,\"phase_us\":%.3f", n, added, threads,
		       us[phase]);
		bench_end(&r->t[phase], tutela_isa_name(tutela_cpu_best()), 1, SEED);
		bench_times_free(&r->t[phase]);
	}
}

/* Returns how many were added. */
static size_t one_merge(struct tutela_store *store, size_t n, unsigned threads)
{
	struct reader r = {.snap = made_store_snapshot(store), .phase = WARM};
	struct tutela_store_info info;
	struct tutela_update *u;
	double us[PHASES + 1];
	size_t added = n / 4 + 1;
	pthread_t thread;

	if (pthread_create(&thread, NULL, read_on, &r))
		bench_die("reader", "no thread");
	wait_us(ALONE_US / 4);
	atomic_store(&r.phase, ALONE);
	us[ALONE] = bench_now_us();
	wait_us(ALONE_US);
	atomic_store(&r.phase, PUT);
	us[PUT] = bench_now_us();
	u = made_store_begin(store, threads);
	made_store_put(u, SEED, n, added);
	atomic_store(&r.phase, MERGE);
	us[MERGE] = bench_now_us();
	bench_must(tutela_update_commit(u, NULL), "commit");
	atomic_store(&r.phase, OVER);
	us[PHASES] = bench_now_us();
	pthread_join(thread, NULL);
	tutela_snapshot_close(r.snap);
	r.snap = made_store_snapshot(store);
	bench_must(tutela_snapshot_info(r.snap, &info), "info");
	tutela_snapshot_close(r.snap);
	if (info.segments != 1)
		bench_die("merge", "the update did not merge everything");
	for (int phase = ALONE; phase < PHASES; phase++)
		us[phase] = us[phase + 1] - us[phase];
	report(&r, n, added, threads, us);
	return added;
}

int main(int argc, char **argv)
{
	struct tutela_store *store;
	size_t n = 1000000;
	char path[4200];

	bench_help(argc, argv, usage);
	if (argc > 2)
		bench_usage(usage);
	if (argc == 2)
		n = bench_count(argv[1], 1, 50000000, usage);
	snprintf(path, sizeof path, "%s/store", process_folder());
	store = made_store(path, SEED, n);
	n += one_merge(store, n, 1);
	if (bench_cores() > 1)
		one_merge(store, n, bench_cores());
	tutela_store_close(store);
	return 0;
}
