/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interrupt.h"
#include "memory.h"
#include "printable.h"

#define BLOCK    65536
#define NAME_LEN 200

struct folder {
	int fd;
	char *path;
	char error[512];
};

__attribute__((format(printf, 3, 4))) static enum tutela_err fail(struct folder *f, enum tutela_err err,
								  const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(f->error, sizeof(f->error), format, ap);
	va_end(ap);
	return err;
}

const char *folder_errmsg(const struct folder *f)
{
	return f->error;
}

struct folder *folder_open(const char *path, char *why, size_t why_len)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct folder *f;
	char text[64];

	*why = '\0';
	if (fd < 0) {
		(void)snprintf(why, why_len, "'%s': %s", path, printable_errno(errno, text));
		return NULL;
	}
	f = memory_array(1, sizeof(*f));
	f->fd = fd;
	f->path = memory_text(path);
	return f;
}

void folder_close(struct folder *f)
{
	if (!f)
		return;
	close(f->fd);
	free(f->path);
	free(f);
}

bool folder_name_plain(const char *name)
{
	size_t n = 0;

	for (; name[n]; n++) {
		char c = name[n];
		bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (n == NAME_LEN || (!word && !strchr("._-", c)))
			return false;
	}
	return n && name[0] != '.';
}

/* Of a name that is plain. NOFOLLOW and NONBLOCK: a link or a pipe of that name is not opened, nor waited for. */
static enum tutela_err open_file(struct folder *f, const char *name, int *fd, struct stat *st)
{
	char text[64];

	*fd = openat(f->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (*fd < 0 && errno == ENOENT)
		return fail(f, TUTELA_E_NOTFOUND, "'%s/%s': there is no such file", f->path, name);
	if (*fd < 0 && (errno == ELOOP || errno == ENXIO))
		return fail(f, TUTELA_E_REFUSED, "'%s/%s': not a regular file", f->path, name);
	if (*fd < 0 || fstat(*fd, st))
		return fail(f, TUTELA_E_SYS, "'%s/%s': %s", f->path, name, printable_errno(errno, text));
	if (!S_ISREG(st->st_mode))
		return fail(f, TUTELA_E_REFUSED, "'%s/%s': not a regular file", f->path, name);
	return TUTELA_OK;
}

static enum tutela_err too_big(struct folder *f, const char *name, uint64_t most)
{
	return fail(f, TUTELA_E_TOOBIG, "'%s/%s': the file is longer than the %llu bytes it may have", f->path, name,
		    (unsigned long long)most);
}

/* The size is not believed: a file may grow while it is read. */
static enum tutela_err copy(struct folder *f, const char *name, int fd, uint64_t at, uint64_t most,
			    enum tutela_err (*write)(void *to, const void *bytes, size_t len), void *to)
{
	char *block = memory_array(BLOCK, 1), text[64];
	enum tutela_err err = TUTELA_OK;
	ssize_t n = 1;

	while (!err && n > 0) {
		n = pread(fd, block, BLOCK, (off_t)at);
		if (n < 0)
			err = fail(f, TUTELA_E_SYS, "'%s/%s': %s", f->path, name, printable_errno(errno, text));
		else if (interrupt_asked())
			err = fail(f, TUTELA_E_INTERRUPTED, "interrupted");
		else if (n && (uint64_t)n > most - at)
			err = too_big(f, name, most);
		else if (n)
			err = write(to, block, (size_t)n);
		at += n > 0 ? (uint64_t)n : 0;
	}
	free(block);
	return err;
}

enum tutela_err folder_fetch(struct folder *f, const char *name, uint64_t offset, uint64_t most,
			     enum tutela_err (*write)(void *to, const void *bytes, size_t len), void *to)
{
	enum tutela_err err;
	struct stat st;
	int fd = -1;

	f->error[0] = '\0';
	if (!folder_name_plain(name))
		return fail(f, TUTELA_E_ARG, "a file's name is not plain letters, digits, '.', '_' and '-'");
	err = open_file(f, name, &fd, &st);
	if (!err && (uint64_t)st.st_size > most)
		err = too_big(f, name, most);
	if (!err && offset < (uint64_t)st.st_size)
		err = copy(f, name, fd, offset, most, write, to);
	if (fd >= 0)
		close(fd);
	return err;
}
