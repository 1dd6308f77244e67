/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VICS set: how fast is it read? The reader alone, on one core, from memory
 * in blocks as `tutela import` reads them; nothing is stored. The set is made
 * by formula: media of the fields that national sets have, every other one with
 * PhotoDNA. The same set comes in UTF-8 and in UTF-16.
 */
#include "bench.h"

#include <errno.h>

#define SEED  7
#define BLOCK ((size_t)65536)

static const char usage[] = "bench_vics [--runs N] [MEDIA] (3; 500000)";

struct text {
	char *s;
	size_t len, room;
};

static void add(struct text *t, const char *s, size_t len)
{
	if (t->len + len > t->room) {
		t->room = (t->len + len) * 2;
		t->s = realloc(t->s, t->room);
		if (!t->s)
			bench_die("memory", strerror(errno));
	}
	memcpy(t->s + t->len, s, len);
	t->len += len;
}

/* Digits of any base up to 64 from a formula. */
static void digits(char *out, size_t n, uint64_t seed, const char *alphabet, unsigned bits)
{
	uint64_t x = 0;

	for (size_t i = 0; i < n; i++) {
		if (i % 8 == 0)
			x = bench_random(&seed);
		out[i] = alphabet[x & ((1U << bits) - 1)];
		x >>= 8;
	}
	out[n] = '\0';
}

static void add_medium(struct text *t, uint64_t i)
{
	static const char hex[] = "0123456789ABCDEF";
	static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char md5[33], sha1[41], photodna[193] = "", line[1024];
	int n;

	digits(md5, 32, SEED + i * 3, hex, 4);
	digits(sha1, 40, SEED + i * 3 + 1, hex, 4);
	if (i % 2)
		digits(photodna, 192, SEED + i * 3 + 2, base64, 6);
	n = snprintf(line, sizeof line,
		     "%s\n{\"MediaID\":%llu,\"Category\":%llu,\"VictimIdentified\":%s,\"OffenderIdentified\":false,"
		     "\"IsDistributed\":true,\"Series\":\"\",\"IsPrecategorized\":true,\"Comments\":null,\"Tags\":\"\","
		     "\"MD5\":\"%s\",\"SHA1\":\"%s\",\"PhotoDNA\":\"%s\",\"MediaSize\":%llu,"
		     "\"DateUpdated\":\"2023-06-07T02:31:49.8300Z\",\"MimeType\":\"image/jpeg\","
		     "\"RelativeFilePath\":\"files\\\\%llu.jpg\",\"AlternativeHashes\":[],\"MediaFiles\":[],"
		     "\"Exifs\":[]}",
		     i ? "," : "", (unsigned long long)i, (unsigned long long)(i % 3 + 1), i % 5 ? "false" : "\"True\"",
		     md5, sha1, photodna, (unsigned long long)(i * 17 % 100000), (unsigned long long)i);
	add(t, line, (size_t)n);
}

static struct text make_set(size_t n)
{
	static const char head[] =
		"{\"@odata.context\":\"http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/"
		"US/$metadata#Media\",\"value\":[";
	struct text t = {0};

	add(&t, head, sizeof head - 1);
	for (size_t i = 0; i < n; i++)
		add_medium(&t, i);
	add(&t, "]}\n", 3);
	return t;
}

/* It is ASCII. */
static struct text widen(const struct text *narrow)
{
	struct text t = {malloc(2 * narrow->len + 2), 2 * narrow->len + 2, 2 * narrow->len + 2};

	if (!t.s)
		bench_die("memory", strerror(errno));
	memcpy(t.s, "\xff\xfe", 2);
	for (size_t i = 0; i < narrow->len; i++) {
		t.s[2 + 2 * i] = narrow->s[i];
		t.s[3 + 2 * i] = '\0';
	}
	return t;
}

static enum tutela_err on_record(void *ctx, const struct tutela_record *rec, uint64_t line)
{
	uint64_t *n = ctx;

	(void)line;
	*n += rec->n_fingerprints > 0;
	return TUTELA_OK;
}

static enum tutela_err on_problem(void *ctx, const struct tutela_exchange_problem *p)
{
	(void)ctx;
	bench_die("the set", p->reason);
	return TUTELA_E_FORMAT;
}

static void one_run(const struct text *t, size_t media)
{
	uint64_t n = 0;
	struct tutela_reader_opts opts = {.size = sizeof opts, .record = on_record, .problem = on_problem, .ctx = &n};
	struct tutela_reader *r;
	enum tutela_err err = tutela_reader_new("vics", &opts, &r, NULL);

	for (size_t at = 0; !err && at < t->len; at += BLOCK)
		err = tutela_reader_feed(r, t->s + at, t->len - at < BLOCK ? t->len - at : BLOCK);
	err = err ? err : tutela_reader_finish(r);
	if (err || n != media)
		bench_die("the set", err ? tutela_reader_errmsg(r) : "media are missing");
	tutela_reader_free(r);
}

static void measure(const char *name, const struct text *t, size_t media, size_t runs)
{
	struct bench_times times = {0};

	one_run(t, media);
	for (size_t i = 0; i < runs; i++) {
		double start = bench_cpu_us();

		one_run(t, media);
		bench_times_add(&times, bench_cpu_us() - start);
	}
	bench_begin("vics", name);
	printf(",\"media\":%zu,\"file_bytes\":%zu,\"mb_per_second\":%.1f", media, t->len,
	       (double)t->len / bench_median(&times));
	bench_end(&times, "none", 1, SEED);
	bench_times_free(&times);
}

int main(int argc, char **argv)
{
	size_t n = 500000, runs = 3;
	struct text narrow, wide;

	bench_help(argc, argv, usage);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--runs") == 0 && i + 1 < argc)
			runs = bench_count(argv[++i], 1, 1000, usage);
		else
			n = bench_count(argv[i], 1, 10000000, usage);
	}
	narrow = make_set(n);
	measure("set in UTF-8", &narrow, n, runs);
	wide = widen(&narrow);
	free(narrow.s);
	measure("set in UTF-16", &wide, n, runs);
	free(wide.s);
	return 0;
}
