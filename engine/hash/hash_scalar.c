/* SPDX-License-Identifier: Apache-2.0 */
/* The specification: one loop for one sentence of the definition. */
#include "hash/hash_kernels.h"

static void luma_gray(const uint8_t *px, size_t n, float *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (float)px[i];
}

static void luma_rgb(const uint8_t *px, size_t n, float *out)
{
	for (size_t i = 0; i < n; i++, px += 3)
		out[i] = (0.299f * (float)px[0] + 0.587f * (float)px[1]) + 0.114f * (float)px[2];
}

static void gray_rgb(const uint8_t *px, size_t n, uint8_t *out)
{
	for (size_t i = 0; i < n; i++, px += 3)
		out[i] = (uint8_t)((19595u * px[0] + 38470u * px[1] + 7471u * px[2] + 32768u) >> 16);
}

/* The running sum of a box: `t` inputs taken so far, the last w of them in the sum once t >= w. */
struct running {
	const float *in;
	size_t n, w, t;
	float sum;
};

/* Output number i, to be asked for in ascending order: the sum is brought up to input i + w / 2. */
static float running_mean(struct running *r, size_t i)
{
	size_t last = i + r->w / 2;

	for (; r->t <= last; r->t++) {
		if (r->t < r->n)
			r->sum += r->in[r->t];
		if (r->t >= r->w)
			r->sum -= r->in[r->t - r->w];
	}
	size_t left = last + 1 > r->w ? last + 1 - r->w : 0;
	size_t right = last < r->n ? last + 1 : r->n;

	return r->sum / (float)(right - left);
}

static void box_rows(const float *in, float *out, size_t stride, unsigned rows, size_t n, size_t w, float *history)
{
	(void)history;
	for (unsigned y = 0; y < rows; y++) {
		struct running r = {.in = in + y * stride, .n = n, .w = w};

		for (size_t i = 0; i < n; i++)
			out[y * stride + i] = running_mean(&r, i);
	}
}

static void box_rows_at(const float *in, size_t stride, unsigned rows, size_t n, size_t w, const uint32_t at[PDQ_SIDE],
			float out[BOX_ROWS][PDQ_SIDE], float *history)
{
	(void)history;
	for (unsigned y = 0; y < rows; y++) {
		struct running r = {.in = in + y * stride, .n = n, .w = w};

		for (size_t j = 0; j < PDQ_SIDE; j++)
			out[y][j] = running_mean(&r, at[j]);
	}
}

static void box_columns(float *sum, const float *add, const float *sub, float *out, float count, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (add)
			sum[i] += add[i];
		if (sub)
			sum[i] -= sub[i];
		if (out)
			out[i] = sum[i] / count;
	}
}

static void dct(const float a[PDQ_SIDE][PDQ_SIDE], const float d[PDQ_FREQS][PDQ_SIDE], float b[PDQ_FREQS][PDQ_FREQS])
{
	float t[PDQ_FREQS][PDQ_SIDE];

	for (size_t i = 0; i < PDQ_FREQS; i++)
		for (size_t j = 0; j < PDQ_SIDE; j++) {
			t[i][j] = 0;
			for (size_t k = 0; k < PDQ_SIDE; k++)
				t[i][j] += d[i][k] * a[k][j];
		}
	for (size_t i = 0; i < PDQ_FREQS; i++)
		for (size_t j = 0; j < PDQ_FREQS; j++) {
			b[i][j] = 0;
			for (size_t k = 0; k < PDQ_SIDE; k++)
				b[i][j] += t[i][k] * d[j][k];
		}
}

static void weigh(const uint8_t *px, size_t stride, const int16_t *hi, const int16_t *lo, size_t n,
		  uint32_t out[WEIGH_ROWS])
{
	for (unsigned y = 0; y < WEIGH_ROWS; y++, px += stride) {
		out[y] = 0;
		for (size_t i = 0; i < n; i++)
			out[y] += px[i] * ((uint32_t)hi[i] * (1u << WEIGHT_SHIFT) + (uint32_t)lo[i]);
	}
}

const struct hash_kernels tutela_hash_scalar = {
	.luma_gray = luma_gray,
	.luma_rgb = luma_rgb,
	.gray_rgb = gray_rgb,
	.box_rows = box_rows,
	.box_rows_at = box_rows_at,
	.box_columns = box_columns,
	.dct = dct,
	.weigh = weigh,
};
