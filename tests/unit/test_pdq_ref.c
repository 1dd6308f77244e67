/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "formula.h"
#include "hash/pdq.h"

/* The ref dialect of a large picture is the hash of its 512 x 512 nearest neighbours, whichever side is enlarged. */
static void compare(uint32_t w, uint32_t h, uint32_t channels)
{
	uint8_t *px = formula_picture(2, w, h, channels), *small = malloc((size_t)512 * 512 * channels);
	struct tutela_pixels large = formula_pixels(px, w, h, channels),
			     sampled = formula_pixels(small, 512, 512, channels);
	struct tutela_perceptual got, want;

	for (uint32_t y = 0; y < 512; y++)
		for (uint32_t x = 0; x < 512; x++)
			memcpy(small + ((size_t)y * 512 + x) * channels,
			       px + ((size_t)((double)y * h / 512) * w + (size_t)((double)x * w / 512)) * channels,
			       channels);
	cr_assert_eq(tutela_hash_pixels(&large, TUTELA_WANT_PDQ, TUTELA_ISA_AUTO, &got), TUTELA_OK);
	cr_assert_eq(tutela_hash_pixels(&sampled, TUTELA_WANT_PDQ, TUTELA_ISA_AUTO, &want), TUTELA_OK);
	cr_assert_eq(memcmp(&got.pdq, &want.pdq, sizeof(want.pdq)), 0, "%u x %u", w, h);
	free(px);
	free(small);
}

Test(pdq_ref, samples_at_the_top_left_of_each_cell)
{
	static const uint32_t sizes[][2] = {{513, 513},  {512, 513}, {513, 512}, {1, 513},   {513, 1},
					    {1023, 700}, {600, 3},   {3, 600},   {1537, 511}};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		for (uint32_t channels = 1; channels <= 3; channels += 2)
			compare(sizes[i][0], sizes[i][1], channels);
}

Test(pdq_ref, is_the_full_dialect_up_to_512)
{
	static const uint32_t sides[] = {5, 64, 300, 512};

	for (size_t i = 0; i < sizeof(sides) / sizeof(*sides); i++) {
		uint8_t *px = formula_picture(5, sides[i], 512, 3);
		struct tutela_pixels pixels = formula_pixels(px, sides[i], 512, 3);
		struct tutela_perceptual both, full;

		cr_assert_eq(
			tutela_hash_pixels(&pixels, TUTELA_WANT_PDQ | TUTELA_WANT_PDQ_FULL, TUTELA_ISA_AUTO, &both),
			TUTELA_OK);
		cr_assert_eq(tutela_hash_pixels(&pixels, TUTELA_WANT_PDQ_FULL, TUTELA_ISA_AUTO, &full), TUTELA_OK);
		cr_assert_eq(memcmp(&both.pdq, &full.pdq_full, sizeof(full.pdq_full)), 0);
		cr_assert_eq(memcmp(&both.pdq_full, &full.pdq_full, sizeof(full.pdq_full)), 0);
		free(px);
	}
}

Test(pdq_ref, refuses_what_is_no_picture)
{
	struct pdq_ref *r = (struct pdq_ref *)&r;

	cr_assert_eq(tutela_pdq_ref_new(0, 9, 1, &tutela_hash_scalar, &r), TUTELA_E_ARG);
	cr_assert_null(r);
	cr_assert_eq(tutela_pdq_ref_new(9, 0, 1, &tutela_hash_scalar, &r), TUTELA_E_ARG);
	cr_assert_eq(tutela_pdq_ref_new(9, 9, 2, &tutela_hash_scalar, &r), TUTELA_E_ARG);
	tutela_pdq_ref_free(NULL);
}
