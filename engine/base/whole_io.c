/* SPDX-License-Identifier: Apache-2.0 */
#include "base/whole_io.h"

#include <errno.h>
#include <unistd.h>

/* Largest count of one call: Linux cuts at 2 GiB. */
#define ONCE_MAX ((size_t)1 << 30)

static size_t once(size_t len)
{
	return len < ONCE_MAX ? len : ONCE_MAX;
}

ssize_t tutela_read_at(int fd, void *to, size_t len, uint64_t at)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, (uint8_t *)to + done, once(len - done), (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* Of a call that wrote n bytes; false when it failed, with errno. */
static bool wrote(ssize_t n, size_t *done)
{
	if (n == 0)
		errno = EIO;
	*done += n > 0 ? (size_t)n : 0;
	return n > 0 || (n < 0 && errno == EINTR);
}

bool tutela_write_at(int fd, const void *bytes, size_t len, uint64_t at)
{
	size_t done = 0;

	while (done < len)
		if (!wrote(pwrite(fd, (const uint8_t *)bytes + done, once(len - done), (off_t)(at + done)), &done))
			return false;
	return true;
}

bool tutela_write_whole(int fd, const void *bytes, size_t len)
{
	size_t done = 0;

	while (done < len)
		if (!wrote(write(fd, (const uint8_t *)bytes + done, once(len - done)), &done))
			return false;
	return true;
}
