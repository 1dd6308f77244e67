/* SPDX-License-Identifier: Apache-2.0 */
/* Scalar is the specification; every other table must give its bits, at every length, without reading past an end. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "formula.h"
#include "hash/hash_kernels.h"

#define SIDE 300

static const struct hash_kernels *other(void)
{
	const struct hash_kernels *best = tutela_hash_kernels(TUTELA_ISA_AUTO);

	if (best == &tutela_hash_scalar)
		cr_skip_test("skipped: neither AVX2 nor NEON");
	return best;
}

/* `len` random bytes that end where a page without access begins. */
struct guarded {
	uint8_t *map, *bytes;
	size_t map_len;
};

static struct guarded guarded_new(size_t len, uint64_t seed)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), body = (len + page - 1) / page * page;
	struct guarded g = {.map_len = body + page};

	g.map = mmap(NULL, g.map_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(g.map, MAP_FAILED);
	cr_assert_eq(mprotect(g.map + body, page, PROT_NONE), 0);
	g.bytes = g.map + body - len;
	for (size_t i = 0; i < len; i++)
		g.bytes[i] = (uint8_t)formula_random(&seed);
	return g;
}

static void guarded_free(struct guarded *g)
{
	munmap(g->map, g->map_len);
}

Test(hash_kernels, chooses_a_table_this_machine_can_run)
{
	cr_assert_eq(tutela_hash_kernels(TUTELA_ISA_SCALAR), &tutela_hash_scalar);
	cr_assert_not_null(tutela_hash_kernels(TUTELA_ISA_AUTO));
	cr_assert_null(tutela_hash_kernels((enum tutela_isa)99));
	for (int isa = TUTELA_ISA_SCALAR; isa <= TUTELA_ISA_NEON; isa++)
		cr_assert_eq(tutela_hash_kernels((enum tutela_isa)isa) != NULL, tutela_cpu_has((enum tutela_isa)isa));
}

Test(hash_kernels, luminance_equals_scalar_at_every_length)
{
	const struct hash_kernels *k = other();
	float want[100], got[100];
	uint8_t gray[100], gray_want[100];

	for (size_t n = 0; n <= 70; n++) {
		struct guarded rgb = guarded_new(3 * n, n), one = guarded_new(n, n + 1000);

		memset(want, 0x55, sizeof(want));
		memset(got, 0x55, sizeof(got));
		k->luma_rgb(rgb.bytes, n, got);
		tutela_hash_scalar.luma_rgb(rgb.bytes, n, want);
		cr_assert_eq(memcmp(got, want, sizeof(want)), 0, "rgb, %zu", n);
		k->luma_gray(one.bytes, n, got);
		tutela_hash_scalar.luma_gray(one.bytes, n, want);
		cr_assert_eq(memcmp(got, want, sizeof(want)), 0, "gray, %zu", n);
		memset(gray, 0x55, sizeof(gray));
		memset(gray_want, 0x55, sizeof(gray_want));
		k->gray_rgb(rgb.bytes, n, gray);
		tutela_hash_scalar.gray_rgb(rgb.bytes, n, gray_want);
		cr_assert_eq(memcmp(gray, gray_want, sizeof(gray)), 0, "gray bytes, %zu", n);
		guarded_free(&rgb);
		guarded_free(&one);
	}
}

Test(hash_kernels, luminance_equals_scalar_for_every_colour)
{
	const struct hash_kernels *k = other();
	static uint8_t px[3 * 65536], gray[2][65536];
	static float luma[2][65536];

	for (unsigned r = 0; r < 256; r++) {
		for (unsigned i = 0; i < 65536; i++) {
			px[3 * i] = (uint8_t)r;
			px[3 * i + 1] = (uint8_t)(i >> 8);
			px[3 * i + 2] = (uint8_t)i;
		}
		tutela_hash_scalar.luma_rgb(px, 65536, luma[0]);
		k->luma_rgb(px, 65536, luma[1]);
		cr_assert_eq(memcmp(luma[0], luma[1], sizeof(luma[0])), 0, "red %u", r);
		tutela_hash_scalar.gray_rgb(px, 65536, gray[0]);
		k->gray_rgb(px, 65536, gray[1]);
		cr_assert_eq(memcmp(gray[0], gray[1], sizeof(gray[0])), 0, "red %u", r);
	}
}

struct strips {
	float in[BOX_ROWS][SIDE + 4], want[BOX_ROWS][SIDE + 4], got[BOX_ROWS][SIDE + 4];
	_Alignas(64) float history[1024 * BOX_ROWS];
};

static void compare_boxes(struct strips *s, const struct hash_kernels *k, size_t n, size_t w)
{
	float want[BOX_ROWS][PDQ_SIDE], got[BOX_ROWS][PDQ_SIDE];
	uint32_t at[PDQ_SIDE];

	cr_assert_leq(box_history(w), 1024);
	tutela_hash_scalar.box_rows(s->in[0], s->want[0], SIDE + 4, BOX_ROWS, n, w, s->history);
	k->box_rows(s->in[0], s->got[0], SIDE + 4, BOX_ROWS, n, w, s->history);
	for (size_t y = 0; y < BOX_ROWS; y++)
		cr_assert_eq(memcmp(s->got[y], s->want[y], n * sizeof(float)), 0, "n %zu, w %zu, row %zu", n, w, y);
	for (size_t j = 0; j < PDQ_SIDE; j++)
		at[j] = (uint32_t)(((double)j + 0.5) * (double)n / PDQ_SIDE);
	tutela_hash_scalar.box_rows_at(s->in[0], SIDE + 4, BOX_ROWS, n, w, at, want, s->history);
	k->box_rows_at(s->in[0], SIDE + 4, BOX_ROWS, n, w, at, got, s->history);
	cr_assert_eq(memcmp(got, want, sizeof(want)), 0, "sampled, n %zu, w %zu", n, w);
}

Test(hash_kernels, boxes_equal_scalar_at_every_width)
{
	static struct strips s;
	const struct hash_kernels *k = other();
	uint64_t seed = 7;

	for (size_t y = 0; y < BOX_ROWS; y++)
		for (size_t x = 0; x < SIDE + 4; x++)
			s.in[y][x] = (float)formula_random(&seed) * (255.0f / 2147483648.0f);
	for (size_t n = 1; n <= 70; n++)
		for (size_t w = 1; w <= n; w++)
			compare_boxes(&s, k, n, w);
	for (size_t w = 1; w <= SIDE; w += 13)
		compare_boxes(&s, k, SIDE, w);
}

Test(hash_kernels, column_steps_equal_scalar)
{
	const struct hash_kernels *k = other();
	float sum[2][64], add[64], sub[64], out[2][64];
	uint64_t seed = 11;

	for (int missing = 0; missing < 8; missing++)
		for (int count = 1; count < 40; count++) {
			for (size_t i = 0; i < 64; i++) {
				sum[0][i] = sum[1][i] = (float)formula_random(&seed) / 65536.0f;
				add[i] = (float)formula_random(&seed) / 8388608.0f;
				sub[i] = (float)formula_random(&seed) / 8388608.0f;
				out[0][i] = out[1][i] = -1;
			}
			for (int i = 0; i < 2; i++)
				(i ? k : &tutela_hash_scalar)
					->box_columns(sum[i], missing & 1 ? NULL : add, missing & 2 ? NULL : sub,
						      missing & 4 ? NULL : out[i], (float)count, 64);
			cr_assert_eq(memcmp(sum[0], sum[1], sizeof(sum[0])), 0, "missing %d, count %d", missing, count);
			cr_assert_eq(memcmp(out[0], out[1], sizeof(out[0])), 0, "missing %d, count %d", missing, count);
		}
}

Test(hash_kernels, transform_equals_scalar)
{
	const struct hash_kernels *k = other();
	static float a[PDQ_SIDE][PDQ_SIDE], d[PDQ_FREQS][PDQ_SIDE], b[2][PDQ_FREQS][PDQ_FREQS];
	uint64_t seed = 13;

	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < PDQ_SIDE * PDQ_SIDE; i++)
			a[i / PDQ_SIDE][i % PDQ_SIDE] = (float)formula_random(&seed) / 8388608.0f;
		for (size_t i = 0; i < PDQ_FREQS * PDQ_SIDE; i++)
			d[i / PDQ_SIDE][i % PDQ_SIDE] = (float)formula_random(&seed) / 1073741824.0f - 1;
		tutela_hash_scalar.dct(a, d, b[0]);
		k->dct(a, d, b[1]);
		cr_assert_eq(memcmp(b[0], b[1], sizeof(b[0])), 0);
	}
}

Test(hash_kernels, weighted_sum_equals_scalar_at_every_length)
{
	const struct hash_kernels *k = other();
	int16_t hi[2][320] = {0}, lo[2][320] = {0};
	uint64_t seed = 17;

	/* Weights as they occur, and the largest that the types hold, where the sum wraps. */
	for (size_t i = 0; i < 320; i++) {
		hi[0][i] = (int16_t)(formula_random(&seed) % 2200 - 1100);
		lo[0][i] = (int16_t)(formula_random(&seed) % 4096);
		hi[1][i] = i % 3 ? INT16_MIN : INT16_MAX;
		lo[1][i] = 4095;
	}
	for (size_t n = 0; n <= 320; n += WEIGHT_PAD)
		for (int kind = 0; kind < 2; kind++) {
			struct guarded px = guarded_new(3 * 331 + n, n);
			uint32_t want[WEIGH_ROWS], got[WEIGH_ROWS];

			tutela_hash_scalar.weigh(px.bytes, 331, hi[kind], lo[kind], n, want);
			k->weigh(px.bytes, 331, hi[kind], lo[kind], n, got);
			cr_assert_arr_eq(got, want, sizeof(want), "%zu", n);
			guarded_free(&px);
		}
}
