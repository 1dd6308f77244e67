/* SPDX-License-Identifier: Apache-2.0 */
/* Scalar is the specification; the other tables must give its bytes and stay within their pads. */
#include "decode/worker/png_unfilter.h"

#include "formula.h"

#include <criterion/criterion.h>

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WIDTH_MAX 70
#define ROW_MAX   (1 + 4 * WIDTH_MAX)

static const struct png_kernels *other(void)
{
	if (!tutela_cpu_has(TUTELA_ISA_AVX2))
		cr_skip_test("skipped: no AVX2");
	return tutela_png_kernels(TUTELA_ISA_AVX2);
}

/* Room between two pages without access. */
struct guarded {
	uint8_t *body, *end;
};

static struct guarded guarded_new(size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), body = (len + page - 1) / page * page;
	uint8_t *map = mmap(NULL, body + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(map, MAP_FAILED);
	cr_assert_eq(mprotect(map + page, body, PROT_READ | PROT_WRITE), 0);
	return (struct guarded){map + page, map + page + body};
}

/* `len` bytes and their pads, against one of the two pages. */
static uint8_t *place(const struct guarded *g, size_t len, bool at_end)
{
	return at_end ? g->end - PNG_PAD - len : g->body + PNG_PAD;
}

struct arena {
	struct guarded in, above, out;
	uint8_t rows[PNG_GROUP * ROW_MAX], first[4 * WIDTH_MAX];
	uint8_t want[PNG_GROUP][3 * WIDTH_MAX], want_above[4 * WIDTH_MAX];
};

static void arena_init(struct arena *a)
{
	a->in = guarded_new(sizeof(a->rows) + 2 * PNG_PAD);
	a->above = guarded_new(sizeof(a->first) + 2 * PNG_PAD);
	a->out = guarded_new(PNG_GROUP * (sizeof(a->want[0]) + 2 * PNG_PAD));
}

/* Random samples; filters as given, PNG_FILTERS for any. */
static void fill(struct arena *a, const struct png_group *g, unsigned filter, uint64_t *seed)
{
	size_t len = 1 + (size_t)g->width * g->bpp;

	for (size_t i = 0; i < g->rows * len; i++)
		a->rows[i] = (uint8_t)formula_random(seed);
	for (size_t r = 0; r < g->rows; r++)
		a->rows[r * len] = (uint8_t)(filter < PNG_FILTERS ? filter : formula_random(seed) % PNG_FILTERS);
	for (size_t i = 0; i < (size_t)4 * g->width; i++)
		a->first[i] = i % 4 < g->bpp ? (uint8_t)formula_random(seed) : 0;
}

/* Run `k` on what fill() made, packed against one of the pages without access; noise in the pads. */
static void apply(struct arena *a, struct png_group *g, const struct png_kernels *k, bool at_end)
{
	size_t len = g->rows * (1 + (size_t)g->width * g->bpp);

	memset(a->in.body, 0xa5, (size_t)(a->in.end - a->in.body));
	memset(a->above.body, 0xa5, (size_t)(a->above.end - a->above.body));
	g->stride = (size_t)g->width * png_channels(g->bpp) + 2 * PNG_PAD;
	g->above = place(&a->above, (size_t)4 * g->width, at_end);
	g->out = place(&a->out, (PNG_GROUP - 1) * g->stride + (size_t)g->width * png_channels(g->bpp), at_end);
	g->in = memcpy(place(&a->in, len, at_end), a->rows, len);
	memcpy(g->above, a->first, (size_t)4 * g->width);
	k->unfilter(g);
	cr_assert_eq(memcmp(g->in, a->rows, len), 0, "written to the input");
}

static void compare(struct arena *a, struct png_group *g, unsigned filter, const struct png_kernels *k)
{
	size_t row = (size_t)g->width * png_channels(g->bpp);

	apply(a, g, tutela_png_kernels(TUTELA_ISA_SCALAR), false);
	for (unsigned r = 0; r < g->rows; r++)
		memcpy(a->want[r], g->out + r * g->stride, row);
	memcpy(a->want_above, g->above, (size_t)4 * g->width);
	for (int at_end = 0; at_end < 2; at_end++) {
		apply(a, g, k, at_end);
		for (unsigned r = 0; r < g->rows; r++)
			cr_assert_eq(memcmp(a->want[r], g->out + r * g->stride, row), 0,
				     "width %u, bpp %u, rows %u, filter %u, row %u", g->width, g->bpp, g->rows, filter,
				     r);
		cr_assert(g->rows < PNG_GROUP || !memcmp(a->want_above, g->above, (size_t)4 * g->width),
			  "row above: width %u, bpp %u, filter %u", g->width, g->bpp, filter);
	}
}

Test(png_unfilter, equals_scalar_for_every_filter_size_and_width)
{
	static struct arena a;
	const struct png_kernels *k = other();
	uint64_t seed = 5;

	arena_init(&a);
	for (uint32_t bpp = 1; bpp <= 4; bpp++)
		for (uint32_t width = 0; width <= WIDTH_MAX; width++)
			for (unsigned rows = 1; rows <= PNG_GROUP; rows += rows == 3 ? 4 : 1)
				for (unsigned filter = 0; filter < PNG_FILTERS + 3; filter++) {
					struct png_group g = {.width = width, .bpp = bpp, .rows = rows};

					fill(&a, &g, filter, &seed);
					compare(&a, &g, filter, k);
				}
}

static unsigned paeth(int a, int b, int c)
{
	int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);

	if (pa <= pb && pa <= pc)
		return (unsigned)a;
	return (unsigned)(pb <= pc ? b : c);
}

/*
 * Pictures two pixels wide: rows with c and b, each followed by a row with
 * the Paeth filter whose first pixel becomes a and whose second is predicted
 * from all three. 16 values of a go at once.
 */
static void expect_paeth(const struct png_kernels *k, int b, int c)
{
	uint8_t rows[PNG_PAD + PNG_GROUP * 9 + PNG_PAD], above[2 * PNG_PAD + 8] = {0};
	uint8_t out[PNG_GROUP * (2 * PNG_PAD + 6)];
	struct png_group g = {.width = 2,
			      .bpp = 4,
			      .rows = PNG_GROUP,
			      .in = rows + PNG_PAD,
			      .above = above + PNG_PAD,
			      .out = out + PNG_PAD,
			      .stride = 2 * PNG_PAD + 6};

	memset(rows, 0, sizeof(rows));
	for (int a = 0; a < 256; a += 12) {
		memset(above, 0, sizeof(above));
		for (int r = 0; r < 8; r++) {
			uint8_t *row = rows + PNG_PAD + r * 9;

			row[0] = r % 2 ? 4 : 0;
			for (int i = 0; i < 4; i++) {
				row[1 + i] = (uint8_t)(r % 2 ? a + r / 2 * 3 + i - c : c);
				row[5 + i] = (uint8_t)(r % 2 ? 0 : b);
			}
		}
		k->unfilter(&g);
		for (int r = 1; r < 8; r += 2)
			for (int i = 0; i < 3; i++) {
				int left = (a + r / 2 * 3 + i) & 255;
				unsigned got = g.out[(size_t)r * g.stride + 3 + (size_t)i];

				cr_assert_eq(got, paeth(left, b, c), "a %d, b %d, c %d: %u", left, b, c, got);
			}
	}
}

Test(png_unfilter, paeth_is_right_for_all_triples)
{
	static const enum tutela_isa isas[] = {TUTELA_ISA_SCALAR, TUTELA_ISA_AVX2};

	for (size_t i = 0; i < 2; i++)
		for (int b = 0; b < 256 && tutela_cpu_has(isas[i]); b++)
			for (int c = 0; c < 256; c++)
				expect_paeth(tutela_png_kernels(isas[i]), b, c);
}

Test(png_unfilter, average_and_the_simple_filters_are_right)
{
	static const uint8_t want[PNG_FILTERS] = {10, 10 + 201, (uint8_t)(10 + 100), (uint8_t)(10 + 150),
						  (uint8_t)(10 + 201)};
	static const enum tutela_isa isas[] = {TUTELA_ISA_SCALAR, TUTELA_ISA_AVX2};

	for (size_t i = 0; i < 2; i++)
		for (unsigned f = 0; f < PNG_FILTERS && tutela_cpu_has(isas[i]); f++) {
			uint8_t in[2 * PNG_PAD + 6] = {0}, above[2 * PNG_PAD + 8] = {0}, out[8 * (2 * PNG_PAD + 2)];
			struct png_group g = {.width = 2,
					      .bpp = 1,
					      .rows = 2,
					      .in = in + PNG_PAD,
					      .above = above + PNG_PAD,
					      .out = out + PNG_PAD,
					      .stride = 2 * PNG_PAD + 2};

			/* row 0: 7, 100; row 1: 201 by what its filter predicts, then 10 more than predicted */
			memcpy(in + PNG_PAD, (uint8_t[]){0, 7, 100}, 3);
			in[PNG_PAD + 3] = (uint8_t)f;
			in[PNG_PAD + 4] = (uint8_t)(201 - (f < 2 ? 0 : f == 3 ? 3 : 7));
			in[PNG_PAD + 5] = 10;
			tutela_png_kernels(isas[i])->unfilter(&g);
			cr_expect_eq(g.out[g.stride], 201);
			cr_expect_eq(g.out[g.stride + 1], want[f], "filter %u", f);
		}
}
