/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JPEG. Luminance comes out as it is stored: the chroma of a YCbCr picture is
 * neither transformed nor converted. ISLOW, because the others are not faster
 * here and not exact.
 *
 * The hashes of an ordinary file come from its luma coefficients (jpeg_stream,
 * jpeg_samples). What these decline goes through
 * libjpeg-turbo, and its verdict on the file is the one that counts.
 */
#include "decode/worker/codec.h"
#include "decode/worker/jpeg_samples.h"

#include <limits.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <jerror.h>

/*
 * A camera writes one scan or some ten; each one costs a pass over all coefficients. So a large picture may have fewer:
 * ten of the size of the usual limit on pixels.
 */
#define SCANS_MAX       500
#define SCAN_PIXELS_MAX UINT64_C(3000000000)

/* Larger pictures are not smoothed where coefficients are missing, which costs several times what decoding does. */
#define SMOOTH_MAX UINT64_C(50000000)

struct jpeg {
	struct jpeg_decompress_struct d;
	struct jpeg_error_mgr errors;
	struct jpeg_progress_mgr progress;
	jmp_buf escape;
	struct row_sink *sink;
	uint8_t *row, *rgb;
	bool too_many_scans;
	bool ended;   /* the library ran out of bytes and went on with an end mark of its own */
	bool starved; /* a scan's data were used up before its blocks were: the rest is filling */
	bool damaged; /* any other warning about the data */
	bool any;     /* at least one row of blocks was real before the first warning */
};

static void quit(j_common_ptr c)
{
	longjmp(((struct jpeg *)c->client_data)->escape, 1);
}

static void no_output(j_common_ptr c)
{
	(void)c;
}

static void note_progress(struct jpeg *j)
{
	if (!j->ended && !j->starved && !j->damaged)
		j->any = j->d.input_scan_number > 1 || j->d.input_iMCU_row > 0;
}

/* level < 0: the data are damaged and the library goes on. */
static void on_message(j_common_ptr c, int level)
{
	struct jpeg *j = c->client_data;

	if (level >= 0)
		return;
	note_progress(j);
	switch (c->err->msg_code) {
	case JWRN_JPEG_EOF:
		j->ended = true;
		break;
	case JWRN_HIT_MARKER:
		j->starved = true;
		break;
	case JWRN_EXTRANEOUS_DATA: /* bytes between segments, which many cameras write */
	case JWRN_NOT_SEQUENTIAL:  /* a band of coefficients in baseline, where old encoders write zeros */
	case JWRN_JFIF_MAJOR:
	case JWRN_ADOBE_XFORM:
	case JWRN_BOGUS_ICC:
		break;
	default:
		j->damaged = true;
	}
}

static void on_progress(j_common_ptr c)
{
	struct jpeg *j = c->client_data;
	uint64_t pixels = (uint64_t)j->d.image_width * j->d.image_height, scans = (uint64_t)j->d.input_scan_number;

	if (scans > SCANS_MAX || scans * pixels > SCAN_PIXELS_MAX) {
		j->too_many_scans = true;
		quit(c);
	}
}

/* Class of an error that ended the decoding. */
static enum tutela_decode_class failure(const struct jpeg *j)
{
	if (j->too_many_scans)
		return TUTELA_DECODE_TOO_LARGE;
	switch (j->errors.msg_code) {
	case JERR_OUT_OF_MEMORY:
	case JERR_NO_BACKING_STORE:
	case JERR_IMAGE_TOO_BIG:
	case JERR_WIDTH_OVERFLOW:
		return TUTELA_DECODE_TOO_LARGE;
	case JERR_SOF_UNSUPPORTED:
	case JERR_BAD_PRECISION:
	case JERR_CONVERSION_NOTIMPL:
	case JERR_COMPONENT_COUNT:
	case JERR_EMPTY_IMAGE: /* the height comes after the data */
	case JERR_NOT_COMPILED:
	case JERR_ARITH_NOTIMPL:
	case JERR_FRACT_SAMPLE_NOTIMPL:
	case JERR_CCIR601_NOTIMPL:
		return TUTELA_DECODE_UNSUPPORTED;
	}
	return j->ended ? TUTELA_DECODE_TRUNCATED : TUTELA_DECODE_CORRUPT;
}

/*
 * A file that only lacks its end mark is whole; libjpeg says nothing more in
 * that case than that the bytes ended. Scans that never came show in the
 * precision of the luminance coefficients (progressive) or in their number.
 */
static bool scans_missing(const struct jpeg *j)
{
	const struct jpeg_decompress_struct *d = &j->d;

	if (!j->ended)
		return false;
	if (d->arith_code)
		return true;
	if (d->coef_bits) {
		for (int k = 0; k < DCTSIZE2; k++)
			if (d->coef_bits[0][k] != 0)
				return true;
		return false;
	}
	return d->comps_in_scan < d->num_components && d->input_scan_number < d->num_components;
}

static enum tutela_decode_class verdict(const struct jpeg *j)
{
	if (j->ended && (j->starved || scans_missing(j)))
		return TUTELA_DECODE_TRUNCATED;
	return j->starved || j->damaged ? TUTELA_DECODE_CORRUPT : TUTELA_DECODE_OK;
}

static enum tutela_decode_class choose_output(struct jpeg_decompress_struct *d)
{
	switch (d->jpeg_color_space) {
	case JCS_GRAYSCALE:
	case JCS_YCbCr:
		d->out_color_space = JCS_GRAYSCALE;
		break;
	case JCS_RGB:
		d->out_color_space = JCS_RGB;
		break;
	case JCS_CMYK:
	case JCS_YCCK:
		d->out_color_space = JCS_CMYK;
		break;
	default:
		return TUTELA_DECODE_UNSUPPORTED;
	}
	d->dct_method = JDCT_ISLOW;
	d->do_block_smoothing = (uint64_t)d->image_width * d->image_height <= SMOOTH_MAX;
	return TUTELA_DECODE_OK;
}

/*
 * Ink values are stored inverted (255: no ink), as Adobe's programs do and
 * every reader assumes, with or without their marker.
 */
static void cmyk_to_rgb(const uint8_t *cmyk, uint8_t *rgb, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < 3; k++)
			rgb[3 * i + k] = (uint8_t)((cmyk[4 * i + k] * cmyk[4 * i + 3] + 127) / 255);
}

static enum tutela_decode_class rows(struct jpeg *j)
{
	struct jpeg_decompress_struct *d = &j->d;
	bool cmyk = d->out_color_space == JCS_CMYK;
	enum tutela_decode_class c;

	jpeg_start_decompress(d);
	c = tutela_sink_begin(j->sink, d->out_color_space == JCS_GRAYSCALE ? 1 : 3);
	j->row = malloc((size_t)d->output_width * (size_t)d->output_components);
	j->rgb = cmyk ? malloc((size_t)d->output_width * 3) : NULL;
	if (c || !j->row || (cmyk && !j->rgb))
		return TUTELA_DECODE_TOO_LARGE;
	while (d->output_scanline < d->output_height) {
		jpeg_read_scanlines(d, &j->row, 1);
		if (cmyk)
			cmyk_to_rgb(j->row, j->rgb, d->output_width);
		tutela_sink_row(j->sink, cmyk ? j->rgb : j->row);
	}
	return verdict(j);
}

static enum tutela_decode_class decode(struct jpeg *j, const uint8_t *bytes, size_t len)
{
	struct jpeg_decompress_struct *d = &j->d;
	enum tutela_decode_class c;

	/* Every variable that lives over the jump is in *j. */
	if (setjmp(j->escape))
		return failure(j);
	jpeg_create_decompress(d);
	d->mem->max_memory_to_use = (long)(j->sink->max_memory / 2 < LONG_MAX ? j->sink->max_memory / 2 : LONG_MAX);
	d->progress = &j->progress;
	jpeg_mem_src(d, bytes, len);
	jpeg_read_header(d, TRUE);
	c = tutela_sink_size(j->sink, d->image_width, d->image_height, 1);
	if (!c)
		c = choose_output(d);
	return c ? c : rows(j);
}

/* All rows of blocks, from one to the other. False: declined. */
static bool pour(struct jpeg_stream *from, struct jpeg_samples *into)
{
	uint32_t rows_of_blocks = tutela_jpeg_stream_geometry(from)->block_rows;

	for (uint32_t i = 0; i < rows_of_blocks; i++) {
		const int16_t *blocks = tutela_jpeg_stream_row(from);

		if (!blocks || !tutela_jpeg_samples_row(into, blocks))
			return false;
	}
	return tutela_jpeg_stream_finish(from);
}

/* From the coefficients. False: libjpeg-turbo has to look at it. */
static bool give_hashes(const uint8_t *bytes, size_t len, struct row_sink *sink)
{
	const struct jpeg_limits limits = {sink->max_pixels, sink->max_memory / 2, SCANS_MAX, SCAN_PIXELS_MAX};
	struct jpeg_stream *stream = tutela_jpeg_stream_new(bytes, len, &limits);
	struct tutela_perceptual hashes;
	struct jpeg_samples *samples = NULL;
	bool ok = false;

	if (!stream)
		return false;
	samples = tutela_jpeg_samples_new(tutela_jpeg_stream_geometry(stream), sink->wants, sink->isa);
	if (!samples || !pour(stream, samples))
		goto out;
	tutela_jpeg_samples_finish(samples, &hashes);
	sink->width = tutela_jpeg_stream_geometry(stream)->width;
	sink->height = tutela_jpeg_stream_geometry(stream)->height;
	sink->frames = 1;
	tutela_sink_give(sink, &hashes);
	ok = true;
out:
	tutela_jpeg_samples_free(samples);
	tutela_jpeg_stream_free(stream);
	return ok;
}

enum tutela_decode_class tutela_codec_jpeg(const uint8_t *bytes, size_t len, struct row_sink *sink)
{
	struct jpeg j = {.sink = sink};
	enum tutela_decode_class c;

	if (give_hashes(bytes, len, sink))
		return TUTELA_DECODE_OK;
	j.d.err = jpeg_std_error(&j.errors);
	j.d.client_data = &j;
	j.errors.error_exit = quit;
	j.errors.emit_message = on_message;
	j.errors.output_message = no_output;
	j.progress.progress_monitor = on_progress;
	c = decode(&j, bytes, len);
	if ((c == TUTELA_DECODE_TRUNCATED || c == TUTELA_DECODE_CORRUPT) && !j.any &&
	    (j.ended || j.starved || j.damaged))
		tutela_sink_discard(sink);
	jpeg_destroy_decompress(&j.d);
	free(j.row);
	free(j.rgb);
	return c;
}
