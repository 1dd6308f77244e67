/* SPDX-License-Identifier: Apache-2.0 */
#include "hostile.h"

#include <string.h>

static size_t place(const struct file *f)
{
	/* Headers decide most: half of the damage goes there. */
	size_t most = number(2) && f->len > 200 ? 200 : f->len;

	return number((uint32_t)most);
}

static void flip_bits(struct file *f, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		f->p[place(f)] ^= (uint8_t)(1 << number(8));
}

static void fill(struct file *f, size_t at, size_t len, int with)
{
	for (size_t i = at; i < f->len && i < at + len; i++)
		f->p[i] = with < 0 ? (uint8_t)number(256) : (uint8_t)with;
}

/* A number of 2 or 4 bytes, of either end first, that a reader may multiply. */
static void extreme(struct file *f)
{
	static const uint32_t values[] = {0,     1,       0x7f,       0xff,       0x7fff,     0xffff,
					  65500, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
	uint32_t v = values[number(12)];
	unsigned width = number(2) ? 2 : 4, big = number(2);
	size_t at = place(f);

	for (unsigned i = 0; i < width && at + i < f->len; i++)
		f->p[at + i] = (uint8_t)(v >> 8 * (big ? width - 1 - i : i));
}

static void remove_piece(struct file *f)
{
	size_t at = place(f), n = 1 + number(64);

	n = n > f->len - at ? f->len - at : n;
	memmove(f->p + at, f->p + at + n, f->len - at - n);
	f->len -= n;
}

/* A piece of `from` written over or between. */
static void insert(struct file *f, const struct file *from, bool over)
{
	size_t at = place(f), start = number((uint32_t)from->len), n = 1 + number(400);
	struct file out = {0};

	n = n > from->len - start ? from->len - start : n;
	put(&out, f->p, at);
	put(&out, from->p + start, n);
	if (!over)
		put(&out, f->p + at, f->len - at);
	else if (at + n < f->len)
		put(&out, f->p + at + n, f->len - at - n);
	file_free(f);
	*f = out;
}

void mutate(struct file *f, const struct file *other)
{
	struct file copy = {0};
	unsigned how = number(14);

	if (f->len < 16 || other->len < 16)
		return;
	put(&copy, f->p, f->len);
	switch (how) {
	case 0: /* cut */
		f->len = number((uint32_t)f->len);
		break;
	case 1:
		flip_bits(f, 1);
		break;
	case 2:
		flip_bits(f, 1 + number(20));
		break;
	case 3:
		flip_bits(f, 1 + (uint32_t)(f->len / (10 + number(200))));
		break;
	case 4:
		fill(f, place(f), 1 + number(300), 0);
		break;
	case 5:
		fill(f, place(f), 1 + number(300), 255);
		break;
	case 6:
		fill(f, place(f), 1 + number(300), -1);
		break;
	case 7:
	case 8:
		for (unsigned i = 0; i < 1 + how % 2 * number(5); i++)
			extreme(f);
		break;
	case 9:
		remove_piece(f);
		break;
	case 10: /* itself again, in the middle */
		insert(f, &copy, false);
		break;
	case 11:
		insert(f, other, true);
		break;
	case 12: /* the head of one on the tail of the other */
		f->len = 8 + number((uint32_t)(f->len - 8));
		put(f, other->p + other->len / 2, other->len - other->len / 2);
		break;
	default: /* something behind the end */
		put(f, other->p, other->len);
		break;
	}
	file_free(&copy);
}
