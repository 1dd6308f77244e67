/* SPDX-License-Identifier: Apache-2.0 */
/* What formats share that are lines, each an entry of its own: the state of their readers begins with it. */
#ifndef TUTELA_LINE_FORMAT_H
#define TUTELA_LINE_FORMAT_H

#include "exchange/exchange_format.h"
#include "exchange/line_splitter.h"

#define LINE_FORMAT_MAX ((size_t)64 << 10)

struct line_format {
	struct line_splitter lines;
	struct record_build build;
};

/* In open: lines go to `line`, whose ctx is r. */
void tutela_line_format_open(struct tutela_reader *r, enum tutela_err (*line)(void *ctx, const struct line *line));

/* The reader's other functions. */
enum tutela_err tutela_line_format_feed(struct tutela_reader *r, const char *bytes, size_t len);
enum tutela_err tutela_line_format_finish(struct tutela_reader *r);
void tutela_line_format_close(struct tutela_reader *r);

/* The digits at the beginning of t. */
size_t tutela_hex_run(struct tutela_text t);

#endif
