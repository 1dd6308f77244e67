/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In place of mmap and munmap in fuzzed code (see module.mk): memory that ends
 * where the mapping does, so that the address sanitizer sees one byte too far. A
 * real mapping is readable to the end of its page.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void *exact_mmap(void *where, size_t len, int protection, int flags, int fd, off_t from);
int exact_munmap(void *p, size_t len);

void *exact_mmap(void *where, size_t len, int protection, int flags, int fd, off_t from)
{
	void *p = NULL;

	(void)where;
	(void)protection;
	if (posix_memalign(&p, 4096, len)) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	if (flags & MAP_ANONYMOUS)
		memset(p, 0, len);
	else if (pread(fd, p, len, from) != (ssize_t)len)
		abort();
	return p;
}

int exact_munmap(void *p, size_t len)
{
	(void)len;
	free(p);
	return 0;
}
