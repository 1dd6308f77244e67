/* SPDX-License-Identifier: Apache-2.0 */
/* How long does it take to build an index, in memory and into a file, and how large is it? */
#include "codes.h"

#define RUNS 5
#define SEED 7

static const char usage[] = "bench_build [CODES]... (1000000)";

static void build(const uint8_t *codes, const uint32_t *values, size_t n, bool file, unsigned threads)
{
	struct tutela_index_build_opts opts = {
		.size = sizeof opts, .bits = 256, .kind = TUTELA_INDEX_TABLES, .threads = threads};
	struct tutela_index_info info = {0};
	struct bench_times t = {0};

	for (int i = 0; i < RUNS; i++) {
		int fd = file ? codes_file() : -1;
		struct tutela_index *ix = NULL;
		double start = bench_now_us();

		if (file)
			bench_must(tutela_index_build_file(codes, values, n, &opts, fd, &info), "build");
		else
			bench_must(tutela_index_build(codes, values, n, &opts, &ix), "build");
		bench_times_add(&t, bench_now_us() - start);
		if (ix)
			tutela_index_info(ix, &info);
		tutela_index_close(ix);
		if (file)
			close(fd);
	}
	bench_begin("build", file ? "file" : "memory");
	printf(",\"codes\":%zu,\"codes_per_second\":%.0f,\"index_bytes\":%llu", n, (double)n / bench_median(&t) * 1e6,
	       (unsigned long long)info.bytes);
	bench_end(&t, "none", threads, SEED);
	bench_times_free(&t);
}

static void one_size(size_t n)
{
	uint8_t *codes = codes_array(CODES_UNIFORM, SEED, n);
	uint32_t *values = codes_values(n);

	for (int file = 0; file <= 1; file++) {
		build(codes, values, n, file, 1);
		if (bench_cores() > 1)
			build(codes, values, n, file, bench_cores());
	}
	free(codes);
	free(values);
}

int main(int argc, char **argv)
{
	bench_help(argc, argv, usage);
	if (argc == 1)
		one_size(1000000);
	for (int i = 1; i < argc; i++)
		one_size(bench_count(argv[i], 1, 100000000, usage));
	return 0;
}
