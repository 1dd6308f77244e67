/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does the box of a decoder cost? The same decoder with its lock-down and
 * without (linked so for this benchmark, never installed), one call after
 * another by turns in one run: time until an answer is here, and time and
 * processor time until a fresh worker is ready. A worker that is replaced after
 * its share of pictures costs its caller what three calls take longer than the
 * rest: the one that starts the next worker ahead of need, its own last and the
 * next one's first. Each comes as two lines, without
 * the box and with it; the latter also has
 *
 *   box_us       median of the differences within the pairs
 *   box_percent  the same in parts of the median without
 *
 * Beside them the time that /bin/true takes to start and end, as a measure of the machine.
 */
#include "made_picture.h"

#define SEED  1
#define NEVER 1000000 /* pictures until a worker is replaced */
#define CYCLE 256
#define AHEAD 16 /* the picture of a worker with which the pool starts the next one: SPARE_FILES there */
#define TRUES 10 /* in one run */

static const char usage[] = "bench_box [PAIRS] (2000 of the smallest picture, fewer of the others)";

static const char *const dirs[2] = {BENCH_BOXLESS_DIR, BENCH_BIN_DIR};
static const char *const names[2] = {"without the box", "with the box"};

static struct tutela_decoder *open_pool(int boxed, unsigned recycle)
{
	struct tutela_decoder_opts opts = {.size = sizeof opts,
					   .program_dir = dirs[boxed],
					   .wants = TUTELA_WANT_PDQ | TUTELA_WANT_PDQ_FULL,
					   .recycle = recycle};
	struct tutela_decoder *pool;

	bench_must(tutela_decoder_open(&opts, &pool), dirs[boxed]);
	return pool;
}

struct pairs {
	struct bench_times times[2], differences;
};

/* Which of the two goes first changes from pair to pair. `measure` gives microseconds. */
static void take_pairs(struct pairs *p, size_t n, double (*measure)(void *ctx, int boxed), void *ctx)
{
	for (size_t i = 0; i < n; i++) {
		int first = (int)(i & 1);
		double us[2];

		us[first] = measure(ctx, first);
		us[!first] = measure(ctx, !first);
		bench_times_add(&p->times[0], us[0]);
		bench_times_add(&p->times[1], us[1]);
		bench_times_add(&p->differences, us[1] - us[0]);
	}
}

static void print_pairs(struct pairs *p, const char *what)
{
	char text[128];

	for (int boxed = 0; boxed < 2; boxed++) {
		double difference = bench_median(&p->differences), without = bench_median(&p->times[0]);

		snprintf(text, sizeof text, "%s, %s", what, names[boxed]);
		bench_begin("box", text);
		if (boxed)
			printf(",\"box_us\":%.3f,\"box_percent\":%.2f", difference,
			       without > 0 ? 100 * difference / without : 0);
		bench_end(&p->times[boxed], tutela_isa_name(tutela_cpu_best()), 1, SEED);
	}
	bench_times_free(&p->times[0]);
	bench_times_free(&p->times[1]);
	bench_times_free(&p->differences);
}

struct picture {
	struct tutela_decoder *pools[2];
	int fd;
};

static double measure_picture(void *ctx, int boxed)
{
	const struct picture *p = ctx;
	struct tutela_decoded d;
	double start = bench_now_us();

	bench_must(tutela_decoder_hash_fd(p->pools[boxed], p->fd, &d), "hash");
	if (d.class_ != TUTELA_DECODE_OK)
		bench_die("hash", tutela_decode_class_text(d.class_));
	return bench_now_us() - start;
}

/* `measure` over pairs of one file, `warm` of them first for nothing. */
static void compare_file(const char *path, const char *what, unsigned recycle, size_t warm, size_t n,
			 double (*measure)(void *ctx, int boxed))
{
	struct picture p = {{open_pool(0, recycle), open_pool(1, recycle)}, open(path, O_RDONLY | O_CLOEXEC)};
	struct pairs first = {0}, pairs = {0};

	if (p.fd < 0)
		bench_die(path, strerror(errno));
	take_pairs(&first, warm, measure, &p);
	take_pairs(&pairs, n, measure, &p);
	print_pairs(&pairs, what);
	bench_times_free(&first.times[0]);
	bench_times_free(&first.times[1]);
	bench_times_free(&first.differences);
	close(p.fd);
	tutela_decoder_close(p.pools[0]);
	tutela_decoder_close(p.pools[1]);
}

static void compare_pictures(const char *path, const char *what, size_t n)
{
	compare_file(path, what, NEVER, n < 10 ? n : 10, n, measure_picture);
}

/* Opening a pool starts one worker and waits until it is ready. */
static double measure_start(void *ctx, int boxed)
{
	double start = bench_now_us(), took;
	struct tutela_decoder *pool = open_pool(boxed, NEVER);

	(void)ctx;
	took = bench_now_us() - start;
	tutela_decoder_close(pool);
	return took;
}

static double children_cpu_us(void)
{
	struct rusage r;

	getrusage(RUSAGE_CHILDREN, &r);
	return process_rusage_us(&r);
}

/* Processor time of a worker that was started and ended. */
static double measure_start_cpu(void *ctx, int boxed)
{
	double before = children_cpu_us();

	(void)measure_start(ctx, boxed);
	return children_cpu_us() - before;
}

static void compare_starts(size_t n)
{
	struct pairs pairs = {0};

	take_pairs(&pairs, n, measure_start, NULL);
	print_pairs(&pairs, "start of a worker");
	take_pairs(&pairs, n, measure_start_cpu, NULL);
	print_pairs(&pairs, "start and end of a worker, processor time");
}

/* The calls of a worker's life that a worker without end does not have, less what as many take otherwise. */
static double measure_replacement(void *ctx, int boxed)
{
	struct bench_times usual = {0};
	double extra = 0;

	for (unsigned i = 1; i <= CYCLE; i++) {
		double us = measure_picture(ctx, boxed);

		if (i == 1 || i == AHEAD || i == CYCLE)
			extra += us;
		else
			bench_times_add(&usual, us);
	}
	extra -= 3 * bench_median(&usual);
	bench_times_free(&usual);
	return extra;
}

static void compare_replacements(const char *path, size_t n)
{
	compare_file(path, "replacement of a worker", CYCLE, 1, n, measure_replacement);
}

static void run_true(void *ctx)
{
	const char *const argv[] = {"/bin/true", NULL};
	struct process p;

	(void)ctx;
	for (int i = 0; i < TRUES; i++)
		process_run(argv, 0, &p);
}

/* The share of the pairs says how long each takes. */
static const struct {
	const char *name, *options;
	size_t share;
} pictures[] = {
	{"64x64.jpg", "--size 64x64 --quality 85", 1},
	{"1mp.jpg", "--size 1152x864 --quality 85", 4},
	{"1mp.png", "--size 1152x864", 8},
};

int main(int argc, char **argv)
{
	struct bench_times t = {0};
	char path[4200];
	size_t pairs = 2000;
	const char *dir;

	bench_help(argc, argv, usage);
	if (argc > 1)
		pairs = bench_count(argv[1], 10, 1000000, usage);
	bench_run(&t, TRUES, run_true, NULL);
	bench_begin("box", "/bin/true");
	bench_end(&t, "none", 1, 0);
	bench_times_free(&t);
	compare_starts(pairs / 10);
	dir = process_folder();
	for (size_t i = 0; i < sizeof pictures / sizeof pictures[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, pictures[i].name);
		made_picture(path, SEED, pictures[i].options);
		if (i == 0)
			compare_replacements(path, pairs / 20);
		compare_pictures(path, pictures[i].name, pairs / pictures[i].share ? pairs / pictures[i].share : 1);
		unlink(path);
	}
	return 0;
}
