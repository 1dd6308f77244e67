/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bits of one entropy-coded segment, stuffing removed, most significant first.
 *
 * The buffer is followed by BITS_PAD zero bytes. Reading on past the end gives
 * zeros and never leaves the pad; bits_overrun says so afterwards.
 */
#ifndef TUTELA_JPEG_BITS_H
#define TUTELA_JPEG_BITS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BITS_PAD 16

struct bits {
	uint64_t acc;   /* the next `count` bits, left-aligned */
	unsigned count; /* >= 56 after bits_refill */
	const uint8_t *at, *end;
};

static inline struct bits bits_init(const uint8_t *p, size_t len)
{
	return (struct bits){.at = p, .end = p + len};
}

static inline void bits_refill(struct bits *b)
{
	const uint8_t *last = b->end + 8;
	uint64_t next;

	memcpy(&next, b->at, 8);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	next = __builtin_bswap64(next);
#endif
	b->acc |= next >> b->count;
	b->at += (63 - b->count) >> 3;
	b->at = b->at < last ? b->at : last;
	b->count |= 56;
}

static inline uint32_t bits_peek(const struct bits *b, unsigned n)
{
	return (uint32_t)(b->acc >> (64 - n));
}

static inline void bits_drop(struct bits *b, unsigned n)
{
	b->acc <<= n;
	b->count -= n;
}

/* n bits, 0 <= n <= 16. */
static inline uint32_t bits_take(struct bits *b, unsigned n)
{
	uint32_t v = (uint32_t)((b->acc >> 1) >> (63 - n));

	bits_drop(b, n);
	return v;
}

/* More was read than there is. */
static inline bool bits_overrun(const struct bits *b)
{
	return b->at > b->end && (uint64_t)(b->at - b->end) * 8 > b->count;
}

/* Whole bytes that were not read. Zero after an overrun. */
static inline size_t bits_left(const struct bits *b)
{
	int64_t bits = (int64_t)(b->end - b->at) * 8 + b->count;

	return bits > 0 ? (size_t)bits / 8 : 0;
}

#endif
