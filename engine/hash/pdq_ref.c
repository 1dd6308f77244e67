/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ref dialect's sampling: when a side is over 512, both are brought to
 * 512 by nearest neighbour at the top left of each cell, so a side under 512
 * is enlarged and its rows are used more than once.
 */
#include "hash/pdq.h"

#include <stdlib.h>

#include "base/mem.h"

struct pdq_ref {
	struct pdq_plane *plane; /* NULL: too small to hash */
	const struct hash_kernels *kernels;
	uint32_t height, channels;
	uint32_t n_rows, n_cols; /* of the plane */
	uint32_t next;           /* row of the plane that comes next */
	uint32_t *columns;       /* of the picture, for each column of the plane; NULL: as they are */
	uint8_t *sampled;
};

static uint32_t source_of(uint32_t i, uint32_t n)
{
	return (uint32_t)((uint64_t)i * n / PDQ_REF_SIDE);
}

static enum tutela_err init_sampling(struct pdq_ref *r, uint32_t width)
{
	r->n_rows = r->n_cols = PDQ_REF_SIDE;
	r->columns = tutela_mem_array(PDQ_REF_SIDE, sizeof(*r->columns));
	r->sampled = tutela_mem_array(PDQ_REF_SIDE, r->channels);
	if (!r->columns || !r->sampled)
		return TUTELA_E_NOMEM;
	for (uint32_t x = 0; x < PDQ_REF_SIDE; x++)
		r->columns[x] = source_of(x, width);
	return TUTELA_OK;
}

enum tutela_err tutela_pdq_ref_new(uint32_t width, uint32_t height, uint32_t channels,
				   const struct hash_kernels *kernels, struct pdq_ref **out)
{
	struct pdq_ref *r;
	enum tutela_err err = TUTELA_OK;

	*out = NULL;
	if (!width || !height || (channels != 1 && channels != 3))
		return TUTELA_E_ARG;
	r = tutela_mem_array(1, sizeof(*r));
	if (!r)
		return TUTELA_E_NOMEM;
	*r = (struct pdq_ref){
		.kernels = kernels, .height = height, .channels = channels, .n_rows = height, .n_cols = width};
	if (width > PDQ_REF_SIDE || height > PDQ_REF_SIDE)
		err = init_sampling(r, width);
	if (!err && r->n_rows >= PDQ_LEAST && r->n_cols >= PDQ_LEAST)
		err = tutela_pdq_plane_new(r->n_rows, r->n_cols, kernels, &r->plane);
	if (err) {
		tutela_pdq_ref_free(r);
		return err;
	}
	*out = r;
	return TUTELA_OK;
}

static const uint8_t *sample(struct pdq_ref *r, const uint8_t *row)
{
	if (!r->columns)
		return row;
	if (r->channels == 1) {
		for (size_t x = 0; x < PDQ_REF_SIDE; x++)
			r->sampled[x] = row[r->columns[x]];
		return r->sampled;
	}
	for (size_t x = 0; x < PDQ_REF_SIDE; x++)
		for (size_t c = 0; c < 3; c++)
			r->sampled[3 * x + c] = row[3 * (size_t)r->columns[x] + c];
	return r->sampled;
}

/* Is picture row y the source of the next row of the plane? */
static bool wanted(const struct pdq_ref *r, uint32_t y)
{
	if (r->next == r->n_rows)
		return false;
	return y == (r->columns ? source_of(r->next, r->height) : r->next);
}

void tutela_pdq_ref_row(struct pdq_ref *r, const uint8_t *row, uint32_t y)
{
	const uint8_t *px;

	if (!r->plane || !wanted(r, y))
		return;
	px = sample(r, row);
	for (; wanted(r, y); r->next++) {
		float *slot = tutela_pdq_plane_slot(r->plane);

		if (r->channels == 1)
			r->kernels->luma_gray(px, r->n_cols, slot);
		else
			r->kernels->luma_rgb(px, r->n_cols, slot);
		tutela_pdq_plane_push(r->plane);
	}
}

void tutela_pdq_ref_finish(struct pdq_ref *r, struct tutela_pdq *out)
{
	if (r->plane)
		tutela_pdq_plane_finish(r->plane, out);
}

void tutela_pdq_ref_free(struct pdq_ref *r)
{
	if (!r)
		return;
	tutela_pdq_plane_free(r->plane);
	free(r->columns);
	free(r->sampled);
	free(r);
}
