/* SPDX-License-Identifier: Apache-2.0 */
/* A preloaded library that writes down what a process does to the files below a folder; see trace.h. */
#include "trace.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define ROOM   1024

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;

static const char *root_folder(void)
{
	const char *s = getenv(TRACE_ROOT);

	return s ? s : "/nowhere";
}

/* A record that cannot be written makes the trace useless: end. */
static void put_record(struct trace_head *h, const char *name, const char *second, const struct iovec *data, int n,
		       size_t len)
{
	struct iovec v[3] = {
		{h, sizeof *h}, {(void *)(size_t)name, h->name_len}, {(void *)(size_t)second, h->second_len}};
	bool ok;

	(void)pthread_mutex_lock(&lock);
	if (log_fd < 0)
		log_fd = (int)syscall(SYS_openat, AT_FDCWD, getenv(TRACE_FILE),
				      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	ok = syscall(SYS_writev, log_fd, v, 3) == (long)(sizeof *h + h->name_len + h->second_len);
	for (int i = 0; i < n && len && ok; i++) {
		size_t part = data[i].iov_len < len ? data[i].iov_len : len;

		ok = syscall(SYS_write, log_fd, data[i].iov_base, part) == (long)part;
		len -= part;
	}
	(void)pthread_mutex_unlock(&lock);
	if (!ok)
		abort();
}

static void put(enum trace_kind kind, uint64_t file, uint64_t folder, const char *name, uint64_t len)
{
	struct trace_head h = {.kind = kind, .file = file, .folder = folder, .len = len};

	h.name_len = name ? (uint32_t)strlen(name) : 0;
	put_record(&h, name, NULL, NULL, 0, 0);
}

/* ------------------------------------------------------------------ which file? */

static bool below(const char *path)
{
	const char *root = root_folder();
	size_t n = strlen(root);

	return !strncmp(path, root, n) && (!path[n] || path[n] == '/');
}

static bool below_fd(int fd)
{
	char link[64], path[ROOM];
	long n;

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
	path[n > 0 ? n : 0] = '\0';
	return below(path);
}

static uint64_t inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

/* The folder that a path lies in, 0 when it is none of ours, and its last name. */
static uint64_t folder_of(int dir, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char parent[ROOM];
	struct stat st;

	*name = slash ? slash + 1 : path;
	if (!(*path == '/' ? below(path) : dir != AT_FDCWD && below_fd(dir)))
		return 0;
	if (!slash)
		return inode(dir);
	(void)snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path);
	return fstatat(dir, parent, &st, 0) ? 0 : st.st_ino;
}

static uint64_t inode_at(int dir, const char *path)
{
	struct stat st;

	return fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) ? 0 : st.st_ino;
}

/* ------------------------------------------------------------------ opening */

static int open_any(int dir, const char *path, int flags, mode_t mode)
{
	const char *name;
	uint64_t folder = folder_of(dir, path, &name);
	bool there = folder && inode_at(dir, path);
	int fd = (int)syscall(SYS_openat, dir, path, flags, mode);

	if (fd < 0 || !folder)
		return fd;
	if ((flags & O_TMPFILE) == O_TMPFILE)
		put(TRACE_OTHER, 0, folder, "O_TMPFILE", 0);
	else if (flags & O_CREAT && !there)
		put(TRACE_MAKE, inode(fd), folder, name, 0);
	else if (flags & O_TRUNC)
		put(TRACE_LENGTH, inode(fd), folder, NULL, 0);
	return fd;
}

#include "open_calls.h"

/* ------------------------------------------------------------------ writing */

static ssize_t write_any(int fd, const struct iovec *v, int n, off_t offset)
{
	int flags = fcntl(fd, F_GETFL);
	off_t at = offset;
	ssize_t done;

	if (offset < 0)
		at = lseek(fd, 0, flags & O_APPEND ? SEEK_END : SEEK_CUR);
	done = offset < 0 ? syscall(SYS_writev, fd, v, n) : syscall(SYS_pwritev, fd, v, n, offset, 0L);
	if (done > 0 && below_fd(fd)) {
		struct trace_head h = {.kind = TRACE_WRITE,
				       .synced = !!(flags & O_DSYNC),
				       .file = inode(fd),
				       .offset = (uint64_t)at,
				       .len = (uint64_t)done};

		put_record(&h, NULL, NULL, v, n, (size_t)done);
	}
	return done;
}

EXPORT ssize_t write(int fd, const void *p, size_t n)
{
	struct iovec v = {(void *)(size_t)p, n};

	return write_any(fd, &v, 1, -1);
}

EXPORT ssize_t pwrite(int fd, const void *p, size_t n, off_t offset)
{
	struct iovec v = {(void *)(size_t)p, n};

	return write_any(fd, &v, 1, offset);
}

EXPORT ssize_t pwrite64(int fd, const void *p, size_t n, off_t offset)
{
	return pwrite(fd, p, n, offset);
}

EXPORT ssize_t writev(int fd, const struct iovec *v, int n)
{
	return write_any(fd, v, n, -1);
}

EXPORT ssize_t pwritev(int fd, const struct iovec *v, int n, off_t offset)
{
	return write_any(fd, v, n, offset);
}

EXPORT ssize_t pwritev64(int fd, const struct iovec *v, int n, off_t offset)
{
	return write_any(fd, v, n, offset);
}

static int changed(int rc, int fd, enum trace_kind kind, off_t len)
{
	if (!rc && below_fd(fd))
		put(kind, inode(fd), 0, NULL, (uint64_t)len);
	return rc;
}

EXPORT int ftruncate(int fd, off_t len)
{
	return changed((int)syscall(SYS_ftruncate, fd, len), fd, TRACE_LENGTH, len);
}

EXPORT int ftruncate64(int fd, off_t len)
{
	return ftruncate(fd, len);
}

EXPORT int fallocate(int fd, int mode, off_t offset, off_t len)
{
	int rc = (int)syscall(SYS_fallocate, fd, mode, offset, len);

	if (!rc && mode && below_fd(fd))
		put(TRACE_OTHER, inode(fd), 0, "fallocate with a mode", 0);
	return changed(rc, fd, TRACE_ALLOCATE, offset + len);
}

EXPORT int fallocate64(int fd, int mode, off_t offset, off_t len)
{
	return fallocate(fd, mode, offset, len);
}

EXPORT int posix_fallocate(int fd, off_t offset, off_t len)
{
	return fallocate(fd, 0, offset, len);
}

EXPORT int fsync(int fd)
{
	return changed((int)syscall(SYS_fsync, fd), fd, TRACE_SYNC, 0);
}

EXPORT int fdatasync(int fd)
{
	return changed((int)syscall(SYS_fdatasync, fd), fd, TRACE_SYNC, 0);
}

EXPORT void *mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset)
{
	if (fd >= 0 && flags & MAP_SHARED && prot & PROT_WRITE && below_fd(fd))
		put(TRACE_MAPPED, inode(fd), 0, NULL, n);
	return (void *)syscall(SYS_mmap, at, n, prot, flags, fd, offset);
}

EXPORT void *mmap64(void *at, size_t n, int prot, int flags, int fd, off_t offset)
{
	return mmap(at, n, prot, flags, fd, offset);
}

/* ------------------------------------------------------------------ names */

EXPORT int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	const char *old, *new;
	uint64_t folder = folder_of(from_dir, from, &old), other = folder_of(to_dir, to, &new);
	uint64_t file = inode_at(from_dir, from);
	int rc = (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
	struct trace_head h = {.kind = TRACE_RENAME, .file = file, .folder = folder};

	if (rc || (!folder && !other))
		return rc;
	if (folder != other) {
		put(TRACE_OTHER, file, folder, "rename from folder to folder", 0);
		return rc;
	}
	h.name_len = (uint32_t)strlen(old);
	h.second_len = (uint32_t)strlen(new);
	put_record(&h, old, new, NULL, 0, 0);
	return rc;
}

EXPORT int rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

EXPORT int unlinkat(int dir, const char *path, int flags)
{
	const char *name;
	uint64_t folder = folder_of(dir, path, &name), file = inode_at(dir, path);
	int rc = (int)syscall(SYS_unlinkat, dir, path, flags);

	if (!rc && folder)
		put(TRACE_UNLINK, file, folder, name, 0);
	return rc;
}

EXPORT int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

EXPORT int mkdirat(int dir, const char *path, mode_t mode)
{
	const char *name;
	uint64_t folder = folder_of(dir, path, &name);
	int rc = (int)syscall(SYS_mkdirat, dir, path, mode);

	if (!rc && folder)
		put(TRACE_FOLDER, inode_at(dir, path), folder, name, 0);
	return rc;
}

EXPORT int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

/* ------------------------------------------------------------------ what would need to be understood first */

static long other(long rc, int fd, const char *what)
{
	if (rc >= 0 && below_fd(fd))
		put(TRACE_OTHER, inode(fd), 0, what, 0);
	return rc;
}

EXPORT ssize_t copy_file_range(int in, off_t *in_at, int out, off_t *out_at, size_t len, unsigned flags)
{
	return other(syscall(SYS_copy_file_range, in, in_at, out, out_at, len, flags), out, "copy_file_range");
}

EXPORT ssize_t sendfile(int out, int in, off_t *at, size_t len)
{
	return other(syscall(SYS_sendfile, out, in, at, len), out, "sendfile");
}

EXPORT int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	const char *name;
	int rc = (int)syscall(SYS_linkat, from_dir, from, to_dir, to, flags);

	if (!rc && folder_of(to_dir, to, &name))
		put(TRACE_OTHER, 0, 0, "link", 0);
	return rc;
}
