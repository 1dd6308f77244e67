/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every benchmark shares: repeat something, print one JSON line with the
 * least and the median time, the instruction set, the threads and the processor.
 */
#ifndef TUTELA_BENCH_H
#define TUTELA_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <tutela/tutela.h>

#define BENCH_RUNS 9

static inline double bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline uint64_t bench_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static inline void *bench_alloc(size_t n)
{
	void *p = malloc(n);

	if (!p) {
		fprintf(stderr, "bench: out of memory\n");
		exit(2);
	}
	return p;
}

static inline void bench_must(enum tutela_err err, const char *what)
{
	if (err) {
		fprintf(stderr, "bench: '%s': %s\n", what, tutela_strerror(err));
		exit(2);
	}
}

/* The processor's name as the system gives it, without quotes in it. */
static inline const char *bench_cpu(char *buf, size_t len)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	char line[256];

	snprintf(buf, len, "unknown");
	while (f && fgets(line, sizeof line, f)) {
		char *colon = strchr(line, ':');

		if (strncmp(line, "model name", 10) || !colon)
			continue;
		line[strcspn(line, "\n\"\\")] = '\0';
		snprintf(buf, len, "%s", colon + 2);
		break;
	}
	if (f)
		fclose(f);
	return buf;
}

static inline int bench_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Load average of the last minute: a figure from a busy machine is worth little. */
static inline double bench_load(void)
{
	double load = -1;

	return getloadavg(&load, 1) == 1 ? load : -1;
}

/* The p-th part (0 .. 1) of `n` sorted numbers. */
static inline double bench_part(const double *sorted, size_t n, double p)
{
	return sorted[(size_t)(p * (double)(n - 1) + 0.5)];
}

/* What every line ends with. */
static inline void bench_end(const char *isa, unsigned threads, uint64_t seed)
{
	char cpu[128];

	printf(",\"isa\":\"%s\",\"threads\":%u,\"seed\":%llu,\"load\":%.2f,\"version\":\"%s\",\"cpu\":\"%s\"}\n", isa,
	       threads, (unsigned long long)seed, bench_load(), tutela_version(), bench_cpu(cpu, sizeof cpu));
	fflush(stdout);
}

/* Runs `fn` BENCH_RUNS times; each run does `units` of what is measured. */
static inline void bench_run(const char *bench, const char *what, const char *isa, unsigned threads, double units,
			     void (*fn)(void *ctx), void *ctx)
{
	double t[BENCH_RUNS];

	for (int i = 0; i < BENCH_RUNS; i++) {
		double start = bench_now();

		fn(ctx);
		t[i] = (bench_now() - start) / units * 1e6;
	}
	qsort(t, BENCH_RUNS, sizeof t[0], bench_compare);
	printf("{\"bench\":\"%s\",\"what\":\"%s\",\"runs\":%d,\"min_us\":%.3f,\"median_us\":%.3f", bench, what,
	       BENCH_RUNS, t[0], t[BENCH_RUNS / 2]);
	bench_end(isa, threads, 0);
}

#endif
