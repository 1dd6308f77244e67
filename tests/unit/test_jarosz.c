/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "formula.h"
#include "hash/jarosz.h"

/* The definition's four phases on one vector, in the definition's words. */
static void box(const float *in, float *out, size_t n, size_t stride)
{
	size_t w = (n + 127) / 128, right = w / 2, left = 0, lead = 0, at = 0;
	float sum = 0, count = 0;

	for (size_t i = 0; i < right; i++) {
		sum += in[lead++ * stride];
		count += 1;
	}
	for (size_t i = 0; i < w - right; i++) {
		sum += in[lead++ * stride];
		count += 1;
		out[at++ * stride] = sum / count;
	}
	for (size_t i = 0; i < n - w; i++) {
		sum += in[lead++ * stride];
		sum -= in[left++ * stride];
		out[at++ * stride] = sum / count;
	}
	for (size_t i = 0; i < right; i++) {
		sum -= in[left++ * stride];
		count -= 1;
		out[at++ * stride] = sum / count;
	}
}

static void whole_plane(float *plane, size_t rows, size_t cols, float out[PDQ_SIDE][PDQ_SIDE])
{
	float *other = malloc(rows * cols * sizeof(*other));

	for (int round = 0; round < 2; round++) {
		for (size_t y = 0; y < rows; y++)
			box(plane + y * cols, other + y * cols, cols, 1);
		for (size_t x = 0; x < cols; x++)
			box(other + x, plane + x, rows, cols);
	}
	for (size_t i = 0; i < PDQ_SIDE; i++)
		for (size_t j = 0; j < PDQ_SIDE; j++)
			out[i][j] = plane[(size_t)(((double)i + 0.5) * (double)rows / 64) * cols +
					  (size_t)(((double)j + 0.5) * (double)cols / 64)];
	free(other);
}

static void compare(size_t rows, size_t cols)
{
	float *plane = malloc(rows * cols * sizeof(*plane)), want[PDQ_SIDE][PDQ_SIDE], got[PDQ_SIDE][PDQ_SIDE];
	float *copy = malloc(rows * cols * sizeof(*copy));
	uint64_t seed = rows * 65537 + cols;
	enum tutela_isa isas[2];

	/* Odd fractions, so that every rounding of the running sum shows. */
	for (size_t i = 0; i < rows * cols; i++)
		copy[i] = plane[i] = (float)formula_random(&seed) * (255.0f / 2147483648.0f);
	whole_plane(plane, rows, cols, want);
	for (size_t i = 0, n = formula_isas(isas); i < n; i++) {
		struct jarosz *j;

		cr_assert_eq(tutela_jarosz_new(rows, cols, tutela_hash_kernels(isas[i]), &j), TUTELA_OK);
		for (size_t y = 0; y < rows; y++) {
			memcpy(tutela_jarosz_slot(j), copy + y * cols, cols * sizeof(*copy));
			tutela_jarosz_push(j);
		}
		tutela_jarosz_finish(j, got);
		tutela_jarosz_free(j);
		cr_assert_eq(memcmp(got, want, sizeof(want)), 0, "%zu x %zu, %s", rows, cols, tutela_isa_name(isas[i]));
	}
	free(plane);
	free(copy);
}

Test(jarosz, streaming_equals_the_whole_plane_on_small_sizes)
{
	for (size_t rows = 1; rows <= 70; rows += rows < 20 ? 1 : 7)
		for (size_t cols = 1; cols <= 70; cols += cols < 20 ? 1 : 7)
			compare(rows, cols);
}

Test(jarosz, streaming_equals_the_whole_plane_around_each_change_of_window)
{
	static const size_t sides[] = {63, 64, 65, 127, 128, 129, 130, 255, 256, 257, 385, 511, 512, 513, 514};

	for (size_t i = 0; i < sizeof(sides) / sizeof(*sides); i++)
		for (size_t k = 0; k < sizeof(sides) / sizeof(*sides); k++)
			if ((i + k) % 3 == 0)
				compare(sides[i], sides[k]);
}

Test(jarosz, streaming_equals_the_whole_plane_on_extremes)
{
	compare(480, 640);
	compare(5, 3000);
	compare(3000, 5);
	compare(1, 20000);
	compare(20000, 1);
	compare(1003, 1601);
}

Test(jarosz, refuses_what_is_no_plane)
{
	struct jarosz *j = (struct jarosz *)&j;

	cr_assert_eq(tutela_jarosz_new(0, 5, &tutela_hash_scalar, &j), TUTELA_E_ARG);
	cr_assert_null(j);
	cr_assert_eq(tutela_jarosz_new(5, 0, &tutela_hash_scalar, &j), TUTELA_E_ARG);
	cr_assert_eq(tutela_jarosz_new((size_t)UINT32_MAX + 1, 5, &tutela_hash_scalar, &j), TUTELA_E_ARG);
	tutela_jarosz_free(NULL);
}
