/* SPDX-License-Identifier: Apache-2.0 */
#include "hash/lanczos.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

#define PI             3.14159265358979323846
#define PRECISION_BITS 22

/* One axis: which inputs each output is made of, and with which weights. */
struct axis {
	uint32_t n_in;
	unsigned n_out;
	double scale;  /* inputs for one output */
	double filter; /* the same, at least 1: how far the filter is stretched */
	double sum[LANCZOS_MAX];
	uint32_t first[LANCZOS_MAX], end[LANCZOS_MAX];
};

struct lanczos {
	const struct hash_kernels *kernels;
	struct axis across, down;
	int16_t *hi[LANCZOS_MAX], *lo[LANCZOS_MAX]; /* weights across; one allocation, at hi[0] */
	unsigned done;                              /* rows of the small picture that no input touches any more */
	uint32_t acc[LANCZOS_MAX][LANCZOS_MAX];     /* modulo 2^32; the true sum fits in int32_t */
};

/*
 * sin(x) for 0 <= x <= pi / 2: Taylor, the first term left out is below
 * 1e-18. Not libm's, so that no hash depends on a machine's sin().
 */
static double sine(double x)
{
	static const double c[] = {1.0 / 25852016738884976640000.0,
				   1.0 / 51090942171709440000.0,
				   1.0 / 121645100408832000.0,
				   1.0 / 355687428096000.0,
				   1.0 / 1307674368000.0,
				   1.0 / 6227020800.0,
				   1.0 / 39916800.0,
				   1.0 / 362880.0,
				   1.0 / 5040.0,
				   1.0 / 120.0,
				   1.0 / 6.0,
				   1.0};
	double xx = x * x, sum = 0;

	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++)
		sum = c[i] - sum * xx;
	return sum * x;
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

	return filter((in - centre + 0.5) * (1.0 / a->filter));
}

/* The weight as a fraction of the output's sum, in fixed point. */
static int32_t fixed_weight(const struct axis *a, unsigned out, uint32_t in)
{
	double k = weight(a, out, in);

	if (a->sum[out] != 0.0)
		k /= a->sum[out];
	k *= 1 << PRECISION_BITS;
	return (int32_t)(k < 0 ? k - 0.5 : k + 0.5);
}

static void axis_init(struct axis *a, uint32_t n_in, unsigned n_out)
{
	a->n_in = n_in;
	a->n_out = n_out;
	a->scale = (double)n_in / n_out;
	a->filter = a->scale < 1 ? 1 : a->scale;
	for (unsigned i = 0; i < n_out; i++) {
		double centre = (i + 0.5) * a->scale, support = 3 * a->filter;
		double first = centre - support + 0.5, end = centre + support + 0.5;

		a->first[i] = first < 0 ? 0 : (uint32_t)first;
		a->end[i] = end > n_in ? n_in : (uint32_t)end;
		for (uint32_t x = a->first[i]; x < a->end[i]; x++)
			a->sum[i] += weight(a, i, x);
	}
}

static size_t padded(const struct axis *a, unsigned out)
{
	return ((size_t)(a->end[out] - a->first[out]) + WEIGHT_PAD - 1) / WEIGHT_PAD * WEIGHT_PAD;
}

static bool init_weights(struct lanczos *l)
{
	const struct axis *a = &l->across;
	size_t total = 0;
	int16_t *at;

	for (unsigned i = 0; i < a->n_out; i++)
		total += 2 * padded(a, i);
	at = tutela_mem_array(total, sizeof(*at));
	if (!at)
		return false;
	for (unsigned i = 0; i < a->n_out; i++) {
		l->hi[i] = at;
		l->lo[i] = at + padded(a, i);
		at += 2 * padded(a, i);
		for (uint32_t x = a->first[i]; x < a->end[i]; x++) {
			int32_t k = fixed_weight(a, i, x);
			int32_t low = k & ((1 << WEIGHT_SHIFT) - 1);

			l->hi[i][x - a->first[i]] = (int16_t)((k - low) / (1 << WEIGHT_SHIFT));
			l->lo[i][x - a->first[i]] = (int16_t)low;
		}
	}
	return true;
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
	if (!init_weights(l)) {
		free(l);
		return TUTELA_E_NOMEM;
	}
	for (unsigned i = 0; i < n_rows; i++)
		for (unsigned j = 0; j < n_cols; j++)
			l->acc[i][j] = 1u << (PRECISION_BITS - 1);
	*out = l;
	return TUTELA_OK;
}

static uint8_t clip(uint32_t acc)
{
	/* Arithmetic shift without relying on the compiler's: floor(acc / 2^22) of the signed value. */
	int64_t v = (int32_t)acc;

	if (v < 0)
		return 0;
	v >>= PRECISION_BITS;
	return v > 255 ? 255 : (uint8_t)v;
}

void tutela_lanczos_row(struct lanczos *l, const uint8_t *gray, uint32_t y)
{
	const struct axis *a = &l->across, *d = &l->down;
	uint8_t small[LANCZOS_MAX];

	for (unsigned j = 0; j < a->n_out; j++) {
		uint32_t first = a->first[j];
		int32_t sum = l->kernels->weigh(gray + first, l->hi[j], l->lo[j], a->end[j] - first);

		small[j] = clip((uint32_t)sum + (1u << (PRECISION_BITS - 1)));
	}
	while (l->done < d->n_out && d->end[l->done] <= y)
		l->done++;
	for (unsigned i = l->done; i < d->n_out && d->first[i] <= y; i++) {
		uint32_t k = (uint32_t)fixed_weight(d, i, y);

		for (unsigned j = 0; j < a->n_out; j++)
			l->acc[i][j] += k * small[j];
	}
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
