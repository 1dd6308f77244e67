/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG 2000: codestreams whose headers promise more than there is, and the boxes around them. */
#include "hostile.h"

#include <string.h>

struct claim {
	uint32_t x1, y1, x0, y0, tile_w, tile_h;
	unsigned components, depth; /* depth: bits less one, 0x80 for signed */
	unsigned dx, layers, levels, block_w, block_h, precinct;
};

static const struct claim ordinary = {.x1 = 64,
				      .y1 = 48,
				      .tile_w = 64,
				      .tile_h = 48,
				      .components = 3,
				      .depth = 7,
				      .dx = 1,
				      .layers = 1,
				      .levels = 5,
				      .block_w = 4,
				      .block_h = 4,
				      .precinct = 0xff};

static void main_header(struct file *f, const struct claim *c)
{
	put(f, "\xff\x4f\xff\x51", 4);
	put16be(f, 38 + 3 * c->components);
	put16be(f, 0);
	put32be(f, c->x1);
	put32be(f, c->y1);
	put32be(f, c->x0);
	put32be(f, c->y0);
	put32be(f, c->tile_w);
	put32be(f, c->tile_h);
	put32be(f, 0);
	put32be(f, 0);
	put16be(f, c->components);
	for (unsigned i = 0; i < c->components; i++) {
		put8(f, c->depth);
		put8(f, c->dx);
		put8(f, c->dx);
	}
	put16be(f, 0xff52);
	put16be(f, 13 + c->levels);
	put8(f, 1); /* precincts are given */
	put8(f, 0);
	put16be(f, c->layers);
	put8(f, 0);
	put8(f, c->levels);
	put8(f, c->block_w);
	put8(f, c->block_h);
	put8(f, 0);
	put8(f, 1);
	for (unsigned i = 0; i <= c->levels; i++)
		put8(f, c->precinct);
	put16be(f, 0xff5c);
	put16be(f, 4 + 3 * c->levels);
	put8(f, 0x40);
	for (unsigned i = 0; i <= 3 * c->levels; i++)
		put8(f, 8 << 3);
}

/* `len`: claimed; 0: to the end. */
static void tile_part(struct file *f, unsigned tile, uint32_t len, unsigned part, unsigned parts, size_t bytes)
{
	put16be(f, 0xff90);
	put16be(f, 10);
	put16be(f, tile);
	put32be(f, len);
	put8(f, part);
	put8(f, parts);
	put16be(f, 0xff93);
	for (size_t i = 0; i < bytes; i++)
		put8(f, number(255));
}

static void bomb(const struct claim *c, size_t bytes, const char *name)
{
	struct file f = {0};

	main_header(&f, c);
	tile_part(&f, 0, 14 + (uint32_t)bytes, 0, 1, bytes);
	put16be(&f, 0xffd9);
	emit(&f, name);
	file_free(&f);
}

static void sizes(bool heavy)
{
	struct claim c = ordinary;

	c.x1 = c.y1 = c.tile_w = c.tile_h = 0xffffffff;
	bomb(&c, 100, "largest.j2k");
	c.x1 = c.y1 = c.tile_w = c.tile_h = 0x7fffffff;
	bomb(&c, 100, "large.j2k");
	c.x0 = c.y0 = 0x7ffffff0;
	bomb(&c, 100, "far.j2k");
	c = ordinary;
	c.x1 = c.y1 = c.tile_w = c.tile_h = 17000;
	bomb(&c, 100, "under-the-limit.j2k");
	c.x1 = c.y1 = c.tile_w = c.tile_h = heavy ? 6000 : 2000;
	bomb(&c, 100, "whole.j2k");
	c.x1 = c.tile_w = 150000000;
	c.y1 = c.tile_h = 2;
	bomb(&c, 100, "wide.j2k");
	c.x1 = c.tile_w = 2;
	c.y1 = c.tile_h = 150000000;
	bomb(&c, 100, "high.j2k");
	c = ordinary;
	c.dx = 255;
	c.x1 = c.y1 = c.tile_w = c.tile_h = 15000;
	bomb(&c, 100, "subsampled.j2k");
}

static void divisions(bool heavy)
{
	struct claim c = ordinary;

	c.x1 = 65535;
	c.y1 = c.tile_w = c.tile_h = 1;
	bomb(&c, 10, "tiles.j2k");
	c.y1 = 65535;
	bomb(&c, 10, "more-tiles.j2k");
	c.x1 = c.y1 = 250;
	bomb(&c, 10, "tiny-tiles.j2k");
	c.tile_w = c.tile_h = 0;
	bomb(&c, 10, "no-tiles.j2k");
	c = ordinary;
	c.components = 16384;
	bomb(&c, 100, "components.j2k");
	c.components = 0;
	bomb(&c, 100, "no-components.j2k");
	c = ordinary;
	c.x1 = c.y1 = c.tile_w = c.tile_h = heavy ? 4000 : 1000;
	c.block_w = c.block_h = 0;
	bomb(&c, 1000, "small-blocks.j2k");
	c.precinct = 0;
	bomb(&c, 1000, "small-precincts.j2k");
	c.precinct = 0x11;
	c.layers = 65535;
	bomb(&c, 1000, "layers.j2k");
	c.block_w = c.block_h = 15;
	bomb(&c, 1000, "large-blocks.j2k");
	c = ordinary;
	c.levels = 32;
	bomb(&c, 1000, "levels.j2k");
	c.depth = 0x7f;
	bomb(&c, 1000, "deep.j2k");
	c.depth = 0x80 | 37;
	bomb(&c, 1000, "signed.j2k");
}

static void tile_parts(void)
{
	struct claim c = ordinary;
	struct file f = {0};

	main_header(&f, &c);
	tile_part(&f, 0, 0xffffffff, 0, 1, 100);
	emit(&f, "long-part.j2k");
	main_header(&f, &c);
	tile_part(&f, 0, 0, 0, 0, 0);
	emit(&f, "open-part.j2k");
	main_header(&f, &c);
	tile_part(&f, 7, 14, 0, 1, 0);
	emit(&f, "no-such-tile.j2k");
	main_header(&f, &c);
	for (unsigned i = 0; i < 100000; i++)
		tile_part(&f, 0, 14, i & 255, 0, 0);
	emit(&f, "parts.j2k");
	c.x1 = 6400;
	main_header(&f, &c);
	for (unsigned i = 0; i < 100; i++)
		tile_part(&f, 99 - i, 14, 0, 1, 0);
	emit(&f, "backwards.j2k");
	main_header(&f, &c);
	for (unsigned i = 0; i < 2000; i++) {
		put16be(&f, 0xff64);
		put16be(&f, 2);
	}
	emit(&f, "comments.j2k");
	file_free(&f);
}

static void box(struct file *f, const char *type, uint32_t len)
{
	put32be(f, len);
	put(f, type, 4);
}

/* Up to the codestream, with a palette when it has columns. */
static void boxes(struct file *f, const struct claim *c, unsigned columns)
{
	box(f, "jP  ", 12);
	put(f, "\r\n\x87\n", 4);
	box(f, "ftyp", 20);
	put(f, "jp2 \0\0\0\0jp2 ", 12);
	box(f, "jp2h", 8 + 22 + 15 + (columns ? 8 + 3 + 2 * columns + 8 + 4 * columns : 0));
	box(f, "ihdr", 22);
	put32be(f, c->y1);
	put32be(f, c->x1);
	put16be(f, c->components);
	put(f, "\7\7\0\0", 4);
	box(f, "colr", 15);
	put(f, "\1\0\0\0\0\0\20", 7);
	if (!columns)
		return;
	box(f, "pclr", 8 + 3 + 2 * columns);
	put16be(f, 1);
	put8(f, columns);
	for (unsigned i = 0; i < 2 * columns; i++)
		put8(f, i < columns ? 7 : i);
	box(f, "cmap", 8 + 4 * columns);
	for (unsigned i = 0; i < columns; i++) {
		put16be(f, 0);
		put8(f, 1);
		put8(f, i);
	}
}

static void boxed(const struct claim *c, unsigned columns, uint32_t len, const char *name)
{
	struct file f = {0};

	boxes(&f, c, columns);
	box(&f, "jp2c", len);
	main_header(&f, c);
	tile_part(&f, 0, 0, 0, 1, 300);
	put16be(&f, 0xffd9);
	emit(&f, name);
	file_free(&f);
}

static void containers(void)
{
	struct claim c = ordinary;
	struct file f = {0};

	c.components = 1;
	boxed(&c, 3, 0, "palette.jp2");
	boxed(&c, 255, 0xffffffff, "long-box.jp2");
	boxed(&c, 0, 9, "short-box.jp2");
	boxed(&c, 0, 7, "impossible-box.jp2");
	c.x1 = c.y1 = c.tile_w = c.tile_h = 1500;
	boxed(&c, 255, 0, "columns.jp2");
	boxes(&f, &c, 0);
	for (unsigned i = 0; i < 200000; i++)
		box(&f, "free", 8);
	emit(&f, "tiny.jp2");
	boxes(&f, &c, 0);
	box(&f, "jp2c", 1);
	put32be(&f, 0xffffffff);
	put32be(&f, 0xffffffff);
	emit(&f, "endless.jp2");
	file_free(&f);
}

void bombs_jp2(bool heavy)
{
	sizes(heavy);
	divisions(heavy);
	tile_parts();
	containers();
}
