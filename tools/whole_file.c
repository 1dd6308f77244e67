/* SPDX-License-Identifier: Apache-2.0 */
#include "whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"
#include "message.h"
#include "printable.h"
#include "whole_bytes.h"

/* A device, a pipe, a link such as /dev/stdout: a rename would take its place. False, with a sentence said. */
static bool may_be_replaced(const char *path)
{
	struct stat st;

	if (lstat(path, &st) || S_ISREG(st.st_mode))
		return true;
	message_error(path, "is there and is no regular file, so that nothing takes its place; '-' is standard output");
	return false;
}

/* Why a write failed is known here alone: once its bytes are lost, stdio has nothing left to fail with. 0: failed. */
static ssize_t put(void *cookie, const char *bytes, size_t len)
{
	struct whole_file *w = cookie;

	if (whole_bytes_write(w->fd, bytes, len))
		return (ssize_t)len;
	if (!w->error)
		w->error = errno;
	return 0;
}

bool whole_file_begin(struct whole_file *w, const char *path)
{
	char text[64];

	w->error = 0;
	if (!may_be_replaced(path))
		return false;
	w->target = memory_text(path);
	w->temporary = memory_format("%s.XXXXXX", path);
	w->fd = mkostemp(w->temporary, O_CLOEXEC);
	w->out = w->fd < 0 ? NULL : fopencookie(w, "w", (cookie_io_functions_t){.write = put});
	if (w->out)
		return true;
	message_error(path, "cannot make a file there: %s", printable_errno(errno, text));
	if (w->fd >= 0) {
		close(w->fd);
		unlink(w->temporary);
	}
	free(w->target);
	free(w->temporary);
	return false;
}

/* The names in the folder that `path` is in are on the disk. 0 or errno. */
static int sync_folder(const char *path)
{
	char *copy = memory_text(path), *slash = strrchr(copy, '/');
	int fd, error = 0;

	if (slash)
		slash[slash == copy] = '\0';
	fd = open(slash ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Some file systems cannot sync folders (EINVAL); the file itself is synced. */
	if (fd >= 0 && fsync(fd) && errno != EINVAL)
		error = errno;
	if (fd >= 0)
		close(fd);
	free(copy);
	return error;
}

bool whole_file_write(struct whole_file *w, const void *bytes, size_t len)
{
	return fwrite(bytes, 1, len, w->out) == len;
}

bool whole_file_end(struct whole_file *w, bool keep)
{
	char text[64];
	int error;

	/* Whoever writes may have given up for its error, and left it to be said here. */
	fclose(w->out);
	error = w->error;
	if (keep && !error && fsync(w->fd))
		error = errno;
	if (close(w->fd) && keep && !error)
		error = errno;
	if (keep && !error && rename(w->temporary, w->target))
		error = errno;
	if (!keep || error)
		unlink(w->temporary);
	else
		error = sync_folder(w->target);
	if (error)
		message_error(w->target, "%s", printable_errno(error, text));
	free(w->target);
	free(w->temporary);
	return keep && !error;
}
