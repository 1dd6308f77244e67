/* SPDX-License-Identifier: Apache-2.0 */
/* How long does it take to build an index, in memory and into a file, and how large is it? bench_build [CODES]... */
#include "codes.h"

#include <unistd.h>

#define RUNS 5

static void build(const uint8_t *codes, const uint32_t *values, size_t n, bool file, unsigned threads, uint64_t seed)
{
	struct tutela_index_build_opts opts = {
		.size = sizeof opts, .bits = 256, .kind = TUTELA_INDEX_TABLES, .threads = threads};
	struct tutela_index_info info = {0};
	double t[RUNS];

	for (int i = 0; i < RUNS; i++) {
		int fd = file ? codes_file() : -1;
		struct tutela_index *ix = NULL;
		double start = bench_now();

		if (file)
			bench_must(tutela_index_build_file(codes, values, n, &opts, fd, &info), "build");
		else
			bench_must(tutela_index_build(codes, values, n, &opts, &ix), "build");
		t[i] = bench_now() - start;
		if (ix)
			tutela_index_info(ix, &info);
		tutela_index_close(ix);
		if (file)
			close(fd);
	}
	qsort(t, RUNS, sizeof t[0], bench_compare);
	printf("{\"bench\":\"build\",\"what\":\"%s\",\"codes\":%zu,\"runs\":%d,\"min_s\":%.3f,\"median_s\":%.3f,"
	       "\"codes_per_second\":%.0f,\"bytes_a_code\":%.1f",
	       file ? "file" : "memory", n, RUNS, t[0], t[RUNS / 2], (double)n / t[RUNS / 2],
	       (double)info.bytes / (double)n);
	bench_end("scalar", threads, seed);
}

static bool one_size(size_t n)
{
	const uint64_t seed = 7;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (n < 1 || n > 100000000) {
		fprintf(stderr, "usage: bench_build [CODES, 1 to 100000000]...\n");
		return false;
	}
	uint8_t *codes = codes_array(CODES_UNIFORM, seed, n);
	uint32_t *values = codes_values(n);
	for (int file = 0; file <= 1; file++) {
		build(codes, values, n, file, 1, seed);
		if (cores > 1)
			build(codes, values, n, file, (unsigned)cores, seed);
	}
	free(codes);
	free(values);
	return true;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return one_size(1000000) ? 0 : 64;
	for (int i = 1; i < argc; i++)
		if (!one_size(strtoull(argv[i], NULL, 10)))
			return 64;
	return 0;
}
