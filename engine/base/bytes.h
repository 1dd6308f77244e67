/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounded reading and writing of little-endian bytes: the only way in which
 * this project takes apart or puts together a binary layout.
 *
 * A reader or writer that would pass its end does nothing, and stays failed:
 * check once at the end. Reads after failure give zero.
 */
#ifndef TUTELA_BASE_BYTES_H
#define TUTELA_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes_reader {
	const uint8_t *at, *end;
	bool failed;
};

struct bytes_writer {
	uint8_t *at, *end;
	bool failed;
};

static inline struct bytes_reader bytes_reader_init(const void *p, size_t len)
{
	return (struct bytes_reader){.at = p, .end = (const uint8_t *)p + len};
}

static inline struct bytes_writer bytes_writer_init(void *p, size_t len)
{
	return (struct bytes_writer){.at = p, .end = (uint8_t *)p + len};
}

/* The next `len` bytes in place, or NULL. */
static inline const uint8_t *bytes_take(struct bytes_reader *r, size_t len)
{
	const uint8_t *p = r->at;

	if (r->failed || (size_t)(r->end - r->at) < len) {
		r->failed = true;
		return NULL;
	}
	r->at += len;
	return p;
}

static inline uint64_t bytes_get(struct bytes_reader *r, unsigned width)
{
	const uint8_t *p = bytes_take(r, width);
	uint64_t v = 0;

	for (unsigned i = 0; p && i < width; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static inline uint8_t bytes_u8(struct bytes_reader *r)
{
	return (uint8_t)bytes_get(r, 1);
}

static inline uint16_t bytes_u16(struct bytes_reader *r)
{
	return (uint16_t)bytes_get(r, 2);
}

static inline uint32_t bytes_u32(struct bytes_reader *r)
{
	return (uint32_t)bytes_get(r, 4);
}

static inline uint64_t bytes_u64(struct bytes_reader *r)
{
	return bytes_get(r, 8);
}

/* Everything was read, and nothing was missing. */
static inline bool bytes_done(const struct bytes_reader *r)
{
	return !r->failed && r->at == r->end;
}

static inline void bytes_put(struct bytes_writer *w, const void *p, size_t len)
{
	if (w->failed || (size_t)(w->end - w->at) < len) {
		w->failed = true;
		return;
	}
	if (len)
		memcpy(w->at, p, len);
	w->at += len;
}

static inline void bytes_put_uint(struct bytes_writer *w, uint64_t v, unsigned width)
{
	uint8_t b[8];

	for (unsigned i = 0; i < width; i++)
		b[i] = (uint8_t)(v >> (8 * i));
	bytes_put(w, b, width);
}

static inline void bytes_put_u8(struct bytes_writer *w, uint8_t v)
{
	bytes_put_uint(w, v, 1);
}

static inline void bytes_put_u16(struct bytes_writer *w, uint16_t v)
{
	bytes_put_uint(w, v, 2);
}

static inline void bytes_put_u32(struct bytes_writer *w, uint32_t v)
{
	bytes_put_uint(w, v, 4);
}

static inline void bytes_put_u64(struct bytes_writer *w, uint64_t v)
{
	bytes_put_uint(w, v, 8);
}

#endif
