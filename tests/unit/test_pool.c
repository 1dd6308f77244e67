/* SPDX-License-Identifier: Apache-2.0 */
#include <tutela/decode.h>

#include "helpers/fake_worker.h"
#include "pictures.h"

#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

static struct tutela_decoder *open_pool(struct tutela_decoder_opts o)
{
	struct tutela_decoder *pool = NULL;

	o.size = sizeof(o);
	if (!o.program_dir)
		o.program_dir = TEST_BIN_DIR;
	cr_assert_eq(tutela_decoder_open(&o, &pool), TUTELA_OK);
	return pool;
}

static int file_of(const void *p, size_t len)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	cr_assert_geq(fd, 0);
	for (size_t at = 0; at < len;) {
		ssize_t n = write(fd, (const char *)p + at, len - at);

		cr_assert_gt(n, 0);
		at += (size_t)n;
	}
	return fd;
}

static struct tutela_decoded hash_bytes(struct tutela_decoder *pool, const void *p, size_t len)
{
	struct tutela_decoded d;
	int fd = file_of(p, len);

	cr_assert_eq(tutela_decoder_hash_fd(pool, fd, &d), TUTELA_OK);
	close(fd);
	return d;
}

/* Takes the blob. */
static struct tutela_decoded hash_blob(struct tutela_decoder *pool, struct blob b)
{
	struct tutela_decoded d = hash_bytes(pool, b.p, b.len);

	blob_free(&b);
	return d;
}

static struct tutela_perceptual hashes_of(const struct pixels *p)
{
	struct tutela_pixels px = {
		.data = p->data.p,
		.stride = (size_t)p->width * p->channels,
		.width = p->width,
		.height = p->height,
		.channels = p->channels,
	};
	struct tutela_perceptual h;

	cr_assert_eq(tutela_hash_pixels(&px, TUTELA_WANT_PERCEPTUAL, TUTELA_ISA_AUTO, &h), TUTELA_OK);
	return h;
}

static int distance(const uint8_t *a, const uint8_t *b, size_t len)
{
	int n = 0;

	for (size_t i = 0; i < len; i++)
		n += __builtin_popcount(a[i] ^ b[i]);
	return n;
}

static bool same(const struct tutela_perceptual *a, const struct tutela_perceptual *b)
{
	return memcmp(&a->pdq, &b->pdq, sizeof(a->pdq)) == 0 &&
	       memcmp(&a->pdq_full, &b->pdq_full, sizeof(a->pdq_full)) == 0 && memcmp(a->phash, b->phash, 8) == 0 &&
	       memcmp(a->dhash, b->dhash, 8) == 0;
}

#define EXPECT_CLASS(d, want)                                                                                          \
	cr_expect_eq((d).class_, (want), "%s, not %s", tutela_decode_class_name((d).class_),                           \
		     tutela_decode_class_name(want))

static bool has_hashes(const struct tutela_decoded *d)
{
	static const struct tutela_perceptual none;

	return (d->have & TUTELA_WANT_PERCEPTUAL) || memcmp(&d->hashes, &none, sizeof(none)) != 0;
}

/* ---- names ---- */

Test(pool, every_class_and_format_has_a_name)
{
	for (unsigned c = 0; c < TUTELA_DECODE_CLASSES; c++) {
		cr_expect(tutela_decode_class_name(c)[0] && tutela_decode_class_text(c)[0]);
		cr_expect_str_neq(tutela_decode_class_name(c), "unknown");
	}
	for (unsigned f = 0; f < TUTELA_FORMATS; f++)
		cr_expect_str_neq(tutela_format_name(f), "unknown");
	cr_expect_str_eq(tutela_decode_class_name(99), "unknown");
	cr_expect_str_eq(tutela_decode_class_text(-1), "no such class");
	cr_expect_str_eq(tutela_format_name(99), "unknown");
}

/* ---- digests ---- */

static const char *hex(const uint8_t *p, size_t n, char *to)
{
	for (size_t i = 0; i < n; i++)
		snprintf(to + 2 * i, 3, "%02x", p[i]);
	return to;
}

/* Bytes i * 7 + (i >> 8): digests by md5sum, sha1sum and sha256sum. */
Test(pool, digests_are_right_at_every_block_boundary)
{
	static const struct {
		size_t len;
		const char *md5, *sha1, *sha256;
	} cases[] = {
#include "digests.inc"
	};
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	uint8_t *bytes = malloc(9 * MIB);
	char text[65];

	for (size_t i = 0; i < 9 * MIB; i++)
		bytes[i] = (uint8_t)(i * 7 + (i >> 8));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tutela_decoded d = hash_bytes(pool, bytes, cases[i].len);

		EXPECT_CLASS(d, cases[i].len ? TUTELA_DECODE_NOT_PICTURE : TUTELA_DECODE_EMPTY);
		cr_expect_eq(d.have, TUTELA_WANT_DIGESTS);
		cr_expect_eq(d.size, cases[i].len);
		cr_expect_str_eq(hex(d.md5, 16, text), cases[i].md5, "md5 of %zu bytes", cases[i].len);
		cr_expect_str_eq(hex(d.sha1, 20, text), cases[i].sha1, "sha1 of %zu bytes", cases[i].len);
		cr_expect_str_eq(hex(d.sha256, 32, text), cases[i].sha256, "sha256 of %zu bytes", cases[i].len);
	}
	free(bytes);
	tutela_decoder_close(pool);
}

Test(pool, digests_of_a_picture_cover_the_whole_file)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct pixels p = pixels_scene(700, 600, 3); /* over one block of reading */
	struct blob png = png_encode(&p, &(struct png_opts){0});
	struct tutela_decoded with = hash_bytes(pool, png.p, png.len), without;

	png.p[0] ^= 1; /* no picture any more: the streaming path */
	without = hash_bytes(pool, png.p, png.len);
	EXPECT_CLASS(with, TUTELA_DECODE_OK);
	EXPECT_CLASS(without, TUTELA_DECODE_NOT_PICTURE);
	cr_expect_eq(with.have, TUTELA_WANT_ALL);
	cr_expect_eq(with.size, png.len);
	cr_expect_neq(memcmp(with.sha256, without.sha256, 32), 0);
	png.p[0] ^= 1;
	without = hash_bytes(pool, png.p, png.len);
	cr_expect_arr_eq(with.sha256, without.sha256, 32);
	blob_free(&png);
	pixels_free(&p);
	tutela_decoder_close(pool);
}

Test(pool, only_what_is_wanted_comes_back)
{
	static const unsigned wants[] = {TUTELA_WANT_MD5,      TUTELA_WANT_SHA256 | TUTELA_WANT_PDQ,
					 TUTELA_WANT_PDQ_FULL, TUTELA_WANT_PHASH | TUTELA_WANT_SHA1,
					 TUTELA_WANT_DHASH,    TUTELA_WANT_DIGESTS};
	struct pixels p = pixels_scene(64, 48, 3);

	for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
		struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){.wants = wants[i]});
		struct tutela_decoded d = hash_blob(pool, png_encode(&p, &(struct png_opts){0}));

		EXPECT_CLASS(d, TUTELA_DECODE_OK);
		cr_expect_eq(d.have, wants[i], "%x, not %x", d.have, wants[i]);
		cr_expect_eq(d.format, TUTELA_FORMAT_PNG);
		tutela_decoder_close(pool);
	}
	pixels_free(&p);
}

/* ---- formats: the hash of the file is the hash of its pixels ---- */

static void expect_exact(struct tutela_decoder *pool, const struct pixels *p, struct blob file,
			 enum tutela_format format, const char *what)
{
	struct tutela_perceptual want = hashes_of(p);
	struct tutela_decoded d = hash_blob(pool, file);

	cr_expect_eq(d.class_, TUTELA_DECODE_OK, "%s: %s", what, tutela_decode_class_name(d.class_));
	cr_expect_eq(d.format, format, "%s: %s", what, tutela_format_name(d.format));
	cr_expect(d.width == p->width && d.height == p->height, "%s: %u x %u", what, d.width, d.height);
	cr_expect(!d.partial);
	cr_expect(same(&d.hashes, &want), "%s: %d bits off (full %d)", what,
		  distance(d.hashes.pdq.hash, want.pdq.hash, 32),
		  distance(d.hashes.pdq_full.hash, want.pdq_full.hash, 32));
	cr_expect_gt(d.hashes.pdq.quality, 50);
}

Test(pool, png_gives_the_hash_of_its_bytes)
{
	static const struct {
		uint32_t width, height, channels;
		struct png_opts o;
		const char *what;
	} cases[] = {
		{640, 480, 3, {0}, "rgb"},
		{640, 480, 1, {0}, "gray"},
		{513, 700, 3, {.depth = 16}, "rgb, 16 bits, noise in the low byte"},
		{300, 200, 1, {.depth = 16}, "gray, 16 bits"},
		{300, 200, 3, {.alpha = true}, "rgb and alpha, all of it transparent"},
		{300, 200, 1, {.alpha = true}, "gray and alpha"},
		{300, 200, 3, {.depth = 16, .alpha = true}, "rgb and alpha, 16 bits"},
		{300, 200, 3, {.interlaced = true}, "interlaced rgb"},
		{31, 57, 1, {.interlaced = true}, "interlaced gray"},
		{64, 64, 3, {0}, "64 x 64"},
		{5, 5, 3, {0}, "the smallest"},
		{5, 900, 1, {0}, "the narrowest"},
	};
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pixels p = pixels_scene(cases[i].width, cases[i].height, cases[i].channels);

		expect_exact(pool, &p, png_encode(&p, &cases[i].o), TUTELA_FORMAT_PNG, cases[i].what);
		pixels_free(&p);
	}
	tutela_decoder_close(pool);
}

/* A palette's colours count, not its indexes; they come out as RGB. */
Test(pool, png_palette_is_expanded)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct pixels gray = pixels_scene(200, 150, 1), rgb = pixels_scene(200, 150, 3);

	for (size_t i = 0; i < rgb.data.len; i++)
		rgb.data.p[i] = gray.data.p[i / 3];
	expect_exact(pool, &rgb, png_encode(&gray, &(struct png_opts){.palette = true}), TUTELA_FORMAT_PNG, "palette");
	pixels_free(&gray);
	pixels_free(&rgb);
	tutela_decoder_close(pool);
}

Test(pool, other_lossless_formats_give_the_hash_of_their_pixels)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct pixels rgb = pixels_scene(333, 222, 3), gray = pixels_scene(600, 520, 1), p;

	expect_exact(pool, &rgb, bmp_encode(&rgb, false), TUTELA_FORMAT_BMP, "bmp");
	expect_exact(pool, &rgb, bmp_encode(&rgb, true), TUTELA_FORMAT_BMP, "bmp from the top");
	expect_exact(pool, &rgb, tiff_encode(&rgb, 8), TUTELA_FORMAT_TIFF, "tiff rgb");
	expect_exact(pool, &rgb, tiff_encode(&rgb, 16), TUTELA_FORMAT_TIFF, "tiff rgb, 16 bits");
	expect_exact(pool, &gray, tiff_encode(&gray, 8), TUTELA_FORMAT_TIFF, "tiff gray");
	expect_exact(pool, &gray, tiff_encode(&gray, 16), TUTELA_FORMAT_TIFF, "tiff gray, 16 bits");
	expect_exact(pool, &rgb, webp_encode(&rgb), TUTELA_FORMAT_WEBP, "webp");
	expect_exact(pool, &rgb, ppm_encode(&rgb), TUTELA_FORMAT_PNM, "ppm");
	expect_exact(pool, &gray, ppm_encode(&gray), TUTELA_FORMAT_PNM, "pgm");
	expect_exact(pool, &rgb, ico_encode(&rgb, false), TUTELA_FORMAT_ICO, "icon");
	expect_exact(pool, &rgb, ico_encode(&rgb, true), TUTELA_FORMAT_ICO, "icon with a png");
	p = pixels_scene(600, 520, 3);
	for (size_t i = 0; i < p.data.len; i++)
		p.data.p[i] = gray.data.p[i / 3];
	expect_exact(pool, &p, bmp_encode(&gray, false), TUTELA_FORMAT_BMP, "bmp with a palette");
	pixels_free(&p);
	pixels_free(&rgb);
	pixels_free(&gray);
	tutela_decoder_close(pool);
}

/* Ink is white light taken away: (255 - c)(255 - k) / 255. */
Test(pool, tiff_cmyk_becomes_rgb)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct pixels ink = pixels_scene(160, 120, 4), rgb = pixels_scene(160, 120, 3);

	for (size_t i = 0; i < rgb.data.len; i++) {
		unsigned c = ink.data.p[i / 3 * 4 + i % 3], k = ink.data.p[i / 3 * 4 + 3];

		rgb.data.p[i] = (uint8_t)(((255 - c) * (255 - k) + 127) / 255);
	}
	expect_exact(pool, &rgb, tiff_encode(&ink, 8), TUTELA_FORMAT_TIFF, "cmyk");
	pixels_free(&ink);
	pixels_free(&rgb);
	tutela_decoder_close(pool);
}

/* What libvips does not take. */
Test(pool, tiff_of_tiles_in_planes_gives_the_hash_of_its_pixels)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct pixels p = pixels_scene(160, 112, 3);
	struct blob half = tiff_encode_planes(&p, false);
	struct tutela_decoded d;

	expect_exact(pool, &p, tiff_encode_planes(&p, false), TUTELA_FORMAT_TIFF, "planes");
	expect_exact(pool, &p, tiff_encode_planes(&p, true), TUTELA_FORMAT_TIFF, "hidden colours");
	/* the second tile is said to lie behind the end */
	half.p[8 + 3 * 160 * 112 + 4 + 3] = 0x10;
	d = hash_blob(pool, half);
	cr_expect(d.class_ == TUTELA_DECODE_TRUNCATED && d.have == TUTELA_WANT_DIGESTS, "%s, %x",
		  tutela_decode_class_name(d.class_), d.have);
	pixels_free(&p);
	tutela_decoder_close(pool);
}

/* Nor does it take these. */
Test(pool, a_part_of_a_tiff_of_subsampled_colours_is_hashed)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct pixels p = pixels_scene(160, 112, 1), rgb = pixels_scene(160, 112, 3);
	struct blob b = tiff_encode_subsampled(&p);
	uint8_t *lists = b.p + 8 + 160 * 112 / 2 * 3;
	struct tutela_decoded d;

	for (size_t i = 0; i < rgb.data.len; i++)
		rgb.data.p[i] = p.data.p[i / 3];
	expect_exact(pool, &rgb, tiff_encode_subsampled(&p), TUTELA_FORMAT_TIFF, "whole");
	lists[14 * 4 + 7 * 4 + 1] /= 2; /* fewer bytes than rows 56 to 63 have */
	d = hash_bytes(pool, b.p, b.len);
	EXPECT_CLASS(d, TUTELA_DECODE_CORRUPT);
	cr_expect(d.partial && has_hashes(&d));
	lists[7 * 4 + 3] = 0x10; /* and they are said to lie behind the end */
	d = hash_bytes(pool, b.p, b.len);
	EXPECT_CLASS(d, TUTELA_DECODE_TRUNCATED);
	cr_expect(d.partial && has_hashes(&d));
	lists[3] = 0x10; /* the first ones, too: nothing comes before the damage */
	d = hash_bytes(pool, b.p, b.len);
	EXPECT_CLASS(d, TUTELA_DECODE_TRUNCATED);
	cr_expect(!d.partial);
	blob_free(&b);
	pixels_free(&rgb);
	pixels_free(&p);
	tutela_decoder_close(pool);
}

/* libvips calls it damaged, and libtiff takes it for one of its own until it looks closer. */
Test(pool, tiff_of_colours_of_4_bits_is_unsupported)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct pixels p = pixels_scene(161, 113, 3);
	struct blob b = tiff_encode_packed(&p, 12, false);
	uint8_t *bits = b.p + b.len - 4 - 10 * 12 - 2 - 8;
	struct tutela_decoded d;

	bits[0] = bits[2] = bits[4] = 4;
	d = hash_blob(pool, b);
	EXPECT_CLASS(d, TUTELA_DECODE_UNSUPPORTED);
	pixels_free(&p);
	tutela_decoder_close(pool);
}

Test(pool, tiff_of_colours_multiplied_by_alpha_gives_the_colours)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct pixels p = pixels_scene(160, 112, 3), halves = pixels_scene(160, 112, 3);
	struct blob b;

	for (size_t i = 0; i < p.data.len; i++) {
		halves.data.p[i] = p.data.p[i] / 2;
		p.data.p[i] = (uint8_t)((halves.data.p[i] * 255u + 63) / 127);
	}
	b = tiff_encode_planes(&halves, true);
	memset(b.p + 8 + 3 * 160 * 112, 127, 160 * 112);
	b.p[b.len - 4 - 12 + 8] = 1; /* "associated" */
	expect_exact(pool, &p, b, TUTELA_FORMAT_TIFF, "multiplied");
	pixels_free(&halves);
	pixels_free(&p);
	tutela_decoder_close(pool);
}

Test(pool, tiff_is_whole_when_only_its_second_page_is_not)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct pixels p = pixels_scene(160, 120, 3);
	struct blob b = tiff_encode(&p, 8);

	b.p[b.len - 4] = 9; /* where no directory is */
	expect_exact(pool, &p, b, TUTELA_FORMAT_TIFF, "a page of nothing");
	pixels_free(&p);
	tutela_decoder_close(pool);
}

/* By the highest 8 bits of each sample. Neither libvips nor libtiff's reader of whole pictures takes these. */
Test(pool, tiff_of_9_to_15_bits_gives_the_hash_of_its_pixels)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct pixels rgb = pixels_scene(161, 113, 3), gray = pixels_scene(161, 113, 1);
	struct blob b = tiff_encode_packed(&gray, 12, false);
	uint8_t *tags = b.p + b.len - 4 - 10 * 12;
	struct tutela_decoded d;

	for (unsigned bits = 9; bits < 16; bits++) {
		expect_exact(pool, &rgb, tiff_encode_packed(&rgb, bits, false), TUTELA_FORMAT_TIFF, "rgb");
		expect_exact(pool, &gray, tiff_encode_packed(&gray, bits, false), TUTELA_FORMAT_TIFF, "gray");
		expect_exact(pool, &gray, tiff_encode_packed(&gray, bits, true), TUTELA_FORMAT_TIFF, "ink");
	}
	/* the strip of rows 56 to 63 is said to lie behind the end */
	b.p[8 + (161 * 12 + 7) / 8 * 113 + 7 * 4 + 3] = 0x10;
	d = hash_bytes(pool, b.p, b.len);
	EXPECT_CLASS(d, TUTELA_DECODE_TRUNCATED);
	cr_expect(d.partial && has_hashes(&d), "the rows before it are hashed");
	tags[1 * 12 + 8] = 0;
	tags[1 * 12 + 9] = 0x10; /* 4096 rows, of which not all have a strip */
	d = hash_bytes(pool, b.p, b.len);
	cr_expect(d.class_ != TUTELA_DECODE_OK && d.class_ != TUTELA_DECODE_CRASHED, "%s",
		  tutela_decode_class_name(d.class_));
	blob_free(&b);
	pixels_free(&rgb);
	pixels_free(&gray);
	tutela_decoder_close(pool);
}

/* Signed: what is black? Floating point: what is white? Those that Pillow shows are decoded, and no others. */
Test(pool, tiff_samples_that_nobody_shows_are_unsupported)
{
	static const struct {
		unsigned bits, kind;
		enum tutela_decode_class class_;
	} rows[] = {
		{8, 2, TUTELA_DECODE_OK},           {16, 2, TUTELA_DECODE_OK},
		{32, 2, TUTELA_DECODE_OK},          {32, 3, TUTELA_DECODE_OK},
		{12, 2, TUTELA_DECODE_UNSUPPORTED}, {16, 3, TUTELA_DECODE_UNSUPPORTED},
		{24, 3, TUTELA_DECODE_UNSUPPORTED}, {64, 3, TUTELA_DECODE_UNSUPPORTED},
		{6, 1, TUTELA_DECODE_UNSUPPORTED},  {24, 1, TUTELA_DECODE_UNSUPPORTED},
		{64, 1, TUTELA_DECODE_UNSUPPORTED},
	};
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct pixels gray = pixels_scene(161, 113, 1);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct blob b = tiff_encode_packed(&gray, 12, false);
		uint8_t *tags = b.p + b.len - 4 - 10 * 12;
		struct tutela_decoded d;

		tags[0 * 12 + 8] = 16; /* columns: the strips are long enough for any width of sample */
		tags[2 * 12 + 8] = (uint8_t)rows[i].bits;
		tags[9 * 12 + 8] = (uint8_t)rows[i].kind;
		d = hash_blob(pool, b);
		cr_expect_eq(d.class_, rows[i].class_, "%u bits of kind %u: %s", rows[i].bits, rows[i].kind,
			     tutela_decode_class_name(d.class_));
	}
	pixels_free(&gray);
	tutela_decoder_close(pool);
}

/* Group 4 fax: libtiff says so and goes on with whatever was in its buffer. */
Test(pool, a_wrong_code_in_a_fax_is_damage)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct pixels p = pixels_scene(160, 120, 1);
	struct blob b = tiff_encode(&p, 8);
	uint8_t *tag = b.p + b.len - 4 - 10 * 12;
	struct tutela_decoded d;

	tag[2 * 12 + 8] = 1;        /* a bit a sample */
	tag[3 * 12 + 8] = 4;        /* Group 4 */
	memset(b.p + 8, 0x80, 30);  /* 1: a row like the one above */
	memset(b.p + 38, 0, 19170); /* no code begins like this */
	d = hash_blob(pool, b);
	EXPECT_CLASS(d, TUTELA_DECODE_CORRUPT);
	pixels_free(&p);
	tutela_decoder_close(pool);
}

/* The loader gives nothing of it before it has seen the end: it is asked once more, for what there is. */
Test(pool, a_part_of_a_gif_is_hashed_and_called_truncated)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct pixels p = pixels_scene(210, 140, 1), shown = pixels_scene(210, 140, 1);
	struct blob file = gif_encode(&p, 1);
	struct tutela_perceptual want;
	struct tutela_decoded d;

	for (size_t i = 0; i < p.data.len; i++)
		shown.data.p[i] = gif_value(p.data.p[i]);
	want = hashes_of(&shown);
	d = hash_bytes(pool, file.p, file.len - file.len / 50);
	EXPECT_CLASS(d, TUTELA_DECODE_TRUNCATED);
	cr_expect(d.partial && has_hashes(&d));
	cr_expect_leq(distance(d.hashes.pdq.hash, want.pdq.hash, 32), 31);
	/* the head alone */
	d = hash_bytes(pool, file.p, 13);
	EXPECT_CLASS(d, TUTELA_DECODE_TRUNCATED);
	cr_expect(!d.partial);
	blob_free(&file);
	pixels_free(&p);
	pixels_free(&shown);
	tutela_decoder_close(pool);
}

Test(pool, the_first_frame_of_an_animation_is_hashed)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct pixels p = pixels_scene(210, 140, 1), shown = pixels_scene(210, 140, 1);
	struct tutela_decoded d;

	for (size_t i = 0; i < p.data.len; i++)
		shown.data.p[i] = gif_value(p.data.p[i]);
	for (uint32_t frames = 1; frames <= 3; frames++) {
		struct tutela_perceptual want = hashes_of(&shown);

		d = hash_blob(pool, gif_encode(&p, frames));
		EXPECT_CLASS(d, TUTELA_DECODE_OK);
		cr_expect_eq(d.format, TUTELA_FORMAT_GIF);
		cr_expect_eq(d.frames, frames);
		cr_expect_leq(distance(d.hashes.pdq.hash, want.pdq.hash, 32), 2);
	}
	d = hash_blob(pool, png_encode(&p, &(struct png_opts){.frames = 7}));
	EXPECT_CLASS(d, TUTELA_DECODE_OK);
	cr_expect_eq(d.frames, 7);
	pixels_free(&p);
	pixels_free(&shown);
	tutela_decoder_close(pool);
}

Test(pool, jpeg_of_every_kind_is_near_its_pixels)
{
	static const struct {
		uint32_t channels;
		struct jpeg_opts o;
		const char *what;
	} cases[] = {
		{3, {.kind = JPEG_YCBCR}, "YCbCr"},
		{3, {.kind = JPEG_YCBCR, .progressive = true}, "progressive"},
		{3, {.kind = JPEG_YCBCR, .restart = 1}, "restart marks"},
		{3, {.kind = JPEG_YCBCR, .arithmetic = true}, "arithmetic coding"},
		{3, {.kind = JPEG_AS_RGB}, "stored as RGB"},
		{3, {.kind = JPEG_AS_GRAY}, "gray of colour"},
		{1, {.kind = JPEG_AS_GRAY}, "gray"},
		{3, {.kind = JPEG_CMYK}, "CMYK"},
	};
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pixels p = pixels_scene(720, 560, cases[i].channels);
		struct tutela_perceptual want = hashes_of(&p);
		struct tutela_decoded d = hash_blob(pool, jpeg_encode(&p, &cases[i].o));

		cr_expect_eq(d.class_, TUTELA_DECODE_OK, "%s: %s", cases[i].what, tutela_decode_class_name(d.class_));
		cr_expect_leq(distance(d.hashes.pdq.hash, want.pdq.hash, 32), 6, "%s", cases[i].what);
		cr_expect_leq(distance(d.hashes.pdq_full.hash, want.pdq_full.hash, 32), 6, "%s", cases[i].what);
		cr_expect_leq(distance(d.hashes.phash, want.phash, 8), 2, "%s", cases[i].what);
		cr_expect_leq(distance(d.hashes.dhash, want.dhash, 8), 2, "%s", cases[i].what);
		pixels_free(&p);
	}
	tutela_decoder_close(pool);
}

static int made_by_mkpicture(const char *dir, const char *args, const char *name)
{
	char command[1024], path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	/* the encoders of HEIC leak when they end */
	snprintf(command, sizeof(command),
		 "ASAN_OPTIONS=detect_leaks=0 " TEST_MKPICTURE " --seed 5 --size 400x304 %s %s", args, path);
	cr_assert_eq(system(command), 0, "%s", command);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void remove_folder(const char *dir)
{
	char command[600];

	snprintf(command, sizeof(command), "rm -r %s", dir);
	cr_assert_eq(system(command), 0);
}

Test(pool, modern_formats_are_near_the_png_of_the_same_picture)
{
	static const struct {
		const char *args, *name;
		enum tutela_format format;
		int most;
	} cases[] = {
		{"--lossless", "a.jxl", TUTELA_FORMAT_JXL, 0},
		{"--quality 90", "b.jxl", TUTELA_FORMAT_JXL, 6},
		{"--quality 90", "c.heic", TUTELA_FORMAT_HEIC, 6},
		{"--quality 90", "d.avif", TUTELA_FORMAT_AVIF, 6},
		{"--quality 90", "e.webp", TUTELA_FORMAT_WEBP, 6},
		{"--quality 90", "f.tiff", TUTELA_FORMAT_TIFF, 6},
		{"--lossless", "g.webp", TUTELA_FORMAT_WEBP, 0},
		{"--lossless", "h.tiff", TUTELA_FORMAT_TIFF, 0},
		{"--lossless", "i.jp2", TUTELA_FORMAT_JP2, 0},
		{"--quality 90", "j.jp2", TUTELA_FORMAT_JP2, 6},
		{"--lossless --tile 100", "k.j2k", TUTELA_FORMAT_JP2, 0},
		{"--lossless --alpha --16bit", "l.j2k", TUTELA_FORMAT_JP2, 0},
	};
	char dir[] = "/tmp/tutela-test-XXXXXX";
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct tutela_decoded png, d;
	int fd;

	cr_assert(mkdtemp(dir));
	fd = made_by_mkpicture(dir, "", "z.png");
	cr_assert_eq(tutela_decoder_hash_fd(pool, fd, &png), TUTELA_OK);
	EXPECT_CLASS(png, TUTELA_DECODE_OK);
	close(fd);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fd = made_by_mkpicture(dir, cases[i].args, cases[i].name);
		cr_assert_eq(tutela_decoder_hash_fd(pool, fd, &d), TUTELA_OK);
		close(fd);
		cr_expect_eq(d.class_, TUTELA_DECODE_OK, "%s: %s", cases[i].name, tutela_decode_class_name(d.class_));
		cr_expect_eq(d.format, cases[i].format, "%s", cases[i].name);
		cr_expect(d.width == 400 && d.height == 304 && d.frames == 1, "%s", cases[i].name);
		cr_expect_leq(distance(d.hashes.pdq.hash, png.hashes.pdq.hash, 32), cases[i].most, "%s", cases[i].name);
	}
	remove_folder(dir);
	tutela_decoder_close(pool);
}

/* ---- damage ---- */

/* Every prefix of a picture: never OK with a wrong hash, never a crash. */
static void cut_everywhere(struct tutela_decoder *pool, struct blob b, const struct tutela_perceptual *whole,
			   const char *what)
{
	size_t truncated = 0, tried = 0;

	for (size_t i = 1; i < 40; i++) {
		size_t len = b.len * i / 40;
		struct tutela_decoded d = hash_bytes(pool, b.p, len);

		tried++;
		truncated += d.class_ == TUTELA_DECODE_TRUNCATED;
		cr_expect(d.class_ == TUTELA_DECODE_TRUNCATED || d.class_ == TUTELA_DECODE_CORRUPT ||
				  d.class_ == TUTELA_DECODE_NOT_PICTURE ||
				  (d.class_ == TUTELA_DECODE_OK && same(&d.hashes, whole)),
			  "%s cut to %zu of %zu bytes: %s, signal %d", what, len, b.len,
			  tutela_decode_class_name(d.class_), d.signal);
		cr_expect_eq(d.class_ == TUTELA_DECODE_OK || d.partial, has_hashes(&d), "%s", what);
		cr_expect_eq(d.have & TUTELA_WANT_DIGESTS, TUTELA_WANT_DIGESTS);
		cr_expect_eq(d.size, len);
	}
	cr_expect_gt(truncated, tried * 3 / 4, "%s: %zu of %zu called truncated", what, truncated, tried);
	blob_free(&b);
}

/* A worker may have its request before the host is done with sending it: that must not look like the host's end. */
Test(pool, many_small_files_end_no_worker)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){.recycle = 1000000});
	struct tutela_decoder_stats stats;

	for (int i = 0; i < 20000; i++) {
		struct tutela_decoded d;

		cr_assert_eq(tutela_decoder_hash_bytes(pool, "x", 1, &d), TUTELA_OK);
		cr_assert_eq(d.class_, TUTELA_DECODE_NOT_PICTURE, "file %d: %s", i, tutela_decode_class_name(d.class_));
	}
	tutela_decoder_stats(pool, &stats);
	cr_expect_eq(stats.spawned, 1);
	tutela_decoder_close(pool);
}

Test(pool, cut_files_are_truncated)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct pixels p = pixels_scene(300, 220, 3), gray = pixels_scene(300, 220, 1);
	struct blob jpeg = jpeg_encode(&p, &(struct jpeg_opts){0}), prog;
	struct tutela_decoded whole = hash_bytes(pool, jpeg.p, jpeg.len);
	struct tutela_perceptual exact = hashes_of(&p);

	cut_everywhere(pool, jpeg, &whole.hashes, "jpeg");
	prog = jpeg_encode(&p, &(struct jpeg_opts){.progressive = true});
	whole = hash_bytes(pool, prog.p, prog.len);
	cut_everywhere(pool, prog, &whole.hashes, "progressive jpeg");
	cut_everywhere(pool, png_encode(&p, &(struct png_opts){0}), &exact, "png");
	cut_everywhere(pool, png_encode(&p, &(struct png_opts){.interlaced = true}), &exact, "interlaced png");
	cut_everywhere(pool, webp_encode(&p), &exact, "webp");
	cut_everywhere(pool, bmp_encode(&p, false), &exact, "bmp");
	cut_everywhere(pool, ppm_encode(&p), &exact, "ppm");
	cut_everywhere(pool, ico_encode(&p, false), &exact, "icon");
	jpeg = gif_encode(&gray, 1);
	whole = hash_bytes(pool, jpeg.p, jpeg.len);
	cut_everywhere(pool, jpeg, &whole.hashes, "gif");
	pixels_free(&p);
	pixels_free(&gray);
	tutela_decoder_close(pool);
}

static struct blob contents_of(int fd)
{
	struct stat st;
	struct blob b;

	cr_assert(fd >= 0 && fstat(fd, &st) == 0);
	b = (struct blob){malloc((size_t)st.st_size), (size_t)st.st_size};
	cr_assert_eq(read(fd, b.p, b.len), (ssize_t)b.len);
	close(fd);
	return b;
}

Test(pool, cut_files_of_modern_formats_are_truncated)
{
	static const char *const names[] = {"a.jxl", "b.heic", "c.avif", "d.webp", "e.jp2", "f.j2k"};
	char dir[] = "/tmp/tutela-test-XXXXXX";
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});

	cr_assert(mkdtemp(dir));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct blob b = contents_of(made_by_mkpicture(dir, "--quality 80", names[i]));
		struct tutela_decoded whole = hash_bytes(pool, b.p, b.len);

		EXPECT_CLASS(whole, TUTELA_DECODE_OK);
		cut_everywhere(pool, b, &whole.hashes, names[i]);
	}
	remove_folder(dir);
	tutela_decoder_close(pool);
}

/* The part that is there is hashed as such; what is missing counts as gray. */
Test(pool, a_truncated_jpeg_has_partial_hashes)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct pixels p = pixels_scene(400, 400, 3);
	struct blob b = jpeg_encode(&p, &(struct jpeg_opts){0});
	struct tutela_decoded whole = hash_bytes(pool, b.p, b.len), most = hash_bytes(pool, b.p, b.len * 95 / 100);
	struct tutela_decoded head = hash_bytes(pool, b.p, 300), tail = hash_bytes(pool, b.p, b.len - 2);

	EXPECT_CLASS(most, TUTELA_DECODE_TRUNCATED);
	cr_expect(most.partial);
	cr_expect_leq(distance(whole.hashes.pdq.hash, most.hashes.pdq.hash, 32), 60);
	EXPECT_CLASS(head, TUTELA_DECODE_TRUNCATED);
	cr_expect(!head.partial && !has_hashes(&head), "only the header came");
	for (size_t i = 0; i + 100 < b.len; i++) {
		if (b.p[i] == 0xff && b.p[i + 1] == 0xda)
			head = hash_bytes(pool, b.p, i + 60);
	}
	EXPECT_CLASS(head, TUTELA_DECODE_TRUNCATED);
	cr_expect(!head.partial && !has_hashes(&head), "some blocks, yet no row of them");
	EXPECT_CLASS(tail, TUTELA_DECODE_OK);
	cr_expect(same(&tail.hashes, &whole.hashes), "nothing but the end mark is missing");
	blob_free(&b);
	pixels_free(&p);
	tutela_decoder_close(pool);
}

Test(pool, damaged_files_are_corrupt)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct pixels p = pixels_scene(400, 300, 3);
	struct blob b = png_encode(&p, &(struct png_opts){0});
	struct tutela_decoded d;

	b.p[b.len / 2] ^= 0x55; /* the checksum says so */
	d = hash_blob(pool, b);
	EXPECT_CLASS(d, TUTELA_DECODE_CORRUPT);
	cr_expect(d.partial);
	b = png_encode(&p, &(struct png_opts){0});
	b.p[20] ^= 0x55; /* the header's */
	d = hash_blob(pool, b);
	EXPECT_CLASS(d, TUTELA_DECODE_CORRUPT);
	cr_expect(!d.partial && !has_hashes(&d));
	b = jpeg_encode(&p, &(struct jpeg_opts){.restart = 1});
	for (size_t i = b.len / 2; i < b.len / 2 + 400; i++)
		b.p[i] = (uint8_t)(i * 89);
	d = hash_blob(pool, b);
	EXPECT_CLASS(d, TUTELA_DECODE_CORRUPT);
	cr_expect(d.partial);
	b = webp_encode(&p);
	memset(b.p + 20, 0xff, 40);
	d = hash_blob(pool, b);
	EXPECT_CLASS(d, TUTELA_DECODE_CORRUPT);
	cr_expect(!has_hashes(&d));
	pixels_free(&p);
	tutela_decoder_close(pool);
}

/* Cameras write bytes between the segments; nothing is wrong with the picture. */
Test(pool, extraneous_bytes_in_a_jpeg_are_harmless)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct pixels p = pixels_scene(200, 100, 3);
	struct blob b = jpeg_encode(&p, &(struct jpeg_opts){0});
	struct tutela_decoded clean = hash_bytes(pool, b.p, b.len), d;
	uint8_t *more = malloc(b.len + 8);

	memcpy(more, b.p, 20); /* SOI and the JFIF segment */
	memset(more + 20, 0x11, 8);
	memcpy(more + 28, b.p + 20, b.len - 20);
	d = hash_bytes(pool, more, b.len + 8);
	EXPECT_CLASS(d, TUTELA_DECODE_OK);
	cr_expect(same(&d.hashes, &clean.hashes));
	free(more);
	blob_free(&b);
	pixels_free(&p);
	tutela_decoder_close(pool);
}

/* Baseline has no bands of coefficients; files that say nothing of them are shown like others. */
Test(pool, zeros_for_the_band_of_a_baseline_jpeg_are_harmless)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct pixels p = pixels_scene(200, 100, 3);
	struct blob b = jpeg_encode(&p, &(struct jpeg_opts){0});
	struct tutela_decoded clean = hash_bytes(pool, b.p, b.len), d;
	uint8_t *scan = memmem(b.p, b.len, "\xff\xda\0\x0c\3", 5);

	cr_assert(scan && scan[11] == 0 && scan[12] == 63 && scan[13] == 0);
	scan[12] = 0;
	d = hash_bytes(pool, b.p, b.len);
	EXPECT_CLASS(d, TUTELA_DECODE_OK);
	cr_expect(same(&d.hashes, &clean.hashes));
	scan[11] = 80;
	scan[13] = 0x21;
	d = hash_bytes(pool, b.p, b.len);
	EXPECT_CLASS(d, TUTELA_DECODE_OK);
	cr_expect(same(&d.hashes, &clean.hashes));
	blob_free(&b);
	pixels_free(&p);
	tutela_decoder_close(pool);
}

/* Some bytes of it changed; every fourth is cut as well. */
static struct blob damaged(const struct blob *b, unsigned round, uint32_t *seed)
{
	struct blob copy = {malloc(b->len), b->len};

	cr_assert_not_null(copy.p);
	memcpy(copy.p, b->p, copy.len);
	for (unsigned k = 0; k < 1 + round % 9; k++) {
		*seed = *seed * 1664525 + 1013904223;
		copy.p[(*seed >> 8) % copy.len] ^= (uint8_t)(*seed >> 3);
	}
	if (round % 4 == 3)
		copy.len -= *seed % (copy.len / 2);
	return copy;
}

/* All but the times. */
static bool same_answer(struct tutela_decoded a, struct tutela_decoded b)
{
	a.digest_ns = b.digest_ns = a.decode_ns = b.decode_ns = 0;
	return a.class_ == b.class_ && a.partial == b.partial && a.have == b.have && a.width == b.width &&
	       a.height == b.height && a.frames == b.frames && a.size == b.size && a.format == b.format &&
	       memcmp(a.sha256, b.sha256, sizeof(a.sha256)) == 0 && memcmp(&a.hashes, &b.hashes, sizeof(a.hashes)) == 0;
}

/*
 * Bytes changed at random never cost more than the file, and what a worker read before, whole or damaged, has no part
 * in its answer: a new one, and one with scalar code, say the same.
 */
Test(pool, random_damage_costs_one_file_at_most, .timeout = 120)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){.wall_ms = 5000});
	struct tutela_decoder *fresh = open_pool((struct tutela_decoder_opts){.wall_ms = 5000, .recycle = 1});
	struct tutela_decoder *scalar =
		open_pool((struct tutela_decoder_opts){.wall_ms = 5000, .isa = TUTELA_ISA_SCALAR});
	struct pixels p = pixels_scene(120, 90, 3), gray = pixels_scene(120, 90, 1), wide = pixels_scene(530, 131, 3);
	struct blob files[] = {
		jpeg_encode(&p, &(struct jpeg_opts){0}),
		jpeg_encode(&wide, &(struct jpeg_opts){.progressive = true}),
		png_encode(&p, &(struct png_opts){.filter = PNG_MIXED, .level = 6}),
		png_encode(&gray, &(struct png_opts){.interlaced = true}),
		bmp_encode(&p, false),
		tiff_encode(&p, 8),
		gif_encode(&gray, 2),
		webp_encode(&p),
		ppm_encode(&p),
		ico_encode(&p, false),
		ico_encode(&p, true),
	};
	uint32_t seed = 20261122;

	for (unsigned round = 0; round < 40; round++) {
		for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
			struct blob copy = damaged(&files[i], round, &seed);
			struct tutela_decoded d = hash_bytes(pool, copy.p, copy.len);

			cr_expect_neq(d.class_, TUTELA_DECODE_CRASHED, "file %zu, round %u", i, round);
			cr_expect_neq(d.class_, TUTELA_DECODE_TIMED_OUT, "file %zu, round %u", i, round);
			cr_expect_eq(d.class_ == TUTELA_DECODE_OK || d.partial, has_hashes(&d));
			cr_expect(same_answer(d, hash_bytes(scalar, copy.p, copy.len)), "file %zu, round %u: scalar", i,
				  round);
			if (round % 5 == 3)
				cr_expect(same_answer(d, hash_bytes(fresh, copy.p, copy.len)),
					  "file %zu, round %u: fresh", i, round);
			blob_free(&copy);
		}
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		blob_free(&files[i]);
	pixels_free(&p);
	pixels_free(&gray);
	pixels_free(&wide);
	tutela_decoder_close(pool);
	tutela_decoder_close(fresh);
	tutela_decoder_close(scalar);
}

/* ---- limits and signatures ---- */

Test(pool, limits_come_before_decoding)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){.max_pixels = 9999, .max_bytes = 60000});
	struct pixels fits = pixels_scene(99, 101, 3), wide = pixels_scene(100, 100, 3),
		      long_ = pixels_scene(99, 90, 3), third = pixels_scene(33, 101, 3),
		      more = pixels_scene(34, 100, 3);
	struct blob b = png_encode(&long_, &(struct png_opts){.depth = 16, .alpha = true}); /* 71,000 bytes */
	struct tutela_decoded d;

	EXPECT_CLASS(hash_blob(pool, png_encode(&fits, &(struct png_opts){0})), TUTELA_DECODE_OK);
	EXPECT_CLASS(hash_blob(pool, png_encode(&wide, &(struct png_opts){0})), TUTELA_DECODE_TOO_LARGE);
	/* An interlaced one costs three times as much. */
	EXPECT_CLASS(hash_blob(pool, png_encode(&third, &(struct png_opts){.interlaced = true})), TUTELA_DECODE_OK);
	EXPECT_CLASS(hash_blob(pool, png_encode(&more, &(struct png_opts){.interlaced = true})),
		     TUTELA_DECODE_TOO_LARGE);
	EXPECT_CLASS(hash_blob(pool, png_encode(&more, &(struct png_opts){0})), TUTELA_DECODE_OK);
	EXPECT_CLASS(hash_blob(pool, jpeg_encode(&wide, &(struct jpeg_opts){0})), TUTELA_DECODE_TOO_LARGE);
	EXPECT_CLASS(hash_blob(pool, bmp_encode(&wide, false)), TUTELA_DECODE_TOO_LARGE);
	EXPECT_CLASS(hash_blob(pool, webp_encode(&wide)), TUTELA_DECODE_TOO_LARGE);
	EXPECT_CLASS(hash_blob(pool, ppm_encode(&wide)), TUTELA_DECODE_TOO_LARGE);
	EXPECT_CLASS(hash_blob(pool, ico_encode(&wide, false)), TUTELA_DECODE_TOO_LARGE);
	EXPECT_CLASS(hash_blob(pool, ico_encode(&wide, true)), TUTELA_DECODE_TOO_LARGE);
	d = hash_blob(pool, b);
	EXPECT_CLASS(d, TUTELA_DECODE_TOO_LARGE);
	cr_expect_eq(d.have, TUTELA_WANT_DIGESTS, "the digests of any file count");
	cr_expect_eq(d.format, TUTELA_FORMAT_PNG);
	pixels_free(&fits);
	pixels_free(&wide);
	pixels_free(&long_);
	pixels_free(&third);
	pixels_free(&more);
	tutela_decoder_close(pool);
}

/* A header that claims what no memory holds is refused at once. */
Test(pool, a_header_bomb_is_too_large)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct pixels p = pixels_scene(16, 16, 3);
	struct blob b = jpeg_encode(&p, &(struct jpeg_opts){0});
	struct tutela_decoded d;

	for (size_t i = 0; i + 9 < b.len; i++)
		if (b.p[i] == 0xff && b.p[i + 1] == 0xc0) {
			memcpy(b.p + i + 5, "\xff\xdc\xff\xdc", 4);
			break;
		}
	d = hash_blob(pool, b);
	EXPECT_CLASS(d, TUTELA_DECODE_TOO_LARGE);
	cr_expect(d.width == 65500 && d.height == 65500);
	cr_expect_lt(d.decode_ns, 1000000000u);
	pixels_free(&p);
	tutela_decoder_close(pool);
}

Test(pool, a_jpeg_of_a_thousand_scans_is_too_large)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct pixels p = pixels_scene(64, 64, 1);
	struct blob b = jpeg_encode(&p, &(struct jpeg_opts){.kind = JPEG_AS_GRAY, .progressive = true});
	size_t sos = 0, len;
	uint8_t *many;
	struct tutela_decoded d;

	/* The last scan, again and again. */
	for (size_t i = 0; i + 1 < b.len; i++)
		if (b.p[i] == 0xff && b.p[i + 1] == 0xda)
			sos = i;
	len = b.len - 2 - sos;
	many = malloc(b.len + 1000 * len);
	memcpy(many, b.p, b.len - 2);
	for (size_t i = 0; i < 1000; i++)
		memcpy(many + b.len - 2 + i * len, b.p + sos, len);
	memcpy(many + b.len - 2 + 1000 * len, "\xff\xd9", 2);
	d = hash_bytes(pool, many, b.len + 1000 * len);
	EXPECT_CLASS(d, TUTELA_DECODE_TOO_LARGE);
	cr_expect(!has_hashes(&d));
	free(many);
	blob_free(&b);
	pixels_free(&p);
	tutela_decoder_close(pool);
}

/* As the reference has it: hashes of nothing, of no quality. Their digests count all the same. */
Test(pool, pictures_under_five_pixels_have_no_quality)
{
	static const struct tutela_pdq none;
	static const uint32_t sizes[][2] = {{1, 1}, {4, 4}, {4, 100}, {100, 4}, {1, 512}, {3, 2}};
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct pixels p = pixels_scene(sizes[i][0], sizes[i][1], 3);
		struct tutela_perceptual want = hashes_of(&p);
		struct blob files[] = {png_encode(&p, &(struct png_opts){0}), jpeg_encode(&p, &(struct jpeg_opts){0}),
				       bmp_encode(&p, false), tiff_encode(&p, 8)};

		for (size_t k = 0; k < sizeof(files) / sizeof(files[0]); k++) {
			struct tutela_decoded d = hash_blob(pool, files[k]);

			EXPECT_CLASS(d, TUTELA_DECODE_OK);
			cr_expect_eq(d.have, TUTELA_WANT_ALL);
			cr_expect_arr_eq(&d.hashes.pdq, &none, sizeof(none));
			cr_expect_arr_eq(&d.hashes.pdq_full, &none, sizeof(none));
			cr_expect(k == 1 || same(&d.hashes, &want), "file %zu of %zu", k, i);
			cr_expect_eq(d.width, sizes[i][0]);
		}
		pixels_free(&p);
	}
	tutela_decoder_close(pool);
}

/* The ref dialect enlarges it; the full one has nothing to say, and says nothing. */
Test(pool, a_long_thin_picture_has_no_hash_of_the_full_dialect)
{
	static const unsigned wants[] = {TUTELA_WANT_ALL, TUTELA_WANT_PDQ_FULL};
	struct pixels p = pixels_scene(4, 6000, 3);

	for (size_t i = 0; i < 2; i++) {
		struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){.wants = wants[i]});
		struct blob png = png_encode(&p, &(struct png_opts){0});
		struct tutela_decoded d = hash_bytes(pool, png.p, png.len);

		EXPECT_CLASS(d, TUTELA_DECODE_OK);
		cr_expect_eq(d.have, wants[i] & ~TUTELA_WANT_PDQ_FULL);
		d = hash_bytes(pool, png.p, png.len - png.len / 3);
		EXPECT_CLASS(d, TUTELA_DECODE_TRUNCATED);
		cr_expect_eq(d.partial, i == 0);
		blob_free(&png);
		tutela_decoder_close(pool);
	}
	pixels_free(&p);
}

Test(pool, signatures_decide_the_class)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum tutela_decode_class class_;
		enum tutela_format format;
	} cases[] = {
#define CASE(text, c, f) {text, sizeof(text) - 1, TUTELA_DECODE_##c, TUTELA_FORMAT_##f}
		CASE("hello, world\n", NOT_PICTURE, NONE),
		CASE("BMW is a maker of cars and this is a text", NOT_PICTURE, NONE),
		CASE("P6", NOT_PICTURE, NONE),
		CASE("\0\0\0\x18"
		     "ftypmp42\0\0\0\0mp42isom",
		     NOT_PICTURE, NONE),
		CASE("RIFF\x10\0\0\0WAVEfmt ", NOT_PICTURE, NONE),
		CASE("<html><body>text</body></html>", NOT_PICTURE, NONE),
		CASE("8BPS\0\1", UNSUPPORTED, OTHER),
		CASE("II\xbc\1", UNSUPPORTED, OTHER),
		CASE("<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>", UNSUPPORTED, OTHER),
		CASE("\xef\xbb\xbf <svg/>", UNSUPPORTED, OTHER),
		CASE("P7 332\n#XVVERSION:Version 3.10a\n", UNSUPPORTED, OTHER),
		CASE("P6\n2 2\n255\n.....", TRUNCATED, PNM),
		CASE("P1 is what this text begins with", NOT_PICTURE, NONE),
		CASE("qoif\0\0\0\1", UNSUPPORTED, OTHER),
		CASE("\0\0\0\x18"
		     "ftypcrx \0\0\0\1crx isom",
		     UNSUPPORTED, OTHER),
		CASE("FUJIFILMCCD-RAW 0201", UNSUPPORTED, OTHER),
		CASE("\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0\0\0\0\0\x16\0\0\0", TRUNCATED, ICO),
		CASE("\xff\xd8\xff", TRUNCATED, JPEG),
		CASE("\xff\xd8\xff\xe0", TRUNCATED, JPEG),
		CASE("\x89PNG\r\n\x1a\n", TRUNCATED, PNG),
		CASE("RIFF\xff\0\0\0WEBPVP8 ", TRUNCATED, WEBP),
		CASE("GIF89a", TRUNCATED, GIF),
		CASE("BM............\x28\0\0\0", TRUNCATED, BMP),
		CASE("\xff\x0a", TRUNCATED, JXL),
		CASE("\0\0\0\x0cJXL \r\n\x87\n", TRUNCATED, JXL),
		CASE("\0\0\0\x0cjP  \r\n\x87\n", TRUNCATED, JP2),
		CASE("\xff\x4f\xff\x51", TRUNCATED, JP2),
		CASE("\0\0\0\x18"
		     "ftypheic\0\0\0\0mif1heic\0\0\1\0meta",
		     TRUNCATED, HEIC),
		CASE("\0\0\0\x18"
		     "ftypmif1\0\0\0\0mif1avif\0\0\1\0meta",
		     TRUNCATED, AVIF),
#undef CASE
	};
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tutela_decoded d = hash_bytes(pool, cases[i].bytes, cases[i].len);

		cr_expect_eq(d.class_, cases[i].class_, "case %zu: %s", i, tutela_decode_class_name(d.class_));
		cr_expect_eq(d.format, cases[i].format, "case %zu: %s", i, tutela_format_name(d.format));
		cr_expect(!has_hashes(&d));
		cr_expect_eq(d.have, TUTELA_WANT_DIGESTS);
	}
	tutela_decoder_close(pool);
}

/* Twelve-bit, lossless and two-component JPEG exist and are not decoded. */
Test(pool, exotic_jpeg_is_unsupported)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct pixels p = pixels_scene(64, 64, 3);
	struct blob b = jpeg_encode(&p, &(struct jpeg_opts){0});
	size_t sof = 0;

	while (!(b.p[sof] == 0xff && b.p[sof + 1] == 0xc0))
		sof++;
	b.p[sof + 4] = 12;
	EXPECT_CLASS(hash_bytes(pool, b.p, b.len), TUTELA_DECODE_UNSUPPORTED);
	b.p[sof + 4] = 8;
	b.p[sof + 1] = 0xc3;
	EXPECT_CLASS(hash_bytes(pool, b.p, b.len), TUTELA_DECODE_UNSUPPORTED);
	blob_free(&b);
	pixels_free(&p);
	tutela_decoder_close(pool);
}

/* ---- descriptors that are no files ---- */

static void expect_unreadable(struct tutela_decoder *pool, int fd, int why)
{
	struct tutela_decoded d;

	cr_assert_geq(fd, 0);
	cr_assert_eq(tutela_decoder_hash_fd(pool, fd, &d), TUTELA_OK);
	EXPECT_CLASS(d, TUTELA_DECODE_UNREADABLE);
	cr_expect_eq(d.sys_errno, why, "%s", strerror(d.sys_errno));
	cr_expect_eq(d.have, 0);
	close(fd);
}

Test(pool, what_is_no_regular_file_is_unreadable, .timeout = 20)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct tutela_decoded d;
	char path[] = "/tmp/tutela-test-XXXXXX";
	int ends[2], fd;

	cr_assert_eq(pipe(ends), 0);
	expect_unreadable(pool, ends[0], EINVAL); /* its writer is silent: must not wait */
	close(ends[1]);
	expect_unreadable(pool, open("/tmp", O_RDONLY | O_DIRECTORY), EISDIR);
	expect_unreadable(pool, open("/dev/null", O_RDONLY), EINVAL);
	expect_unreadable(pool, open("/dev/zero", O_RDONLY), EINVAL);
	fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, "x", 1), 1);
	expect_unreadable(pool, open(path, O_WRONLY), EBADF);
	expect_unreadable(pool, open(path, O_PATH), EBADF);
	unlink(path);
	close(fd);
	d.class_ = TUTELA_DECODE_OK;
	d.have = TUTELA_WANT_ALL;
	cr_expect_eq(tutela_decoder_hash_fd(pool, fd, &d), TUTELA_E_ARG, "a closed descriptor");
	cr_expect(d.class_ == TUTELA_DECODE_UNREADABLE && !d.have, "who ignores the error reads no verdict");
	cr_expect_eq(tutela_decoder_hash_fd(pool, -1, &d), TUTELA_E_ARG);
	cr_expect_eq(tutela_decoder_hash_fd(NULL, 0, &d), TUTELA_E_ARG);
	cr_expect_eq(tutela_decoder_hash_fd(pool, 0, NULL), TUTELA_E_ARG);
	tutela_decoder_close(pool);
}

/* Read from the first byte, wherever the offset stands; and it stays there. */
Test(pool, the_offset_of_the_descriptor_does_not_matter)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	int fd = file_of("0123456789", 10);
	struct tutela_decoded a, b;

	lseek(fd, 0, SEEK_SET);
	cr_assert_eq(tutela_decoder_hash_fd(pool, fd, &a), TUTELA_OK);
	lseek(fd, 7, SEEK_SET);
	cr_assert_eq(tutela_decoder_hash_fd(pool, fd, &b), TUTELA_OK);
	cr_expect_arr_eq(a.sha256, b.sha256, 32);
	cr_expect_eq(lseek(fd, 0, SEEK_CUR), 7);
	close(fd);
	tutela_decoder_close(pool);
}

/* ---- workers that end, and what must not ---- */

struct background {
	struct tutela_decoder *pool;
	int fd;
	enum tutela_err err;
	struct tutela_decoded d;
};

static void *hash_in_background(void *arg)
{
	struct background *b = arg;

	b->err = tutela_decoder_hash_fd(b->pool, b->fd, &b->d);
	return NULL;
}

/* A file whose reading takes seconds: zeros that occupy no memory. */
static int long_file(uint64_t size)
{
	int fd = memfd_create("long", MFD_CLOEXEC);

	cr_assert_geq(fd, 0);
	cr_assert_eq(ftruncate(fd, (off_t)size), 0);
	return fd;
}

static void sleep_ms(long ms)
{
	const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

/* The children of this process whose program has that name; returns how many, the first one in *pid. */
static unsigned workers_named(const char *name, pid_t *pid)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	unsigned n = 0;

	cr_assert(proc);
	*pid = 0;
	while ((e = readdir(proc))) {
		char path[300], line[512], *after;
		int parent;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%s/stat", e->d_name);
		f = atoi(e->d_name) > 0 ? fopen(path, "r") : NULL;
		if (!f)
			continue;
		after = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
		fclose(f);
		/* the kernel keeps 15 characters of the name */
		if (!after || sscanf(after, ") %*c %d", &parent) != 1 || parent != getpid())
			continue;
		*after = 0;
		if (strncmp(strchr(line, '(') + 1, name, 15) == 0) {
			*pid = atoi(e->d_name);
			n++;
		}
	}
	closedir(proc);
	return n;
}

Test(pool, a_worker_killed_at_work_costs_that_file_only, .timeout = 60)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct background b = {.pool = pool, .fd = long_file(1 << 30)};
	struct tutela_decoder_stats s;
	struct tutela_decoded d;
	pthread_t thread;
	pid_t pid;

	cr_assert_eq(workers_named("tutela-decoder", &pid), 1);
	cr_assert_eq(pthread_create(&thread, NULL, hash_in_background, &b), 0);
	sleep_ms(100);
	cr_assert_eq(kill(pid, SIGTERM), 0);
	pthread_join(thread, NULL);
	cr_expect_eq(b.err, TUTELA_OK);
	EXPECT_CLASS(b.d, TUTELA_DECODE_CRASHED);
	cr_expect_eq(b.d.signal, SIGTERM);
	cr_expect_eq(b.d.have, TUTELA_WANT_DIGESTS, "by a second reading");
	cr_expect_eq(b.d.size, 1 << 30);
	cr_expect(!has_hashes(&b.d));
	d = hash_bytes(pool, "text", 4);
	EXPECT_CLASS(d, TUTELA_DECODE_NOT_PICTURE);
	tutela_decoder_stats(pool, &s);
	cr_expect(s.files == 2 && s.spawned == 2 && s.crashed == 1 && s.timed_out == 0);
	close(b.fd);
	tutela_decoder_close(pool);
}

Test(pool, a_worker_killed_while_idle_costs_nothing, .timeout = 60)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct tutela_decoder_stats s;
	pid_t pid;

	cr_assert_eq(workers_named("tutela-decoder", &pid), 1);
	cr_assert_eq(kill(pid, SIGKILL), 0);
	sleep_ms(100);
	EXPECT_CLASS(hash_bytes(pool, "text", 4), TUTELA_DECODE_NOT_PICTURE);
	tutela_decoder_stats(pool, &s);
	cr_expect(s.spawned == 2 && s.crashed == 0);
	tutela_decoder_close(pool);
}

Test(pool, a_file_that_shrinks_is_truncated, .timeout = 60)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	struct background b = {.pool = pool, .fd = long_file((uint64_t)6 << 30)};
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, hash_in_background, &b), 0);
	sleep_ms(100);
	cr_assert_eq(ftruncate(b.fd, 1), 0);
	pthread_join(thread, NULL);
	cr_expect_eq(b.err, TUTELA_OK);
	EXPECT_CLASS(b.d, TUTELA_DECODE_TRUNCATED);
	cr_expect(!has_hashes(&b.d));
	cr_expect_lt(b.d.size, (uint64_t)6 << 30);
	close(b.fd);
	tutela_decoder_close(pool);
}

Test(pool, a_file_that_takes_too_long_times_out, .timeout = 60)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){.wall_ms = 1});
	struct tutela_decoder_stats s;
	uint8_t *bytes = calloc(15, MIB);
	struct tutela_decoded d = hash_bytes(pool, bytes, 15 * MIB);

	EXPECT_CLASS(d, TUTELA_DECODE_TIMED_OUT);
	cr_expect_eq(d.signal, 0);
	cr_expect_eq(d.have, 0);
	tutela_decoder_stats(pool, &s);
	cr_expect_eq(s.timed_out, 1);
	free(bytes);
	tutela_decoder_close(pool);
}

Test(pool, a_long_job_has_the_next_worker_ready)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){.recycle = 18});
	struct tutela_decoder_stats s;
	pid_t pid;

	for (int i = 0; i < 15; i++)
		EXPECT_CLASS(hash_bytes(pool, "text", 4), TUTELA_DECODE_NOT_PICTURE);
	cr_expect_eq(workers_named("tutela-decoder", &pid), 1);
	for (int i = 15; i < 17; i++)
		EXPECT_CLASS(hash_bytes(pool, "text", 4), TUTELA_DECODE_NOT_PICTURE);
	cr_expect_eq(workers_named("tutela-decoder", &pid), 2);
	/* the spare one takes over; one that died meanwhile is no loss */
	for (int i = 17; i < 40; i++)
		EXPECT_CLASS(hash_bytes(pool, "text", 4), TUTELA_DECODE_NOT_PICTURE);
	tutela_decoder_stats(pool, &s);
	cr_expect(s.files == 40 && s.spawned == 3 && s.recycled == 2 && s.crashed == 0);
	tutela_decoder_close(pool);
	cr_expect_eq(workers_named("tutela-decoder", &pid), 0);
}

Test(pool, workers_retire)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){.recycle = 2});
	struct tutela_decoder_stats s;
	pid_t pid;

	for (int i = 0; i < 5; i++)
		EXPECT_CLASS(hash_bytes(pool, "text", 4), TUTELA_DECODE_NOT_PICTURE);
	tutela_decoder_stats(pool, &s);
	cr_expect(s.files == 5 && s.spawned == 3 && s.recycled == 2 && s.crashed == 0);
	cr_expect_leq(workers_named("tutela-decoder", &pid), 2, "the one that left last may not have been waited for");
	tutela_decoder_close(pool);
	cr_expect_eq(workers_named("tutela-decoder", &pid), 0);
}

/* An interrupt at the terminal reaches a process group: the workers must not be in it. */
Test(pool, workers_are_out_of_reach_of_the_terminal)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	char path[64], target[256];
	ssize_t n;
	pid_t pid;

	cr_assert_eq(workers_named("tutela-decoder", &pid), 1);
	cr_expect_eq(getsid(pid), pid);
	cr_expect_neq(getpgid(pid), getpgid(0));
	for (int fd = 0; fd < 64; fd++) { /* readable by root only: they are not dumpable */
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
		n = readlink(path, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = 0;
		cr_expect(fd < 3 ? strcmp(target, "/dev/null") == 0 : fd == 3 && strncmp(target, "socket:", 7) == 0,
			  "%d: %s", fd, target);
	}
	tutela_decoder_close(pool);
}

/* A line of a file below /proc/PID, into `line`; false when it is not there or not for us to read. */
static bool proc_line(pid_t pid, const char *file, const char *begin, char *line, int len)
{
	char path[64];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	f = fopen(path, "r");
	while (f && !found && fgets(line, len, f))
		found = strncmp(line, begin, strlen(begin)) == 0;
	if (f)
		fclose(f);
	return found;
}

Test(pool, workers_are_locked_down)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	char line[256], path[64];
	struct stat st;
	pid_t pid;

	cr_assert_eq(workers_named("tutela-decoder", &pid), 1);
	cr_expect(proc_line(pid, "status", "NoNewPrivs:", line, sizeof(line)));
	cr_expect_eq(atoi(line + strlen("NoNewPrivs:")), 1);
	snprintf(path, sizeof(path), "/proc/%d/limits", (int)pid);
	if (geteuid() == 0) {
		cr_assert(proc_line(pid, "limits", "Max core file size", line, sizeof(line)));
		cr_expect_eq(atoll(line + 26), 0, "%s", line);
		cr_expect_not_null(strstr(line, " 0 "), "%s", line);
		cr_assert(proc_line(pid, "limits", "Max open files", line, sizeof(line)));
		cr_expect_leq(atoll(line + 26), 64, "%s", line);
	} else { /* what is not dumpable belongs to root */
		cr_expect(stat(path, &st) == 0 && st.st_uid == 0);
	}
	tutela_decoder_close(pool);
}

/* A host that ignores SIGCHLD has its children reaped by the kernel. */
Test(pool, the_hosts_signals_do_not_matter, .timeout = 60)
{
	struct tutela_decoder *pool;
	struct tutela_decoded d;
	sigset_t all;
	pid_t pid;

	signal(SIGCHLD, SIG_IGN);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	pool = open_pool((struct tutela_decoder_opts){0});
	cr_assert_eq(workers_named("tutela-decoder", &pid), 1);
	EXPECT_CLASS(hash_bytes(pool, "text", 4), TUTELA_DECODE_NOT_PICTURE);
	kill(pid, SIGTERM); /* must not be blocked in the worker */
	sleep_ms(100);
	d = hash_bytes(pool, "text", 4);
	EXPECT_CLASS(d, TUTELA_DECODE_NOT_PICTURE);
	tutela_decoder_close(pool);
	cr_expect_eq(workers_named("tutela-decoder", &pid), 0);
}

static volatile sig_atomic_t ticks;

static void on_tick(int s)
{
	(void)s;
	ticks = ticks + 1;
}

Test(pool, interrupted_calls_go_on, .timeout = 60)
{
	struct sigaction a = {.sa_handler = on_tick};
	struct tutela_decoder *pool;
	timer_t timer;
	struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	struct itimerspec every = {{0, 300000}, {0, 300000}};
	uint8_t *bytes = calloc(8, MIB);

	sigaction(SIGUSR1, &a, NULL);
	cr_assert_eq(timer_create(CLOCK_MONOTONIC, &ev, &timer), 0);
	timer_settime(timer, 0, &every, NULL);
	pool = open_pool((struct tutela_decoder_opts){.recycle = 1});
	for (int i = 0; i < 4; i++)
		EXPECT_CLASS(hash_bytes(pool, bytes, 8 * MIB), TUTELA_DECODE_NOT_PICTURE);
	tutela_decoder_close(pool);
	timer_delete(timer);
	cr_expect_gt(ticks, 10);
	free(bytes);
}

/* Descriptors 0 to 2 closed by the host: the worker's own must still be where it looks. */
Test(pool, a_host_without_standard_descriptors, .timeout = 60)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct tutela_decoder_opts o = {.size = sizeof(o), .program_dir = TEST_BIN_DIR};
		struct tutela_decoder *pool;
		struct tutela_decoded d;
		int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

		close(0);
		close(1);
		close(2);
		if (tutela_decoder_open(&o, &pool) || tutela_decoder_hash_fd(pool, fd, &d))
			_exit(1);
		tutela_decoder_close(pool);
		_exit(d.class_ == TUTELA_DECODE_NOT_PICTURE ? 0 : 2);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_expect_eq(status, 0);
}

/* In the child of a fork the pool is not to be used, and closing it leaves the parent's workers alone. */
Test(pool, a_forks_child_is_kept_off, .timeout = 60)
{
	struct tutela_decoder *pool = open_pool((struct tutela_decoder_opts){0});
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct tutela_decoded d;
		int fd = open("/proc/self/exe", O_RDONLY);
		bool refused = tutela_decoder_hash_fd(pool, fd, &d) == TUTELA_E_ARG;

		tutela_decoder_close(pool);
		_exit(refused ? 0 : 1);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_expect_eq(status, 0);
	EXPECT_CLASS(hash_bytes(pool, "text", 4), TUTELA_DECODE_NOT_PICTURE);
	tutela_decoder_close(pool);
}

/* ---- many threads ---- */

struct hammer {
	struct tutela_decoder *pool;
	struct blob files[6];
	struct tutela_decoded want[6];
	int bad[8];
	unsigned id;
};

struct hammerer {
	struct hammer *h;
	unsigned id;
};

static void *hammer(void *arg)
{
	struct hammerer *me = arg;
	struct hammer *h = me->h;

	for (unsigned i = 0; i < 30; i++) {
		unsigned k = (i * 7 + me->id) % 6;
		int fd = memfd_create("hammer", MFD_CLOEXEC);
		struct tutela_decoded d;

		if (fd < 0 || write(fd, h->files[k].p, h->files[k].len) != (ssize_t)h->files[k].len ||
		    tutela_decoder_hash_fd(h->pool, fd, &d) || d.class_ != h->want[k].class_ ||
		    memcmp(d.sha256, h->want[k].sha256, 32) != 0 || !same(&d.hashes, &h->want[k].hashes))
			h->bad[me->id]++;
		close(fd);
	}
	return NULL;
}

Test(pool, eight_threads_share_three_workers, .timeout = 120)
{
	struct hammer h = {.pool = open_pool((struct tutela_decoder_opts){.workers = 3, .recycle = 11})};
	struct pixels p = pixels_scene(180, 130, 3), q = pixels_scene(90, 260, 3);
	struct hammerer who[8];
	pthread_t threads[8];
	struct tutela_decoder_stats s;

	h.files[0] = png_encode(&p, &(struct png_opts){0});
	h.files[1] = jpeg_encode(&q, &(struct jpeg_opts){0});
	h.files[2] = webp_encode(&q);
	h.files[3] = bmp_encode(&p, false);
	h.files[4] = png_encode(&q, &(struct png_opts){.interlaced = true});
	h.files[5] = (struct blob){(uint8_t *)strdup("just text"), 9};
	for (unsigned i = 0; i < 6; i++)
		h.want[i] = hash_bytes(h.pool, h.files[i].p, h.files[i].len);
	for (unsigned i = 0; i < 8; i++) {
		who[i] = (struct hammerer){&h, i};
		cr_assert_eq(pthread_create(&threads[i], NULL, hammer, &who[i]), 0);
	}
	for (unsigned i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < 8; i++)
		cr_expect_eq(h.bad[i], 0, "thread %u: %d wrong", i, h.bad[i]);
	tutela_decoder_stats(h.pool, &s);
	cr_expect_eq(s.files, 246);
	cr_expect(s.crashed == 0 && s.timed_out == 0 && s.recycled > 0);
	for (unsigned i = 0; i < 6; i++)
		blob_free(&h.files[i]);
	pixels_free(&p);
	pixels_free(&q);
	tutela_decoder_close(h.pool);
}

/* ---- programs that are missing or misbehave ---- */

Test(pool, a_missing_program_is_an_error_at_once)
{
	struct tutela_decoder_opts o = {.size = sizeof(o), .program_dir = "/nonexistent"};
	struct tutela_decoder *pool = (void *)&o;

	cr_expect_eq(tutela_decoder_open(&o, &pool), TUTELA_E_WORKER);
	cr_expect_null(pool);
	o.program_dir = "/tmp";
	cr_expect_eq(tutela_decoder_open(&o, &pool), TUTELA_E_WORKER);
}

Test(pool, odd_options_are_refused)
{
	struct tutela_decoder_opts o = {.size = sizeof(o), .program_dir = TEST_BIN_DIR};
	struct tutela_decoder *pool;

	cr_expect_eq(tutela_decoder_open(&o, NULL), TUTELA_E_ARG);
	o.size = 3;
	cr_expect_eq(tutela_decoder_open(&o, &pool), TUTELA_E_ARG);
	o.size = sizeof(o) + 8;
	cr_expect_eq(tutela_decoder_open(&o, &pool), TUTELA_E_ARG);
	o.size = sizeof(o);
	o.wants = 1u << 20;
	cr_expect_eq(tutela_decoder_open(&o, &pool), TUTELA_E_ARG);
	o.wants = 0;
	o.max_memory = 1000;
	cr_expect_eq(tutela_decoder_open(&o, &pool), TUTELA_E_ARG);
	o.max_memory = 0;
	o.isa = (enum tutela_isa)77;
	cr_expect_eq(tutela_decoder_open(&o, &pool), TUTELA_E_ARG);
	o.isa = TUTELA_ISA_AUTO;
	o.workers = 100000;
	cr_expect_eq(tutela_decoder_open(&o, &pool), TUTELA_E_ARG);
	tutela_decoder_close(NULL);
}

/* A folder in which both programs are the one that misbehaves. */
static enum tutela_err open_fake(enum fake_way way, char *dir, struct tutela_decoder **pool)
{
	struct tutela_decoder_opts o = {
		.size = sizeof(o),
		.program_dir = dir,
		.wants = TUTELA_WANT_PDQ,
		.wall_ms = 300,
		.max_memory = 1000000000 + way,
	};
	static const char *const names[] = {"tutela-decoder", "tutela-decoder-vips"};
	char path[256];

	strcpy(dir, "/tmp/tutela-test-XXXXXX");
	cr_assert(mkdtemp(dir));
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		cr_assert_eq(symlink(TEST_FAKE_WORKER, path), 0);
	}
	return tutela_decoder_open(&o, pool);
}

Test(pool, a_worker_that_does_not_greet_is_an_error, .timeout = 60)
{
	static const enum fake_way ways[] = {FAKE_HELLO_VERSION, FAKE_HELLO_KIND, FAKE_HELLO_NONE, FAKE_HELLO_SHORT};
	struct tutela_decoder *pool;
	char dir[64];

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		cr_expect_eq(open_fake(ways[i], dir, &pool), TUTELA_E_WORKER, "way %d", ways[i]);
		cr_expect_null(pool);
		remove_folder(dir);
	}
}

Test(pool, a_worker_that_misbehaves_costs_its_file_only, .timeout = 60)
{
	static const struct {
		enum fake_way way;
		enum tutela_decode_class class_;
		int signal;
	} cases[] = {
		{FAKE_HONEST, TUTELA_DECODE_NOT_PICTURE, 0},     {FAKE_HANG, TUTELA_DECODE_TIMED_OUT, 0},
		{FAKE_CLOSE_AND_HANG, TUTELA_DECODE_CRASHED, 0}, {FAKE_EXIT, TUTELA_DECODE_CRASHED, 0},
		{FAKE_ABORT, TUTELA_DECODE_CRASHED, SIGABRT},    {FAKE_CPU_LIMIT, TUTELA_DECODE_TIMED_OUT, 0},
		{FAKE_NUMBER, TUTELA_DECODE_CRASHED, 0},         {FAKE_OTHER_KIND, TUTELA_DECODE_CRASHED, 0},
		{FAKE_HALF, TUTELA_DECODE_CRASHED, 0},           {FAKE_LONG, TUTELA_DECODE_CRASHED, 0},
		{FAKE_EMPTY, TUTELA_DECODE_CRASHED, 0},          {FAKE_VERSION, TUTELA_DECODE_CRASHED, 0},
		{FAKE_GARBAGE, TUTELA_DECODE_CRASHED, 0},
	};
	struct tutela_decoder *pool;
	char dir[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(open_fake(cases[i].way, dir, &pool), TUTELA_OK);
		for (int k = 0; k < 2; k++) {
			struct tutela_decoded d = hash_bytes(pool, "text", 4);

			cr_expect_eq(d.class_, cases[i].class_, "way %d: %s", cases[i].way,
				     tutela_decode_class_name(d.class_));
			cr_expect_eq(d.signal, cases[i].signal, "way %d: signal %d", cases[i].way, d.signal);
			cr_expect_eq(d.have, 0);
			cr_expect_eq(d.format, TUTELA_FORMAT_NONE);
		}
		tutela_decoder_close(pool);
		remove_folder(dir);
	}
}

/* A second answer to one question is not taken for the answer to the next. */
Test(pool, a_surplus_answer_is_noticed, .timeout = 60)
{
	struct tutela_decoder *pool;
	char dir[64];

	cr_assert_eq(open_fake(FAKE_TWICE, dir, &pool), TUTELA_OK);
	EXPECT_CLASS(hash_bytes(pool, "text", 4), TUTELA_DECODE_NOT_PICTURE);
	EXPECT_CLASS(hash_bytes(pool, "text", 4), TUTELA_DECODE_CRASHED);
	EXPECT_CLASS(hash_bytes(pool, "text", 4), TUTELA_DECODE_NOT_PICTURE);
	tutela_decoder_close(pool);
	remove_folder(dir);
}

Test(pool, a_worker_that_dies_after_its_answer_costs_nothing, .timeout = 60)
{
	struct tutela_decoder_stats s;
	struct tutela_decoder *pool;
	char dir[64];

	cr_assert_eq(open_fake(FAKE_DIE_IDLE, dir, &pool), TUTELA_OK);
	for (int i = 0; i < 5; i++) {
		EXPECT_CLASS(hash_bytes(pool, "text", 4), TUTELA_DECODE_NOT_PICTURE);
		sleep_ms(200); /* time to end, with a sanitizer on a busy machine */
	}
	tutela_decoder_stats(pool, &s);
	cr_expect_eq(s.crashed, 0);
	tutela_decoder_close(pool);
	remove_folder(dir);
}

/* When the program is gone for good, the caller hears of it; nothing hangs. */
Test(pool, no_worker_left_to_start_is_an_error, .timeout = 60)
{
	struct tutela_decoder *pool;
	struct tutela_decoded d;
	char dir[64];
	int fd = file_of("text", 4);

	cr_assert_eq(open_fake(FAKE_ABORT, dir, &pool), TUTELA_OK);
	EXPECT_CLASS(hash_bytes(pool, "text", 4), TUTELA_DECODE_CRASHED);
	remove_folder(dir);
	cr_expect_eq(tutela_decoder_hash_fd(pool, fd, &d), TUTELA_E_WORKER);
	cr_expect_eq(tutela_decoder_hash_fd(pool, fd, &d), TUTELA_E_WORKER, "the slot was given back");
	close(fd);
	tutela_decoder_close(pool);
}
