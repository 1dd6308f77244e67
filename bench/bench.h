/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every benchmark shares: measure something many times, print one JSON
 * line about it. A line is
 *
 *   bench_begin("search", "single");
 *   printf(",\"codes\":%zu", n);                  what else this bench has to say
 *   bench_end(&times, isa, threads, seed);
 *
 * and always has: type "bench", bench, what; runs (how many times were taken),
 * min_us, p50_us, p99_us of them (of fewer than 100 runs the 99th percentile is
 * the longest); isa (the level that was chosen, though not every part has code of
 * its own for it; "none" where nothing has), threads, seed (0: no random data), load (of
 * the last minute: figures of a busy machine are worth little), version, cpu.
 *
 * Keys end in their unit: _us microseconds of the clock, unless the name says
 * cpu: then processor time; _bytes; _per_second. No suffix: a count or a ratio.
 */
#ifndef TUTELA_BENCH_H
#define TUTELA_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <tutela/tutela.h>

#define BENCH_RUNS 25

static inline _Noreturn void bench_die(const char *what, const char *why)
{
	fprintf(stderr, "bench: '%s': %s\n", what, why);
	exit(2);
}

static inline void bench_must(enum tutela_err err, const char *what)
{
	if (err)
		bench_die(what, tutela_strerror(err));
}

static inline void *bench_alloc(size_t n)
{
	void *p = malloc(n);

	if (!p)
		bench_die("memory", "out of memory");
	return p;
}

static inline _Noreturn void bench_usage(const char *usage)
{
	fprintf(stderr, "usage: %s\n", usage);
	exit(64);
}

/* --help is answered here. */
static inline void bench_help(int argc, char **argv, const char *usage)
{
	if (argc < 2 || strcmp(argv[1], "--help") != 0)
		return;
	printf("usage: %s\n", usage);
	exit(0);
}

/* An argument that is a count. */
static inline size_t bench_count(const char *arg, size_t least, size_t most, const char *usage)
{
	char *end;
	unsigned long long n = strtoull(arg, &end, 10);

	if (*arg < '0' || *arg > '9' || *end || n < least || n > most)
		bench_usage(usage);
	return (size_t)n;
}

static inline double bench_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

/* Processor time of this process, all threads: a busy machine disturbs it less than the clock. */
static inline double bench_cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static inline unsigned bench_cores(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	return cores > 0 ? (unsigned)cores : 1;
}

static inline uint64_t bench_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* ------------------------------------------------------------------ times */

/* Of one thing, in microseconds. Zero-initialise, free with bench_times_free. */
struct bench_times {
	double *us;
	size_t n, capacity;
};

static inline void bench_times_add(struct bench_times *t, double us)
{
	if (t->n == t->capacity) {
		t->capacity = t->capacity ? 2 * t->capacity : 64;
		t->us = realloc(t->us, t->capacity * sizeof t->us[0]);
		if (!t->us)
			bench_die("memory", "out of memory");
	}
	t->us[t->n++] = us;
}

static inline void bench_times_free(struct bench_times *t)
{
	free(t->us);
	*t = (struct bench_times){0};
}

static inline int bench_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The least time that at least the part `p` (0 .. 1) of all is not above; sorts them. 0 when there are none. */
static inline double bench_part(struct bench_times *t, double p)
{
	size_t at = 0;

	if (!t->n)
		return 0;
	qsort(t->us, t->n, sizeof t->us[0], bench_compare);
	while (at + 1 < t->n && (double)(at + 1) < p * (double)t->n)
		at++;
	return t->us[at];
}

static inline double bench_median(struct bench_times *t)
{
	return bench_part(t, 0.5);
}

/* ------------------------------------------------------------------ lines */

/* The processor's name as the system gives it. */
static inline void bench_cpu_model(char *buf, size_t len)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	char line[256];

	snprintf(buf, len, "unknown");
	while (f && fgets(line, sizeof line, f)) {
		char *colon = strchr(line, ':');

		if (strncmp(line, "model name", 10) != 0 || !colon)
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(buf, len, "%s", colon + 2);
		break;
	}
	if (f)
		fclose(f);
}

/* Load average of the last minute; -1 unknown. */
static inline double bench_load(void)
{
	double load = -1;

	return getloadavg(&load, 1) == 1 ? load : -1;
}

/* A string as JSON; what is not printable ASCII becomes a question mark. */
static inline void bench_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			putchar('\\');
		putchar(*s < ' ' || *s > '~' ? '?' : *s);
	}
	putchar('"');
}

static inline void bench_begin(const char *bench, const char *what)
{
	printf("{\"type\":\"bench\",\"bench\":\"%s\",\"what\":", bench);
	bench_string(what);
}

/* Sorts the times. */
static inline void bench_end(struct bench_times *t, const char *isa, unsigned threads, uint64_t seed)
{
	char cpu[128];

	bench_cpu_model(cpu, sizeof cpu);
	printf(",\"runs\":%zu,\"min_us\":%.3f,\"p50_us\":%.3f,\"p99_us\":%.3f,\"isa\":\"%s\",\"threads\":%u,\"seed\":"
	       "%llu,\"load\":%.2f,\"version\":\"%s\",\"cpu\":",
	       t->n, bench_part(t, 0), bench_median(t), bench_part(t, 0.99), isa, threads, (unsigned long long)seed,
	       bench_load(), tutela_version());
	bench_string(cpu);
	puts("}");
	fflush(stdout);
}

/* Calls `fn` BENCH_RUNS times after one call that is not counted; each call does `units` of what is measured. */
static inline void bench_run(struct bench_times *t, double units, void (*fn)(void *ctx), void *ctx)
{
	fn(ctx);
	for (int i = 0; i < BENCH_RUNS; i++) {
		double start = bench_now_us();

		fn(ctx);
		bench_times_add(t, (bench_now_us() - start) / units);
	}
}

#endif
