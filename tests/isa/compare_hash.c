/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels of hashing: floats are compared as bytes. */
#include "hash/hash_kernels.h"

#include "compare.h"

#define SIDE (N_MAX + BOX_PAD - N_MAX % BOX_PAD) /* a row of a strip */

static const struct hash_kernels *const scalar = &tutela_hash_scalar;

/* ------------------------------------------------------------------ pixels */

enum pixels { BLACK, WHITE, NOISE, PIXELS };

static void fill_pixels(struct run *r, uint8_t *px, size_t len, enum pixels content)
{
	memset(px, content == WHITE ? 255 : 0, len);
	if (content == NOISE)
		random_bytes(r, px, len);
}

static void luminance(struct run *r, const struct hash_kernels *k, size_t n, enum pixels content, unsigned turn)
{
	uint8_t *rgb = place(r, turn, 0, 3 * n, 1), *gray = place(r, turn, 1, n, 1);
	uint8_t *bytes = place(r, turn, 2, n, 1), bytes_want[N_MAX];
	float *luma = place(r, turn, 3, n * sizeof(float), sizeof(float)), luma_want[N_MAX];

	fill_pixels(r, rgb, 3 * n, content);
	fill_pixels(r, gray, n, content);
	mark(r, luma, n * sizeof(float));
	k->luma_rgb(rgb, n, luma);
	scalar->luma_rgb(rgb, n, luma_want);
	expect(r, "luma_rgb", luma, luma_want, n * sizeof(float), n, turn);
	mark(r, luma, n * sizeof(float));
	k->luma_gray(gray, n, luma);
	scalar->luma_gray(gray, n, luma_want);
	expect(r, "luma_gray", luma, luma_want, n * sizeof(float), n, turn);
	mark(r, bytes, n);
	k->gray_rgb(rgb, n, bytes);
	scalar->gray_rgb(rgb, n, bytes_want);
	expect(r, "gray_rgb", bytes, bytes_want, n, n, turn);
}

static void luminances(struct run *r, const struct hash_kernels *k)
{
	unsigned turn = 0;

	for (size_t n = 0; n <= N_MAX; n++)
		for (unsigned c = 0; c < PIXELS; c++)
			for (unsigned i = 0; i < 4; i++)
				luminance(r, k, n, (enum pixels)c, turn++);
	for (turn = 0; turn < 64; turn++)
		for (size_t n = 32; n < 48; n++)
			luminance(r, k, n, NOISE, turn);
}

/* One green and one blue after another, for each red. */
static void colours(struct run *r, const struct hash_kernels *k)
{
	static uint8_t px[3 * 65536], bytes[2][65536];
	static float luma[2][65536];

	for (unsigned red = 0; red < 256; red++) {
		for (unsigned i = 0; i < 65536; i++) {
			px[3 * i] = (uint8_t)red;
			px[3 * i + 1] = (uint8_t)(i >> 8);
			px[3 * i + 2] = (uint8_t)i;
		}
		k->luma_rgb(px, 65536, luma[0]);
		scalar->luma_rgb(px, 65536, luma[1]);
		k->gray_rgb(px, 65536, bytes[0]);
		scalar->gray_rgb(px, 65536, bytes[1]);
		r->calls += 2;
		if (memcmp(luma[0], luma[1], sizeof(luma[0])) != 0 || memcmp(bytes[0], bytes[1], sizeof(bytes[0])) != 0)
			differ(r, "a colour's luminance", 65536, red);
	}
}

/* ------------------------------------------------------------------ floats */

enum content { ZEROS, ONES, BYTES, REALS, WILD, CONTENTS };

/* WILD: any sign and fraction, magnitudes from the subnormal ones up to 2^20, so that sums round and cancel. */
static float some_float(struct run *r, enum content content)
{
	uint64_t random = next(r);
	uint32_t bits = (uint32_t)(random >> 32 & 0x807fffff) | (uint32_t)(random % 148) << 23;
	float wild;

	memcpy(&wild, &bits, sizeof(wild));
	switch (content) {
	case ONES:
		return 1;
	case BYTES:
		return (float)(random & 255);
	case REALS:
		return (float)(random >> 40) * (255.0f / 16777216);
	case WILD:
		return wild;
	default:
		return 0;
	}
}

static void fill_floats(struct run *r, float *p, size_t n, enum content content)
{
	for (size_t i = 0; i < n; i++)
		p[i] = some_float(r, content);
}

struct box_case {
	size_t n, w, stride;
	unsigned rows, turn;
	const float *in;
	float *history;
};

static void whole_rows(struct run *r, const struct hash_kernels *k, const struct box_case *c)
{
	static float want[BOX_ROWS * SIDE];
	size_t len = BOX_ROWS * c->stride * sizeof(float);
	float *got = place(r, c->turn, 1, len, sizeof(float));

	mark(r, got, len);
	k->box_rows(c->in, got, c->stride, c->rows, c->n, c->w, c->history);
	scalar->box_rows(c->in, want, c->stride, c->rows, c->n, c->w, NULL);
	/* Padding, and rows that were not asked for, may hold anything. */
	for (size_t y = 0; y < BOX_ROWS; y++) {
		size_t given = y < c->rows ? c->n : 0;

		memcpy(want + y * c->stride + given, got + y * c->stride + given, (c->stride - given) * sizeof(float));
	}
	expect(r, "box_rows", got, want, len, c->n, c->w);
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* As decimation has them, the ends alone, or any. */
static void pick_columns(struct run *r, size_t n, unsigned how, uint32_t at[PDQ_SIDE])
{
	for (size_t j = 0; j < PDQ_SIDE; j++) {
		if (how == 0)
			at[j] = (uint32_t)((2 * j + 1) * n / (2 * PDQ_SIDE));
		else if (how == 1)
			at[j] = j < PDQ_SIDE / 2 ? 0 : (uint32_t)n - 1;
		else
			at[j] = below(r, n);
	}
	qsort(at, PDQ_SIDE, sizeof(*at), ascending);
}

static void picked_columns(struct run *r, const struct hash_kernels *k, const struct box_case *c)
{
	float want[BOX_ROWS][PDQ_SIDE];
	float(*got)[PDQ_SIDE] = place(r, c->turn, 1, sizeof(want), sizeof(float));
	uint32_t at[PDQ_SIDE];

	pick_columns(r, c->n, c->turn % 3, at);
	mark(r, got, sizeof(want));
	k->box_rows_at(c->in, c->stride, c->rows, c->n, c->w, at, got, c->history);
	scalar->box_rows_at(c->in, c->stride, c->rows, c->n, c->w, at, want, NULL);
	for (size_t y = c->rows; y < BOX_ROWS; y++)
		memcpy(want[y], got[y], sizeof(want[y]));
	expect(r, "box_rows_at", got, want, sizeof(want), c->n, c->w);
}

static void box(struct run *r, const struct hash_kernels *k, size_t n, size_t w, const float *source, unsigned turn)
{
	struct box_case c = {.n = n, .w = w, .rows = 1 + below(r, BOX_ROWS), .turn = turn};

	c.stride = (n + BOX_PAD - 1) / BOX_PAD * BOX_PAD;
	float *in = place(r, turn, 0, BOX_ROWS * c.stride * sizeof(float), sizeof(float));
	memcpy(in, source, BOX_ROWS * c.stride * sizeof(float));
	c.in = in;
	c.history = place(r, turn, 2, box_history(w) * BOX_ROWS * sizeof(float), 64);
	whole_rows(r, k, &c);
	picked_columns(r, k, &c);
}

/* Rows up to 40 at every width; longer ones at powers of two and their neighbours, at the ends, and at any. */
static void boxes(struct run *r, const struct hash_kernels *k)
{
	static float source[CONTENTS][BOX_ROWS * SIDE];
	unsigned turn = 0;

	for (unsigned c = 0; c < CONTENTS; c++)
		fill_floats(r, source[c], COUNT(source[c]), (enum content)c);
	for (size_t n = 1; n <= N_MAX; n++) {
		for (size_t w = 1; w <= n; w++) {
			bool special = (w & (w - 1)) == 0 || (w & (w + 1)) == 0 || (w & (w - 2)) == 0 || w + 2 > n;

			if (n > 40 && !special && below(r, 32) != 0)
				continue;
			box(r, k, n, w, source[turn % CONTENTS], turn);
			turn++;
		}
	}
}

static void column_step(struct run *r, const struct hash_kernels *k, size_t n, unsigned missing, enum content content,
			unsigned turn)
{
	size_t len = n * sizeof(float);
	float *sum = place(r, turn, 0, len, sizeof(float)), *out = place(r, turn, 1, len, sizeof(float));
	float *add = place(r, turn, 2, len, sizeof(float)), *sub = place(r, turn, 3, len, sizeof(float));
	float sum_want[SIDE], out_want[SIDE], count = (float)(1 + below(r, turn % 2 ? 8 : 5000));

	memset(out_want, MARK, sizeof(out_want));
	mark(r, sum, len);
	mark(r, out, len);
	fill_floats(r, sum, n, content);
	fill_floats(r, add, n, content);
	fill_floats(r, sub, n, content);
	memcpy(sum_want, sum, len);
	k->box_columns(sum, missing & 1 ? NULL : add, missing & 2 ? NULL : sub, missing & 4 ? NULL : out, count, n);
	scalar->box_columns(sum_want, missing & 1 ? NULL : add, missing & 2 ? NULL : sub, missing & 4 ? NULL : out_want,
			    count, n);
	expect(r, "box_columns, sum", sum, sum_want, len, n, missing);
	expect(r, "box_columns, out", out, out_want, len, n, missing);
}

static void column_steps(struct run *r, const struct hash_kernels *k)
{
	unsigned turn = 0;

	for (size_t n = 0; n <= SIDE; n += BOX_PAD)
		for (unsigned missing = 0; missing < 8; missing++)
			for (unsigned c = 0; c < CONTENTS; c++)
				for (unsigned i = 0; i < 4; i++)
					column_step(r, k, n, missing, (enum content)c, turn++);
}

static void transform(struct run *r, const struct hash_kernels *k, enum content content, unsigned turn)
{
	float want[PDQ_FREQS][PDQ_FREQS];
	float(*a)[PDQ_SIDE] = place(r, turn, 0, sizeof(float[PDQ_SIDE][PDQ_SIDE]), sizeof(float));
	float(*d)[PDQ_SIDE] = place(r, turn, 1, sizeof(float[PDQ_FREQS][PDQ_SIDE]), sizeof(float));
	float(*b)[PDQ_FREQS] = place(r, turn, 2, sizeof(want), sizeof(float));

	fill_floats(r, a[0], PDQ_SIDE * PDQ_SIDE, content);
	fill_floats(r, d[0], PDQ_FREQS * PDQ_SIDE, content == WILD ? WILD : REALS);
	mark(r, b, sizeof(want));
	k->dct((const float(*)[PDQ_SIDE])a, (const float(*)[PDQ_SIDE])d, b);
	scalar->dct((const float(*)[PDQ_SIDE])a, (const float(*)[PDQ_SIDE])d, want);
	expect(r, "dct", b, want, sizeof(want), PDQ_SIDE, content);
}

/* ------------------------------------------------------------------ weighted sums */

/* As they occur, the largest that the types hold, or any. */
static void fill_weights(struct run *r, int16_t *hi, int16_t *lo, size_t n, unsigned how)
{
	for (size_t i = 0; i < n; i++) {
		hi[i] = how == 1 ? i % 3 ? INT16_MIN : INT16_MAX : (int16_t)(next(r) >> (how ? 48 : 53));
		lo[i] = how == 1 ? (1 << WEIGHT_SHIFT) - 1 : (int16_t)below(r, 1 << WEIGHT_SHIFT);
	}
}

static void weighted(struct run *r, const struct hash_kernels *k, size_t n, enum pixels content, unsigned turn)
{
	size_t stride = n + below(r, 70), len = (WEIGH_ROWS - 1) * stride + n;
	uint8_t *px = place(r, turn, 0, len, 1);
	int16_t *hi = place(r, turn, 1, n * sizeof(*hi), sizeof(*hi)),
		*lo = place(r, turn, 2, n * sizeof(*lo), sizeof(*lo));
	uint32_t want[WEIGH_ROWS], *got = place(r, turn, 3, sizeof(want), sizeof(*got));

	fill_pixels(r, px, len, content);
	fill_weights(r, hi, lo, n, turn % 3);
	mark(r, got, sizeof(want));
	k->weigh(px, stride, hi, lo, n, got);
	scalar->weigh(px, stride, hi, lo, n, want);
	expect(r, "weigh", got, want, sizeof(want), n, turn);
}

/* ------------------------------------------------------------------ */

void compare_hash_kernels(struct run *r)
{
	const struct hash_kernels *k = tutela_hash_kernels(r->isa);
	unsigned turn = 0;

	if (!k || (k == scalar) != (r->isa == TUTELA_ISA_SCALAR))
		broken("a level without kernels of its own for hashing");
	luminances(r, k);
	colours(r, k);
	boxes(r, k);
	column_steps(r, k);
	for (turn = 0; turn < 64 * CONTENTS; turn++)
		transform(r, k, (enum content)(turn % CONTENTS), turn);
	for (size_t n = 0; n <= N_MAX + WEIGHT_PAD; n += WEIGHT_PAD)
		for (turn = 0; turn < 64; turn++)
			weighted(r, k, n, (enum pixels)(turn / 4 % PIXELS), turn);
}
