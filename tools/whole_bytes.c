/* SPDX-License-Identifier: Apache-2.0 */
#include "whole_bytes.h"

#include <errno.h>
#include <unistd.h>

/* What one call moved; 0: nothing, try again. False: it failed, or did nothing where it had to. */
static bool moved(ssize_t n, int nothing, size_t *step)
{
	*step = n > 0 ? (size_t)n : 0;
	if (n < 0)
		return errno == EINTR;
	if (!n)
		errno = nothing;
	return n > 0;
}

bool whole_bytes_write(int fd, const void *bytes, size_t len)
{
	size_t n;

	for (const char *p = bytes; len; p += n, len -= n)
		if (!moved(write(fd, p, len), EIO, &n))
			return false;
	return true;
}

bool whole_bytes_write_at(int fd, const void *bytes, size_t len, uint64_t at)
{
	size_t n;

	for (const char *p = bytes; len; p += n, at += n, len -= n)
		if (!moved(pwrite(fd, p, len, (off_t)at), EIO, &n))
			return false;
	return true;
}

bool whole_bytes_read_at(int fd, void *bytes, size_t len, uint64_t at)
{
	size_t n;

	for (char *p = bytes; len; p += n, at += n, len -= n)
		if (!moved(pread(fd, p, len, (off_t)at), 0, &n))
			return false;
	return true;
}
