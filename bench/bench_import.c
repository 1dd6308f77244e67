/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text file of many lines: how long until all of it can be searched, and how
 * much memory does that take? `tutela import` into an empty store, the whole
 * process; the file was just written, so it is read from the page cache.
 */
#include "made_store.h"
#include "process.h"

#define SEED 7

static const char usage[] = "bench_import [--runs N] [LINES] (3; 1000000)";

/* Line by line: what this process holds must stay below what the child does. */
static size_t write_list(const char *path, size_t n)
{
	char hex[TUTELA_HASH_TEXT_MAX];
	FILE *f = fopen(path, "w");
	struct tutela_hash hash;
	long bytes;

	if (!f)
		bench_die(path, strerror(errno));
	for (size_t i = 0; i < n; i++) {
		made_store_hash(SEED, i, &hash);
		fprintf(f, "pdq %s e%zu\n", tutela_hash_format(&hash, hex), i);
	}
	bytes = ftell(f);
	if (ferror(f) || fclose(f))
		bench_die(path, strerror(errno));
	return (size_t)bytes;
}

/* Returns the most memory of the import, in bytes. */
static double one_run(const char *store, const char *list, struct bench_times *t, struct bench_times *cpu)
{
	const char *const init[] = {BENCH_BIN_DIR "/tutela", "-d", store, "-q", "init", NULL};
	const char *const import[] = {BENCH_BIN_DIR "/tutela", "-d",       store,  "-q", "import", "--list",
				      MADE_STORE_LIST,         "--format", "text", list, NULL};
	struct process p;

	process_run(init, 0, &p);
	process_run(import, 0, &p);
	bench_times_add(t, p.us);
	bench_times_add(cpu, p.cpu_us);
	process_remove(store);
	return (double)p.peak_kib * 1024;
}

int main(int argc, char **argv)
{
	size_t n = 1000000, runs = 3, bytes;
	struct bench_times t = {0}, cpu = {0};
	char store[4200], list[4200];
	struct rusage own;
	double peak = 0;

	bench_help(argc, argv, usage);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--runs") == 0 && i + 1 < argc)
			runs = bench_count(argv[++i], 1, 1000, usage);
		else
			n = bench_count(argv[i], 1, 100000000, usage);
	}
	snprintf(store, sizeof store, "%s/store", process_folder());
	snprintf(list, sizeof list, "%s/list.txt", process_folder_path);
	bytes = write_list(list, n);
	for (size_t i = 0; i < runs; i++) {
		double most = one_run(store, list, &t, &cpu);

		peak = most > peak ? most : peak;
	}
	getrusage(RUSAGE_SELF, &own);
	if ((double)own.ru_maxrss * 1024 >= peak)
		bench_die("memory", "this process was larger than the import");
	bench_begin("import", "text into an empty store");
	printf(",\"codes\":%zu,\"file_bytes\":%zu,\"cpu_us\":%.3f,\"peak_bytes\":%.0f,\"lines_per_second\":%.0f", n,
	       bytes, bench_median(&cpu), peak, (double)n / bench_median(&t) * 1e6);
	bench_end(&t, "none", bench_cores(), SEED);
	bench_times_free(&t);
	bench_times_free(&cpu);
	return 0;
}
