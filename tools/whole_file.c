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

/* A device, a pipe, a link such as /dev/stdout: a rename would take its place. False, with a sentence said. */
static bool may_be_replaced(const char *path)
{
	struct stat st;

	if (lstat(path, &st) || S_ISREG(st.st_mode))
		return true;
	message_error(path, "is there and is no regular file, so that nothing takes its place; '-' is standard output");
	return false;
}

bool whole_file_begin(struct whole_file *w, const char *path)
{
	char text[64];
	int fd;

	w->error = 0;
	if (!may_be_replaced(path))
		return false;
	w->target = memory_text(path);
	w->temporary = memory_format("%s.XXXXXX", path);
	fd = mkostemp(w->temporary, O_CLOEXEC);
	w->out = fd < 0 ? NULL : fdopen(fd, "w");
	if (w->out)
		return true;
	message_error(path, "cannot make a file there: %s", printable_errno(errno, text));
	if (fd >= 0) {
		close(fd);
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
	errno = 0;
	if (fwrite(bytes, 1, len, w->out) == len)
		return true;
	if (!w->error)
		w->error = errno ? errno : EIO;
	return false;
}

bool whole_file_end(struct whole_file *w, bool keep)
{
	int error = w->error;
	char text[64];

	/* Whoever writes may have given up for this reason, and left it to be said here. */
	errno = 0;
	if ((keep || ferror(w->out)) && !error && (fflush(w->out) || ferror(w->out) || fsync(fileno(w->out))))
		error = errno ? errno : EIO;
	if (fclose(w->out) && keep && !error)
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
