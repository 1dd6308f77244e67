/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the 64 x 64 samples to quality, hash and dihedral hashes.
 * Source: PDQ's C++ reference, https://github.com/facebook/ThreatExchange
 * (pdq/cpp); the order of its float operations is part of the definition.
 */
#include "hash/pdq.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "hash/jarosz.h"

#define PDQ_BITS ((size_t)PDQ_FREQS * PDQ_FREQS)

struct pdq_plane {
	struct jarosz *jarosz;
	const struct hash_kernels *kernels;
	size_t n_cols, rows;
	bool plain;                       /* exactly 64x64: hashed without the blur too */
	float pixels[PDQ_SIDE][PDQ_SIDE]; /* of such a plane */
};

const char *tutela_dihedral_name(enum tutela_dihedral d)
{
	static const char *const names[TUTELA_DIHEDRALS] = {
		[TUTELA_ORIGINAL] = "original",   [TUTELA_ROTATE90] = "rotate90",     [TUTELA_ROTATE180] = "rotate180",
		[TUTELA_ROTATE270] = "rotate270", [TUTELA_FLIPX] = "flipx",           [TUTELA_FLIPY] = "flipy",
		[TUTELA_FLIPPLUS1] = "flipplus1", [TUTELA_FLIPMINUS1] = "flipminus1",
	};

	return (unsigned)d < TUTELA_DIHEDRALS ? names[d] : NULL;
}

/*
 * float(s * cos(m * pi / 128)), s = float(sqrt(2 / 64)): every entry of the
 * matrix is one of these or its negative. Literals, so that no hash depends
 * on a machine's cos().
 */
static const float cosines[PDQ_SIDE] = {
	0x1.6a09e6p-3f, 0x1.69edfcp-3f, 0x1.699a42p-3f, 0x1.690ec6p-3f, 0x1.684b9cp-3f, 0x1.6750e4p-3f, 0x1.661ec2p-3f,
	0x1.64b568p-3f, 0x1.63150ap-3f, 0x1.613decp-3f, 0x1.5f3056p-3f, 0x1.5cec98p-3f, 0x1.5a730cp-3f, 0x1.57c414p-3f,
	0x1.54e018p-3f, 0x1.51c78cp-3f, 0x1.4e7ae8p-3f, 0x1.4afab2p-3f, 0x1.474772p-3f, 0x1.4361bap-3f, 0x1.3f4a24p-3f,
	0x1.3b015p-3f,  0x1.3687eap-3f, 0x1.31dea2p-3f, 0x1.2d062ep-3f, 0x1.27ff5p-3f,  0x1.22caccp-3f, 0x1.1d6972p-3f,
	0x1.17dc14p-3f, 0x1.12238ep-3f, 0x1.0c40c2p-3f, 0x1.063498p-3f, 0x1p-3f,        0x1.f347dap-4f, 0x1.e642b8p-4f,
	0x1.d8f29ap-4f, 0x1.cb598cp-4f, 0x1.bd79aap-4f, 0x1.af5516p-4f, 0x1.a0edfep-4f, 0x1.92469cp-4f, 0x1.83613p-4f,
	0x1.74400ap-4f, 0x1.64e57ap-4f, 0x1.5553e4p-4f, 0x1.458daap-4f, 0x1.35953cp-4f, 0x1.256d12p-4f, 0x1.1517a8p-4f,
	0x1.049782p-4f, 0x1.e7de5ep-5f, 0x1.c6427ap-5f, 0x1.a4608ap-5f, 0x1.823dc8p-5f, 0x1.5fdf76p-5f, 0x1.3d4aep-5f,
	0x1.1a855ep-5f, 0x1.ef2894p-6f, 0x1.a8fa12p-6f, 0x1.628a08p-6f, 0x1.1be352p-6f, 0x1.aa21a8p-7f, 0x1.1c3af6p-7f,
	0x1.1c50e2p-8f,
};

/* Entry k of row i: the angle (i + 1)(2k + 1) in units of pi / 128, brought into the first quadrant, never pi / 2. */
static float dct_entry(unsigned i, unsigned k)
{
	unsigned m = (i + 1) * (2 * k + 1) % 256;

	if (m > 128)
		m = 256 - m;
	return m < 64 ? cosines[m] : -cosines[128 - m];
}

static void dct_matrix(float d[PDQ_FREQS][PDQ_SIDE])
{
	for (unsigned i = 0; i < PDQ_FREQS; i++)
		for (unsigned k = 0; k < PDQ_SIDE; k++)
			d[i][k] = dct_entry(i, k);
}

static int32_t step_height(float u, float v)
{
	return abs((int)(((u - v) * 100) / 255));
}

static int32_t quality_of(const float a[PDQ_SIDE][PDQ_SIDE])
{
	int32_t g = 0;

	for (size_t i = 0; i + 1 < PDQ_SIDE; i++)
		for (size_t j = 0; j < PDQ_SIDE; j++)
			g += step_height(a[i][j], a[i + 1][j]);
	for (size_t i = 0; i < PDQ_SIDE; i++)
		for (size_t j = 0; j + 1 < PDQ_SIDE; j++)
			g += step_height(a[i][j], a[i][j + 1]);
	return g / 90 < 100 ? g / 90 : 100;
}

/* An integer that orders as the float does. */
static int32_t order_of(float f)
{
	int32_t bits;

	memcpy(&bits, &f, sizeof(bits));
	return bits < 0 ? bits ^ INT32_MAX : bits;
}

/* The smallest of the values that at least half of them do not exceed; by bisection, so 32 rounds whatever they are. */
static float lower_median(const float v[PDQ_BITS])
{
	int32_t keys[PDQ_BITS];
	int64_t low = INT32_MIN, high = INT32_MAX;
	float median;

	for (size_t k = 0; k < PDQ_BITS; k++)
		keys[k] = order_of(v[k]);
	while (low < high) {
		int32_t middle = (int32_t)(low + (high - low) / 2), below = 0;

		for (size_t k = 0; k < PDQ_BITS; k++)
			below += keys[k] <= middle;
		if (below >= (int32_t)PDQ_BITS / 2)
			high = middle;
		else
			low = middle + (int64_t)1;
	}
	int32_t bits = low < 0 ? (int32_t)low ^ INT32_MAX : (int32_t)low;

	memcpy(&median, &bits, sizeof(median));
	return median;
}

static void hash_of(const float v[PDQ_BITS], uint8_t hash[TUTELA_PDQ_LEN])
{
	float median = lower_median(v);

	memset(hash, 0, TUTELA_PDQ_LEN);
	for (size_t k = 0; k < PDQ_BITS; k++)
		if (v[k] > median)
			hash[TUTELA_PDQ_LEN - 1 - k / 8] |= (uint8_t)(1u << k % 8);
}

/*
 * What becomes of coefficient (i, j): whether it goes to (j, i), and its
 * sign, which stays when the sum of `bias`, of i where odd_i is set and of j
 * where odd_j is set is odd.
 */
struct symmetry {
	bool transpose;
	unsigned odd_i, odd_j, bias;
};

static void transform(const float b[PDQ_FREQS][PDQ_FREQS], struct symmetry s, float v[PDQ_BITS])
{
	for (unsigned i = 0; i < PDQ_FREQS; i++)
		for (unsigned j = 0; j < PDQ_FREQS; j++) {
			bool positive = ((i & s.odd_i) + (j & s.odd_j) + s.bias) % 2;

			v[s.transpose ? j * PDQ_FREQS + i : i * PDQ_FREQS + j] = positive ? b[i][j] : -b[i][j];
		}
}

static void dihedral_of(const float b[PDQ_FREQS][PDQ_FREQS], uint8_t out[TUTELA_DIHEDRALS][TUTELA_PDQ_LEN])
{
	static const struct symmetry symmetries[TUTELA_DIHEDRALS] = {
		[TUTELA_ORIGINAL] = {false, 0, 0, 1},  [TUTELA_ROTATE90] = {true, 0, 1, 0},
		[TUTELA_ROTATE180] = {false, 1, 1, 1}, [TUTELA_ROTATE270] = {true, 1, 0, 0},
		[TUTELA_FLIPX] = {false, 1, 0, 0},     [TUTELA_FLIPY] = {false, 0, 1, 0},
		[TUTELA_FLIPPLUS1] = {true, 0, 0, 1},  [TUTELA_FLIPMINUS1] = {true, 1, 1, 1},
	};
	float v[PDQ_BITS];

	for (size_t d = 0; d < TUTELA_DIHEDRALS; d++) {
		transform(b, symmetries[d], v);
		hash_of(v, out[d]);
	}
}

void tutela_pdq_from_decimated(const float a[PDQ_SIDE][PDQ_SIDE], const struct hash_kernels *kernels,
			       struct tutela_pdq *out)
{
	float b[PDQ_FREQS][PDQ_FREQS], d[PDQ_FREQS][PDQ_SIDE];

	dct_matrix(d);
	kernels->dct(a, (const float(*)[PDQ_SIDE])d, b);
	dihedral_of((const float(*)[PDQ_FREQS])b, out->dihedral);
	memcpy(out->hash, out->dihedral[TUTELA_ORIGINAL], sizeof(out->hash));
	out->quality = quality_of(a);
}

/* The reference skips the blur at exactly 64x64, though not for the dihedral hashes. */
static void finish_plain(struct pdq_plane *p, const float d[PDQ_FREQS][PDQ_SIDE], struct tutela_pdq *out)
{
	float b[PDQ_FREQS][PDQ_FREQS], v[PDQ_BITS];

	p->kernels->dct(p->pixels, d, b);
	memcpy(v, b, sizeof(v));
	hash_of(v, out->hash);
	out->quality = quality_of(p->pixels);
}

enum tutela_err tutela_pdq_plane_new(size_t n_rows, size_t n_cols, const struct hash_kernels *kernels,
				     struct pdq_plane **out)
{
	struct pdq_plane *p;
	enum tutela_err err;

	*out = NULL;
	if (n_rows < PDQ_LEAST || n_cols < PDQ_LEAST)
		return TUTELA_E_ARG;
	p = tutela_mem_array(1, sizeof(*p));
	if (!p)
		return TUTELA_E_NOMEM;
	p->kernels = kernels;
	p->n_cols = n_cols;
	p->plain = n_rows == PDQ_SIDE && n_cols == PDQ_SIDE;
	err = tutela_jarosz_new(n_rows, n_cols, kernels, &p->jarosz);
	if (err) {
		free(p);
		return err;
	}
	*out = p;
	return TUTELA_OK;
}

float *tutela_pdq_plane_slot(struct pdq_plane *p)
{
	return tutela_jarosz_slot(p->jarosz);
}

void tutela_pdq_plane_push(struct pdq_plane *p)
{
	if (p->plain)
		memcpy(p->pixels[p->rows], tutela_jarosz_slot(p->jarosz), sizeof(p->pixels[0]));
	p->rows++;
	tutela_jarosz_push(p->jarosz);
}

void tutela_pdq_plane_finish(struct pdq_plane *p, struct tutela_pdq *out)
{
	float a[PDQ_SIDE][PDQ_SIDE], d[PDQ_FREQS][PDQ_SIDE];

	tutela_jarosz_finish(p->jarosz, a);
	tutela_pdq_from_decimated((const float(*)[PDQ_SIDE])a, p->kernels, out);
	if (!p->plain)
		return;
	dct_matrix(d);
	finish_plain(p, (const float(*)[PDQ_SIDE])d, out);
}

void tutela_pdq_plane_free(struct pdq_plane *p)
{
	if (!p)
		return;
	tutela_jarosz_free(p->jarosz);
	free(p);
}

/* NaN is out of range too. */
static bool in_range(const float *row, size_t n)
{
	bool good = true;

	for (size_t i = 0; i < n; i++)
		good &= row[i] >= 0 && row[i] <= 255;
	return good;
}

enum tutela_err tutela_pdq_from_luma(const float *luma, size_t n_rows, size_t n_cols, enum tutela_isa isa,
				     struct tutela_pdq *out)
{
	const struct hash_kernels *kernels = tutela_hash_kernels(isa);
	struct pdq_plane *p = NULL;
	enum tutela_err err = TUTELA_OK;

	if (!out)
		return TUTELA_E_ARG;
	memset(out, 0, sizeof(*out));
	if (!luma || !kernels || !n_rows || !n_cols || n_rows > UINT32_MAX || n_cols > UINT32_MAX)
		return TUTELA_E_ARG;
	if (n_rows >= PDQ_LEAST && n_cols >= PDQ_LEAST)
		err = tutela_pdq_plane_new(n_rows, n_cols, kernels, &p);
	for (size_t y = 0; y < n_rows && !err; y++, luma += n_cols) {
		if (!in_range(luma, n_cols))
			err = TUTELA_E_ARG;
		if (!p || err)
			continue;
		memcpy(tutela_pdq_plane_slot(p), luma, n_cols * sizeof(*luma));
		tutela_pdq_plane_push(p);
	}
	if (p && !err)
		tutela_pdq_plane_finish(p, out);
	tutela_pdq_plane_free(p);
	return err;
}
