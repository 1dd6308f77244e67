/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Make a store. The order makes every interruption harmless: first TUTELA.new,
 * which marks the folder as ours, last its rename to TUTELA. A folder with
 * TUTELA.new and nothing that is not ours may be begun anew.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/audit_log.h"
#include "store/identity.h"
#include "store/place.h"
#include "store/writer_lock.h"

static bool is_ours(const char *name)
{
	return !strcmp(name, IDENTITY_NEW) || !strcmp(name, DATA_FILE) || !strcmp(name, "lock.mdb") ||
	       !strcmp(name, LOCK_FILE);
}

/* TUTELA_E_NOTSTORE when the folder holds anything but an unfinished create of ours. */
static enum tutela_err check_empty(int dir)
{
	bool others = false, any = false, marked = false;
	struct dirent *d;
	DIR *stream;
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	stream = copy < 0 ? NULL : fdopendir(copy);
	if (!stream) {
		if (copy >= 0)
			(void)close(copy);
		return TUTELA_E_SYS;
	}
	while ((d = readdir(stream))) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		any = true;
		others |= !is_ours(d->d_name);
		marked |= !strcmp(d->d_name, IDENTITY_NEW);
	}
	(void)closedir(stream);
	return others || (any && !marked) ? TUTELA_E_NOTSTORE : TUTELA_OK;
}

static enum tutela_err sys_error(void)
{
	return errno == EROFS                       ? TUTELA_E_READONLY
	       : errno == ENOSPC || errno == EDQUOT ? TUTELA_E_DISKFULL
	       : errno == ENOMEM                    ? TUTELA_E_NOMEM
						    : TUTELA_E_SYS;
}

static enum tutela_err prepare_folder(struct tutela_store *s, bool allow_network)
{
	enum tutela_err err;

	if (mkdir(s->path, 0700) && errno != EEXIST)
		return errno == ENOTDIR ? TUTELA_E_NOTSTORE : sys_error();
	s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		return errno == ENOTDIR ? TUTELA_E_NOTSTORE : sys_error();
	if (!faccessat(s->dir, IDENTITY_FILE, F_OK, AT_SYMLINK_NOFOLLOW))
		return TUTELA_E_EXISTS;
	err = check_empty(s->dir);
	if (!err)
		err = tutela_place_network(s, allow_network);
	if (!err)
		err = tutela_place_owner(s);
	/* The folder may have been there, for all to read; what it is to hold is not. */
	if (!err && fchmod(s->dir, 0700))
		err = sys_error();
	return err;
}

static enum tutela_err write_identity(struct tutela_store *s)
{
	char text[32];
	int len = snprintf(text, sizeof text, "tutela store %u\n", SCHEMA_VERSION);
	int fd = openat(s->dir, IDENTITY_NEW, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	ssize_t n;
	int rc;

	if (fd < 0)
		return sys_error();
	n = write(fd, text, (size_t)len);
	if (n >= 0 && n < len)
		errno = ENOSPC;
	rc = n == len ? fsync(fd) : -1;
	if (close(fd) || rc)
		return sys_error();
	return fsync(s->dir) ? sys_error() : TUTELA_OK;
}

static enum tutela_err first_state(struct tutela_store *s)
{
	struct state st = {.next_entry = 1, .next_list = 1, .next_segment = 1, .purge_from = 1, .created = time(NULL)};
	char uuid[37];
	enum tutela_err err;
	struct txn *txn;

	if (getrandom(st.uuid, sizeof st.uuid, 0) != (ssize_t)sizeof st.uuid)
		return TUTELA_E_SYS;
	/* RFC 4122, version 4 */
	st.uuid[6] = (uint8_t)((st.uuid[6] & 0x0f) | 0x40);
	st.uuid[8] = (uint8_t)((st.uuid[8] & 0x3f) | 0x80);
	tutela_schema_uuid_text(st.uuid, uuid);
	err = tutela_env_begin(s, 0, &txn);
	if (err)
		return err;
	err = tutela_env_set_state(s, txn, &st);
	if (!err)
		err = tutela_audit_add(s, txn, &(struct audit_event){.action = "create", .store = uuid});
	if (!err)
		return tutela_env_commit(s, &txn);
	tutela_env_abort(s, &txn);
	return err;
}

/* The parent's entry for the new folder must survive a power cut too. */
static enum tutela_err sync_parent(const struct tutela_store *s)
{
	int fd = openat(s->dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum tutela_err err = TUTELA_OK;

	if (fd < 0)
		return errno == EACCES ? TUTELA_OK : sys_error();
	if (fsync(fd))
		err = sys_error();
	(void)close(fd);
	return err;
}

static enum tutela_err fill_folder(struct tutela_store *s)
{
	enum tutela_err err;

	(void)unlinkat(s->dir, DATA_FILE, 0);
	(void)unlinkat(s->dir, "lock.mdb", 0);
	err = tutela_env_open(s, 0, true);
	if (!err)
		err = first_state(s);
	if (!err)
		err = tutela_env_sync_dir(s);
	if (err)
		return err;
	if (renameat(s->dir, IDENTITY_NEW, s->dir, IDENTITY_FILE))
		return sys_error();
	err = tutela_env_sync_dir(s);
	return err ? err : sync_parent(s);
}

enum tutela_err tutela_store_create(const char *path)
{
	return tutela_store_create_with(path, NULL);
}

enum tutela_err tutela_store_create_with(const char *path, const struct tutela_store_opts *opts)
{
	struct tutela_store s = {.dir = -1, .write = true};
	enum tutela_err err;
	int lock = -1, saved;

	if (!path || !*path || (opts && opts->size != sizeof *opts))
		return TUTELA_E_ARG;
	if (pthread_mutex_init(&s.lock, NULL))
		return TUTELA_E_NOMEM;
	s.path = strdup(path);
	err = s.path ? prepare_folder(&s, opts && opts->allow_network) : TUTELA_E_NOMEM;
	if (!err)
		err = write_identity(&s);
	if (!err)
		err = tutela_writer_lock(&s, &lock);
	/* Somebody may have made it while this process waited for its turn. */
	if (!err && !faccessat(s.dir, IDENTITY_FILE, F_OK, AT_SYMLINK_NOFOLLOW)) {
		(void)unlinkat(s.dir, IDENTITY_NEW, 0);
		err = TUTELA_E_EXISTS;
	}
	if (!err)
		err = fill_folder(&s);
	saved = errno;
	tutela_env_close(&s);
	tutela_writer_unlock(&lock);
	if (s.dir >= 0)
		(void)close(s.dir);
	tutela_store_fail_free(&s);
	(void)pthread_mutex_destroy(&s.lock);
	free(s.path);
	errno = saved;
	return err;
}
