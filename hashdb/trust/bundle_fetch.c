/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/bundle_fetch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/whole_io.h"

#define BLOCK        65536
#define STAGED_ENDS  ".part"
#define PROGRESS_GAP ((uint64_t)1 << 20)

static enum tutela_err fail_sys(struct bundle_fetch *f, const char *what, const char *name)
{
	char text[128];
	int e = errno;
	enum tutela_err err = e == ENOSPC || e == EDQUOT ? TUTELA_E_DISKFULL : TUTELA_E_SYS;

	return tutela_bundle_fail(f->why, err, "%s '%s': %s", what, name, strerror_r(e, text, sizeof text));
}

/* The transport's error, with a sentence if there is none. */
static enum tutela_err fail_get(struct bundle_fetch *f, enum tutela_err err, const char *name)
{
	if (err == TUTELA_E_NOTFOUND)
		return tutela_bundle_fail(f->why, err, "'%s' is not there", name);
	if (err == TUTELA_E_REFUSED && !*f->why)
		return tutela_bundle_fail(f->why, err, "'%s' is not a plain file", name);
	if (!*f->why)
		(void)tutela_bundle_fail(f->why, err, "'%s' cannot be fetched: %s", name, tutela_strerror(err));
	return err;
}

static enum tutela_err too_long(struct bundle_fetch *f, const char *name, uint64_t most)
{
	return tutela_bundle_fail(f->why, TUTELA_E_REFUSED, "'%s' is longer than the %llu bytes that it may have", name,
				  (unsigned long long)most);
}

/* ------------------------------------------------------------------ texts */

struct text {
	struct bundle_fetch *fetch;
	const char *name;
	char *bytes;
	size_t len, room, most;
};

static enum tutela_err add_text(void *to, const void *bytes, size_t len)
{
	struct text *t = to;

	if (len > t->most - t->len)
		return too_long(t->fetch, t->name, t->most);
	if (t->room - t->len < len + 1) {
		size_t room = t->len + len + 1 > 2 * t->room ? t->len + len + 1 : 2 * t->room;
		char *bigger = tutela_mem_resize(t->bytes, room, 1);

		if (!bigger)
			return TUTELA_E_NOMEM;
		t->bytes = bigger;
		t->room = room;
	}
	if (len)
		memcpy(t->bytes + t->len, bytes, len);
	t->len += len;
	return TUTELA_OK;
}

enum tutela_err tutela_bundle_get_text(struct bundle_fetch *f, const char *name, size_t most, char **out, size_t *len)
{
	struct text t = {.fetch = f, .name = name, .most = most};
	enum tutela_err err;

	*out = NULL;
	*len = 0;
	*f->why = '\0';
	t.bytes = tutela_mem_array(BLOCK, 1);
	t.room = BLOCK;
	/* One byte more than may be, so that the writer sees it. */
	err = t.bytes ? f->transport->get(f->transport->ctx, name, 0, (uint64_t)most + 1, add_text, &t)
		      : TUTELA_E_NOMEM;
	if (err) {
		free(t.bytes);
		return fail_get(f, err, name);
	}
	t.bytes[t.len] = '\0';
	*out = t.bytes;
	*len = t.len;
	return TUTELA_OK;
}

/* ------------------------------------------------------------------ data files */

/* By its digest: what is there of it belongs to exactly this file. */
static bool staged_path(const struct bundle_fetch *f, const struct bundle_file *file, char *out, size_t room)
{
	char hex[2 * BUNDLE_SHA_LEN + 1];
	int len;

	tutela_bundle_hex(file->sha256, sizeof file->sha256, hex);
	len = snprintf(out, room, "%s/%s" STAGED_ENDS, f->staging, hex);
	return len > 0 && (size_t)len < room;
}

struct staging {
	struct bundle_fetch *fetch;
	const struct bundle_file *file;
	int fd;
	uint64_t len, told;
};

static enum tutela_err tell(struct staging *s, bool always)
{
	if (!s->fetch->progress || (!always && s->len - s->told < PROGRESS_GAP))
		return TUTELA_OK;
	s->told = s->len;
	if (s->fetch->progress(s->fetch->ctx, s->len, s->file->length))
		return TUTELA_OK;
	return tutela_bundle_fail(s->fetch->why, TUTELA_E_INTERRUPTED, "interrupted");
}

static enum tutela_err add_staged(void *to, const void *bytes, size_t len)
{
	struct staging *s = to;

	if (len > s->file->length - s->len)
		return too_long(s->fetch, s->file->name, s->file->length);
	s->len += len;
	if (!tutela_write_whole(s->fd, bytes, len))
		return fail_sys(s->fetch, "staging", s->file->name);
	return tell(s, false);
}

enum tutela_err tutela_bundle_check_fd(int fd, const uint8_t *sha256)
{
	uint8_t digest[BUNDLE_SHA_LEN], *block = tutela_mem_array(BLOCK, 1);
	struct sha256_ctx sha;
	ssize_t n = -1;

	sha256_init(&sha);
	if (!block)
		return TUTELA_E_NOMEM;
	if (!lseek(fd, 0, SEEK_SET)) {
		while ((n = read(fd, block, BLOCK)) > 0 || (n < 0 && errno == EINTR))
			if (n > 0)
				sha256_update(&sha, (size_t)n, block);
	}
	free(block);
	if (n < 0 || lseek(fd, 0, SEEK_SET))
		return TUTELA_E_SYS;
	sha256_digest(&sha, sizeof digest, digest);
	return memcmp(digest, sha256, sizeof digest) ? TUTELA_E_CORRUPT : TUTELA_OK;
}

static enum tutela_err check_staged(struct staging *s)
{
	enum tutela_err err = tutela_bundle_check_fd(s->fd, s->file->sha256);

	return err == TUTELA_E_SYS ? fail_sys(s->fetch, "reading the staged", s->file->name) : err;
}

static enum tutela_err fill(struct staging *s)
{
	const struct tutela_bundle_transport *t = s->fetch->transport;
	enum tutela_err err = TUTELA_OK;

	if (lseek(s->fd, (off_t)s->len, SEEK_SET) < 0)
		return fail_sys(s->fetch, "staging", s->file->name);
	if (s->len < s->file->length)
		err = t->get(t->ctx, s->file->name, s->len, s->file->length - s->len + 1, add_staged, s);
	if (err)
		return fail_get(s->fetch, err, s->file->name);
	err = tell(s, true);
	if (!err && s->len < s->file->length)
		err = tutela_bundle_fail(s->fetch->why, TUTELA_E_REFUSED,
					 "'%s' has %llu bytes, and was signed with %llu", s->file->name,
					 (unsigned long long)s->len, (unsigned long long)s->file->length);
	return err ? err : check_staged(s);
}

enum tutela_err tutela_bundle_get_file(struct bundle_fetch *f, const struct bundle_file *file, int *fd)
{
	struct staging s = {.fetch = f, .file = file};
	enum tutela_err err = TUTELA_OK;
	bool resumed = false;
	char path[4096];
	struct stat st;

	*fd = -1;
	*f->why = '\0';
	if (!staged_path(f, file, path, sizeof path))
		return tutela_bundle_fail(f->why, TUTELA_E_ARG, "the path of the staging folder is too long");
	s.fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s.fd < 0 || fstat(s.fd, &st)) {
		err = fail_sys(f, "staging", file->name);
		goto out;
	}
	s.len = (uint64_t)st.st_size;
	resumed = s.len > 0;
	if (s.len > file->length)
		s.len = 0;
	err = !s.len && resumed && ftruncate(s.fd, 0) ? fail_sys(f, "staging", file->name) : fill(&s);
	/* What was there before may be what is wrong with it. */
	if (resumed && (err == TUTELA_E_CORRUPT || err == TUTELA_E_REFUSED)) {
		s.len = s.told = 0;
		*f->why = '\0';
		err = ftruncate(s.fd, 0) ? fail_sys(f, "staging", file->name) : fill(&s);
	}
	if (err == TUTELA_E_CORRUPT)
		err = tutela_bundle_fail(f->why, TUTELA_E_REFUSED, "the bytes of '%s' are not those that were signed",
					 file->name);
	if (err == TUTELA_E_REFUSED)
		(void)unlink(path);
out:
	if (err && s.fd >= 0) {
		(void)close(s.fd);
		s.fd = -1;
	}
	*fd = s.fd;
	return err;
}

void tutela_bundle_drop_file(struct bundle_fetch *f, const struct bundle_file *file)
{
	char path[4096];

	if (staged_path(f, file, path, sizeof path))
		(void)unlink(path);
}

void tutela_bundle_drop_all(const char *staging)
{
	DIR *dir = opendir(staging);
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		size_t len = strlen(d->d_name), end = strlen(STAGED_ENDS);

		if (len == 2 * BUNDLE_SHA_LEN + end && !strcmp(d->d_name + len - end, STAGED_ENDS))
			(void)unlinkat(dirfd(dir), d->d_name, 0);
	}
	if (dir)
		(void)closedir(dir);
}
