/* SPDX-License-Identifier: Apache-2.0 */
/* The transport of a folder: a stick, a mount, the publisher's own. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tutela/bundle.h>

#include "base/mem.h"
#include "trust/bundle_format.h"

#define BLOCK 65536

static enum tutela_err copy(int fd, uint64_t most, enum tutela_err (*write)(void *to, const void *bytes, size_t len),
			    void *to)
{
	uint8_t *block = tutela_mem_array(BLOCK, 1);
	enum tutela_err err = block ? TUTELA_OK : TUTELA_E_NOMEM;
	ssize_t n = 1;

	while (!err && most && n) {
		n = read(fd, block, most < BLOCK ? (size_t)most : BLOCK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err = TUTELA_E_SYS;
			break;
		}
		most -= (uint64_t)n;
		err = n ? write(to, block, (size_t)n) : TUTELA_OK;
	}
	free(block);
	return err;
}

enum tutela_err tutela_bundle_folder_get(void *ctx, const char *name, uint64_t offset, uint64_t most,
					 enum tutela_err (*write)(void *to, const void *bytes, size_t len), void *to)
{
	int dir = open(ctx, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd, saved;
	enum tutela_err err = TUTELA_E_SYS;
	struct stat st;

	if (dir < 0)
		return TUTELA_E_SYS;
	/* The folder may be anybody's: no links out of it, and nothing that makes a reader wait. */
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	saved = errno;
	(void)close(dir);
	if (fd < 0) {
		errno = saved;
		return saved == ENOENT ? TUTELA_E_NOTFOUND : saved == ELOOP ? TUTELA_E_REFUSED : TUTELA_E_SYS;
	}
	if (!fstat(fd, &st) && !S_ISREG(st.st_mode))
		err = TUTELA_E_REFUSED;
	else if (lseek(fd, (off_t)offset, SEEK_SET) >= 0)
		err = copy(fd, most, write, to);
	saved = errno;
	(void)close(fd);
	errno = saved;
	return err;
}
