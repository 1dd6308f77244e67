/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast is each instruction set at the two loops that a search consists of?
 * Through the public API: an exhaustive scan of codes that stay in the second cache, and a search of
 * an index small enough to stay in the third. Time of one query.
 */
#include "codes.h"

#include <unistd.h>

#define QUERIES 512
#define SEED    7

static const char usage[] = "bench_kernels [CODES_TO_SCAN CODES_TO_SEARCH] (8192 100000)";

struct job {
	struct tutela_index *ix;
	const uint8_t *queries;
	bool scan;
	struct tutela_matches m;
};

static void all_queries(void *ctx)
{
	struct job *job = ctx;
	struct tutela_search_opts opts = {.size = sizeof opts, .radius = 31};

	for (size_t i = 0; i < QUERIES; i++)
		bench_must((job->scan ? tutela_index_scan : tutela_index_search)(job->ix, job->queries + 32 * i, &opts,
										 &job->m),
			   "search");
}

static void one_kind(size_t n, enum tutela_index_kind kind)
{
	struct tutela_index_build_opts build = {.size = sizeof build, .bits = 256, .kind = kind};
	uint8_t *codes = codes_array(CODES_UNIFORM, SEED, n);
	uint8_t *queries = codes_queries(CODES_UNIFORM, SEED, codes, n, QUERIES);
	uint32_t *values = codes_values(n);
	int fd = codes_file();

	bench_must(tutela_index_build_file(codes, values, n, &build, fd, NULL), "build");
	for (enum tutela_isa isa = TUTELA_ISA_SCALAR; isa <= TUTELA_ISA_NEON; isa++) {
		struct tutela_index_open_opts open = {.size = sizeof open, .resident = true, .isa = isa};
		struct job job = {.queries = queries, .scan = kind == TUTELA_INDEX_FLAT};
		struct bench_times t = {0};

		if (!tutela_cpu_has(isa))
			continue;
		bench_must(tutela_index_open(fd, &open, &job.ix), "open");
		bench_run(&t, QUERIES, all_queries, &job);
		bench_begin("kernels", job.scan ? "scan" : "search");
		printf(",\"codes\":%zu,\"radius\":31", n);
		bench_end(&t, tutela_isa_name(isa), 1, SEED);
		bench_times_free(&t);
		tutela_matches_free(&job.m);
		tutela_index_close(job.ix);
	}
	close(fd);
	free(codes);
	free(queries);
	free(values);
}

int main(int argc, char **argv)
{
	bench_help(argc, argv, usage);
	if (argc != 1 && argc != 3)
		bench_usage(usage);
	one_kind(argc == 3 ? bench_count(argv[1], 1, 100000000, usage) : 8192, TUTELA_INDEX_FLAT);
	one_kind(argc == 3 ? bench_count(argv[2], 1, 100000000, usage) : 100000, TUTELA_INDEX_TABLES);
	return 0;
}
