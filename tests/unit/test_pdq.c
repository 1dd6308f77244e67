/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include <tutela/hash.h>

#include "formula.h"
#include "hash/jarosz.h"
#include "hash/pdq.h"
#include "pdq_vectors.h"

/* The dialect's plane, its hash of 64 x 64 samples, its text forms. */
struct answer {
	uint32_t luma, samples;
	char hash[65], dihedral[8 * 65];
	int quality;
};

static bool parse_vector(const char *line, struct vector *v)
{
	return sscanf(line, "P%d,%u,%u,%u,%x,%x,%x,%x,%64[^,],%d,%519[^,],%x,%x,%64[^,],%d", &v->pattern, &v->w, &v->h,
		      &v->channels, &v->crc_bytes, &v->crc_sampled, &v->ref_luma, &v->ref_samples, v->ref_hash,
		      &v->ref_quality, v->ref_dihedral, &v->full_luma, &v->full_samples, v->full_hash,
		      &v->full_quality) == 15;
}

/* Nearest neighbour to 512 x 512 as the definition words it; free() it. */
static uint8_t *sampled(const uint8_t *px, const struct vector *v, uint32_t *w, uint32_t *h)
{
	bool resample = v->w > 512 || v->h > 512;
	uint8_t *out, *at;

	*w = resample ? 512 : v->w;
	*h = resample ? 512 : v->h;
	out = at = malloc((size_t)*w * *h * v->channels);
	for (uint32_t y = 0; y < *h; y++)
		for (uint32_t x = 0; x < *w; x++) {
			size_t sx = resample ? (size_t)floor((double)x * v->w / 512) : x;
			size_t sy = resample ? (size_t)floor((double)y * v->h / 512) : y;

			memcpy(at, px + (sy * v->w + sx) * v->channels, v->channels);
			at += v->channels;
		}
	return out;
}

static uint32_t crc_of_samples(const float *luma, size_t rows, size_t cols, const struct hash_kernels *kernels)
{
	float a[PDQ_SIDE][PDQ_SIDE];
	struct jarosz *j;

	if (rows < 5 || cols < 5)
		return 0;
	if (rows == PDQ_SIDE && cols == PDQ_SIDE) /* the shortcut's samples are the plane */
		return formula_crc32(luma, sizeof(a));
	cr_assert_eq(tutela_jarosz_new(rows, cols, kernels, &j), TUTELA_OK);
	for (size_t y = 0; y < rows; y++) {
		memcpy(tutela_jarosz_slot(j), luma + y * cols, cols * sizeof(*luma));
		tutela_jarosz_push(j);
	}
	tutela_jarosz_finish(j, a);
	tutela_jarosz_free(j);
	return formula_crc32(a, sizeof(a));
}

static void text_of(const struct tutela_pdq *pdq, struct answer *out)
{
	formula_hex(pdq->hash, TUTELA_PDQ_LEN, out->hash);
	for (size_t d = 0; d < TUTELA_DIHEDRALS; d++) {
		formula_hex(pdq->dihedral[d], TUTELA_PDQ_LEN, out->dihedral + d * 65);
		out->dihedral[d * 65 + 64] = d == 7 ? 0 : ' ';
	}
	out->quality = pdq->quality;
}

/* Every stage of one dialect on the pixels that it sees. */
static void stages(const uint8_t *px, uint32_t w, uint32_t h, uint32_t channels, enum tutela_isa isa,
		   struct answer *out)
{
	const struct hash_kernels *kernels = tutela_hash_kernels(isa);
	float *luma = malloc((size_t)w * h * sizeof(*luma));
	struct tutela_pdq pdq;

	if (channels == 1)
		kernels->luma_gray(px, (size_t)w * h, luma);
	else
		kernels->luma_rgb(px, (size_t)w * h, luma);
	out->luma = formula_crc32(luma, (size_t)w * h * sizeof(*luma));
	out->samples = crc_of_samples(luma, h, w, kernels);
	cr_assert_eq(tutela_pdq_from_luma(luma, h, w, isa, &pdq), TUTELA_OK);
	text_of(&pdq, out);
	free(luma);
}

static void expect_ref(const struct vector *v, const struct answer *a)
{
	cr_assert_eq(a->luma, v->ref_luma);
	cr_assert_eq(a->samples, v->ref_samples);
	cr_assert_str_eq(a->hash, v->ref_hash);
	cr_assert_eq(a->quality, v->ref_quality);
	cr_assert_str_eq(a->dihedral, v->ref_dihedral);
}

static void expect_full(const struct vector *v, const struct answer *a)
{
	cr_assert_eq(a->luma, v->full_luma);
	cr_assert_eq(a->samples, v->full_samples);
	cr_assert_str_eq(a->hash, v->full_hash);
	cr_assert_eq(a->quality, v->full_quality);
}

/* Stage by stage through the private parts, then pixels to hash through the public entry. */
static void conform(const struct vector *v)
{
	uint8_t *px = formula_picture(v->pattern, v->w, v->h, v->channels), *small;
	struct tutela_pixels pixels = formula_pixels(px, v->w, v->h, v->channels);
	enum tutela_isa isas[2];
	uint32_t w, h;

	cr_log_info("P%d %ux%u, %u channels", v->pattern, v->w, v->h, v->channels);
	cr_assert_eq(formula_crc32(px, (size_t)v->w * v->h * v->channels), v->crc_bytes);
	small = sampled(px, v, &w, &h);
	cr_assert_eq(formula_crc32(small, (size_t)w * h * v->channels), v->crc_sampled);
	for (size_t i = 0, n = formula_isas(isas); i < n; i++) {
		struct tutela_perceptual all;
		struct answer a;

		stages(small, w, h, v->channels, isas[i], &a);
		expect_ref(v, &a);
		stages(px, v->w, v->h, v->channels, isas[i], &a);
		expect_full(v, &a);

		cr_assert_eq(tutela_hash_pixels(&pixels, TUTELA_WANT_PDQ | TUTELA_WANT_PDQ_FULL, isas[i], &all),
			     TUTELA_OK);
		text_of(&all.pdq, &a);
		cr_assert_str_eq(a.hash, v->ref_hash);
		cr_assert_str_eq(a.dihedral, v->ref_dihedral);
		cr_assert_eq(a.quality, v->ref_quality);
		text_of(&all.pdq_full, &a);
		cr_assert_str_eq(a.hash, v->full_hash);
		cr_assert_eq(a.quality, v->full_quality);
	}
	free(small);
	free(px);
}

Test(pdq, reproduces_the_vectors_in_the_tree)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++)
		conform(&vectors[i]);
}

Test(pdq, reproduces_every_formula_vector, .timeout = 300)
{
	FILE *f = fopen(TEST_VECTORS "/pdq-luma.csv", "r");
	char line[2048];
	struct vector v;

	if (!f)
		cr_skip_test("skipped: no vectors");
	while (fgets(line, sizeof(line), f)) {
		if (line[0] != 'P' || line[1] < '0' || line[1] > '5')
			continue; /* the heading; decoded files, which the tests of the decoder cover */
		cr_assert(parse_vector(line, &v), "%s", line);
		conform(&v);
	}
	fclose(f);
}

Test(pdq, names_the_dihedral_hashes)
{
	cr_assert_str_eq(tutela_dihedral_name(TUTELA_ORIGINAL), "original");
	cr_assert_str_eq(tutela_dihedral_name(TUTELA_ROTATE90), "rotate90");
	cr_assert_str_eq(tutela_dihedral_name(TUTELA_ROTATE180), "rotate180");
	cr_assert_str_eq(tutela_dihedral_name(TUTELA_ROTATE270), "rotate270");
	cr_assert_str_eq(tutela_dihedral_name(TUTELA_FLIPX), "flipx");
	cr_assert_str_eq(tutela_dihedral_name(TUTELA_FLIPY), "flipy");
	cr_assert_str_eq(tutela_dihedral_name(TUTELA_FLIPPLUS1), "flipplus1");
	cr_assert_str_eq(tutela_dihedral_name(TUTELA_FLIPMINUS1), "flipminus1");
	cr_assert_null(tutela_dihedral_name((enum tutela_dihedral)8));
	cr_assert_null(tutela_dihedral_name((enum tutela_dihedral) - 1));
}

Test(pdq, refuses_what_is_no_plane)
{
	float luma[64 * 64] = {0};
	struct tutela_pdq out, zero;

	memset(&zero, 0, sizeof(zero));
	memset(&out, 0xff, sizeof(out));
	cr_assert_eq(tutela_pdq_from_luma(NULL, 64, 64, TUTELA_ISA_AUTO, &out), TUTELA_E_ARG);
	cr_assert_arr_eq(&out, &zero, sizeof(out), "cleared on failure");
	cr_assert_eq(tutela_pdq_from_luma(luma, 0, 64, TUTELA_ISA_AUTO, &out), TUTELA_E_ARG);
	cr_assert_eq(tutela_pdq_from_luma(luma, 64, 0, TUTELA_ISA_AUTO, &out), TUTELA_E_ARG);
	cr_assert_eq(tutela_pdq_from_luma(luma, (size_t)UINT32_MAX + 1, 5, TUTELA_ISA_AUTO, &out), TUTELA_E_ARG);
	cr_assert_eq(tutela_pdq_from_luma(luma, 64, 64, (enum tutela_isa)77, &out), TUTELA_E_ARG);
	cr_assert_eq(tutela_pdq_from_luma(luma, 64, 64, TUTELA_ISA_AUTO, NULL), TUTELA_E_ARG);
	cr_assert_eq(tutela_pdq_from_luma(luma, 64, 64, TUTELA_ISA_AUTO, &out), TUTELA_OK);
}

Test(pdq, refuses_samples_out_of_range)
{
	static const float bad[] = {-0.001f, 255.01f, 1e30f, -1e30f, INFINITY, -INFINITY, NAN};
	float luma[20 * 30];
	struct tutela_pdq out, zero;

	memset(&zero, 0, sizeof(zero));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		for (size_t at = 0; at < 600; at += 599) {
			for (size_t k = 0; k < 600; k++)
				luma[k] = (float)(k % 256);
			luma[at] = bad[i];
			cr_assert_eq(tutela_pdq_from_luma(luma, 20, 30, TUTELA_ISA_AUTO, &out), TUTELA_E_ARG);
			cr_assert_arr_eq(&out, &zero, sizeof(out));
		}
	cr_assert_eq(tutela_pdq_from_luma(luma, 4, 10, TUTELA_ISA_AUTO, &out), TUTELA_OK, "too small, yet in range");
	cr_assert_arr_eq(&out, &zero, sizeof(out));
}

Test(pdq, skips_the_blur_at_64x64_only_for_the_plain_hash)
{
	uint8_t *px = formula_picture(4, 64, 64, 3);
	struct tutela_pixels pixels = formula_pixels(px, 64, 64, 3);
	enum tutela_isa isas[2];

	for (size_t i = 0, n = formula_isas(isas); i < n; i++) {
		struct tutela_perceptual out;
		float a[PDQ_SIDE][PDQ_SIDE];
		struct tutela_pdq again;

		cr_assert_eq(tutela_hash_pixels(&pixels, TUTELA_WANT_PDQ, isas[i], &out), TUTELA_OK);
		cr_assert_arr_neq(out.pdq.hash, out.pdq.dihedral[TUTELA_ORIGINAL], TUTELA_PDQ_LEN);
		tutela_hash_kernels(isas[i])->luma_rgb(px, sizeof(a) / sizeof(float), a[0]);
		cr_assert_eq(tutela_pdq_from_luma(a[0], 64, 64, isas[i], &again), TUTELA_OK);
		cr_assert_arr_eq(&out.pdq, &again, sizeof(again));
	}
	free(px);
}

static unsigned distance(const uint8_t *a, const uint8_t *b)
{
	unsigned d = 0;

	for (size_t i = 0; i < TUTELA_PDQ_LEN; i++)
		d += (unsigned)__builtin_popcount(a[i] ^ b[i]);
	return d;
}

/* Pattern 3 at 256 x 256, each pixel where the symmetry's inverse finds it. */
static void turned(uint8_t *out, const uint8_t *px, enum tutela_dihedral d)
{
	const unsigned n = 255;

	for (unsigned y = 0; y <= n; y++)
		for (unsigned x = 0; x <= n; x++) {
			const unsigned at[TUTELA_DIHEDRALS][2] = {
				[TUTELA_ORIGINAL] = {y, x},          [TUTELA_ROTATE90] = {x, n - y},
				[TUTELA_ROTATE180] = {n - y, n - x}, [TUTELA_ROTATE270] = {n - x, y},
				[TUTELA_FLIPX] = {n - y, x},         [TUTELA_FLIPY] = {y, n - x},
				[TUTELA_FLIPPLUS1] = {x, y},         [TUTELA_FLIPMINUS1] = {n - x, n - y},
			};

			out[y * 256 + x] = px[at[d][0] * 256 + at[d][1]];
		}
}

/* The names mean what they say: the derived hash is near the hash of the turned picture, and of no other. */
Test(pdq, derives_the_hash_of_the_turned_picture)
{
	uint8_t *px = formula_picture(3, 256, 256, 1), *other = malloc(256 * 256);
	struct tutela_pixels pixels = formula_pixels(px, 256, 256, 1), turned_pixels = pixels;
	struct tutela_perceptual out, direct;

	turned_pixels.data = other;
	cr_assert_eq(tutela_hash_pixels(&pixels, TUTELA_WANT_PDQ, TUTELA_ISA_AUTO, &out), TUTELA_OK);
	for (int d = 0; d < TUTELA_DIHEDRALS; d++) {
		turned(other, px, (enum tutela_dihedral)d);
		cr_assert_eq(tutela_hash_pixels(&turned_pixels, TUTELA_WANT_PDQ, TUTELA_ISA_AUTO, &direct), TUTELA_OK);
		for (int e = 0; e < TUTELA_DIHEDRALS; e++) {
			unsigned dist = distance(out.pdq.dihedral[e], direct.pdq.hash);

			cr_assert((dist < 64) == (d == e), "%d against %d: %u", e, d, dist);
		}
	}
	free(px);
	free(other);
}
