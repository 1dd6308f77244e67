/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/whole_io.h"
#include "trust/publish.h"

/* No name in a bundle begins with a dot. */
#define TEMPORARY ".publish.tmp"

enum tutela_err tutela_publish_fail_sys(struct publish_folder *f, const char *what, const char *name)
{
	char text[128];
	int e = errno;
	enum tutela_err err = e == ENOSPC || e == EDQUOT ? TUTELA_E_DISKFULL : TUTELA_E_SYS;

	(void)tutela_bundle_fail(f->why, err, "%s '%s': %s", what, name, strerror_r(e, text, sizeof text));
	errno = e;
	return err;
}

enum tutela_err tutela_publish_open(struct publish_folder *f, const char *path)
{
	union {
		const char *in;
		void *out;
	} ctx = {.in = path};

	memset(f, 0, sizeof *f);
	f->path = path;
	f->dir = -1;
	f->transport = (struct tutela_bundle_transport){tutela_bundle_folder_get, ctx.out};
	f->fetch = (struct bundle_fetch){.transport = &f->transport, .why = f->why};
	if (mkdir(path, 0755) && errno != EEXIST)
		return tutela_publish_fail_sys(f, "making the folder", path);
	f->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->dir < 0)
		return tutela_publish_fail_sys(f, "opening the folder", path);
	if (!flock(f->dir, LOCK_EX | LOCK_NB))
		return TUTELA_OK;
	if (errno == EWOULDBLOCK)
		return tutela_bundle_fail(f->why, TUTELA_E_BUSY, "another process publishes to '%s'", path);
	return tutela_publish_fail_sys(f, "locking the folder", path);
}

void tutela_publish_close(struct publish_folder *f)
{
	tutela_bundle_index_free(&f->index);
	if (f->dir >= 0)
		(void)close(f->dir);
	f->dir = -1;
}

/* ------------------------------------------------------------------ reading */

static enum tutela_err load_root(struct publish_folder *f, uint64_t version)
{
	struct bundle_role before = f->root.root;
	char name[40], *bytes;
	enum tutela_err err;
	size_t len;

	(void)sprintf(name, "root.%" PRIu64 ".json", version);
	err = tutela_bundle_get_text(&f->fetch, name, BUNDLE_ROOT_MAX, &bytes, &len);
	if (err)
		return err;
	err = tutela_bundle_root_parse(bytes, len, name, &f->root, f->why);
	if (!err && f->root.version != version)
		err = tutela_bundle_fail(f->why, TUTELA_E_REFUSED, "'%s' says that it is another version", name);
	if (!err)
		err = tutela_bundle_verify(&f->fetch, name, name, bytes, len, &f->root.root);
	/* As a subscriber will see it: somebody who can write into the folder must not name keys. */
	if (!err && f->root_version)
		err = tutela_bundle_verify(&f->fetch, name, name, bytes, len, &before);
	free(bytes);
	if (!err)
		f->root_version = version;
	return err;
}

static enum tutela_err load_index(struct publish_folder *f)
{
	char stem[BUNDLE_STEM_MAX], *bytes;
	enum tutela_err err;
	size_t len;

	err = tutela_bundle_get_text(&f->fetch, BUNDLE_INDEX_NAME, BUNDLE_INDEX_MAX, &bytes, &len);
	if (err == TUTELA_E_NOTFOUND) {
		*f->why = '\0';
		return TUTELA_OK;
	}
	if (err)
		return err;
	tutela_bundle_sha256(bytes, len, f->index_sha256);
	tutela_bundle_index_stem(f->index_sha256, stem);
	err = tutela_bundle_verify(&f->fetch, stem, BUNDLE_INDEX_NAME, bytes, len, &f->root.lists);
	if (!err)
		err = tutela_bundle_index_parse(bytes, len, BUNDLE_INDEX_NAME, &f->index, f->why);
	free(bytes);
	f->has_index = !err;
	return err;
}

enum tutela_err tutela_publish_load(struct publish_folder *f)
{
	enum tutela_err err = TUTELA_OK;

	while (!err)
		err = load_root(f, f->root_version + 1);
	if (err != TUTELA_E_NOTFOUND)
		return err;
	*f->why = '\0';
	return f->root_version ? load_index(f) : TUTELA_OK;
}

enum tutela_err tutela_publish_manifest(struct publish_folder *f, const struct bundle_row *row,
					struct bundle_manifest *out)
{
	uint8_t sha[BUNDLE_SHA_LEN];
	enum tutela_err err;
	char *bytes;
	size_t len;

	err = tutela_bundle_get_text(&f->fetch, row->manifest, BUNDLE_MANIFEST_MAX, &bytes, &len);
	if (err)
		return err;
	tutela_bundle_sha256(bytes, len, sha);
	if (memcmp(sha, row->sha256, sizeof sha))
		err = tutela_bundle_fail(f->why, TUTELA_E_REFUSED, "'%s' is not the manifest that the index names",
					 row->manifest);
	if (!err)
		err = tutela_bundle_verify(&f->fetch, row->manifest, row->manifest, bytes, len, &f->root.lists);
	if (!err)
		err = tutela_bundle_manifest_parse(bytes, len, row->manifest, out, f->why);
	free(bytes);
	return err;
}

/* ------------------------------------------------------------------ writing */

bool tutela_publish_taken(const struct publish_folder *f, const char *name)
{
	return !faccessat(f->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) || errno != ENOENT;
}

enum tutela_err tutela_publish_settle(struct publish_folder *f)
{
	return fsync(f->dir) ? tutela_publish_fail_sys(f, "syncing the folder", f->path) : TUTELA_OK;
}

int tutela_publish_temporary(struct publish_folder *f, const char *name)
{
	if (unlinkat(f->dir, name, 0) && errno != ENOENT)
		return -1;
	return openat(f->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
}

enum tutela_err tutela_publish_write(struct publish_folder *f, const char *name, const void *bytes, size_t len)
{
	int fd = tutela_publish_temporary(f, TEMPORARY);
	bool ok;

	if (fd < 0)
		return tutela_publish_fail_sys(f, "writing", name);
	ok = tutela_write_whole(fd, bytes, len) && !fsync(fd);
	if (!ok) {
		enum tutela_err err = tutela_publish_fail_sys(f, "writing", name);

		(void)close(fd);
		(void)unlinkat(f->dir, TEMPORARY, 0);
		return err;
	}
	if (close(fd) || renameat(f->dir, TEMPORARY, f->dir, name))
		return tutela_publish_fail_sys(f, "writing", name);
	return TUTELA_OK;
}

enum tutela_err tutela_publish_sign(struct publish_folder *f, const char *stem, const char *plain, const char *bytes,
				    size_t len, const char *comment, size_t n_keys,
				    const struct tutela_secret_key *const *keys)
{
	char name[BUNDLE_STEM_MAX], text[TUTELA_SIGNATURE_MAX];
	enum tutela_err err = TUTELA_OK;

	for (size_t i = 0; i < n_keys && !err; i++) {
		struct tutela_public_key pub;

		tutela_secret_key_public(keys[i], &pub);
		tutela_bundle_signature_name(stem, &pub, name);
		err = tutela_sign(keys[i], bytes, len, comment, text);
		if (!err)
			err = tutela_publish_write(f, name, text, strlen(text));
		if (!err && !i && plain) {
			(void)snprintf(name, sizeof name, "%s.minisig", plain);
			err = tutela_publish_write(f, name, text, strlen(text));
		}
	}
	return err;
}
