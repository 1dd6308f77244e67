/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mkhostile FOLDER COUNT SEED heavy|light PICTURE...: fills FOLDER with COUNT hostile files: bombs and odd headers
 * first, then damaged copies of the pictures.
 */
#include "hostile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *folder;
static unsigned long made, wanted;
static uint64_t state;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "mkhostile: %s: %s\n", what, strerror(errno));
	exit(2);
}

uint32_t number(uint32_t below)
{
	uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return below ? (uint32_t)(z % below) : (uint32_t)z;
}

/* ---- files ---- */

static void reserve(struct file *f, size_t more)
{
	if (f->room - f->len >= more)
		return;
	f->room = (f->len + more) * 2;
	f->p = realloc(f->p, f->room);
	if (!f->p)
		die("memory");
}

void put(struct file *f, const void *bytes, size_t len)
{
	reserve(f, len);
	if (len)
		memcpy(f->p + f->len, bytes, len);
	f->len += len;
}

void put_text(struct file *f, const char *s)
{
	put(f, s, strlen(s));
}

void put_zeros(struct file *f, size_t len)
{
	reserve(f, len);
	if (len)
		memset(f->p + f->len, 0, len);
	f->len += len;
}

void put8(struct file *f, uint32_t v)
{
	uint8_t b = (uint8_t)v;

	put(f, &b, 1);
}

void put16be(struct file *f, uint32_t v)
{
	put8(f, v >> 8);
	put8(f, v);
}

void put32be(struct file *f, uint32_t v)
{
	put16be(f, v >> 16);
	put16be(f, v);
}

void put16le(struct file *f, uint32_t v)
{
	put8(f, v);
	put8(f, v >> 8);
}

void put32le(struct file *f, uint32_t v)
{
	put16le(f, v);
	put16le(f, v >> 16);
}

void file_free(struct file *f)
{
	free(f->p);
	*f = (struct file){0};
}

void emit(struct file *f, const char *name)
{
	char path[4096];
	FILE *to;

	if (made < wanted) {
		snprintf(path, sizeof(path), "%s/%05lu-%s", folder, made, name);
		to = fopen(path, "wb");
		if (!to || fwrite(f->p, 1, f->len, to) != f->len || fclose(to))
			die(path);
		made++;
	}
	f->len = 0;
}

/* ---- zeros, packed ---- */

/*
 * A block of deflate with fixed codes: one literal 0, then matches of 258 at distance 1, each 8 + 5 bits, and no end
 * of block: bits go on.
 */
struct bits {
	struct file *f;
	uint64_t hold;
	unsigned n;
};

static void put_bits(struct bits *b, uint32_t v, unsigned n)
{
	b->hold |= (uint64_t)v << b->n;
	b->n += n;
	while (b->n >= 8) {
		put8(b->f, (uint32_t)b->hold);
		b->hold >>= 8;
		b->n -= 8;
	}
}

/* Huffman codes come with their first bit first. */
static uint32_t turned(uint32_t v, unsigned n)
{
	uint32_t out = 0;

	for (unsigned i = 0; i < n; i++)
		out |= (v >> i & 1) << (n - 1 - i);
	return out;
}

void put_zlib_zeros(struct file *f, uint64_t len)
{
	struct bits b = {.f = f};
	uint64_t sum = len % 65521;

	put8(f, 0x78);
	put8(f, 0x01);
	put_bits(&b, 3, 3); /* last block, fixed codes */
	for (; len > 0 && (len - 1) % 258; len--)
		put_bits(&b, turned(0x30, 8), 8);
	if (len) {
		put_bits(&b, turned(0x30, 8), 8);
		len--;
	}
	for (; len; len -= 258) {
		put_bits(&b, turned(0xc5, 8), 8); /* length 258: symbol 285 */
		put_bits(&b, 0, 5);               /* distance 1 */
	}
	put_bits(&b, 0, 7); /* end of block */
	put_bits(&b, 0, 7);
	put32be(f, (uint32_t)(sum << 16 | 1));
}

/* ---- all of it ---- */

static void read_file(const char *path, struct file *f)
{
	FILE *from = fopen(path, "rb");
	uint8_t block[65536];
	size_t n;

	if (!from)
		die(path);
	while ((n = fread(block, 1, sizeof(block), from)) > 0)
		put(f, block, n);
	fclose(from);
}

static void damaged_copies(char **paths, int n)
{
	struct file *base = calloc((size_t)n, sizeof(*base)), f = {0};

	if (!base)
		die("memory");
	for (int i = 0; i < n; i++)
		read_file(paths[i], &base[i]);
	for (int i = 0; made < wanted; i++) {
		const char *slash = strrchr(paths[i % n], '/');

		f.len = 0;
		put(&f, base[i % n].p, base[i % n].len);
		mutate(&f, &base[number((uint32_t)n)]);
		emit(&f, slash ? slash + 1 : paths[i % n]);
	}
	for (int i = 0; i < n; i++)
		file_free(&base[i]);
	free(base);
	file_free(&f);
}

int main(int argc, char **argv)
{
	bool heavy;

	if (argc < 6) {
		fprintf(stderr, "usage: mkhostile FOLDER COUNT SEED heavy|light PICTURE...\n");
		return 64;
	}
	folder = argv[1];
	wanted = strtoul(argv[2], NULL, 10);
	state = strtoull(argv[3], NULL, 10);
	heavy = strcmp(argv[4], "heavy") == 0;
	bombs_png(heavy);
	bombs_jpeg(heavy);
	bombs_tiff(heavy);
	bombs_gif_webp(heavy);
	bombs_bmp(heavy);
	bombs_pnm();
	bombs_icon();
	bombs_boxes(heavy);
	bombs_jp2(heavy);
	bombs_other();
	damaged_copies(argv + 5, argc - 5);
	printf("%lu\n", made);
	return 0;
}
