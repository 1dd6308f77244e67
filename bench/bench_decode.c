/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long does one picture file take in the decoder, both PDQ dialects, one
 * worker? Files given as arguments, or pictures made by formula. Times inside the
 * worker (reading and digests apart), and its processor time over all runs.
 */
#include "bench.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#define RUNS 25

static double child_seconds(void)
{
	struct rusage r;

	getrusage(RUSAGE_CHILDREN, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
	       (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
}

static void decode_runs(const char *path, double *times, struct tutela_decoded *out)
{
	struct tutela_decoder_opts opts = {
		.size = sizeof opts, .program_dir = BENCH_BIN_DIR, .wants = TUTELA_WANT_PDQ | TUTELA_WANT_PDQ_FULL};
	struct tutela_decoder *pool;

	bench_must(tutela_decoder_open(&opts, &pool), BENCH_BIN_DIR);
	for (int i = 0; i < RUNS; i++) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (fd < 0) {
			perror(path);
			exit(2);
		}
		bench_must(tutela_decoder_hash_fd(pool, fd, out), path);
		close(fd);
		times[i] = (double)out->decode_ns / 1e3;
	}
	tutela_decoder_close(pool);
}

static void measure(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct tutela_decoded out;
	double times[RUNS], before = child_seconds(), cpu_time;
	char cpu[128];

	decode_runs(path, times, &out);
	cpu_time = (child_seconds() - before) / RUNS * 1e6;
	qsort(times, RUNS, sizeof times[0], bench_compare);
	printf("{\"bench\":\"decode\",\"what\":\"%s\",\"format\":\"%s\",\"width\":%u,\"height\":%u,\"bytes\":%llu,"
	       "\"class\":\"%s\",\"runs\":%d,\"min_us\":%.0f,\"median_us\":%.0f,\"p99_us\":%.0f,\"cpu_us\":%.0f,"
	       "\"isa\":\"%s\",\"threads\":1,\"version\":\"%s\",\"cpu\":\"%s\"}\n",
	       slash ? slash + 1 : path, tutela_format_name(out.format), out.width, out.height,
	       (unsigned long long)out.size, tutela_decode_class_name(out.class_), RUNS, times[0], times[RUNS / 2],
	       times[RUNS - 1], cpu_time, tutela_isa_name(tutela_cpu_best()), tutela_version(),
	       bench_cpu(cpu, sizeof cpu));
	fflush(stdout);
}

/* Qualities chosen so that the sizes are those of photographs. */
static const struct {
	const char *name, *options;
} pictures[] = {
	{"12mp.jpg", "--size 4000x3000 --quality 85"},
	{"12mp-progressive.jpg", "--size 4000x3000 --quality 85 --progressive"},
	{"2mp.jpg", "--size 1632x1224 --quality 85"},
	{"0.3mp.jpg", "--size 640x480 --quality 85"},
	{"12mp.png", "--size 4000x3000"},
	{"2mp.png", "--size 1632x1224"},
	{"2mp.webp", "--size 1632x1224 --quality 85"},
};

static void measure_made(void)
{
	char dir[] = "/tmp/tutela-bench-XXXXXX", path[128], command[1024];

	if (!mkdtemp(dir)) {
		perror(dir);
		exit(2);
	}
	for (size_t i = 0; i < sizeof pictures / sizeof pictures[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, pictures[i].name);
		snprintf(command, sizeof command, "'%s' --seed 1 %s '%s'", BENCH_MKPICTURE, pictures[i].options, path);
		if (system(command) != 0) {
			fprintf(stderr, "bench: '%s' failed\n", command);
			exit(2);
		}
		measure(path);
		unlink(path);
	}
	rmdir(dir);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		measure(argv[i]);
	if (argc == 1)
		measure_made();
	return 0;
}
