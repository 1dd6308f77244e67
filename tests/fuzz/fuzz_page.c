/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages of feeds that waited in a file (page_spool.c). The first byte says how
 * the folder comes to be:
 *   0  pages are added and marked, and come back as they were, however often it was opened;
 *   1  the same, and then one byte of the file is another one: no page that was not added comes back;
 *   2  mark and pages are the input, whatever it is: what is delivered keeps the bounds that were promised.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "sync/page_spool.h"

#define ORIGIN    "o"
#define PAGES_MAX 8

struct pages {
	char where[PAGES_MAX][256];
	const uint8_t *body[PAGES_MAX];
	size_t len[PAGES_MAX], n;
	size_t seen;
};

static char folder[64];

static void leave(void)
{
	page_spool_remove(folder);
	(void)rmdir(folder);
}

static void prepare(void)
{
	if (folder[0])
		return;
	snprintf(folder, sizeof(folder), "/dev/shm/tutela-fuzz-%ld", (long)getpid());
	require(mkdir(folder, 0700) == 0);
	require(atexit(leave) == 0);
}

static int file(const char *name, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return open(path, flags | O_CLOEXEC, 0600);
}

static void put(const char *name, const uint8_t *bytes, size_t len)
{
	int fd = file(name, O_WRONLY | O_CREAT | O_TRUNC);

	require(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
	close(fd);
}

static struct page_spool *opened(char **state, bool *whole)
{
	struct page_spool *s;
	char *why;

	require(page_spool_open(folder, ORIGIN, &s, state, whole, &why) == TUTELA_OK);
	require(s && !why);
	return s;
}

/* Pages of `LENGTH name LF bytes`, up to a length of 0. */
static void split(struct choices *c, struct pages *p)
{
	size_t len;

	while (p->n < PAGES_MAX && (len = choose(c, 1)) > 0) {
		const uint8_t *lf = c->at < c->end ? memchr(c->at, '\n', (size_t)(c->end - c->at)) : NULL;
		size_t name = lf ? strnlen((const char *)c->at, (size_t)(lf - c->at)) : 0;

		if (name > 255)
			name = 255;
		if (name)
			memcpy(p->where[p->n], c->at, name);
		c->at = lf ? lf + 1 : c->at;
		if (len > (size_t)(c->end - c->at))
			len = (size_t)(c->end - c->at);
		p->body[p->n] = c->at;
		p->len[p->n++] = len;
		c->at += len;
	}
}

static enum tutela_err compare(void *ctx, const char *where, const char *body, size_t len)
{
	struct pages *p = ctx;
	size_t i = p->seen++;

	require(i < p->n && !strcmp(where, p->where[i]) && len == p->len[i]);
	require(!len || !memcmp(body, p->body[i], len));
	return TUTELA_OK;
}

static void damage(struct choices *c)
{
	int fd = file("pages", O_RDWR);
	off_t size = lseek(fd, 0, SEEK_END), at = (off_t)choose(c, 2);
	uint8_t byte, change = (uint8_t)(choose(c, 1) % 255 + 1);

	require(fd >= 0);
	if (size > 0) {
		at %= size;
		require(pread(fd, &byte, 1, at) == 1);
		byte ^= change;
		require(pwrite(fd, &byte, 1, at) == 1);
	}
	close(fd);
}

static void built(struct choices *c, bool damaged)
{
	struct pages p = {.n = 0};
	struct page_spool *s;
	enum tutela_err err;
	char *state;
	bool whole;

	s = opened(&state, &whole);
	require(!state && !whole);
	split(c, &p);
	for (size_t i = 0; i < p.n; i++)
		require(page_spool_add(s, p.where[i], (const char *)p.body[i], p.len[i]) == TUTELA_OK);
	require(page_spool_mark(s, "{\"a\":1}", 7, true) == TUTELA_OK);
	/* Behind the mark: it is gone when the file is opened again. */
	require(page_spool_add(s, "late", "x", 1) == TUTELA_OK);
	page_spool_close(s);
	s = opened(&state, &whole);
	require(state && whole && !strcmp(state, "{\"a\":1}"));
	free(state);
	if (damaged)
		damage(c);
	err = page_spool_each(s, compare, &p);
	require(err == (damaged && p.n ? TUTELA_E_CORRUPT : TUTELA_OK) && (err != TUTELA_OK || p.seen == p.n));
	require(!err == !*page_spool_errmsg(s));
	page_spool_close(s);
}

static enum tutela_err look(void *ctx, const char *where, const char *body, size_t len)
{
	(void)ctx;
	require(strlen(where) <= 255 && len <= PAGE_SPOOL_PAGE_MOST && body[len] == '\0');
	return TUTELA_OK;
}

/* Mark, NUL, pages. */
static void raw(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
	size_t len = nul ? (size_t)(nul - data) : size;
	struct page_spool *s;
	enum tutela_err err;
	char *state;
	bool whole;

	put("pages.json", data, len);
	put("pages", nul ? nul + 1 : data, nul ? size - len - 1 : 0);
	s = opened(&state, &whole);
	err = page_spool_each(s, look, NULL);
	require(err == TUTELA_OK || err == TUTELA_E_CORRUPT);
	require(state || (!whole && !err));
	free(state);
	/* It can be gone on with. */
	require(page_spool_add(s, "w", "body", 4) == TUTELA_OK && page_spool_mark(s, "{}", 2, false) == TUTELA_OK);
	require(page_spool_each(s, look, NULL) == err);
	page_spool_empty(s);
	require(page_spool_each(s, look, NULL) == TUTELA_OK);
	page_spool_close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct choices c = {data, data + size};
	unsigned how = choose(&c, 1) % 3;

	prepare();
	page_spool_remove(folder);
	if (how < 2)
		built(&c, how == 1);
	else
		raw(c.at, (size_t)(c.end - c.at));
	return 0;
}
