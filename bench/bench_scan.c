/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long does a scan take from end to end, and what do more jobs bring?
 * `tutela scan` of a folder of JPEG files made by formula, in the page cache,
 * against a store in which none of them is: the whole process. Runs of one job and of
 * as many as there are cores take turns. cpu_us: processor time of the scan and
 * its decoders. times_one_job: how many times as fast as one job, by the medians.
 */
#include "made_picture.h"
#include "made_store.h"

#define SEED 7

static const char usage[] = "bench_scan [--runs N] [--size WIDTHxHEIGHT] [FILES [CODES]] (5; 640x480; 1000, 100000)";

struct scan {
	const char *folder, *store, *size;
	size_t files, codes, runs;
	unsigned long long bytes;
};

static void make_files(struct scan *s)
{
	char path[4300], options[128];
	struct stat st;

	if (mkdir(s->folder, 0700))
		bench_die(s->folder, strerror(errno));
	snprintf(options, sizeof options, "--quality 85 --size %s", s->size);
	for (size_t i = 0; i < s->files; i++) {
		snprintf(path, sizeof path, "%s/%zu.jpg", s->folder, i);
		made_picture(path, SEED + i, options);
		if (stat(path, &st))
			bench_die(path, strerror(errno));
		s->bytes += (unsigned long long)st.st_size;
	}
}

static void one_scan(const struct scan *s, unsigned jobs, struct bench_times *t, struct bench_times *cpu)
{
	char number[16];
	const char *const argv[] = {
		BENCH_BIN_DIR "/tutela", "-d", s->store, "-q", "scan", "--jobs", number, s->folder, NULL};
	struct process p;

	snprintf(number, sizeof number, "%u", jobs);
	process_run(argv, 0, &p);
	bench_times_add(t, p.us);
	bench_times_add(cpu, p.cpu_us);
}

static void report(const struct scan *s, unsigned jobs, struct bench_times *t, struct bench_times *cpu,
		   double one_job_us)
{
	double median = bench_median(t);

	bench_begin("scan", "jpeg");
	printf(",\"codes\":%zu,\"size\":\"%s\",\"files\":%zu,\"scanned_bytes\":%llu,\"cpu_us\":%.3f,"
	       "\"files_per_second\":%.1f,\"bytes_per_second\":%.0f,\"times_one_job\":%.3f",
	       s->codes, s->size, s->files, s->bytes, bench_median(cpu), (double)s->files / median * 1e6,
	       (double)s->bytes / median * 1e6, one_job_us / median);
	bench_end(t, tutela_isa_name(tutela_cpu_best()), jobs, SEED);
}

static void measure(const struct scan *s)
{
	struct bench_times one = {0}, one_cpu = {0}, all = {0}, all_cpu = {0}, warm = {0};
	unsigned cores = bench_cores();

	one_scan(s, cores, &warm, &warm);
	for (size_t i = 0; i < s->runs; i++) {
		one_scan(s, 1, &one, &one_cpu);
		if (cores > 1)
			one_scan(s, cores, &all, &all_cpu);
	}
	report(s, 1, &one, &one_cpu, bench_median(&one));
	if (cores > 1)
		report(s, cores, &all, &all_cpu, bench_median(&one));
	bench_times_free(&warm);
	bench_times_free(&one);
	bench_times_free(&one_cpu);
	bench_times_free(&all);
	bench_times_free(&all_cpu);
}

int main(int argc, char **argv)
{
	struct scan s = {.size = "640x480", .files = 1000, .codes = 100000, .runs = 5};
	char folder[4200], store[4200];
	int numbers = 0;

	bench_help(argc, argv, usage);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--runs") == 0 && i + 1 < argc)
			s.runs = bench_count(argv[++i], 1, 1000, usage);
		else if (strcmp(argv[i], "--size") == 0 && i + 1 < argc)
			s.size = argv[++i];
		else if (numbers < 2)
			*(numbers++ ? &s.codes : &s.files) = bench_count(argv[i], 1, 10000000, usage);
		else
			bench_usage(usage);
	}
	unsetenv("TUTELA_ISA");
	snprintf(folder, sizeof folder, "%s/pictures", process_folder());
	snprintf(store, sizeof store, "%s/store", process_folder_path);
	s.folder = folder;
	s.store = store;
	make_files(&s);
	tutela_store_close(made_store(store, SEED, s.codes));
	measure(&s);
	return 0;
}
