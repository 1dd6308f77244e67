/* SPDX-License-Identifier: Apache-2.0 */
/* Files of secret keys: made once, 0600, never overwritten; read only when nobody else can. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trust/key_text.h"
#include "trust/secret_key.h"

static enum tutela_err sys_error(void)
{
	return errno == ENOSPC || errno == EDQUOT ? TUTELA_E_DISKFULL
	       : errno == EEXIST                  ? TUTELA_E_EXISTS
						  : TUTELA_E_SYS;
}

/* The file's name must outlive a power cut too. */
static enum tutela_err sync_folder(const char *path)
{
	char *copy = strdup(path);
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	enum tutela_err err = TUTELA_OK;

	free(copy);
	if (fd < 0)
		return copy ? TUTELA_OK : TUTELA_E_NOMEM;
	/* Some file systems cannot: then there is nothing to wait for. */
	if (fsync(fd) && errno != EINVAL)
		err = sys_error();
	(void)close(fd);
	return err;
}

static enum tutela_err write_text(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600), saved;
	enum tutela_err err = TUTELA_OK;
	ssize_t n;

	if (fd < 0)
		return sys_error();
	n = write(fd, text, len);
	if (n >= 0 && (size_t)n < len)
		errno = ENOSPC;
	if (n != (ssize_t)len || fsync(fd))
		err = sys_error();
	saved = errno;
	if (close(fd) && !err) {
		saved = errno;
		err = sys_error();
	}
	if (err)
		(void)unlink(path);
	errno = saved;
	return err ? err : sync_folder(path);
}

enum tutela_err tutela_secret_key_write(const struct tutela_secret_key *key, const char *path, const char *passphrase)
{
	enum tutela_err err;
	char *text;

	if (!key || !path)
		return TUTELA_E_ARG;
	text = sodium_malloc(SECRET_FILE_MAX);
	if (!text)
		return TUTELA_E_NOMEM;
	err = tutela_secret_key_encode(key, passphrase, text);
	if (!err)
		err = write_text(path, text, strlen(text));
	sodium_free(text);
	return err;
}

enum tutela_err tutela_secret_key_read(const char *path, bool (*ask)(void *ctx, char *out), void *ctx,
				       struct tutela_secret_key **out)
{
	enum tutela_err err = TUTELA_OK;
	struct stat st;
	int fd, saved;
	size_t len = 0;
	char *text;

	*out = NULL;
	if (!path)
		return TUTELA_E_ARG;
	if (sodium_init() < 0)
		return TUTELA_E_NOMEM;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return TUTELA_E_SYS;
	text = sodium_malloc(SECRET_FILE_MAX);
	if (!text)
		err = TUTELA_E_NOMEM;
	else if (fstat(fd, &st))
		err = TUTELA_E_SYS;
	else if ((st.st_uid != geteuid() && st.st_uid != 0) || (S_ISREG(st.st_mode) && st.st_mode & 077))
		err = TUTELA_E_EXPOSED;
	else
		err = tutela_trust_read_fd(fd, text, SECRET_FILE_MAX, &len);
	if (err == TUTELA_E_TOOBIG)
		err = TUTELA_E_FORMAT;
	saved = errno;
	(void)close(fd);
	errno = saved;
	if (!err)
		err = tutela_secret_key_decode(text, len, ask, ctx, out);
	sodium_free(text);
	return err;
}
