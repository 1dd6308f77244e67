/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of `lookup` and names of `scan --files-from`. The first byte says how
 * they end and where to stop. They must be the input's own bytes between its ends, numbered from 1.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "interrupt.h"
#include "message.h"
#include "name_stream.h"

/* What name_stream.c calls: blocks come in pieces, and what it says is dropped. */
static size_t piece;

ssize_t interrupt_read(int fd, void *buf, size_t len)
{
	return read(fd, buf, piece && piece < len ? piece : len);
}

void message_error(const char *subject, const char *format, ...)
{
	(void)subject;
	(void)format;
}

struct expected {
	const uint8_t *at, *end;
	int ends_in;
	unsigned long long number, stop;
};

static bool on_line(void *ctx, char *text, size_t len, unsigned long long number)
{
	struct expected *e = ctx;
	const uint8_t *end = memchr(e->at, e->ends_in, (size_t)(e->end - e->at));

	require(number == ++e->number && text[len] == '\0');
	require(e->at < e->end && len == (size_t)((end ? end : e->end) - e->at) && !memcmp(text, e->at, len));
	e->at = end ? end + 1 : e->end;
	return number != e->stop;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct expected e = {.ends_in = '\n'};
	struct names_opts opts = {.path = "/proc/self/fd/100", .line = on_line, .ctx = &e};
	uint8_t *p;

	if (size < 1)
		return 0;
	if (fd < 0)
		fd = dup2(memfd_create("names", MFD_CLOEXEC), 100);
	require(fd == 100 && ftruncate(fd, 0) == 0);
	require(pwrite(fd, data + 1, size - 1, 0) == (ssize_t)(size - 1));
	p = exact_copy(data + 1, size - 1);
	e.at = p;
	e.end = p + size - 1;
	e.stop = data[0] >> 4;
	opts.nul = data[0] & 1;
	opts.detect = data[0] & 2;
	piece = data[0] & 12 ? (size_t)1 << (data[0] >> 2 & 3) * 2 : 0;
	if (opts.nul || (opts.detect && memchr(p, '\0', piece && piece < size - 1 ? piece : size - 1)))
		e.ends_in = '\0';
	require(names_read(&opts));
	require(e.at == e.end || e.number == e.stop);
	free(p);
	return 0;
}
