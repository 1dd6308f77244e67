/* SPDX-License-Identifier: Apache-2.0 */
#include "json_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

#define PIECE ((size_t)1 << 16)

static size_t most(const struct json_lines *l)
{
	return l->most ? l->most : JSON_LINE_MAX;
}

/* More bytes behind those that are there, which move to the front. False when there are none. */
static bool fill(struct json_lines *l)
{
	ssize_t n;

	if (l->ended)
		return false;
	if (l->start) {
		memmove(l->buf, l->buf + l->start, l->filled - l->start);
		l->filled -= l->start;
		l->start = 0;
	}
	if (l->cap - l->filled < PIECE + 1) {
		l->cap = l->cap ? 2 * l->cap : 2 * PIECE;
		l->buf = memory_resize(l->buf, l->cap, 1);
	}
	do
		n = read(l->fd, l->buf + l->filled, PIECE);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		l->error = errno;
	if (n <= 0) {
		l->ended = true;
		return false;
	}
	if (l->seen)
		l->seen(l->ctx, l->buf + l->filled, (size_t)n);
	l->filled += (size_t)n;
	return true;
}

/* A line over the limit is read to its end and thrown away. */
static void skip(struct json_lines *l)
{
	char *end;

	l->too_long = true;
	for (;;) {
		size_t there = l->filled - l->start;

		end = there ? memchr(l->buf + l->start, '\n', there) : NULL;
		if (end) {
			l->end += (size_t)(end + 1 - (l->buf + l->start));
			l->start = (size_t)(end + 1 - l->buf);
			return;
		}
		l->end += there;
		l->start = l->filled = 0;
		if (!fill(l)) {
			l->torn = true;
			return;
		}
	}
}

static void take(struct json_lines *l, size_t len, size_t with_end)
{
	l->text = l->buf + l->start;
	l->len = len;
	l->text[len] = '\0';
	l->start += with_end;
	l->end += with_end;
}

bool json_lines_next(struct json_lines *l)
{
	size_t seen = 0;

	l->text = NULL;
	l->len = 0;
	l->too_long = false;
	l->begin = l->end;
	for (;;) {
		size_t there = l->filled - l->start;
		char *end = there > seen ? memchr(l->buf + l->start + seen, '\n', there - seen) : NULL;

		if (end ? (size_t)(end - (l->buf + l->start)) > most(l) : there > most(l)) {
			l->number++;
			skip(l);
			return !l->error;
		}
		if (end) {
			l->number++;
			take(l, (size_t)(end - (l->buf + l->start)), (size_t)(end + 1 - (l->buf + l->start)));
			return true;
		}
		seen = there;
		if (fill(l))
			continue;
		if (l->error || !there)
			return false;
		l->number++;
		l->torn = true;
		take(l, there, there);
		return true;
	}
}

void json_lines_free(struct json_lines *l)
{
	free(l->buf);
	l->buf = NULL;
	l->cap = l->start = l->filled = 0;
}
