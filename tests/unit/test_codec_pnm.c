/* SPDX-License-Identifier: Apache-2.0 */
/* Every way of writing a PNM gives its pixels, and whatever is wrong with one has its class. */
#include "decode/worker/codec.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH  37u
#define HEIGHT 29u

static char file[1 << 17];
static size_t len;

static void text(const char *s)
{
	memcpy(file + len, s, strlen(s));
	len += strlen(s);
}

static void text_number(uint32_t v, const char *after)
{
	char s[16];

	snprintf(s, sizeof(s), "%u", v);
	text(s);
	text(after);
}

static void head(unsigned kind, uint32_t maxval)
{
	len = 0;
	memset(file, 0, sizeof(file));
	text("P");
	text_number(kind, "\n# made by hand\n");
	text_number(WIDTH, " ");
	text_number(HEIGHT, "\n");
	if (kind != 1 && kind != 4)
		text_number(maxval, "\n");
}

static void pam_head(uint32_t depth, uint32_t maxval, const char *type)
{
	len = 0;
	memset(file, 0, sizeof(file));
	text("P7\n# made by hand\nHEIGHT ");
	text_number(HEIGHT, "\nWIDTH ");
	text_number(WIDTH, "\nDEPTH ");
	text_number(depth, "\n\nMAXVAL ");
	text_number(maxval, "\n");
	text(type);
	text("ENDHDR\n");
}

static uint32_t value_at(uint32_t x, uint32_t y, uint32_t channel, uint32_t maxval)
{
	return (x * (3 + channel) + y * 5 + x * y / (2 + channel)) * (maxval / 300 + 1) % (maxval + 1);
}

static void put_sample(uint32_t v, uint32_t maxval)
{
	if (maxval > 255)
		file[len++] = (char)(v >> 8);
	file[len++] = (char)v;
}

static void put_raw(uint32_t depth, uint32_t maxval)
{
	for (uint32_t y = 0; y < HEIGHT; y++)
		for (uint32_t x = 0; x < WIDTH; x++)
			for (uint32_t k = 0; k < depth; k++)
				put_sample(value_at(x, y, k, maxval), maxval);
}

static void put_plain(uint32_t depth, uint32_t maxval, const char *between)
{
	for (uint32_t y = 0; y < HEIGHT; y++)
		for (uint32_t x = 0; x < WIDTH; x++)
			for (uint32_t k = 0; k < depth; k++)
				text_number(value_at(x, y, k, maxval), x % 9 == 4 ? "\n" : between);
}

static void put_bits(void)
{
	for (uint32_t y = 0; y < HEIGHT; y++, len += (WIDTH + 7) / 8)
		for (uint32_t x = 0; x < WIDTH; x++)
			file[len + x / 8] |= (char)(value_at(x, y, 0, 1) << (7 - x % 8));
}

/* Nearest, the even one of two: in whole numbers. */
static uint32_t scaled(uint32_t v, uint32_t maxval, uint32_t most)
{
	uint64_t twice = (uint64_t)v * most * 2, floor = twice / maxval / 2, rest = twice - floor * maxval * 2;

	return (uint32_t)(floor + (rest > maxval || (rest == maxval && floor % 2)));
}

static uint8_t level(uint32_t v, uint32_t maxval, unsigned channels)
{
	return (uint8_t)(channels == 1 && maxval > 255 ? scaled(v, maxval, 65535) >> 8 : scaled(v, maxval, 255));
}

/* Decodes a copy whose end is the end of its memory. */
static enum tutela_decode_class decode_with(size_t n, uint64_t max_pixels, uint32_t *rows,
					    struct tutela_perceptual *out)
{
	struct row_sink sink = {.max_pixels = max_pixels,
				.max_memory = 1 << 20,
				.wants = TUTELA_WANT_PERCEPTUAL,
				.isa = TUTELA_ISA_AUTO};
	uint8_t *exact = calloc(n ? n : 1, 1);
	enum tutela_decode_class c;

	memcpy(exact, file, n);
	memset(out, 0, sizeof(*out));
	c = tutela_codec_pnm(exact, n, &sink);
	*rows = tutela_sink_rows(&sink);
	if (!c) {
		cr_assert(sink.width == WIDTH && sink.height == HEIGHT && sink.frames == 1);
		tutela_sink_hashes(&sink, out);
	}
	tutela_sink_discard(&sink);
	free(exact);
	return c;
}

static enum tutela_decode_class decode(size_t n)
{
	struct tutela_perceptual h;
	uint32_t rows;

	return decode_with(n, WIDTH * HEIGHT, &rows, &h);
}

static void expect_pixels(const uint8_t *pixels, unsigned channels, const char *what, uint32_t maxval)
{
	const struct tutela_pixels px = {pixels, WIDTH * channels, WIDTH, HEIGHT, channels};
	struct tutela_perceptual want, got;
	uint32_t rows;

	cr_assert_eq(tutela_hash_pixels(&px, TUTELA_WANT_PERCEPTUAL, TUTELA_ISA_AUTO, &want), TUTELA_OK);
	cr_expect_eq(decode_with(len, WIDTH * HEIGHT, &rows, &got), TUTELA_DECODE_OK, "%s, %u", what, maxval);
	cr_expect_eq(memcmp(&want, &got, sizeof(want)), 0, "%s, %u: other pixels", what, maxval);
}

static void expect_picture(unsigned channels, uint32_t maxval, bool ink, const char *what)
{
	static uint8_t pixels[WIDTH * HEIGHT * 3];
	uint8_t *to = pixels;

	for (uint32_t y = 0; y < HEIGHT; y++)
		for (uint32_t x = 0; x < WIDTH; x++)
			for (uint32_t k = 0; k < channels; k++) {
				uint8_t v = level(value_at(x, y, k, maxval), maxval, channels);

				*to++ = ink ? (uint8_t)(255 - v) : v;
			}
	expect_pixels(pixels, channels, what, maxval);
}

static const uint32_t maxvals[] = {1, 2, 6, 15, 100, 254, 255, 256, 510, 1023, 4095, 40000, 65534, 65535};

Test(codec_pnm, raw_and_plain_of_every_maxval)
{
	for (size_t i = 0; i < sizeof(maxvals) / sizeof(maxvals[0]); i++) {
		uint32_t m = maxvals[i];

		head(5, m);
		put_raw(1, m);
		expect_picture(1, m, false, "raw gray");
		head(6, m);
		put_raw(3, m);
		expect_picture(3, m, false, "raw colours");
		head(2, m);
		put_plain(1, m, " ");
		expect_picture(1, m, false, "plain gray");
		head(3, m);
		put_plain(3, m, "\t# and so on\r\n");
		expect_picture(3, m, false, "plain colours");
	}
}

Test(codec_pnm, bits_are_ink)
{
	head(4, 1);
	put_bits();
	expect_picture(1, 1, true, "raw bits");
	head(1, 1);
	put_plain(1, 1, "");
	expect_picture(1, 1, true, "bits in a row");
	head(1, 1);
	put_plain(1, 1, " #\n");
	expect_picture(1, 1, true, "bits one by one");
}

Test(codec_pnm, pam_of_every_tuple)
{
	static const struct {
		uint32_t depth, maxval;
		const char *type;
		unsigned channels;
	} rows[] = {
		{1, 1, "TUPLTYPE BLACKANDWHITE\n", 1},
		{2, 1, "TUPLTYPE BLACKANDWHITE_ALPHA\n", 1},
		{1, 255, "TUPLTYPE GRAYSCALE\r\n", 1},
		{2, 65535, "  TUPLTYPE\tGRAYSCALE_ALPHA  \n", 1},
		{3, 255, "TUPLTYPE RGB\n", 3},
		{4, 255, "TUPLTYPE RGB_ALPHA\n", 3},
		{4, 1000, "TUPLTYPE RGB_ALPHA\n# of a thousand\n", 3},
		{1, 255, "", 1},
		{2, 255, "TUPLTYPE\n", 1},
		{3, 255, "", 3},
		{4, 65535, "", 3},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pam_head(rows[i].depth, rows[i].maxval, rows[i].type);
		put_raw(rows[i].depth, rows[i].maxval);
		expect_picture(rows[i].channels, rows[i].maxval, false, rows[i].type);
	}
}

/* As if it were not there, in the middle of a number too; the end of its line is not the space before the samples. */
Test(codec_pnm, comments)
{
	len = 0;
	text("P5#\n 3#x\n7#\r\n \n#\n\n2#\r9 255");
	text("#and this\n\n");
	put_raw(1, 255);
	expect_picture(1, 255, false, "comments");
}

Test(codec_pnm, what_is_behind_the_first_picture_does_not_count)
{
	head(5, 255);
	put_raw(1, 255);
	text("P5 1 1 255 x");
	expect_picture(1, 255, false, "raw, concatenated");
	head(2, 255);
	put_plain(1, 255, " ");
	text("P2 1 1 255 7");
	expect_picture(1, 255, false, "plain, concatenated");
}

/* A raw sample over the largest value is white, one that is text is damage. */
Test(codec_pnm, values_over_the_largest)
{
	static uint8_t pixels[WIDTH * HEIGHT];

	memset(pixels, 255, sizeof(pixels));
	head(5, 9);
	memset(file + len, 10, WIDTH * HEIGHT);
	len += WIDTH * HEIGHT;
	expect_pixels(pixels, 1, "raw", 9);
	head(2, 9);
	put_plain(1, 9, " ");
	cr_expect_eq(decode(len), TUTELA_DECODE_OK);
	head(2, 9);
	text("10 ");
	put_plain(1, 9, " ");
	cr_expect_eq(decode(len), TUTELA_DECODE_CORRUPT);
}

Test(codec_pnm, what_is_wrong_has_its_class)
{
	static const struct {
		const char *text;
		enum tutela_decode_class class_;
	} rows[] = {
		{"P5 0 1 255 ", TUTELA_DECODE_CORRUPT},
		{"P5 1 0 255 ", TUTELA_DECODE_CORRUPT},
		{"P5 37 29 0 ", TUTELA_DECODE_CORRUPT},
		{"P5 37 29 65536 ", TUTELA_DECODE_CORRUPT},
		{"P5 37 -29 255 ", TUTELA_DECODE_CORRUPT},
		{"P5 00000000037 29 255 ", TUTELA_DECODE_CORRUPT},
		{"P5 38 29 255 ", TUTELA_DECODE_TOO_LARGE},
		{"P5 4294967296 4294967296 255 ", TUTELA_DECODE_TOO_LARGE},
		{"P5 9999999999 1 255 ", TUTELA_DECODE_TOO_LARGE},
		{"P1 37 29 2", TUTELA_DECODE_CORRUPT},
		{"P2 37 29 255 1 00000000001 ", TUTELA_DECODE_CORRUPT},
		{"P2 37 29 255 1 2,3", TUTELA_DECODE_CORRUPT},
		{"P2 37 29 255 1 2 # 3", TUTELA_DECODE_TRUNCATED},
		{"P7\nWIDTH 37\nHEIGHT 29\nDEPTH 1\nMAXVAL 255\n", TUTELA_DECODE_TRUNCATED},
		{"P7\nWIDTH 37\nHEIGHT 29\nDEPTH 1\nENDHDR\n", TUTELA_DECODE_CORRUPT},
		{"P7\nWIDTH 37\nHEIGHT 29\nMAXVAL 255\nENDHDR\n", TUTELA_DECODE_CORRUPT},
		{"P7\nWIDTH 37\nMAXVAL 255\nDEPTH 1\nENDHDR\n", TUTELA_DECODE_CORRUPT},
		{"P7\nWIDTH 37 38\n", TUTELA_DECODE_CORRUPT},
		{"P7\nWIDTH\n", TUTELA_DECODE_CORRUPT},
		{"P7\nBREADTH 37\n", TUTELA_DECODE_CORRUPT},
		{"P7\nWIDTH 37\nHEIGHT 29\nDEPTH 5\nMAXVAL 255\nENDHDR\n", TUTELA_DECODE_UNSUPPORTED},
		{"P7\nWIDTH 37\nHEIGHT 29\nDEPTH 4\nMAXVAL 255\nTUPLTYPE CMYK\nENDHDR\n", TUTELA_DECODE_UNSUPPORTED},
		{"P7\nWIDTH 37\nHEIGHT 29\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nTUPLTYPE X\nENDHDR\n",
		 TUTELA_DECODE_UNSUPPORTED},
		{"P7\nWIDTH 37\nHEIGHT 29\nDEPTH 2\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n", TUTELA_DECODE_CORRUPT},
		{"P7\nWIDTH 37\nHEIGHT 29\nDEPTH 3\nMAXVAL 255\nTUPLTYPE GRAYSCALE\nENDHDR\n",
		 TUTELA_DECODE_UNSUPPORTED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		len = 0;
		text(rows[i].text);
		cr_expect_eq(decode(len), rows[i].class_, "%s", rows[i].text);
	}
}

Test(codec_pnm, a_cut_leaves_the_rows_before_it)
{
	static const unsigned kinds[] = {1, 2, 3, 4, 5, 6};
	struct tutela_perceptual h;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		unsigned k = kinds[i], depth = k % 3 ? 1 : 3, most = k % 3 == 1 ? 1 : 999;
		uint32_t rows = 0, before = 0;

		head(k, most);
		if (k == 4)
			put_bits();
		else if (k < 4)
			put_plain(depth, most, " ");
		else
			put_raw(depth, most);
		/* A plain number that is cut is another number: its last digit, and the space behind it, may be
		 * missing. */
		for (size_t n = 0; n + (k < 4 ? 4 : 0) < len; n += n < 60 ? 1 : 17, before = rows) {
			cr_expect_eq(decode_with(n, 1 << 20, &rows, &h), TUTELA_DECODE_TRUNCATED, "P%u, %zu bytes", k,
				     n);
			cr_expect(rows >= before && rows < HEIGHT);
		}
		cr_expect_gt(rows, HEIGHT - 3);
		cr_expect_eq(decode(len), TUTELA_DECODE_OK);
	}
}
