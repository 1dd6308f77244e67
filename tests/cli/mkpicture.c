/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mkpicture: make a test picture by formula.
 *
 * The picture is a function of --seed and --size alone: smooth noise with a
 * 1/f spectrum, ellipses, bars and a gradient, computed with +, -, * and / so
 * that every machine gets the same pixels. Operations (--resize, --mirror, …)
 * then apply in the order given. Two seeds give unrelated pictures.
 *
 * A test program: limits on sizes, but no defence against hostile input,
 * for it reads none.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jpeglib.h>
#include <jxl/encode.h>
#include <openjpeg.h>
#include <png.h>
#include <vips/vips.h>

#define SIDE_MAX 20000
#define OPS_MAX  32

/* 8-bit samples, interleaved, 1 or 3 channels. */
struct image {
	int w, h, channels;
	uint8_t *px;
};

struct config {
	uint64_t seed;
	int w, h;
	int pattern; /* 0..5: pdq.md section 3; -1: photo-like; -2: plain */
	int plain[3];
	int channels; /* of a pattern */
	int quality;  /* JPEG, WebP, HEIC, AVIF, TIFF/JPEG */
	bool progressive, cmyk, lossless, alpha, deep, palette, bilevel, interlace, rgb, real, negative;
	int tile; /* side of the tiles of a JPEG 2000, 0: one tile */
	int exif; /* orientation tag of a JPEG, 0: none */
	int frames;
	const char *format, *out;
	struct {
		int what;
		const char *arg;
	} ops[OPS_MAX];
	int n_ops;
};

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "mkpicture: '%s': %s\n", what, why);
	exit(2);
}

static struct image image_new(int w, int h, int channels)
{
	struct image im = {w, h, channels, NULL};

	if (w < 1 || h < 1 || w > SIDE_MAX || h > SIDE_MAX)
		die("size", "a side must be 1 to 20000 pixels");
	im.px = calloc((size_t)w * h, channels);
	if (!im.px)
		die("size", "out of memory");
	return im;
}

static uint8_t *pixel(const struct image *im, int x, int y)
{
	return im->px + ((size_t)y * im->w + x) * im->channels;
}

/* ------------------------------------------------------------------ the picture */

static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* [0, 1) from a seed and two coordinates */
static float random_at(uint64_t seed, uint32_t a, uint32_t b)
{
	return (float)(mix(mix(seed ^ (uint64_t)a << 32) ^ b) >> 40) / 16777216.0f;
}

static float clamp01(float v)
{
	return v < 0 ? 0 : v > 1 ? 1 : v;
}

static float smooth(float t)
{
	return t * t * (3 - 2 * t);
}

/* Adds `amplitude` times value noise with `cells` lattice cells across, both ways, to a plane of w x h. */
static void add_noise(float *plane, int w, int h, uint64_t seed, int cells, float amplitude)
{
	float *row = malloc(sizeof(float) * (cells + 1));

	if (!row)
		die("size", "out of memory");
	for (int y = 0; y < h; y++) {
		float v = (float)y / (float)h * (float)cells;
		int iy = (int)v;
		float fy = smooth(v - (float)iy);

		for (int i = 0; i <= cells; i++) {
			float a = random_at(seed, i, iy), b = random_at(seed, i, iy + 1);

			row[i] = (a + (b - a) * fy - 0.5f) * amplitude;
		}
		for (int x = 0; x < w; x++) {
			float u = (float)x / (float)w * (float)cells;
			int ix = (int)u;
			float fx = smooth(u - (float)ix);

			plane[(size_t)y * w + x] += row[ix] + (row[ix + 1] - row[ix]) * fx;
		}
	}
	free(row);
}

struct shape {
	float cx, cy, ux, uy, rx, ry, opacity, level[3];
	bool ellipse;
};

/* A direction without libm, whose last bits differ from machine to machine: (1-t²)/(1+t²), 2t/(1+t²). */
static struct shape random_shape(uint64_t seed, uint32_t n)
{
	struct shape s;
	float t = random_at(seed, n, 2) * 2 - 1;

	s.cx = random_at(seed, n, 0);
	s.cy = random_at(seed, n, 1);
	s.ux = (1 - t * t) / (1 + t * t);
	s.uy = 2 * t / (1 + t * t);
	s.rx = 0.05f + 0.25f * random_at(seed, n, 3);
	s.ry = 0.03f + 0.15f * random_at(seed, n, 4);
	s.opacity = 0.5f + 0.5f * random_at(seed, n, 5);
	s.ellipse = random_at(seed, n, 6) < 0.6f;
	for (int c = 0; c < 3; c++)
		s.level[c] = 0.7f * random_at(seed, n, 7) + 0.3f * random_at(seed, n, 8 + c);
	return s;
}

/* How much of the shape is at that place, 0..1; the edge is soft. */
static float shape_cover(const struct shape *s, float u, float v)
{
	float dx = u - s->cx, dy = v - s->cy;
	float a = (dx * s->ux + dy * s->uy) / s->rx, b = (dy * s->ux - dx * s->uy) / s->ry;

	if (s->ellipse)
		return clamp01((1 - a * a - b * b) * 12);
	a = a < 0 ? -a : a;
	b = b < 0 ? -b : b;
	return clamp01((1 - (a > b ? a : b)) * 20);
}

#define SHAPES 20

static struct image make_photo(uint64_t seed, int w, int h)
{
	static const int cells[] = {2, 4, 8, 16, 32, 64, 128, 256};
	struct image im = image_new(w, h, 3);
	float *luma = calloc((size_t)w * h, sizeof(float));
	float *chroma = calloc((size_t)w * h, sizeof(float));
	struct shape shapes[SHAPES];
	float gx, gy;

	if (!luma || !chroma)
		die("size", "out of memory");
	seed = mix(seed);
	for (int i = 0; i < 8; i++)
		add_noise(luma, w, h, seed + 100 + i, cells[i], 1.1f / (float)(1 << i));
	for (int i = 0; i < 3; i++)
		add_noise(chroma, w, h, seed + 200 + i, cells[i], 0.5f / (float)(1 << i));
	for (int i = 0; i < SHAPES; i++)
		shapes[i] = random_shape(seed, 1000 + i);
	gx = random_at(seed, 1, 1) - 0.5f;
	gy = random_at(seed, 1, 2) - 0.5f;
	for (int y = 0; y < h; y++) {
		float v = (float)y / (float)h;

		for (int x = 0; x < w; x++) {
			float u = (float)x / (float)w;
			float base = 0.5f + 0.5f * (luma[(size_t)y * w + x] + gx * (u - 0.5f) + gy * (v - 0.5f));
			float tint = chroma[(size_t)y * w + x];
			float texture = base - 0.5f;
			float c[3] = {base + 0.3f * tint, base, base - 0.3f * tint};

			for (int i = 0; i < SHAPES; i++) {
				float k = shape_cover(&shapes[i], u, v) * shapes[i].opacity;

				for (int n = 0; k > 0 && n < 3; n++)
					c[n] += k * (shapes[i].level[n] + 0.3f * texture - c[n]);
			}
			for (int n = 0; n < 3; n++)
				pixel(&im, x, y)[n] = (uint8_t)(clamp01(c[n]) * 255 + 0.5f);
		}
	}
	free(luma);
	free(chroma);
	return im;
}

/* The patterns P0 to P5 that the PDQ vectors are computed from: integer arithmetic, 32-bit wrap-around. */
static struct image make_pattern(int pattern, int width, int height, int channels)
{
	struct image im = image_new(width, height, channels);
	uint32_t s = 12345, w = width, h = height;

	for (uint32_t y = 0; y < h; y++) {
		for (uint32_t x = 0; x < w; x++) {
			for (uint32_t k = 0; k < (uint32_t)channels; k++) {
				uint32_t v = 128;

				s = s * 1664525 + 1013904223;
				if (pattern == 1)
					v = w == 1 ? 0 : x * 255 / (w - 1);
				else if (pattern == 2)
					v = s >> 24;
				else if (pattern == 3)
					v = (x * x * 4096 / w + y * y * 3 * 4096 / h + 31 * k * 4096) >> 13;
				else if (pattern == 4)
					v = ((x * 8 / w + y * 8 / h + k) & 1) ? 255 : 0;
				else if (pattern == 5)
					v = (((x * 700 / w) ^ (y * 500 / h)) / 3 + (s >> 28) + 9 * k);
				pixel(&im, x, y)[k] = (uint8_t)v;
			}
		}
	}
	return im;
}

static struct image make_source(const struct config *c)
{
	struct image im;

	if (c->pattern >= 0)
		return make_pattern(c->pattern, c->w, c->h, c->channels);
	if (c->pattern == -1)
		return make_photo(c->seed, c->w, c->h);
	im = image_new(c->w, c->h, 3);
	for (size_t i = 0; i < (size_t)im.w * im.h * 3; i++)
		im.px[i] = (uint8_t)c->plain[i % 3];
	return im;
}

/* ------------------------------------------------------------------ operations */

/* Weights of the source pixels lo .. lo+n-1 in target pixel i: area when shrinking, linear when enlarging. */
static int weights(int i, int from, int to, int *lo, double *out)
{
	double scale = (double)from / to;

	if (scale <= 1) {
		double at = (i + 0.5) * scale - 0.5;

		*lo = at < 0 ? 0 : (int)at;
		out[1] = at < 0 || *lo >= from - 1 ? 0 : at - *lo;
		out[0] = 1 - out[1];
		return out[1] > 0 ? 2 : 1;
	}
	double a = i * scale, b = a + scale;
	int hi = b >= from ? from - 1 : (int)b, n = 0;

	*lo = (int)a;
	for (int k = *lo; k <= hi; k++) {
		double from_k = k > a ? k : a, to_k = k + 1 < b ? k + 1 : b;

		out[n++] = (to_k - from_k) / scale;
	}
	return n;
}

static struct image op_resize(struct image in, int w, int h)
{
	struct image out = image_new(w, h, in.channels);
	double *wx = malloc(sizeof(double) * (in.w + 3)), *wy = malloc(sizeof(double) * (in.h + 3));

	if (!wx || !wy)
		die("resize", "out of memory");
	for (int y = 0; y < h; y++) {
		int y0, ny = weights(y, in.h, h, &y0, wy);

		for (int x = 0; x < w; x++) {
			int x0, nx = weights(x, in.w, w, &x0, wx);
			double sum[3] = {0};

			for (int j = 0; j < ny; j++)
				for (int i = 0; i < nx; i++)
					for (int c = 0; c < in.channels; c++)
						sum[c] += wy[j] * wx[i] * pixel(&in, x0 + i, y0 + j)[c];
			for (int c = 0; c < in.channels; c++)
				pixel(&out, x, y)[c] = (uint8_t)(sum[c] > 255 ? 255 : sum[c] + 0.5);
		}
	}
	free(wx);
	free(wy);
	free(in.px);
	return out;
}

/* Target pixel (x, y) is source pixel (ax*x + bx*y + cx, ay*x + by*y + cy). */
static struct image op_move(struct image in, int w, int h, const int m[6])
{
	struct image out = image_new(w, h, in.channels);

	for (int y = 0; y < h; y++)
		for (int x = 0; x < w; x++)
			memcpy(pixel(&out, x, y), pixel(&in, m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]),
			       in.channels);
	free(in.px);
	return out;
}

static struct image op_gray(struct image in)
{
	struct image out;

	if (in.channels == 1)
		return in;
	out = image_new(in.w, in.h, 1);
	for (size_t i = 0; i < (size_t)in.w * in.h; i++) {
		const uint8_t *p = in.px + 3 * i;

		out.px[i] = (uint8_t)((19595u * p[0] + 38470u * p[1] + 7471u * p[2] + 32768) >> 16);
	}
	free(in.px);
	return out;
}

static struct image op_rgb(struct image in)
{
	struct image out;

	if (in.channels == 3)
		return in;
	out = image_new(in.w, in.h, 3);
	for (size_t i = 0; i < (size_t)in.w * in.h; i++)
		memset(out.px + 3 * i, in.px[i], 3);
	free(in.px);
	return out;
}

static struct image op_border(struct image in, int width)
{
	struct image out = image_new(in.w + 2 * width, in.h + 2 * width, in.channels);

	for (int y = 0; y < in.h; y++)
		memcpy(pixel(&out, width, y + width), pixel(&in, 0, y), (size_t)in.w * in.channels);
	free(in.px);
	return out;
}

static void op_brightness(struct image *im, int percent)
{
	for (size_t i = 0; i < (size_t)im->w * im->h * im->channels; i++) {
		int v = im->px[i] * percent / 100;

		im->px[i] = (uint8_t)(v > 255 ? 255 : v);
	}
}

static int number(const char *name, const char *text, int lo, int hi)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(text, &end, 10);
	if (errno || end == text || *end || v < lo || v > hi)
		die(name, "not a number in range");
	return (int)v;
}

static void size_of(const char *name, const char *text, int *w, int *h)
{
	char rest;

	if (sscanf(text, "%dx%d%c", w, h, &rest) != 2 || *w < 1 || *h < 1 || *w > SIDE_MAX || *h > SIDE_MAX)
		die(name, "not a size WxH");
}

static struct image op_apply(struct image im, int what, const char *arg)
{
	int w, h, x, y;

	switch (what) {
	case 'r':
		size_of("--resize", arg, &w, &h);
		return op_resize(im, w, h);
	case 'c':
		if (sscanf(arg, "%dx%d+%d+%d", &w, &h, &x, &y) != 4 || w < 1 || h < 1 || x < 0 || y < 0 ||
		    w > im.w - x || h > im.h - y)
			die("--crop", "not a region WxH+X+Y inside the picture");
		return op_move(im, w, h, (const int[]){1, 0, x, 0, 1, y});
	case 'm':
		return op_move(im, im.w, im.h, (const int[]){-1, 0, im.w - 1, 0, 1, 0});
	case 'f':
		return op_move(im, im.w, im.h, (const int[]){1, 0, 0, 0, -1, im.h - 1});
	case 'R': /* counter-clockwise, as the hash's rotate90 */
		return op_move(im, im.h, im.w, (const int[]){0, -1, im.w - 1, 1, 0, 0});
	case 'g':
		return op_gray(im);
	case 'b':
		return op_border(im, number("--border", arg, 1, 2000));
	case 'B':
		op_brightness(&im, number("--brightness", arg, 1, 1000));
		return im;
	}
	return im;
}

/* ------------------------------------------------------------------ files */

static FILE *out_file(const char *name)
{
	FILE *f = fopen(name, "wb");

	if (!f)
		die(name, strerror(errno));
	return f;
}

static void close_file(FILE *f, const char *name)
{
	if (ferror(f) | fclose(f))
		die(name, "cannot write");
}

static void write_ppm(const struct config *c, const struct image *im)
{
	FILE *f = out_file(c->out);

	fprintf(f, "P%d\n%d %d\n255\n", im->channels == 1 ? 5 : 6, im->w, im->h);
	fwrite(im->px, (size_t)im->w * im->channels, im->h, f);
	close_file(f, c->out);
}

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

/* 24 bits a pixel, rows from the bottom; 8 bits with a gray palette when there is one channel. */
static void write_bmp(const struct config *c, const struct image *im)
{
	FILE *f = out_file(c->out);
	uint32_t stride = ((uint32_t)im->w * im->channels + 3) / 4 * 4, colours = im->channels == 1 ? 256 : 0;
	uint32_t offset = 54 + 4 * colours;
	uint8_t head[54] = {'B', 'M'}, *row = calloc(1, stride);

	if (!row)
		die(c->out, "out of memory");
	put32(head + 2, offset + stride * (uint32_t)im->h);
	put32(head + 10, offset);
	put32(head + 14, 40);
	put32(head + 18, im->w);
	put32(head + 22, im->h);
	head[26] = 1;
	head[28] = (uint8_t)(8 * im->channels);
	put32(head + 34, stride * (uint32_t)im->h);
	put32(head + 46, colours);
	fwrite(head, 1, sizeof head, f);
	for (uint32_t i = 0; i < colours; i++)
		fwrite((uint8_t[4]){(uint8_t)i, (uint8_t)i, (uint8_t)i, 0}, 1, 4, f);
	for (int y = im->h - 1; y >= 0; y--) {
		for (int x = 0; x < im->w; x++)
			for (int k = 0; k < im->channels; k++)
				row[x * im->channels + k] = pixel(im, x, y)[im->channels - 1 - k];
		fwrite(row, 1, stride, f);
	}
	free(row);
	close_file(f, c->out);
}

/* A TIFF structure that holds one tag: 0x0112, the orientation. */
static void write_exif(struct jpeg_compress_struct *jpeg, int orientation)
{
	uint8_t app1[] = {'E', 'x',  'i', 'f', 0,
			  0,   'I',  'I', 42,  0,
			  8,   0,    0,   0,   1,
			  0,   0x12, 1,   3,   0,
			  1,   0,    0,   0,   (uint8_t)orientation,
			  0,   0,    0,   0,   0,
			  0,   0};

	jpeg_write_marker(jpeg, JPEG_APP0 + 1, app1, sizeof app1);
}

/* Adobe's inverted CMYK, with all of the gray in K. */
static void cmyk_row(const uint8_t *rgb, int w, uint8_t *out)
{
	for (int x = 0; x < w; x++) {
		int k = rgb[3 * x];

		for (int n = 1; n < 3; n++)
			k = rgb[3 * x + n] > k ? rgb[3 * x + n] : k;
		for (int n = 0; n < 3; n++)
			out[4 * x + n] = (uint8_t)(k ? (rgb[3 * x + n] * 255 + k / 2) / k : 255);
		out[4 * x + 3] = (uint8_t)k;
	}
}

static void write_jpeg(const struct config *c, const struct image *im)
{
	struct jpeg_compress_struct jpeg;
	struct jpeg_error_mgr errors;
	FILE *f = out_file(c->out);
	uint8_t *row = malloc((size_t)im->w * 4);

	if (!row)
		die(c->out, "out of memory");
	jpeg.err = jpeg_std_error(&errors); /* ends the process with a message, which is right here */
	jpeg_create_compress(&jpeg);
	jpeg_stdio_dest(&jpeg, f);
	jpeg.image_width = im->w;
	jpeg.image_height = im->h;
	jpeg.input_components = c->cmyk ? 4 : im->channels;
	jpeg.in_color_space = c->cmyk ? JCS_CMYK : im->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
	jpeg_set_defaults(&jpeg);
	if (c->rgb)
		jpeg_set_colorspace(&jpeg, JCS_RGB);
	jpeg_set_quality(&jpeg, c->quality, TRUE);
	if (c->progressive)
		jpeg_simple_progression(&jpeg);
	jpeg_start_compress(&jpeg, TRUE);
	if (c->exif)
		write_exif(&jpeg, c->exif);
	for (int y = 0; y < im->h; y++) {
		if (c->cmyk)
			cmyk_row(pixel(im, 0, y), im->w, row);
		else
			memcpy(row, pixel(im, 0, y), (size_t)im->w * im->channels);
		jpeg_write_scanlines(&jpeg, &row, 1);
	}
	jpeg_finish_compress(&jpeg);
	jpeg_destroy_compress(&jpeg);
	free(row);
	close_file(f, c->out);
}

/* Samples of one PNG row: alpha, 16 bits (the low byte is noise), palette indexes or 1-bit gray made from `in`. */
static size_t png_row(const struct config *c, const struct image *im, int y, uint8_t *out)
{
	size_t n = 0;

	for (int x = 0; x < im->w; x++) {
		const uint8_t *p = pixel(im, x, y);

		if (c->bilevel) {
			if (x % 8 == 0)
				out[n++] = 0;
			out[n - 1] |= (uint8_t)((p[0] > 127) << (7 - x % 8));
			continue;
		}
		if (c->palette) {
			out[n++] = (uint8_t)(p[0] / 51 * 36 + p[1] / 51 * 6 + p[2] / 51);
			continue;
		}
		for (int k = 0; k < im->channels + c->alpha; k++) {
			out[n++] = k < im->channels ? p[k] : (uint8_t)(255 - x * 255 / im->w);
			if (c->deep)
				out[n++] = (uint8_t)(mix(((uint64_t)y << 32 | (uint32_t)x) * 4 + k));
		}
	}
	return n;
}

static void write_png(const struct config *c, const struct image *im)
{
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png ? png_create_info_struct(png) : NULL;
	FILE *f = out_file(c->out);
	int type = c->palette          ? PNG_COLOR_TYPE_PALETTE
		   : im->channels == 1 ? (c->alpha ? PNG_COLOR_TYPE_GRAY_ALPHA : PNG_COLOR_TYPE_GRAY)
				       : (c->alpha ? PNG_COLOR_TYPE_RGB_ALPHA : PNG_COLOR_TYPE_RGB);
	png_color palette[216];
	size_t stride = (size_t)im->w * 8;
	uint8_t *rows = malloc(stride * im->h);

	if (!info || !rows)
		die(c->out, "out of memory");
	png_init_io(png, f);
	png_set_compression_level(png, 1);
	png_set_IHDR(png, info, im->w, im->h,
		     c->bilevel ? 1
		     : c->deep  ? 16
				: 8,
		     type, c->interlace ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
		     PNG_FILTER_TYPE_DEFAULT);
	for (int i = 0; i < 216; i++)
		palette[i] = (png_color){(png_byte)(i / 36 * 51), (png_byte)(i / 6 % 6 * 51), (png_byte)(i % 6 * 51)};
	if (c->palette)
		png_set_PLTE(png, info, palette, 216);
	png_write_info(png, info);
	for (int y = 0; y < im->h; y++)
		png_row(c, im, y, rows + stride * y);
	for (int pass = png_set_interlace_handling(png); pass > 0; pass--)
		for (int y = 0; y < im->h; y++)
			png_write_row(png, rows + stride * y);
	png_write_end(png, info);
	png_destroy_write_struct(&png, &info);
	free(rows);
	close_file(f, c->out);
}

static void write_jxl(const struct config *c, const struct image *im)
{
	JxlEncoder *enc = JxlEncoderCreate(NULL);
	JxlPixelFormat format = {(uint32_t)im->channels, JXL_TYPE_UINT8, JXL_NATIVE_ENDIAN, 0};
	JxlEncoderFrameSettings *settings = JxlEncoderFrameSettingsCreate(enc, NULL);
	JxlColorEncoding colour;
	JxlBasicInfo info;
	FILE *f = out_file(c->out);
	uint8_t buf[65536];
	JxlEncoderStatus st;

	JxlEncoderInitBasicInfo(&info);
	info.xsize = im->w;
	info.ysize = im->h;
	info.bits_per_sample = 8;
	info.num_color_channels = im->channels;
	info.uses_original_profile = c->lossless;
	JxlColorEncodingSetToSRGB(&colour, im->channels == 1);
	JxlEncoderFrameSettingsSetOption(settings, JXL_ENC_FRAME_SETTING_EFFORT, 3);
	if (c->lossless)
		JxlEncoderSetFrameLossless(settings, JXL_TRUE);
	else
		JxlEncoderSetFrameDistance(settings, (float)(100 - c->quality) * 0.1f);
	if (JxlEncoderSetBasicInfo(enc, &info) || JxlEncoderSetColorEncoding(enc, &colour) ||
	    JxlEncoderAddImageFrame(settings, &format, im->px, (size_t)im->w * im->h * im->channels))
		die(c->out, "libjxl refuses the picture");
	JxlEncoderCloseInput(enc);
	do {
		uint8_t *next = buf;
		size_t room = sizeof buf;

		st = JxlEncoderProcessOutput(enc, &next, &room);
		fwrite(buf, 1, sizeof buf - room, f);
	} while (st == JXL_ENC_NEED_MORE_OUTPUT);
	if (st != JXL_ENC_SUCCESS)
		die(c->out, "libjxl cannot encode the picture");
	JxlEncoderDestroy(enc);
	close_file(f, c->out);
}

/* Samples of one component: alpha behind the colours, 16 bits whose low byte is noise. */
static void jp2_plane(const struct config *c, const struct image *im, int k, OPJ_INT32 *to)
{
	for (int y = 0; y < im->h; y++) {
		for (int x = 0; x < im->w; x++) {
			int v = k < im->channels ? pixel(im, x, y)[k] : 255 - x * 255 / im->w;
			int noise = (int)(mix(((uint64_t)y << 32 | (uint32_t)x) * 4 + (uint64_t)k) & 0x7f);

			*to++ = c->deep ? v << 8 | noise : v;
		}
	}
}

static opj_image_t *jp2_image(const struct config *c, const struct image *im)
{
	opj_image_cmptparm_t each[4] = {0};
	OPJ_UINT32 n = (OPJ_UINT32)(im->channels + c->alpha);
	opj_image_t *image;

	for (OPJ_UINT32 k = 0; k < n; k++)
		each[k] = (opj_image_cmptparm_t){
			.dx = 1, .dy = 1, .w = (OPJ_UINT32)im->w, .h = (OPJ_UINT32)im->h, .prec = c->deep ? 16 : 8};
	image = opj_image_create(n, each, im->channels == 1 ? OPJ_CLRSPC_GRAY : OPJ_CLRSPC_SRGB);
	if (!image)
		die(c->out, "out of memory");
	image->x1 = (OPJ_UINT32)im->w;
	image->y1 = (OPJ_UINT32)im->h;
	image->comps[n - 1].alpha = c->alpha;
	for (OPJ_UINT32 k = 0; k < n; k++)
		jp2_plane(c, im, (int)k, image->comps[k].data);
	return image;
}

static void write_jp2(const struct config *c, const struct image *im, OPJ_CODEC_FORMAT format)
{
	opj_image_t *image = jp2_image(c, im);
	opj_codec_t *codec = opj_create_compress(format);
	opj_stream_t *stream = opj_stream_create_default_file_stream(c->out, OPJ_FALSE);
	int side = im->w < im->h ? im->w : im->h;
	opj_cparameters_t p;

	side = c->tile && c->tile < side ? c->tile : side;
	opj_set_default_encoder_parameters(&p);
	p.tcp_numlayers = 1;
	p.tcp_mct = im->channels == 3;
	p.irreversible = !c->lossless;
	p.cp_fixed_quality = !c->lossless;
	p.cp_disto_alloc = c->lossless;
	p.tcp_distoratio[0] = 20 + (float)c->quality * 0.3f; /* PSNR */
	while (p.numresolution > 1 && side >> (p.numresolution - 1) == 0)
		p.numresolution--;
	if (c->tile) {
		p.tile_size_on = OPJ_TRUE;
		p.cp_tdx = p.cp_tdy = c->tile;
	}
	if (!stream)
		die(c->out, "cannot write");
	if (!codec || !opj_setup_encoder(codec, &p, image) || !opj_start_compress(codec, image, stream) ||
	    !opj_encode(codec, stream) || !opj_end_compress(codec, stream))
		die(c->out, "OpenJPEG cannot encode the picture");
	opj_destroy_codec(codec);
	opj_stream_destroy(stream);
	opj_image_destroy(image);
}

/* The same samples as floating point, or with a sign. */
static VipsImage *recast(const struct config *c, VipsImage *im)
{
	VipsImage *out;

	if (!c->real && !c->negative)
		return im;
	if (vips_cast(im, &out, c->real ? VIPS_FORMAT_FLOAT : VIPS_FORMAT_SHORT, NULL))
		die(c->out, vips_error_buffer());
	g_object_unref(im);
	return out;
}

/* WebP, GIF, TIFF, HEIC, AVIF. Frames after the first are other seeds, one below the other as libvips wants it. */
static void write_vips(const struct config *c, const char *format, const struct image *first)
{
	struct image all = image_new(first->w, first->h * c->frames, first->channels);
	size_t frame = (size_t)first->w * first->h * first->channels;
	VipsImage *im;
	char options[64] = "";

	memcpy(all.px, first->px, frame);
	for (int i = 1; i < c->frames; i++) {
		struct image next = make_photo(c->seed + 1000000 + (uint64_t)i, first->w, first->h);

		next = first->channels == 1 ? op_gray(next) : next;
		memcpy(all.px + frame * i, next.px, frame);
		free(next.px);
	}
	if (vips_init("mkpicture"))
		die(c->out, "cannot start libvips");
	im = vips_image_new_from_memory(all.px, frame * c->frames, all.w, all.h, all.channels, VIPS_FORMAT_UCHAR);
	if (!im)
		die(c->out, vips_error_buffer());
	im->Type = all.channels == 1 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
	if (c->frames > 1)
		vips_image_set_int(im, VIPS_META_PAGE_HEIGHT, first->h);
	im = recast(c, im);
	if (!strcmp(format, "webp") || !strcmp(format, "heic") || !strcmp(format, "avif"))
		snprintf(options, sizeof options, c->lossless ? "[lossless]" : "[Q=%d]", c->quality);
	else if (!strcmp(format, "tiff"))
		snprintf(options, sizeof options, c->lossless ? "[compression=deflate]" : "[compression=jpeg,Q=%d]",
			 c->quality);
	char *name = g_strdup_printf("%s%s", c->out, options), suffix[16];

	snprintf(suffix, sizeof suffix, ".%s", format);
	if (!strrchr(c->out, '.') || strcasecmp(strrchr(c->out, '.'), suffix) != 0)
		die(c->out, "for this format the name must end as the format is called");
	if (vips_image_write_to_file(im, name, NULL))
		die(c->out, vips_error_buffer());
	g_free(name);
	g_object_unref(im);
	vips_shutdown();
	free(all.px);
}

static void write_picture(struct config *c, struct image *im)
{
	const char *dot = strrchr(c->out, '.'), *format = c->format ? c->format : dot ? dot + 1 : "";

	if (c->cmyk || c->palette || c->rgb)
		*im = op_rgb(*im);
	if (c->bilevel)
		*im = op_gray(*im);
	if (!strcasecmp(format, "png"))
		write_png(c, im);
	else if (!strcasecmp(format, "jpg") || !strcasecmp(format, "jpeg"))
		write_jpeg(c, im);
	else if (!strcasecmp(format, "bmp"))
		write_bmp(c, im);
	else if (!strcasecmp(format, "ppm") || !strcasecmp(format, "pgm"))
		write_ppm(c, im);
	else if (!strcasecmp(format, "jxl"))
		write_jxl(c, im);
	else if (!strcasecmp(format, "jp2"))
		write_jp2(c, im, OPJ_CODEC_JP2);
	else if (!strcasecmp(format, "j2k"))
		write_jp2(c, im, OPJ_CODEC_J2K);
	else if (!strcmp(format, "webp") || !strcmp(format, "gif") || !strcmp(format, "tiff") ||
		 !strcmp(format, "heic") || !strcmp(format, "avif"))
		write_vips(c, format, im);
	else
		die(c->out, "no known format; see --help");
}

/* ------------------------------------------------------------------ arguments */

static const char help[] = "Usage: mkpicture [option]... FILE\n"
			   "Make a test picture by formula. The format follows from the name's ending:\n"
			   "png jpg bmp ppm jxl jp2 j2k webp gif tiff heic avif.\n"
			   "\n"
			   "What is in it:\n"
			   "  --seed N           which picture (0); two seeds give unrelated pictures\n"
			   "  --size WxH         its size before any operation (800x600)\n"
			   "  --plain R,G,B      one colour instead\n"
			   "  --pattern P        P0 to P5 of the PDQ vectors instead; with --channels 1|3\n"
			   "Operations, in the order given:\n"
			   "  --resize WxH  --crop WxH+X+Y  --mirror (left to right)  --flip (top to bottom)\n"
			   "  --rotate90 (counter-clockwise)  --gray  --border PIXELS (black)  --brightness PERCENT\n"
			   "How it is written:\n"
			   "  --quality Q        1..100 (85): jpg webp tiff heic avif jxl jp2 j2k\n"
			   "  --lossless         webp tiff avif heic jxl jp2 j2k\n"
			   "  --progressive  --cmyk  --rgb (not YCbCr)  --exif ORIENTATION      jpg\n"
			   "  --alpha  --16bit (low bytes noise)                                png jp2 j2k\n"
			   "  --palette  --1bit  --interlace                                    png\n"
			   "  --float  --signed  (0 to 255 all the same), with --gray           tiff\n"
			   "  --tile SIDE        jp2 j2k: in tiles\n"
			   "  --frames N         gif webp: more pictures after the first\n"
			   "  --format F         png, jpg, bmp, ppm, jxl, jp2 or j2k, whatever the name ends in\n";

static const struct option options[] = {
	{"seed", 1, NULL, 's'},       {"size", 1, NULL, 'S'},
	{"plain", 1, NULL, 'p'},      {"pattern", 1, NULL, 'P'},
	{"channels", 1, NULL, 'C'},   {"resize", 1, NULL, 'r'},
	{"crop", 1, NULL, 'c'},       {"mirror", 0, NULL, 'm'},
	{"flip", 0, NULL, 'f'},       {"rotate90", 0, NULL, 'R'},
	{"gray", 0, NULL, 'g'},       {"border", 1, NULL, 'b'},
	{"brightness", 1, NULL, 'B'}, {"quality", 1, NULL, 'q'},
	{"lossless", 0, NULL, 'l'},   {"progressive", 0, NULL, 'o'},
	{"cmyk", 0, NULL, 'k'},       {"rgb", 0, NULL, 'G'},
	{"exif", 1, NULL, 'e'},       {"alpha", 0, NULL, 'a'},
	{"16bit", 0, NULL, 'd'},      {"palette", 0, NULL, 't'},
	{"1bit", 0, NULL, '1'},       {"interlace", 0, NULL, 'i'},
	{"frames", 1, NULL, 'n'},     {"format", 1, NULL, 'F'},
	{"tile", 1, NULL, 'T'},       {"float", 0, NULL, 'x'},
	{"signed", 0, NULL, 'N'},     {"help", 0, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static void parse(struct config *c, int argc, char **argv)
{
	int o;

	/* Long: one case an option. */
	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 's':
			c->seed = strtoull(optarg, NULL, 10);
			break;
		case 'S':
			size_of("--size", optarg, &c->w, &c->h);
			break;
		case 'p':
			c->pattern = -2;
			if (sscanf(optarg, "%d,%d,%d", &c->plain[0], &c->plain[1], &c->plain[2]) != 3)
				die("--plain", "not a colour R,G,B");
			break;
		case 'P':
			c->pattern = number("--pattern", *optarg == 'P' ? optarg + 1 : optarg, 0, 5);
			break;
		case 'C':
			c->channels = number("--channels", optarg, 1, 3);
			break;
		case 'q':
			c->quality = number("--quality", optarg, 1, 100);
			break;
		case 'l':
			c->lossless = true;
			break;
		case 'o':
			c->progressive = true;
			break;
		case 'k':
			c->cmyk = true;
			break;
		case 'G':
			c->rgb = true;
			break;
		case 'e':
			c->exif = number("--exif", optarg, 1, 8);
			break;
		case 'a':
			c->alpha = true;
			break;
		case 'd':
			c->deep = true;
			break;
		case 't':
			c->palette = true;
			break;
		case '1':
			c->bilevel = true;
			break;
		case 'i':
			c->interlace = true;
			break;
		case 'T':
			c->tile = number("--tile", optarg, 1, SIDE_MAX);
			break;
		case 'x':
			c->real = true;
			break;
		case 'N':
			c->negative = true;
			break;
		case 'n':
			c->frames = number("--frames", optarg, 1, 1000);
			break;
		case 'F':
			c->format = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		case '?':
			exit(64);
		default:
			if (c->n_ops == OPS_MAX)
				die("operations", "too many");
			c->ops[c->n_ops].what = o;
			c->ops[c->n_ops++].arg = optarg;
		}
	}
	if (optind != argc - 1 || c->channels == 2) {
		fputs(help, stderr);
		exit(64);
	}
	c->out = argv[optind];
}

int main(int argc, char **argv)
{
	struct config c = {.w = 800, .h = 600, .pattern = -1, .channels = 3, .quality = 85, .frames = 1};
	struct image im;

	parse(&c, argc, argv);
	im = make_source(&c);
	for (int i = 0; i < c.n_ops; i++)
		im = op_apply(im, c.ops[i].what, c.ops[i].arg);
	write_picture(&c, &im);
	free(im.px);
	return 0;
}
