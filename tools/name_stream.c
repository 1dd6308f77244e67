/* SPDX-License-Identifier: Apache-2.0 */
#include "name_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "interrupt.h"
#include "memory.h"
#include "message.h"
#include "printable.h"

#define BLOCK 65536

struct reading {
	const struct names_opts *opts;
	char *line;
	size_t len, max;
	unsigned long long number;
	char end;
};

/* Adds bytes to the line in progress. */
static bool append(struct reading *r, const char *bytes, size_t len)
{
	if (r->len + len > NAMES_LINE_MAX) {
		message_error(r->opts->path, "line %llu is longer than %zu bytes", r->number + 1, NAMES_LINE_MAX);
		return false;
	}
	if (r->len + len + 1 > r->max) {
		r->max = (r->len + len + 1) * 2;
		r->line = memory_resize(r->line, r->max, 1);
	}
	memcpy(r->line + r->len, bytes, len);
	r->len += len;
	return true;
}

static bool end_line(struct reading *r)
{
	size_t len = r->len;

	r->line[len] = '\0';
	r->len = 0;
	return r->opts->line(r->opts->ctx, r->line, len, ++r->number);
}

/* Returns 1 to go on, 0 to stop, -1 after an error. */
static int take_block(struct reading *r, const char *block, size_t n)
{
	while (n) {
		const char *end = memchr(block, r->end, n);
		size_t len = end ? (size_t)(end - block) : n;

		if (!append(r, block, len))
			return -1;
		if (!end)
			break;
		if (!end_line(r))
			return 0;
		block += len + 1;
		n -= len + 1;
	}
	return 1;
}

bool names_read(const struct names_opts *opts)
{
	struct reading r = {.opts = opts, .end = opts->nul ? '\0' : '\n'};
	bool standard = strcmp(opts->path, "-") == 0, first = true;
	int fd = standard ? STDIN_FILENO : open(opts->path, O_RDONLY | O_CLOEXEC | O_NOCTTY), go = fd < 0 ? -1 : 1;
	char *block = memory_array(BLOCK, 1), text[64];
	ssize_t n = 0;

	r.line = memory_array(256, 1);
	r.max = 256;
	if (fd < 0)
		message_error(opts->path, "%s", printable_errno(errno, text));
	while (go == 1) {
		if (opts->idle)
			opts->idle(opts->ctx);
		n = interrupt_read(fd, block, BLOCK);
		if (n <= 0)
			break;
		if (first && opts->detect && memchr(block, '\0', (size_t)n))
			r.end = '\0';
		first = false;
		go = take_block(&r, block, (size_t)n);
	}
	if (n < 0 && errno != EINTR) {
		message_error(standard ? "standard input" : opts->path, "%s", printable_errno(errno, text));
		go = -1;
	}
	/* The last line may lack its end. */
	if (go == 1 && n == 0 && r.len && !end_line(&r))
		go = 0;
	if (fd >= 0 && !standard)
		close(fd);
	free(block);
	free(r.line);
	return go >= 0;
}
