/* SPDX-License-Identifier: Apache-2.0 */
/* Every way of writing a JPEG 2000 gives its pixels, whole or in bands, and whatever is wrong with one has its class.
 */
#include "decode/worker/codec.h"

#include "hash/picture.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include <openjpeg.h>

#define MEMORY ((uint64_t)256 << 20)

struct kind {
	const char *what;
	uint32_t width, height, x0, y0, tile;
	unsigned components;
	struct {
		unsigned prec, sgnd, dx, dy;
	} c[4];
	unsigned space; /* of a JP2 file, EnumCS; 0: a bare codestream */
	unsigned meant; /* channels: 1; 3; 4: ink; 5: YCC */
};

static uint8_t file[1 << 22];
static size_t len;

/* ---- writing ---- */

static OPJ_SIZE_T on_write(void *from, OPJ_SIZE_T n, void *data)
{
	size_t *at = data;

	cr_assert_leq(*at + n, sizeof(file));
	memcpy(file + *at, from, n);
	*at += n;
	len = *at > len ? *at : len;
	return n;
}

static OPJ_OFF_T on_skip(OPJ_OFF_T n, void *data)
{
	*(size_t *)data += (size_t)n;
	return n;
}

static OPJ_BOOL on_seek(OPJ_OFF_T to, void *data)
{
	*(size_t *)data = (size_t)to;
	return OPJ_TRUE;
}

/* The sample of a component that is shown at a place of the reference grid, as an unsigned number. */
static uint32_t stored(const struct kind *k, unsigned c, uint32_t x, uint32_t y)
{
	uint32_t dx = k->c[c].dx, dy = k->c[c].dy, first_x = (k->x0 + dx - 1) / dx, first_y = (k->y0 + dy - 1) / dy;
	uint64_t most = (1u << k->c[c].prec) - 1;

	x = x / dx > first_x ? x / dx : first_x;
	y = y / dy > first_y ? y / dy : first_y;
	x *= dx;
	y *= dy;
	return (uint32_t)((x * (3 + 2 * c) + y * 5 + x * y / (7 + c)) % 251 * most / 250);
}

static void fill(const struct kind *k, opj_image_t *image)
{
	for (unsigned c = 0; c < k->components; c++) {
		opj_image_comp_t *p = &image->comps[c];

		for (uint32_t y = 0; y < p->h; y++)
			for (uint32_t x = 0; x < p->w; x++)
				p->data[(size_t)y * p->w + x] =
					(OPJ_INT32)stored(k, c, (x + (k->x0 + p->dx - 1) / p->dx) * p->dx,
							  (y + (k->y0 + p->dy - 1) / p->dy) * p->dy) -
					(p->sgnd ? 1 << (p->prec - 1) : 0);
	}
}

static opj_image_t *image_of(const struct kind *k)
{
	opj_image_cmptparm_t each[4] = {0};
	opj_image_t *image;

	for (unsigned c = 0; c < k->components; c++) {
		uint32_t dx = k->c[c].dx, dy = k->c[c].dy;

		each[c] = (opj_image_cmptparm_t){.dx = dx, .dy = dy, .prec = k->c[c].prec, .sgnd = k->c[c].sgnd};
		each[c].w = (k->x0 + k->width + dx - 1) / dx - (k->x0 + dx - 1) / dx;
		each[c].h = (k->y0 + k->height + dy - 1) / dy - (k->y0 + dy - 1) / dy;
	}
	image = opj_image_create(k->components, each, OPJ_CLRSPC_SRGB);
	cr_assert(image != NULL);
	image->x0 = k->x0;
	image->y0 = k->y0;
	image->x1 = k->x0 + k->width;
	image->y1 = k->y0 + k->height;
	fill(k, image);
	return image;
}

/* The encoder knows three colour spaces; others are put into its box. */
static void set_space(unsigned space)
{
	uint8_t *box = memmem(file, len, "colr", 4);

	cr_assert(box != NULL);
	memcpy(box + 4, "\1\0\0\0\0\0", 6);
	box[10] = (uint8_t)space;
}

/* style: 4: a mark ends the header of each packet. */
static void encode_in(const struct kind *k, int style)
{
	opj_image_t *image = image_of(k);
	opj_codec_t *codec = opj_create_compress(k->space ? OPJ_CODEC_JP2 : OPJ_CODEC_J2K);
	opj_stream_t *stream = opj_stream_create(65536, OPJ_FALSE);
	opj_cparameters_t p;
	size_t at = 0;

	len = 0;
	opj_set_default_encoder_parameters(&p);
	p.tcp_numlayers = 1;
	p.cp_disto_alloc = 1;
	p.numresolution = 3;
	p.image_offset_x0 = (int)k->x0;
	p.image_offset_y0 = (int)k->y0;
	p.tile_size_on = k->tile != 0;
	p.cp_tdx = p.cp_tdy = (int)k->tile;
	p.csty |= style;
	opj_stream_set_write_function(stream, on_write);
	opj_stream_set_skip_function(stream, on_skip);
	opj_stream_set_seek_function(stream, on_seek);
	opj_stream_set_user_data(stream, &at, NULL);
	cr_assert(opj_setup_encoder(codec, &p, image) && opj_start_compress(codec, image, stream) &&
			  opj_encode(codec, stream) && opj_end_compress(codec, stream),
		  "%s", k->what);
	opj_destroy_codec(codec);
	opj_stream_destroy(stream);
	opj_image_destroy(image);
	if (k->space)
		set_space(k->space);
}

static void encode(const struct kind *k)
{
	encode_in(k, 0);
}

/* ---- what must come out ---- */

static uint8_t eight_bits(const struct kind *k, unsigned c, uint32_t x, uint32_t y)
{
	uint32_t v = stored(k, c, x, y), prec = k->c[c].prec;

	if (prec <= 8)
		return (uint8_t)(v << (8 - prec));
	v = (v + (1u << (prec - 9))) >> (prec - 8);
	return v > 255 ? 255 : (uint8_t)v;
}

static uint8_t near(double v)
{
	return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)(v + 0.5);
}

static void expected_pixel(const struct kind *k, uint32_t x, uint32_t y, uint8_t *to)
{
	double v[4] = {0};

	for (unsigned c = 0; c < k->components; c++)
		v[c] = eight_bits(k, c, x, y);
	if (k->meant == 5) {
		to[0] = near(v[0] + 1.402 * (v[2] - 128));
		to[1] = near(v[0] - 0.344136 * (v[1] - 128) - 0.714136 * (v[2] - 128));
		to[2] = near(v[0] + 1.772 * (v[1] - 128));
		return;
	}
	for (unsigned c = 0; c < 3 && c < k->meant; c++)
		to[c] = k->meant == 4 ? near((255 - v[c]) * (255 - v[3]) / 255) : (uint8_t)v[c];
}

/* Tiles from `tiles` on are missing. */
static struct tutela_perceptual expected(const struct kind *k, uint32_t tiles)
{
	unsigned channels = k->meant == 1 ? 1 : 3;
	uint32_t across = k->tile ? (k->x0 + k->width + k->tile - 1) / k->tile : 1;
	struct tutela_perceptual out = {0};
	struct picture *p = NULL;
	uint8_t *row = calloc(k->width, channels);

	cr_assert(row &&
		  !tutela_picture_new(k->width, k->height, channels, TUTELA_WANT_PERCEPTUAL, TUTELA_ISA_AUTO, &p));
	for (uint32_t y = k->y0; y < k->y0 + k->height; y++) {
		for (uint32_t x = k->x0; x < k->x0 + k->width; x++) {
			uint8_t *to = row + (size_t)(x - k->x0) * channels;

			if (k->tile && y / k->tile * across + x / k->tile >= tiles)
				memset(to, 128, channels);
			else
				expected_pixel(k, x, y, to);
		}
		tutela_picture_row(p, row);
	}
	tutela_picture_finish(p, &out);
	tutela_picture_free(p);
	free(row);
	return out;
}

/* ---- reading ---- */

/* Decodes a copy whose end is the end of its memory. *rows may be NULL. */
static enum tutela_decode_class decode(size_t n, uint64_t max_memory, struct tutela_perceptual *out, uint32_t *rows)
{
	struct row_sink sink = {.max_pixels = 1 << 22, .max_memory = max_memory, .wants = TUTELA_WANT_PERCEPTUAL};
	uint8_t *exact = calloc(n ? n : 1, 1);
	enum tutela_decode_class c;

	memcpy(exact, file, n);
	memset(out, 0, sizeof(*out));
	c = tutela_codec_jp2(exact, n, &sink);
	if (rows)
		*rows = tutela_sink_rows(&sink);
	if (!c)
		cr_assert_eq(tutela_sink_rows(&sink), sink.height);
	if (tutela_sink_rows(&sink))
		tutela_sink_hashes(&sink, out);
	tutela_sink_discard(&sink);
	free(exact);
	return c;
}

static unsigned distance(const struct tutela_perceptual *a, const struct tutela_perceptual *b)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 32; i++)
		n += (unsigned)__builtin_popcount(a->pdq.hash[i] ^ b->pdq.hash[i]) +
		     (unsigned)__builtin_popcount(a->pdq_full.hash[i] ^ b->pdq_full.hash[i]);
	for (unsigned i = 0; i < 8; i++)
		n += (unsigned)__builtin_popcount(a->phash[i] ^ b->phash[i]) +
		     (unsigned)__builtin_popcount(a->dhash[i] ^ b->dhash[i]);
	return n;
}

static void expect_pixels(const struct kind *k, uint64_t max_memory, unsigned most)
{
	struct tutela_perceptual want = expected(k, UINT32_MAX), got;

	cr_expect_eq(decode(len, max_memory, &got, NULL), TUTELA_DECODE_OK, "%s", k->what);
	cr_expect_leq(distance(&want, &got), most, "%s: %u", k->what, distance(&want, &got));
}

/* clang-format off */
static const struct kind kinds[] = {
	{"gray", 90, 70, 0, 0, 0, 1, {{8, 0, 1, 1}}, 0, 1},
	{"gray in a file", 90, 70, 0, 0, 0, 1, {{8, 0, 1, 1}}, 17, 1},
	{"gray and alpha", 90, 70, 0, 0, 0, 2, {{8, 0, 1, 1}, {8, 0, 1, 1}}, 17, 1},
	{"colour", 90, 70, 0, 0, 0, 3, {{8, 0, 1, 1}, {8, 0, 1, 1}, {8, 0, 1, 1}}, 16, 3},
	{"colour and alpha", 90, 70, 0, 0, 0, 4, {{8, 0, 1, 1}, {8, 0, 1, 1}, {8, 0, 1, 1}, {8, 0, 1, 1}}, 16, 3},
	{"four components", 90, 70, 0, 0, 0, 4, {{8, 0, 1, 1}, {8, 0, 1, 1}, {8, 0, 1, 1}, {8, 0, 1, 1}}, 0, 3},
	{"signed", 90, 70, 0, 0, 0, 3, {{8, 1, 1, 1}, {8, 1, 1, 1}, {8, 1, 1, 1}}, 16, 3},
	{"1 bit", 90, 70, 0, 0, 0, 1, {{1, 0, 1, 1}}, 0, 1},
	{"5 bits", 90, 70, 0, 0, 0, 1, {{5, 0, 1, 1}}, 0, 1},
	{"12 bits, signed", 90, 70, 0, 0, 0, 1, {{12, 1, 1, 1}}, 0, 1},
	{"16 bits", 90, 70, 0, 0, 0, 3, {{16, 0, 1, 1}, {16, 0, 1, 1}, {16, 0, 1, 1}}, 0, 3},
	{"mixed depths", 90, 70, 0, 0, 0, 3, {{5, 0, 1, 1}, {9, 1, 1, 1}, {16, 0, 1, 1}}, 16, 3},
	{"a colour space of no name", 90, 70, 0, 0, 0, 3, {{8, 0, 1, 1}, {8, 0, 1, 1}, {8, 0, 1, 1}}, 99, 3},
	{"sYCC", 90, 70, 0, 0, 0, 3, {{8, 0, 1, 1}, {8, 0, 1, 1}, {8, 0, 1, 1}}, 18, 5},
	{"sYCC 4:2:0", 90, 70, 0, 0, 0, 3, {{8, 0, 1, 1}, {8, 0, 2, 2}, {8, 0, 2, 2}}, 18, 5},
	{"e-sYCC, odd sides", 91, 71, 0, 0, 0, 3, {{8, 0, 1, 1}, {8, 0, 2, 2}, {8, 0, 2, 2}}, 24, 5},
	{"subsampled, no name", 91, 71, 0, 0, 0, 3, {{8, 0, 1, 1}, {8, 0, 4, 1}, {8, 0, 4, 1}}, 0, 5},
	{"subsampled, off the grid", 91, 71, 3, 5, 0, 3, {{8, 0, 1, 1}, {8, 0, 2, 2}, {8, 0, 2, 2}}, 18, 5},
	{"all subsampled", 90, 70, 0, 0, 0, 1, {{8, 0, 3, 3}}, 17, 1},
	{"inks", 90, 70, 0, 0, 0, 4, {{8, 0, 1, 1}, {8, 0, 1, 1}, {8, 0, 1, 1}, {8, 0, 1, 1}}, 12, 4},
	{"tiles", 300, 220, 0, 0, 64, 3, {{8, 0, 1, 1}, {8, 0, 1, 1}, {8, 0, 1, 1}}, 0, 3},
	{"tiles, off the grid", 301, 223, 33, 17, 64, 3, {{8, 0, 1, 1}, {8, 0, 1, 1}, {8, 0, 1, 1}}, 16, 3},
};
/* clang-format on */

Test(codec_jp2, every_kind_gives_its_pixels)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		encode(&kinds[i]);
		expect_pixels(&kinds[i], MEMORY, 0);
	}
}

/* clang-format off */
static const struct kind large[] = {
	{"one tile", 80, 2400, 0, 0, 0, 3, {{8, 0, 1, 1}, {8, 0, 1, 1}, {8, 0, 1, 1}}, 16, 3},
	{"one tile, off the grid, subsampled", 81, 2401, 7, 3, 0, 3, {{8, 0, 1, 1}, {8, 0, 2, 2}, {8, 0, 2, 2}}, 18, 5},
	{"rows of tiles", 80, 2400, 0, 0, 50, 3, {{8, 0, 1, 1}, {8, 0, 1, 1}, {8, 0, 1, 1}}, 0, 3},
	{"large tiles", 80, 2400, 0, 0, 1500, 3, {{8, 0, 1, 1}, {8, 0, 1, 1}, {8, 0, 1, 1}}, 0, 3},
};
/* clang-format on */

Test(codec_jp2, less_memory_gives_the_same_pixels)
{
	for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
		struct tutela_perceptual want = expected(&large[i], UINT32_MAX), got;
		uint64_t whole = (uint64_t)large[i].width * large[i].height * (i == 1 ? 6 : 12);
		unsigned banded = 0;

		encode(&large[i]);
		/* half is for the picture: 4 bytes a sample, were it whole */
		for (uint64_t memory = 4 * whole; !decode(len, memory, &got, NULL); memory = memory * 3 / 4) {
			cr_expect_eq(distance(&want, &got), 0, "%s, %zu bytes", large[i].what, (size_t)memory);
			banded += memory / 2 < whole;
		}
		cr_expect_eq(decode(len, 1, &got, NULL), TUTELA_DECODE_TOO_LARGE);
		cr_expect_geq(banded, 1, "%s", large[i].what);
	}
}

Test(codec_jp2, a_limit_is_met_before_the_pixels)
{
	struct tutela_perceptual got;
	uint32_t rows;

	encode(&large[0]);
	cr_expect_eq(decode(len, 1 << 18, &got, &rows), TUTELA_DECODE_TOO_LARGE);
	cr_expect_eq(rows, 0);
	encode(&kinds[0]);
	memcpy(file + 8, "\0\1\0\0\0\1\0\0", 8); /* 65,536 pixels a side */
	cr_expect_eq(decode(len, MEMORY, &got, &rows), TUTELA_DECODE_TOO_LARGE);
	memcpy(file + 8, "\0\0\x07\xd0\0\0\x07\xd0", 8); /* 2,000, in many tiles */
	memcpy(file + 24, "\0\0\0\x0a\0\0\0\x0a", 8);
	cr_expect_eq(decode(len, MEMORY, &got, &rows), TUTELA_DECODE_TOO_LARGE);
	cr_expect_eq(rows, 0);
}

/* ---- palettes ---- */

static void add(const void *bytes, size_t n)
{
	memcpy(file + len, bytes, n);
	len += n;
}

static void add_box(const char *type, uint32_t n)
{
	const uint8_t head[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

	add(head, 4);
	add(type, 4);
}

/* The samples of a gray codestream as indices of 256 colours. */
static void wrap_in_palette(const struct kind *k)
{
	static uint8_t stream[sizeof(file)];
	size_t n = len;

	memcpy(stream, file, n);
	len = 0;
	add_box("jP  ", 12);
	add("\r\n\x87\n", 4);
	add_box("ftyp", 20);
	add("jp2 \0\0\0\0jp2 ", 12);
	add_box("jp2h", 8 + 22 + 15 + 14 + 3 * 256 + 20);
	add_box("ihdr", 22);
	add((const uint8_t[]){0, 0, 0, (uint8_t)k->height, 0, 0, 0, (uint8_t)k->width, 0, 1, 7, 7, 0, 0}, 14);
	add_box("colr", 15);
	add("\1\0\0\0\0\0\x10", 7);
	add_box("pclr", 14 + 3 * 256);
	add("\1\0\3\7\7\7", 6);
	for (unsigned i = 0; i < 256; i++)
		add((const uint8_t[]){(uint8_t)i, (uint8_t)(255 - i), (uint8_t)(i * 3)}, 3);
	add_box("cmap", 20);
	add("\0\0\1\0\0\0\1\1\0\0\1\2", 12);
	add_box("jp2c", 0);
	add(stream, n);
}

Test(codec_jp2, a_palette_is_applied)
{
	const struct kind *k = &kinds[0];
	struct tutela_perceptual want = {0}, got;
	struct picture *p = NULL;
	uint8_t row[90 * 3];

	encode(k);
	wrap_in_palette(k);
	cr_assert(!tutela_picture_new(k->width, k->height, 3, TUTELA_WANT_PERCEPTUAL, TUTELA_ISA_AUTO, &p));
	for (uint32_t y = 0; y < k->height; y++) {
		for (uint32_t x = 0; x < k->width; x++) {
			uint32_t v = stored(k, 0, x, y);

			row[3 * x] = (uint8_t)v;
			row[3 * x + 1] = (uint8_t)(255 - v);
			row[3 * x + 2] = (uint8_t)(v * 3);
		}
		tutela_picture_row(p, row);
	}
	tutela_picture_finish(p, &want);
	tutela_picture_free(p);
	cr_expect_eq(decode(len, MEMORY, &got, NULL), TUTELA_DECODE_OK);
	cr_expect_eq(distance(&want, &got), 0);
}

/* ---- what is wrong ---- */

Test(codec_jp2, what_has_no_agreed_colours_is_unsupported)
{
	struct tutela_perceptual got;
	struct kind k = kinds[3];

	k.space = 14; /* CIELab */
	encode(&k);
	cr_expect_eq(decode(len, MEMORY, &got, NULL), TUTELA_DECODE_UNSUPPORTED);
	k.space = 12; /* three inks */
	encode(&k);
	cr_expect_eq(decode(len, MEMORY, &got, NULL), TUTELA_DECODE_UNSUPPORTED);
}

Test(codec_jp2, missing_tiles_are_gray)
{
	const struct kind *k = &kinds[sizeof(kinds) / sizeof(kinds[0]) - 2];
	struct tutela_perceptual want, got;
	uint32_t tile = 0, rows;

	encode(k);
	for (size_t i = 0; i + 12 < len; i++) {
		if (memcmp(file + i, "\xff\x90\0\x0a", 4) != 0)
			continue;
		want = expected(k, tile);
		cr_expect_eq(decode(i, MEMORY, &got, &rows), TUTELA_DECODE_TRUNCATED, "tile %u", tile);
		cr_expect_eq(rows, tile ? k->height : 0, "tile %u", tile);
		cr_expect(!tile || distance(&want, &got) == 0, "tile %u: %u", tile, distance(&want, &got));
		tile++;
	}
	cr_expect_eq(tile, 20);
}

/* A cut tile is there in part, but where the library asks for a mark behind what is missing it is gray. */
Test(codec_jp2, whole_tiles_before_a_cut_one_are_there)
{
	for (unsigned marked = 0; marked < 2; marked++) {
		const struct kind *k = &kinds[sizeof(kinds) / sizeof(kinds[0]) - 2];
		struct tutela_perceptual want, got;
		uint32_t tile = 0, rows;

		encode_in(k, marked ? 4 : 0);
		for (size_t i = 0; i + 60 < len; i++) {
			if (memcmp(file + i, "\xff\x90\0\x0a", 4) != 0)
				continue;
			want = expected(k, tile++);
			cr_expect_eq(decode(i + 60, MEMORY, &got, &rows), TUTELA_DECODE_TRUNCATED, "tile %u", tile);
			cr_expect(rows == k->height || (marked && tile == 1 && rows == 0), "tile %u: %u", tile, rows);
			cr_expect(!marked || !rows || distance(&want, &got) == 0, "tile %u", tile);
		}
		cr_expect_eq(tile, 20);
	}
}

/* Nothing but the end mark may be missing. */
Test(codec_jp2, every_cut_is_found)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i += 3) {
		struct tutela_perceptual got;
		uint32_t rows;

		encode(&kinds[i]);
		for (size_t n = len; n-- > 0; n -= n > 400 ? n / 200 : 0)
			cr_expect_eq(decode(n, MEMORY, &got, &rows),
				     n >= len - 2 ? TUTELA_DECODE_OK : TUTELA_DECODE_TRUNCATED, "%s: %zu of %zu",
				     kinds[i].what, n, len);
	}
}

Test(codec_jp2, tiles_before_the_damage_are_there)
{
	const struct kind *k = &kinds[sizeof(kinds) / sizeof(kinds[0]) - 2];
	struct tutela_perceptual want = expected(k, 1), got;
	uint32_t rows;
	uint8_t *second;

	encode(k);
	second = memmem(file, len, "\xff\x90\0\x0a\0\1", 6);
	cr_assert(second != NULL);
	second[1] = 0x91; /* no longer the mark of a tile-part */
	cr_expect_eq(decode(len, MEMORY, &got, &rows), TUTELA_DECODE_CORRUPT);
	cr_expect_eq(rows, k->height);
	cr_expect_eq(distance(&want, &got), 0);
	second[1] = 0x90;
	second[4] = 1; /* tile 257 of 20 */
	cr_expect_eq(decode(len, MEMORY, &got, &rows), TUTELA_DECODE_CORRUPT);
	cr_expect_eq(distance(&want, &got), 0);
}

Test(codec_jp2, damage_has_its_class)
{
	struct tutela_perceptual got;
	uint32_t rows;

	for (size_t at = 40; at < 1000; at += 17) {
		enum tutela_decode_class c;

		encode(&kinds[0]);
		file[at] ^= 0x55;
		c = decode(len, MEMORY, &got, NULL);
		cr_expect(c == TUTELA_DECODE_OK || c == TUTELA_DECODE_CORRUPT || c == TUTELA_DECODE_TRUNCATED ||
				  c == TUTELA_DECODE_UNSUPPORTED || c == TUTELA_DECODE_TOO_LARGE,
			  "%zu: %d", at, c);
	}
	encode(&kinds[0]);
	file[1] = 0;
	cr_expect_eq(decode(len, MEMORY, &got, &rows), TUTELA_DECODE_CORRUPT);
	file[1] = 0x4f;
	file[41] = 0; /* no components */
	cr_expect_eq(decode(len, MEMORY, &got, &rows), TUTELA_DECODE_CORRUPT);
	file[41] = 5; /* of 3 bytes each, which the segment is too short for */
	cr_expect_eq(decode(len, MEMORY, &got, &rows), TUTELA_DECODE_CORRUPT);
	cr_expect_eq(rows, 0);
	encode(&kinds[0]);
	file[42] = 37; /* 38 bits, which the format has and the library does not */
	cr_expect_eq(decode(len, MEMORY, &got, &rows), TUTELA_DECODE_UNSUPPORTED);
}
