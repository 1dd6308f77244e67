/* SPDX-License-Identifier: Apache-2.0 */
/* ICO and CUR: directories that lie, pictures in them that promise. */
#include "hostile.h"

struct entry {
	uint32_t width, height, depth, len, offset;
};

static void head(struct file *f, uint32_t kind, uint32_t n)
{
	put16le(f, 0);
	put16le(f, kind);
	put16le(f, n);
}

static void put_entry(struct file *f, struct entry e)
{
	put8(f, e.width);
	put8(f, e.height);
	put16le(f, 0);
	put16le(f, 1);
	put16le(f, e.depth);
	put32le(f, e.len);
	put32le(f, e.offset);
}

static void bitmap(const char *name, uint32_t header, uint32_t width, uint32_t height, uint32_t depth, uint32_t packing,
		   uint32_t colours)
{
	for (uint32_t kind = 1; kind <= 2; kind++) {
		struct file f = {0};

		head(&f, kind, 1);
		put_entry(&f, (struct entry){64, 64, depth, 20000, 22});
		put32le(&f, header);
		put32le(&f, width);
		put32le(&f, height);
		put16le(&f, 1);
		put16le(&f, depth);
		put32le(&f, packing);
		put_zeros(&f, 12);
		put32le(&f, colours);
		put_zeros(&f, 20000);
		emit(&f, name);
		file_free(&f);
	}
}

static void directory(const char *name, uint32_t n, uint32_t there, struct entry e, size_t zeros)
{
	struct file f = {0};

	head(&f, 1, n);
	for (uint32_t i = 0; i < there; i++)
		put_entry(&f, e);
	put_zeros(&f, zeros);
	emit(&f, name);
	file_free(&f);
}

static void png(const char *name, uint32_t side)
{
	struct file f = {0};

	head(&f, 1, 1);
	put_entry(&f, (struct entry){0, 0, 32, 0, 22});
	put_text(&f, "\211PNG\r\n\032\n");
	put32be(&f, 13);
	put_text(&f, "IHDR");
	put32be(&f, side);
	put32be(&f, side);
	put32be(&f, 0x08060000);
	put_zeros(&f, 1000);
	emit(&f, name);
	file_free(&f);
}

void bombs_icon(void)
{
	static const uint32_t depths[] = {0, 1, 2, 3, 4, 8, 16, 24, 32, 64},
			      headers[] = {0, 12, 13, 40, 64, 124, 1000, 0x7fffffff, 0xffffffff};

	for (uint32_t d = 0; d < sizeof(depths) / sizeof(depths[0]); d++) {
		for (uint32_t h = 0; h < sizeof(headers) / sizeof(headers[0]); h++)
			bitmap("kinds.ico", headers[h], 64, 128, depths[d], 0, 0);
		for (uint32_t p = 0; p < 8; p++)
			bitmap("packings.ico", 40, 64, 128, depths[d], p, 0);
		bitmap("colours.ico", 40, 64, 128, depths[d], 0, 0xffffffff);
	}
	bitmap("odd.ico", 40, 64, 1, 24, 0, 0);
	bitmap("flat.ico", 40, 64, 0, 24, 0, 0);
	bitmap("promise.ico", 40, 65500, 131000, 24, 0, 0);
	bitmap("most.ico", 40, 0x7fffffff, 0x7fffffff, 32, 0, 0);
	bitmap("least.ico", 40, 0x80000000, 0x80000000, 32, 0, 0);
	bitmap("runs.ico", 40, 17000, 34000, 8, 1, 0);
	directory("short.ico", 255, 3, (struct entry){16, 16, 32, 100, 22}, 2);
	directory("far.ico", 1, 1, (struct entry){16, 16, 32, 100, 0xffffffff}, 100);
	directory("near.ico", 1, 1, (struct entry){16, 16, 32, 100, 0}, 100);
	directory("end.ico", 1, 1, (struct entry){16, 16, 32, 100, 122}, 100);
	directory("many.ico", 255, 255, (struct entry){16, 16, 32, 0xffffffff, 6}, 100);
	png("promise-png.ico", 65500);
	png("most-png.ico", 0x7fffffff);
}
