/* SPDX-License-Identifier: Apache-2.0 */
#include "hash/imagehash.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "hash/lanczos.h"

#define PHASH_SIDE  32 /* of the picture that is transformed */
#define PHASH_FREQS 8  /* frequencies kept per axis, the mean among them */
#define DHASH_COLS  9
#define DHASH_ROWS  8

struct imagehash {
	const struct hash_kernels *kernels;
	uint32_t width, height, channels;
	uint8_t *strip; /* WEIGH_ROWS gray rows */
	size_t stride;
	unsigned filled;               /* rows in the strip */
	struct lanczos *phash, *dhash; /* NULL when not wanted */
};

/* cos(m pi / 64): literals, so that no hash depends on a machine's cos(). */
static const double cosines[PHASH_SIDE] = {
	0x1p+0,
	0x1.ff621e3796d7ep-1,
	0x1.fd88da3d12526p-1,
	0x1.fa7557f08a517p-1,
	0x1.f6297cff75cbp-1,
	0x1.f0a7efb9230d7p-1,
	0x1.e9f4156c62ddap-1,
	0x1.e212104f686e5p-1,
	0x1.d906bcf328d46p-1,
	0x1.ced7af43cc773p-1,
	0x1.c38b2f180bdb1p-1,
	0x1.b728345196e3ep-1,
	0x1.a9b66290ea1a3p-1,
	0x1.9b3e047f38741p-1,
	0x1.8bc806b151741p-1,
	0x1.7b5df226aafafp-1,
	0x1.6a09e667f3bcdp-1,
	0x1.57d69348cec9fp-1,
	0x1.44cf325091dd6p-1,
	0x1.30ff7fce17036p-1,
	0x1.1c73b39ae68c9p-1,
	0x1.073879922ffedp-1,
	0x1.e2b5d3806f63ep-2,
	0x1.b5d1009e15cc2p-2,
	0x1.87de2a6aea964p-2,
	0x1.58f9a75ab1fddp-2,
	0x1.294062ed59f05p-2,
	0x1.f19f97b215f1ep-3,
	0x1.8f8b83c69a60dp-3,
	0x1.2c8106e8e613ap-3,
	0x1.917a6bc29b438p-4,
	0x1.91f65f10dd824p-5,
};

/* cos(m pi / 64) for any m; never asked for a right angle. */
static double cosine(unsigned m)
{
	m %= 128;
	if (m > 64)
		m = 128 - m;
	return m < PHASH_SIDE ? cosines[m] : -cosines[64 - m];
}

/*
 * The first PHASH_FREQS terms of 2 sum x[i] cos(pi k (2i + 1) / 2n), n a
 * power of two, into out[k * stride]; x is destroyed. Folding the halves on
 * each other makes a term that is zero by symmetry exactly zero, which is
 * what a fast transform gives and what the median then sees.
 */
static void dct_low(double *x, unsigned n, double *out, unsigned freqs, unsigned stride)
{
	unsigned half = n / 2;

	if (n == 1 || !freqs) {
		if (freqs)
			out[0] = 2 * x[0];
		return;
	}
	for (unsigned k = 1; k < freqs; k += 2) {
		double sum = 0;

		for (unsigned i = 0; i < half; i++)
			sum += (x[i] - x[n - 1 - i]) * cosine(k * (2 * i + 1) * (PHASH_SIDE / n));
		out[k * stride] = 2 * sum;
	}
	for (unsigned i = 0; i < half; i++)
		x[i] += x[n - 1 - i];
	dct_low(x, half, out, (freqs + 1) / 2, 2 * stride);
}

static void set_bit(uint8_t hash[TUTELA_HASH64_LEN], unsigned k)
{
	hash[k / 8] |= (uint8_t)(0x80u >> k % 8);
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Bits above the median; of an even number of values that is the mean of the two in the middle. */
static void above_median(const double *v, uint8_t hash[TUTELA_HASH64_LEN])
{
	double sorted[PHASH_FREQS * PHASH_FREQS], median;

	memcpy(sorted, v, sizeof(sorted));
	qsort(sorted, PHASH_FREQS * PHASH_FREQS, sizeof(*sorted), compare_doubles);
	median = (sorted[31] + sorted[32]) / 2;
	for (unsigned k = 0; k < PHASH_FREQS * PHASH_FREQS; k++)
		if (v[k] > median)
			set_bit(hash, k);
}

/* Down the columns, then along the rows. */
static void phash_of(const uint8_t px[PHASH_SIDE][PHASH_SIDE], uint8_t hash[TUTELA_HASH64_LEN])
{
	double down[PHASH_FREQS][PHASH_SIDE], low[PHASH_FREQS][PHASH_FREQS];

	for (unsigned x = 0; x < PHASH_SIDE; x++) {
		double column[PHASH_SIDE];

		for (unsigned y = 0; y < PHASH_SIDE; y++)
			column[y] = px[y][x];
		dct_low(column, PHASH_SIDE, &down[0][x], PHASH_FREQS, PHASH_SIDE);
	}
	for (unsigned k = 0; k < PHASH_FREQS; k++)
		dct_low(down[k], PHASH_SIDE, low[k], PHASH_FREQS, 1);
	above_median(&low[0][0], hash);
}

static void dhash_of(const uint8_t px[DHASH_ROWS][DHASH_COLS], uint8_t hash[TUTELA_HASH64_LEN])
{
	for (unsigned y = 0; y < DHASH_ROWS; y++)
		for (unsigned x = 0; x < DHASH_COLS - 1; x++)
			if (px[y][x + 1] > px[y][x])
				set_bit(hash, y * (DHASH_COLS - 1) + x);
}

enum tutela_err tutela_imagehash_new(uint32_t width, uint32_t height, uint32_t channels, unsigned wants,
				     const struct hash_kernels *kernels, struct imagehash **out)
{
	struct imagehash *h;
	enum tutela_err err = TUTELA_OK;

	*out = NULL;
	if (!width || !height || (channels != 1 && channels != 3))
		return TUTELA_E_ARG;
	h = tutela_mem_array(1, sizeof(*h));
	if (!h)
		return TUTELA_E_NOMEM;
	*h = (struct imagehash){.kernels = kernels, .width = width, .height = height, .channels = channels};
	h->stride = (size_t)width + WEIGHT_PAD;
	h->strip = tutela_mem_array(WEIGH_ROWS, h->stride);
	if (!h->strip)
		err = TUTELA_E_NOMEM;
	if (!err && wants & TUTELA_WANT_PHASH)
		err = tutela_lanczos_new(width, height, PHASH_SIDE, PHASH_SIDE, kernels, &h->phash);
	if (!err && wants & TUTELA_WANT_DHASH)
		err = tutela_lanczos_new(width, height, DHASH_COLS, DHASH_ROWS, kernels, &h->dhash);
	if (err) {
		tutela_imagehash_free(h);
		return err;
	}
	*out = h;
	return TUTELA_OK;
}

void tutela_imagehash_row(struct imagehash *h, const uint8_t *row, uint32_t y)
{
	uint8_t *slot = h->strip + h->filled * h->stride;
	uint32_t first = y - h->filled;

	if (h->channels == 3)
		h->kernels->gray_rgb(row, h->width, slot);
	else
		memcpy(slot, row, h->width);
	h->filled++;
	if (h->filled < WEIGH_ROWS && y + 1 < h->height)
		return;
	if (h->phash)
		tutela_lanczos_rows(h->phash, h->strip, h->stride, first, h->filled);
	if (h->dhash)
		tutela_lanczos_rows(h->dhash, h->strip, h->stride, first, h->filled);
	h->filled = 0;
}

void tutela_imagehash_finish(struct imagehash *h, struct tutela_perceptual *out)
{
	uint8_t large[PHASH_SIDE][PHASH_SIDE], small[DHASH_ROWS][DHASH_COLS];

	if (h->phash) {
		tutela_lanczos_finish(h->phash, large[0]);
		phash_of(large, out->phash);
	}
	if (h->dhash) {
		tutela_lanczos_finish(h->dhash, small[0]);
		dhash_of(small, out->dhash);
	}
}

void tutela_imagehash_free(struct imagehash *h)
{
	if (!h)
		return;
	free(h->strip);
	tutela_lanczos_free(h->phash);
	tutela_lanczos_free(h->dhash);
	free(h);
}
