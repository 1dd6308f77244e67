/* SPDX-License-Identifier: Apache-2.0 */
/* Lines or NUL-terminated names from a file or standard input, in bounded memory. */
#ifndef TUTELA_TOOLS_NAME_STREAM_H
#define TUTELA_TOOLS_NAME_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#define NAMES_LINE_MAX ((size_t)1 << 20) /* longest line or name in bytes */

struct names_opts {
	const char *path; /* "-": standard input */
	bool nul;         /* names end in NUL; otherwise they do when the first block holds one */
	bool detect;
	/* One line without its end, NUL-terminated, numbered from 1. False stops. */
	bool (*line)(void *ctx, char *text, size_t len, unsigned long long number);
	/* Called before waiting for more input. May be NULL. */
	void (*idle)(void *ctx);
	void *ctx;
};

/* False, with a sentence said, when the input cannot be read or a line is too long. An interrupt ends it silently. */
bool names_read(const struct names_opts *opts);

#endif
