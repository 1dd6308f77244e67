/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long does one picture file take in the decoder, both PDQ dialects, one
 * worker? Files given as arguments, or pictures made by formula. A line's times
 * are those of decoding and hashing, taken inside a worker that has
 * done the file once before; and:
 *
 *   read_us       median: reading the file, inside the worker
 *   call_us       median: the whole call, as the caller's clock has it
 *   cpu_us        processor time of the worker for one file, its start not
 *                 counted: all of a worker for 1 + runs files less that of one for one file, by runs
 *   start_cpu_us  processor time of a worker's start and end, and of what only
 *                 its first file costs: a worker for one file (median of ONCE) less cpu_us.
 *                 WebP's is that of two workers: one sniffs, the other decodes
 *
 * A slow file ends after ENOUGH_US, when LEAST runs are done.
 */
#include "made_picture.h"

#define ONCE      5
#define LEAST     10
#define ENOUGH_US 10e6
#define SEED      1

static const char usage[] =
	"bench_decode [--runs N] [FILE]... (at most 50 runs; pictures of 12, 2 and 0.3 megapixels, made by formula)";

static double children_cpu_us(void)
{
	struct rusage r;

	getrusage(RUSAGE_CHILDREN, &r);
	return process_rusage_us(&r);
}

struct decode_times {
	struct bench_times decode, read, call;
};

static void decode_times_free(struct decode_times *t)
{
	bench_times_free(&t->decode);
	bench_times_free(&t->read);
	bench_times_free(&t->call);
}

static void decode_one(struct tutela_decoder *pool, const char *path, struct decode_times *t,
		       struct tutela_decoded *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	double start = bench_now_us();

	if (fd < 0)
		bench_die(path, strerror(errno));
	bench_must(tutela_decoder_hash_fd(pool, fd, out), path);
	bench_times_add(&t->call, bench_now_us() - start);
	bench_times_add(&t->read, (double)out->digest_ns / 1e3);
	bench_times_add(&t->decode, (double)out->decode_ns / 1e3);
	close(fd);
	if (out->class_ != TUTELA_DECODE_OK)
		bench_die(path, tutela_decode_class_text(out->class_));
}

/* Processor time of a pool from its opening to its end, for one file and then up to `n` more; only those are timed. */
static double pool_cpu_us(const char *path, size_t n, struct decode_times *t, struct tutela_decoded *out)
{
	struct tutela_decoder_opts opts = {
		.size = sizeof opts, .program_dir = BENCH_BIN_DIR, .wants = TUTELA_WANT_PDQ | TUTELA_WANT_PDQ_FULL};
	double before = children_cpu_us(), start = bench_now_us();
	struct decode_times first = {0};
	struct tutela_decoder *pool;

	bench_must(tutela_decoder_open(&opts, &pool), BENCH_BIN_DIR);
	decode_one(pool, path, &first, out);
	for (size_t i = 0; i < n && (i < LEAST || bench_now_us() < start + ENOUGH_US); i++)
		decode_one(pool, path, t, out);
	tutela_decoder_close(pool);
	decode_times_free(&first);
	return children_cpu_us() - before;
}

static void measure(const char *path, size_t runs, uint64_t seed)
{
	const char *slash = strrchr(path, '/');
	struct bench_times once = {0};
	struct decode_times t = {0};
	struct tutela_decoded out;
	double one, each;

	for (int i = 0; i < ONCE; i++)
		bench_times_add(&once, pool_cpu_us(path, 0, &t, &out));
	one = bench_median(&once);
	each = pool_cpu_us(path, runs, &t, &out) - one;
	each /= (double)t.decode.n;
	bench_begin("decode", slash ? slash + 1 : path);
	printf(",\"format\":\"%s\",\"width\":%u,\"height\":%u,\"file_bytes\":%llu,\"read_us\":%.3f,\"call_us\":%.3f,"
	       "\"cpu_us\":%.3f,\"start_cpu_us\":%.3f",
	       tutela_format_name(out.format), out.width, out.height, (unsigned long long)out.size,
	       bench_median(&t.read), bench_median(&t.call), each, one - each);
	bench_end(&t.decode, tutela_isa_name(tutela_cpu_best()), 1, seed);
	bench_times_free(&once);
	decode_times_free(&t);
}

static void measure_made(size_t runs)
{
	static const struct {
		const char *name, *options;
	} sizes[] = {{"12mp", "--size 4000x3000"}, {"2mp", "--size 1632x1224"}, {"0.3mp", "--size 640x480"}};
	/* Qualities chosen so that the sizes are those of photographs. */
	static const struct {
		const char *name, *options;
	} formats[] = {{".jpg", " --quality 85"},
		       {"-progressive.jpg", " --quality 85 --progressive"},
		       {".png", ""},
		       {".webp", " --quality 85"}};
	const char *dir = process_folder();
	char path[4200], options[256];

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		for (size_t j = 0; j < sizeof formats / sizeof formats[0]; j++) {
			snprintf(path, sizeof path, "%s/%s%s", dir, sizes[i].name, formats[j].name);
			snprintf(options, sizeof options, "%s%s", sizes[i].options, formats[j].options);
			made_picture(path, SEED, options);
			measure(path, runs, SEED);
			unlink(path);
		}
	}
}

int main(int argc, char **argv)
{
	size_t runs = 50;
	int i = 1;

	bench_help(argc, argv, usage);
	if (argc > 2 && strcmp(argv[1], "--runs") == 0) {
		runs = bench_count(argv[2], 1, 100000, usage);
		i = 3;
	}
	if (i == argc)
		measure_made(runs);
	for (; i < argc; i++)
		measure(argv[i], runs, 0);
	return 0;
}
