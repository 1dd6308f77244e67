/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/staging.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "locate.h"
#include "memory.h"
#include "message.h"
#include "printable.h"

#define FOLDER    "staging"
#define LOCK_FILE "sync.lock"

static bool make(const char *path)
{
	struct stat st;
	char text[64];

	if (mkdir(path, 0700) && errno != EEXIST)
		message_error(path, "%s", printable_errno(errno, text));
	else if (lstat(path, &st))
		message_error(path, "%s", printable_errno(errno, text));
	else if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 0077)
		message_error(path, "not a folder of mode 0700 of this user");
	else
		return true;
	return false;
}

char *staging_make(const char *store, const char *source)
{
	char *base = locate_store(store), *all, *own;
	bool ok;

	if (!base)
		return NULL;
	all = memory_format("%s/" FOLDER, base);
	own = memory_format("%s/%s", all, source);
	ok = make(all) && make(own);
	free(base);
	free(all);
	if (!ok) {
		free(own);
		own = NULL;
	}
	return own;
}

/* Files alone: nobody makes folders there. */
static void empty(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *d;

	if (fd >= 0 && !dir)
		close(fd);
	while (dir && (d = readdir(dir)))
		if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
			(void)unlinkat(fd, d->d_name, 0);
	if (dir)
		closedir(dir);
}

void staging_remove(const char *store, const char *source)
{
	char *base = locate_store(store), *all, *own;

	if (!base)
		return;
	all = memory_format("%s/" FOLDER, base);
	own = memory_format("%s/%s", all, source);
	empty(own);
	(void)rmdir(own);
	(void)rmdir(all); /* the last one's */
	free(base);
	free(all);
	free(own);
}

static void say_held(const char *path, int fd)
{
	char text[24] = "";
	long process = pread(fd, text, sizeof(text) - 1, 0) > 0 ? strtol(text, NULL, 10) : 0;

	if (process > 0)
		message_error(path, "another sync of this store is running, process %ld", process);
	else
		message_error(path, "another sync of this store is running");
}

static bool lock(const char *path, int fd)
{
	struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char text[64];
	int len;

	if (fd < 0) {
		message_error(path, "%s", printable_errno(errno, text));
		return false;
	}
	if (fcntl(fd, F_OFD_SETLK, &all)) {
		if (errno == EAGAIN || errno == EACCES)
			say_held(path, fd);
		else
			message_error(path, "%s", printable_errno(errno, text));
		return false;
	}
	/* For people only: that it cannot be written (a full disk) is no reason to stop. */
	len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) || pwrite(fd, text, (size_t)len, 0) != len)
		return true;
	return true;
}

int staging_lock(const char *store)
{
	char *base = locate_store(store), *path;
	int fd;

	if (!base)
		return -1;
	path = memory_format("%s/" LOCK_FILE, base);
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (!lock(path, fd)) {
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	free(path);
	free(base);
	return fd;
}
