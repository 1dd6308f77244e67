/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "formula.h"
#include "hash/picture.h"

static struct tutela_perceptual hash_all(const struct tutela_pixels *px, enum tutela_isa isa)
{
	struct tutela_perceptual out;

	cr_assert_eq(tutela_hash_pixels(px, TUTELA_WANT_PERCEPTUAL, isa, &out), TUTELA_OK, "%u x %u", px->width,
		     px->height);
	return out;
}

/* The first `rows` rows of the picture, one by one. */
static struct tutela_perceptual hash_rows(const struct tutela_pixels *px, uint32_t rows)
{
	struct tutela_perceptual out;
	struct picture *p;

	cr_assert_eq(
		tutela_picture_new(px->width, px->height, px->channels, TUTELA_WANT_PERCEPTUAL, TUTELA_ISA_AUTO, &p),
		TUTELA_OK);
	for (uint32_t y = 0; y < rows; y++) {
		cr_assert_eq(tutela_picture_rows(p), y);
		tutela_picture_row(p, px->data + y * px->stride);
	}
	tutela_picture_finish(p, &out);
	tutela_picture_free(p);
	return out;
}

static void compare_levels(int pattern, uint32_t w, uint32_t h, uint32_t channels)
{
	uint8_t *data = formula_picture(pattern, w, h, channels);
	struct tutela_pixels px = formula_pixels(data, w, h, channels);
	struct tutela_perceptual want = hash_all(&px, TUTELA_ISA_SCALAR), got;

	for (int isa = TUTELA_ISA_AUTO; isa <= TUTELA_ISA_NEON; isa++) {
		if (!tutela_cpu_has((enum tutela_isa)isa))
			continue;
		got = hash_all(&px, (enum tutela_isa)isa);
		cr_assert_eq(memcmp(&got, &want, sizeof(got)), 0, "%s, %u x %u x %u",
			     tutela_isa_name((enum tutela_isa)isa), w, h, channels);
	}
	got = hash_rows(&px, h);
	cr_assert_eq(memcmp(&got, &want, sizeof(got)), 0, "row by row, %u x %u x %u", w, h, channels);
	free(data);
}

Test(picture, every_level_and_row_by_row_agree_on_small_sizes)
{
	for (uint32_t w = 1; w <= 70; w += w < 10 ? 1 : 6)
		for (uint32_t h = 1; h <= 70; h += h < 10 ? 1 : 6)
			compare_levels(2, w, h, (w + h) % 2 ? 1 : 3);
}

Test(picture, every_level_and_row_by_row_agree_on_large_sizes)
{
	for (uint32_t side = 511; side <= 514; side++) {
		compare_levels(2, side, 511 + (side + 1) % 4, 3);
		compare_levels(5, 513 - (side - 511), side, 1);
	}
	compare_levels(5, 640, 480, 3);
	compare_levels(2, 5, 3000, 1);
	compare_levels(2, 3000, 5, 3);
	compare_levels(2, 1, 2000, 3);
	compare_levels(2, 2000, 1, 1);
}

Test(picture, missing_rows_count_as_mid_gray)
{
	static const uint32_t present[] = {0, 1, 7, 8, 9, 300, 599};

	for (size_t i = 0; i < sizeof(present) / sizeof(*present); i++)
		for (uint32_t channels = 1; channels <= 3; channels += 2) {
			uint8_t *data = formula_picture(5, 90, 600, channels);
			struct tutela_pixels px = formula_pixels(data, 90, 600, channels);
			struct tutela_perceptual got = hash_rows(&px, present[i]), want;

			memset(data + present[i] * px.stride, 128, (600 - present[i]) * px.stride);
			want = hash_all(&px, TUTELA_ISA_AUTO);
			cr_assert_eq(memcmp(&got, &want, sizeof(got)), 0, "%u rows", present[i]);
			free(data);
		}
}

Test(picture, rows_past_the_end_are_ignored)
{
	uint8_t *data = formula_picture(3, 40, 50, 3);
	struct tutela_pixels tall = formula_pixels(data, 40, 50, 3), px = tall;
	struct tutela_perceptual want, got;
	struct picture *p;

	px.height = 45;
	want = hash_all(&px, TUTELA_ISA_AUTO);
	cr_assert_eq(tutela_picture_new(40, 45, 3, TUTELA_WANT_PERCEPTUAL, TUTELA_ISA_AUTO, &p), TUTELA_OK);
	for (uint32_t y = 0; y < 50; y++)
		tutela_picture_row(p, data + y * tall.stride);
	cr_assert_eq(tutela_picture_rows(p), 45);
	tutela_picture_finish(p, &got);
	tutela_picture_free(p);
	cr_assert_eq(memcmp(&got, &want, sizeof(got)), 0);
	free(data);
}

Test(picture, bytes_between_rows_do_not_count)
{
	uint8_t *data = formula_picture(3, 100, 80, 3), *wide = malloc(80 * 317);
	struct tutela_pixels px = formula_pixels(data, 100, 80, 3), padded = px;
	struct tutela_perceptual want, got;

	memset(wide, 0xa5, 80 * 317);
	for (size_t y = 0; y < 80; y++)
		memcpy(wide + y * 317, data + y * 300, 300);
	padded.data = wide;
	padded.stride = 317;
	want = hash_all(&px, TUTELA_ISA_AUTO);
	got = hash_all(&padded, TUTELA_ISA_AUTO);
	cr_assert_eq(memcmp(&got, &want, sizeof(got)), 0);
	free(data);
	free(wide);
}

/* A gray picture and the same as RGB: the samples are equal, and Pillow's gray of equal channels is the channel. */
Test(picture, gray_as_rgb_has_the_same_64_bit_hashes)
{
	uint8_t *gray = formula_picture(5, 333, 222, 1), *rgb = malloc(333 * 222 * 3);
	struct tutela_pixels px = formula_pixels(gray, 333, 222, 1);
	struct tutela_perceptual a = hash_all(&px, TUTELA_ISA_AUTO), b;

	for (size_t i = 0; i < 333 * 222; i++)
		memset(rgb + 3 * i, gray[i], 3);
	px = formula_pixels(rgb, 333, 222, 3);
	b = hash_all(&px, TUTELA_ISA_AUTO);
	cr_assert_arr_eq(a.phash, b.phash, sizeof(a.phash));
	cr_assert_arr_eq(a.dhash, b.dhash, sizeof(a.dhash));
	cr_assert_eq(a.pdq.quality, b.pdq.quality);
	free(gray);
	free(rgb);
}

Test(picture, computes_only_what_is_wanted)
{
	uint8_t *data = formula_picture(5, 700, 90, 3), *small = formula_picture(5, 70, 90, 3);

	for (unsigned size = 0; size < 2; size++) {
		struct tutela_pixels px = size ? formula_pixels(data, 700, 90, 3) : formula_pixels(small, 70, 90, 3);
		struct tutela_perceptual all = hash_all(&px, TUTELA_ISA_AUTO);

		for (unsigned wants = 0; wants < TUTELA_WANT_ALL; wants++) {
			struct tutela_perceptual want = {0}, got;

			if (wants & TUTELA_WANT_PDQ)
				want.pdq = all.pdq;
			if (wants & TUTELA_WANT_PDQ_FULL)
				want.pdq_full = all.pdq_full;
			if (wants & TUTELA_WANT_PHASH)
				memcpy(want.phash, all.phash, sizeof(all.phash));
			if (wants & TUTELA_WANT_DHASH)
				memcpy(want.dhash, all.dhash, sizeof(all.dhash));
			cr_assert_eq(tutela_hash_pixels(&px, wants, TUTELA_ISA_AUTO, &got), TUTELA_OK);
			cr_assert_eq(memcmp(&got, &want, sizeof(got)), 0, "wants %u", wants);
		}
	}
	free(data);
	free(small);
}

Test(picture, refuses_what_is_no_picture)
{
	uint8_t data[300] = {0};
	struct tutela_pixels good = formula_pixels(data, 10, 10, 3), px;
	struct tutela_perceptual out, zero;
	struct picture *p;

	memset(&zero, 0, sizeof(zero));
	memset(&out, 0xff, sizeof(out));
	cr_assert_eq(tutela_hash_pixels(NULL, TUTELA_WANT_PDQ, TUTELA_ISA_AUTO, &out), TUTELA_E_ARG);
	cr_assert_eq(memcmp(&out, &zero, sizeof(out)), 0, "cleared on failure");
	cr_assert_eq(tutela_hash_pixels(&good, TUTELA_WANT_PDQ, TUTELA_ISA_AUTO, NULL), TUTELA_E_ARG);
	cr_assert_eq(tutela_hash_pixels(&good, TUTELA_WANT_PDQ, (enum tutela_isa)42, &out), TUTELA_E_ARG);
#define REFUSED(field, value)                                                                                          \
	do {                                                                                                           \
		px = good;                                                                                             \
		px.field = value;                                                                                      \
		cr_assert_eq(tutela_hash_pixels(&px, TUTELA_WANT_PDQ, TUTELA_ISA_AUTO, &out), TUTELA_E_ARG, #field);   \
	} while (0)
	REFUSED(data, NULL);
	REFUSED(width, 0);
	REFUSED(height, 0);
	REFUSED(channels, 0);
	REFUSED(channels, 2);
	REFUSED(channels, 4);
	REFUSED(stride, 29);
#undef REFUSED
	for (int isa = TUTELA_ISA_AUTO; isa <= TUTELA_ISA_NEON; isa++)
		cr_assert_eq(tutela_hash_pixels(&good, TUTELA_WANT_PDQ, (enum tutela_isa)isa, &out),
			     tutela_cpu_has((enum tutela_isa)isa) ? TUTELA_OK : TUTELA_E_ARG);
	cr_assert_eq(tutela_picture_new(0, 1, 1, 0, TUTELA_ISA_AUTO, &p), TUTELA_E_ARG);
	cr_assert_null(p);
	cr_assert_eq(tutela_picture_new(1, 0, 1, 0, TUTELA_ISA_AUTO, &p), TUTELA_E_ARG);
	cr_assert_eq(tutela_picture_new(1, 1, 4, 0, TUTELA_ISA_AUTO, &p), TUTELA_E_ARG);
	tutela_picture_free(NULL);
}

Test(picture, one_pixel_has_no_pdq)
{
	uint8_t data[3] = {200, 100, 50};
	struct tutela_pixels px = formula_pixels(data, 1, 1, 3);
	struct tutela_perceptual out = hash_all(&px, TUTELA_ISA_AUTO);
	struct tutela_pdq zero = {0};

	cr_assert_eq(memcmp(&out.pdq, &zero, sizeof(zero)), 0);
	cr_assert_eq(memcmp(&out.pdq_full, &zero, sizeof(zero)), 0);
}
