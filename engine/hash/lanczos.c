/* SPDX-License-Identifier: Apache-2.0 */
#include "hash/lanczos.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

#define PI             3.14159265358979323846
#define PRECISION_BITS 22
#define HALF           (1u << (PRECISION_BITS - 1))

/* One axis: which inputs each output is made of. */
struct axis {
	uint32_t n_in;
	unsigned n_out;
	double scale;   /* inputs for one output */
	double stretch; /* of the filter: the same, but at least 1 */
	uint32_t first[LANCZOS_MAX], end[LANCZOS_MAX];
};

struct lanczos {
	const struct hash_kernels *kernels;
	struct axis across, down;
	int16_t *hi[LANCZOS_MAX], *lo[LANCZOS_MAX]; /* weights across, padded; one allocation, at hi[0] */
	double sum_down[LANCZOS_MAX];               /* of the weights of one output */
	unsigned done;                              /* rows of the small picture that no input touches any more */
	uint32_t acc[LANCZOS_MAX][LANCZOS_MAX];     /* modulo 2^32; the true sum fits in int32_t */
};

/*
 * sin(x) for 0 <= x <= pi / 2: Taylor, the first term left out is below
 * 3e-16. Not libm's, so that no hash depends on a machine's sin().
 */
static double sine(double x)
{
	double xx = x * x, sum = 1 / 121645100408832000.0;

	sum = 1 / 355687428096000.0 - sum * xx;
	sum = 1 / 1307674368000.0 - sum * xx;
	sum = 1 / 6227020800.0 - sum * xx;
	sum = 1 / 39916800.0 - sum * xx;
	sum = 1 / 362880.0 - sum * xx;
	sum = 1 / 5040.0 - sum * xx;
	sum = 1 / 120.0 - sum * xx;
	sum = 1 / 6.0 - sum * xx;
	return (1 - sum * xx) * x;
}

/*
 * sinc(x) sinc(x / 3) for |x| < 3, else 0. With t = pi x / 3 it is
 * sin(3t) sin(t) / (3 t^2), and sin(3t) = 3 sin(t) - 4 sin(t)^3.
 */
static double filter(double x)
{
	double t = fabs(x) * (PI / 3), s;

	if (!(x >= -3.0 && x < 3.0))
		return 0;
	if (t < 1e-9)
		return 1;
	s = sine(t > PI / 2 ? PI - t : t);
	return s * s * (3 - 4 * s * s) / (3 * t * t);
}

static double weight(const struct axis *a, unsigned out, uint32_t in)
{
	double centre = (out + 0.5) * a->scale;

	return filter((in - centre + 0.5) * (1.0 / a->stretch));
}

/* A weight as a fraction of its output's sum, in fixed point. */
static int32_t fixed_point(double k, double sum)
{
	k = (sum != 0 ? k / sum : k) * (1 << PRECISION_BITS);
	return (int32_t)(k < 0 ? k - 0.5 : k + 0.5);
}

static void axis_init(struct axis *a, uint32_t n_in, unsigned n_out)
{
	a->n_in = n_in;
	a->n_out = n_out;
	a->scale = (double)n_in / n_out;
	a->stretch = a->scale < 1 ? 1 : a->scale;
	for (unsigned i = 0; i < n_out; i++) {
		double centre = (i + 0.5) * a->scale, support = 3 * a->stretch;
		double first = centre - support + 0.5, end = centre + support + 0.5;

		a->first[i] = first < 0 ? 0 : (uint32_t)first;
		a->end[i] = end > n_in ? n_in : (uint32_t)end;
	}
}

static size_t padded(const struct axis *a, unsigned out)
{
	return ((size_t)(a->end[out] - a->first[out]) + WEIGHT_PAD - 1) / WEIGHT_PAD * WEIGHT_PAD;
}

/* Weights of one output across. raw: room for as many. */
static void fill_weights(const struct axis *a, unsigned out, double *raw, int16_t *hi, int16_t *lo)
{
	uint32_t n = a->end[out] - a->first[out];
	double sum = 0;

	for (uint32_t x = 0; x < n; x++)
		sum += raw[x] = weight(a, out, a->first[out] + x);
	for (uint32_t x = 0; x < n; x++) {
		int32_t k = fixed_point(raw[x], sum);
		int32_t low = k & ((1 << WEIGHT_SHIFT) - 1);

		hi[x] = (int16_t)((k - low) / (1 << WEIGHT_SHIFT));
		lo[x] = (int16_t)low;
	}
}

static bool init_across(struct lanczos *l)
{
	const struct axis *a = &l->across;
	size_t total = 0, most = 0;
	double *raw;
	int16_t *at;

	for (unsigned i = 0; i < a->n_out; i++) {
		total += 2 * padded(a, i);
		most = padded(a, i) > most ? padded(a, i) : most;
	}
	at = tutela_mem_array(total, sizeof(*at));
	raw = tutela_mem_array(most, sizeof(*raw));
	for (unsigned i = 0; at && raw && i < a->n_out; i++) {
		l->hi[i] = at;
		l->lo[i] = at + padded(a, i);
		at += 2 * padded(a, i);
		fill_weights(a, i, raw, l->hi[i], l->lo[i]);
	}
	if (!raw)
		free(at);
	free(raw);
	return l->hi[0] != NULL;
}

static void init_down(struct lanczos *l)
{
	const struct axis *d = &l->down;

	for (unsigned i = 0; i < d->n_out; i++) {
		for (uint32_t y = d->first[i]; y < d->end[i]; y++)
			l->sum_down[i] += weight(d, i, y);
		for (unsigned j = 0; j < l->across.n_out; j++)
			l->acc[i][j] = HALF;
	}
}

enum tutela_err tutela_lanczos_new(uint32_t width, uint32_t height, unsigned n_cols, unsigned n_rows,
				   const struct hash_kernels *kernels, struct lanczos **out)
{
	struct lanczos *l = tutela_mem_array(1, sizeof(*l));

	*out = NULL;
	if (!l)
		return TUTELA_E_NOMEM;
	l->kernels = kernels;
	axis_init(&l->across, width, n_cols);
	axis_init(&l->down, height, n_rows);
	if (!init_across(l)) {
		free(l);
		return TUTELA_E_NOMEM;
	}
	init_down(l);
	*out = l;
	return TUTELA_OK;
}

/* acc / 2^22 of the signed value, cut to a byte. */
static uint8_t clip(uint32_t acc)
{
	int32_t v = (int32_t)acc;

	if (v < 0)
		return 0;
	v >>= PRECISION_BITS;
	return v > 255 ? 255 : (uint8_t)v;
}

/* Row y of the picture, resampled across, into the rows that it touches. */
static void add_down(struct lanczos *l, uint32_t y, const uint8_t small[LANCZOS_MAX])
{
	const struct axis *d = &l->down;

	while (l->done < d->n_out && d->end[l->done] <= y)
		l->done++;
	for (unsigned i = l->done; i < d->n_out && d->first[i] <= y; i++) {
		uint32_t k = (uint32_t)fixed_point(weight(d, i, y), l->sum_down[i]);

		for (unsigned j = 0; j < l->across.n_out; j++)
			l->acc[i][j] += k * small[j];
	}
}

void tutela_lanczos_rows(struct lanczos *l, const uint8_t *strip, size_t stride, uint32_t y, unsigned rows)
{
	const struct axis *a = &l->across;
	uint8_t small[WEIGH_ROWS][LANCZOS_MAX];

	for (unsigned j = 0; j < a->n_out; j++) {
		uint32_t sums[WEIGH_ROWS];

		l->kernels->weigh(strip + a->first[j], stride, l->hi[j], l->lo[j], padded(a, j), sums);
		for (unsigned i = 0; i < WEIGH_ROWS; i++)
			small[i][j] = clip(sums[i] + HALF);
	}
	for (unsigned i = 0; i < rows; i++)
		add_down(l, y + i, small[i]);
}

void tutela_lanczos_finish(const struct lanczos *l, uint8_t *out)
{
	for (unsigned i = 0; i < l->down.n_out; i++)
		for (unsigned j = 0; j < l->across.n_out; j++)
			*out++ = clip(l->acc[i][j]);
}

void tutela_lanczos_free(struct lanczos *l)
{
	if (!l)
		return;
	free(l->hi[0]);
	free(l);
}
