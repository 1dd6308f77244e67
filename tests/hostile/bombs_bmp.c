/* SPDX-License-Identifier: Apache-2.0 */
#include "hostile.h"

#include <stdio.h>

struct kind {
	uint32_t header, width, height, depth, packing, colours;
};

static void head(struct file *f, const struct kind *k)
{
	put_text(f, "BM");
	put32le(f, 0);
	put32le(f, 0);
	put32le(f, 14 + k->header + 4 * k->colours);
	put32le(f, k->header);
	if (k->header == 12) {
		put16le(f, k->width);
		put16le(f, k->height);
	} else {
		put32le(f, k->width);
		put32le(f, k->height);
	}
	put16le(f, 1);
	put16le(f, k->depth);
	if (k->header >= 40) {
		put32le(f, k->packing);
		put_zeros(f, 12);
		put32le(f, k->colours);
		put_zeros(f, k->header - 36);
	} else if (k->header > 16) {
		put_zeros(f, k->header - 16);
	}
	for (uint32_t i = 0; i < k->colours; i++)
		put32le(f, i * 0x10101);
}

static void picture(const char *name, struct kind k, const void *data, size_t len)
{
	struct file f = {0};

	head(&f, &k);
	put(&f, data, len);
	emit(&f, name);
	file_free(&f);
}

void bombs_bmp(bool heavy)
{
	static const uint32_t headers[] = {12, 16, 40, 52, 56, 64, 108, 124},
			      depths[] = {0, 1, 2, 4, 8, 16, 24, 32, 64};
	static const uint8_t zeros[64 * 64 * 4];

	for (size_t h = 0; h < 8; h++)
		for (size_t d = 0; d < 9; d++)
			picture("kinds.bmp",
				(struct kind){headers[h], 64, 64, depths[d], 0, depths[d] <= 8 ? 1u << depths[d] : 0},
				zeros, sizeof(zeros));
	for (uint32_t p = 0; p < 14; p++)
		for (size_t d = 1; d < 8; d++)
			picture("packings.bmp", (struct kind){40, 64, 64, depths[d], p, 2}, zeros, sizeof(zeros));
	picture("promise.bmp", (struct kind){40, 65500, 65500, 24, 0, 0}, zeros, sizeof(zeros));
	picture("most.bmp", (struct kind){40, 0x7fffffff, 0x7fffffff, 24, 0, 0}, zeros, sizeof(zeros));
	picture("least.bmp", (struct kind){40, 0x80000000, 0x80000000, 24, 0, 0}, zeros, sizeof(zeros));
	picture("colours.bmp", (struct kind){40, 64, 64, 8, 0, 100000}, zeros, sizeof(zeros));
	picture("runs-end.bmp", (struct kind){40, 4000, 4000, 8, 1, 256}, "\0\1", 2);
	picture("runs-jump.bmp", (struct kind){40, 64, 64, 8, 1, 256}, "\0\2\377\377\0\2\377\377\1\1\0\1", 12);
	if (!heavy)
		return;
	picture("limit-runs.bmp", (struct kind){40, 17000, 17000, 8, 1, 256}, "\0\1", 2);
	picture("half-runs.bmp", (struct kind){40, 16000, 16000, 8, 1, 256}, "\0\1", 2);
	picture("limit-runs-4.bmp", (struct kind){40, 11000, 11000, 4, 2, 16}, "\0\1", 2);
}
