/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

int tutela_input_read_only(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	char path[32];

	if (flags < 0)
		return -1;
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return fd;
	case O_RDWR:
		break;
	default:
		errno = EBADF;
		return -1;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (flags & O_NOATIME));
}

static int fill(int fd, const char *bytes, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = write(fd, bytes + at, len - at);

		if (n < 0 && errno != EINTR)
			return -1;
		at += n > 0 ? (size_t)n : 0;
	}
	return fcntl(fd, F_ADD_SEALS, SEALS);
}

int tutela_input_sealed(const void *bytes, size_t len)
{
	int fd = memfd_create("tutela-input", MFD_CLOEXEC | MFD_ALLOW_SEALING), error;

	if (fd < 0 || fill(fd, bytes, len) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}
