/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/jpeg_kernels.h"

#include <stdlib.h>

static bool fits(int32_t v)
{
	return abs(v) <= JPEG_COEFFICIENT_MAX;
}

static bool dequantise(const int16_t *blocks, const struct quantisers *quantisers, const struct sample_columns *columns,
		       int16_t *out)
{
	for (uint32_t i = 0; i < columns->n; i++) {
		size_t at = 64 * (size_t)columns->block[i];

		if (i && columns->block[i] == columns->block[i - 1])
			continue;
		for (unsigned k = 0; k < 64; k++) {
			if (abs(blocks[at + k]) > quantisers->most[k])
				return false;
			out[at + k] = (int16_t)(blocks[at + k] * quantisers->q[k]);
		}
	}
	return true;
}

/* First pass, one row: 8 values of one block. */
static bool first_pass(const struct islow *islow, const int16_t *block, unsigned y, int32_t out[8])
{
	for (unsigned v = 0; v < 8; v++) {
		int32_t sum = 1 << 10;

		for (unsigned u = 0; u < 8; u++)
			sum += islow->m[y][u] * block[8 * u + v];
		out[v] = sum >> 11;
		if (!fits(out[v]))
			return false;
	}
	return true;
}

static uint8_t second_pass(const struct islow *islow, const int32_t in[8], unsigned x)
{
	int32_t sum = 1 << 17;

	for (unsigned v = 0; v < 8; v++)
		sum += islow->m[x][v] * in[v];
	sum = (sum >> 18) + 128;
	return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

static bool sample_row(const struct islow *islow, const int16_t *dequantised, unsigned y,
		       const struct sample_columns *columns, uint8_t *out)
{
	int32_t pass[8] = {0};

	for (uint32_t i = 0; i < columns->n; i++) {
		uint32_t block = columns->block[i];

		if ((i == 0 || block != columns->block[i - 1]) &&
		    !first_pass(islow, dequantised + 64 * (size_t)block, y, pass))
			return false;
		out[i] = second_pass(islow, pass, columns->column[i]);
	}
	return true;
}

static bool whole_row(const struct islow *islow, const int16_t *dequantised, unsigned y, uint32_t n, uint8_t *out)
{
	int32_t pass[8];

	for (uint32_t b = 0; b < n; b++, out += 8) {
		if (!first_pass(islow, dequantised + 64 * (size_t)b, y, pass))
			return false;
		for (unsigned x = 0; x < 8; x++)
			out[x] = second_pass(islow, pass, x);
	}
	return true;
}

void tutela_jpeg_pick(const uint8_t *row, uint32_t len, const struct sample_columns *columns, uint8_t *out)
{
	(void)len;
	for (uint32_t i = 0; i < columns->n; i++)
		out[i] = row[8 * (size_t)columns->block[i] + columns->column[i]];
}

static void weigh_blocks(const int16_t *blocks, uint32_t n, const float rows[8][8], const uint8_t *first,
			 const uint8_t *count, const float (*weights)[8], float (*sums)[8])
{
	for (uint32_t b = 0; b < n; b++, blocks += 64) {
		float t[8] = {0};

		for (unsigned u = 0; u < 8; u++)
			for (unsigned v = 0; v < 8; v++)
				t[v] += (float)blocks[8 * u + v] * rows[u][v];
		for (unsigned j = first[b]; j < (unsigned)first[b] + count[b]; j++, weights++)
			for (unsigned v = 0; v < 8; v++)
				sums[j][v] += t[v] * (*weights)[v];
	}
}

static const struct jpeg_kernels scalar = {.dequantise = dequantise,
					   .sample_row = sample_row,
					   .whole_row = whole_row,
					   .pick = tutela_jpeg_pick,
					   .weigh_blocks = weigh_blocks};

const struct jpeg_kernels *tutela_jpeg_kernels(enum tutela_isa isa)
{
#if defined(__x86_64__)
	if (isa != TUTELA_ISA_SCALAR && tutela_cpu_has(TUTELA_ISA_AVX2))
		return &tutela_jpeg_kernels_avx2;
#endif
#ifdef __AARCH64EL__
	if (isa != TUTELA_ISA_SCALAR && tutela_cpu_has(TUTELA_ISA_NEON))
		return &tutela_jpeg_kernels_neon;
#endif
	(void)isa;
	return &scalar;
}
