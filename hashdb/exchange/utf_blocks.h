/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text in UTF-8 or UTF-16, with or without a byte order mark, as blocks of
 * UTF-8 that are cut at the same places whatever pieces it comes in. UTF-16
 * without a mark is told by the zero beside its first character, which must be
 * ASCII, as that of a JSON text is. Half of a surrogate pair becomes U+FFFD.
 * UTF-8 is passed on as it is, valid or not.
 */
#ifndef TUTELA_UTF_BLOCKS_H
#define TUTELA_UTF_BLOCKS_H

#include <tutela/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF_BLOCK ((size_t)256 << 10)

enum utf { UTF_UNKNOWN, UTF_8, UTF_16LE, UTF_16BE };

struct utf_blocks {
	/* set by the caller; the rest starts as zeros */
	enum tutela_err (*block)(void *ctx, const char *utf8, size_t len); /* an error stops and comes back */
	void *ctx;

	/* private */
	enum utf kind;
	uint8_t head[3];
	size_t n_head;
	bool half; /* the first byte of a unit is in `odd` */
	uint8_t odd;
	uint16_t high; /* the first half of a pair, or 0 */
	char *buf;
	size_t len;
	uint64_t offset; /* in the input, of buf[0] */
	size_t walked;   /* bytes of the block up to which UTF-16 was counted last, */
	uint64_t there;  /* and where that is in the input */
};

/* TUTELA_E_NOMEM, or what the callback returned. After an error only fini is allowed. */
TUTELA_CHECKED enum tutela_err tutela_utf_feed(struct utf_blocks *u, const char *bytes, size_t len);
/* The end: delivers what is left. TUTELA_E_FORMAT: UTF-16 that ends in the middle of a unit. */
TUTELA_CHECKED enum tutela_err tutela_utf_finish(struct utf_blocks *u);
void tutela_utf_fini(struct utf_blocks *u);

/* Where byte `at` of the block that the callback has, or its end, lies in the input. Costs nothing when asked in order. */
uint64_t tutela_utf_position(struct utf_blocks *u, size_t at);

#endif
