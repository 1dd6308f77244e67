/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernels of JPEG decoding. Dequantised blocks lie in an order of the
 * kernel's own, so what counts is the samples that it makes of them.
 */
#include "decode/worker/jpeg_kernels.h"

#include "compare.h"

#define BLOCKS 48
#define SUMS   64

/* ------------------------------------------------------------------ samples */

/* Coefficients: none; a few small ones; the largest allowed; one too large; first passes at the bound. */
enum content { ZEROS, SMALL, LARGE, OVER, BOUND, CONTENTS };

struct samples_case {
	const struct jpeg_kernels *k, *scalar;
	struct islow islow;
	struct quantisers quantisers;
	struct sample_columns columns;
	uint32_t block[N_MAX];
	uint8_t column[N_MAX];
	int16_t *got; /* dequantised */
	uint8_t *out;
	unsigned long good, refused;
};

/* ISLOW's matrix has entries up to 11363; with 2048 alone, first passes are the coefficients and a fraction. */
static void fill_islow(struct run *r, struct islow *islow, enum content content)
{
	for (unsigned i = 0; i < 64; i++) {
		int16_t any = (int16_t)((int)below(r, 2 * 11363 + 1) - 11363);

		islow->m[i / 8][i % 8] = content == BOUND ? (int16_t[8]){2048, 1}[i % 8] : any;
	}
}

static void fill_quantisers(struct run *r, struct quantisers *quantisers, enum content content)
{
	for (unsigned i = 0; i < 64; i++) {
		unsigned q = 1 + below(r, below(r, 8) ? 64 : 65535);

		quantisers->q[i] = (uint16_t)(content == BOUND ? 1 : q);
		quantisers->most[i] = (uint16_t)(JPEG_COEFFICIENT_MAX / quantisers->q[i]);
	}
}

static void fill_columns(struct run *r, struct samples_case *c, uint32_t n)
{
	uint32_t apart = 1 + below(r, 9), block = below(r, 3);

	for (uint32_t i = 0; i < n; i++) {
		c->block[i] = block;
		c->column[i] = (uint8_t)below(r, 8);
		block += block + 2 < BLOCKS && below(r, apart) == 0 ? 1 + below(r, 2) : 0;
	}
	c->columns = (struct sample_columns){.n = n, .block = c->block, .column = c->column};
}

static int16_t coefficient(struct run *r, unsigned i, unsigned most, enum content content)
{
	static const int16_t bound[] = {16383, -16383, 16382, -16382, 0}, fraction[] = {1023, 1024, -1024, -1025, 0};
	int sign = next(r) & 1 ? -1 : 1, size = (int)below(r, most < 12 ? most + 1 : 12);

	switch (content) {
	case SMALL:
	case OVER:
		return below(r, 4) ? 0 : (int16_t)(sign * size);
	case LARGE:
		return (int16_t)(sign * (int)most);
	case BOUND:
		return i == 0 ? bound[below(r, COUNT(bound))] : i == 8 ? fraction[below(r, COUNT(fraction))] : 0;
	default:
		return 0;
	}
}

/* OVER: just out of bounds or the smallest there is, in a block that is wanted or in none. */
static void fill_blocks(struct run *r, const struct samples_case *c, int16_t *blocks, enum content content)
{
	unsigned b = c->columns.n && below(r, 4) ? c->block[below(r, c->columns.n)] : below(r, BLOCKS);
	unsigned i = below(r, 64);

	for (unsigned k = 0; k < BLOCKS * 64; k++)
		blocks[k] = coefficient(r, k % 64, c->quantisers.most[k % 64], content);
	/* All alike, or one block among many would nearly always be out of bounds. */
	for (unsigned k = 64; content == BOUND && k < BLOCKS * 64; k++)
		blocks[k] = blocks[k % 64];
	if (content == OVER)
		blocks[64 * b + i] = below(r, 3) ? (int16_t)(c->quantisers.most[i] + 1) : INT16_MIN;
}

static void sample_rows(struct run *r, struct samples_case *c, const int16_t *want, size_t with)
{
	uint8_t out[N_MAX];

	for (unsigned y = 0; y < 8; y++) {
		mark(r, c->out, c->columns.n);
		bool good = c->k->sample_row(&c->islow, c->got, y, &c->columns, c->out);

		if (good != c->scalar->sample_row(&c->islow, want, y, &c->columns, out))
			differ(r, "sample_row's verdict", c->columns.n, with);
		/* Samples of a row that is refused may be anything, but not too many. */
		expect(r, "sample_row", c->out, good ? out : c->out, c->columns.n, c->columns.n, with);
		c->good += good;
		c->refused += !good;
	}
}

static void samples(struct run *r, struct samples_case *c, uint32_t n, enum content content, unsigned turn)
{
	static int16_t want[BLOCKS * 64];
	int16_t *blocks = place(r, turn, 0, sizeof(want), sizeof(*blocks));

	c->got = place(r, turn, 1, sizeof(want), sizeof(*c->got));
	c->out = place(r, turn, 2, n, 1);
	fill_islow(r, &c->islow, content);
	fill_quantisers(r, &c->quantisers, content);
	fill_columns(r, c, n);
	fill_blocks(r, c, blocks, content);
	bool good = c->k->dequantise(blocks, &c->quantisers, &c->columns, c->got);

	r->calls++;
	if (good != c->scalar->dequantise(blocks, &c->quantisers, &c->columns, want))
		differ(r, "dequantise's verdict", n, content);
	c->good += good;
	c->refused += !good;
	if (good)
		sample_rows(r, c, want, content);
}

/* All samples of the first `n` blocks. */
static void whole_rows(struct run *r, struct samples_case *c, uint32_t n, enum content content, unsigned turn)
{
	static int16_t want[BLOCKS * 64];
	uint8_t out[8 * BLOCKS];
	int16_t *blocks = place(r, turn, 0, sizeof(want), sizeof(*blocks));

	c->got = place(r, turn, 1, sizeof(want), sizeof(*c->got));
	c->out = place(r, turn, 2, 8 * (size_t)n, 1);
	fill_islow(r, &c->islow, content);
	fill_quantisers(r, &c->quantisers, content);
	for (uint32_t b = 0; b < n; b++)
		c->block[b] = b;
	c->columns = (struct sample_columns){.n = n, .block = c->block, .column = c->column};
	fill_blocks(r, c, blocks, content);
	if (!c->k->dequantise(blocks, &c->quantisers, &c->columns, c->got) ||
	    !c->scalar->dequantise(blocks, &c->quantisers, &c->columns, want))
		return;
	for (unsigned y = 0; y < 8; y++) {
		mark(r, c->out, 8 * (size_t)n);
		bool good = c->k->whole_row(&c->islow, c->got, y, n, c->out);

		if (good != c->scalar->whole_row(&c->islow, want, y, n, out))
			differ(r, "whole_row's verdict", n, content);
		expect(r, "whole_row", c->out, good ? out : c->out, 8 * (size_t)n, n, content);
		c->good += good;
		c->refused += !good;
	}
}

/* n samples from left to right; the row ends with the block of the last one. */
static void picks(struct run *r, struct samples_case *c, uint32_t n, unsigned turn)
{
	uint8_t want[N_MAX], *row, *column = place(r, turn, 3, n, 1);
	uint32_t len, *block = place(r, turn, 1, n * sizeof(*block), sizeof(*block));

	fill_columns(r, c, n);
	for (uint32_t i = 1; i < n; i++)
		if (c->block[i] == c->block[i - 1] && c->column[i] < c->column[i - 1])
			c->column[i] = c->column[i - 1];
	memcpy(block, c->block, n * sizeof(*block));
	memcpy(column, c->column, n);
	c->columns = (struct sample_columns){.n = n, .block = block, .column = column};
	len = n ? 8 * (block[n - 1] + 1) : 0;
	row = place(r, turn, 0, len, 1);
	random_bytes(r, row, len);
	c->scalar->pick(row, len, &c->columns, want);
	c->out = place(r, turn, 2, n, 1);
	mark(r, c->out, n);
	c->k->pick(row, len, &c->columns, c->out);
	expect(r, "pick", c->out, want, n, n, turn);
}

/* ------------------------------------------------------------------ weighted blocks */

static float some_float(struct run *r)
{
	return ((float)(next(r) >> 40) - 8388608) / (float)(1 << below(r, 30));
}

static void weights(struct run *r, const struct jpeg_kernels *k, const struct jpeg_kernels *scalar, uint32_t n,
		    unsigned turn)
{
	size_t blocks_len = 64 * n * sizeof(int16_t), total = 0;
	int16_t *blocks = place(r, turn, 0, blocks_len, sizeof(*blocks));
	uint8_t first[BLOCKS], count[BLOCKS];
	float rows[8][8], want[SUMS][8];
	float(*sums)[8] = place(r, turn, 1, sizeof(want), sizeof(float));

	random_bytes(r, (uint8_t *)blocks, blocks_len);
	for (uint32_t b = 0; b < n; b++) {
		count[b] = (uint8_t)below(r, b < 2 ? SUMS + 1 : 4);
		first[b] = (uint8_t)below(r, SUMS - count[b] + 1);
		total += count[b];
	}
	for (size_t i = 0; turn % 8 == 7 && i < 64 * (size_t)n; i++)
		blocks[i] = i % 3 ? INT16_MIN : INT16_MAX;
	float(*weight)[8] = place(r, turn, 2, total * sizeof(*weight), sizeof(float));

	for (size_t i = 0; i < total * 8; i++)
		weight[i / 8][i % 8] = some_float(r);
	mark(r, sums, sizeof(want));
	for (size_t i = 0; i < COUNT(want) * 8; i++)
		want[i / 8][i % 8] = sums[i / 8][i % 8] = some_float(r);
	for (size_t i = 0; i < 64; i++)
		rows[i / 8][i % 8] = some_float(r);
	k->weigh_blocks(blocks, n, (const float(*)[8])rows, first, count, (const float(*)[8])weight, sums);
	scalar->weigh_blocks(blocks, n, (const float(*)[8])rows, first, count, (const float(*)[8])weight, want);
	expect(r, "weigh_blocks", sums, want, sizeof(want), n, turn);
}

/* ------------------------------------------------------------------ */

void compare_jpeg_kernels(struct run *r)
{
	static struct samples_case c;
	unsigned turn = 0;

	c = (struct samples_case){.k = tutela_jpeg_kernels(r->isa), .scalar = tutela_jpeg_kernels(TUTELA_ISA_SCALAR)};
	if ((c.k == c.scalar) != (r->isa == TUTELA_ISA_SCALAR))
		broken("a level without kernels of its own for JPEG");
	for (uint32_t n = 0; n <= N_MAX; n++)
		for (unsigned content = 0; content < CONTENTS; content++)
			for (unsigned i = 0; i < 4; i++)
				samples(r, &c, n, (enum content)content, turn++);
	if (!c.good || !c.refused)
		broken("all JPEG blocks are good, or none: nothing was tested");
	c.good = c.refused = 0;
	for (uint32_t n = 0; n <= BLOCKS; n++)
		for (unsigned content = 0; content < CONTENTS; content++)
			for (unsigned i = 0; i < 8; i++)
				whole_rows(r, &c, n, (enum content)content, turn++);
	if (!c.good || !c.refused)
		broken("all JPEG blocks are good, or none: nothing was tested");
	for (uint32_t n = 0; n <= N_MAX; n++)
		for (unsigned i = 0; i < 16; i++)
			picks(r, &c, n, turn++);
	for (uint32_t n = 0; n <= BLOCKS; n++)
		for (turn = 0; turn < 64; turn++)
			weights(r, c.k, c.scalar, n, turn);
}
