/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever way a GIF is written in, its first picture gives its palette's colours; whatever is wrong has its class. */
#include "decode/worker/codec.h"
#include "decode/worker/gif_lzw.h"

#include "hash/picture.h"
#include "png_outcome.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#define NO_COLOUR 300

struct box {
	uint32_t x, y, width, height;
};

struct kind {
	uint32_t screen[2];
	struct box at;
	bool global, local, interlaced;
	unsigned transparent; /* an index, or NO_COLOUR */
	unsigned frames;      /* beyond the first */
	const char *before;   /* blocks before the first picture */
	size_t before_len;
};

static uint8_t file[1 << 20];
static size_t len;
static size_t data_at; /* where the first picture's data begin */

static void add(uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		file[len++] = (uint8_t)(v >> 8 * i);
}

static uint8_t colour(bool local, uint32_t index, uint32_t channel)
{
	static const uint32_t factors[3] = {37, 91, 203};

	return (uint8_t)(index * factors[channel] + (local ? 101 : 11));
}

static uint8_t index_at(uint32_t x, uint32_t y)
{
	return (uint8_t)((x / 3 * 7 + y / 2 * 13 + x * y / 4) & 127);
}

static void put_palette(bool local)
{
	for (uint32_t i = 0; i < 128; i++)
		for (uint32_t k = 0; k < 3; k++)
			add(colour(local, i, k), 1);
}

/* Codes of 8 bits that say themselves, the table cleared before they would grow: a code a pixel. */
static void put_data(const struct kind *k)
{
	static const uint32_t first[] = {0, 4, 2, 1, 0}, step[] = {8, 8, 4, 2, 1};
	uint32_t n = 0, length_at = 0;

	add(7, 1);
	for (unsigned pass = k->interlaced ? 0 : 4; pass < (k->interlaced ? 4u : 5u); pass++)
		for (uint32_t y = first[pass]; y < k->at.height; y += step[pass])
			for (uint32_t x = 0; x < k->at.width; x++, n++) {
				if (n % 100 == 0) {
					length_at = (uint32_t)len;
					add(1, 1);
					add(128, 1);
				}
				add(index_at(x, y), 1);
				file[length_at]++;
			}
	add(0x8101, 2);
	add(0, 1);
}

static void put_picture(const struct kind *k)
{
	add(',', 1);
	add(k->at.x, 2);
	add(k->at.y, 2);
	add(k->at.width, 2);
	add(k->at.height, 2);
	add((k->local ? 0x86 : 0) | (k->interlaced ? 0x40 : 0), 1);
	if (k->local)
		put_palette(true);
	data_at = len;
	put_data(k);
}

static void put_file(const struct kind *k)
{
	struct kind rest = {.at = {.width = 3, .height = 2}};
	size_t first;

	len = 0;
	memcpy(file, "GIF89a", 6);
	len = 6;
	add(k->screen[0], 2);
	add(k->screen[1], 2);
	add(k->global ? 0xe6 : 0x66, 1);
	add(9, 2); /* a background that nobody shows */
	if (k->global)
		put_palette(false);
	if (k->before_len)
		memcpy(file + len, k->before, k->before_len);
	len += k->before_len;
	if (k->transparent != NO_COLOUR) {
		add(0x0104f921, 4);
		add((uint64_t)k->transparent << 16, 4);
	}
	put_picture(k);
	first = data_at;
	for (unsigned i = 0; i < k->frames; i++)
		put_picture(&rest);
	data_at = first;
	add(';', 1);
}

static void pixel_at(const struct kind *k, uint32_t x, uint32_t y, uint8_t *to)
{
	bool inside = x >= k->at.x && x < k->at.x + k->at.width && y >= k->at.y && y < k->at.y + k->at.height;
	uint8_t index = inside                        ? index_at(x - k->at.x, y - k->at.y)
			: k->transparent == NO_COLOUR ? 0
						      : (uint8_t)k->transparent;

	for (uint32_t i = 0; i < 3; i++)
		to[i] = k->local || k->global ? colour(k->local, index, i) : index;
}

/* What it should be of, or of its first `rows` rows. */
static struct tutela_perceptual expected(const struct kind *k, uint32_t width, uint32_t height, uint32_t rows)
{
	struct tutela_perceptual out = {0};
	struct picture *p;
	uint8_t *row = malloc((size_t)width * 3);

	cr_assert(row && !tutela_picture_new(width, height, 3, TUTELA_WANT_PERCEPTUAL, TUTELA_ISA_AUTO, &p));
	for (uint32_t y = 0; y < rows; y++) {
		for (uint32_t x = 0; x < width; x++)
			pixel_at(k, x, y, row + 3 * (size_t)x);
		tutela_picture_row(p, row);
	}
	tutela_picture_finish(p, &out);
	tutela_picture_free(p);
	free(row);
	return out;
}

static struct png_outcome decode(size_t n)
{
	uint8_t *copy = malloc(n);
	struct png_outcome o;

	cr_assert(copy);
	memcpy(copy, file, n);
	o = png_outcome(tutela_codec_gif, copy, n, TUTELA_ISA_AUTO);
	free(copy);
	return o;
}

static void expect_picture(const struct kind *k, uint32_t width, uint32_t height)
{
	struct tutela_perceptual want = expected(k, width, height, height);
	struct png_outcome o;

	put_file(k);
	o = decode(len);
	cr_expect_eq(o.class_, TUTELA_DECODE_OK, "%s", tutela_decode_class_name(o.class_));
	cr_expect(o.width == width && o.height == height && o.rows == height);
	cr_expect_eq(o.frames, 1 + k->frames);
	cr_expect_arr_eq(&o.hashes, &want, sizeof(want));
}

#define WHOLE .screen = {60, 45}, .at = {0, 0, 60, 45}, .transparent = NO_COLOUR

Test(codec_gif, colours_are_the_nearest_palettes)
{
	expect_picture(&(struct kind){WHOLE, .global = true}, 60, 45);
	expect_picture(&(struct kind){WHOLE, .local = true}, 60, 45);
	expect_picture(&(struct kind){WHOLE, .global = true, .local = true}, 60, 45);
	expect_picture(&(struct kind){WHOLE}, 60, 45);
}

/* The loader before this one made them black. */
Test(codec_gif, transparent_pixels_keep_their_palettes_colour)
{
	for (unsigned index = 0; index < 128; index += 9)
		expect_picture(
			&(struct kind){.screen = {60, 45}, .at = {0, 0, 60, 45}, .global = true, .transparent = index},
			60, 45);
}

Test(codec_gif, rows_in_four_passes)
{
	for (uint32_t height = 1; height < 20; height++)
		expect_picture(&(struct kind){.screen = {60, 45},
					      .at = {4, 7, 50, height},
					      .global = true,
					      .interlaced = true,
					      .transparent = NO_COLOUR},
			       60, 45);
}

Test(codec_gif, what_a_picture_leaves_free_has_the_transparent_colour_or_the_first)
{
	struct kind k = {.screen = {60, 45}, .at = {11, 6, 30, 20}, .global = true, .transparent = NO_COLOUR};

	expect_picture(&k, 60, 45);
	k.transparent = 77;
	expect_picture(&k, 60, 45);
	k.local = true;
	expect_picture(&k, 60, 45);
}

Test(codec_gif, a_picture_past_the_screen_makes_it_larger)
{
	struct kind k = {.screen = {20, 45}, .at = {11, 30, 30, 20}, .global = true, .transparent = NO_COLOUR};

	expect_picture(&k, 41, 50);
	k.screen[0] = k.screen[1] = 0;
	expect_picture(&k, 41, 50);
}

Test(codec_gif, the_pictures_after_the_first_are_counted)
{
	expect_picture(&(struct kind){WHOLE, .global = true, .frames = 1}, 60, 45);
	expect_picture(&(struct kind){WHOLE, .global = true, .frames = 500}, 60, 45);
}

Test(codec_gif, blocks_and_bytes_before_a_picture_are_passed_over)
{
#define BEFORE(text) .before = text, .before_len = sizeof(text) - 1
	expect_picture(&(struct kind){WHOLE, .global = true, BEFORE("!\xfe\3abc\2,;\0")}, 60, 45);
	expect_picture(&(struct kind){WHOLE, .global = true, BEFORE("!\xff\vNETSCAPE2.0\3\1\0\0\0!\xf9\0!\1\0\0A")}, 60,
		       45);
#undef BEFORE
}

/* The rows up to the cut, and mid-gray; from the moment that all are there, nothing is missing. */
Test(codec_gif, a_cut_file_gives_the_rows_before_the_cut)
{
	struct kind k = {WHOLE, .global = true};
	struct png_outcome whole;
	uint32_t rows = 0;

	put_file(&k);
	whole = decode(len);
	for (size_t n = 1; n < len; n++) {
		struct png_outcome o = decode(n);
		struct tutela_perceptual want;

		if (o.class_ == TUTELA_DECODE_OK) {
			cr_expect(n + 5 >= len && png_same(&o, &whole), "%zu of %zu", n, len);
			continue;
		}
		cr_expect_eq(o.class_, TUTELA_DECODE_TRUNCATED, "%zu of %zu", n, len);
		cr_expect(o.rows == rows || o.rows == rows + 1);
		rows = o.rows;
		if (n % 60 || !rows)
			continue;
		want = expected(&k, 60, 45, rows);
		cr_expect_arr_eq(&o.hashes, &want, sizeof(want));
	}
	cr_expect_geq(rows, 44);
}

/* After the first pass an eighth of the rows stands for all. */
Test(codec_gif, a_cut_file_in_passes_gives_all_rows)
{
	struct kind k = {WHOLE, .global = true, .interlaced = true};
	struct png_outcome o;

	put_file(&k);
	o = decode(data_at + (len - data_at) / 4);
	cr_expect_eq(o.class_, TUTELA_DECODE_TRUNCATED);
	cr_expect_eq(o.rows, 45);
	o = decode(data_at + 30);
	cr_expect_eq(o.class_, TUTELA_DECODE_TRUNCATED);
	cr_expect_eq(o.rows, 0);
}

Test(codec_gif, damage_is_called_so)
{
	struct kind k = {WHOLE, .global = true};
	struct png_outcome o;

	put_file(&k);
	file[data_at + 1 + 102 * 20] = 0; /* the data end with a block too early */
	o = decode(len);
	cr_expect_eq(o.class_, TUTELA_DECODE_CORRUPT);
	cr_expect(o.rows > 30 && o.rows < 45);
	put_file(&k);
	file[data_at] = 13; /* codes of more bits than there are */
	o = decode(len);
	cr_expect_eq(o.class_, TUTELA_DECODE_CORRUPT);
	cr_expect_eq(o.rows, 0);
	put_file(&k);
	file[data_at - 10] = ';';
	cr_expect_eq(decode(len).class_, TUTELA_DECODE_CORRUPT, "no picture");
	k.at.height = 0;
	put_file(&k);
	cr_expect_eq(decode(len).class_, TUTELA_DECODE_CORRUPT, "a side of 0");
}

/* Before memory is taken: a million pixels are allowed in these tests. */
Test(codec_gif, the_size_is_held_against_the_limit)
{
	struct kind k = {.screen = {65535, 65535}, .at = {0, 0, 8, 8}, .global = true, .transparent = NO_COLOUR};

	put_file(&k);
	cr_expect_eq(decode(len).class_, TUTELA_DECODE_TOO_LARGE);
	k.screen[0] = k.screen[1] = 8;
	k.at.x = k.at.y = 65535;
	put_file(&k);
	cr_expect_eq(decode(len).class_, TUTELA_DECODE_TOO_LARGE);
}

/* ---- codes that are wider than giflib takes ---- */

struct code_writer {
	uint32_t bits;
	unsigned n_bits, in_block;
	size_t length_at;
};

static void put_byte(struct code_writer *w, uint8_t byte)
{
	if (w->in_block == 0) {
		w->length_at = len;
		add(0, 1);
	}
	add(byte, 1);
	file[w->length_at] = (uint8_t)++w->in_block;
	w->in_block %= 255;
}

static void put_code(struct code_writer *w, uint32_t code, unsigned width)
{
	w->bits |= code << w->n_bits;
	for (w->n_bits += width; w->n_bits >= 8; w->n_bits -= 8, w->bits >>= 8)
		put_byte(w, (uint8_t)w->bits);
}

/* Longest match against all strings that have a code, found by trying: slow, and short. */
struct strings {
	unsigned size, used, width;
	struct {
		const uint8_t *p;
		size_t len;
	} of[4096];
};

static unsigned longest(const struct strings *s, const uint8_t *p, size_t n, size_t *taken)
{
	unsigned code = *p;

	*taken = 1;
	for (unsigned i = (1u << s->size) + 2; i < s->used; i++)
		if (s->of[i].len > *taken && s->of[i].len <= n && memcmp(s->of[i].p, p, s->of[i].len) == 0) {
			code = i;
			*taken = s->of[i].len;
		}
	return code;
}

static void put_wide_data(unsigned size, const uint8_t *p, size_t n)
{
	struct strings *s = calloc(1, sizeof(*s));
	struct code_writer w = {0};
	size_t taken;

	cr_assert(s);
	*s = (struct strings){.size = size, .used = (1u << size) + 2, .width = size + 1};
	add(size, 1);
	put_code(&w, 1u << size, s->width);
	for (; n; p += taken, n -= taken) {
		put_code(&w, longest(s, p, n, &taken), s->width);
		if (s->used < 4096 && taken < n) { /* the reader makes it when it has seen the next one */
			s->of[s->used].p = p;
			s->of[s->used++].len = taken + 1;
		}
		if (s->used > 1u << s->width && s->width < 12)
			s->width++;
	}
	put_code(&w, (1u << size) + 1, s->width);
	put_code(&w, 0, 8);
	add(0, 1);
	free(s);
}

/* Runs, repeats and noise; more of them than there are codes. */
static const uint8_t *wide_indices(const struct kind *k)
{
	static uint8_t indices[300 * 200];

	for (uint32_t y = 0; y < k->at.height; y++)
		for (uint32_t x = 0; x < k->at.width; x++)
			indices[y * k->at.width + x] = index_at(x, y);
	return indices;
}

static void put_wide(const struct kind *k, unsigned size)
{
	put_file(k);
	len = data_at;
	put_wide_data(size, wide_indices(k), (size_t)k->at.width * k->at.height);
	add(0, 3); /* no blocks, which are passed over */
	add(',', 1);
	add(0, 4);
	add(0x00020003, 4);
	add(0, 1);
	add(7, 1);
	add(0, 1);
	add(';', 1);
}

Test(codec_gif, codes_wider_than_the_format_foresees_give_the_same_picture)
{
	struct kind k = {.screen = {300, 200}, .at = {0, 0, 300, 200}, .global = true, .transparent = NO_COLOUR};

	for (unsigned size = 9; size <= 12; size++)
		for (unsigned local = 0; local < 2; local++) {
			struct tutela_perceptual want;
			struct png_outcome o;

			k.local = local;
			want = expected(&k, 300, 200, 200);
			put_wide(&k, size);
			o = decode(len);
			cr_expect_eq(o.class_, TUTELA_DECODE_OK, "%u: %s", size, tutela_decode_class_name(o.class_));
			cr_expect(o.rows == 200 && o.frames == 2, "%u: %u rows, %u frames", size, o.rows, o.frames);
			cr_expect_arr_eq(&o.hashes, &want, sizeof(want), "%u", size);
		}
}

Test(codec_gif, damage_in_wide_codes_is_called_so)
{
	struct kind k = {.screen = {300, 200}, .at = {0, 0, 300, 200}, .global = true, .transparent = NO_COLOUR};
	struct png_outcome o;
	size_t n;

	put_wide(&k, 11);
	for (n = data_at + 10; n < len - 30; n += 97) {
		o = decode(n);
		cr_expect(o.class_ == TUTELA_DECODE_TRUNCATED && o.rows < 200, "%zu", n);
	}
	memset(file + data_at + 500, 255, 3); /* codes of which there are none yet */
	o = decode(len);
	cr_expect(o.class_ == TUTELA_DECODE_CORRUPT && o.rows > 0 && o.rows < 200);
	put_wide(&k, 11);
	file[data_at + 2] = file[data_at + 3] = 255; /* the first is none of an index */
	o = decode(len);
	cr_expect(o.class_ == TUTELA_DECODE_CORRUPT && o.rows == 0);
	put_wide(&k, 11);
	file[data_at] = 13;
	o = decode(len);
	cr_expect(o.class_ == TUTELA_DECODE_CORRUPT && o.rows == 0);
	cr_expect_null(tutela_gif_lzw_new(8, NULL, NULL));
	cr_expect_null(tutela_gif_lzw_new(13, NULL, NULL));
}

/* A head, then `rows` rows of codes of one bit: 0 is colour 0, 1 clears the table. */
static void put_bits(const struct kind *k, uint32_t rows)
{
	put_file(k);
	len = data_at;
	add(0, 1);
	for (uint32_t bits = 0; bits < rows * k->at.width; bits += 4)
		add(0x5501, 2);
	add(0, 1);
	add(';', 1);
}

Test(codec_gif, codes_of_one_bit_say_colour_zero)
{
	struct kind k = {WHOLE, .global = true};
	struct kind one_pixel = {.screen = {60, 45}, .at = {0, 0, 1, 1}, .global = true, .transparent = NO_COLOUR};
	struct tutela_perceptual want = expected(&one_pixel, 60, 45, 45); /* whose index is 0, as it is around it */
	struct png_outcome o;

	cr_assert_eq(index_at(0, 0), 0);
	put_bits(&k, 45);
	o = decode(len);
	cr_expect_eq(o.class_, TUTELA_DECODE_OK, "%s", tutela_decode_class_name(o.class_));
	cr_expect_arr_eq(&o.hashes, &want, sizeof(want));
	put_bits(&k, 44);
	o = decode(len);
	cr_expect(o.class_ == TUTELA_DECODE_CORRUPT && o.rows == 44, "%u rows", o.rows);
}

/* Viewers show nothing of it, and what comes behind: so would they be shown what is not looked at. */
Test(codec_gif, pictures_without_data_are_passed_over)
{
	static const char empty[] = "!\xf9\4\1\0\0\11\0,\0\0\0\0\377\0\377\0\0\7\0"
				    ",\0\0\0\0\1\0\1\0\200\1\2\3\4\5\6\7\0";
	struct kind k = {WHOLE, .global = true, .before = empty, .before_len = sizeof(empty) - 1};
	struct tutela_perceptual want = expected(&k, 60, 45, 45);
	struct png_outcome o;

	put_file(&k);
	o = decode(len);
	cr_expect_eq(o.class_, TUTELA_DECODE_OK, "%s", tutela_decode_class_name(o.class_));
	cr_expect(o.width == 60 && o.height == 45 && o.frames == 3, "%u x %u, %u", o.width, o.height, o.frames);
	cr_expect_arr_eq(&o.hashes, &want, sizeof(want));
	file[data_at + 1] = 0; /* nor has the last one any */
	file[data_at + 2] = ';';
	o = decode(data_at + 3);
	cr_expect(o.class_ == TUTELA_DECODE_CORRUPT && o.rows == 0);
	for (size_t n = 13 + 3 * 128; n < data_at + 1; n++) {
		o = decode(n);
		cr_expect(o.class_ == TUTELA_DECODE_TRUNCATED || o.class_ == TUTELA_DECODE_CORRUPT, "%zu", n);
		cr_expect_eq(o.rows, 0, "%zu", n);
	}
}
