/* SPDX-License-Identifier: Apache-2.0 */
#include "fault.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define MOST   ((size_t)0x7ffff000) /* bytes of one write */

static enum fault_kind armed;
static long wanted;
static bool lasting;
static char root[512], report_path[512];
static atomic_long counted, live;
static atomic_bool hit;

/* ------------------------------------------------------------------ whose turn is it? */

static void report(void)
{
	long fd;

	if (atomic_exchange(&hit, true) || !report_path[0])
		return;
	fd = syscall(SYS_openat, AT_FDCWD, report_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		(void)syscall(SYS_close, fd);
}

/* Is this call the one? Every one counts, whether it fails or not. */
static bool turn(void)
{
	long n = atomic_fetch_add(&counted, 1) + 1;

	if (n != wanted && !(lasting && n > wanted))
		return false;
	report();
	return true;
}

static bool below(const char *path)
{
	size_t n = strlen(root);

	return !n || (!strncmp(path, root, n) && (!path[n] || path[n] == '/'));
}

static bool below_fd(int fd)
{
	char link[64], path[1024];
	long n;

	if (!root[0])
		return true;
	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
	path[n > 0 ? n : 0] = '\0';
	return below(path);
}

static bool below_at(int dir, const char *path)
{
	return *path == '/' || dir == AT_FDCWD ? below(path) : below_fd(dir);
}

static bool fails(enum fault_kind kind, int error)
{
	if (armed != kind || !turn())
		return false;
	errno = error;
	return true;
}

/* ------------------------------------------------------------------ arming */

EXPORT void fault_arm(enum fault_kind kind, long at, int stays, const char *folder)
{
	armed = FAULT_NONE;
	(void)snprintf(root, sizeof root, "%s", folder ? folder : "");
	wanted = at;
	lasting = stays;
	atomic_store(&counted, 0);
	atomic_store(&hit, false);
	armed = kind;
}

EXPORT int fault_hit(void)
{
	return atomic_load(&hit);
}

EXPORT long fault_live(void)
{
	return atomic_load(&live);
}

static int (*real_main)(int, char **, char **);

static int armed_main(int argc, char **argv, char **env)
{
	static const char *const names[FAULT_KINDS] = FAULT_NAMES;
	const char *kind = getenv("TUTELA_FAULT_KIND"), *at = getenv("TUTELA_FAULT_AT");
	const char *stays = getenv("TUTELA_FAULT_LASTING"), *path = getenv("TUTELA_FAULT_REPORT");

	(void)snprintf(report_path, sizeof report_path, "%s", path ? path : "");
	for (unsigned k = 1; kind && at && k < FAULT_KINDS; k++)
		if (!strcmp(kind, names[k]))
			fault_arm((enum fault_kind)k, strtol(at, NULL, 10), stays && *stays == '1',
				  getenv("TUTELA_FAULT_ROOT"));
	return real_main(argc, argv, env);
}

typedef int start_fn(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void),
		     void *);

/* What comes before main() belongs to the loader. */
EXPORT int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
			     void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
	start_fn *next = (start_fn *)dlsym(RTLD_NEXT, "__libc_start_main");

	real_main = main;
	return next(armed_main, argc, argv, init, fini, rtld_fini, stack_end);
}

/* ------------------------------------------------------------------ memory */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);
void __libc_free(void *p);

static void *took(void *p)
{
	if (p)
		atomic_fetch_add(&live, 1);
	return p;
}

EXPORT void *malloc(size_t n)
{
	return fails(FAULT_MEMORY, ENOMEM) ? NULL : took(__libc_malloc(n));
}

EXPORT void *calloc(size_t n, size_t size)
{
	return fails(FAULT_MEMORY, ENOMEM) ? NULL : took(__libc_calloc(n, size));
}

EXPORT void *realloc(void *p, size_t n)
{
	void *q;

	if ((n || !p) && fails(FAULT_MEMORY, ENOMEM))
		return NULL;
	q = __libc_realloc(p, n);
	if (!p)
		return took(q);
	if (!n)
		atomic_fetch_sub(&live, 1);
	return q;
}

EXPORT void *memalign(size_t align, size_t n)
{
	return fails(FAULT_MEMORY, ENOMEM) ? NULL : took(__libc_memalign(align, n));
}

EXPORT void *aligned_alloc(size_t align, size_t n)
{
	return memalign(align, n);
}

EXPORT int posix_memalign(void **out, size_t align, size_t n)
{
	int saved = errno;
	void *p = memalign(align, n);

	errno = saved;
	if (!p)
		return ENOMEM;
	*out = p;
	return 0;
}

EXPORT void free(void *p)
{
	if (p)
		atomic_fetch_sub(&live, 1);
	__libc_free(p);
}

/* ------------------------------------------------------------------ writing */

static size_t total(const struct iovec *v, int n)
{
	size_t len = 0;

	for (int i = 0; i < n; i++)
		len += v[i].iov_len;
	return len;
}

/* Write at most `len` bytes of v; offset -1: where the file stands. */
static ssize_t put(int fd, const struct iovec *v, int n, off_t offset, size_t len)
{
	ssize_t done = 0;

	for (int i = 0; i < n && (size_t)done < len; i++) {
		size_t part = v[i].iov_len < len - (size_t)done ? v[i].iov_len : len - (size_t)done;
		ssize_t k = offset < 0 ? syscall(SYS_write, fd, v[i].iov_base, part)
				       : syscall(SYS_pwrite64, fd, v[i].iov_base, part, offset + done);

		if (k < 0)
			return done ? done : -1;
		done += k;
		if ((size_t)k < part)
			break;
	}
	return done;
}

/* On a full disk what a file has already can be written anew. */
static bool grows(int fd, off_t offset, size_t len)
{
	struct stat st;
	off_t at = offset < 0 ? lseek(fd, 0, SEEK_CUR) : offset;

	return fstat(fd, &st) || at + (off_t)len > st.st_size;
}

static ssize_t write_any(int fd, const struct iovec *v, int n, off_t offset)
{
	size_t len = total(v, n);

	if (armed >= FAULT_WRITE && armed <= FAULT_FULL && below_fd(fd)) {
		enum fault_kind kind = armed;

		if (kind == FAULT_FULL && !grows(fd, offset, len))
			return put(fd, v, n, offset, MOST);
		if (turn()) {
			if (kind != FAULT_WRITE && !(kind == FAULT_FULL && atomic_load(&counted) > wanted))
				return put(fd, v, n, offset, len / 2);
			errno = kind == FAULT_WRITE ? EIO : ENOSPC;
			return -1;
		}
	}
	return put(fd, v, n, offset, MOST);
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
	return pwritev(fd, v, n, offset);
}

/* A full disk: nothing is left for what wants to be sure of its place. */
static bool is_full(void)
{
	return armed == FAULT_FULL && atomic_load(&hit);
}

EXPORT int fallocate(int fd, int mode, off_t offset, off_t len)
{
	if (is_full() && below_fd(fd)) {
		errno = ENOSPC;
		return -1;
	}
	return (int)syscall(SYS_fallocate, fd, mode, offset, len);
}

EXPORT int fstatvfs(int fd, struct statvfs *out)
{
	static int (*next)(int, struct statvfs *);
	int rc;

	if (!next)
		next = (int (*)(int, struct statvfs *))dlsym(RTLD_NEXT, "fstatvfs");
	rc = next(fd, out);
	if (!rc && is_full())
		out->f_bavail = out->f_bfree = 0;
	return rc;
}

/* ------------------------------------------------------------------ the rest of the system */

EXPORT int fsync(int fd)
{
	return below_fd(fd) && fails(FAULT_SYNC, EIO) ? -1 : (int)syscall(SYS_fsync, fd);
}

EXPORT int fdatasync(int fd)
{
	return below_fd(fd) && fails(FAULT_SYNC, EIO) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

EXPORT int msync(void *p, size_t n, int flags)
{
	return fails(FAULT_SYNC, EIO) ? -1 : (int)syscall(SYS_msync, p, n, flags);
}

EXPORT void *mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset)
{
	return fails(FAULT_MAP, ENOMEM) ? MAP_FAILED : (void *)syscall(SYS_mmap, at, n, prot, flags, fd, offset);
}

EXPORT void *mmap64(void *at, size_t n, int prot, int flags, int fd, off_t offset)
{
	return mmap(at, n, prot, flags, fd, offset);
}

EXPORT void *mremap(void *p, size_t from, size_t to, int flags, ...)
{
	return fails(FAULT_MAP, ENOMEM) ? MAP_FAILED : (void *)syscall(SYS_mremap, p, from, to, flags);
}

static int open_any(int dir, const char *path, int flags, mode_t mode)
{
	if (below_at(dir, path) && fails(FAULT_OPEN, EMFILE))
		return -1;
	return (int)syscall(SYS_openat, dir, path, flags, mode);
}

#include "open_calls.h"

EXPORT int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	if (below_at(to_dir, to) && fails(FAULT_NAME, EIO))
		return -1;
	return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
}

EXPORT int rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

EXPORT int unlinkat(int dir, const char *path, int flags)
{
	return below_at(dir, path) && fails(FAULT_NAME, EIO) ? -1 : (int)syscall(SYS_unlinkat, dir, path, flags);
}

EXPORT int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

EXPORT int mkdir(const char *path, mode_t mode)
{
	if (below(path) && fails(FAULT_NAME, EIO))
		return -1;
	return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

EXPORT int ftruncate(int fd, off_t len)
{
	return below_fd(fd) && fails(FAULT_NAME, EIO) ? -1 : (int)syscall(SYS_ftruncate, fd, len);
}

EXPORT int ftruncate64(int fd, off_t len)
{
	return ftruncate(fd, len);
}
