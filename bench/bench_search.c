/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast is a search? Uniform and skewed codes, index resident and mapped
 * from a file, one query after the other and in batches; radius 31, all matches.
 * Times of one query, all rounds together; and, as least_p50_us and least_p99_us,
 * of the quickest round of each query: what the search takes when nobody else
 * has the machine; rss_bytes is the memory of the process then, mapped pages of
 * the file among it. "control" is the machine alone: arithmetic without memory
 * that takes as long as the median of quickest rounds, as often as there were
 * queries; the tail it has no search can be without. Of a batch, its time divided
 * by its queries. With --check also how many of the matches of an exhaustive scan
 * are found.
 */
#include "codes.h"

#define SINGLES   4000
#define ROUNDS    4
#define BATCHES   7
#define SIZES_MAX 8
#define SEED      7

static const char usage[] = "bench_search [--check QUERIES] [--batch QUERIES] [--data uniform|skewed] [CODES]... "
			    "(1000000; batches of 65536; both kinds of data)";

struct setting {
	size_t n;
	enum codes_kind kind;
	bool resident;
	const char *isa;
	size_t check, batch; /* queries */
};

static void begin(const struct setting *s, const char *what)
{
	bench_begin("search", what);
	printf(",\"codes\":%zu,\"data\":\"%s\",\"mode\":\"%s\",\"radius\":31", s->n, codes_name(s->kind),
	       s->resident ? "resident" : "mapped");
}

static double rss_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	if (!f || fscanf(f, "%*u %lu", &pages) != 1)
		bench_die("/proc/self/statm", "cannot be read");
	fclose(f);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* A chain of multiplications; returned, so that it is done. */
static uint64_t chain(uint64_t steps)
{
	uint64_t x = SEED;

	for (uint64_t i = 0; i < steps; i++)
		x = x * 0x9e3779b97f4a7c15u + i;
	return x;
}

static void control(const struct setting *s, double us)
{
	struct bench_times t = {0};
	volatile uint64_t sum = 0; /* what nobody reads would not be computed */
	uint64_t steps = 1000;
	double start, least = 1e9;

	for (int i = 0; i < 100; i++) {
		start = bench_now_us();
		sum = sum + chain(steps);
		least = bench_now_us() - start < least ? bench_now_us() - start : least;
	}
	steps = (uint64_t)((double)steps * us / least) + 1;
	for (int i = 0; i < SINGLES * ROUNDS; i++) {
		start = bench_now_us();
		sum = sum + chain(steps);
		bench_times_add(&t, bench_now_us() - start);
	}
	begin(s, "control");
	printf(",\"steps\":%llu", (unsigned long long)steps);
	bench_end(&t, s->isa, 1, SEED);
	bench_times_free(&t);
}

/* The first round only warms the caches. */
static void singles(const struct setting *s, const struct tutela_index *ix, const uint8_t *queries)
{
	struct tutela_search_opts opts = {.size = sizeof opts, .radius = 31};
	struct tutela_matches m = {0};
	struct bench_times t = {0}, least = {0};
	double sum = 0, *quickest = bench_alloc(SINGLES * sizeof *quickest);
	size_t matches = 0;

	for (int round = 0; round <= ROUNDS; round++) {
		for (size_t i = 0; i < SINGLES; i++) {
			double start = bench_now_us(), us;

			bench_must(tutela_index_search(ix, queries + 32 * i, &opts, &m), "search");
			us = bench_now_us() - start;
			if (!round)
				continue;
			bench_times_add(&t, us);
			quickest[i] = round == 1 || us < quickest[i] ? us : quickest[i];
			sum += us;
			matches += m.n;
		}
	}
	for (size_t i = 0; i < SINGLES; i++)
		bench_times_add(&least, quickest[i]);
	begin(s, "single");
	printf(",\"matches_per_query\":%.3f,\"queries_per_second\":%.0f,\"least_p50_us\":%.3f,\"least_p99_us\":%.3f"
	       ",\"rss_bytes\":%.0f",
	       (double)matches / SINGLES / ROUNDS, SINGLES * ROUNDS / sum * 1e6, bench_part(&least, 0.5),
	       bench_part(&least, 0.99), rss_bytes());
	bench_end(&t, s->isa, 1, SEED);
	control(s, bench_part(&least, 0.5));
	free(quickest);
	bench_times_free(&least);
	bench_times_free(&t);
	tutela_matches_free(&m);
}

static void batches(const struct setting *s, const struct tutela_index *ix, const uint8_t *queries, unsigned threads)
{
	struct tutela_search_opts opts = {.size = sizeof opts, .radius = 31};
	struct tutela_matches *m = bench_alloc(s->batch * sizeof *m);
	struct bench_times t = {0}, cpu = {0};

	memset(m, 0, s->batch * sizeof *m);
	for (int i = 0; i < BATCHES; i++) {
		double start = bench_now_us(), cpu_start = bench_cpu_us();

		bench_must(tutela_index_search_batch(ix, queries, s->batch, &opts, threads, m), "batch");
		bench_times_add(&t, (bench_now_us() - start) / (double)s->batch);
		bench_times_add(&cpu, (bench_cpu_us() - cpu_start) / (double)s->batch);
	}
	begin(s, "batch");
	printf(",\"queries_per_batch\":%zu,\"cpu_us\":%.3f,\"queries_per_second\":%.0f", s->batch, bench_median(&cpu),
	       1e6 / bench_median(&t));
	bench_end(&t, s->isa, threads, SEED);
	bench_times_free(&t);
	bench_times_free(&cpu);
	for (size_t i = 0; i < s->batch; i++)
		tutela_matches_free(&m[i]);
	free(m);
}

/* Both ways of searching against the scan; the times are those of the scan. */
static bool check(const struct setting *s, const struct tutela_index *ix, const uint8_t *queries)
{
	struct tutela_search_opts opts = {.size = sizeof opts, .radius = 31};
	struct tutela_matches want = {0}, got = {0}, *batch = bench_alloc(s->batch * sizeof *batch);
	size_t n = s->check < s->batch ? s->check : s->batch, all = 0, found = 0, wrong = 0;
	struct bench_times t = {0}; /* of the scans */

	memset(batch, 0, s->batch * sizeof *batch);
	bench_must(tutela_index_search_batch(ix, queries, s->batch, &opts, 0, batch), "batch");
	for (size_t i = 0; i < n; i++) {
		double start = bench_now_us();

		bench_must(tutela_index_scan(ix, queries + 32 * i, &opts, &want), "scan");
		bench_times_add(&t, bench_now_us() - start);
		bench_must(tutela_index_search(ix, queries + 32 * i, &opts, &got), "search");
		all += want.n;
		found += got.n;
		wrong += got.n != want.n || batch[i].n != want.n ||
			 (want.n > 0 && (memcmp(got.items, want.items, want.n * sizeof want.items[0]) != 0 ||
					 memcmp(batch[i].items, want.items, want.n * sizeof want.items[0]) != 0));
	}
	begin(s, "scan");
	printf(",\"matches\":%zu,\"recall\":%.6f,\"queries_that_differ\":%zu", all,
	       all ? (double)found / (double)all : 1.0, wrong);
	bench_end(&t, s->isa, 1, SEED);
	bench_times_free(&t);
	for (size_t i = 0; i < s->batch; i++)
		tutela_matches_free(&batch[i]);
	free(batch);
	tutela_matches_free(&want);
	tutela_matches_free(&got);
	return wrong == 0;
}

static bool one_data_set(struct setting *s)
{
	struct tutela_index_build_opts build = {.size = sizeof build, .bits = 256, .kind = TUTELA_INDEX_TABLES};
	uint8_t *codes = codes_array(s->kind, SEED, s->n);
	uint8_t *queries = codes_queries(s->kind, SEED, codes, s->n, s->batch > SINGLES ? s->batch : SINGLES);
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
		if (bench_cores() > 1)
			batches(s, ix, queries, bench_cores());
		if (s->check)
			good = check(s, ix, queries) && good;
		tutela_index_close(ix);
	}
	close(fd);
	free(queries);
	return good;
}

static enum codes_kind take_kind(const char *name)
{
	for (enum codes_kind kind = CODES_UNIFORM; kind <= CODES_SKEWED; kind++)
		if (strcmp(name, codes_name(kind)) == 0)
			return kind;
	bench_usage(usage);
}

int main(int argc, char **argv)
{
	struct setting s = {.batch = 65536, .isa = tutela_isa_name(tutela_cpu_best())};
	size_t sizes[SIZES_MAX] = {1000000}, n_sizes = 0;
	enum codes_kind first = CODES_UNIFORM, last = CODES_SKEWED;
	bool good = true;

	bench_help(argc, argv, usage);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--check") == 0 && i + 1 < argc)
			s.check = bench_count(argv[++i], 1, 65536, usage);
		else if (strcmp(argv[i], "--batch") == 0 && i + 1 < argc)
			s.batch = bench_count(argv[++i], 1, 10000000, usage);
		else if (strcmp(argv[i], "--data") == 0 && i + 1 < argc)
			first = last = take_kind(argv[++i]);
		else if (n_sizes < SIZES_MAX)
			sizes[n_sizes++] = bench_count(argv[i], 1, 100000000, usage);
		else
			bench_usage(usage);
	}
	for (size_t i = 0; i < (n_sizes ? n_sizes : 1); i++) {
		for (enum codes_kind kind = first; kind <= last; kind++) {
			s.n = sizes[i];
			s.kind = kind;
			good = one_data_set(&s) && good;
		}
	}
	return good ? 0 : 1;
}
