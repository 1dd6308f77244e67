/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long does one query at radius 31 take? Random 256-bit codes, queries
 * half planted 31 bits from a code and half random; the index against the exhaustive scan.
 * bench_index [CODES] (1,000,000).
 */
#include "bench.h"

#define QUERIES 256
#define SCANS   8 /* an exhaustive scan takes long */

struct job {
	struct tutela_index *ix;
	const uint8_t *queries;
	size_t nq;
	bool scan;
	unsigned threads;
	struct tutela_matches out[QUERIES];
};

static void one_by_one(void *ctx)
{
	struct job *job = ctx;
	struct tutela_search_opts opts = {.size = sizeof opts, .radius = 31};

	for (size_t i = 0; i < job->nq; i++)
		bench_must((job->scan ? tutela_index_scan : tutela_index_search)(job->ix, job->queries + 32 * i, &opts,
										 &job->out[i]),
			   "search");
}

static void in_a_batch(void *ctx)
{
	struct job *job = ctx;
	struct tutela_search_opts opts = {.size = sizeof opts, .radius = 31};

	bench_must(tutela_index_search_batch(job->ix, job->queries, job->nq, &opts, job->threads, job->out), "batch");
}

static void fill(uint8_t *p, size_t n, uint64_t *state)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)bench_random(state);
}

static void plant(uint8_t *query, const uint8_t *code, uint64_t *state)
{
	memcpy(query, code, 32);
	for (int flipped = 0; flipped < 31;) {
		unsigned bit = bench_random(state) % 256;

		if (((query[bit / 8] ^ code[bit / 8]) >> bit % 8 & 1) == 0) {
			query[bit / 8] ^= (uint8_t)(1u << bit % 8);
			flipped++;
		}
	}
}

static void search_with(const uint8_t *codes, const uint32_t *values, size_t n, enum tutela_index_kind kind,
			const uint8_t *queries)
{
	struct tutela_index_build_opts opts = {.size = sizeof opts, .bits = 256, .kind = kind};
	const char *name = kind == TUTELA_INDEX_TABLES ? "tables" : "flat";
	struct job *job = bench_alloc(sizeof *job);
	struct tutela_index_info info;
	double start = bench_now();
	char what[96];

	memset(job, 0, sizeof *job);
	bench_must(tutela_index_build(codes, values, n, &opts, &job->ix), "build");
	tutela_index_info(job->ix, &info);
	fprintf(stderr, "bench: %s index of %zu codes built in %.2f s, %llu bytes\n", name, n, bench_now() - start,
		(unsigned long long)info.bytes);
	job->queries = queries;
	job->nq = kind == TUTELA_INDEX_TABLES ? QUERIES : SCANS;
	snprintf(what, sizeof what, "%s, %zu codes, radius 31, one by one", name, n);
	bench_run("index", what, tutela_isa_name(tutela_cpu_best()), 1, (double)job->nq, one_by_one, job);
	snprintf(what, sizeof what, "%s, %zu codes, radius 31, batch of %zu", name, n, job->nq);
	job->threads = 1;
	bench_run("index", what, tutela_isa_name(tutela_cpu_best()), 1, (double)job->nq, in_a_batch, job);
	for (size_t i = 0; i < QUERIES; i++)
		tutela_matches_free(&job->out[i]);
	tutela_index_close(job->ix);
	free(job);
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
	uint8_t *codes, queries[QUERIES * 32];
	uint32_t *values;
	uint64_t state = 7;

	if (n < 1 || n > 100000000) {
		fprintf(stderr, "usage: bench_index [CODES, 1 to 100000000]\n");
		return 64;
	}
	codes = bench_alloc(n * 32);
	values = bench_alloc(n * sizeof values[0]);
	fill(codes, n * 32, &state);
	for (size_t i = 0; i < n; i++)
		values[i] = (uint32_t)i;
	fill(queries, sizeof queries, &state);
	for (size_t i = 0; i < QUERIES; i += 2)
		plant(queries + 32 * i, codes + bench_random(&state) % n * 32, &state);
	search_with(codes, values, n, TUTELA_INDEX_FLAT, queries);
	search_with(codes, values, n, TUTELA_INDEX_TABLES, queries);
	free(codes);
	free(values);
	return 0;
}
