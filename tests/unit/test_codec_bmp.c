/* SPDX-License-Identifier: Apache-2.0 */
/* Every way of writing a BMP gives its pixels, and whatever is wrong with one has its class. */
#include "decode/worker/codec.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#define WIDTH  37u
#define HEIGHT 29u

struct kind {
	uint32_t header, depth, packing, masks[3];
	bool top_down;
};

static uint8_t file[1 << 20];
static size_t len;

static void add(uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		file[len++] = i < sizeof(v) ? (uint8_t)(v >> 8 * i) : 0;
}

static uint32_t index_at(uint32_t x, uint32_t y, uint32_t depth)
{
	return (x / 3 * 7 + y / 2 * 13 + x * y) & ((1u << depth) - 1);
}

static uint8_t colour(uint32_t index, int channel)
{
	static const uint32_t factors[3] = {37, 91, 203};

	return (uint8_t)(index * factors[channel] + 11);
}

static uint8_t level(uint32_t x, uint32_t y, int channel)
{
	return (uint8_t)(x * (3u + (unsigned)channel) + y * 5 + x * y / (2u + (unsigned)channel));
}

/* The largest value under a mask. */
static uint32_t most(uint32_t mask)
{
	return mask >> __builtin_ctz(mask);
}

static void put_head(const struct kind *k)
{
	uint32_t colours = k->depth <= 8 ? 1u << k->depth : 0, each = k->header == 12 ? 3 : 4;
	uint32_t between = k->header == 40 && k->packing == 3 ? 12 : k->header == 40 && k->packing == 6 ? 16 : 0;
	size_t start;

	len = 0;
	memset(file, 0, sizeof(file));
	add('B' | 'M' << 8, 2);
	add(0, 8);
	add(14 + k->header + between + colours * each, 4);
	start = len;
	add(k->header, 4);
	add(WIDTH, k->header == 12 ? 2 : 4);
	add(k->top_down ? -(uint64_t)HEIGHT : HEIGHT, k->header == 12 ? 2 : 4);
	add(1, 2);
	add(k->depth, 2);
	if (k->header >= 40) {
		add(k->packing, 4);
		add(0, 20);
		for (int i = 0; i < 3 && (k->header > 40 || between); i++)
			add(k->masks[i], 4);
	}
	len = start + k->header + between;
	for (uint32_t i = 0; i < colours; i++) {
		for (int c = 2; c >= 0; c--)
			add(colour(i, c), 1);
		add(0, each - 3);
	}
}

static uint64_t value_at(const struct kind *k, uint32_t x, uint32_t y)
{
	uint64_t v = 0;

	if (k->depth <= 8)
		return index_at(x, y, k->depth);
	if (!k->masks[0])
		return level(x, y, 2) | (uint32_t)level(x, y, 1) << 8 | (uint64_t)level(x, y, 0) << 16;
	for (int c = 0; c < 3; c++)
		v |= (uint64_t)(level(x, y, c) * most(k->masks[c]) / 255) << __builtin_ctz(k->masks[c]);
	return v;
}

static void put_rows(const struct kind *k)
{
	for (uint32_t i = 0; i < HEIGHT; i++) {
		uint32_t y = k->top_down ? i : HEIGHT - 1 - i;
		size_t start = len;

		for (uint32_t x = 0; x < WIDTH; x++) {
			if (k->depth < 8)
				file[start + x * k->depth / 8] |=
					(uint8_t)(value_at(k, x, y) << (8 - k->depth - x * k->depth % 8));
			else
				add(value_at(k, x, y), k->depth / 8);
		}
		len = start + (WIDTH * k->depth + 31) / 32 * 4;
	}
}

static void expected_pixels(const struct kind *k, uint8_t *to)
{
	for (uint32_t y = 0; y < HEIGHT; y++)
		for (uint32_t x = 0; x < WIDTH; x++)
			for (int c = 0; c < 3; c++) {
				uint32_t m = k->masks[0] ? most(k->masks[c]) : 255, v = level(x, y, c) * m / 255;

				*to++ = k->depth <= 8 ? colour(index_at(x, y, k->depth), c) : (uint8_t)(v * 255 / m);
			}
}

/* Decodes a copy whose end is the end of its memory. */
static enum tutela_decode_class decode(size_t n, uint64_t max_memory, struct tutela_perceptual *out)
{
	struct row_sink sink = {.max_pixels = 1 << 21,
				.max_memory = max_memory,
				.wants = TUTELA_WANT_PERCEPTUAL,
				.isa = TUTELA_ISA_AUTO};
	uint8_t *exact = calloc(n ? n : 1, 1);
	enum tutela_decode_class c;

	memcpy(exact, file, n);
	memset(out, 0, sizeof(*out));
	c = tutela_codec_bmp(exact, n, &sink);
	if (!c)
		cr_assert(sink.width == WIDTH && sink.height == HEIGHT && sink.frames == 1);
	if (tutela_sink_rows(&sink))
		tutela_sink_hashes(&sink, out);
	tutela_sink_discard(&sink);
	free(exact);
	return c;
}

static void expect_picture(const struct kind *k, const char *what)
{
	static uint8_t pixels[WIDTH * HEIGHT * 3];
	const struct tutela_pixels px = {pixels, WIDTH * 3, WIDTH, HEIGHT, 3};
	struct tutela_perceptual want, got;

	expected_pixels(k, pixels);
	cr_assert_eq(tutela_hash_pixels(&px, TUTELA_WANT_PERCEPTUAL, TUTELA_ISA_AUTO, &want), TUTELA_OK);
	cr_expect_eq(decode(len, 1 << 20, &got), TUTELA_DECODE_OK, "%s", what);
	cr_expect_eq(memcmp(&want, &got, sizeof(want)), 0, "%s, %u bits, header %u: other pixels", what, k->depth,
		     k->header);
}

Test(codec_bmp, every_depth_and_header)
{
	static const uint32_t headers[] = {12, 16, 40, 52, 56, 64, 108, 124}, depths[] = {1, 2, 4, 8, 24, 32};

	for (size_t h = 0; h < sizeof(headers) / sizeof(headers[0]); h++)
		for (size_t d = 0; d < sizeof(depths) / sizeof(depths[0]); d++)
			for (int down = 0; down < 2; down++) {
				struct kind k = {headers[h], depths[d], 0, {0}, down && headers[h] != 12};

				put_head(&k);
				put_rows(&k);
				expect_picture(&k, "plain");
			}
}

Test(codec_bmp, masks)
{
	static const struct kind kinds[] = {
		{40, 16, 0, {0x7c00, 0x3e0, 0x1f}, false},
		{40, 16, 3, {0xf800, 0x7e0, 0x1f}, false},
		{40, 16, 6, {0xf00, 0xf0, 0xf}, true},
		{108, 16, 3, {0x1f, 0x3e0, 0x7c00}, false},
		{124, 32, 3, {0xff0000, 0xff00, 0xff}, true},
		{56, 32, 3, {0xff000000, 0xff0000, 0xff00}, false},
		{124, 32, 3, {0x3ff00000, 0xffc00, 0x3ff}, false},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		put_head(&kinds[i]);
		put_rows(&kinds[i]);
		expect_picture(&kinds[i], "masks");
	}
}

static size_t row_ends[HEIGHT]; /* of runs */

/* Runs, pixels as they are, and the odd one more than the row has. */
static void put_runs(const struct kind *k, bool end)
{
	for (uint32_t i = 0; i < HEIGHT; i++) {
		uint32_t y = HEIGHT - 1 - i, x = 0;

		for (; i % 3 && x + 6 < WIDTH; x += 5) { /* five as they are */
			add(5 << 8, 2);
			for (uint32_t n = 0; n < 6; n += k->depth == 4 ? 2 : 1) {
				uint32_t a = index_at(x + n, y, k->depth), b = index_at(x + n + 1, y, k->depth);

				add(k->depth == 4 ? a << 4 | b : n < 5 ? a : 0, 1);
			}
			len += k->depth == 4 ? 1 : 0; /* to an even length */
		}
		for (; x < WIDTH; x++) {
			uint32_t v = index_at(x, y, k->depth);

			add((x + 1 == WIDTH ? 9 : 1) | (k->depth == 4 ? v << 4 : v) << 8, 2);
		}
		add(0, 2);
		row_ends[i] = len;
	}
	if (end)
		add(1 << 8, 2);
}

Test(codec_bmp, run_lengths)
{
	static const struct kind kinds[] = {{40, 8, 1, {0}, false}, {40, 4, 2, {0}, false}, {64, 8, 1, {0}, false}};
	struct tutela_perceptual h;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		put_head(&kinds[i]);
		put_runs(&kinds[i], i % 2);
		expect_picture(&kinds[i], "runs");
		cr_expect_eq(decode(len - 300, 1 << 20, &h), TUTELA_DECODE_TRUNCATED);
		/* Indices need a byte a pixel, of half of the memory. */
		cr_expect_eq(decode(len, WIDTH * HEIGHT * 2 - 2, &h), TUTELA_DECODE_TOO_LARGE);
	}
}

Test(codec_bmp, jumps_leave_colour_zero)
{
	static const struct kind k = {40, 8, 1, {0}, false};
	struct tutela_perceptual a, b;

	put_head(&k);
	add(0x0200, 2); /* past the end of row and picture, more than once */
	add(0xff10, 2);
	add(0x07ff, 2);
	add(0x0100, 2);
	cr_expect_eq(decode(len, 1 << 20, &a), TUTELA_DECODE_OK);
	put_head(&k);
	add(0x0100, 2);
	cr_expect_eq(decode(len, 1 << 20, &b), TUTELA_DECODE_OK);
	cr_expect_eq(memcmp(&a, &b, sizeof(a)), 0);
}

/* As in Pillow: gray, as bright as the index says. */
Test(codec_bmp, an_index_without_a_colour_is_gray)
{
	static const struct kind k = {40, 8, 0, {0}, false};
	static uint8_t pixels[WIDTH * HEIGHT * 3];
	const struct tutela_pixels px = {pixels, WIDTH * 3, WIDTH, HEIGHT, 3};
	struct tutela_perceptual want, got;

	put_head(&k);
	put_rows(&k);
	file[14 + 32] = 100; /* colours */
	expected_pixels(&k, pixels);
	for (uint32_t i = 0; i < WIDTH * HEIGHT; i++) {
		uint32_t index = index_at(i % WIDTH, i / WIDTH, 8);

		if (index >= 100)
			memset(pixels + 3 * i, (int)index, 3);
	}
	cr_assert_eq(tutela_hash_pixels(&px, TUTELA_WANT_PERCEPTUAL, TUTELA_ISA_AUTO, &want), TUTELA_OK);
	cr_expect_eq(decode(len, 1 << 20, &got), TUTELA_DECODE_OK);
	cr_expect_eq(memcmp(&want, &got, sizeof(want)), 0);
}

Test(codec_bmp, what_is_wrong_has_its_class)
{
	static const struct {
		struct kind kind;
		enum tutela_decode_class class_;
	} rows[] = {
		{{40, 24, 4, {0}, false}, TUTELA_DECODE_UNSUPPORTED}, /* a JPEG inside */
		{{64, 1, 3, {0}, false}, TUTELA_DECODE_UNSUPPORTED},  /* a fax inside */
		{{40, 64, 0, {0}, false}, TUTELA_DECODE_UNSUPPORTED},
		{{40, 3, 0, {0}, false}, TUTELA_DECODE_CORRUPT},
		{{40, 0, 0, {0}, false}, TUTELA_DECODE_CORRUPT},
		{{40, 24, 1, {0}, false}, TUTELA_DECODE_CORRUPT}, /* runs of bytes, of three each */
		{{40, 32, 3, {0xff00ff, 0xff00, 0xff}, false}, TUTELA_DECODE_CORRUPT}, /* a mask with a gap */
	};
	struct tutela_perceptual h;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put_head(&rows[i].kind);
		add(0, 8);
		len += 60000;
		cr_expect_eq(decode(len, 1 << 20, &h), rows[i].class_, "%zu", i);
	}
}

Test(codec_bmp, every_cut_is_truncated)
{
	static const struct kind k = {40, 24, 0, {0}, false};
	struct tutela_perceptual h;
	size_t padding = (WIDTH * 24 + 31) / 32 * 4 - WIDTH * 3;

	put_head(&k);
	put_rows(&k);
	for (size_t n = 0; n < len - padding; n += n < 80 ? 1 : 17)
		cr_expect_eq(decode(n, 1 << 20, &h), TUTELA_DECODE_TRUNCATED, "%zu bytes", n);
	cr_expect_eq(decode(len - padding, 1 << 20, &h), TUTELA_DECODE_OK, "only the last row's padding is missing");
}

/* What a file of which `there` rows have come gives: the others are gray, or colour 0 where runs would be. */
static struct tutela_perceptual part(const struct kind *k, uint32_t there)
{
	static uint8_t pixels[WIDTH * HEIGHT * 3];
	const struct tutela_pixels px = {pixels, WIDTH * 3, WIDTH, HEIGHT, 3};
	struct tutela_perceptual h;

	expected_pixels(k, pixels);
	memset(pixels + (k->top_down ? (size_t)there * WIDTH * 3 : 0), k->packing ? colour(0, 0) : 128,
	       (size_t)(HEIGHT - there) * WIDTH * 3);
	cr_assert_eq(tutela_hash_pixels(&px, TUTELA_WANT_PERCEPTUAL, TUTELA_ISA_AUTO, &h), TUTELA_OK);
	return h;
}

Test(codec_bmp, a_cut_file_gives_the_rows_that_are_there)
{
	static const struct kind kinds[] = {{40, 24, 0, {0}, false}, {40, 24, 0, {0}, true}, {40, 8, 1, {0}, false}};
	struct tutela_perceptual want, got;
	size_t stride = (WIDTH * 24 + 31) / 32 * 4;

	for (size_t i = 0; i < 2; i++) {
		put_head(&kinds[i]);
		put_rows(&kinds[i]);
		want = part(&kinds[i], 20);
		cr_expect_eq(decode(len - 8 * stride - 5, 1 << 20, &got), TUTELA_DECODE_TRUNCATED);
		cr_expect_arr_eq(&got, &want, sizeof(want), "%zu", i);
		memset(&want, 0, sizeof(want));
		cr_expect_eq(decode(len - (HEIGHT - 1) * stride, 1 << 20, &got), TUTELA_DECODE_TRUNCATED);
		cr_expect_arr_eq(&got, &want, sizeof(want), "one row of 29 is not worth it");
	}
	put_head(&kinds[2]);
	put_runs(&kinds[2], false);
	for (size_t there = 1; there < HEIGHT; there++) {
		want = part(&kinds[2], (uint32_t)there);
		cr_expect_eq(decode(row_ends[there - 1], 1 << 20, &got), TUTELA_DECODE_TRUNCATED);
		cr_expect_arr_eq(&got, &want, sizeof(want), "%zu rows of runs", there);
	}
}

Test(codec_bmp, a_large_picture_of_few_runs_is_not_worth_a_hash)
{
	static const struct kind k = {40, 8, 1, {0}, false};
	struct tutela_perceptual none = {0}, got;

	for (uint32_t height = 1 << 10; height <= 1 << 11; height *= 2) {
		put_head(&k);
		memcpy(file + 18, &(uint32_t){1 << 10}, 4);
		memcpy(file + 22, &height, 4);
		add(0x0910, 2);
		cr_expect_eq(decode(len, 1 << 25, &got), TUTELA_DECODE_TRUNCATED);
		cr_expect_eq(!memcmp(&got, &none, sizeof(got)), height == 1 << 11, "%u rows", height);
	}
}

static void say_pixels_begin_at(uint32_t at)
{
	for (unsigned i = 0; i < 4; i++)
		file[10 + i] = (uint8_t)(at >> 8 * i);
}

Test(codec_bmp, pixels_said_to_begin_where_the_palette_does_come_after_it)
{
	static const struct kind kinds[] = {{40, 8, 0, {0}, false}, {12, 4, 0, {0}, false}, {124, 1, 0, {0}, false}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		put_head(&kinds[i]);
		put_rows(&kinds[i]);
		say_pixels_begin_at(14 + kinds[i].header);
		expect_picture(&kinds[i], "no room for a palette");
	}
}

Test(codec_bmp, pixels_that_begin_within_the_palette_leave_it_whole)
{
	static const struct kind k = {40, 4, 0, {0}, false};
	struct tutela_perceptual want, got;

	put_head(&k);
	put_rows(&k);
	/* up by three of the palette's colours, which are then what pixels say */
	memmove(file + 14 + 40 + 64 - 12, file + 14 + 40 + 64, len - 14 - 40 - 64);
	len -= 12;
	say_pixels_begin_at(14 + 40 + 52);
	cr_assert_eq(decode(len, 1 << 20, &got), TUTELA_DECODE_OK);
	/* the same picture with a palette that says so, and pixels behind it */
	memmove(file + 14 + 40 + 64, file + 14 + 40 + 52, len - 14 - 40 - 52);
	len += 12;
	say_pixels_begin_at(14 + 40 + 64);
	cr_assert_eq(decode(len, 1 << 20, &want), TUTELA_DECODE_OK);
	cr_expect_arr_eq(&got, &want, sizeof(want));
}
