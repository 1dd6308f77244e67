/* SPDX-License-Identifier: Apache-2.0 */
/* Files written byte by byte: what an outline says of them, whole, cut at every byte, and with every claim wrong. */
#include "decode/worker/jp2_outline.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

struct bytes {
	uint8_t p[1024];
	size_t len;
};

static struct jp2_outline outline;

static void put(struct bytes *b, unsigned width, uint64_t v)
{
	for (unsigned i = width; i-- > 0;)
		b->p[b->len++] = (uint8_t)(v >> 8 * i);
}

/* What SIZ says; 100 x 60 from (0, 0) in tiles of 40 x 40 and one component, unless a test changes it. */
struct claims {
	uint32_t x1, y1, x0, y0, tile_w, tile_h, tile_x0, tile_y0, components;
	int extra; /* bytes more in the segment's length than there are */
};

static const struct claims usual = {.x1 = 100, .y1 = 60, .tile_w = 40, .tile_h = 40, .components = 1};

static void put_header(struct bytes *b, const struct claims *c)
{
	put(b, 2, 0xff4f);
	put(b, 2, 0xff51);
	put(b, 2, (uint64_t)(38 + 3 * (int)c->components + c->extra));
	put(b, 2, 0);
	put(b, 4, c->x1);
	put(b, 4, c->y1);
	put(b, 4, c->x0);
	put(b, 4, c->y0);
	put(b, 4, c->tile_w);
	put(b, 4, c->tile_h);
	put(b, 4, c->tile_x0);
	put(b, 4, c->tile_y0);
	put(b, 2, c->components);
	for (uint32_t i = 0; i < c->components; i++)
		put(b, 3, 0x070101);
	put(b, 4, 0xff52000c); /* COD: 5 levels, blocks of 64 x 32 */
	put(b, 5, 0);
	put(b, 1, 5);
	put(b, 2, 0x0403);
	put(b, 2, 0);
}

/* Five bytes of data; claimed: tile-parts that the tile is to have, or 0. */
static void put_part(struct bytes *b, unsigned tile, unsigned claimed, bool open)
{
	put(b, 4, 0xff90000a);
	put(b, 2, tile);
	put(b, 4, open ? 0 : 17);
	put(b, 2, claimed);
	put(b, 5, 0xff93010203);
}

static struct bytes picture(const struct claims *c, unsigned claimed)
{
	struct bytes b = {.len = 0};

	put_header(&b, c);
	for (unsigned tile = 0; tile < 6; tile++)
		put_part(&b, tile, claimed, false);
	put(&b, 2, 0xffd9);
	return b;
}

/* In memory that ends where the bytes do. */
static enum tutela_decode_class look(const struct bytes *b, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);
	enum tutela_decode_class c;

	memcpy(exact, b->p, len);
	c = tutela_jp2_outline(exact, len, &outline);
	free(exact);
	return c;
}

Test(jp2_outline, says_what_the_header_says)
{
	struct bytes b = picture(&usual, 1);

	cr_assert_eq(look(&b, b.len), TUTELA_DECODE_OK);
	cr_expect_eq(outline.boxed, false);
	cr_expect_eq(outline.x1, 100);
	cr_expect_eq(outline.y1, 60);
	cr_expect_eq(outline.tiles_across, 3);
	cr_expect_eq(outline.tiles_down, 2);
	cr_expect_eq(outline.components, 1);
	cr_expect_eq(outline.levels, 5);
	cr_expect_eq(outline.block_w, 6);
	cr_expect_eq(outline.block_h, 5);
	cr_expect_eq(outline.precinct[5], 0xff);
	cr_expect_eq(outline.columns, 0);
	cr_expect_eq(outline.end, b.len - 2);
	cr_expect(outline.has_end_mark && !outline.ends_early && !outline.is_cut);
	cr_expect(tutela_jp2_whole(&outline));
}

Test(jp2_outline, cut_anywhere_is_never_whole_but_for_the_end_mark)
{
	for (unsigned claimed = 0; claimed < 2; claimed++) {
		struct bytes b = picture(&usual, claimed);
		size_t header = 2 + 2 + 41 + 14;

		for (size_t n = 0; n < b.len; n++) {
			enum tutela_decode_class c = look(&b, n);

			if (n < header + 2) {
				cr_assert_eq(c, TUTELA_DECODE_TRUNCATED, "%zu", n);
				continue;
			}
			cr_assert_eq(c, TUTELA_DECODE_OK, "%zu", n);
			cr_assert(outline.ends_early, "%zu", n);
			cr_assert_leq(outline.end, n);
			cr_assert_eq(tutela_jp2_whole(&outline), claimed && n >= b.len - 2, "%u, %zu", claimed, n);
		}
	}
}

Test(jp2_outline, sizes_that_cannot_be)
{
	const struct {
		struct claims c;
		enum tutela_decode_class class_;
	} rows[] = {
		{{100, 60, 100, 0, 40, 40, 0, 0, 1, 0}, TUTELA_DECODE_CORRUPT}, /* no width */
		{{100, 60, 0, 60, 40, 40, 0, 0, 1, 0}, TUTELA_DECODE_CORRUPT},  /* no height */
		{{100, 60, 0, 0, 0, 40, 0, 0, 1, 0}, TUTELA_DECODE_CORRUPT},    /* tiles of nothing */
		{{100, 60, 0, 0, 40, 0, 0, 0, 1, 0}, TUTELA_DECODE_CORRUPT},
		{{100, 60, 0, 0, 40, 40, 1, 0, 1, 0}, TUTELA_DECODE_CORRUPT}, /* tiles that begin inside */
		{{100, 60, 0, 0, 40, 40, 0, 1, 1, 0}, TUTELA_DECODE_CORRUPT},
		{{100, 60, 50, 0, 40, 40, 10, 0, 1, 0}, TUTELA_DECODE_CORRUPT},  /* a first tile left of the picture */
		{{100, 60, 0, 0, 40, 40, 0, 0, 0, 0}, TUTELA_DECODE_CORRUPT},    /* no component */
		{{100, 60, 0, 0, 40, 40, 0, 0, 1, 1}, TUTELA_DECODE_CORRUPT},    /* a segment of another length */
		{{70000, 60, 0, 0, 1, 60, 0, 0, 1, 0}, TUTELA_DECODE_TOO_LARGE}, /* tiles */
		{{300, 300, 0, 0, 1, 1, 0, 0, 1, 0}, TUTELA_DECODE_TOO_LARGE},
		{{UINT32_MAX, UINT32_MAX, 0, 0, 1, 1, 0, 0, 1, 0}, TUTELA_DECODE_TOO_LARGE},
		{{UINT32_MAX, UINT32_MAX, 0, 0, UINT32_MAX, UINT32_MAX, 0, 0, 1, 0}, TUTELA_DECODE_OK},
		{{100, 60, 49, 0, 40, 40, 10, 0, 1, 0}, TUTELA_DECODE_OK},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bytes b = picture(&rows[i].c, 1);

		cr_expect_eq(look(&b, b.len), rows[i].class_, "%zu: %s", i, tutela_decode_class_name(look(&b, b.len)));
	}
}

Test(jp2_outline, a_tile_that_lacks_a_part_is_not_whole)
{
	struct bytes b = {.len = 0};

	put_header(&b, &usual);
	for (unsigned tile = 0; tile < 6; tile++)
		put_part(&b, tile, 2, false);
	for (unsigned tile = 0; tile < 5; tile++)
		put_part(&b, tile, 2, false);
	put(&b, 2, 0xffd9);
	cr_assert_eq(look(&b, b.len), TUTELA_DECODE_OK);
	cr_expect_not(tutela_jp2_whole(&outline));
	cr_expect_not(outline.ends_early, "it is damaged, not cut");
	b.len -= 2;
	put_part(&b, 5, 2, false);
	put(&b, 2, 0xffd9);
	cr_assert_eq(look(&b, b.len), TUTELA_DECODE_OK);
	cr_expect(tutela_jp2_whole(&outline));
	b.p[2 + 2 + 41 + 14 + 4 + 1] = 6; /* the first part is of a tile that there is none of */
	cr_assert_eq(look(&b, b.len), TUTELA_DECODE_OK);
	cr_expect_not(tutela_jp2_whole(&outline));
	cr_expect_eq(outline.end, 2 + 2 + 41 + 14, "nothing is read past what is wrong");
}

Test(jp2_outline, a_part_without_a_length_ends_at_the_end_mark_alone)
{
	struct claims one = {.x1 = 40, .y1 = 40, .tile_w = 40, .tile_h = 40, .components = 1};
	struct bytes b = {.len = 0};

	put_header(&b, &one);
	put_part(&b, 0, 1, true);
	put(&b, 2, 0xffd9);
	cr_assert_eq(look(&b, b.len), TUTELA_DECODE_OK);
	cr_expect(tutela_jp2_whole(&outline));
	cr_expect_eq(outline.end, b.len - 2);
	cr_assert_eq(look(&b, b.len - 1), TUTELA_DECODE_OK);
	cr_expect_not(tutela_jp2_whole(&outline));
	cr_expect(outline.ends_early && outline.is_cut);
}

/* A JP2 file: signature, a header with a palette of three columns, the codestream with this length of its box. */
static struct bytes boxed(uint32_t length, uint64_t long_length)
{
	struct bytes b = {.len = 0}, stream = picture(&usual, 1);

	put(&b, 4, 12);
	put(&b, 8, 0x6a5020200d0a870a);
	put(&b, 4, 8 + 8 + 4); /* jp2h, pclr: 2 colours, 3 columns, a byte of them */
	put(&b, 4, 0x6a703268);
	put(&b, 4, 8 + 4);
	put(&b, 4, 0x70636c72);
	put(&b, 4, 0x00020307);
	put(&b, 4, length);
	put(&b, 4, 0x6a703263);
	if (length == 1)
		put(&b, 8, long_length);
	memcpy(b.p + b.len, stream.p, stream.len);
	b.len += stream.len;
	return b;
}

Test(jp2_outline, boxes)
{
	size_t n = picture(&usual, 1).len;
	const struct {
		uint32_t length;
		uint64_t long_length;
		enum tutela_decode_class class_;
	} rows[] = {
		{(uint32_t)n + 8, 0, TUTELA_DECODE_OK}, {0, 0, TUTELA_DECODE_OK}, /* to the end */
		{1, n + 16, TUTELA_DECODE_OK},                                    /* in 64 bits */
		{1, UINT64_MAX, TUTELA_DECODE_OK}, /* more than there is: as far as it goes */
		{UINT32_MAX, 0, TUTELA_DECODE_OK},      {1, 15, TUTELA_DECODE_CORRUPT}, /* less than its own head */
		{7, 0, TUTELA_DECODE_CORRUPT},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bytes b = boxed(rows[i].length, rows[i].long_length);

		cr_expect_eq(look(&b, b.len), rows[i].class_, "%zu", i);
		if (rows[i].class_)
			continue;
		cr_expect_eq(outline.boxed, true);
		cr_expect_eq(outline.columns, 3, "%zu", i);
		cr_expect_eq(outline.start, b.len - n, "%zu", i);
		cr_expect_eq(outline.until, b.len, "%zu", i);
		cr_expect(tutela_jp2_whole(&outline), "%zu", i);
		for (size_t cut = 0; cut < outline.start + 41; cut++)
			cr_assert_eq(look(&b, cut), TUTELA_DECODE_TRUNCATED, "%zu, %zu", i, cut);
	}
}
