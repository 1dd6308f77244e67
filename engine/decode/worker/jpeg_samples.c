/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/jpeg_samples.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "decode/worker/jpeg_kernels.h"
#include "hash/pdq.h"
#include "hash/picture.h"

/* One side of the full dialect's map: what 8 samples of a block add to the 64 decimated ones. */
struct axis {
	uint32_t blocks;
	uint8_t *first, *count; /* [blocks]: the decimated samples that the block reaches */
	uint32_t *at;           /* [blocks]: its first row of weights */
	float (*weights)[8];    /* by frequency, one row for each (block, decimated sample) */
};

/* Where the ref dialect samples. */
struct grid {
	uint32_t n;
	uint32_t *block; /* [n] */
	uint8_t *offset; /* [n] in the block, 0..7 */
};

struct jpeg_samples {
	const struct jpeg_kernels *kernels;
	const struct hash_kernels *hash_kernels;
	struct islow islow;
	struct quantisers quantisers;
	struct jpeg_geometry geometry;
	unsigned wants;
	uint32_t block_row; /* next */
	struct pdq_plane *plane;
	struct grid columns, rows;
	uint32_t next_row; /* of the grid */
	uint8_t *samples;
	int16_t *dequantised; /* a row of blocks */
	uint32_t dense;       /* so many blocks in a row, and all of their pixels are made for the grid's; 0: not so */
	struct picture *picture; /* made of all samples, instead of the plane; NULL: nothing needs them */
	struct grid every;       /* a column of each block */
	uint8_t *pixels;         /* a row of them */
	struct axis across, down;
	float (*sums)[PDQ_SIDE][8]; /* [PDQ_SIDE]: by decimated row, decimated column, frequency */
};

/* ------------------------------------------------------------------ the inverse transform */

#define FIX(x) ((int32_t)((x)*8192 + 0.5))

/* One column of jidctint.c without its rounding: 8 coefficients to 8 samples times 2^13. */
static void islow_column(const int32_t in[8], int32_t out[8])
{
	int32_t z1 = (in[2] + in[6]) * FIX(0.541196100);
	int32_t even2 = z1 - in[6] * FIX(1.847759065), even3 = z1 + in[2] * FIX(0.765366865);
	int32_t even0 = (in[0] + in[4]) * 8192, even1 = (in[0] - in[4]) * 8192;
	int32_t t10 = even0 + even3, t13 = even0 - even3, t11 = even1 + even2, t12 = even1 - even2;
	int32_t z5 = (in[7] + in[3] + in[5] + in[1]) * FIX(1.175875602);
	int32_t a = -(in[7] + in[1]) * FIX(0.899976223), b = -(in[5] + in[3]) * FIX(2.562915447);
	int32_t c = -(in[7] + in[3]) * FIX(1.961570560) + z5, d = -(in[5] + in[1]) * FIX(0.390180644) + z5;
	int32_t o0 = in[7] * FIX(0.298631336) + a + c, o1 = in[5] * FIX(2.053119869) + b + d;
	int32_t o2 = in[3] * FIX(3.072711026) + b + c, o3 = in[1] * FIX(1.501321110) + a + d;

	out[0] = t10 + o3;
	out[7] = t10 - o3;
	out[1] = t11 + o2;
	out[6] = t11 - o2;
	out[2] = t12 + o1;
	out[5] = t12 - o1;
	out[3] = t13 + o0;
	out[4] = t13 - o0;
}

static void islow_init(struct islow *islow)
{
	for (unsigned u = 0; u < 8; u++) {
		int32_t unit[8] = {0}, out[8];

		unit[u] = 1;
		islow_column(unit, out);
		for (unsigned x = 0; x < 8; x++)
			islow->m[x][u] = (int16_t)out[x];
	}
}

/* ------------------------------------------------------------------ ref */

static bool grid_init(struct grid *g, uint32_t length, uint32_t n)
{
	g->n = n;
	g->block = tutela_mem_array(n, sizeof *g->block);
	g->offset = tutela_mem_array(n, sizeof *g->offset);
	if (!g->block || !g->offset)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = (uint32_t)((double)i * length / n);

		g->block[i] = at / 8;
		g->offset[i] = at % 8;
	}
	return true;
}

static void grid_free(struct grid *g)
{
	free(g->block);
	free(g->offset);
}

/* The ref dialect samples it; else both dialects see the same pixels. */
static bool resampled(const struct jpeg_geometry *g)
{
	return g->width > PDQ_REF_SIDE || g->height > PDQ_REF_SIDE;
}

/* What samples at all are made of. */
static bool transform_init(struct jpeg_samples *s)
{
	islow_init(&s->islow);
	for (unsigned k = 0; k < 64; k++) {
		s->quantisers.q[k] = s->geometry.quantisers[k];
		s->quantisers.most[k] = (uint16_t)(JPEG_COEFFICIENT_MAX / s->geometry.quantisers[k]);
	}
	s->dequantised = tutela_mem_aligned((size_t)s->geometry.block_columns * 64, sizeof(*s->dequantised));
	return s->dequantised;
}

static bool ref_init(struct jpeg_samples *s)
{
	uint32_t n_cols = resampled(&s->geometry) ? PDQ_REF_SIDE : s->geometry.width;
	uint32_t n_rows = resampled(&s->geometry) ? PDQ_REF_SIDE : s->geometry.height;

	s->samples = tutela_mem_array(n_cols, 1);
	if (!s->samples || !transform_init(s) || !grid_init(&s->columns, s->geometry.width, n_cols) ||
	    !grid_init(&s->rows, s->geometry.height, n_rows) ||
	    tutela_pdq_plane_new(n_rows, n_cols, s->hash_kernels, &s->plane) != TUTELA_OK)
		return false;
	/* From four samples in a block on, all eight at once are cheaper. No block but the last is without any. */
	if (s->geometry.width > 2 * n_cols)
		return true;
	s->dense = s->columns.block[n_cols - 1] + 1;
	s->pixels = tutela_mem_array(s->dense, 8);
	return s->pixels;
}

/* Row y of the blocks at the columns of the grid. */
static bool grid_row(struct jpeg_samples *s, const struct sample_columns *columns, unsigned y)
{
	if (!s->dense)
		return s->kernels->sample_row(&s->islow, s->dequantised, y, columns, s->samples);
	if (!s->kernels->whole_row(&s->islow, s->dequantised, y, s->dense, s->pixels))
		return false;
	s->kernels->pick(s->pixels, s->dense * 8, columns, s->samples);
	return true;
}

/* Every row of the grid that lies in this row of blocks; a row that is wanted twice is made once. */
static bool ref_row(struct jpeg_samples *s, const int16_t *blocks)
{
	const struct sample_columns columns = {s->columns.n, s->columns.block, s->columns.offset};
	int made = -1;

	for (; s->next_row < s->rows.n && s->rows.block[s->next_row] == s->block_row; s->next_row++) {
		unsigned y = s->rows.offset[s->next_row];

		if (made < 0 && !s->kernels->dequantise(blocks, &s->quantisers, &columns, s->dequantised))
			return false;
		if ((int)y != made && !grid_row(s, &columns, y))
			return false;
		made = (int)y;
		s->hash_kernels->luma_gray(s->samples, s->columns.n, tutela_pdq_plane_slot(s->plane));
		tutela_pdq_plane_push(s->plane);
	}
	return true;
}

/* ------------------------------------------------------------------ all samples */

static bool picture_init(struct jpeg_samples *s, unsigned wants, enum tutela_isa isa)
{
	uint32_t blocks = (s->geometry.width + 7) / 8;

	s->pixels = tutela_mem_array(blocks, 8);
	return s->pixels && transform_init(s) && grid_init(&s->every, blocks * 8, blocks) &&
	       tutela_picture_new(s->geometry.width, s->geometry.height, 1, wants, isa, &s->picture) == TUTELA_OK;
}

static bool picture_row(struct jpeg_samples *s, const int16_t *blocks)
{
	const struct sample_columns columns = {s->every.n, s->every.block, s->every.offset};
	uint32_t top = 8 * s->block_row;

	/* Interleaved files may hold rows of blocks below the picture. */
	if (top >= s->geometry.height)
		return true;
	if (!s->kernels->dequantise(blocks, &s->quantisers, &columns, s->dequantised))
		return false;
	for (unsigned y = 0; y < 8 && top + y < s->geometry.height; y++) {
		if (!s->kernels->whole_row(&s->islow, s->dequantised, y, s->every.n, s->pixels))
			return false;
		tutela_picture_row(s->picture, s->pixels);
	}
	return true;
}

/* ------------------------------------------------------------------ full */

/* The box around i of n: [*from, *to], clipped. */
static void box(uint32_t i, uint32_t n, uint32_t *from, uint32_t *to)
{
	uint32_t w = (n + 127) / 128, right = w / 2, left = w - 1 - right;

	*from = i > left ? i - left : 0;
	*to = i + right < n ? i + right : n - 1;
}

/* Weights of the n samples in decimated sample i; returns the first and sets *last. Others stay zero. */
static uint32_t axis_sample(uint32_t i, uint32_t n, double *weight, uint32_t *last)
{
	uint32_t from, to, a, b, first = UINT32_MAX;

	*last = 0;
	box((uint32_t)((i + 0.5) * n / PDQ_SIDE), n, &from, &to);
	for (uint32_t k = from; k <= to; k++) {
		box(k, n, &a, &b);
		for (uint32_t m = a; m <= b; m++)
			weight[m] += 1.0 / (to - from + 1) / (b - a + 1);
		first = a < first ? a : first;
		*last = b > *last ? b : *last;
	}
	return first;
}

/* The transform's basis: what frequency u adds to sample x. */
struct basis {
	double m[8][8];
};

static void basis_init(struct basis *basis)
{
	for (unsigned u = 0; u < 8; u++)
		for (unsigned x = 0; x < 8; x++)
			basis->m[u][x] = 0.5 * (u ? 1 : M_SQRT1_2) * cos((2 * x + 1) * u * M_PI / 16);
}

/* Weight of frequency u in a block whose 8 samples weigh w[0..7]. */
static float axis_frequency(const struct basis *basis, const double w[8], unsigned u)
{
	double sum = 0;

	for (unsigned x = 0; x < 8; x++)
		sum += w[x] * basis->m[u][x];
	return (float)sum;
}

/*
 * Over the 64 samples: count what each block gets (basis NULL), or fill it in.
 * `length` samples, `blocks` blocks of 8 (the last ones may lie outside).
 */
static void axis_fill(struct axis *a, uint32_t length, double *weight, const struct basis *basis)
{
	for (uint32_t i = 0; i < PDQ_SIDE; i++) {
		uint32_t last, first = axis_sample(i, length, weight, &last);

		for (uint32_t b = first / 8; b <= last / 8; b++) {
			if (a->count[b] == 0)
				a->first[b] = (uint8_t)i;
			for (unsigned u = 0; basis && u < 8; u++)
				a->weights[a->at[b] + a->count[b]][u] =
					axis_frequency(basis, weight + 8 * (size_t)b, u);
			a->count[b]++;
		}
		memset(weight + first, 0, (last - first + 1) * sizeof *weight);
	}
}

static bool axis_init(struct axis *a, uint32_t length, uint32_t blocks)
{
	double *weight = tutela_mem_array((size_t)blocks * 8, sizeof *weight);
	struct basis basis;
	uint32_t n = 0;
	bool ok = false;

	a->blocks = blocks;
	a->first = tutela_mem_array(blocks, 1);
	a->count = tutela_mem_array(blocks, 1);
	a->at = tutela_mem_array(blocks, sizeof *a->at);
	if (!weight || !a->first || !a->count || !a->at)
		goto out;
	axis_fill(a, length, weight, NULL);
	for (uint32_t b = 0; b < blocks; b++) {
		a->at[b] = n;
		n += a->count[b];
	}
	a->weights = tutela_mem_array(n, sizeof *a->weights);
	if (!a->weights)
		goto out;
	memset(a->count, 0, blocks);
	basis_init(&basis);
	axis_fill(a, length, weight, &basis);
	ok = true;
out:
	free(weight);
	return ok;
}

static void axis_free(struct axis *a)
{
	free(a->first);
	free(a->count);
	free(a->at);
	free(a->weights);
}

static bool full_init(struct jpeg_samples *s)
{
	s->sums = tutela_mem_array(PDQ_SIDE, sizeof *s->sums);
	return s->sums && axis_init(&s->across, s->geometry.width, s->geometry.block_columns) &&
	       axis_init(&s->down, s->geometry.height, s->geometry.block_rows);
}

/*
 * Twice 8 * 128 is black to white; half a step of the coarsest 8-bit quantiser more is what rounding makes of them.
 * Beyond that a block is as white or black as before, where it is clamped, and here it would count as if it were not.
 */
#define MEAN_MAX (8 * 128 + 128)

static bool means_fit(const struct jpeg_samples *s, const int16_t *blocks)
{
	int most = MEAN_MAX / s->geometry.quantisers[0];
	bool over = false;

	for (uint32_t b = 0; b < s->across.blocks; b++)
		over |= abs(blocks[64 * (size_t)b]) > most;
	return !over;
}

static void full_row(struct jpeg_samples *s, const int16_t *blocks)
{
	const struct axis *down = &s->down, *across = &s->across;

	for (unsigned i = 0; i < down->count[s->block_row]; i++) {
		const float *weights = down->weights[down->at[s->block_row] + i];
		float rows[8][8];

		for (unsigned u = 0; u < 8; u++)
			for (unsigned v = 0; v < 8; v++)
				rows[u][v] = weights[u] * (float)s->geometry.quantisers[8 * u + v];
		s->kernels->weigh_blocks(blocks, across->blocks, (const float(*)[8])rows, across->first, across->count,
					 (const float(*)[8])across->weights, s->sums[down->first[s->block_row] + i]);
	}
}

static void full_finish(const struct jpeg_samples *s, struct tutela_pdq *out)
{
	float plane[PDQ_SIDE][PDQ_SIDE];

	for (unsigned i = 0; i < PDQ_SIDE; i++) {
		for (unsigned j = 0; j < PDQ_SIDE; j++) {
			const float *v = s->sums[i][j];

			plane[i][j] = ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7])) + 128;
		}
	}
	tutela_pdq_from_decimated((const float(*)[PDQ_SIDE])plane, s->hash_kernels, out);
}

/* ------------------------------------------------------------------ interface */

static bool suits(const struct jpeg_geometry *g)
{
	for (unsigned k = 0; k < 64; k++)
		if (g->quantisers[k] > INT16_MAX)
			return false;
	/* Under 128 the box is 1 wide: hardly a sum, and the sums' own rounding counts. */
	if (resampled(g))
		return g->width >= 128 && g->height >= 128;
	return g->width >= PDQ_LEAST && g->height >= PDQ_LEAST;
}

/* The ways that `wants` needs. All samples, once they are made, serve for everything but the full dialect. */
static bool begin(struct jpeg_samples *s, enum tutela_isa isa)
{
	bool full = (s->wants & TUTELA_WANT_PDQ_FULL) && resampled(&s->geometry);
	unsigned rest = full ? s->wants & ~(unsigned)TUTELA_WANT_PDQ_FULL : s->wants;

	if (full && !full_init(s))
		return false;
	if (rest & (TUTELA_WANT_PHASH | TUTELA_WANT_DHASH))
		return picture_init(s, rest, isa);
	return !rest || ref_init(s);
}

struct jpeg_samples *tutela_jpeg_samples_new(const struct jpeg_geometry *g, unsigned wants, enum tutela_isa isa)
{
	struct jpeg_samples *s;

	if (!suits(g))
		return NULL;
	s = tutela_mem_array(1, sizeof *s);
	if (!s)
		return NULL;
	s->geometry = *g;
	s->wants = wants & TUTELA_WANT_PERCEPTUAL;
	s->kernels = tutela_jpeg_kernels(isa);
	s->hash_kernels = tutela_hash_kernels(isa);
	if (s->hash_kernels && begin(s, isa))
		return s;
	tutela_jpeg_samples_free(s);
	return NULL;
}

bool tutela_jpeg_samples_row(struct jpeg_samples *s, const int16_t *blocks)
{
	if (s->block_row >= s->geometry.block_rows || (s->plane && !ref_row(s, blocks)) ||
	    (s->picture && !picture_row(s, blocks)) || (s->sums && !means_fit(s, blocks)))
		return false;
	if (s->sums)
		full_row(s, blocks);
	s->block_row++;
	return true;
}

void tutela_jpeg_samples_finish(struct jpeg_samples *s, struct tutela_perceptual *out)
{
	struct tutela_pdq ref;

	*out = (struct tutela_perceptual){0};
	if (s->picture)
		tutela_picture_finish(s->picture, out);
	if (s->plane) {
		tutela_pdq_plane_finish(s->plane, &ref);
		if (s->wants & TUTELA_WANT_PDQ)
			out->pdq = ref;
		if ((s->wants & TUTELA_WANT_PDQ_FULL) && !s->sums)
			out->pdq_full = ref;
	}
	if (s->sums)
		full_finish(s, &out->pdq_full);
}

void tutela_jpeg_samples_free(struct jpeg_samples *s)
{
	if (!s)
		return;
	tutela_pdq_plane_free(s->plane);
	tutela_picture_free(s->picture);
	grid_free(&s->columns);
	grid_free(&s->rows);
	grid_free(&s->every);
	axis_free(&s->across);
	axis_free(&s->down);
	free(s->samples);
	free(s->dequantised);
	free(s->pixels);
	free(s->sums);
	free(s);
}
