/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does the box of a decoder cost? The same decoder with its lock-down and
 * without (linked so for this benchmark, never installed), one picture after
 * another by turns in one run: time until the answer is here, and time until a
 * fresh worker is ready. Beside the latter: its processor time, and the time
 * that /bin/true takes to start and end, as a measure of the machine. Argument:
 * how many pairs (default 2000).
 */
#include "bench.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const dirs[2] = {BENCH_BOXLESS_DIR, BENCH_BIN_DIR};

static struct tutela_decoder *open_pool(int boxed)
{
	struct tutela_decoder_opts opts = {.size = sizeof opts,
					   .program_dir = dirs[boxed],
					   .wants = TUTELA_WANT_PDQ | TUTELA_WANT_PDQ_FULL,
					   .recycle = 1000000};
	struct tutela_decoder *pool;

	bench_must(tutela_decoder_open(&opts, &pool), dirs[boxed]);
	return pool;
}

static double hash_once(struct tutela_decoder *pool, int fd)
{
	struct tutela_decoded d;
	double start = bench_now();

	bench_must(tutela_decoder_hash_fd(pool, fd, &d), "hash");
	if (d.class_ != TUTELA_DECODE_OK) {
		fprintf(stderr, "bench: '%s'\n", tutela_decode_class_text(d.class_));
		exit(2);
	}
	return bench_now() - start;
}

static void print(const char *what, double *times[2], double *differences, size_t n)
{
	double without, with, difference;

	for (int b = 0; b < 2; b++)
		qsort(times[b], n, sizeof(double), bench_compare);
	qsort(differences, n, sizeof(double), bench_compare);
	without = bench_part(times[0], n, 0.5) * 1e6;
	with = bench_part(times[1], n, 0.5) * 1e6;
	difference = bench_part(differences, n, 0.5) * 1e6;
	printf("{\"bench\":\"box\",\"what\":\"%s\",\"pairs\":%zu,\"without_us\":%.1f,\"with_us\":%.1f,"
	       "\"difference_of_medians_us\":%.1f,\"median_of_differences_us\":%.1f,\"percent\":%.2f,"
	       "\"least_without_us\":%.1f,\"least_with_us\":%.1f",
	       what, n, without, with, with - without, difference, 100 * difference / without, times[0][0] * 1e6,
	       times[1][0] * 1e6);
	bench_end(tutela_isa_name(tutela_cpu_best()), 1, 0);
}

struct room {
	double *times[2], *differences;
};

static struct room make_room(size_t n)
{
	return (struct room){{bench_alloc(n * sizeof(double)), bench_alloc(n * sizeof(double))},
			     bench_alloc(n * sizeof(double))};
}

static void free_room(struct room *r)
{
	free(r->times[0]);
	free(r->times[1]);
	free(r->differences);
}

/* Which of the two goes first changes from pair to pair. */
static void one_pair(struct room *r, size_t i, double (*measure)(void *ctx, int boxed), void *ctx)
{
	int first = (int)(i & 1);

	r->times[first][i] = measure(ctx, first);
	r->times[!first][i] = measure(ctx, !first);
	r->differences[i] = r->times[1][i] - r->times[0][i];
}

struct picture {
	struct tutela_decoder *pools[2];
	int fd;
};

static double measure_picture(void *ctx, int boxed)
{
	struct picture *p = ctx;

	return hash_once(p->pools[boxed], p->fd);
}

static void compare_pictures(const char *path, const char *what, size_t n)
{
	struct picture p = {{open_pool(0), open_pool(1)}, open(path, O_RDONLY | O_CLOEXEC)};
	struct room r = make_room(n);

	if (p.fd < 0) {
		perror(path);
		exit(2);
	}
	for (int i = 0; i < 20; i++)
		hash_once(p.pools[i & 1], p.fd);
	for (size_t i = 0; i < n; i++)
		one_pair(&r, i, measure_picture, &p);
	print(what, r.times, r.differences, n);
	free_room(&r);
	close(p.fd);
	tutela_decoder_close(p.pools[0]);
	tutela_decoder_close(p.pools[1]);
}

/* Opening a pool starts one worker and waits until it is ready. */
static double measure_start(void *ctx, int boxed)
{
	double start = bench_now(), took;
	struct tutela_decoder *pool = open_pool(boxed);

	(void)ctx;
	took = bench_now() - start;
	tutela_decoder_close(pool);
	return took;
}

static double child_seconds(void)
{
	struct rusage r;

	getrusage(RUSAGE_CHILDREN, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
	       (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
}

/* Processor time of a worker that was started and ended. */
static double measure_start_cpu(void *ctx, int boxed)
{
	double before = child_seconds();

	measure_start(ctx, boxed);
	return child_seconds() - before;
}

static void compare_starts(size_t n)
{
	struct room r = make_room(n);

	for (size_t i = 0; i < n; i++)
		one_pair(&r, i, measure_start, NULL);
	print("start of a worker", r.times, r.differences, n);
	for (size_t i = 0; i < n; i++)
		one_pair(&r, i, measure_start_cpu, NULL);
	print("start and end of a worker, processor time", r.times, r.differences, n);
	free_room(&r);
}

static void run_true(void *ctx)
{
	char name[] = "true", *argv[] = {name, NULL}, *none[] = {NULL};
	pid_t pid;

	(void)ctx;
	for (int i = 0; i < 10; i++)
		if (posix_spawn(&pid, "/bin/true", NULL, NULL, argv, none) || waitpid(pid, NULL, 0) != pid)
			exit(2);
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
	long pairs = argc > 1 ? atol(argv[1]) : 2000;
	char dir[] = "/tmp/tutela-bench-XXXXXX", path[128], command[1024];

	if (pairs < 100 || pairs > 1000000 || !mkdtemp(dir)) {
		fprintf(stderr, "bench: 100 to 1000000 pairs, and a folder in /tmp\n");
		return 2;
	}
	bench_run("box", "/bin/true", "none", 1, 10, run_true, NULL);
	compare_starts((size_t)pairs / 10);
	for (size_t i = 0; i < sizeof pictures / sizeof pictures[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, pictures[i].name);
		snprintf(command, sizeof command, "'%s' --seed 1 %s '%s'", BENCH_MKPICTURE, pictures[i].options, path);
		if (system(command) != 0) {
			fprintf(stderr, "bench: '%s' failed\n", command);
			return 2;
		}
		compare_pictures(path, pictures[i].name, (size_t)pairs / pictures[i].share);
		unlink(path);
	}
	rmdir(dir);
	return 0;
}
