/* SPDX-License-Identifier: Apache-2.0 */
/* Open and close a store. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/identity.h"
#include "store/place.h"
#include "store/view.h"

#define SMALLEST_DATA 8192 /* LMDB's two meta pages; it makes an empty database out of less */

static enum tutela_err new_store(const char *path, const struct tutela_store_opts *opts, struct tutela_store **out)
{
	struct tutela_store *s = tutela_mem_array(1, sizeof *s);

	*out = s;
	if (!s)
		return TUTELA_E_NOMEM;
	s->dir = -1;
	s->write = opts->write;
	s->resident = opts->resident;
	s->isa = opts->isa;
	if (pthread_mutex_init(&s->lock, NULL)) {
		free(s);
		*out = NULL;
		return TUTELA_E_NOMEM;
	}
	s->path = strdup(path);
	return s->path ? TUTELA_OK : TUTELA_E_NOMEM;
}

static enum tutela_err open_folder(struct tutela_store *s)
{
	s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir >= 0)
		return TUTELA_OK;
	if (errno == ENOENT)
		return tutela_store_fail(s, TUTELA_E_NOTFOUND, "'%s' does not exist", s->path);
	if (errno == ENOTDIR)
		return tutela_store_fail(s, TUTELA_E_NOTSTORE, "'%s' is not a folder", s->path);
	return tutela_store_fail(s, TUTELA_E_SYS, "'%s' cannot be opened: %s", s->path, strerror(errno));
}

/* LMDB would make what is missing: look first. */
static enum tutela_err check_data(struct tutela_store *s)
{
	struct stat st;

	if (fstatat(s->dir, DATA_FILE, &st, AT_SYMLINK_NOFOLLOW)) {
		if (errno != ENOENT)
			return tutela_store_fail_sys(s, "looking for 'data.mdb'");
		return tutela_store_fail(s, TUTELA_E_CORRUPT, "the store '%s' has lost its 'data.mdb'", s->path);
	}
	if (!S_ISREG(st.st_mode) || st.st_size < SMALLEST_DATA)
		return tutela_store_fail(s, TUTELA_E_CORRUPT, "'data.mdb' of the store '%s' is cut short", s->path);
	return TUTELA_OK;
}

static enum tutela_err check_state(struct tutela_store *s)
{
	struct state st;
	enum tutela_err err;
	struct txn *txn;

	err = tutela_env_begin(s, MDB_RDONLY, &txn);
	if (err)
		return err;
	err = tutela_env_state(s, txn, &st);
	tutela_env_abort(s, &txn);
	return err;
}

enum tutela_err tutela_store_open(const char *path, const struct tutela_store_opts *opts, struct tutela_store **out,
				  char *why, size_t why_len)
{
	static const struct tutela_store_opts defaults = {.size = sizeof defaults};
	struct tutela_store *s = NULL;
	enum tutela_err err;

	*out = NULL;
	if (why && why_len)
		*why = '\0';
	if (!path || !*path || (opts && opts->size != sizeof *opts))
		return TUTELA_E_ARG;
	if (!opts)
		opts = &defaults;
	err = new_store(path, opts, &s);
	if (!err)
		err = open_folder(s);
	if (!err)
		err = tutela_identity_check(s);
	if (!err)
		err = tutela_place_network(s, opts->allow_network);
	if (!err)
		err = tutela_place_private(s);
	if (!err)
		err = check_data(s);
	if (!err)
		err = tutela_env_open(s, opts->max_map, false);
	if (!err)
		err = check_state(s);
	if (!err) {
		*out = s;
		return TUTELA_OK;
	}
	if (why && why_len) {
		const char *text = tutela_store_errmsg(s);

		(void)snprintf(why, why_len, "%s", *text ? text : tutela_strerror(err));
	}
	tutela_store_close(s);
	return err;
}

void tutela_store_close(struct tutela_store *s)
{
	int saved = errno;

	if (!s)
		return;
	if (s->view)
		tutela_view_release(s, s->view);
	s->view = NULL;
	tutela_env_close(s);
	if (s->dir >= 0)
		(void)close(s->dir);
	tutela_store_fail_free(s);
	(void)pthread_mutex_destroy(&s->lock);
	free(s->path);
	free(s);
	errno = saved;
}
