/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/png_unfilter.h"

#include <stdlib.h>

/* So that filter and size of a pixel are constants in the loop. */
#define INLINE static inline __attribute__((always_inline))

/* p = a + b - c; the one of the three that is nearest to it, in this order. */
INLINE int paeth(int a, int b, int c)
{
	int pa = abs(b - c), pb = abs(a - c), pc = abs(b - c + a - c);
	int best = pb <= pc ? b : c;

	return pa <= (pb <= pc ? pb : pc) ? a : best;
}

/* a: left, b: above, c: above left. */
INLINE int predict(unsigned filter, int a, int b, int c)
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
INLINE void undo(unsigned filter, uint32_t bpp, const uint8_t *in, uint32_t width, uint8_t *above, uint8_t *out)
{
	uint32_t channels = png_channels(bpp);
	uint8_t a[4] = {0}, c[4] = {0};

	for (uint32_t x = 0; x < width; x++, in += bpp, above += 4, out += channels) {
		for (uint32_t k = 0; k < bpp; k++) {
			uint8_t b = above[k];

			a[k] = above[k] = (uint8_t)(in[k] + predict(filter, a[k], b, c[k]));
			c[k] = b;
		}
		for (uint32_t k = 0; k < channels; k++)
			out[k] = a[k];
	}
}

INLINE void undo_row(uint32_t bpp, const uint8_t *in, uint32_t width, uint8_t *above, uint8_t *out)
{
	switch (in[0]) {
	case 0:
		undo(0, bpp, in + 1, width, above, out);
		break;
	case 1:
		undo(1, bpp, in + 1, width, above, out);
		break;
	case 2:
		undo(2, bpp, in + 1, width, above, out);
		break;
	case 3:
		undo(3, bpp, in + 1, width, above, out);
		break;
	case 4:
		undo(4, bpp, in + 1, width, above, out);
		break;
	}
}

static void unfilter(const struct png_group *g)
{
	const uint8_t *in = g->in;
	uint8_t *out = g->out;

	for (unsigned r = 0; r < g->rows; r++, in += 1 + (size_t)g->width * g->bpp, out += g->stride) {
		switch (g->bpp) {
		case 1:
			undo_row(1, in, g->width, g->above, out);
			break;
		case 2:
			undo_row(2, in, g->width, g->above, out);
			break;
		case 3:
			undo_row(3, in, g->width, g->above, out);
			break;
		case 4:
			undo_row(4, in, g->width, g->above, out);
			break;
		}
	}
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
