/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels of hashing that are the same for every instruction set that adds
 * eight floats at once: eight rows where a sum runs along a row, eight columns
 * everywhere else, so that every lane does what the scalar loop does.
 *
 * Only for hash_<instruction set>.c, which includes this once. Before that it
 * defines the vector: type v8; v8_all (one float in every lane), v8_load and
 * v8_store (any address of a float), v8_add, v8_sub, v8_mul, v8_div, each
 * rounded once in every lane. After it: v8_transpose.
 */
#ifndef TUTELA_HASH_HASH_LANES_H
#define TUTELA_HASH_HASH_LANES_H

#include "hash/hash_kernels.h"

#define LANES 8

/*
 * for i in 0 .. n - 1, n <= 8, unrolled: vectors in arrays stay in registers
 * only then, and gcc does not do it by itself at -O2.
 */
#if defined(__clang__)
#define foreach(i, n) _Pragma("unroll") for (size_t i = 0; i < (n); i++)
#else
#define foreach(i, n) _Pragma("GCC unroll 8") for (size_t i = 0; i < (n); i++)
#endif

_Static_assert(LANES == BOX_ROWS && LANES == BOX_PAD, "a strip is as high as a vector is wide");

/* Rows of eight floats to columns. */
static inline void v8_transpose(v8 v[LANES]);

/* Eight running sums side by side. The ring holds the inputs, one vector a column. */
struct running {
	const float *in;
	size_t stride, n, w;
	float *ring;
	size_t mask;
	v8 sum;
};

static struct running running_init(const float *in, size_t stride, size_t n, size_t w, float *history)
{
	return (struct running){.in = in,
				.stride = stride,
				.n = n,
				.w = w,
				.ring = history,
				.mask = box_history(w) - 1,
				.sum = v8_all(0)};
}

static inline float *ring_at(const struct running *r, size_t t)
{
	return r->ring + (t & r->mask) * LANES;
}

/* Columns t .. t + 7 into the ring; t is a multiple of 8, and the strip is padded to one. */
static inline void fetch(const struct running *r, size_t t)
{
	v8 v[LANES];

	foreach (y, LANES)
		v[y] = v8_load(r->in + y * r->stride + t);
	v8_transpose(v);
	foreach (i, LANES)
		v8_store(ring_at(r, t) + i * LANES, v[i]);
}

/* Input t enters, input t - w leaves, where they exist. */
static inline void step(struct running *r, size_t t)
{
	if (t < r->n)
		r->sum = v8_add(r->sum, v8_load(ring_at(r, t)));
	if (t >= r->w)
		r->sum = v8_sub(r->sum, v8_load(ring_at(r, t - r->w)));
}

/* How many inputs are in the sum after step t. */
static inline float count_at(const struct running *r, size_t t)
{
	size_t left = t + 1 > r->w ? t + 1 - r->w : 0;
	size_t right = t < r->n ? t + 1 : r->n;

	return (float)(right - left);
}

/* Division by a power of two is multiplication, to the bit. */
static inline bool power_of_two(size_t w)
{
	return (w & (w - 1)) == 0;
}

/* Steps t .. t + 7, all of them between the ends. */
static inline void steady(struct running *r, size_t t, float *out, bool multiply)
{
	v8 v[LANES], by = v8_all(multiply ? 1.0f / (float)r->w : (float)r->w), sum = r->sum;

	foreach (i, LANES) {
		sum = v8_add(sum, v8_load(ring_at(r, t) + i * LANES));
		sum = v8_sub(sum, v8_load(ring_at(r, t + i - r->w)));
		v[i] = multiply ? v8_mul(sum, by) : v8_div(sum, by);
	}
	r->sum = sum;
	v8_transpose(v);
	foreach (y, LANES)
		v8_store(out + y * r->stride + t - r->w / 2, v[y]);
}

/* Step t near an end: one column of output, if it is there yet. */
static void edge(struct running *r, size_t t, float *out)
{
	float column[LANES];

	step(r, t);
	if (t < r->w / 2)
		return;
	v8_store(column, v8_div(r->sum, v8_all(count_at(r, t))));
	for (size_t y = 0; y < LANES; y++)
		out[y * r->stride + t - r->w / 2] = column[y];
}

static void box_rows(const float *in, float *out, size_t stride, unsigned rows, size_t n, size_t w, float *history)
{
	struct running r = running_init(in, stride, n, w, history);
	bool multiply = power_of_two(w);
	size_t end = n + w / 2;

	(void)rows;
	for (size_t t = 0; t < end; t += LANES) {
		if (t < n)
			fetch(&r, t);
		if (t >= w && t + LANES <= n) {
			if (multiply)
				steady(&r, t, out, true);
			else
				steady(&r, t, out, false);
			continue;
		}
		for (size_t i = t; i < t + LANES && i < end; i++)
			edge(&r, i, out);
	}
}

/* The sums after steps t .. t + 7, up to `end`. */
static inline void sums_of(struct running *r, size_t t, size_t end, float sums[LANES][LANES])
{
	if (t >= r->w && t + LANES <= r->n) {
		foreach (i, LANES) {
			r->sum = v8_add(r->sum, v8_load(ring_at(r, t) + i * LANES));
			r->sum = v8_sub(r->sum, v8_load(ring_at(r, t + i - r->w)));
			v8_store(sums[i], r->sum);
		}
		return;
	}
	for (size_t i = 0; i < LANES && t + i < end; i++) {
		step(r, t + i);
		v8_store(sums[i], r->sum);
	}
}

static void box_rows_at(const float *in, size_t stride, unsigned rows, size_t n, size_t w, const uint32_t at[PDQ_SIDE],
			float out[BOX_ROWS][PDQ_SIDE], float *history)
{
	struct running r = running_init(in, stride, n, w, history);
	size_t end = n + w / 2, j = 0;
	float sums[LANES][LANES];

	(void)rows;
	for (size_t t = 0; t < end; t += LANES) {
		if (t < n)
			fetch(&r, t);
		sums_of(&r, t, end, sums);
		for (; j < PDQ_SIDE && at[j] + w / 2 < t + LANES; j++) {
			size_t last = at[j] + w / 2;
			float count = count_at(&r, last);

			for (size_t y = 0; y < LANES; y++)
				out[y][j] = sums[last - t][y] / count;
		}
	}
}

static void box_columns(float *sum, const float *add, const float *sub, float *out, float count, size_t n)
{
	const v8 by = v8_all(count);

	for (size_t i = 0; i < n; i += LANES) {
		v8 v = v8_load(sum + i);

		if (add)
			v = v8_add(v, v8_load(add + i));
		if (sub)
			v = v8_sub(v, v8_load(sub + i));
		v8_store(sum + i, v);
		if (out)
			v8_store(out + i, v8_div(v, by));
	}
}

/* One row of D A: all 64 columns in registers. */
static void dct_row(const float a[PDQ_SIDE][PDQ_SIDE], const float d[PDQ_SIDE], float t[PDQ_SIDE])
{
	v8 sum[PDQ_SIDE / LANES];

	foreach (j, PDQ_SIDE / LANES)
		sum[j] = v8_all(0);
	for (size_t k = 0; k < PDQ_SIDE; k++) {
		v8 f = v8_all(d[k]);

		foreach (j, PDQ_SIDE / LANES)
			sum[j] = v8_add(sum[j], v8_mul(f, v8_load(&a[k][j * LANES])));
	}
	foreach (j, PDQ_SIDE / LANES)
		v8_store(t + j * LANES, sum[j]);
}

static void dct(const float a[PDQ_SIDE][PDQ_SIDE], const float d[PDQ_FREQS][PDQ_SIDE], float b[PDQ_FREQS][PDQ_FREQS])
{
	float t[PDQ_SIDE], turned[PDQ_SIDE][PDQ_FREQS];

	for (size_t k = 0; k < PDQ_SIDE; k++)
		for (size_t j = 0; j < PDQ_FREQS; j++)
			turned[k][j] = d[j][k];
	for (size_t i = 0; i < PDQ_FREQS; i++) {
		v8 low = v8_all(0), high = v8_all(0);

		dct_row(a, d[i], t);
		for (size_t k = 0; k < PDQ_SIDE; k++) {
			v8 f = v8_all(t[k]);

			low = v8_add(low, v8_mul(f, v8_load(&turned[k][0])));
			high = v8_add(high, v8_mul(f, v8_load(&turned[k][LANES])));
		}
		v8_store(&b[i][0], low);
		v8_store(&b[i][LANES], high);
	}
}

#endif
