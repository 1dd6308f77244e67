/* SPDX-License-Identifier: Apache-2.0 */
#include "hostile.h"

#include <stdio.h>
#include <string.h>

static void segment(struct file *f, unsigned marker, const struct file *body)
{
	put8(f, 0xff);
	put8(f, marker);
	put16be(f, (uint32_t)body->len + 2);
	put(f, body->p, body->len);
}

static void quantisers(struct file *f)
{
	struct file b = {0};

	put8(&b, 0);
	for (int i = 0; i < 64; i++)
		put8(&b, 1);
	segment(f, 0xdb, &b);
	file_free(&b);
}

/*
 * Huffman tables in which the code "0" says the one thing that is needed: class 0, "no difference"; class 1, `ac`.
 */
static void tables(struct file *f, unsigned ac)
{
	for (unsigned class_ = 0; class_ < 2; class_++) {
		struct file b = {0};

		put8(&b, class_ << 4);
		put8(&b, 1);
		put_zeros(&b, 15);
		put8(&b, class_ ? ac : 0);
		segment(f, 0xc4, &b);
		file_free(&b);
	}
}

static void frame(struct file *f, unsigned sof, uint32_t width, uint32_t height, unsigned components, unsigned sampling)
{
	struct file b = {0};

	put8(&b, 8);
	put16be(&b, height);
	put16be(&b, width);
	put8(&b, components);
	for (unsigned i = 0; i < components; i++) {
		put8(&b, i + 1);
		put8(&b, i ? 0x11 : sampling);
		put8(&b, 0);
	}
	segment(f, sof, &b);
	file_free(&b);
}

static void scan(struct file *f, unsigned components, unsigned first, unsigned last, unsigned approximation)
{
	struct file b = {0};

	put8(&b, components);
	for (unsigned i = 0; i < components; i++) {
		put8(&b, i + 1);
		put8(&b, 0);
	}
	put8(&b, first);
	put8(&b, last);
	put8(&b, approximation);
	segment(f, 0xda, &b);
	file_free(&b);
}

static void begin(struct file *f)
{
	put(f, "\377\330", 2);
}

static void end(struct file *f, const char *name)
{
	put(f, "\377\331", 2);
	emit(f, name);
	file_free(f);
}

/* One flat colour: `zeros` bytes of zero bits. */
static void flat(const char *name, unsigned sof, uint32_t side, unsigned components, unsigned sampling, size_t zeros)
{
	struct file f = {0};

	begin(&f);
	quantisers(&f);
	tables(&f, 0);
	frame(&f, sof, side, side, components, sampling);
	scan(&f, components, 0, sof == 0xc2 || sof == 0xca ? 0 : 63, 0);
	put_zeros(&f, zeros);
	end(&f, name);
}

/* Progressive, with scans in which "no coefficients in the next 32,767 blocks" is said over and over. */
static void scans(const char *name, uint32_t side, unsigned n, bool refine)
{
	uint64_t blocks = (uint64_t)(side / 8 + 1) * (side / 8 + 1);
	struct file f = {0};

	begin(&f);
	quantisers(&f);
	tables(&f, 0xe0); /* EOB14: 14 more bits follow */
	frame(&f, 0xc2, side, side, 1, 0x11);
	scan(&f, 1, 0, 0, 0);
	put_zeros(&f, (size_t)(blocks / 8 + 1));
	for (unsigned i = 0; i < n; i++) {
		scan(&f, 1, 1 + i % 63, 1 + i % 63, refine && i >= 63 ? 0x10 : refine ? 0x01 : 0);
		put_zeros(&f, (size_t)(blocks / 16384 + 1) * 15 / 8 + 1);
	}
	end(&f, name);
}

static void many_segments(const char *name, unsigned marker, size_t n, size_t len, const char *magic)
{
	struct file f = {0}, b = {0};

	begin(&f);
	put_text(&b, magic);
	put_zeros(&b, len);
	for (size_t i = 0; i < n; i++)
		segment(&f, marker, &b);
	quantisers(&f);
	tables(&f, 0);
	frame(&f, 0xc0, 64, 64, 1, 0x11);
	scan(&f, 1, 0, 63, 0);
	put_zeros(&f, 16);
	end(&f, name);
	file_free(&b);
}

/* Every interval has one block. */
static void restarts(void)
{
	struct file f = {0}, b = {0};

	begin(&f);
	quantisers(&f);
	tables(&f, 0);
	put16be(&b, 1);
	segment(&f, 0xdd, &b);
	frame(&f, 0xc0, 4000, 4000, 1, 0x11);
	scan(&f, 1, 0, 63, 0);
	for (unsigned i = 0; i < 250000; i++) {
		put8(&f, 0x3f);
		put8(&f, 0xff);
		put8(&f, 0xd0 + i % 8);
	}
	end(&f, "restarts.jpg");
	file_free(&b);
}

void bombs_jpeg(bool heavy)
{
	static const unsigned sofs[] = {0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xc9, 0xca, 0xcb};
	char name[64];

	for (size_t i = 0; i < sizeof(sofs) / sizeof(sofs[0]); i++) {
		snprintf(name, sizeof(name), "sof-%02x.jpg", sofs[i]);
		flat(name, sofs[i], 64, 1, 0x11, 32);
		snprintf(name, sizeof(name), "promise-%02x.jpg", sofs[i]);
		flat(name, sofs[i], 65500, 3, 0x22, 32);
		snprintf(name, sizeof(name), "limit-short-%02x.jpg", sofs[i]);
		if (heavy || sofs[i] < 0xc3)
			flat(name, sofs[i], 17000, 3, 0x22, 32);
	}
	for (unsigned c = 0; c < 6; c++) {
		snprintf(name, sizeof(name), "components-%u.jpg", c);
		flat(name, 0xc0, 64, c, 0x44, 400);
	}
	for (unsigned s = 0; s < 256; s += 17)
		flat("sampling.jpg", 0xc0, 64, 3, s, 400);
	many_segments("comments.jpg", 0xfe, 200000, 2, "");
	many_segments("exif.jpg", 0xe1, 400, 60000, "Exif");
	many_segments("icc.jpg", 0xe2, 255, 65000, "ICC_PROFILE");
	many_segments("adobe.jpg", 0xee, 2000, 7, "Adobe");
	many_segments("fill.jpg", 0xff, 1000, 100, "");
	restarts();
	scans("scans-64.jpg", 64, 1000, false);
	scans("scans-2000.jpg", 2000, 450, true);
	if (!heavy)
		return;
	scans("scans-8000.jpg", 8000, 450, false);
	scans("scans-17000.jpg", 17000, 450, true);
	scans("scans-17000-100.jpg", 17000, 100, false);
	flat("limit.jpg", 0xc0, 17000, 1, 0x11, 2 * 2125 * 2125 / 8 + 1);
	flat("limit-arithmetic.jpg", 0xc9, 17000, 3, 0x22, 1000000);
	flat("limit-444.jpg", 0xc2, 17000, 3, 0x11, 3 * 2125 * 2125 / 8 + 1);
	flat("half-444.jpg", 0xc2, 12000, 4, 0x11, 4 * 1500 * 1500 / 8 + 1);
}
