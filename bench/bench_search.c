/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast is a search? Uniform and skewed codes, index resident and mapped
 * from a file, one query after the other and in batches; radius 31, all matches.
 * With --check also how many of the matches of an exhaustive scan are found.
 */
#include "codes.h"

#include <unistd.h>

#define SINGLES   4000
#define BATCH     65536
#define BATCHES   7
#define SIZES_MAX 8

struct setting {
	size_t n;
	enum codes_kind kind;
	bool resident;
	uint64_t seed;
	unsigned threads; /* of a batch */
	const char *isa;
	size_t check;
};

static void begin(const struct setting *s, const char *what)
{
	printf("{\"bench\":\"search\",\"what\":\"%s\",\"codes\":%zu,\"data\":\"%s\",\"mode\":\"%s\",\"radius\":31",
	       what, s->n, codes_name(s->kind), s->resident ? "resident" : "mapped");
}

/* The first round only warms the caches. */
static void singles(const struct setting *s, const struct tutela_index *ix, const uint8_t *queries)
{
	struct tutela_search_opts opts = {.size = sizeof opts, .radius = 31};
	struct tutela_matches m = {0};
	static double t[SINGLES];
	double sum = 0;
	size_t matches = 0;

	for (int round = 0; round < 2; round++) {
		matches = 0;
		sum = 0;
		for (size_t i = 0; i < SINGLES; i++) {
			double start = bench_now();

			bench_must(tutela_index_search(ix, queries + 32 * i, &opts, &m), "search");
			t[i] = (bench_now() - start) * 1e6;
			sum += t[i];
			matches += m.n;
		}
	}
	qsort(t, SINGLES, sizeof t[0], bench_compare);
	begin(s, "single");
	printf(",\"queries\":%d,\"matches_per_query\":%.3f,\"min_us\":%.2f,\"p50_us\":%.2f,\"p99_us\":%.2f,"
	       "\"queries_per_second\":%.0f",
	       SINGLES, (double)matches / SINGLES, t[0], bench_part(t, SINGLES, 0.5), bench_part(t, SINGLES, 0.99),
	       SINGLES / sum * 1e6);
	bench_end(s->isa, 1, s->seed);
	tutela_matches_free(&m);
}

static void batches(const struct setting *s, const struct tutela_index *ix, const uint8_t *queries, unsigned threads)
{
	struct tutela_search_opts opts = {.size = sizeof opts, .radius = 31};
	struct tutela_matches *m = bench_alloc(BATCH * sizeof *m);
	double t[BATCHES], cpu[BATCHES]; /* of the clock; of all threads together, which a busy machine disturbs less */

	memset(m, 0, BATCH * sizeof *m);
	for (int i = 0; i < BATCHES; i++) {
		double start = bench_now();
		clock_t cpu_start = clock();

		bench_must(tutela_index_search_batch(ix, queries, BATCH, &opts, threads, m), "batch");
		t[i] = (bench_now() - start) / BATCH * 1e6;
		cpu[i] = (double)(clock() - cpu_start) / CLOCKS_PER_SEC / BATCH * 1e6;
	}
	qsort(t, BATCHES, sizeof t[0], bench_compare);
	qsort(cpu, BATCHES, sizeof cpu[0], bench_compare);
	begin(s, "batch");
	printf(",\"queries\":%d,\"runs\":%d,\"min_us\":%.3f,\"p50_us\":%.3f,\"cpu_us\":%.3f,\"queries_per_second\":%."
	       "0f",
	       BATCH, BATCHES, t[0], t[BATCHES / 2], cpu[BATCHES / 2], 1e6 / t[BATCHES / 2]);
	bench_end(s->isa, threads, s->seed);
	for (size_t i = 0; i < BATCH; i++)
		tutela_matches_free(&m[i]);
	free(m);
}

/* Both ways of searching against the scan. */
static bool check(const struct setting *s, const struct tutela_index *ix, const uint8_t *queries)
{
	struct tutela_search_opts opts = {.size = sizeof opts, .radius = 31};
	struct tutela_matches want = {0}, got = {0}, *batch = bench_alloc(BATCH * sizeof *batch);
	size_t n = s->check < BATCH ? s->check : BATCH, all = 0, found = 0, wrong = 0;

	memset(batch, 0, BATCH * sizeof *batch);
	bench_must(tutela_index_search_batch(ix, queries, BATCH, &opts, 0, batch), "batch");
	for (size_t i = 0; i < n; i++) {
		bench_must(tutela_index_scan(ix, queries + 32 * i, &opts, &want), "scan");
		bench_must(tutela_index_search(ix, queries + 32 * i, &opts, &got), "search");
		all += want.n;
		found += got.n;
		wrong += got.n != want.n || batch[i].n != want.n ||
			 (want.n > 0 && (memcmp(got.items, want.items, want.n * sizeof want.items[0]) != 0 ||
					 memcmp(batch[i].items, want.items, want.n * sizeof want.items[0]) != 0));
	}
	begin(s, "check");
	printf(",\"queries\":%zu,\"matches\":%zu,\"recall\":%.6f,\"queries_that_differ\":%zu", n, all,
	       all ? (double)found / (double)all : 1.0, wrong);
	bench_end(s->isa, 1, s->seed);
	for (size_t i = 0; i < BATCH; i++)
		tutela_matches_free(&batch[i]);
	free(batch);
	tutela_matches_free(&want);
	tutela_matches_free(&got);
	return wrong == 0;
}

static bool one_data_set(struct setting *s)
{
	struct tutela_index_build_opts build = {.size = sizeof build, .bits = 256, .kind = TUTELA_INDEX_TABLES};
	uint8_t *codes = codes_array(s->kind, s->seed, s->n);
	uint8_t *queries = codes_queries(s->kind, s->seed, codes, s->n, BATCH);
	uint32_t *values = codes_values(s->n);
	bool good = true;
	int fd = codes_file();

	bench_must(tutela_index_build_file(codes, values, s->n, &build, fd, NULL), "build");
	free(codes);
	free(values);
	for (int resident = 1; resident >= 0; resident--) {
		struct tutela_index_open_opts open = {.size = sizeof open, .resident = resident};
		struct tutela_index *ix;

		bench_must(tutela_index_open(fd, &open, &ix), "open");
		s->resident = resident;
		singles(s, ix, queries);
		batches(s, ix, queries, 1);
		if (s->threads > 1)
			batches(s, ix, queries, s->threads);
		if (s->check)
			good = check(s, ix, queries) && good;
		tutela_index_close(ix);
	}
	close(fd);
	free(queries);
	return good;
}

int main(int argc, char **argv)
{
	struct setting s = {.seed = 7, .isa = tutela_isa_name(tutela_cpu_best())};
	size_t sizes[SIZES_MAX] = {1000000}, n_sizes = 0;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	bool good = true;

	s.threads = cores > 0 ? (unsigned)cores : 1;
	for (int i = 1; i < argc; i++) {
		size_t n;

		if (strcmp(argv[i], "--check") == 0 && i + 1 < argc) {
			s.check = strtoull(argv[++i], NULL, 10);
			continue;
		}
		n = strtoull(argv[i], NULL, 10);
		if (n < 1 || n > 100000000 || n_sizes == SIZES_MAX) {
			fprintf(stderr, "usage: bench_search [--check QUERIES] [CODES, 1 to 100000000]...\n");
			return 64;
		}
		sizes[n_sizes++] = n;
	}
	for (size_t i = 0; i < (n_sizes ? n_sizes : 1); i++) {
		for (int kind = CODES_UNIFORM; kind <= CODES_SKEWED; kind++) {
			s.n = sizes[i];
			s.kind = (enum codes_kind)kind;
			good = one_data_set(&s) && good;
		}
	}
	return good ? 0 : 1;
}
