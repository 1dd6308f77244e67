/* SPDX-License-Identifier: Apache-2.0 */
/* Of an icon's pictures the right one is decoded, PNG or BMP; whatever is wrong has its class. */
#include "decode/worker/codec.h"

#include "pictures.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 8

/* As the directory has it; the picture is of `side` pixels, or another size than the directory says. */
struct entry {
	uint32_t width, height, colours, depth;
	uint32_t side;
	bool png;
};

static uint8_t file[1 << 20];
static size_t len;

static void put_le(size_t at, uint32_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		file[at + i] = (uint8_t)(v >> 8 * i);
}

/* The bytes of the only picture of an icon that ico_encode made. */
static void put_picture(size_t at, const struct entry *e)
{
	struct pixels p = pixels_scene(e->side, e->side, 3);
	struct blob b = ico_encode(&p, e->png);

	file[at] = (uint8_t)e->width;
	file[at + 1] = (uint8_t)e->height;
	file[at + 2] = (uint8_t)e->colours;
	put_le(at + 4, 1, 2);
	put_le(at + 6, e->depth, 2);
	put_le(at + 8, (uint32_t)b.len - 22, 4);
	put_le(at + 12, (uint32_t)len, 4);
	memcpy(file + len, b.p + 22, b.len - 22);
	len += b.len - 22;
	blob_free(&b);
	pixels_free(&p);
}

static void icon(unsigned kind, const struct entry *e, size_t n)
{
	memset(file, 0, sizeof(file));
	put_le(2, kind, 2);
	put_le(4, (uint32_t)n, 2);
	len = 6 + 16 * n;
	for (size_t i = 0; i < n; i++)
		put_picture(6 + 16 * i, &e[i]);
}

/* Decodes a copy whose end is the end of its memory. */
static enum tutela_decode_class decode(size_t n, struct row_sink *sink, struct tutela_perceptual *out)
{
	uint8_t *exact = calloc(n ? n : 1, 1);
	enum tutela_decode_class c;

	*sink = (struct row_sink){
		.max_pixels = 1 << 16, .max_memory = 1 << 20, .wants = TUTELA_WANT_PERCEPTUAL, .isa = TUTELA_ISA_AUTO};
	memcpy(exact, file, n);
	memset(out, 0, sizeof(*out));
	c = tutela_codec_ico(exact, n, sink);
	if (!c)
		tutela_sink_hashes(sink, out);
	tutela_sink_discard(sink);
	free(exact);
	return c;
}

static enum tutela_decode_class class_of(size_t n)
{
	struct tutela_perceptual h;
	struct row_sink sink;

	return decode(n, &sink, &h);
}

/* The picture of `side` pixels comes out, and its pixels. */
static void expect_side(uint32_t side, const char *what)
{
	struct pixels p = pixels_scene(side, side, 3);
	const struct tutela_pixels px = {p.data.p, (size_t)side * 3, side, side, 3};
	struct tutela_perceptual want, got;
	struct row_sink sink;

	cr_assert_eq(tutela_hash_pixels(&px, TUTELA_WANT_PERCEPTUAL, TUTELA_ISA_AUTO, &want), TUTELA_OK);
	cr_expect_eq(decode(len, &sink, &got), TUTELA_DECODE_OK, "%s", what);
	cr_expect(sink.width == side && sink.height == side && sink.frames == 1, "%s: %u pixels", what, sink.width);
	cr_expect_eq(memcmp(&want, &got, sizeof(want)), 0, "%s: other pixels", what);
	pixels_free(&p);
}

static const struct {
	const char *what;
	struct entry entries[ENTRIES_MAX];
	size_t n;
	uint32_t icon, cursor; /* the side of the picture that counts */
} directories[] = {
	{"one", {{32, 32, 0, 32, 32, false}}, 1, 32, 32},
	{"one png", {{32, 32, 0, 32, 32, true}}, 1, 32, 32},
	{"the largest", {{16, 16, 0, 24, 16, false}, {48, 48, 0, 8, 48, true}, {32, 32, 0, 32, 32, false}}, 3, 48, 48},
	{"0 is 256", {{48, 48, 0, 32, 48, false}, {0, 0, 0, 32, 200, true}}, 2, 200, 48},
	{"0 is 256 first", {{0, 0, 0, 32, 200, true}, {48, 48, 0, 32, 48, false}}, 2, 200, 48},
	{"the deepest", {{32, 32, 0, 8, 30, false}, {32, 32, 0, 32, 32, true}, {32, 32, 0, 24, 31, false}}, 3, 32, 30},
	{"colours for a depth",
	 {{32, 32, 16, 0, 30, false}, {32, 32, 17, 0, 31, false}, {32, 32, 2, 0, 29, true}},
	 3,
	 31,
	 30},
	{"no depth is the deepest",
	 {{32, 32, 0, 32, 30, false}, {32, 32, 0, 0, 31, false}, {32, 32, 255, 0, 29, true}},
	 3,
	 31,
	 30},
	{"the last of equals", {{32, 32, 0, 32, 30, false}, {32, 32, 0, 32, 31, true}}, 2, 31, 30},
	{"wide and high",
	 {{32, 32, 0, 32, 32, false}, {64, 17, 0, 32, 40, false}, {17, 60, 0, 32, 41, true}},
	 3,
	 40,
	 32},
	{"a size that is not true", {{16, 16, 0, 32, 100, false}, {17, 17, 0, 32, 20, true}}, 2, 20, 20},
};

Test(codec_icon, the_directory_chooses)
{
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		icon(1, directories[i].entries, directories[i].n);
		expect_side(directories[i].icon, directories[i].what);
		icon(2, directories[i].entries, directories[i].n);
		expect_side(directories[i].cursor, directories[i].what);
	}
}

/* A picture under a mask is hashed whole; the mask may be missing, and the length may be wrong. */
Test(codec_icon, mask_and_length_do_not_count)
{
	static const struct entry e = {40, 40, 0, 24, 40, false};
	size_t mask = 8 * 40;

	icon(1, &e, 1);
	memset(file + len - mask, 0xff, mask);
	expect_side(40, "masked");
	put_le(6 + 8, 1, 4);
	expect_side(40, "of length 1");
	put_le(6 + 8, 0xffffffff, 4);
	expect_side(40, "of any length");
	len -= mask;
	expect_side(40, "without a mask");
	cr_expect_eq(class_of(len - 1), TUTELA_DECODE_TRUNCATED);
}

Test(codec_icon, bitmaps_of_few_colours)
{
	static const uint32_t depths[] = {1, 4, 8};
	static uint8_t pixels[24 * 24 * 3];
	const struct tutela_pixels px = {pixels, 24 * 3, 24, 24, 3};
	struct tutela_perceptual want, got;
	struct row_sink sink;

	for (size_t i = 0; i < 3; i++) {
		uint32_t d = depths[i], colours = d == 8 ? 300 : 1u << d, at = 22 + 40 + colours * 4,
			 stride = (24 * d + 31) / 32 * 4;

		icon(1, &(struct entry){24, 24, 0, 0, 24, false}, 1);
		memset(file + 22 + 14, 0, 4096);
		put_le(22 + 14, d, 2);
		put_le(22 + 32, d == 8 ? colours : 0, 4);
		for (uint32_t c = 0; c < colours; c++)
			put_le(22 + 40 + 4 * c, c * 0x123457, 3);
		for (uint32_t y = 0; y < 24; y++)
			for (uint32_t x = 0; x < 24; x++) {
				uint32_t v = (x * y + x) & ((1u << d) - 1);

				file[at + (23 - y) * stride + x * d / 8] |= (uint8_t)(v << (8 - d - x * d % 8));
				for (uint32_t k = 0; k < 3; k++)
					pixels[(y * 24 + x) * 3 + k] = (uint8_t)(v * 0x123457 >> (16 - 8 * k));
			}
		cr_assert_eq(tutela_hash_pixels(&px, TUTELA_WANT_PERCEPTUAL, TUTELA_ISA_AUTO, &want), TUTELA_OK);
		cr_expect_eq(decode(at + stride * 24, &sink, &got), TUTELA_DECODE_OK, "%u bits", d);
		cr_expect_eq(memcmp(&want, &got, sizeof(want)), 0, "%u bits: other pixels", d);
	}
}

Test(codec_icon, what_is_wrong_has_its_class)
{
	static const struct entry e = {32, 32, 0, 24, 32, false}, large = {32, 32, 0, 24, 257, false},
				  large_png = {32, 32, 0, 24, 257, true};
	size_t whole;

	icon(1, &large, 1);
	cr_expect_eq(class_of(len), TUTELA_DECODE_TOO_LARGE);
	icon(1, &large_png, 1);
	cr_expect_eq(class_of(len), TUTELA_DECODE_TOO_LARGE);
	icon(1, &e, 1);
	whole = len;
	put_le(4, 0, 2);
	cr_expect_eq(class_of(whole), TUTELA_DECODE_CORRUPT, "no pictures");
	put_le(4, 0xffff, 2);
	cr_expect_eq(class_of(whole), TUTELA_DECODE_TRUNCATED, "a directory longer than the file");
	put_le(4, 1, 2);
	put_le(18, (uint32_t)whole, 4);
	cr_expect_eq(class_of(whole), TUTELA_DECODE_TRUNCATED, "a picture behind the end");
	put_le(18, 0xffffffff, 4);
	cr_expect_eq(class_of(whole), TUTELA_DECODE_TRUNCATED, "a picture far behind the end");
	put_le(18, 22, 4);
	put_le(22, 41, 4);
	cr_expect_eq(class_of(whole), TUTELA_DECODE_CORRUPT, "a header that does not exist");
	put_le(22, 40, 4);
	put_le(30, 1, 4);
	cr_expect_eq(class_of(whole), TUTELA_DECODE_CORRUPT, "half a row");
	put_le(30, 64, 4);
	put_le(38, 5, 4);
	cr_expect_eq(class_of(whole), TUTELA_DECODE_UNSUPPORTED, "a PNG inside a BMP");
}

Test(codec_icon, every_cut_is_truncated)
{
	static const struct entry kinds[] = {{40, 40, 0, 24, 40, false}, {40, 40, 0, 24, 40, true}};

	for (size_t k = 0; k < 2; k++) {
		size_t end;

		icon(1, &kinds[k], 1);
		end = kinds[k].png ? len - 24 : len - 8 * 40; /* of the samples */
		for (size_t n = 0; n < end; n += n < 100 ? 1 : 17)
			cr_expect_eq(class_of(n), TUTELA_DECODE_TRUNCATED, "%zu bytes", n);
	}
}
