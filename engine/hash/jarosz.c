/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows go through in strips of BOX_ROWS. A strip is blurred along its rows
 * into a ring, from which the first column box takes the row that enters its
 * window and the row that leaves it. What comes out lands in the strip that
 * is free by then, is blurred along its rows again, now only where one of
 * the 64 columns needs it, and those go through a column box of their own.
 */
#include "hash/jarosz.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* A box down some columns: rows in, each with the row that leaves the window, and w / 2 rows later rows out. */
struct column_box {
	size_t n, w; /* rows in all, width of the window */
	size_t t;    /* steps made */
	size_t ring_rows, ring_stride, cols;
	float *sum, *ring;
};

struct jarosz {
	const struct hash_kernels *kernels;
	size_t n_rows, n_cols, stride;
	size_t row_width; /* of the box along rows */
	unsigned filled;  /* rows in the strip */
	size_t decimated; /* rows of `out` written */
	float *strip;     /* BOX_ROWS rows as they arrive, then as they leave the first column box */
	float *history;
	struct column_box first, second;
	uint32_t row_at[PDQ_SIDE], col_at[PDQ_SIDE];
	float out[PDQ_SIDE][PDQ_SIDE];
};

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

static size_t window(size_t n)
{
	return n / 128 + (n % 128 != 0);
}

static float *ring_row(const struct column_box *b, size_t t)
{
	return b->ring + t % b->ring_rows * b->ring_stride;
}

/* Room for a strip beside the window, so that a strip is always contiguous. */
static bool column_box_init(struct column_box *b, size_t n, size_t cols, size_t stride)
{
	b->n = n;
	b->w = window(n);
	b->cols = cols;
	b->ring_stride = stride;
	b->ring_rows = round_up(b->w, BOX_ROWS) + BOX_ROWS;
	b->sum = tutela_mem_array(stride, sizeof(*b->sum));
	b->ring = tutela_mem_array(b->ring_rows, stride * sizeof(*b->ring));
	return b->sum && b->ring;
}

/*
 * One step: input row t, which is in the ring, enters when t < n; row t - w
 * leaves. Returns whether an output row, number t - w / 2, was written.
 */
static bool column_box_step(struct column_box *b, const struct hash_kernels *kernels, float *out)
{
	size_t t = b->t++;
	const float *add = t < b->n ? ring_row(b, t) : NULL;
	const float *sub = t >= b->w ? ring_row(b, t - b->w) : NULL;
	size_t left = sub ? t - b->w + 1 : 0;
	size_t right = add ? t + 1 : b->n;
	bool gives = t >= b->w / 2;

	kernels->box_columns(b->sum, add, sub, gives ? out : NULL, (float)(right - left), b->cols);
	return gives;
}

/* floor((i + 0.5) * n / 64) in double, as the reference has it. */
static void decimation(size_t n, uint32_t at[PDQ_SIDE])
{
	for (size_t i = 0; i < PDQ_SIDE; i++)
		at[i] = (uint32_t)(((double)i + 0.5) * (double)n / PDQ_SIDE);
}

enum tutela_err tutela_jarosz_new(size_t n_rows, size_t n_cols, const struct hash_kernels *kernels, struct jarosz **out)
{
	struct jarosz *j;

	*out = NULL;
	if (!n_rows || !n_cols || n_rows > UINT32_MAX || n_cols > UINT32_MAX)
		return TUTELA_E_ARG;
	if (n_cols > SIZE_MAX / 64) /* so that the sizes below are exact where size_t is narrow */
		return TUTELA_E_NOMEM;
	j = tutela_mem_array(1, sizeof(*j));
	if (!j)
		return TUTELA_E_NOMEM;
	j->kernels = kernels;
	j->n_rows = n_rows;
	j->n_cols = n_cols;
	j->stride = round_up(n_cols, BOX_PAD);
	j->row_width = window(n_cols);
	j->strip = tutela_mem_array(BOX_ROWS, j->stride * sizeof(*j->strip));
	j->history = tutela_mem_aligned(box_history(j->row_width), BOX_ROWS * sizeof(*j->history));
	if (!column_box_init(&j->first, n_rows, j->stride, j->stride) ||
	    !column_box_init(&j->second, n_rows, PDQ_SIDE, PDQ_SIDE) || !j->strip || !j->history) {
		tutela_jarosz_free(j);
		return TUTELA_E_NOMEM;
	}
	decimation(n_rows, j->row_at);
	decimation(n_cols, j->col_at);
	*out = j;
	return TUTELA_OK;
}

/* One step of the second column box; a row that is sampled (several times when the plane is lower than 64) is kept. */
static void step_second(struct jarosz *j)
{
	float row[PDQ_SIDE];
	size_t y = j->second.t - j->second.w / 2;

	if (!column_box_step(&j->second, j->kernels, row))
		return;
	for (; j->decimated < PDQ_SIDE && j->row_at[j->decimated] == y; j->decimated++)
		memcpy(j->out[j->decimated], row, sizeof(row));
}

/* The `rows` rows in the strip have left the first column box. */
static void second_round(struct jarosz *j, unsigned rows)
{
	float picked[BOX_ROWS][PDQ_SIDE];

	j->kernels->box_rows_at(j->strip, j->stride, rows, j->n_cols, j->row_width, j->col_at, picked, j->history);
	for (unsigned y = 0; y < rows; y++) {
		memcpy(ring_row(&j->second, j->second.t), picked[y], sizeof(picked[y]));
		step_second(j);
	}
}

static void first_round(struct jarosz *j)
{
	unsigned rows = 0;

	j->kernels->box_rows(j->strip, ring_row(&j->first, j->first.t), j->stride, j->filled, j->n_cols, j->row_width,
			     j->history);
	for (; j->filled; j->filled--)
		rows += column_box_step(&j->first, j->kernels, j->strip + rows * j->stride);
	if (rows)
		second_round(j, rows);
}

float *tutela_jarosz_slot(struct jarosz *j)
{
	return j->strip + j->filled * j->stride;
}

void tutela_jarosz_push(struct jarosz *j)
{
	if (++j->filled == BOX_ROWS)
		first_round(j);
}

void tutela_jarosz_finish(struct jarosz *j, float out[PDQ_SIDE][PDQ_SIDE])
{
	unsigned rows;

	if (j->filled)
		first_round(j);
	while (j->first.t < j->n_rows + j->first.w / 2) {
		for (rows = 0; rows < BOX_ROWS && j->first.t < j->n_rows + j->first.w / 2; rows++)
			(void)column_box_step(&j->first, j->kernels, j->strip + rows * j->stride);
		second_round(j, rows);
	}
	while (j->second.t < j->n_rows + j->second.w / 2)
		step_second(j);
	memcpy(out, j->out, sizeof(j->out));
}

void tutela_jarosz_free(struct jarosz *j)
{
	if (!j)
		return;
	free(j->strip);
	free(j->history);
	free(j->first.sum);
	free(j->first.ring);
	free(j->second.sum);
	free(j->second.ring);
	free(j);
}
