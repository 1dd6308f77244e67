/* SPDX-License-Identifier: Apache-2.0 */
#include "pictures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <libdeflate.h>

static void *need(void *p)
{
	if (!p)
		abort();
	return p;
}

void blob_free(struct blob *b)
{
	free(b->p);
	*b = (struct blob){0};
}

static size_t room_for(size_t len)
{
	size_t room = 64;

	while (room < len)
		room *= 2;
	return room;
}

/* Powers of two: one byte at a time must not cost a copy each. */
static void add(struct blob *b, const void *p, size_t len)
{
	if (!b->p || room_for(b->len + len) != room_for(b->len))
		b->p = need(realloc(b->p, room_for(b->len + len)));
	if (len)
		memcpy(b->p + b->len, p, len);
	b->len += len;
}

static void add8(struct blob *b, unsigned v)
{
	uint8_t c = (uint8_t)v;

	add(b, &c, 1);
}

static void add_le(struct blob *b, uint32_t v, unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		add8(b, v >> (8 * i));
}

static void add_be32(struct blob *b, uint32_t v)
{
	for (int i = 24; i >= 0; i -= 8)
		add8(b, v >> i);
}

struct pixels pixels_scene(uint32_t width, uint32_t height, uint32_t channels)
{
	struct pixels p = {.width = width, .height = height, .channels = channels};

	p.data.len = (size_t)width * height * channels;
	p.data.p = need(malloc(p.data.len + 1));
	for (uint32_t y = 0; y < height; y++) {
		for (uint32_t x = 0; x < width; x++) {
			double u = (double)x / width, v = (double)y / height;
			double s =
				120 + 60 * sin(9 * u + 4 * v * v) + 40 * cos(17 * v - 5 * u * u) + (u > 0.6 ? 25 : 0);

			if ((u - 0.3) * (u - 0.3) + (v - 0.7) * (v - 0.7) < 0.04)
				s -= 70;
			for (uint32_t k = 0; k < channels; k++) {
				double t = s + 12.0 * k * (0.5 - u);

				p.data.p[((size_t)y * width + x) * channels + k] = (uint8_t)(t < 0     ? 0
											     : t > 255 ? 255
												       : t);
			}
		}
	}
	return p;
}

void pixels_free(struct pixels *p)
{
	blob_free(&p->data);
}

static uint32_t crc32_of(const uint8_t *p, size_t len)
{
	uint32_t c = 0xffffffffu;

	for (size_t i = 0; i < len; i++) {
		c ^= p[i];
		for (int k = 0; k < 8; k++)
			c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
	}
	return ~c;
}

static void png_chunk(struct blob *out, const char *type, const struct blob *body)
{
	struct blob crc = {0};

	add(&crc, type, 4);
	add(&crc, body->p, body->len);
	add_be32(out, (uint32_t)body->len);
	add(out, crc.p, crc.len);
	add_be32(out, crc32_of(crc.p, crc.len));
	blob_free(&crc);
}

/* zlib without compression: stored blocks. */
static struct blob stored(const struct blob *in)
{
	struct blob out = {0};
	uint32_t a = 1, b = 0;

	add(&out, "\x78\x01", 2);
	for (size_t at = 0; at < in->len || at == 0;) {
		size_t n = in->len - at < 65535 ? in->len - at : 65535;

		add8(&out, at + n == in->len);
		add_le(&out, (uint32_t)n, 2);
		add_le(&out, (uint32_t)~n & 0xffff, 2);
		add(&out, in->p + at, n);
		at += n;
		if (n == 0)
			break;
	}
	for (size_t i = 0; i < in->len; i++) {
		a = (a + in->p[i]) % 65521;
		b = (b + a) % 65521;
	}
	add_be32(&out, b << 16 | a);
	return out;
}

static struct blob compressed(const struct blob *in, int level)
{
	struct libdeflate_compressor *c = need(libdeflate_alloc_compressor(level));
	struct blob out = {.len = libdeflate_zlib_compress_bound(c, in->len)};

	out.p = need(malloc(out.len));
	out.len = libdeflate_zlib_compress(c, in->p, in->len, out.p, out.len);
	libdeflate_free_compressor(c);
	return out;
}

static void png_pixel(struct blob *rows, const struct pixels *p, const struct png_opts *o, uint32_t x, uint32_t y)
{
	const uint8_t *s = p->data.p + ((size_t)y * p->width + x) * p->channels;

	for (uint32_t k = 0; k < p->channels + o->alpha; k++) {
		uint8_t v = k < p->channels ? s[k] : 0;

		add8(rows, v);
		if (o->depth == 16)
			add8(rows, (x * 37 + y * 11 + k) & 255);
	}
}

static void png_pass(struct blob *rows, const struct pixels *p, const struct png_opts *o, const unsigned a[4])
{
	for (uint32_t y = a[1]; y < p->height; y += a[3]) {
		if (a[0] >= p->width)
			continue;
		add8(rows, 0);
		for (uint32_t x = a[0]; x < p->width; x += a[2])
			png_pixel(rows, p, o, x, y);
	}
}

static struct blob png_rows(const struct pixels *p, const struct png_opts *o)
{
	static const unsigned adam7[7][4] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
					     {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
	static const unsigned whole[4] = {0, 0, 1, 1};
	struct blob rows = {0};

	if (!o->interlaced)
		png_pass(&rows, p, o, whole);
	for (int i = 0; o->interlaced && i < 7; i++)
		png_pass(&rows, p, o, adam7[i]);
	return rows;
}

static unsigned png_predict(unsigned filter, int a, int b, int c)
{
	int p = a + b - c;

	switch (filter) {
	case 1:
		return (unsigned)a;
	case 2:
		return (unsigned)b;
	case 3:
		return (unsigned)(a + b) / 2;
	case 4:
		if (abs(p - a) <= abs(p - b) && abs(p - a) <= abs(p - c))
			return (unsigned)a;
		return (unsigned)(abs(p - b) <= abs(p - c) ? b : c);
	}
	return 0;
}

/* Rows of `len` bytes with filter 0 get `filter`. */
static void png_filter(struct blob *rows, size_t len, size_t bpp, unsigned filter)
{
	struct blob raw = {0};

	add(&raw, rows->p, rows->len);
	for (size_t y = 0; y < rows->len / len; y++) {
		const uint8_t *row = raw.p + y * len;
		unsigned f = filter == PNG_MIXED ? (unsigned)(y * 7 / 3 + y / 5) % 5 : filter;

		rows->p[y * len] = (uint8_t)f;
		for (size_t i = 1; i < len; i++) {
			int a = i > bpp ? row[i - bpp] : 0, b = y ? row[i - len] : 0;
			int c = y && i > bpp ? row[i - len - bpp] : 0;

			rows->p[y * len + i] = (uint8_t)(row[i] - png_predict(f, a, b, c));
		}
	}
	blob_free(&raw);
}

static struct blob png_data(const struct pixels *p, const struct png_opts *o)
{
	struct blob rows = png_rows(p, o), data;
	size_t bpp = (p->channels + o->alpha) * (o->depth == 16 ? 2u : 1u);

	if (o->filter && !o->interlaced)
		png_filter(&rows, 1 + p->width * bpp, bpp, o->filter);
	data = o->level ? compressed(&rows, o->level) : stored(&rows);
	blob_free(&rows);
	return data;
}

static void png_idat(struct blob *out, const struct blob *data, uint32_t pieces)
{
	size_t most = pieces ? pieces : data->len;

	for (size_t at = 0; at < data->len; at += most) {
		struct blob piece = {data->p + at, data->len - at < most ? data->len - at : most};

		png_chunk(out, "IDAT", &piece);
	}
}

struct blob png_encode(const struct pixels *p, const struct png_opts *o)
{
	struct blob out = {0}, head = {0}, extra = {0}, data = png_data(p, o), none = {0};

	add(&out, "\x89PNG\r\n\x1a\n", 8);
	add_be32(&head, p->width);
	add_be32(&head, p->height);
	add8(&head, o->depth ? o->depth : 8);
	add8(&head, o->palette ? 3 : (p->channels == 3 ? 2u : 0u) + (o->alpha ? 4u : 0u));
	add_le(&head, o->interlaced ? 1u << 16 : 0, 3);
	png_chunk(&out, "IHDR", &head);
	if (o->frames) {
		add_be32(&extra, o->frames);
		add_be32(&extra, 0);
		png_chunk(&out, "acTL", &extra);
		blob_free(&extra);
	}
	for (unsigned i = 0; o->palette && i < 768; i++)
		add8(&extra, i / 3);
	if (o->palette)
		png_chunk(&out, "PLTE", &extra);
	png_idat(&out, &data, o->pieces);
	png_chunk(&out, "IEND", &none);
	blob_free(&head);
	blob_free(&extra);
	blob_free(&data);
	return out;
}

struct blob bmp_encode(const struct pixels *p, bool from_top)
{
	struct blob b = {0};
	uint32_t stride = (p->width * p->channels + 3) / 4 * 4, palette = p->channels == 1 ? 1024 : 0;

	add(&b, "BM", 2);
	add_le(&b, 54 + palette + stride * p->height, 4);
	add_le(&b, 0, 4);
	add_le(&b, 54 + palette, 4);
	add_le(&b, 40, 4);
	add_le(&b, p->width, 4);
	add_le(&b, from_top ? -p->height : p->height, 4);
	add_le(&b, 1, 2);
	add_le(&b, p->channels * 8, 2);
	for (int i = 0; i < 6; i++)
		add_le(&b, 0, 4);
	for (unsigned i = 0; i < palette / 4; i++)
		add_le(&b, i * 0x10101u, 4);
	for (uint32_t i = 0; i < p->height; i++) {
		const uint8_t *row = p->data.p + (size_t)(from_top ? i : p->height - 1 - i) * p->width * p->channels;

		for (uint32_t x = 0; x < p->width * p->channels; x++)
			add8(&b, p->channels == 3 ? row[x / 3 * 3 + 2 - x % 3] : row[x]);
		for (uint32_t x = p->width * p->channels; x < stride; x++)
			add8(&b, 0);
	}
	return b;
}

struct blob ppm_encode(const struct pixels *p)
{
	struct blob b = {0};
	char head[64];

	add(&b, head,
	    (size_t)snprintf(head, sizeof(head), "P%d\n%u %u\n255\n", p->channels == 3 ? 6 : 5, p->width, p->height));
	add(&b, p->data.p, p->data.len);
	return b;
}

struct blob ico_encode(const struct pixels *p, bool png)
{
	struct blob b = {0}, in = png ? png_encode(p, &(struct png_opts){0}) : bmp_encode(p, false);
	size_t skip = png ? 0 : 14, mask = png ? 0 : (size_t)(p->width + 31) / 32 * 4 * p->height;

	add(&b, "\0\0\1\0\1\0", 6);
	add8(&b, p->width < 256 ? p->width : 0);
	add8(&b, p->height < 256 ? p->height : 0);
	add_le(&b, 1 << 16, 4);
	add_le(&b, p->channels * 8, 2);
	add_le(&b, (uint32_t)(in.len - skip + mask), 4);
	add_le(&b, 22, 4);
	if (!png)
		for (int i = 0; i < 4; i++)
			in.p[14 + 8 + i] = (uint8_t)(2 * p->height >> 8 * i);
	add(&b, in.p + skip, in.len - skip);
	while (mask--)
		add8(&b, 0);
	blob_free(&in);
	return b;
}

static void tiff_tag(struct blob *b, unsigned tag, unsigned type, uint32_t n, uint32_t value)
{
	add_le(b, tag, 2);
	add_le(b, type, 2);
	add_le(b, n, 4);
	add_le(b, value, 4);
}

struct blob tiff_encode(const struct pixels *p, unsigned depth)
{
	struct blob b = {0};
	uint32_t n = (uint32_t)p->data.len * depth / 8, meaning = p->channels == 1 ? 1 : p->channels == 3 ? 2 : 5;
	uint32_t depths_at = 8 + n, ifd = depths_at + 8;

	add(&b, "II*\0", 4);
	add_le(&b, ifd, 4);
	for (size_t i = 0; i < p->data.len; i++) {
		if (depth == 16)
			add8(&b, (unsigned)(i * 29) & 255);
		add8(&b, p->data.p[i]);
	}
	for (int i = 0; i < 4; i++)
		add_le(&b, depth, 2);
	add_le(&b, 10, 2);
	tiff_tag(&b, 256, 4, 1, p->width);
	tiff_tag(&b, 257, 4, 1, p->height);
	tiff_tag(&b, 258, 3, p->channels, p->channels == 1 ? depth : depths_at);
	tiff_tag(&b, 259, 3, 1, 1);
	tiff_tag(&b, 262, 3, 1, meaning);
	tiff_tag(&b, 273, 4, 1, 8);
	tiff_tag(&b, 277, 3, 1, p->channels);
	tiff_tag(&b, 278, 4, 1, p->height);
	tiff_tag(&b, 279, 4, 1, n);
	tiff_tag(&b, 284, 3, 1, 1);
	add_le(&b, 0, 4);
	return b;
}

/* Rows begin at a byte. */
static void add_packed(struct blob *b, const struct pixels *p, unsigned bits, bool zero_is_white)
{
	size_t per_row = (size_t)p->width * p->channels;

	for (uint32_t y = 0; y < p->height; y++) {
		uint64_t held = 0;
		unsigned n = 0;

		for (size_t i = y * per_row; i < (y + 1) * per_row; i++) {
			uint32_t v = (uint32_t)p->data.p[i] << (bits - 8) | (i * 29 & ((1u << (bits - 8)) - 1));

			held = held << bits | (zero_is_white ? (1u << bits) - 1 - v : v);
			for (n += bits; n >= 8; n -= 8)
				add8(b, held >> (n - 8) & 255);
		}
		if (n)
			add8(b, held << (8 - n) & 255);
	}
}

struct blob tiff_encode_packed(const struct pixels *p, unsigned bits, bool zero_is_white)
{
	struct blob b = {0};
	uint32_t row = (p->width * p->channels * bits + 7) / 8, strips = (p->height + 7) / 8;
	uint32_t lists_at = 8 + row * p->height, ifd = lists_at + 8 * strips + 8;

	add(&b, "II*\0", 4);
	add_le(&b, ifd, 4);
	add_packed(&b, p, bits, zero_is_white);
	for (uint32_t i = 0; i < strips; i++)
		add_le(&b, 8 + i * 8 * row, 4);
	for (uint32_t i = 0; i < strips; i++)
		add_le(&b, row * (i + 1 < strips ? 8 : p->height - i * 8), 4);
	for (int i = 0; i < 4; i++)
		add_le(&b, bits, 2);
	add_le(&b, 10, 2);
	tiff_tag(&b, 256, 4, 1, p->width);
	tiff_tag(&b, 257, 4, 1, p->height);
	tiff_tag(&b, 258, 3, p->channels, p->channels == 1 ? bits : ifd - 8);
	tiff_tag(&b, 259, 3, 1, 1);
	tiff_tag(&b, 262, 3, 1, p->channels == 3 ? 2 : !zero_is_white);
	tiff_tag(&b, 273, 4, strips, lists_at);
	tiff_tag(&b, 277, 3, 1, p->channels);
	tiff_tag(&b, 278, 4, 1, 8);
	tiff_tag(&b, 279, 4, strips, lists_at + 4 * strips);
	tiff_tag(&b, 339, 3, 1, 1);
	add_le(&b, 0, 4);
	return b;
}

struct blob tiff_encode_subsampled(const struct pixels *p)
{
	struct blob b = {0};
	uint32_t strip = p->width * 12, strips = (p->height + 7) / 8, lists_at = 8 + p->width * p->height / 2 * 3;

	add(&b, "II*\0", 4);
	add_le(&b, lists_at + 8 * strips + 8, 4);
	for (size_t i = 0; i < p->data.len; i += i % p->width + 2 == p->width ? p->width + 2 : 2) {
		add(&b, p->data.p + i, 2);
		add(&b, p->data.p + i + p->width, 2);
		add_le(&b, 0x8080, 2);
	}
	for (uint32_t i = 0; i < strips; i++)
		add_le(&b, 8 + i * strip, 4);
	for (uint32_t i = 0; i < strips; i++)
		add_le(&b, i + 1 < strips ? strip : lists_at - 8 - i * strip, 4);
	for (int i = 0; i < 4; i++)
		add_le(&b, 8, 2);
	add_le(&b, 10, 2);
	tiff_tag(&b, 256, 4, 1, p->width);
	tiff_tag(&b, 257, 4, 1, p->height);
	tiff_tag(&b, 258, 3, 3, lists_at + 8 * strips);
	tiff_tag(&b, 259, 3, 1, 1);
	tiff_tag(&b, 262, 3, 1, 6);
	tiff_tag(&b, 273, 4, strips, lists_at);
	tiff_tag(&b, 277, 3, 1, 3);
	tiff_tag(&b, 278, 4, 1, 8);
	tiff_tag(&b, 279, 4, strips, lists_at + 4 * strips);
	tiff_tag(&b, 530, 3, 2, 2 << 16 | 2);
	add_le(&b, 0, 4);
	return b;
}

struct blob tiff_encode_planes(const struct pixels *p, bool hidden)
{
	struct blob b = {0};
	uint32_t n = p->width * p->height, planes = hidden ? 4 : 3, lists_at = 8 + planes * n;

	add(&b, "II*\0", 4);
	add_le(&b, lists_at + planes * 10, 4);
	for (uint32_t k = 0; k < planes; k++)
		for (uint32_t i = 0; i < n; i++)
			add8(&b, k < 3 ? p->data.p[3 * i + k] : 0);
	for (uint32_t k = 0; k < planes; k++)
		add_le(&b, 8 + k * n, 4);
	for (uint32_t k = 0; k < planes; k++)
		add_le(&b, n, 4);
	for (uint32_t k = 0; k < planes; k++)
		add_le(&b, 8, 2);
	add_le(&b, hidden ? 12 : 11, 2);
	tiff_tag(&b, 256, 4, 1, p->width);
	tiff_tag(&b, 257, 4, 1, p->height);
	tiff_tag(&b, 258, 3, planes, lists_at + planes * 8);
	tiff_tag(&b, 259, 3, 1, 1);
	tiff_tag(&b, 262, 3, 1, 2);
	tiff_tag(&b, 277, 3, 1, planes);
	tiff_tag(&b, 284, 3, 1, 2);
	tiff_tag(&b, 322, 4, 1, p->width);
	tiff_tag(&b, 323, 4, 1, p->height);
	tiff_tag(&b, 324, 4, planes, lists_at);
	tiff_tag(&b, 325, 4, planes, lists_at + planes * 4);
	if (hidden)
		tiff_tag(&b, 338, 3, 1, 2);
	add_le(&b, 0, 4);
	return b;
}

uint8_t gif_value(uint8_t v)
{
	return (uint8_t)(v / 2 * 255 / 127);
}

/* LZW that never uses its table: 8-bit codes, cleared before they would grow. */
static void gif_frame(struct blob *out, const struct pixels *p, uint32_t darker)
{
	struct blob codes = {0};

	for (size_t i = 0; i < p->data.len; i++) {
		unsigned v = p->data.p[i] / 2;

		if (i % 120 == 0)
			add8(&codes, 128);
		add8(&codes, v > darker ? v - darker : 0);
	}
	add8(&codes, 129);
	add(out, "\x21\xf9\x04\0\x0a\0\0\0", 8);
	add8(out, ',');
	add_le(out, 0, 4);
	add_le(out, p->width, 2);
	add_le(out, p->height, 2);
	add8(out, 0);
	add8(out, 7);
	for (size_t at = 0; at < codes.len; at += 255) {
		size_t n = codes.len - at < 255 ? codes.len - at : 255;

		add8(out, (unsigned)n);
		add(out, codes.p + at, n);
	}
	add8(out, 0);
	blob_free(&codes);
}

struct blob gif_encode(const struct pixels *p, uint32_t frames)
{
	struct blob b = {0};

	add(&b, "GIF89a", 6);
	add_le(&b, p->width, 2);
	add_le(&b, p->height, 2);
	add(&b, "\xf6\0\0", 3);
	for (unsigned i = 0; i < 128 * 3; i++)
		add8(&b, i / 3 * 255 / 127);
	for (uint32_t i = 0; i < frames; i++)
		gif_frame(&b, p, 9 * i);
	add8(&b, ';');
	return b;
}

/* Bits from the least significant on, as VP8L wants them. */
struct bits {
	struct blob b;
	unsigned n;
};

static void put_bits(struct bits *w, uint32_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++, w->n++) {
		if (w->n % 8 == 0)
			add8(&w->b, 0);
		w->b.p[w->b.len - 1] |= (uint8_t)((v >> i & 1) << w->n % 8);
	}
}

/* A code in which each of the first 256 symbols has 8 bits. */
static void put_flat_code(struct bits *w, unsigned alphabet)
{
	put_bits(w, 0, 1);      /* not a simple code */
	put_bits(w, 12 - 4, 4); /* twelve lengths, in the order 17 18 0 1 2 3 4 5 16 6 7 8 */
	for (int i = 0; i < 11; i++)
		put_bits(w, 0, 3);
	put_bits(w, 1, 3); /* only length 8 occurs, so naming it takes no bits */
	put_bits(w, alphabet > 256, 1);
	if (alphabet > 256) { /* the first 256 symbols only */
		put_bits(w, 3, 3);
		put_bits(w, 256 - 2, 8);
	}
}

static void put_single_symbol(struct bits *w, unsigned symbol)
{
	put_bits(w, 1, 1);
	put_bits(w, 0, 1);
	put_bits(w, symbol > 1, 1);
	put_bits(w, symbol, symbol > 1 ? 8 : 1);
}

static void put_byte(struct bits *w, uint8_t v)
{
	for (int i = 7; i >= 0; i--)
		put_bits(w, v >> i & 1u, 1);
}

struct blob webp_encode(const struct pixels *p)
{
	struct bits w = {0};
	struct blob out = {0};

	put_bits(&w, 0x2f, 8);
	put_bits(&w, p->width - 1, 14);
	put_bits(&w, p->height - 1, 14);
	put_bits(&w, 0, 4); /* no alpha, version 0 */
	put_bits(&w, 0, 3); /* no transform, no cache, one group of codes */
	put_flat_code(&w, 280);
	put_flat_code(&w, 256);
	put_flat_code(&w, 256);
	put_single_symbol(&w, 255); /* alpha */
	put_single_symbol(&w, 0);   /* distance: never used */
	for (size_t i = 0; i < p->data.len; i += 3) {
		put_byte(&w, p->data.p[i + 1]);
		put_byte(&w, p->data.p[i]);
		put_byte(&w, p->data.p[i + 2]);
	}
	if (w.b.len % 2)
		add8(&w.b, 0);
	add(&out, "RIFF", 4);
	add_le(&out, (uint32_t)w.b.len + 12, 4);
	add(&out, "WEBPVP8L", 8);
	add_le(&out, (uint32_t)w.b.len, 4);
	add(&out, w.b.p, w.b.len);
	blob_free(&w.b);
	return out;
}

static void jpeg_row(const struct pixels *p, enum jpeg_kind kind, uint32_t y, uint8_t *row)
{
	const uint8_t *s = p->data.p + (size_t)y * p->width * p->channels;

	if (kind != JPEG_CMYK) {
		memcpy(row, s, (size_t)p->width * p->channels);
		return;
	}
	for (uint32_t x = 0; x < p->width; x++) {
		memcpy(row + 4 * x, s + 3 * x, 3); /* stored inverted: 255 is no ink */
		row[4 * x + 3] = 255;
	}
}

struct blob jpeg_encode(const struct pixels *p, const struct jpeg_opts *o)
{
	struct jpeg_compress_struct c;
	struct jpeg_error_mgr errors;
	unsigned char *bytes = NULL;
	unsigned long len = 0;
	struct blob out = {0};
	uint8_t *row = need(malloc((size_t)p->width * 4));

	c.err = jpeg_std_error(&errors);
	jpeg_create_compress(&c);
	jpeg_mem_dest(&c, &bytes, &len);
	c.image_width = p->width;
	c.image_height = p->height;
	c.input_components = o->kind == JPEG_CMYK ? 4 : (int)p->channels;
	c.in_color_space = o->kind == JPEG_CMYK ? JCS_CMYK : p->channels == 3 ? JCS_RGB : JCS_GRAYSCALE;
	jpeg_set_defaults(&c);
	if (o->kind == JPEG_AS_RGB)
		jpeg_set_colorspace(&c, JCS_RGB);
	if (o->kind == JPEG_AS_GRAY)
		jpeg_set_colorspace(&c, JCS_GRAYSCALE);
	jpeg_set_quality(&c, o->quality ? o->quality : 90, TRUE);
	if (o->progressive)
		jpeg_simple_progression(&c);
	c.arith_code = o->arithmetic;
	c.restart_in_rows = o->restart;
	jpeg_start_compress(&c, TRUE);
	while (c.next_scanline < c.image_height) {
		jpeg_row(p, o->kind, c.next_scanline, row);
		jpeg_write_scanlines(&c, &row, 1);
	}
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	add(&out, bytes, len);
	free(bytes);
	free(row);
	return out;
}
