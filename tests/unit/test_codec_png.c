/* SPDX-License-Identifier: Apache-2.0 */
/* The two ways through a PNG, side by side, without the process around them. */
#include "pictures.h"
#include "png_outcome.h"

#include "decode/worker/png_stream.h"

#include <criterion/criterion.h>

#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>

static const struct png_limits roomy = {1 << 20, 32 << 20};

/* A copy that ends where its memory does, so that the sanitizer sees every byte too many. */
static struct blob cut(const struct blob *b, size_t len)
{
	struct blob c = {malloc(len ? len : 1), len};

	memcpy(c.p, b->p, len);
	return c;
}

static bool taken(const struct blob *b)
{
	struct png_stream *s = tutela_png_stream_new(b->p, b->len, &roomy, TUTELA_ISA_AUTO);

	tutela_png_stream_free(s);
	return s != NULL;
}

static void expect_rows(const struct pixels *p, const struct blob *b, enum tutela_isa isa, const char *what)
{
	struct png_stream *s = tutela_png_stream_new(b->p, b->len, &roomy, isa);
	const struct png_geometry *g;
	size_t len = (size_t)p->width * p->channels;

	cr_assert_not_null(s, "%s: declined", what);
	g = tutela_png_stream_geometry(s);
	cr_assert(g->width == p->width && g->height == p->height && g->channels == p->channels);
	for (uint32_t y = 0; y < g->height; y++)
		cr_assert_eq(memcmp(tutela_png_stream_row(s), p->data.p + y * len, len), 0, "%s: %u x %u, row %u", what,
			     p->width, p->height, y);
	tutela_png_stream_free(s);
}

/* Both ways, both instruction sets: the same, and the pixels'. Takes the blob. */
static void expect_pixels(const struct pixels *p, struct blob b, const char *what)
{
	struct png_outcome one = png_outcome(tutela_codec_png, b.p, b.len, TUTELA_ISA_AUTO);
	struct png_outcome scalar = png_outcome(tutela_codec_png, b.p, b.len, TUTELA_ISA_SCALAR);
	struct png_outcome lib = png_outcome(tutela_codec_libpng, b.p, b.len, TUTELA_ISA_AUTO);
	const struct tutela_pixels px = {.data = p->data.p,
					 .stride = (size_t)p->width * p->channels,
					 .width = p->width,
					 .height = p->height,
					 .channels = p->channels};
	struct png_outcome want = lib;

	expect_rows(p, &b, TUTELA_ISA_AUTO, what);
	expect_rows(p, &b, TUTELA_ISA_SCALAR, what);
	cr_expect_eq(lib.class_, TUTELA_DECODE_OK, "%s", what);
	cr_assert_eq(tutela_hash_pixels(&px, TUTELA_WANT_PERCEPTUAL, TUTELA_ISA_AUTO, &want.hashes), TUTELA_OK);
	cr_expect(png_same(&one, &lib), "%s: the ways differ", what);
	cr_expect(png_same(&scalar, &lib), "%s: scalar differs", what);
	cr_expect(png_same(&want, &lib), "%s: not the hash of the pixels", what);
	blob_free(&b);
}

Test(codec_png, ordinary_files_give_their_pixels)
{
	static const uint32_t sizes[][2] = {{5, 5}, {5, 8}, {7, 9}, {64, 16}, {131, 67}, {520, 33}};
	char what[80];

	for (unsigned kind = 0; kind < 4; kind++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			struct pixels p = pixels_scene(sizes[i][0], sizes[i][1], kind / 2 ? 3 : 1);

			for (unsigned filter = 0; filter <= PNG_MIXED; filter++) {
				struct png_opts o = {.alpha = kind % 2,
						     .filter = filter,
						     .level = (int)(filter + i),
						     .pieces = i % 2 ? 100 : 0,
						     .frames = i == 3 ? 7 : 0};

				snprintf(what, sizeof(what), "kind %u, size %zu, filter %u", kind, i, filter);
				expect_pixels(&p, png_encode(&p, &o), what);
			}
			pixels_free(&p);
		}
}

Test(codec_png, rows_as_stored_and_filtered_ones_follow_each_other)
{
	struct pixels p = pixels_scene(40, 41, 3);
	struct blob plain = png_encode(&p, &(struct png_opts){0});
	struct png_outcome a, b;

	/* stored blocks: 8 bytes before the data, then rows of 121; give the rows of one group filter 2 */
	for (int r = 16; r < 24; r++)
		plain.p[33 + 8 + 7 + r * 121] = 2;
	cr_assert_eq(plain.p[33 + 8 + 7 + 24 * 121], 0);
	/* right checksums */
	{
		uint8_t *idat = plain.p + 33;
		uint32_t len = (uint32_t)plain.len - 33 - 12 - 12;
		uint32_t adler = libdeflate_adler32(1, idat + 8 + 7, 41 * 121), crc;

		for (int i = 0; i < 4; i++)
			idat[8 + len - 4 + i] = (uint8_t)(adler >> (24 - 8 * i));
		crc = libdeflate_crc32(0, idat + 4, len + 4);
		for (int i = 0; i < 4; i++)
			idat[8 + len + i] = (uint8_t)(crc >> (24 - 8 * i));
	}
	cr_expect(taken(&plain));
	a = png_outcome(tutela_codec_png, plain.p, plain.len, TUTELA_ISA_AUTO);
	b = png_outcome(tutela_codec_libpng, plain.p, plain.len, TUTELA_ISA_AUTO);
	cr_expect(png_same(&a, &b));
	cr_expect_eq(a.class_, TUTELA_DECODE_OK);
	blob_free(&plain);
	pixels_free(&p);
}

static void expect_same(const struct blob *b, const char *what, size_t at)
{
	struct png_outcome one = png_outcome(tutela_codec_png, b->p, b->len, TUTELA_ISA_AUTO);
	struct png_outcome lib = png_outcome(tutela_codec_libpng, b->p, b->len, TUTELA_ISA_AUTO);

	cr_expect(png_same(&one, &lib), "%s %zu: %s, by libpng %s", what, at, tutela_decode_class_name(one.class_),
		  tutela_decode_class_name(lib.class_));
}

/* Put right the checksums of all chunks, as far as there are whole ones. */
static void repair(struct blob *b)
{
	for (size_t at = 8; at + 12 <= b->len;) {
		uint32_t len = (uint32_t)b->p[at] << 24 | (uint32_t)b->p[at + 1] << 16 | (uint32_t)b->p[at + 2] << 8 |
			       b->p[at + 3];
		uint32_t crc;

		if (len > b->len - at - 12)
			return;
		crc = libdeflate_crc32(0, b->p + at + 4, (size_t)len + 4);
		for (int i = 0; i < 4; i++)
			b->p[at + 8 + len + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
		at += 12 + (size_t)len;
	}
}

Test(codec_png, damage_gives_the_verdict_of_libpng)
{
	struct pixels p = pixels_scene(11, 9, 3);
	struct png_opts o = {.filter = PNG_MIXED, .level = 9, .pieces = 90};
	struct blob whole = png_encode(&p, &o);

	cr_assert(taken(&whole));
	for (size_t at = 0; at < whole.len; at++)
		for (unsigned bit = 0; bit < 8; bit += 1 + 2 * (at > 60)) {
			struct blob b = cut(&whole, whole.len);

			b.p[at] ^= (uint8_t)(1u << bit);
			cr_expect(!taken(&b), "byte %zu", at);
			expect_same(&b, "flipped", at);
			repair(&b);
			expect_same(&b, "flipped and repaired", at);
			blob_free(&b);
		}
	blob_free(&whole);
	pixels_free(&p);
}

Test(codec_png, a_cut_gives_the_verdict_of_libpng)
{
	struct pixels p = pixels_scene(23, 21, 1);
	struct blob whole = png_encode(&p, &(struct png_opts){.filter = PNG_MIXED, .alpha = true, .pieces = 200});

	cr_assert(taken(&whole));
	for (size_t len = 0; len < whole.len; len++) {
		struct blob b = cut(&whole, len);

		cr_expect(!taken(&b), "%zu bytes", len);
		expect_same(&b, "cut to", len);
		blob_free(&b);
	}
	blob_free(&whole);
	pixels_free(&p);
}

/*
 * Stored, not compressed, a row takes as many bytes in the file as it has, and one for its filter. From the moment that
 * the last pixel is there nothing is missing: 4 bytes of a checksum, 4 of the chunk's, 12 of the end.
 */
Test(codec_png, a_cut_costs_the_rows_behind_it_and_no_others)
{
	struct pixels p = pixels_scene(600, 30, 3);
	struct blob whole = png_encode(&p, &(struct png_opts){0});
	struct png_outcome right = png_outcome(tutela_codec_png, whole.p, whole.len, TUTELA_ISA_AUTO);
	size_t head = 33 + 8 + 2 + 5; /* the picture's header, the chunk's, that of the data, that of a stored block */

	cr_assert_eq(right.class_, TUTELA_DECODE_OK);
	for (size_t len = head; len < whole.len; len += len + 60 < whole.len ? 301 : 1) {
		struct blob b = cut(&whole, len);
		struct png_outcome o = png_outcome(tutela_codec_png, b.p, b.len, TUTELA_ISA_AUTO);

		if (len + 20 >= whole.len) {
			cr_expect(png_same(&o, &right), "%zu of %zu: %u", len, whole.len, o.class_);
		} else {
			cr_expect_eq(o.class_, TUTELA_DECODE_TRUNCATED);
			cr_expect_eq(o.rows, (len - head) / 1801, "%zu: %u rows", len, o.rows);
		}
		blob_free(&b);
	}
	blob_free(&whole);
	pixels_free(&p);
}

Test(codec_png, a_cut_behind_the_last_pixel_of_the_last_pass_costs_nothing)
{
	struct pixels p = pixels_scene(60, 45, 3);
	struct blob whole = png_encode(&p, &(struct png_opts){.interlaced = true});
	struct png_outcome right = png_outcome(tutela_codec_png, whole.p, whole.len, TUTELA_ISA_AUTO), o;

	cr_assert_eq(right.class_, TUTELA_DECODE_OK);
	for (size_t n = 1; n <= 21; n++) {
		struct blob b = cut(&whole, whole.len - n);

		o = png_outcome(tutela_codec_png, b.p, b.len, TUTELA_ISA_AUTO);
		cr_expect_eq(png_same(&o, &right), n <= 20, "%zu less: %u", n, o.class_);
		blob_free(&b);
	}
	cr_expect_eq(o.class_, TUTELA_DECODE_TRUNCATED);
	blob_free(&whole);
	pixels_free(&p);
}

/* A length that goes far past the end, and all that it should hold. */
Test(codec_png, a_chunk_said_to_be_longer_than_the_file_is_read_as_far_as_it_goes)
{
	struct pixels p = pixels_scene(64, 48, 3);
	struct blob b = png_encode(&p, &(struct png_opts){0});
	struct png_outcome right = png_outcome(tutela_codec_png, b.p, b.len, TUTELA_ISA_AUTO), o;

	b.p[33] = 0x3f;
	o = png_outcome(tutela_codec_png, b.p, b.len, TUTELA_ISA_AUTO);
	cr_expect(png_same(&o, &right), "%u", o.class_);
	blob_free(&b);
	pixels_free(&p);
}

/* Viewers show it whole, so it is hashed whole, and called damaged. */
Test(codec_png, a_wrong_checksum_of_a_part_leaves_the_rest_readable)
{
	struct pixels p = pixels_scene(64, 48, 3);
	struct blob b = png_encode(&p, &(struct png_opts){.pieces = 500});
	struct png_outcome right = png_outcome(tutela_codec_png, b.p, b.len, TUTELA_ISA_AUTO), wrong;

	cr_assert_eq(right.class_, TUTELA_DECODE_OK);
	b.p[33 + 8 + 500] ^= 1;
	wrong = png_outcome(tutela_codec_png, b.p, b.len, TUTELA_ISA_AUTO);
	cr_expect_eq(wrong.class_, TUTELA_DECODE_CORRUPT);
	cr_expect_eq(wrong.rows, 48);
	wrong.class_ = TUTELA_DECODE_OK;
	cr_expect(png_same(&right, &wrong));
	blob_free(&b);
	pixels_free(&p);
}

/* As old encoders wrote it: the data reach back further than their head says. */
Test(codec_png, a_window_that_is_said_too_small_does_not_matter)
{
	struct pixels p = pixels_scene(200, 40, 3);
	struct png_outcome right, small;
	struct blob b;

	for (size_t i = 600; i < p.data.len; i++) /* each row like the first */
		p.data.p[i] = p.data.p[i - 600];
	b = png_encode(&p, &(struct png_opts){.level = 9});
	right = png_outcome(tutela_codec_libpng, b.p, b.len, TUTELA_ISA_AUTO);
	cr_assert_eq(right.class_, TUTELA_DECODE_OK);
	b.p[33 + 8] = 0x08; /* 256 bytes */
	b.p[33 + 9] = 0x1d;
	repair(&b);
	small = png_outcome(tutela_codec_libpng, b.p, b.len, TUTELA_ISA_AUTO);
	cr_expect(png_same(&right, &small), "%s", tutela_decode_class_name(small.class_));
	expect_same(&b, "window", 256);
	blob_free(&b);
	pixels_free(&p);
}

/* A chunk with right checksum put in before byte `at`. Frees *b. */
static struct blob insert(struct blob *b, size_t at, const char *type, const char *body, uint32_t len)
{
	struct blob r = {calloc(1, b->len + len + 12), b->len + len + 12};

	memcpy(r.p, b->p, at);
	for (int i = 0; i < 4; i++)
		r.p[at + (size_t)i] = (uint8_t)(len >> (24 - 8 * i));
	memcpy(r.p + at + 4, type, 4);
	if (body)
		memcpy(r.p + at + 8, body, len);
	memcpy(r.p + at + 12 + len, b->p + at, b->len - at);
	repair(&r);
	blob_free(b);
	return r;
}

Test(codec_png, what_is_not_ordinary_is_left_to_libpng)
{
	static const struct png_opts odd[] = {{.interlaced = true}, {.depth = 16}, {.palette = true}};
	struct pixels p = pixels_scene(30, 20, 1);

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct blob b = png_encode(&p, &odd[i]);

		cr_expect(!taken(&b), "%zu", i);
		expect_same(&b, "odd", i);
		blob_free(&b);
	}
	pixels_free(&p);
}

/* Takes out the palette; with `bits` under 8 the rows hold as many pixels as that makes room for. */
static struct blob without_palette(const struct pixels *p, const struct png_opts *o, unsigned bits)
{
	struct blob b = png_encode(p, o);

	memmove(b.p + 33, b.p + 33 + 780, b.len - 33 - 780);
	b.len -= 780;
	b.p[24] = (uint8_t)bits;
	b.p[19] = (uint8_t)(p->width * 8 / bits);
	repair(&b);
	return b;
}

static struct png_outcome of_pixels(const struct pixels *p)
{
	struct blob b = png_encode(p, &(struct png_opts){0});
	struct png_outcome o = png_outcome(tutela_codec_png, b.p, b.len, TUTELA_ISA_AUTO);

	blob_free(&b);
	return o;
}

static struct pixels unpacked(const struct pixels *p, unsigned bits)
{
	struct pixels q = pixels_scene(p->width * 8 / bits, p->height, 1);

	for (uint32_t i = 0, n = 8 / bits; i < q.width * q.height; i++)
		q.data.p[i] = p->data.p[i / n] >> (8 - bits * (i % n + 1)) & ((1u << bits) - 1);
	return q;
}

Test(codec_png, indices_without_a_palette_are_grays_of_a_damaged_picture)
{
	struct pixels p = pixels_scene(31, 20, 1);

	for (unsigned bits = 1; bits <= 8; bits *= 2) {
		struct pixels q = unpacked(&p, bits);
		struct png_outcome want = of_pixels(&q), got;
		struct blob b = without_palette(&p, &(struct png_opts){.palette = true}, bits);

		got = png_outcome(tutela_codec_png, b.p, b.len, TUTELA_ISA_AUTO);
		cr_expect_eq(got.class_, TUTELA_DECODE_CORRUPT, "%u bits: %u", bits, got.class_);
		got.class_ = TUTELA_DECODE_OK;
		cr_expect(png_same(&got, &want), "%u bits: %u rows", bits, got.rows);
		pixels_free(&q);
		blob_free(&b);
	}
	pixels_free(&p);
}

Test(codec_png, indices_without_a_palette_need_a_header_in_order)
{
	static const struct {
		const char *what;
		unsigned at, value;
		bool repaired;
		uint32_t rows;
	} cases[] = {
		{"nothing else wrong", 8, 0, true, 20},
		{"16 bits", 24, 16, true, 0},
		{"5 bits", 24, 5, true, 0},
		{"a wrong checksum", 29, 0xee, false, 0},
		{"a long header", 11, 14, true, 0},
		{"a wrong filter", 27, 1, true, 0},
		{"not IHDR", 12, 'J', true, 0},
	};
	struct pixels p = pixels_scene(31, 20, 1);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct blob b = without_palette(&p, &(struct png_opts){.palette = true, .interlaced = i == 0}, 8);
		struct png_outcome o;

		b.p[cases[i].at] = (uint8_t)cases[i].value;
		if (cases[i].repaired)
			repair(&b);
		o = png_outcome(tutela_codec_png, b.p, b.len, TUTELA_ISA_AUTO);
		cr_expect_eq(o.class_, TUTELA_DECODE_CORRUPT, "%s: %u", cases[i].what, o.class_);
		cr_expect_eq(o.rows, cases[i].rows, "%s: %u rows", cases[i].what, o.rows);
		blob_free(&b);
	}
	pixels_free(&p);
}

Test(codec_png, indices_without_a_palette_cut_short)
{
	struct pixels p = pixels_scene(31, 20, 1);
	struct blob whole = without_palette(&p, &(struct png_opts){.palette = true}, 8);

	for (size_t len = 0; len < whole.len; len++) {
		struct blob b = cut(&whole, len);
		struct png_outcome o = png_outcome(tutela_codec_png, b.p, b.len, TUTELA_ISA_AUTO);

		cr_expect(o.class_ == TUTELA_DECODE_TRUNCATED || o.class_ == TUTELA_DECODE_CORRUPT, "%zu: %u", len,
			  o.class_);
		blob_free(&b);
	}
	blob_free(&whole);
	pixels_free(&p);
}

Test(codec_png, chunks_beside_the_picture)
{
	static const struct {
		const char *type, *body;
		uint32_t len;
		int where; /* 0 before, 1 among, 2 after the IDAT chunks */
		bool taken;
	} cases[] = {
		{"tEXt", "a\0b", 3, 0, true},
		{"tEXt", NULL, 0, 2, true},
		{"gAMA", "\0\1\2\3", 4, 0, true},
		{"teXt", NULL, 1 << 20, 0, true},
		{"teXt", NULL, (1 << 20) + 1, 0, false},
		{"tRNS", "\0\1\0\1\0\1", 6, 0, false},
		{"PLTE", "\1\2\3", 3, 0, false},
		{"tEXt", NULL, 3, 1, false},
		{"ABCD", NULL, 3, 0, false},
		{"a1cd", NULL, 3, 0, false},
		{"IHDR", NULL, 13, 2, false},
		{"IDAT", NULL, 0, 0, true},
		{"IDAT", "x", 1, 2, false},
		{"IEND", NULL, 0, 0, false},
		{"fdAT", "\0\0\0\1ab", 6, 2, true},
		{"aB[d", NULL, 3, 0, false},
		{"iCCP", "x\0\0damaged", 10, 0, true},
		{"acTL", "\0\0\0\5\0\0\0", 8, 0, true},
	};
	struct pixels p = pixels_scene(30, 20, 3);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct blob b = png_encode(&p, &(struct png_opts){.pieces = 500});
		size_t at = cases[i].where == 0 ? 33 : cases[i].where == 1 ? 33 + 512 : b.len - 12;

		b = insert(&b, at, cases[i].type, cases[i].body, cases[i].len);
		cr_expect_eq(taken(&b), cases[i].taken, "%zu: %s", i, cases[i].type);
		expect_same(&b, cases[i].type, i);
		blob_free(&b);
	}
	pixels_free(&p);
}

Test(codec_png, bytes_after_the_end_do_not_matter)
{
	struct pixels p = pixels_scene(30, 20, 3);
	struct blob b = png_encode(&p, &(struct png_opts){0}), more = {calloc(1, b.len + 50), b.len + 50};

	memcpy(more.p, b.p, b.len);
	cr_expect(taken(&more));
	expect_same(&more, "longer", 0);
	blob_free(&b);
	blob_free(&more);
	pixels_free(&p);
}

/* zlib may refuse to reach back further than its header says; libdeflate would not. */
Test(codec_png, a_window_smaller_than_the_picture_is_left_to_libpng)
{
	struct pixels p = pixels_scene(30, 20, 3); /* 1,820 bytes with filters: a window of 2 KiB holds them */

	for (unsigned bits = 8; bits <= 15; bits++) {
		struct blob b = png_encode(&p, &(struct png_opts){.level = 6});
		unsigned head = (bits - 8) << 12 | 0x800;

		b.p[41] = (uint8_t)(head >> 8);
		b.p[42] = (uint8_t)(31 - head % 31);
		repair(&b);
		cr_expect_eq(taken(&b), bits >= 11, "%u", bits);
		expect_same(&b, "window", bits);
		blob_free(&b);
	}
	pixels_free(&p);
}

Test(codec_png, limits_hold_before_memory_is_taken)
{
	struct pixels p = pixels_scene(100, 50, 3), thin = pixels_scene(4, 50, 3);
	struct blob b = png_encode(&p, &(struct png_opts){.pieces = 999});
	uint64_t rows = 50 * 301;
	struct png_limits fits = {5000, 2 * rows + 100}, pixels = {4999, 2 * rows + 100}, memory = {5000, rows - 1};
	struct png_limits no_copy = {5000, rows};
	struct png_stream *s = tutela_png_stream_new(b.p, b.len, &fits, TUTELA_ISA_AUTO);

	cr_expect_not_null(s);
	tutela_png_stream_free(s);
	cr_expect_null(tutela_png_stream_new(b.p, b.len, &pixels, TUTELA_ISA_AUTO));
	cr_expect_null(tutela_png_stream_new(b.p, b.len, &memory, TUTELA_ISA_AUTO));
	cr_expect_null(tutela_png_stream_new(b.p, b.len, &no_copy, TUTELA_ISA_AUTO));
	blob_free(&b);
	b = png_encode(&thin, &(struct png_opts){0});
	expect_same(&b, "thin", 0);
	blob_free(&b);
	pixels_free(&p);
	pixels_free(&thin);
}

/* What png_stream.h says: 32 distance codes, where the format has 30. */
Test(codec_png, code_tables_that_only_zlib_refuses)
{
	static const uint8_t file[] = {
		0x89, 'P',  'N',  'G',  '\r', '\n', 0x1a, '\n', 0,    0,    0,    13,   'I',  'H',  'D',  'R',
		0,    0,    0,    5,    0,    0,    0,    5,    8,    0,    0,    0,    0,    0,    0,    0,
		0,    0,    0,    0,    23,   'I',  'D',  'A',  'T',  0x78, 0x01, 0x05, 0xdf, 0x81, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x10, 0xff, 0xd5, 0x38, 0x01, 0x00, 0x00, 0x00, 0x02, 0x00, 0x1e, 0x00, 0x01,
		0,    0,    0,    0,    0,    0,    0,    0,    'I',  'E',  'N',  'D',  0,    0,    0,    0,
	};
	struct blob b = {calloc(1, sizeof(file)), sizeof(file)};
	const uint8_t black[25] = {0};
	struct png_outcome one, lib;

	memcpy(b.p, file, sizeof(file));
	repair(&b);
	one = png_outcome(tutela_codec_png, b.p, b.len, TUTELA_ISA_AUTO);
	lib = png_outcome(tutela_codec_libpng, b.p, b.len, TUTELA_ISA_AUTO);
	cr_expect_eq(one.class_, TUTELA_DECODE_OK);
	cr_expect_eq(lib.class_, TUTELA_DECODE_CORRUPT);
	expect_rows(&(struct pixels){5, 5, 1, {(uint8_t *)(uintptr_t)black, 25}}, &b, TUTELA_ISA_AUTO, "black");
	blob_free(&b);
}
