/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/gif_lzw.h"

#include <stdlib.h>

#define WIDTH_MOST 12
#define CODES      (1u << WIDTH_MOST)
#define NONE       CODES

struct gif_lzw {
	gif_lzw_byte_fn *next;
	void *from;
	unsigned
		size; /* of an index: the first code past them is the one that clears the table, then that of the end */
	unsigned width; /* of a code at present */
	unsigned used;  /* codes that have a meaning */
	unsigned last;  /* the code before, or NONE */
	uint8_t first;  /* index of what that code stands for */
	uint32_t bits;
	unsigned n_bits;
	unsigned waiting; /* indices on the stack, the next one on top */
	uint16_t before[CODES];
	uint8_t index[CODES];
	uint8_t stack[CODES + 1];
};

static unsigned clear_code(const struct gif_lzw *z)
{
	return 1u << z->size;
}

static void clear(struct gif_lzw *z)
{
	z->width = z->size + 1;
	z->used = clear_code(z) + 2;
	z->last = NONE;
}

bool tutela_gif_lzw_takes(unsigned size)
{
	return size == 0 || (size >= 9 && size <= WIDTH_MOST);
}

struct gif_lzw *tutela_gif_lzw_new(unsigned size, gif_lzw_byte_fn *next, void *from)
{
	struct gif_lzw *z = tutela_gif_lzw_takes(size) ? calloc(1, sizeof(*z)) : NULL;

	if (!z)
		return NULL;
	z->next = next;
	z->from = from;
	z->size = size;
	clear(z);
	return z;
}

void tutela_gif_lzw_free(struct gif_lzw *z)
{
	free(z);
}

static bool take_code(struct gif_lzw *z, unsigned *code)
{
	while (z->n_bits < z->width) {
		int byte = z->next(z->from);

		if (byte < 0)
			return false;
		z->bits |= (uint32_t)byte << z->n_bits;
		z->n_bits += 8;
	}
	*code = z->bits & ((1u << z->width) - 1);
	z->bits >>= z->width;
	z->n_bits -= z->width;
	return true;
}

/* What `code` stands for, onto the stack from its end. Each code leads to a lower one, and so to an index. */
static void put_string(struct gif_lzw *z, unsigned code)
{
	for (; code >= clear_code(z); code = z->before[code])
		z->stack[z->waiting++] = z->index[code];
	z->first = (uint8_t)code;
	z->stack[z->waiting++] = z->first;
}

/* The code before and the first index of this one get a code of their own, as long as there are any. */
static void add_code(struct gif_lzw *z)
{
	if (z->last == NONE || z->used >= CODES)
		return;
	z->before[z->used] = (uint16_t)z->last;
	z->index[z->used++] = z->first;
	if (z->used == 1u << z->width && z->width < WIDTH_MOST)
		z->width++;
}

/* False: a code without a meaning. */
static bool take_string(struct gif_lzw *z, unsigned code)
{
	if (z->last == NONE && code >= clear_code(z))
		return false;
	if (code == z->used &&
	    code < CODES) { /* the one that is about to be made: the last one and its own first index */
		z->stack[z->waiting++] = z->first;
		put_string(z, z->last);
	} else if (code < z->used) {
		put_string(z, code);
	} else {
		return false;
	}
	add_code(z);
	z->last = code;
	return true;
}

bool tutela_gif_lzw_take(struct gif_lzw *z, uint8_t *to, size_t n)
{
	unsigned code;

	for (size_t i = 0; i < n; i++) {
		while (!z->waiting) {
			if (!take_code(z, &code) || code == clear_code(z) + 1)
				return false;
			if (code == clear_code(z))
				clear(z);
			else if (!take_string(z, code))
				return false;
		}
		to[i] = z->stack[--z->waiting];
	}
	return true;
}
