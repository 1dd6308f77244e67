/* SPDX-License-Identifier: Apache-2.0 */
#include "hash/picture.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "hash/imagehash.h"
#include "hash/pdq.h"

#define MID_GRAY 128

struct picture {
	const struct hash_kernels *kernels;
	uint32_t width, height, channels, rows;
	struct pdq_ref *ref; /* these three: NULL when not wanted or not needed */
	struct pdq_plane *full;
	struct imagehash *imagehash;
	bool full_is_ref; /* nothing to sample, so the dialects agree and one computes for both */
	bool want_ref;
	uint8_t *gray_row; /* what stands in for a missing row */
};

static enum tutela_err open_sinks(struct picture *p, unsigned wants)
{
	enum tutela_err err = TUTELA_OK;

	p->want_ref = wants & TUTELA_WANT_PDQ;
	p->full_is_ref = wants & TUTELA_WANT_PDQ_FULL && p->width <= PDQ_REF_SIDE && p->height <= PDQ_REF_SIDE;
	if (p->want_ref || p->full_is_ref)
		err = tutela_pdq_ref_new(p->width, p->height, p->channels, p->kernels, &p->ref);
	if (!err && wants & TUTELA_WANT_PDQ_FULL && !p->full_is_ref && p->width >= PDQ_LEAST && p->height >= PDQ_LEAST)
		err = tutela_pdq_plane_new(p->height, p->width, p->kernels, &p->full);
	if (!err && wants & (TUTELA_WANT_PHASH | TUTELA_WANT_DHASH))
		err = tutela_imagehash_new(p->width, p->height, p->channels, wants, p->kernels, &p->imagehash);
	return err;
}

enum tutela_err tutela_picture_new(uint32_t width, uint32_t height, uint32_t channels, unsigned wants,
				   enum tutela_isa isa, struct picture **out)
{
	const struct hash_kernels *kernels = tutela_hash_kernels(isa);
	struct picture *p;
	enum tutela_err err;

	*out = NULL;
	if (!width || !height || (channels != 1 && channels != 3) || !kernels)
		return TUTELA_E_ARG;
	p = tutela_mem_array(1, sizeof(*p));
	if (!p)
		return TUTELA_E_NOMEM;
	*p = (struct picture){.kernels = kernels, .width = width, .height = height, .channels = channels};
	p->gray_row = tutela_mem_array(width, channels);
	err = p->gray_row ? open_sinks(p, wants) : TUTELA_E_NOMEM;
	if (err) {
		tutela_picture_free(p);
		return err;
	}
	memset(p->gray_row, MID_GRAY, (size_t)width * channels);
	*out = p;
	return TUTELA_OK;
}

void tutela_picture_row(struct picture *p, const uint8_t *row)
{
	uint32_t y = p->rows;

	if (y == p->height)
		return;
	p->rows++;
	if (p->ref)
		tutela_pdq_ref_row(p->ref, row, y);
	if (p->full) {
		float *slot = tutela_pdq_plane_slot(p->full);

		if (p->channels == 1)
			p->kernels->luma_gray(row, p->width, slot);
		else
			p->kernels->luma_rgb(row, p->width, slot);
		tutela_pdq_plane_push(p->full);
	}
	if (p->imagehash)
		tutela_imagehash_row(p->imagehash, row, y);
}

uint32_t tutela_picture_rows(const struct picture *p)
{
	return p->rows;
}

void tutela_picture_finish(struct picture *p, struct tutela_perceptual *out)
{
	struct tutela_pdq ref = {0};

	memset(out, 0, sizeof(*out));
	while (p->rows < p->height)
		tutela_picture_row(p, p->gray_row);
	if (p->ref)
		tutela_pdq_ref_finish(p->ref, &ref);
	if (p->want_ref)
		out->pdq = ref;
	if (p->full_is_ref)
		out->pdq_full = ref;
	if (p->full)
		tutela_pdq_plane_finish(p->full, &out->pdq_full);
	if (p->imagehash)
		tutela_imagehash_finish(p->imagehash, out);
}

void tutela_picture_free(struct picture *p)
{
	if (!p)
		return;
	tutela_pdq_ref_free(p->ref);
	tutela_pdq_plane_free(p->full);
	tutela_imagehash_free(p->imagehash);
	free(p->gray_row);
	free(p);
}

static bool pixels_valid(const struct tutela_pixels *px)
{
	size_t row;

	if (!px || !px->data || !px->width || !px->height || (px->channels != 1 && px->channels != 3))
		return false;
	return !__builtin_mul_overflow((size_t)px->width, (size_t)px->channels, &row) && px->stride >= row;
}

enum tutela_err tutela_hash_pixels(const struct tutela_pixels *pixels, unsigned wants, enum tutela_isa isa,
				   struct tutela_perceptual *out)
{
	struct picture *p;
	enum tutela_err err;

	if (!out)
		return TUTELA_E_ARG;
	memset(out, 0, sizeof(*out));
	if (!pixels_valid(pixels))
		return TUTELA_E_ARG;
	err = tutela_picture_new(pixels->width, pixels->height, pixels->channels, wants, isa, &p);
	if (err)
		return err;
	for (uint32_t y = 0; y < pixels->height; y++)
		tutela_picture_row(p, pixels->data + y * pixels->stride);
	tutela_picture_finish(p, out);
	tutela_picture_free(p);
	return TUTELA_OK;
}
