/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "formula.h"
#include "hash/lanczos.h"

static double sinc(double x)
{
	return x == 0 ? 1 : sin(M_PI * x) / (M_PI * x);
}

/* Resample n numbers at a stride to `n_out` bytes, as Pillow's ImagingResample does along one axis. */
static void resample_line(const uint8_t *in, size_t stride, int n, uint8_t *out, size_t out_stride, int n_out)
{
	double scale = (double)n / n_out, stretch = scale < 1 ? 1 : scale, support = 3 * stretch;
	double *k = malloc(((size_t)n + 1) * sizeof(*k));

	for (int i = 0; i < n_out; i++) {
		double centre = (i + 0.5) * scale, sum = 0;
		int first = (int)(centre - support + 0.5), end = (int)(centre + support + 0.5);
		int64_t acc = 1 << 21;

		first = first < 0 ? 0 : first;
		end = end > n ? n : end;
		for (int x = first; x < end; x++) {
			double at = (x - centre + 0.5) / stretch;

			k[x - first] = at >= -3 && at < 3 ? sinc(at) * sinc(at / 3) : 0;
			sum += k[x - first];
		}
		for (int x = first; x < end; x++) {
			double w = k[x - first] / sum * (1 << 22);

			acc += (int64_t)(w < 0 ? w - 0.5 : w + 0.5) * in[(size_t)x * stride];
		}
		acc = acc < 0 ? 0 : acc >> 22;
		out[(size_t)i * out_stride] = acc > 255 ? 255 : (uint8_t)acc;
	}
	free(k);
}

static void resize(const uint8_t *px, uint32_t w, uint32_t h, unsigned cols, unsigned rows, enum tutela_isa isa,
		   uint8_t *out)
{
	size_t stride = (size_t)w + WEIGHT_PAD;
	uint8_t *strip = calloc(WEIGH_ROWS, stride);
	struct lanczos *l;

	cr_assert_eq(tutela_lanczos_new(w, h, cols, rows, tutela_hash_kernels(isa), &l), TUTELA_OK);
	for (uint32_t y = 0; y < h; y += WEIGH_ROWS) {
		unsigned n = h - y < WEIGH_ROWS ? h - y : WEIGH_ROWS;

		for (unsigned i = 0; i < n; i++)
			memcpy(strip + i * stride, px + (size_t)(y + i) * w, w);
		tutela_lanczos_rows(l, strip, stride, y, n);
	}
	tutela_lanczos_finish(l, out);
	tutela_lanczos_free(l);
	free(strip);
}

static void compare(uint32_t w, uint32_t h, int cols, int rows)
{
	uint8_t *px = formula_picture(2, w, h, 1), *across = malloc((size_t)h * 32), want[1024], got[1024];
	enum tutela_isa isas[2];

	for (uint32_t y = 0; y < h; y++)
		resample_line(px + (size_t)y * w, 1, (int)w, across + (size_t)y * 32, 1, cols);
	for (int x = 0; x < cols; x++)
		resample_line(across + x, 32, (int)h, want + x, (size_t)cols, rows);
	for (size_t i = 0, n = formula_isas(isas); i < n; i++) {
		resize(px, w, h, (unsigned)cols, (unsigned)rows, isas[i], got);
		cr_assert_eq(memcmp(got, want, (size_t)cols * (size_t)rows), 0, "%u x %u to %d x %d", w, h, cols, rows);
	}
	free(px);
	free(across);
}

Test(lanczos, equals_the_definition_on_noise)
{
	for (uint32_t w = 1; w <= 70; w += 3)
		for (uint32_t h = 1; h <= 70; h += 4) {
			compare(w, h, 32, 32);
			compare(w, h, 9, 8);
		}
}

Test(lanczos, equals_the_definition_on_larger_sizes)
{
	static const uint32_t sizes[][2] = {{320, 240}, {511, 513}, {640, 480}, {1003, 777},
					    {3000, 5},  {5, 3000},  {1, 4000}};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		compare(sizes[i][0], sizes[i][1], 32, 32);
		compare(sizes[i][0], sizes[i][1], 9, 8);
	}
}

Test(lanczos, keeps_its_own_size_and_flat_colours)
{
	uint8_t *noise = formula_picture(2, 32, 32, 1), *flat = malloc(700 * 333), got[1024];

	resize(noise, 32, 32, 32, 32, TUTELA_ISA_SCALAR, got);
	cr_assert_arr_eq(got, noise, 1024);
	for (int c = 0; c < 256; c += 51) {
		memset(flat, c, 700 * 333);
		resize(flat, 700, 333, 9, 8, TUTELA_ISA_SCALAR, got);
		for (size_t i = 0; i < 72; i++)
			cr_assert_eq(got[i], c);
	}
	tutela_lanczos_free(NULL);
	free(noise);
	free(flat);
}
