/* SPDX-License-Identifier: Apache-2.0 */
#include "store/writer_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct flock whole_file(short type)
{
	return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

/* The process number in the file, 0 when there is none. */
static long holder(int fd)
{
	char text[24] = "";
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	return n > 0 ? strtol(text, NULL, 10) : 0;
}

static enum tutela_err busy(struct tutela_store *s, int fd)
{
	long process = holder(fd);

	if (process > 0)
		return tutela_store_fail(s, TUTELA_E_BUSY, "'%s' is being written by process %ld", s->path, process);
	return tutela_store_fail(s, TUTELA_E_BUSY, "'%s' is being written by another process", s->path);
}

enum tutela_err tutela_writer_lock(struct tutela_store *s, int *fd)
{
	struct flock all = whole_file(F_WRLCK);
	enum tutela_err err;
	char text[24];
	int len;

	*fd = openat(s->dir, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return tutela_store_fail_sys(s, "opening 'writer.lock'");
	if (fcntl(*fd, F_OFD_SETLK, &all)) {
		err = errno == EAGAIN || errno == EACCES ? busy(s, *fd)
							 : tutela_store_fail_sys(s, "locking 'writer.lock'");
		(void)close(*fd);
		*fd = -1;
		return err;
	}
	/* For people only: that it cannot be written (a full disk) is no reason to stop. */
	len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
	if (ftruncate(*fd, 0) || pwrite(*fd, text, (size_t)len, 0) != len)
		return TUTELA_OK;
	return TUTELA_OK;
}

void tutela_writer_unlock(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

bool tutela_writer_locked(const struct tutela_store *s)
{
	struct flock all = whole_file(F_WRLCK);
	int fd = openat(s->dir, LOCK_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool held;

	if (fd < 0)
		return false;
	held = !fcntl(fd, F_OFD_GETLK, &all) && all.l_type != F_UNLCK;
	(void)close(fd);
	return held;
}
