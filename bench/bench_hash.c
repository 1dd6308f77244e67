/* SPDX-License-Identifier: Apache-2.0 */
/* How long does hashing take once the pixels are there? By size, dialect and instruction set; one thread. */
#include "bench.h"

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

int main(void)
{
	static const struct {
		uint32_t w, h;
	} sizes[] = {{512, 512}, {1632, 1224}, {4000, 3000}};
	static const struct {
		unsigned wants;
		const char *name;
	} kinds[] = {{TUTELA_WANT_PDQ, "ref"},
		     {TUTELA_WANT_PDQ_FULL, "full"},
		     {TUTELA_WANT_PDQ | TUTELA_WANT_PDQ_FULL, "ref and full"},
		     {TUTELA_WANT_PHASH | TUTELA_WANT_DHASH, "phash and dhash"}};
	uint8_t *gray = bench_alloc(4000 * 3000);
	uint64_t state = 1;

	for (size_t i = 0; i < (size_t)4000 * 3000; i++)
		gray[i] = (uint8_t)(i / 7 + (bench_random(&state) & 63));
	for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
		for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
			for (enum tutela_isa isa = TUTELA_ISA_SCALAR; isa <= TUTELA_ISA_NEON; isa++) {
				struct job job = {{gray, sizes[s].w, sizes[s].w, sizes[s].h, 1}, kinds[k].wants, isa};
				char what[64];

				if (!tutela_cpu_has(isa))
					continue;
				snprintf(what, sizeof what, "%s of gray %ux%u", kinds[k].name, sizes[s].w, sizes[s].h);
				bench_run("hash", what, tutela_isa_name(isa), 1, 1, hash_once, &job);
			}
		}
	}
	free(gray);
	return 0;
}
