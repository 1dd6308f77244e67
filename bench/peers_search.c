/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does a search compare with faiss, on the same codes and the same queries,
 * in one run? Radius 31, all matches, one thread.
 *
 * The sides take turns of a second, so that whatever else the machine does
 * meets all of them. Whoever has the turn finds its data gone from the caches
 * and the TLB, for the others used them; ours then needs some hundred queries,
 * a few milliseconds, until it is as fast as alone. So one rule for every side: the first
 * query of a turn makes the line of part "first"; what follows for TURN_WARM_US is
 * not counted; the rest of the turn makes the line of part "steady". Each side goes on
 * in one sequence of QUERIES queries where its last turn ended. Among millions of codes that many
 * read more than the caches hold: none is faster for having been asked before.
 *
 * Answers are compared with an exhaustive scan before that, and nothing is timed meanwhile.
 */
#include "codes.h"

#include "peer_faiss.h"

#define QUERIES      4096
#define JUDGED       200 /* of them by every side */
#define JUDGED_FLAT  40  /* but by the exhaustive scan of faiss, which takes long */
#define ROUNDS       20
#define TURN_WARM_US 300e3
#define TURN_US      1000e3
#define MATCHES_MAX  (1 << 20)
#define SEED         7

static const char usage[] = "peers_search [CODES]... (1000000)";

enum who { OURS, MULTI_HASH, SCAN, WHO };

static const char *const names[WHO] = {"tutela tables, resident", "faiss IndexBinaryMultiHash(256, 16, 16), nflip 1",
				       "faiss IndexBinaryFlat"};

struct side {
	struct peer *peer; /* NULL: ours */
	size_t next;       /* query */
	double build_us;
	struct bench_times first, steady;
	size_t wanted, found, judged, differ; /* matches; queries */
};

struct contest {
	size_t n;
	enum codes_kind kind;
	const uint8_t *queries;
	struct tutela_index *ix;
	struct side sides[WHO];
	struct tutela_matches got;
	/* What faiss found. */
	int64_t ids[MATCHES_MAX];
	int32_t distances[MATCHES_MAX];
	long n_ids;
};

static void ask(struct contest *c, struct side *s, size_t q)
{
	struct tutela_search_opts opts = {.size = sizeof opts, .radius = 31};
	const uint8_t *query = c->queries + 32 * q;

	if (!s->peer) {
		bench_must(tutela_index_search(c->ix, query, &opts, &c->got), "search");
		return;
	}
	c->n_ids = peer_search(s->peer, query, c->ids, c->distances, MATCHES_MAX);
	if (c->n_ids < 0 || c->n_ids > MATCHES_MAX)
		bench_die("faiss", "it failed, or found more than there is room for");
}

static double ask_timed(struct contest *c, struct side *s)
{
	double start = bench_now_us();

	ask(c, s, s->next++ % QUERIES);
	return bench_now_us() - start;
}

static void turn(struct contest *c, struct side *s)
{
	double start = bench_now_us();

	bench_times_add(&s->first, ask_timed(c, s));
	do {
		(void)ask_timed(c, s);
	} while (bench_now_us() < start + TURN_WARM_US);
	do {
		bench_times_add(&s->steady, ask_timed(c, s));
	} while (bench_now_us() < start + TURN_US);
}

/* What faiss found, as we would say it. */
static void translate(struct contest *c)
{
	tutela_matches_free(&c->got);
	c->got = (struct tutela_matches){.items = bench_alloc(((size_t)c->n_ids + 1) * sizeof c->got.items[0]),
					 .n = (size_t)c->n_ids,
					 .capacity = (size_t)c->n_ids + 1};
	for (long i = 0; i < c->n_ids; i++)
		c->got.items[i] = (struct tutela_match){(uint32_t)c->distances[i], (uint32_t)c->ids[i]};
	tutela_matches_sort(&c->got);
}

/* How many of the matches that there are were found; a query differs when anything else is not the same. */
static void judge(struct side *s, const struct tutela_matches *want, const struct tutela_matches *got)
{
	size_t both = 0;

	for (size_t i = 0, j = 0; i < want->n && j < got->n;) {
		const struct tutela_match *a = &want->items[i], *b = &got->items[j];
		int order = a->distance != b->distance ? (a->distance > b->distance) - (a->distance < b->distance)
						       : (a->value > b->value) - (a->value < b->value);

		both += order == 0;
		i += order <= 0;
		j += order >= 0;
	}
	s->judged++;
	s->wanted += want->n;
	s->found += both;
	s->differ += both != want->n || got->n != want->n;
}

static void judge_all(struct contest *c)
{
	struct tutela_search_opts opts = {.size = sizeof opts, .radius = 31};
	struct tutela_matches want = {0};

	for (size_t q = 0; q < JUDGED; q++) {
		bench_must(tutela_index_scan(c->ix, c->queries + 32 * q, &opts, &want), "scan");
		for (enum who who = OURS; who < WHO; who++) {
			if (who == SCAN && q >= JUDGED_FLAT)
				continue;
			ask(c, &c->sides[who], q);
			if (who != OURS)
				translate(c);
			judge(&c->sides[who], &want, &c->got);
		}
	}
	tutela_matches_free(&want);
}

static void line(struct contest *c, enum who who, const char *part, struct bench_times *t, struct bench_times *ours)
{
	struct side *s = &c->sides[who];

	bench_begin("peers_search", names[who]);
	printf(",\"part\":\"%s\",\"codes\":%zu,\"data\":\"%s\",\"radius\":31,\"build_us\":%.0f,\"times_ours\":%.1f,"
	       "\"recall\":%.6f,\"queries_judged\":%zu,\"queries_that_differ\":%zu",
	       part, c->n, codes_name(c->kind), s->build_us, bench_median(t) / bench_median(ours),
	       s->wanted ? (double)s->found / (double)s->wanted : 1.0, s->judged, s->differ);
	bench_end(t, who == OURS ? tutela_isa_name(tutela_cpu_best()) : "none", 1, SEED);
}

static void report(struct contest *c)
{
	struct side *ours = &c->sides[OURS];

	for (enum who who = OURS; who < WHO; who++) {
		line(c, who, "first", &c->sides[who].first, &ours->first);
		line(c, who, "steady", &c->sides[who].steady, &ours->steady);
	}
}

static void build(struct contest *c, const uint8_t *codes)
{
	struct tutela_index_build_opts opts = {
		.size = sizeof opts, .bits = 256, .kind = TUTELA_INDEX_TABLES, .threads = 1};
	uint32_t *values = codes_values(c->n);

	for (enum who who = OURS; who < WHO; who++) {
		struct side *s = &c->sides[who];
		double start = bench_now_us();

		if (who == OURS)
			bench_must(tutela_index_build(codes, values, c->n, &opts, &c->ix), "build");
		else if (!(s->peer = peer_new(who == MULTI_HASH, codes, c->n)))
			bench_die(names[who], "it cannot be built");
		s->build_us = bench_now_us() - start;
	}
	free(values);
}

static void one_data_set(size_t n, enum codes_kind kind)
{
	struct contest *c = bench_alloc(sizeof *c);
	uint8_t *codes = codes_array(kind, SEED, n);
	uint8_t *queries = codes_queries(kind, SEED, codes, n, QUERIES);

	memset(c, 0, sizeof *c);
	c->n = n;
	c->kind = kind;
	c->queries = queries;
	build(c, codes);
	free(codes);
	judge_all(c);
	for (size_t r = 0; r < ROUNDS; r++)
		for (enum who who = OURS; who < WHO; who++)
			turn(c, &c->sides[who]);
	report(c);
	for (enum who who = OURS; who < WHO; who++) {
		peer_free(c->sides[who].peer);
		bench_times_free(&c->sides[who].first);
		bench_times_free(&c->sides[who].steady);
	}
	tutela_matches_free(&c->got);
	tutela_index_close(c->ix);
	free(queries);
	free(c);
}

int main(int argc, char **argv)
{
	bench_help(argc, argv, usage);
	fprintf(stderr,
		"Debian's faiss is built for any x86-64: a build for AVX2 was measured 1.4 times as fast "
		"(MultiHash)\nand 6 times as fast (Flat). Its bits are not permuted, which on skewed data is part "
		"of the ratio.\n");
	for (int i = argc == 1 ? 0 : 1; i < argc; i++) {
		size_t n = argc == 1 ? 1000000 : bench_count(argv[i], 1, 100000000, usage);

		one_data_set(n, CODES_UNIFORM);
		one_data_set(n, CODES_SKEWED);
	}
	return 0;
}
