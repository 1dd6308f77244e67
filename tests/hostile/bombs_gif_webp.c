/* SPDX-License-Identifier: Apache-2.0 */
#include "hostile.h"

#include <stdio.h>

/* ---- GIF ---- */

static void gif_head(struct file *f, uint32_t width, uint32_t height)
{
	put_text(f, "GIF89a");
	put16le(f, width);
	put16le(f, height);
	put8(f, 0x80);
	put16le(f, 0);
	put(f, "\0\0\0\377\377\377", 6);
}

static void gif_frame(struct file *f, uint32_t x, uint32_t width, uint32_t height)
{
	put8(f, ',');
	put16le(f, x);
	put16le(f, 0);
	put16le(f, width);
	put16le(f, height);
	put8(f, 0);
	put8(f, 2);
}

/* Codes of one bit more at every power of two: clear, then 0, 6, 7, 8, … each one longer than the last by a pixel. */
static void gif_flat(struct file *f, uint64_t pixels)
{
	struct file data = {0};
	uint64_t hold = 0, run = 0;
	unsigned n = 0, width = 3;
	uint32_t next = 0; /* 0: clear first */

	while (pixels || n) {
		uint32_t code = !pixels ? 5 : next == 0 ? 4 : next == 6 ? 0 : next - 1;

		hold |= (uint64_t)code << n;
		n += width;
		while (n >= 8 || (!pixels && n)) {
			put8(&data, (uint32_t)hold);
			hold >>= 8;
			n = n >= 8 ? n - 8 : 0;
		}
		if (!pixels)
			break;
		if (next == 0) {
			next = 6;
			width = 3;
			run = 1;
			continue;
		}
		pixels -= pixels < run ? pixels : run;
		run++;
		next++;
		if (next == (1u << width) + 1 && width < 12)
			width++;
		if (next == 4095) {
			next = 0;
		}
	}
	for (size_t at = 0; at < data.len; at += 255) {
		size_t len = data.len - at < 255 ? data.len - at : 255;

		put8(f, (uint32_t)len);
		put(f, data.p + at, len);
	}
	put8(f, 0);
	file_free(&data);
}

static void gif(const char *name, uint32_t screen, uint32_t frame, uint32_t frames, uint64_t pixels)
{
	struct file f = {0};

	gif_head(&f, screen, screen);
	for (uint32_t i = 0; i < frames; i++) {
		gif_frame(&f, 0, frame, frame);
		gif_flat(&f, pixels);
	}
	put8(&f, ';');
	emit(&f, name);
	file_free(&f);
}

static void gif_extensions(void)
{
	struct file f = {0};

	gif_head(&f, 16, 16);
	for (int i = 0; i < 300000; i++)
		put(&f, "!\371\4\0\0\0\0", 8);
	gif_frame(&f, 0, 16, 16);
	gif_flat(&f, 256);
	put8(&f, ';');
	emit(&f, "extensions.gif");
	file_free(&f);
}

/* ---- WebP ---- */

static void riff(struct file *f, const struct file *body, const char *name)
{
	put_text(f, "RIFF");
	put32le(f, (uint32_t)body->len + 4);
	put_text(f, "WEBP");
	put(f, body->p, body->len);
	emit(f, name);
	file_free(f);
}

static void webp_chunk(struct file *f, const char *type, const struct file *body)
{
	put_text(f, type);
	put32le(f, (uint32_t)body->len);
	put(f, body->p, body->len);
	if (body->len & 1)
		put8(f, 0);
}

static void put24le(struct file *f, uint32_t v)
{
	put16le(f, v);
	put8(f, v >> 16);
}

static void lossless(struct file *f, uint32_t side, size_t zeros)
{
	put8(f, 0x2f);
	put32le(f, (side - 1) | (side - 1) << 14);
	put_zeros(f, zeros);
}

static void lossy(struct file *f, uint32_t side, size_t zeros)
{
	put(f, "\020\002\0\235\001\052", 6);
	put16le(f, side);
	put16le(f, side);
	put_zeros(f, zeros);
}

static void still(const char *name, const char *type, uint32_t side, size_t zeros)
{
	struct file f = {0}, chunk = {0}, body = {0};

	if (type[3] == 'L')
		lossless(&chunk, side, zeros);
	else
		lossy(&chunk, side, zeros);
	webp_chunk(&body, type, &chunk);
	riff(&f, &body, name);
	file_free(&chunk);
	file_free(&body);
}

static void animation(const char *name, uint32_t canvas, uint32_t frames)
{
	struct file f = {0}, body = {0}, part = {0}, inner = {0};

	put32le(&part, 2);
	put24le(&part, canvas - 1);
	put24le(&part, canvas - 1);
	webp_chunk(&body, "VP8X", &part);
	part.len = 0;
	put_zeros(&part, 6);
	webp_chunk(&body, "ANIM", &part);
	for (uint32_t i = 0; i < frames; i++) {
		part.len = inner.len = 0;
		put_zeros(&part, 6);
		put24le(&part, 15);
		put24le(&part, 15);
		put32le(&part, 100);
		lossless(&inner, 16, 20);
		webp_chunk(&part, "VP8L", &inner);
		webp_chunk(&body, "ANMF", &part);
	}
	riff(&f, &body, name);
	file_free(&body);
	file_free(&part);
	file_free(&inner);
}

void bombs_gif_webp(bool heavy)
{
	gif("promise.gif", 65535, 65535, 1, 100);
	gif("canvas.gif", 65535, 4, 1, 16);
	gif("nothing.gif", 16, 0, 1, 0);
	gif("frames.gif", 16, 16, 20000, 256);
	gif("frames-2000.gif", 2000, 4, 2000, 16);
	gif("too-much.gif", 16, 16, 1, 10000000);
	gif_extensions();
	still("promise-lossless.webp", "VP8L", 16383, 100);
	still("promise-lossy.webp", "VP8 ", 16383, 100);
	animation("canvas.webp", 1 << 24, 1);
	animation("frames.webp", 16, 20000);
	if (!heavy)
		return;
	gif("limit.gif", 17000, 17000, 1, 17000ull * 17000);
	gif("half.gif", 12000, 12000, 1, 12000ull * 12000);
	gif("limit-canvas.gif", 17000, 4, 1, 16);
	still("limit-lossless.webp", "VP8L", 16383, 40000000);
	still("limit-lossy.webp", "VP8 ", 16383, 40000000);
	animation("limit-canvas.webp", 16383, 500);
}
