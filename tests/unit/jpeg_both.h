/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JPEG file both ways: our reading of its luma coefficients, and
 * libjpeg-turbo's. For the unit tests and the fuzzer; a difference is a
 * finding.
 */
#ifndef TUTELA_TEST_JPEG_BOTH_H
#define TUTELA_TEST_JPEG_BOTH_H

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "decode/worker/jpeg_samples.h"
#include "hash/picture.h"

#define JPEG_BOTH_PDQ (TUTELA_WANT_PDQ | TUTELA_WANT_PDQ_FULL)
#define JPEG_BOTH_ALL TUTELA_WANT_PERCEPTUAL

struct jpeg_both_errors {
	struct jpeg_error_mgr mgr;
	jmp_buf escape;
};

static inline void jpeg_both_exit(j_common_ptr c)
{
	longjmp(((struct jpeg_both_errors *)(void *)c->err)->escape, 1);
}

/* Warnings that codec_jpeg.c counts as damage. */
static inline void jpeg_both_quiet(j_common_ptr c, int level)
{
	int code = c->err->msg_code;

	if (level < 0 && code != JWRN_EXTRANEOUS_DATA && code != JWRN_JFIF_MAJOR && code != JWRN_ADOBE_XFORM &&
	    code != JWRN_BOGUS_ICC)
		c->err->num_warnings++;
}

/* Ours. False: declined. */
static inline bool jpeg_both_ours(const uint8_t *bytes, size_t len, uint64_t max_pixels, unsigned wants,
				  enum tutela_isa isa, struct tutela_perceptual *out)
{
	const struct jpeg_limits limits = {max_pixels, (uint64_t)1 << 30, 500, UINT64_MAX};
	struct jpeg_stream *stream = tutela_jpeg_stream_new(bytes, len, &limits);
	struct jpeg_samples *samples = NULL;
	bool ok = false;

	memset(out, 0, sizeof *out);
	if (!stream)
		return false;
	samples = tutela_jpeg_samples_new(tutela_jpeg_stream_geometry(stream), wants, isa);
	ok = samples != NULL;
	for (uint32_t i = 0; ok && i < tutela_jpeg_stream_geometry(stream)->block_rows; i++) {
		const int16_t *blocks = tutela_jpeg_stream_row(stream);

		ok = blocks && tutela_jpeg_samples_row(samples, blocks);
	}
	ok = ok && tutela_jpeg_stream_finish(stream);
	if (ok)
		tutela_jpeg_samples_finish(samples, out);
	tutela_jpeg_samples_free(samples);
	tutela_jpeg_stream_free(stream);
	return ok;
}

static inline void jpeg_both_begin(struct jpeg_decompress_struct *d, struct jpeg_both_errors *e)
{
	d->err = jpeg_std_error(&e->mgr);
	e->mgr.error_exit = jpeg_both_exit;
	e->mgr.emit_message = jpeg_both_quiet;
}

/* What libjpeg-turbo had to say. */
enum jpeg_both_verdict { JPEG_BOTH_CLEAN, JPEG_BOTH_WARNED, JPEG_BOTH_FAILED };

/* libjpeg-turbo's gray pixels through the row by row hash. */
static inline enum jpeg_both_verdict jpeg_both_pixels(const uint8_t *bytes, size_t len, bool *progressive,
						      struct tutela_perceptual *out)
{
	struct jpeg_decompress_struct d = {0};
	struct jpeg_both_errors e;
	struct picture *volatile picture = NULL;
	struct picture *begun = NULL;
	uint8_t *volatile row = NULL;
	volatile enum jpeg_both_verdict verdict = JPEG_BOTH_FAILED;

	memset(out, 0, sizeof *out);
	*progressive = false;
	jpeg_both_begin(&d, &e);
	if (setjmp(e.escape))
		goto out;
	jpeg_create_decompress(&d);
	jpeg_mem_src(&d, bytes, len);
	jpeg_read_header(&d, TRUE);
	*progressive = d.progressive_mode;
	if (d.jpeg_color_space != JCS_GRAYSCALE && d.jpeg_color_space != JCS_YCbCr)
		goto out;
	d.out_color_space = JCS_GRAYSCALE;
	jpeg_start_decompress(&d);
	row = malloc(d.output_width);
	if (!row || tutela_picture_new(d.output_width, d.output_height, 1, JPEG_BOTH_ALL, TUTELA_ISA_AUTO, &begun))
		goto out;
	picture = begun;
	while (d.output_scanline < d.output_height) {
		uint8_t *to = row;

		jpeg_read_scanlines(&d, &to, 1);
		tutela_picture_row(picture, to);
	}
	jpeg_finish_decompress(&d);
	tutela_picture_finish(picture, out);
	verdict = e.mgr.num_warnings ? JPEG_BOTH_WARNED : JPEG_BOTH_CLEAN;
out:
	tutela_picture_free(picture);
	free(row);
	jpeg_destroy_decompress(&d);
	return verdict;
}

/* libjpeg-turbo's coefficients through our sampling. False: an error, or declined by the sampling. */
static inline bool jpeg_both_coefficients(const uint8_t *bytes, size_t len, struct tutela_perceptual *out)
{
	struct jpeg_decompress_struct d = {0};
	struct jpeg_both_errors e;
	struct jpeg_samples *volatile samples = NULL;
	struct jpeg_geometry g = {0};
	jvirt_barray_ptr *arrays;
	volatile bool ok = false;

	memset(out, 0, sizeof *out);
	jpeg_both_begin(&d, &e);
	if (setjmp(e.escape))
		goto out;
	jpeg_create_decompress(&d);
	jpeg_mem_src(&d, bytes, len);
	jpeg_read_header(&d, TRUE);
	arrays = jpeg_read_coefficients(&d);
	g = (struct jpeg_geometry){
		d.image_width, d.image_height, d.comp_info[0].width_in_blocks, d.comp_info[0].height_in_blocks, {0}};
	for (int k = 0; k < DCTSIZE2; k++)
		g.quantisers[k] = d.comp_info[0].quant_table->quantval[k];
	samples = tutela_jpeg_samples_new(&g, JPEG_BOTH_PDQ, TUTELA_ISA_AUTO);
	ok = samples != NULL;
	for (uint32_t i = 0; ok && i < g.block_rows; i++) {
		JBLOCKARRAY rows = d.mem->access_virt_barray((j_common_ptr)&d, arrays[0], i, 1, FALSE);

		ok = tutela_jpeg_samples_row(samples, rows[0][0]);
	}
	if (ok)
		tutela_jpeg_samples_finish(samples, out);
out:
	tutela_jpeg_samples_free(samples);
	jpeg_destroy_decompress(&d);
	return ok;
}

/*
 * All samples made, not only those that PDQ takes: NULL, or what differs. They may be declined, where a sample that
 * PDQ does not take is out of bounds.
 */
static inline const char *jpeg_both_all_samples(const uint8_t *bytes, size_t len, uint64_t max_pixels,
						const struct tutela_perceptual *pdq, struct tutela_perceptual *all,
						bool *taken)
{
	struct tutela_perceptual scalar;

	*taken = jpeg_both_ours(bytes, len, max_pixels, JPEG_BOTH_ALL, TUTELA_ISA_AUTO, all);
	if (*taken != jpeg_both_ours(bytes, len, max_pixels, JPEG_BOTH_ALL, TUTELA_ISA_SCALAR, &scalar))
		return "of scalar and vector code only one takes all samples";
	if (!*taken)
		return NULL;
	if (memcmp(all, &scalar, sizeof scalar) != 0)
		return "scalar and vector code differ in all samples";
	if (memcmp(&all->pdq, &pdq->pdq, sizeof pdq->pdq) != 0 ||
	    memcmp(&all->pdq_full, &pdq->pdq_full, sizeof pdq->pdq_full) != 0)
		return "PDQ differs when all samples are made";
	return NULL;
}

/*
 * NULL when all ways agree or ours declined; else what differs. Progressive
 * files may be damaged where only chroma is: ours passes over that, and luma must
 * be the same all the same.
 */
static inline const char *jpeg_both_difference(const uint8_t *bytes, size_t len, uint64_t max_pixels, bool *taken)
{
	struct tutela_perceptual ours, scalar, all, pixels, coefficients;
	enum jpeg_both_verdict verdict;
	const char *difference;
	bool progressive, all_taken;

	*taken = jpeg_both_ours(bytes, len, max_pixels, JPEG_BOTH_PDQ, TUTELA_ISA_AUTO, &ours);
	if (!*taken)
		return NULL;
	if (!jpeg_both_ours(bytes, len, max_pixels, JPEG_BOTH_PDQ, TUTELA_ISA_SCALAR, &scalar))
		return "scalar code declines what vector code takes";
	if (memcmp(&ours, &scalar, sizeof ours) != 0)
		return "scalar and vector code differ";
	difference = jpeg_both_all_samples(bytes, len, max_pixels, &ours, &all, &all_taken);
	if (difference)
		return difference;
	verdict = jpeg_both_pixels(bytes, len, &progressive, &pixels);
	if (verdict != JPEG_BOTH_CLEAN && !progressive)
		return "taken, though libjpeg-turbo has something to say";
	if (verdict == JPEG_BOTH_FAILED)
		return NULL;
	if (memcmp(&ours.pdq, &pixels.pdq, sizeof ours.pdq) != 0)
		return "the ref dialect is not that of libjpeg-turbo's pixels";
	if (all_taken && (memcmp(all.phash, pixels.phash, sizeof all.phash) != 0 ||
			  memcmp(all.dhash, pixels.dhash, sizeof all.dhash) != 0))
		return "pHash or dHash is not that of libjpeg-turbo's pixels";
	if (!jpeg_both_coefficients(bytes, len, &coefficients))
		return "taken, though libjpeg-turbo gives no coefficients";
	if (memcmp(&ours, &coefficients, sizeof ours) != 0)
		return "not the hashes of libjpeg-turbo's coefficients";
	return NULL;
}

#endif
