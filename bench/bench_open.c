/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long does it take until a fresh process has answered its first look-up?
 * `tutela lookup` for one hash that is in the store: the whole process as its
 * parent's clock has it, the store's files in the page cache. Medians:
 *
 *   open_us   opening the store and a snapshot, by the program's own clock
 *   first_us  the look-up
 *   cpu_us    processor time of the process
 */
#include "made_store.h"
#include "process.h"

#define SEED 7

static const char usage[] = "bench_open [--runs N] [CODES] (50; 1000000)";

/* A number of the JSON object that --stats prints. */
static double said(const struct process *p, const char *key)
{
	char quoted[64];
	const char *at;

	snprintf(quoted, sizeof quoted, "\"%s\":", key);
	at = strstr(p->said, quoted);
	if (!at)
		bench_die("tutela lookup --stats", p->said);
	return strtod(at + strlen(quoted), NULL);
}

static void one_mode(const char *store, size_t n, size_t runs, bool resident)
{
	struct bench_times t = {0}, open = {0}, first = {0}, cpu = {0};
	char hex[TUTELA_HASH_TEXT_MAX];
	struct tutela_hash hash;
	struct process p;

	/* The first run only warms the caches. */
	for (size_t i = 0; i <= runs; i++) {
		const char *const ask[] = {
			BENCH_BIN_DIR "/tutela",        "-d", store, "-q", "lookup", "--stats", "--pdq", hex,
			resident ? "--resident" : NULL, NULL};

		made_store_hash(SEED, i * 7919 % n, &hash);
		tutela_hash_format(&hash, hex);
		process_run(ask, 1, &p);
		if (!i)
			continue;
		bench_times_add(&t, p.us);
		bench_times_add(&cpu, p.cpu_us);
		bench_times_add(&open, said(&p, "open_ms") * 1e3);
		bench_times_add(&first, said(&p, "p50_us"));
	}
	bench_begin("open", "process");
	printf(",\"codes\":%zu,\"mode\":\"%s\",\"open_us\":%.3f,\"first_us\":%.3f,\"cpu_us\":%.3f", n,
	       resident ? "resident" : "mapped", bench_median(&open), bench_median(&first), bench_median(&cpu));
	bench_end(&t, tutela_isa_name(tutela_cpu_best()), 1, SEED);
	bench_times_free(&t);
	bench_times_free(&open);
	bench_times_free(&first);
	bench_times_free(&cpu);
}

int main(int argc, char **argv)
{
	size_t n = 1000000, runs = 50;
	char path[4200];

	bench_help(argc, argv, usage);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--runs") == 0 && i + 1 < argc)
			runs = bench_count(argv[++i], 1, 100000, usage);
		else
			n = bench_count(argv[i], 1, 100000000, usage);
	}
	unsetenv("TUTELA_ISA");
	snprintf(path, sizeof path, "%s/store", process_folder());
	tutela_store_close(made_store(path, SEED, n));
	one_mode(path, n, runs, false);
	one_mode(path, n, runs, true);
	return 0;
}
