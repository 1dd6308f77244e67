/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PNM: PBM, PGM and PPM, plain and raw, and PAM of gray and RGB; the first
 * picture of a file. Alpha is dropped.
 *
 * Samples become bytes as in Pillow: in proportion to the largest value,
 * halves to the even one; gray of more than 8 bits by way of 16, of which the
 * high byte counts. Over the largest value, a raw sample is white and a plain
 * one damage.
 *
 * Rows come straight from the file's bytes; besides a row, 64 KiB are held.
 *
 * Source: the pages pbm(5), pgm(5), ppm(5), pam(5) of netpbm.
 */
#include "decode/worker/codec.h"
#include "decode/worker/pnm_header.h"

#include <math.h>
#include <stdlib.h>

#define MAXVAL_MOST 65535

struct pnm {
	struct pnm_header header;
	struct pnm_text samples;
	unsigned channels; /* of the rows that come out: 1 or 3 */
	unsigned width;    /* bytes of a raw sample */
	uint8_t *levels;   /* of each value that a sample can have */
	uint8_t *row;
};

static bool is_plain(const struct pnm *p)
{
	return p->header.kind <= 3;
}

static enum tutela_decode_class check_header(struct pnm *p)
{
	const struct pnm_header *h = &p->header;

	if (h->maxval == 0 || h->maxval > MAXVAL_MOST || h->depth == 0)
		return TUTELA_DECODE_CORRUPT;
	p->channels = h->colours ? h->colours : h->depth <= 2 ? 1 : 3;
	p->width = h->maxval > 255 ? 2 : 1;
	if (h->foreign || h->depth > p->channels + 1)
		return TUTELA_DECODE_UNSUPPORTED;
	return h->depth < p->channels ? TUTELA_DECODE_CORRUPT : TUTELA_DECODE_OK;
}

/* 1 is ink where there are only bits, and white in a PAM. */
static void set_levels(struct pnm *p, size_t n)
{
	bool wide = p->channels == 1 && p->header.maxval > 255;
	double most = wide ? 65535 : 255;

	for (size_t v = 0; v < n; v++) {
		double level = fmin(most, nearbyint((double)v / (double)p->header.maxval * most));

		p->levels[v] = (uint8_t)((unsigned)level >> (wide ? 8 : 0));
	}
	if (p->header.kind == 1 || p->header.kind == 4) {
		p->levels[0] = 255;
		p->levels[1] = 0;
	}
}

static enum tutela_decode_class prepare(struct pnm *p)
{
	size_t n = p->width == 2 ? 65536 : 256;

	p->levels = malloc(n);
	p->row = malloc((size_t)p->header.width * p->channels);
	if (!p->levels || !p->row)
		return TUTELA_DECODE_TOO_LARGE;
	set_levels(p, n);
	return TUTELA_DECODE_OK;
}

/* ---- rows ---- */

static void from_bits(const struct pnm *p, const uint8_t *raw)
{
	for (uint64_t x = 0; x < p->header.width; x++)
		p->row[x] = p->levels[raw[x / 8] >> (7 - x % 8) & 1];
}

static void from_samples(const struct pnm *p, const uint8_t *raw)
{
	size_t each = (size_t)p->header.depth * p->width;
	uint8_t *to = p->row;

	for (uint64_t x = 0; x < p->header.width; x++, raw += each)
		for (unsigned k = 0; k < p->channels; k++)
			*to++ = p->levels[p->width == 2 ? (size_t)raw[2 * k] << 8 | raw[2 * k + 1] : raw[k]];
}

static enum tutela_decode_class raw_row(struct pnm *p)
{
	bool bits = p->header.kind == 4;
	uint64_t len = bits ? (p->header.width + 7) / 8 : p->header.width * p->header.depth * p->width;
	const uint8_t *raw = p->samples.at;

	if ((uint64_t)(p->samples.end - raw) < len)
		return TUTELA_DECODE_TRUNCATED;
	p->samples.at += len;
	if (bits)
		from_bits(p, raw);
	else
		from_samples(p, raw);
	return TUTELA_DECODE_OK;
}

static enum tutela_decode_class plain_row(struct pnm *p)
{
	for (uint64_t i = 0; i < p->header.width * p->channels; i++) {
		uint64_t v = 0;
		enum pnm_found f = tutela_pnm_sample(&p->samples, &p->header, &v);

		if (f == PNM_SHORT)
			return TUTELA_DECODE_TRUNCATED;
		if (f == PNM_WRONG || v > p->header.maxval)
			return TUTELA_DECODE_CORRUPT;
		p->row[i] = p->levels[v];
	}
	return TUTELA_DECODE_OK;
}

static enum tutela_decode_class rows(struct pnm *p, struct row_sink *sink)
{
	enum tutela_decode_class c = tutela_sink_begin(sink, p->channels);

	for (uint32_t y = 0; !c && y < sink->height; y++) {
		c = is_plain(p) ? plain_row(p) : raw_row(p);
		if (!c)
			tutela_sink_row(sink, p->row);
	}
	return c;
}

enum tutela_decode_class tutela_codec_pnm(const uint8_t *bytes, size_t len, struct row_sink *sink)
{
	struct pnm p = {0};
	enum pnm_found f = tutela_pnm_header(bytes, len, &p.header);
	enum tutela_decode_class c;

	if (f)
		return f == PNM_SHORT ? TUTELA_DECODE_TRUNCATED : TUTELA_DECODE_CORRUPT;
	p.samples = (struct pnm_text){bytes + p.header.raster, bytes + len};
	c = tutela_sink_size(sink, p.header.width, p.header.height, 1);
	c = c ? c : check_header(&p);
	c = c ? c : prepare(&p);
	c = c ? c : rows(&p, sink);
	free(p.row);
	free(p.levels);
	return c;
}
