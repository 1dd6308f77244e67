/* SPDX-License-Identifier: Apache-2.0 */
/* How long does hashing take once the pixels are there? By size, dialect and instruction set; one thread. */
#include "bench.h"

#define SEED 1

static const char usage[] = "bench_hash [WIDTHxHEIGHT]... (512x512 1632x1224 4000x3000)";

struct job {
	struct tutela_pixels pixels;
	unsigned wants;
	enum tutela_isa isa;
};

static void hash_once(void *ctx)
{
	struct job *job = ctx;
	struct tutela_perceptual out;

	bench_must(tutela_hash_pixels(&job->pixels, job->wants, job->isa, &out), "hash");
}

static void one_kind(struct job *job, const char *name)
{
	for (job->isa = TUTELA_ISA_SCALAR; job->isa <= TUTELA_ISA_NEON; job->isa++) {
		struct bench_times t = {0};

		if (!tutela_cpu_has(job->isa))
			continue;
		bench_run(&t, 1, hash_once, job);
		bench_begin("hash", name);
		printf(",\"width\":%u,\"height\":%u,\"channels\":1", job->pixels.width, job->pixels.height);
		bench_end(&t, tutela_isa_name(job->isa), 1, SEED);
		bench_times_free(&t);
	}
}

static void one_size(uint32_t w, uint32_t h)
{
	static const struct {
		unsigned wants;
		const char *name;
	} kinds[] = {{TUTELA_WANT_PDQ, "ref"},
		     {TUTELA_WANT_PDQ_FULL, "full"},
		     {TUTELA_WANT_PDQ | TUTELA_WANT_PDQ_FULL, "ref and full"},
		     {TUTELA_WANT_PHASH | TUTELA_WANT_DHASH, "phash and dhash"}};
	uint8_t *gray = bench_alloc((size_t)w * h);
	uint64_t state = SEED;

	for (size_t i = 0; i < (size_t)w * h; i++)
		gray[i] = (uint8_t)(i / 7 + (bench_random(&state) & 63));
	for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
		one_kind(&(struct job){.pixels = {gray, w, w, h, 1}, .wants = kinds[k].wants}, kinds[k].name);
	free(gray);
}

int main(int argc, char **argv)
{
	bench_help(argc, argv, usage);
	for (int i = 1; i < argc; i++) {
		unsigned w, h;
		char more;

		if (sscanf(argv[i], "%5ux%5u%c", &w, &h, &more) != 2 || w < 5 || h < 5)
			bench_usage(usage);
		one_size(w, h);
	}
	if (argc == 1) {
		one_size(512, 512);
		one_size(1632, 1224);
		one_size(4000, 3000);
	}
	return 0;
}
