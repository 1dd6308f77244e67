/* SPDX-License-Identifier: Apache-2.0 */
/* HEIC, AVIF and JPEG XL: containers of boxes, and the bare stream. */
#include "hostile.h"

#include <stdio.h>
#include <string.h>

static void box(struct file *f, const char *type, const struct file *body)
{
	put32be(f, (uint32_t)body->len + 8);
	put_text(f, type);
	put(f, body->p, body->len);
}

static void ftyp(struct file *f, const char *brand)
{
	struct file b = {0};

	put_text(&b, brand);
	put32be(&b, 0);
	put_text(&b, "mif1");
	put_text(&b, brand);
	box(f, "ftyp", &b);
	file_free(&b);
}

/* Boxes in boxes. */
static void nested(const char *brand, unsigned depth, const char *name)
{
	struct file f = {0}, in = {0};

	ftyp(&f, brand);
	for (unsigned i = 0; i < depth; i++) {
		struct file out = {0};

		put32be(&out, 0);
		box(&out, i % 2 ? "iprp" : "meta", &in);
		file_free(&in);
		in = out;
	}
	put(&f, in.p, in.len);
	emit(&f, name);
	file_free(&f);
	file_free(&in);
}

/* A list that says it has 2^32 - 1 items. */
static void endless(const char *brand, const char *type, const char *name)
{
	struct file f = {0}, meta = {0}, list = {0};

	ftyp(&f, brand);
	put32be(&meta, 0);
	put32be(&list, 0x02000000);
	put32be(&list, 0xffffffff);
	put32be(&list, 0xffffffff);
	put_zeros(&list, 64);
	box(&meta, type, &list);
	box(&f, "meta", &meta);
	emit(&f, name);
	file_free(&f);
	file_free(&meta);
	file_free(&list);
}

static void tiny_boxes(const char *brand, const char *name)
{
	struct file f = {0}, none = {0};

	ftyp(&f, brand);
	for (int i = 0; i < 200000; i++)
		box(&f, "free", &none);
	emit(&f, name);
	file_free(&f);
}

static void jxl(const void *bytes, size_t len, size_t zeros, const char *name)
{
	struct file f = {0};

	put(&f, bytes, len);
	put_zeros(&f, zeros);
	emit(&f, name);
	file_free(&f);
}

void bombs_boxes(bool heavy)
{
	static const char *const brands[] = {"heic", "avif"};
	static const char *const types[] = {"iloc", "iinf", "iref", "ipma", "ipco", "pitm"};
	char name[64];

	for (int b = 0; b < 2; b++) {
		snprintf(name, sizeof(name), "nested.%s", brands[b]);
		nested(brands[b], 5, name);
		nested(brands[b], 100, name);
		nested(brands[b], heavy ? 20000 : 2000, name);
		for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
			snprintf(name, sizeof(name), "endless-%s.%s", types[t], brands[b]);
			endless(brands[b], types[t], name);
		}
		snprintf(name, sizeof(name), "tiny.%s", brands[b]);
		tiny_boxes(brands[b], name);
	}
	jxl("\xff\x0a", 2, 0, "nothing.jxl");
	jxl("\xff\x0a", 2, 1000, "zeros.jxl");
	jxl("\xff\x0a\xff\xff\xff\xff\xff\xff\xff\xff", 10, 1000, "ones.jxl");
	for (unsigned i = 0; i < 64; i++) {
		uint8_t head[10] = {0xff, 0x0a};

		for (int k = 2; k < 10; k++)
			head[k] = (uint8_t)number(256);
		jxl(head, sizeof(head), 100000, "header.jxl");
	}
	jxl("\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14"
	    "ftypjxl \0\0\0\0jxl \0\0\0\0jxlc",
	    40, 100, "container.jxl");
}
