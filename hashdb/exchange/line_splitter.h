/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes fed in pieces of any length, cut into lines.
 *
 * A line ends with LF or CRLF, or with `nul_ends` with a NUL byte and nothing else; a lone CR is part of its line, but
 * for one at the very end of the input. A UTF-8 byte order mark at the start is passed over. UTF-16, archives and files
 * with a NUL byte in their first 8 KiB are not text at all: TUTELA_E_FORMAT. With `utf16` an input that begins with a
 * byte order mark of UTF-16 is text, and its lines are delivered as UTF-8;
 * their offsets are those of the input. A line that is too long, holds a NUL
 * byte further on, or broken UTF-16, is delivered as a bad line without its
 * bytes. The pieces' borders make no difference to what is delivered.
 *
 * Memory: one line of at most `max` bytes. Lines that lie in one piece are
 * not copied, but for UTF-16.
 */
#ifndef TUTELA_LINE_SPLITTER_H
#define TUTELA_LINE_SPLITTER_H

#include <tutela/error.h>

struct line {
	const char *s;   /* valid during the call */
	size_t len;      /* without the line's end */
	size_t eol;      /* characters of the line's end: 2 CRLF, 1 LF, 0 end of input */
	uint64_t number; /* from 1 */
	uint64_t byte;   /* offset of its first byte */
	const char *bad; /* NULL, or why the line cannot be used; then s is NULL, len and eol are 0 */
};

struct line_splitter {
	/* set by the caller; the rest starts as zeros */
	size_t max;    /* bytes of the longest line, its end not counted */
	bool utf16;    /* take UTF-16 that begins with its byte order mark */
	bool nul_ends; /* may be set until the first bytes are fed; such input is never UTF-16 */
	enum tutela_err (*line)(void *ctx, const struct line *line); /* an error stops and comes back */
	void *ctx;

	const char *why; /* after TUTELA_E_FORMAT: a static sentence */

	/* private */
	char *buf;
	size_t len, cap;
	char head[4];
	size_t head_len;
	bool started, too_long, nul;
	uint64_t offset, start, number;
	/* of UTF-16 */
	bool wide, big_endian, have_half, broken;
	uint8_t half;  /* the first byte of a code unit */
	uint16_t high; /* the first half of a surrogate pair, 0: none */
};

#define LINE_BINARY_WINDOW 8192 /* a NUL byte before this offset means that the input is no text */

/* TUTELA_OK, TUTELA_E_FORMAT, TUTELA_E_NOMEM, or what the callback returned. After an error only fini is allowed. */
TUTELA_CHECKED enum tutela_err tutela_line_feed(struct line_splitter *ls, const char *bytes, size_t len);
/* The end: delivers a last line that lacks its line feed. */
TUTELA_CHECKED enum tutela_err tutela_line_finish(struct line_splitter *ls);
void tutela_line_fini(struct line_splitter *ls);

/* Make *buf hold `need` bytes, growing in steps; the caller bounds `need`. False when memory is short. */
bool tutela_line_reserve(char **buf, size_t *cap, size_t need);

#endif
