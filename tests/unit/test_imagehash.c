/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "formula.h"
#include "hash/imagehash.h"

static struct tutela_perceptual hash_of(const uint8_t *data, uint32_t w, uint32_t h, uint32_t channels)
{
	struct tutela_pixels px = formula_pixels(data, w, h, channels);
	struct tutela_perceptual out;

	cr_assert_eq(tutela_hash_pixels(&px, TUTELA_WANT_PHASH | TUTELA_WANT_DHASH, TUTELA_ISA_AUTO, &out), TUTELA_OK);
	return out;
}

/* Values of an implementation of the definition in another language, in exact sums; no coefficient is near the median.
 */
Test(imagehash, reproduces_known_values)
{
	static const struct {
		int pattern;
		uint32_t w, h, channels;
		const char *phash, *dhash;
	} known[] = {
		{5, 320, 240, 3, "a59cb563a9ac6a54", "fffe3433c9c90606"},
		{3, 500, 333, 3, "95152d2fea1227cd", "fffefcf9e30ff803"},
		{2, 100, 60, 1, "f826e08645c1edee", "a52d33d825349992"},
		{5, 33, 700, 1, "ad9cf543a8bc5254", "ff7eb633c9498602"},
		{2, 7, 5, 3, "a9274381cffa307a", "cfcf1f0797939319"},
		{2, 32, 32, 1, "cf9941db82d70d8c", "5b8a726d254a4aa6"},
	};
	char text[17];

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		uint8_t *px = formula_picture(known[i].pattern, known[i].w, known[i].h, known[i].channels);
		struct tutela_perceptual out = hash_of(px, known[i].w, known[i].h, known[i].channels);

		cr_assert_str_eq(formula_hex(out.phash, 8, text), known[i].phash);
		cr_assert_str_eq(formula_hex(out.dhash, 8, text), known[i].dhash);
		free(px);
	}
}

static double coefficient(const uint8_t *px, int u, int v)
{
	double sum = 0;

	for (int y = 0; y < 32; y++)
		for (int x = 0; x < 32; x++)
			sum += px[32 * y + x] * cos(M_PI * u * (2 * y + 1) / 64) * cos(M_PI * v * (2 * x + 1) / 64);
	return 4 * sum;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* At 32x32 nothing is resized, so the bits follow from the transform alone. */
Test(imagehash, phash_is_the_sign_of_coefficients_against_their_median)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		uint64_t state = seed;
		double c[64], sorted[64], median;
		uint8_t px[1024];
		struct tutela_perceptual out;

		for (size_t i = 0; i < 1024; i++)
			px[i] = (uint8_t)formula_random(&state);
		for (int k = 0; k < 64; k++)
			sorted[k] = c[k] = coefficient(px, k / 8, k % 8);
		qsort(sorted, 64, sizeof(*sorted), ascending);
		median = (sorted[31] + sorted[32]) / 2;
		out = hash_of(px, 32, 32, 1);
		for (int k = 0; k < 64; k++)
			cr_assert_eq(out.phash[k / 8] >> (7 - k % 8) & 1, c[k] > median, "seed %d, bit %d", (int)seed,
				     k);
	}
}

Test(imagehash, what_is_zero_by_symmetry_is_exactly_zero)
{
	uint8_t *gradient = formula_picture(1, 200, 100, 1), *flat = formula_picture(0, 300, 200, 3);
	struct tutela_perceptual out = hash_of(flat, 300, 200, 3);
	static const uint8_t only_mean[8] = {0x80}, zero[8] = {0};

	cr_assert_arr_eq(out.phash, only_mean, 8);
	cr_assert_arr_eq(out.dhash, zero, 8);
	out = hash_of(gradient, 200, 100, 1);
	cr_assert_arr_eq(out.phash + 1, zero, 7, "rows are equal: no vertical frequency");
	for (size_t i = 0; i < 8; i++)
		cr_assert_eq(out.dhash[i], 0xff);
	free(gradient);
	free(flat);
}

Test(imagehash, refuses_what_is_no_picture)
{
	struct imagehash *h = (struct imagehash *)&h;

	cr_assert_eq(tutela_imagehash_new(0, 1, 1, TUTELA_WANT_PHASH, &tutela_hash_scalar, &h), TUTELA_E_ARG);
	cr_assert_null(h);
	cr_assert_eq(tutela_imagehash_new(1, 0, 1, TUTELA_WANT_PHASH, &tutela_hash_scalar, &h), TUTELA_E_ARG);
	cr_assert_eq(tutela_imagehash_new(1, 1, 2, TUTELA_WANT_PHASH, &tutela_hash_scalar, &h), TUTELA_E_ARG);
	tutela_imagehash_free(NULL);
}
