/* SPDX-License-Identifier: Apache-2.0 */
/* Markers of a JPEG file: what its headers say, and where its entropy-coded segments begin and end. */
#include <string.h>

#include "decode/worker/jpeg_parts.h"

const uint8_t tutela_jpeg_natural[64] = {
	0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
	41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
	30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
};

enum {
	M_SOF0 = 0xc0,
	M_SOF1 = 0xc1,
	M_SOF2 = 0xc2,
	M_DHT = 0xc4,
	M_RST0 = 0xd0,
	M_RST7 = 0xd7,
	M_SOI = 0xd8,
	M_EOI = 0xd9,
	M_SOS = 0xda,
	M_DQT = 0xdb,
	M_DRI = 0xdd,
	M_APP0 = 0xe0,
	M_APP14 = 0xee,
	M_APP15 = 0xef,
	M_COM = 0xfe,
};

static unsigned be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* The next marker's code, past any fill bytes; -1 when there is none right here. */
static int read_marker(struct jpeg_stream *s)
{
	if (s->end - s->at < 2 || s->at[0] != 0xff)
		return -1;
	while (s->at < s->end && *s->at == 0xff)
		s->at++;
	return s->at < s->end && *s->at ? *s->at++ : -1;
}

/* The body of a segment with length; NULL when it does not fit. */
static const uint8_t *read_segment(struct jpeg_stream *s, size_t *len)
{
	const uint8_t *body = s->at + 2;
	unsigned n;

	*len = 0;
	if (s->end - s->at < 2)
		return NULL;
	n = be16(s->at);
	if (n < 2 || (size_t)(s->end - s->at) < n)
		return NULL;
	*len = n - 2;
	s->at += n;
	return body;
}

static bool parse_dqt(struct jpeg_stream *s, const uint8_t *p, size_t len)
{
	while (len > 0) {
		unsigned wide = p[0] >> 4, id = p[0] & 15;
		size_t need = 1 + (wide ? 128 : 64);

		if (wide > 1 || id > 3 || len < need)
			return false;
		for (unsigned k = 0; k < 64; k++) {
			unsigned q = wide ? be16(p + 1 + 2 * k) : p[1 + k];

			if (q == 0)
				return false;
			s->quantisers[id][tutela_jpeg_natural[k]] = (uint16_t)q;
		}
		s->have_quantiser[id] = true;
		p += need;
		len -= need;
	}
	return true;
}

static bool parse_dht(struct jpeg_stream *s, const uint8_t *p, size_t len)
{
	while (len > 0) {
		unsigned class_ = p[0] >> 4, id = p[0] & 15, n = 0;

		if (len < 17 || class_ > 1 || id > 3)
			return false;
		for (unsigned i = 1; i <= 16; i++)
			n += p[i];
		if (n > 256 || len < 17 + n ||
		    !tutela_huffman_build(class_ ? &s->ac[id] : &s->dc[id], p + 1, p + 17, n, class_ == 0))
			return false;
		p += 17 + n;
		len -= 17 + n;
	}
	return true;
}

static bool factor_valid(unsigned factor)
{
	return factor >= 1 && factor <= 4;
}

static bool parse_frame(struct jpeg_stream *s, const uint8_t *p, size_t len)
{
	struct jpeg_geometry *g = &s->geometry;

	if (s->have_frame || len < 6 || p[0] != 8)
		return false;
	g->height = be16(p + 1);
	g->width = be16(p + 3);
	s->n_components = p[5];
	if (!g->height || !g->width || (s->n_components != 1 && s->n_components != 3) ||
	    len != 6 + 3 * (size_t)s->n_components)
		return false;
	for (unsigned i = 0; i < s->n_components; i++) {
		const uint8_t *c = p + 6 + 3 * i;

		s->components[i] = (struct component){.id = c[0], .h = c[1] >> 4, .v = c[1] & 15, .quantiser = c[2]};
		if (c[2] > 3 || !factor_valid(c[1] >> 4) || !factor_valid(c[1] & 15))
			return false;
		for (unsigned j = 0; j < i; j++)
			if (s->components[j].id == c[0])
				return false;
	}
	/* An only component is never interleaved, whatever it says. */
	if (s->n_components == 1)
		s->components[0].h = s->components[0].v = 1;
	for (unsigned i = 0; i < s->n_components; i++) {
		unsigned most = i == 0 ? 2 : 1;

		if (s->components[i].h > most || s->components[i].v > most)
			return false;
	}
	s->mcu_columns = (g->width + 8u * s->components[0].h - 1) / (8u * s->components[0].h);
	s->mcu_rows = (g->height + 8u * s->components[0].v - 1) / (8u * s->components[0].v);
	g->block_columns = s->mcu_columns * s->components[0].h;
	g->block_rows = s->mcu_rows * s->components[0].v;
	s->have_frame = true;
	return true;
}

static bool parse_scan(struct jpeg_stream *s, const uint8_t *p, size_t len)
{
	struct scan *scan = &s->scan;

	*scan = (struct scan){0};
	if (!s->have_frame || len < 1 || p[0] < 1 || p[0] > s->n_components || len != 4 + 2 * (size_t)p[0])
		return false;
	scan->n = p[0];
	for (unsigned i = 0; i < scan->n; i++) {
		const uint8_t *c = p + 1 + 2 * i;
		unsigned j = 0;

		while (j < s->n_components && s->components[j].id != c[0])
			j++;
		/* in the frame's order, each once: T.81 B.2.3 */
		if (j == s->n_components || (i && j <= scan->component[i - 1]) || c[1] >> 4 > 3 || (c[1] & 15) > 3)
			return false;
		scan->component[i] = (uint8_t)j;
		scan->dc[i] = c[1] >> 4;
		scan->ac[i] = c[1] & 15;
	}
	p += 1 + 2 * scan->n;
	scan->first = p[0];
	scan->last = p[1];
	scan->high = p[2] >> 4;
	scan->low = p[2] & 15;
	return true;
}

bool tutela_jpeg_begin_image(struct jpeg_stream *s)
{
	if (s->end - s->at < 2 || s->at[0] != 0xff || s->at[1] != M_SOI)
		return false;
	s->at += 2;
	return true;
}

bool tutela_jpeg_ends(struct jpeg_stream *s)
{
	return read_marker(s) == M_EOI;
}

bool tutela_jpeg_is_rgb(const struct jpeg_stream *s)
{
	const struct component *c = s->components;

	if (s->n_components != 3 || s->have_jfif)
		return false;
	if (s->adobe_transform >= 0)
		return s->adobe_transform == 0;
	return c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B';
}

static bool parse_segment(struct jpeg_stream *s, int marker)
{
	size_t len;
	const uint8_t *p = read_segment(s, &len);

	if (!p)
		return false;
	switch (marker) {
	case M_DQT:
		return parse_dqt(s, p, len);
	case M_DHT:
		return parse_dht(s, p, len);
	case M_DRI:
		s->restart = len == 2 ? be16(p) : 0;
		return len == 2;
	case M_SOF0:
	case M_SOF1:
	case M_SOF2:
		s->progressive = marker == M_SOF2;
		return parse_frame(s, p, len);
	case M_APP0:
		s->have_jfif |= len >= 14 && memcmp(p, "JFIF", 5) == 0;
		return true;
	case M_APP14:
		if (len >= 12 && memcmp(p, "Adobe", 5) == 0)
			s->adobe_transform = p[11];
		return true;
	default:
		return (marker > M_APP0 && marker <= M_APP15) || marker == M_COM;
	}
}

int tutela_jpeg_next_scan(struct jpeg_stream *s)
{
	for (;;) {
		int marker = read_marker(s);

		if (marker == M_EOI)
			return 0;
		if (marker == M_SOS) {
			size_t len;
			const uint8_t *p = read_segment(s, &len);

			return p && parse_scan(s, p, len) ? 1 : -1;
		}
		if (marker < 0 || !parse_segment(s, marker))
			return -1;
	}
}

bool tutela_jpeg_latch_quantisers(struct jpeg_stream *s)
{
	for (unsigned i = 0; i < s->scan.n; i++)
		if (!s->have_quantiser[s->components[s->scan.component[i]].quantiser])
			return false;
	if (!s->latched)
		memcpy(s->geometry.quantisers, s->quantisers[s->components[0].quantiser],
		       sizeof(s->geometry.quantisers));
	s->latched = true;
	return true;
}

/* Copy up to the next marker, without stuffing; s->at is left at the marker. */
static size_t unstuff(struct jpeg_stream *s)
{
	uint8_t *out = s->clean;

	while (s->at < s->end) {
		const uint8_t *ff = memchr(s->at, 0xff, (size_t)(s->end - s->at));
		size_t n = (size_t)((ff ? ff : s->end) - s->at);

		memcpy(out, s->at, n);
		out += n;
		s->at += n;
		if (!ff || s->end - ff < 2 || ff[1] != 0)
			break;
		*out++ = 0xff;
		s->at += 2;
	}
	memset(out, 0, BITS_PAD);
	return (size_t)(out - s->clean);
}

void tutela_jpeg_begin_segment(struct jpeg_stream *s)
{
	size_t len = unstuff(s);

	s->bits = bits_init(s->clean, len);
	s->until_restart = s->restart;
	memset(s->predictor, 0, sizeof s->predictor);
}

bool tutela_jpeg_segment_ended(const struct jpeg_stream *s)
{
	return !bits_overrun(&s->bits) && bits_left(&s->bits) == 0;
}

bool tutela_jpeg_pass_restart(struct jpeg_stream *s)
{
	if (!tutela_jpeg_segment_ended(s) || read_marker(s) != (int)(M_RST0 + s->next_restart))
		return false;
	s->next_restart = (s->next_restart + 1) & 7;
	tutela_jpeg_begin_segment(s);
	return true;
}

void tutela_jpeg_hop_scan(struct jpeg_stream *s)
{
	while (s->at < s->end) {
		const uint8_t *ff = memchr(s->at, 0xff, (size_t)(s->end - s->at));

		if (!ff || s->end - ff < 2) {
			s->at = s->end;
			return;
		}
		s->at = ff;
		if (ff[1] != 0 && (ff[1] < M_RST0 || ff[1] > M_RST7) && ff[1] != 0xff)
			return;
		s->at += ff[1] == 0xff ? 1 : 2;
	}
}
