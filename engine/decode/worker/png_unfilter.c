/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/png_unfilter.h"

static unsigned paeth(unsigned a, unsigned b, unsigned c)
{
	int p = (int)(a + b) - (int)c;
	unsigned pa = (unsigned)__builtin_abs(p - (int)a);
	unsigned pb = (unsigned)__builtin_abs(p - (int)b);
	unsigned pc = (unsigned)__builtin_abs(p - (int)c);

	if (pa <= pb && pa <= pc)
		return a;
	return pb <= pc ? b : c;
}

/* a: left, b: above, c: above left. */
static unsigned predict(unsigned filter, unsigned a, unsigned b, unsigned c)
{
	switch (filter) {
	case 1:
		return a;
	case 2:
		return b;
	case 3:
		return (a + b) / 2;
	case 4:
		return paeth(a, b, c);
	default:
		return 0;
	}
}

/* The row above becomes this row, pixel by pixel. */
static void unfilter_row(const uint8_t *in, uint32_t width, uint32_t bpp, uint8_t *above, uint8_t *out)
{
	uint32_t channels = png_channels(bpp);
	unsigned filter = *in++;
	uint8_t a[4] = {0}, c[4] = {0};

	for (uint32_t x = 0; x < width; x++, in += bpp, above += 4, out += channels) {
		for (uint32_t k = 0; k < bpp; k++) {
			unsigned b = above[k];

			a[k] = above[k] = (uint8_t)(in[k] + predict(filter, a[k], b, c[k]));
			c[k] = (uint8_t)b;
		}
		for (uint32_t k = 0; k < channels; k++)
			out[k] = a[k];
	}
}

static void unfilter(const struct png_group *g)
{
	size_t len = 1 + (size_t)g->width * g->bpp;

	for (unsigned r = 0; r < g->rows; r++)
		unfilter_row(g->in + r * len, g->width, g->bpp, g->above, g->out + r * g->stride);
}

static const struct png_kernels scalar = {.unfilter = unfilter};

const struct png_kernels *tutela_png_kernels(enum tutela_isa isa)
{
#if defined(__x86_64__)
	if (isa != TUTELA_ISA_SCALAR && tutela_cpu_has(TUTELA_ISA_AVX2))
		return &tutela_png_kernels_avx2;
#endif
	(void)isa;
	return &scalar;
}
