/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of a JSON Lines file, one after the other, in bounded memory, with
 * where each begins and ends. Unlike name_stream.h the caller pulls, and a
 * line that is too long costs that line only.
 */
#ifndef TUTELA_TOOLS_JSON_LINES_H
#define TUTELA_TOOLS_JSON_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 10,000 hits, the most of one file, take about 4 MiB; labels more. */
#define JSON_LINE_MAX ((size_t)32 << 20)

struct json_lines {
	int fd;
	size_t most; /* bytes of a line; 0: JSON_LINE_MAX */
	/* Sees all bytes in order, as they are read; may be NULL. */
	void (*seen)(void *ctx, const char *bytes, size_t len);
	void *ctx;

	/* of the line that was got last */
	char *text; /* without its line feed, NUL-terminated; may hold NULs */
	size_t len;
	unsigned long long number; /* from 1 */
	uint64_t begin, end;       /* offsets from where reading began; end is behind the line feed */
	bool too_long;             /* text is NULL then */
	bool torn;                 /* the file ends without a line feed */
	int error;                 /* errno; the lines before it were got */

	/* private */
	char *buf;
	size_t cap, start, filled;
	bool ended;
};

/* Zero-initialised but for fd, most, seen and ctx. False at the end, and when reading failed: see error. */
bool json_lines_next(struct json_lines *l);

/* Frees the memory; the descriptor is the caller's. */
void json_lines_free(struct json_lines *l);

#endif
