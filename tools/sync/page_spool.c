/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/page_spool.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "printable.h"
#include "whole_bytes.h"

#define PAGES     "pages"
#define MARK      "pages.json"
#define MARK_NEW  "pages.json.new"
#define MARK_MAX  (2 * PAGE_SPOOL_STATE_MAX + 65536) /* a state is JSON: quoted, it is twice as long at most */
#define WHERE_MAX 255

#define FORMAT 2 /* of both files */

/* Before each page. Of this machine alone: in the order of its bytes. */
struct head {
	uint32_t where, body;               /* bytes of each */
	uint8_t sha256[SHA256_DIGEST_SIZE]; /* of these two numbers, where and body */
};

struct page_spool {
	int dir, fd;
	uint64_t end; /* where the next page goes */
	char *folder, *origin;
	char why[512];
};

static enum tutela_err fail_sys(struct page_spool *s, const char *name)
{
	char text[64];

	(void)snprintf(s->why, sizeof(s->why), "'%s/%s': %s", s->folder, name, printable_errno(errno, text));
	return TUTELA_E_SYS;
}

static enum tutela_err fail(struct page_spool *s, enum tutela_err err, const char *why)
{
	(void)snprintf(s->why, sizeof(s->why), "'%s/" PAGES "': %s", s->folder, why);
	return err;
}

const char *page_spool_errmsg(const struct page_spool *s)
{
	return s->why;
}

/* ------------------------------------------------------------------ the mark */

static json_t *read_mark(const struct page_spool *s)
{
	int fd = openat(s->dir, MARK, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char *text = memory_array(MARK_MAX, 1);
	ssize_t n = fd >= 0 ? pread(fd, text, MARK_MAX, 0) : -1;
	json_t *o = n > 0 ? json_loadb(text, (size_t)n, 0, NULL) : NULL;

	if (fd >= 0)
		close(fd);
	free(text);
	return o;
}

/* NULL: there is no mark, or none of this file. */
static char *take_up(struct page_spool *s, bool *whole)
{
	json_t *o = read_mark(s);
	const char *state = NULL, *origin = NULL;
	json_int_t end = 0;
	int all = 0, format = 0;
	off_t there = lseek(s->fd, 0, SEEK_END);
	char *out = NULL;

	if (o &&
	    !json_unpack(o, "{s:i, s:I, s:b, s:s, s:s}", "format", &format, "end", &end, "whole", &all, "origin",
			 &origin, "state", &state) &&
	    format == FORMAT && !strcmp(origin, s->origin) && end >= 0 && end <= there) {
		s->end = (uint64_t)end;
		*whole = all;
		out = memory_text(state);
	}
	json_decref(o);
	return out;
}

static enum tutela_err write_mark(struct page_spool *s, const char *text)
{
	int fd;
	bool ok;

	if (unlinkat(s->dir, MARK_NEW, 0) && errno != ENOENT)
		return fail_sys(s, MARK);
	fd = openat(s->dir, MARK_NEW, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_sys(s, MARK);
	ok = whole_bytes_write_at(fd, text, strlen(text), 0) && !fsync(fd);
	if (!ok) {
		(void)fail_sys(s, MARK);
		close(fd);
		return TUTELA_E_SYS;
	}
	if (close(fd) || renameat(s->dir, MARK_NEW, s->dir, MARK) || fsync(s->dir))
		return fail_sys(s, MARK);
	return TUTELA_OK;
}

enum tutela_err page_spool_mark(struct page_spool *s, const char *state, size_t len, bool whole)
{
	enum tutela_err err;
	json_t *o;
	char *text;

	s->why[0] = '\0';
	if (len >= PAGE_SPOOL_STATE_MAX)
		return fail(s, TUTELA_E_TOOBIG, "the state of the fetch is too long to be kept");
	if (fdatasync(s->fd))
		return fail_sys(s, PAGES);
	o = json_pack("{s:i, s:I, s:b, s:s, s:s%}", "format", FORMAT, "end", (json_int_t)s->end, "whole", whole,
		      "origin", s->origin, "state", state, len);
	text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	err = text ? write_mark(s, text) : fail(s, TUTELA_E_ARG, "the state of the fetch is no text");
	free(text);
	return err;
}

/* ------------------------------------------------------------------ pages */

static void digest(const struct head *head, const char *where, const char *body, uint8_t out[SHA256_DIGEST_SIZE])
{
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, offsetof(struct head, sha256), (const uint8_t *)head);
	sha256_update(&sha, head->where, (const uint8_t *)where);
	sha256_update(&sha, head->body, (const uint8_t *)body);
	sha256_digest(&sha, SHA256_DIGEST_SIZE, out);
}

enum tutela_err page_spool_add(struct page_spool *s, const char *where, const char *body, size_t len)
{
	struct head head = {.where = (uint32_t)strlen(where), .body = (uint32_t)len};

	s->why[0] = '\0';
	if (head.where > WHERE_MAX || len > PAGE_SPOOL_PAGE_MOST)
		return fail(s, TUTELA_E_TOOBIG, "a page is too long to be kept");
	if (s->end + sizeof(head) + head.where + len > PAGE_SPOOL_MOST)
		return fail(s, TUTELA_E_TOOBIG, "what came is more than 64 GiB, and no end of it");
	digest(&head, where, body, head.sha256);
	if (!whole_bytes_write_at(s->fd, &head, sizeof(head), s->end) ||
	    !whole_bytes_write_at(s->fd, where, head.where, s->end + sizeof(head)) ||
	    !whole_bytes_write_at(s->fd, body, len, s->end + sizeof(head) + head.where))
		return fail_sys(s, PAGES);
	s->end += sizeof(head) + head.where + len;
	return TUTELA_OK;
}

static enum tutela_err broken(struct page_spool *s)
{
	return errno ? fail_sys(s, PAGES) : fail(s, TUTELA_E_CORRUPT, "this is not what was written");
}

/* The page behind its head. *body, allocated. */
static enum tutela_err read_page(struct page_spool *s, const struct head *head, uint64_t at, char *where, char **body)
{
	uint8_t sha256[SHA256_DIGEST_SIZE];

	*body = memory_array((size_t)head->body + 1, 1);
	if (!whole_bytes_read_at(s->fd, where, head->where, at) ||
	    !whole_bytes_read_at(s->fd, *body, head->body, at + head->where))
		return broken(s);
	where[head->where] = '\0';
	digest(head, where, *body, sha256);
	errno = 0;
	return memcmp(sha256, head->sha256, sizeof(sha256)) ? broken(s) : TUTELA_OK;
}

enum tutela_err page_spool_each(struct page_spool *s,
				enum tutela_err (*fn)(void *ctx, const char *where, const char *body, size_t len),
				void *ctx)
{
	enum tutela_err err = TUTELA_OK;
	char where[WHERE_MAX + 1];
	struct head head;

	s->why[0] = '\0';
	for (uint64_t at = 0; at < s->end && !err; at += sizeof(head) + head.where + head.body) {
		char *body;

		errno = 0;
		if (!whole_bytes_read_at(s->fd, &head, sizeof(head), at) || head.where > WHERE_MAX ||
		    head.body > PAGE_SPOOL_PAGE_MOST || at + sizeof(head) + head.where + head.body > s->end)
			return broken(s);
		err = read_page(s, &head, at + sizeof(head), where, &body);
		if (!err)
			err = fn(ctx, where, body, head.body);
		free(body);
	}
	return err;
}

/* ------------------------------------------------------------------ opening */

void page_spool_empty(struct page_spool *s)
{
	(void)unlinkat(s->dir, MARK, 0);
	s->end = 0;
	if (ftruncate(s->fd, 0))
		return; /* its end is what is marked */
}

void page_spool_close(struct page_spool *s)
{
	if (!s)
		return;
	if (s->fd >= 0)
		close(s->fd);
	if (s->dir >= 0)
		close(s->dir);
	free(s->folder);
	free(s->origin);
	free(s);
}

enum tutela_err page_spool_open(const char *folder, const char *origin, struct page_spool **out, char **state,
				bool *whole, char **why)
{
	struct page_spool *s = memory_array(1, sizeof(*s));

	*out = NULL;
	*state = *why = NULL;
	*whole = false;
	s->folder = memory_text(folder);
	s->origin = memory_text(origin);
	s->fd = -1;
	s->dir = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->dir >= 0)
		s->fd = openat(s->dir, PAGES, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->fd < 0) {
		(void)fail_sys(s, PAGES);
		*why = memory_text(s->why);
		page_spool_close(s);
		return TUTELA_E_SYS;
	}
	*state = take_up(s, whole);
	if (!*state)
		page_spool_empty(s);
	else if (ftruncate(s->fd, (off_t)s->end))
		s->why[0] = '\0'; /* what is behind the mark is written over */
	*out = s;
	return TUTELA_OK;
}

void page_spool_remove(const char *folder)
{
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0)
		return;
	(void)unlinkat(dir, MARK, 0);
	(void)unlinkat(dir, MARK_NEW, 0);
	(void)unlinkat(dir, PAGES, 0);
	close(dir);
}
