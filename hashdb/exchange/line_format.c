/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/line_format.h"

void tutela_line_format_open(struct tutela_reader *r, enum tutela_err (*line)(void *ctx, const struct line *line))
{
	struct line_format *f = r->state;

	f->lines = (struct line_splitter){.max = r->opts.max_line, .line = line, .ctx = r};
}

static enum tutela_err outcome(struct tutela_reader *r, enum tutela_err err)
{
	struct line_format *f = r->state;

	return err == TUTELA_E_FORMAT && f->lines.why ? tutela_reader_fail(r, "%s", f->lines.why) : err;
}

enum tutela_err tutela_line_format_feed(struct tutela_reader *r, const char *bytes, size_t len)
{
	return outcome(r, tutela_line_feed(&((struct line_format *)r->state)->lines, bytes, len));
}

enum tutela_err tutela_line_format_finish(struct tutela_reader *r)
{
	return outcome(r, tutela_line_finish(&((struct line_format *)r->state)->lines));
}

void tutela_line_format_close(struct tutela_reader *r)
{
	tutela_line_fini(&((struct line_format *)r->state)->lines);
}

size_t tutela_hex_run(struct tutela_text t)
{
	size_t n = 0;

	while (n < t.len && ((t.s[n] >= '0' && t.s[n] <= '9') || (t.s[n] >= 'a' && t.s[n] <= 'f') ||
			     (t.s[n] >= 'A' && t.s[n] <= 'F')))
		n++;
	return n;
}
