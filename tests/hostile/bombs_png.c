/* SPDX-License-Identifier: Apache-2.0 */
#include "hostile.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

static void chunk(struct file *f, const char *type, const void *bytes, size_t len)
{
	size_t from = f->len + 4;

	put32be(f, (uint32_t)len);
	put_text(f, type);
	put(f, bytes, len);
	put32be(f, (uint32_t)crc32(crc32(0, NULL, 0), f->p + from, (uInt)(len + 4)));
}

static void header(struct file *f, uint32_t width, uint32_t height, unsigned depth, unsigned colour, bool interlaced)
{
	struct file body = {0};

	put(f, "\x89PNG\r\n\x1a\n", 8);
	put32be(&body, width);
	put32be(&body, height);
	put8(&body, depth);
	put8(&body, colour);
	put16be(&body, 0);
	put8(&body, interlaced);
	chunk(f, "IHDR", body.p, body.len);
	if (colour == 3)
		chunk(f, "PLTE", "\0\0\0\377\377\377", 6);
	file_free(&body);
}

/* All zeros: whole, though packed small. */
static void picture(const char *name, uint32_t width, uint32_t height, unsigned depth, unsigned colour, bool interlaced)
{
	static const unsigned samples[] = {1, 0, 3, 1, 2, 0, 4};
	uint64_t row = ((uint64_t)width * samples[colour] * depth + 7) / 8 + 1;
	struct file f = {0}, data = {0};

	header(&f, width, height, depth, colour, interlaced);
	/* Passes have filter bytes of their own; what is too much is passed over. */
	put_zlib_zeros(&data, row * height + (interlaced ? 2 * (uint64_t)height : 0));
	chunk(&f, "IDAT", data.p, data.len);
	chunk(&f, "IEND", NULL, 0);
	emit(&f, name);
	file_free(&f);
	file_free(&data);
}

/* A header, and too little after it. */
static void promise(uint32_t width, uint32_t height, unsigned depth, unsigned colour, bool interlaced)
{
	struct file f = {0}, data = {0};
	char name[64];

	header(&f, width, height, depth, colour, interlaced);
	put_zlib_zeros(&data, 100000);
	chunk(&f, "IDAT", data.p, data.len);
	snprintf(name, sizeof(name), "promise-%u-%u-%u-%u.png", width, height, depth, colour);
	emit(&f, name);
	file_free(&f);
	file_free(&data);
}

static void ending(struct file *f)
{
	struct file data = {0};

	put_zlib_zeros(&data, 16 * 17);
	chunk(f, "IDAT", data.p, data.len);
	chunk(f, "IEND", NULL, 0);
	file_free(&data);
}

/* Text and a colour profile of 200 MB each, packed. */
static void packed_extras(void)
{
	static const struct {
		const char *type, *before;
		size_t len;
	} rows[] = {{"zTXt", "k\0\0", 3}, {"iCCP", "p\0\0", 3}, {"iTXt", "k\0\1\0\0\0", 6}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct file f = {0}, body = {0};

		header(&f, 16, 16, 8, 0, false);
		put(&body, rows[i].before, rows[i].len);
		put_zlib_zeros(&body, 200000000);
		chunk(&f, rows[i].type, body.p, body.len);
		ending(&f);
		emit(&f, "packed-extra.png");
		file_free(&f);
		file_free(&body);
	}
}

static void many_chunks(const char *type, size_t n, size_t len)
{
	struct file f = {0}, body = {0};

	header(&f, 16, 16, 8, 0, false);
	put_zeros(&body, len);
	if (len)
		body.p[0] = 'k';
	for (size_t i = 0; i < n; i++)
		chunk(&f, type, body.p, len);
	ending(&f);
	emit(&f, "many-chunks.png");
	file_free(&f);
	file_free(&body);
}

/* The picture's own data in pieces of one byte. */
static void crumbs(void)
{
	struct file f = {0}, data = {0};

	header(&f, 2000, 2000, 8, 6, false);
	put_zlib_zeros(&data, 2000 * 8001);
	for (size_t i = 0; i < data.len; i++)
		chunk(&f, "IDAT", data.p + i, 1);
	chunk(&f, "IEND", NULL, 0);
	emit(&f, "crumbs.png");
	file_free(&f);
	file_free(&data);
}

static void animated(uint32_t frames)
{
	struct file f = {0}, body = {0};

	header(&f, 16, 16, 8, 0, false);
	put32be(&body, frames);
	put32be(&body, 0);
	chunk(&f, "acTL", body.p, body.len);
	for (uint32_t i = 0; i < 20000; i++) {
		body.len = 0;
		put32be(&body, i);
		put32be(&body, 16);
		put32be(&body, 16);
		put_zeros(&body, 14);
		chunk(&f, "fcTL", body.p, body.len);
	}
	ending(&f);
	emit(&f, "animated.png");
	file_free(&f);
	file_free(&body);
}

void bombs_png(bool heavy)
{
	static const uint32_t sides[] = {0, 1, 4, 65500, 0x7fffffff, 0xffffffff};

	for (size_t i = 0; i < 6; i++) {
		promise(sides[i], sides[i], 8, 2, false);
		promise(sides[i], 16, 16, 6, true);
		promise(16, sides[i], 1, 0, false);
	}
	promise(17000, 17000, 8, 2, false);
	promise(17000, 17000, 8, 2, true);
	promise(16, 16, 3, 1, false);
	picture("thin.png", 0x7ffff, 5, 8, 2, false);
	picture("tall.png", 5, 0x7ffff, 8, 6, true);
	many_chunks("tEXt", 100000, 2);
	many_chunks("sPLT", 3000, 100);
	many_chunks("IDAT", 200000, 0);
	many_chunks("abCd", 10, 1000000);
	animated(0xffffffff);
	animated(20000);
	crumbs();
	packed_extras();
	picture("limit-1bit.png", 17000, 17000, 1, 0, false);
	if (!heavy)
		return;
	picture("limit-palette.png", 17000, 17000, 8, 3, false);
	picture("limit-rgb.png", 17000, 17000, 8, 2, false);
	picture("limit-interlaced.png", 17000, 17000, 8, 2, true);
	picture("limit-rgba16.png", 17000, 17000, 16, 6, false);
	picture("limit-rgba16-interlaced.png", 17000, 17000, 16, 6, true);
	picture("half-interlaced.png", 12000, 12000, 8, 2, true);
	picture("over-rgb.png", 18000, 18000, 8, 2, false);
}
