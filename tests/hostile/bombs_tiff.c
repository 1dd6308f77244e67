/* SPDX-License-Identifier: Apache-2.0 */
#include "hostile.h"

#include <stdio.h>

/* What the makers below vary. */
struct kind {
	const char *name;
	uint32_t width, height, samples, bits, packing, photometric, format, rows_per_strip, tile;
	bool planar;
};

static void tag(struct file *f, unsigned id, unsigned type, uint32_t n, uint32_t value)
{
	put16le(f, id);
	put16le(f, type);
	put32le(f, n);
	put32le(f, value);
}

/*
 * One directory; all strips are the same bytes, so that a small file makes a large picture. `data` comes behind the
 * offsets.
 */
static void picture(const struct kind *k, const struct file *data)
{
	uint32_t down = k->tile ? (k->height + k->tile - 1) / k->tile : (k->height - 1) / k->rows_per_strip + 1;
	uint32_t across = k->tile ? (k->width + k->tile - 1) / k->tile : 1;
	uint32_t n = down * across * (k->planar ? k->samples : 1), at;
	struct file f = {0};

	put(&f, "II*\0", 4);
	put32le(&f, 8);
	put16le(&f, 13);
	at = 8 + 2 + 13 * 12 + 4;
	tag(&f, 256, 4, 1, k->width);
	tag(&f, 257, 4, 1, k->height);
	tag(&f, 258, 3, 1, k->bits);
	tag(&f, 259, 3, 1, k->packing);
	tag(&f, 262, 3, 1, k->photometric);
	tag(&f, k->tile ? 324 : 273, 4, n, n == 1 ? at + 8 : at);
	tag(&f, 277, 3, 1, k->samples);
	tag(&f, 278, 4, 1, k->rows_per_strip);
	tag(&f, k->tile ? 325 : 279, 4, n, n == 1 ? (uint32_t)data->len : at + 4 * n);
	tag(&f, 284, 3, 1, k->planar ? 2 : 1);
	tag(&f, 322, 4, 1, k->tile);
	tag(&f, 323, 4, 1, k->tile);
	tag(&f, 339, 3, 1, k->format);
	put32le(&f, 0);
	for (uint32_t i = 0; i < n; i++)
		put32le(&f, at + 8 * n);
	for (uint32_t i = 0; i < n; i++)
		put32le(&f, (uint32_t)data->len);
	put(&f, data->p, data->len);
	emit(&f, k->name);
	file_free(&f);
}

static void deflated(struct kind k)
{
	uint32_t side = k.tile ? k.tile : k.width, rows = k.tile ? k.tile : k.rows_per_strip;
	uint64_t len = ((uint64_t)side * (k.planar ? 1 : k.samples) * k.bits + 7) / 8 * rows;
	struct file data = {0};

	put_zlib_zeros(&data, len);
	k.packing = 8;
	picture(&k, &data);
	file_free(&data);
}

static void plain(struct kind k)
{
	struct file data = {0};

	put_zeros(&data, 4000);
	picture(&k, &data);
	file_free(&data);
}

/* n directories of one tag each, the last leading to the first (loop) or nowhere. */
static void directories(uint32_t n, bool loop)
{
	struct file f = {0};

	put(&f, "II*\0", 4);
	put32le(&f, 8);
	for (uint32_t i = 0; i < n; i++) {
		put16le(&f, 1);
		tag(&f, 256, 4, 1, 16);
		put32le(&f, i + 1 < n ? 8 + (i + 1) * 18 : loop ? 8 : 0);
	}
	emit(&f, "directories.tiff");
	file_free(&f);
}

/* The same picture over and over. */
static void pages(uint32_t n, bool loop)
{
	struct file f = {0};

	put(&f, "MM\0*", 4);
	put32be(&f, 8 + 256);
	put_zeros(&f, 256);
	for (uint32_t i = 0; i < n; i++) {
		static const uint32_t tags[8][2] = {{256, 16}, {257, 16}, {258, 8},  {259, 1},
						    {262, 1},  {273, 8},  {278, 16}, {279, 256}};

		put16be(&f, 8);
		for (int t = 0; t < 8; t++) {
			put16be(&f, tags[t][0]);
			put16be(&f, 4);
			put32be(&f, 1);
			put32be(&f, tags[t][1]);
		}
		put32be(&f, i + 1 < n ? (uint32_t)f.len + 4 : loop ? 8 + 256 : 0);
	}
	emit(&f, "pages.tiff");
	file_free(&f);
}

void bombs_tiff(bool heavy)
{
	static const struct kind usual = {
		"", 64, 64, 1, 8, 1, 1, 1, 64, 0, false,
	};
	struct kind k = usual;

	directories(1, true);
	directories(60000, true);
	directories(60000, false);
	pages(5000, false);
	pages(70000, false);
	pages(70000, true);
	k.name = "kinds.tiff";
	for (k.photometric = 0; k.photometric < 12; k.photometric++)
		for (k.samples = 1; k.samples < 6; k.samples += 2)
			plain(k);
	k = usual;
	k.name = "depths.tiff";
	for (k.bits = 0; k.bits <= 64; k.bits += k.bits < 4 ? 1 : 4)
		for (k.format = 1; k.format < 7; k.format++)
			plain(k);
	k = usual;
	k.name = "packings.tiff";
	for (k.packing = 0; k.packing < 12; k.packing++)
		plain(k);
	for (k.packing = 32766; k.packing < 32774; k.packing++)
		plain(k);
	for (k.packing = 34661; k.packing < 34940; k.packing += 9)
		plain(k);
	k = usual;
	k.name = "samples.tiff";
	k.samples = 65535;
	plain(k);
	k = usual;
	k.name = "promise.tiff";
	k.width = k.height = k.rows_per_strip = 65500;
	plain(k);
	k.name = "promise-deflate.tiff";
	k.width = k.height = k.rows_per_strip = 0xfffffff0;
	plain(k);
	k = usual;
	k.name = "tiles-of-16.tiff";
	k.width = k.height = 4096;
	k.tile = 16;
	deflated(k);
	k = (struct kind){"deep.tiff", 4001, 4001, 3, 12, 8, 2, 1, 100, 0, false};
	deflated(k);
	k.name = "deep-promise.tiff";
	k.width = k.height = k.rows_per_strip = 17000;
	plain(k);
	k.name = "deep-samples.tiff";
	k.samples = 65535;
	plain(k);
	if (!heavy)
		return;
	k = (struct kind){"limit-rgb.tiff", 17000, 17000, 3, 8, 8, 2, 1, 17000, 0, false};
	deflated(k);
	k.name = "limit-strips.tiff";
	k.rows_per_strip = 1;
	deflated(k);
	k.name = "limit-tiles.tiff";
	k.tile = 4096;
	deflated(k);
	k.name = "limit-huge-tile.tiff";
	k.tile = 16384;
	deflated(k);
	k.name = "limit-planar.tiff";
	k.tile = 0;
	k.rows_per_strip = 100;
	k.planar = true;
	deflated(k);
	k.planar = false;
	k.name = "limit-lab.tiff";
	k.photometric = 8;
	deflated(k);
	k.name = "limit-float.tiff";
	k.photometric = 2;
	k.bits = 32;
	k.format = 3;
	deflated(k);
	k.name = "limit-cmyk16.tiff";
	k.photometric = 5;
	k.samples = 4;
	k.bits = 16;
	k.format = 1;
	deflated(k);
	k.name = "limit-deep.tiff";
	k.photometric = 2;
	k.samples = 3;
	k.bits = 12;
	deflated(k);
	k.name = "limit-1bit.tiff";
	k.photometric = 0;
	k.samples = 1;
	k.bits = 1;
	deflated(k);
}
