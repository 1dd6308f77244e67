/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "jpeg_both.h"

#define MAX_PIXELS ((uint64_t)1 << 26)

struct recipe {
	int width, height;
	int components; /* 1 or 3 */
	int h, v;       /* luma sampling */
	int quality;
	int restart; /* MCUs, 0 none */
	bool progressive, optimised;
};

static uint64_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

/* Smooth waves, a hard edge and noise: every kind of coefficient. */
static uint8_t sample(int x, int y, int k, uint64_t *noise)
{
	int v = (x * 3 + y * 2 + 40 * k) % 256 / 2 + ((x / 37 + y / 23) % 2) * 90 + (int)(next_random(noise) % 24);

	return (uint8_t)(v > 255 ? 255 : v);
}

static size_t encode(const struct recipe *r, uint8_t **out)
{
	struct jpeg_compress_struct c = {0};
	struct jpeg_error_mgr errors;
	unsigned long len = 0;
	uint64_t noise = 7;
	uint8_t *row = calloc((size_t)r->width, 3);

	*out = NULL;
	c.err = jpeg_std_error(&errors);
	jpeg_create_compress(&c);
	jpeg_mem_dest(&c, out, &len);
	c.image_width = (JDIMENSION)r->width;
	c.image_height = (JDIMENSION)r->height;
	c.input_components = r->components;
	c.in_color_space = r->components == 1 ? JCS_GRAYSCALE : JCS_RGB;
	jpeg_set_defaults(&c);
	jpeg_set_quality(&c, r->quality, TRUE);
	c.comp_info[0].h_samp_factor = r->h;
	c.comp_info[0].v_samp_factor = r->v;
	c.restart_interval = (unsigned)r->restart;
	c.optimize_coding = r->optimised;
	if (r->progressive)
		jpeg_simple_progression(&c);
	jpeg_start_compress(&c, TRUE);
	for (int y = 0; y < r->height; y++) {
		for (int i = 0; i < r->width * r->components; i++)
			row[i] = sample(i / r->components, y, i % r->components, &noise);
		jpeg_write_scanlines(&c, &row, 1);
	}
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	free(row);
	return len;
}

static const struct recipe recipes[] = {
	{640, 480, 3, 2, 2, 85, 0, false, false}, {640, 480, 3, 2, 2, 85, 0, true, false},
	{523, 517, 3, 1, 1, 95, 0, false, true},  {523, 517, 3, 1, 1, 95, 0, true, true},
	{601, 397, 3, 2, 1, 50, 0, false, false}, {601, 397, 3, 2, 1, 50, 0, true, false},
	{397, 601, 3, 1, 2, 30, 0, false, false}, {397, 601, 3, 1, 2, 30, 5, true, false},
	{512, 512, 1, 1, 1, 75, 0, false, false}, {777, 333, 1, 2, 2, 75, 0, true, false},
	{640, 480, 3, 2, 2, 10, 1, false, false}, {640, 480, 3, 2, 2, 100, 7, false, true},
	{64, 64, 3, 2, 2, 90, 0, false, false},   {5, 5, 3, 2, 2, 90, 0, false, false},
	{17, 300, 3, 2, 2, 90, 0, true, false},   {1600, 130, 3, 2, 2, 90, 3, false, false},
	{130, 1600, 1, 1, 1, 1, 0, true, false},
};
#define RECIPES (sizeof recipes / sizeof recipes[0])

Test(jpeg_stream, ordinary_files_give_what_libjpeg_turbo_gives)
{
	for (size_t i = 0; i < RECIPES; i++) {
		uint8_t *bytes;
		size_t len = encode(&recipes[i], &bytes);
		bool taken;
		const char *difference = jpeg_both_difference(bytes, len, MAX_PIXELS, &taken);

		cr_expect(taken, "recipe %zu is an ordinary file", i);
		cr_expect_null(difference, "recipe %zu: %s", i, difference);
		free(bytes);
	}
}

Test(jpeg_stream, the_full_dialect_is_near_that_of_the_pixels)
{
	for (size_t i = 0; i < RECIPES; i++) {
		struct tutela_perceptual ours, pixels;
		uint8_t *bytes;
		size_t len = encode(&recipes[i], &bytes);
		int distance = 0;
		bool progressive;

		cr_assert(jpeg_both_ours(bytes, len, MAX_PIXELS, JPEG_BOTH_PDQ, TUTELA_ISA_AUTO, &ours));
		cr_assert_eq(jpeg_both_pixels(bytes, len, &progressive, &pixels), JPEG_BOTH_CLEAN);
		cr_assert_eq(progressive, recipes[i].progressive);
		for (int k = 0; k < TUTELA_PDQ_LEN; k++)
			distance += __builtin_popcount(ours.pdq_full.hash[k] ^ pixels.pdq_full.hash[k]);
		cr_expect_leq(distance, 10, "recipe %zu: %d bits", i, distance);
		free(bytes);
	}
}

/* Every prefix: taken only when whole. */
Test(jpeg_stream, a_truncated_file_is_declined)
{
	for (size_t i = 12; i < RECIPES; i++) {
		struct tutela_perceptual out;
		uint8_t *bytes;
		size_t len = encode(&recipes[i], &bytes), step = len / 400 + 1;

		for (size_t n = 0; n < len; n += step)
			cr_expect_not(jpeg_both_ours(bytes, n, MAX_PIXELS, JPEG_BOTH_PDQ, TUTELA_ISA_AUTO, &out),
				      "recipe %zu, %zu of %zu bytes", i, n, len);
		free(bytes);
	}
}

/* A damaged file is declined, or is one of which libjpeg-turbo thinks nothing and says the same. */
Test(jpeg_stream, damage_is_declined_or_means_the_same)
{
	uint64_t state = 11;

	for (int round = 0; round < 3000; round++) {
		const struct recipe *r = &recipes[round % RECIPES];
		struct recipe small = {r->width % 150 + 8, r->height % 150 + 8, r->components,  r->h,        r->v,
				       r->quality,         r->restart,          r->progressive, r->optimised};
		uint8_t *bytes;
		size_t len = encode(&small, &bytes);
		const char *difference;
		bool taken;

		for (int flips = round % 3; flips >= 0; flips--)
			bytes[next_random(&state) % len] ^= (uint8_t)(1u << next_random(&state) % 8);
		difference = jpeg_both_difference(bytes, len, MAX_PIXELS, &taken);
		cr_expect_null(difference, "round %d: %s", round, difference);
		free(bytes);
	}
}

Test(jpeg_stream, limits_decline)
{
	struct tutela_perceptual out;
	const struct jpeg_limits one_scan = {MAX_PIXELS, MAX_PIXELS, 1, UINT64_MAX},
				 no_memory = {MAX_PIXELS, 1000, 500, UINT64_MAX},
				 little_work = {MAX_PIXELS, MAX_PIXELS, 500, 640 * 480 * 2};
	uint8_t *bytes;
	size_t len = encode(&recipes[1], &bytes);

	cr_expect(jpeg_both_ours(bytes, len, 640 * 480, JPEG_BOTH_PDQ, TUTELA_ISA_AUTO, &out));
	cr_expect_not(jpeg_both_ours(bytes, len, 640 * 480 - 1, JPEG_BOTH_PDQ, TUTELA_ISA_AUTO, &out));
	cr_expect_null(tutela_jpeg_stream_new(bytes, len, &one_scan));
	cr_expect_null(tutela_jpeg_stream_new(bytes, len, &no_memory));
	cr_expect_null(tutela_jpeg_stream_new(bytes, len, &little_work));
	free(bytes);
}

Test(jpeg_stream, empty_and_foreign_bytes_are_declined)
{
	static const uint8_t png[] = {0x89, 'P', 'N', 'G', 13, 10, 26, 10}, bare[] = {0xff, 0xd8, 0xff, 0xd9};
	struct tutela_perceptual out;

	cr_expect_not(jpeg_both_ours(png, 0, MAX_PIXELS, JPEG_BOTH_PDQ, TUTELA_ISA_AUTO, &out));
	cr_expect_not(jpeg_both_ours(png, sizeof png, MAX_PIXELS, JPEG_BOTH_PDQ, TUTELA_ISA_AUTO, &out));
	cr_expect_not(jpeg_both_ours(bare, sizeof bare, MAX_PIXELS, JPEG_BOTH_PDQ, TUTELA_ISA_AUTO, &out));
}

/* Found by the fuzzer. */
Test(jpeg_stream, fill_before_the_first_marker_is_declined)
{
	struct tutela_perceptual out;
	uint8_t *bytes, *filled;
	size_t len = encode(&recipes[0], &bytes);

	filled = malloc(len + 1);
	cr_assert_not_null(filled);
	filled[0] = 0xff;
	memcpy(filled + 1, bytes, len);
	cr_expect_not(jpeg_both_ours(filled, len + 1, MAX_PIXELS, JPEG_BOTH_PDQ, TUTELA_ISA_AUTO, &out));
	free(filled);
	free(bytes);
}

/* Sampling factors of an only component mean nothing, but libjpeg-turbo wants them to be 1 to 4. Found by the fuzzer.
 */
Test(jpeg_stream, impossible_sampling_of_an_only_component_is_declined)
{
	struct tutela_perceptual out;
	uint8_t *bytes, *frame;
	size_t len = encode(&recipes[8], &bytes);
	static const uint8_t sof[] = {0xff, 0xc0, 0, 11, 8};

	frame = memmem(bytes, len, sof, sizeof sof);
	cr_assert_not_null(frame);
	for (unsigned h = 0; h < 16; h++) {
		for (unsigned v = 0; v < 16; v++) {
			bool fine = h >= 1 && h <= 4 && v >= 1 && v <= 4;

			frame[11] = (uint8_t)(h << 4 | v);
			cr_expect_eq(jpeg_both_ours(bytes, len, MAX_PIXELS, JPEG_BOTH_PDQ, TUTELA_ISA_AUTO, &out), fine,
				     "%u x %u", h, v);
		}
	}
	free(bytes);
}

/* ------------------------------------------------------------------ files that no encoder writes */

static void put(uint8_t *file, size_t *len, const void *bytes, size_t n)
{
	memcpy(file + *len, bytes, n);
	*len += n;
}

/* A scan of one block: T.81 B.2.3 with `high` and `low`, and its entropy-coded bytes. */
static void put_scan(uint8_t *file, size_t *len, unsigned first, unsigned last, unsigned high, unsigned low,
		     const char *bytes)
{
	const uint8_t head[] = {0xff, 0xda, 0, 8, 1, 1, 0, (uint8_t)first, (uint8_t)last, (uint8_t)(high << 4 | low)};

	put(file, len, head, sizeof head);
	put(file, len, bytes, strlen(bytes));
}

/* 8 x 8, gray, progressive, quantisers of 1. DC: "0" no difference. AC: "0" a one, "10" end, "110" ten bits. */
static size_t begin_block(uint8_t *file)
{
	static const uint8_t head[] = {0xff, 0xd8, 0xff, 0xdb, 0, 67, 0}, ones[64] = {[0 ... 63] = 1},
			     frame[] = {0xff, 0xc2, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0},
			     dc[] = {0xff, 0xc4, 0, 20, 0x00, 1, [20] = 0, 0},
			     ac[] = {0xff, 0xc4, 0, 22, 0x10, 1, 1, 1, [21] = 0x01, 0x00, 0x0a};
	size_t len = 0;

	put(file, &len, head, sizeof head);
	put(file, &len, ones, sizeof ones);
	put(file, &len, frame, sizeof frame);
	put(file, &len, dc, sizeof dc);
	put(file, &len, ac, sizeof ac);
	return len;
}

/*
 * 512 << 7 is 0 in the 16 bits that libjpeg-turbo keeps a coefficient in, and so no coefficient to be corrected: the
 * scan after it says something else than to a reader that remembers one.
 */
Test(jpeg_stream, a_coefficient_that_does_not_fit_is_declined_or_means_the_same)
{
	uint8_t file[512];
	size_t len = begin_block(file);
	bool taken;
	const char *difference;

	put_scan(file, &len, 0, 0, 0, 0, "\x7f");
	put_scan(file, &len, 1, 63, 0, 7, "\xd0\x05");
	put_scan(file, &len, 1, 63, 7, 6, "\x6d");
	for (unsigned low = 6; low-- > 0;)
		put_scan(file, &len, 1, 63, low + 1, low, "\x80");
	put(file, &len, "\xff\xd9", 2);
	difference = jpeg_both_difference(file, len, MAX_PIXELS, &taken);
	cr_expect_null(difference, "%s", difference);
}

/* Two thirds of a gray file's blocks made white by this coefficient, of which 127 is what an encoder writes. */
static size_t whiten(const uint8_t *bytes, size_t len, int dc, uint8_t **out)
{
	struct jpeg_decompress_struct d = {0};
	struct jpeg_compress_struct c = {0};
	struct jpeg_error_mgr errors;
	unsigned long n = 0;
	jvirt_barray_ptr *arrays;

	*out = NULL;
	d.err = c.err = jpeg_std_error(&errors);
	jpeg_create_decompress(&d);
	jpeg_create_compress(&c);
	jpeg_mem_src(&d, bytes, len);
	jpeg_read_header(&d, TRUE);
	arrays = jpeg_read_coefficients(&d);
	for (JDIMENSION y = 0; y < d.comp_info[0].height_in_blocks; y++) {
		JBLOCKROW row = d.mem->access_virt_barray((j_common_ptr)&d, arrays[0], y, 1, TRUE)[0];

		for (JDIMENSION x = 0; x < d.comp_info[0].width_in_blocks; x++) {
			if ((x / 12 + y / 10) % 3 == 0)
				continue;
			memset(row[x], 0, sizeof row[x]);
			row[x][0] = (JCOEF)dc;
		}
	}
	jpeg_mem_dest(&c, out, &n);
	jpeg_copy_critical_parameters(&d, &c);
	jpeg_write_coefficients(&c, arrays);
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	jpeg_finish_decompress(&d);
	jpeg_destroy_decompress(&d);
	return n;
}

/* All of them are clamped, and it is the same picture. A sum of samples that are not clamped would follow them. */
Test(jpeg_stream, far_over_white_is_declined_or_white)
{
	static const int beyond[] = {127, 160, 500, 1000};
	const struct recipe gray = {640, 480, 1, 1, 1, 75, 0, false, false};
	struct tutela_perceptual white, ours, pixels;
	uint8_t *plain;
	size_t plain_len = encode(&gray, &plain);
	bool progressive;

	for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
		uint8_t *bytes;
		size_t len = whiten(plain, plain_len, beyond[i], &bytes);
		int distance = 0;

		cr_assert_eq(jpeg_both_pixels(bytes, len, &progressive, &pixels), JPEG_BOTH_CLEAN);
		white = i ? white : pixels;
		cr_assert_eq(memcmp(&white, &pixels, sizeof white), 0, "the same picture");
		if (!jpeg_both_ours(bytes, len, MAX_PIXELS, JPEG_BOTH_PDQ, TUTELA_ISA_AUTO, &ours)) {
			cr_expect(i, "what encoders write is taken");
			ours = pixels;
		}
		for (int k = 0; k < TUTELA_PDQ_LEN; k++)
			distance += __builtin_popcount(ours.pdq_full.hash[k] ^ pixels.pdq_full.hash[k]);
		cr_expect_leq(distance, 10, "%d: %d bits", beyond[i], distance);
		free(bytes);
	}
	free(plain);
}
