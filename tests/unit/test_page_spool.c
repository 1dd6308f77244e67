/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sync/page_spool.h"

static char folder[64], got[256];

static void prepare(void)
{
	strcpy(folder, "/tmp/tutela-test-XXXXXX");
	cr_assert(mkdtemp(folder));
	got[0] = '\0';
}

static void tidy(void)
{
	page_spool_remove(folder);
	cr_assert_eq(rmdir(folder), 0);
}

TestSuite(page_spool, .init = prepare, .fini = tidy);

static struct page_spool *opened(const char *origin, const char *expected)
{
	struct page_spool *s;
	char *state, *why;
	bool whole;

	cr_assert_eq(page_spool_open(folder, origin, &s, &state, &whole, &why), TUTELA_OK);
	cr_assert_eq(why, NULL);
	if (expected)
		cr_assert_str_eq(state, expected);
	else
		cr_assert_eq(state, NULL);
	free(state);
	return s;
}

static void add(struct page_spool *s, const char *where, const char *body)
{
	cr_assert_eq(page_spool_add(s, where, body, strlen(body)), TUTELA_OK);
}

static enum tutela_err note(void *ctx, const char *where, const char *body, size_t len)
{
	size_t n = strlen(got);

	(void)ctx;
	cr_assert_eq(strlen(body), len);
	snprintf(got + n, sizeof got - n, "%s=%s ", where, body);
	return TUTELA_OK;
}

/* Two pages that were marked, and a third that was not. */
static void make(void)
{
	struct page_spool *s = opened("o", NULL);

	add(s, "p1", "first");
	add(s, "p2", "second");
	cr_assert_eq(page_spool_mark(s, "{}", 2, false), TUTELA_OK);
	add(s, "p3", "third");
	page_spool_close(s);
}

static int file(const char *name, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	fd = open(path, flags, 0600);
	cr_assert_geq(fd, 0);
	return fd;
}

Test(page_spool, gives_back_what_was_marked)
{
	struct page_spool *s;

	make();
	s = opened("o", "{}");
	cr_assert_eq(page_spool_each(s, note, NULL), TUTELA_OK);
	cr_assert_str_eq(got, "p1=first p2=second ");
	page_spool_close(s);
	page_spool_close(opened("another", NULL));
	page_spool_close(opened("o", NULL));
}

/* Every byte of a page and of what stands before it. */
Test(page_spool, a_changed_byte_is_seen)
{
	struct page_spool *s;
	struct stat st;
	int fd;

	make();
	s = opened("o", "{}");
	fd = file("pages", O_RDWR);
	cr_assert_eq(fstat(fd, &st), 0);
	for (off_t at = 0; at < st.st_size; at++) {
		char good, bad;

		cr_assert_eq(pread(fd, &good, 1, at), 1);
		bad = (char)(good ^ 1);
		cr_assert_eq(pwrite(fd, &bad, 1, at), 1);
		got[0] = '\0';
		cr_assert_eq(page_spool_each(s, note, NULL), TUTELA_E_CORRUPT, "byte %lld", (long long)at);
		cr_assert(strstr(page_spool_errmsg(s), "/pages': this is not what was written"));
		cr_assert(!*got || !strcmp(got, "p1=first "));
		cr_assert_eq(pwrite(fd, &good, 1, at), 1);
	}
	cr_assert_eq(page_spool_each(s, note, NULL), TUTELA_OK);
	cr_assert_eq(ftruncate(fd, st.st_size - 1), 0);
	cr_assert_eq(page_spool_each(s, note, NULL), TUTELA_E_CORRUPT);
	close(fd);
	page_spool_close(s);
	/* And it is shorter than its mark says. */
	page_spool_close(opened("o", NULL));
}

Test(page_spool, a_mark_of_another_format_is_none)
{
	static const char *const marks[] = {
		"",
		"{",
		"[]",
		"{\"end\":0,\"whole\":true,\"origin\":\"o\",\"state\":\"{}\"}",
		"{\"format\":1,\"end\":0,\"whole\":true,\"origin\":\"o\",\"state\":\"{}\"}",
		"{\"format\":2,\"end\":-1,\"whole\":true,\"origin\":\"o\",\"state\":\"{}\"}",
		"{\"format\":2,\"end\":99999,\"whole\":true,\"origin\":\"o\",\"state\":\"{}\"}",
		"{\"format\":2,\"end\":0,\"whole\":1,\"origin\":\"o\",\"state\":\"{}\"}",
	};

	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
		int fd;

		make();
		fd = file("pages.json", O_WRONLY | O_TRUNC);
		cr_assert_eq(write(fd, marks[i], strlen(marks[i])), (ssize_t)strlen(marks[i]));
		close(fd);
		page_spool_close(opened("o", NULL));
		page_spool_remove(folder);
	}
}

Test(page_spool, has_bounds)
{
	struct page_spool *s = opened("o", NULL);
	char *long_text = calloc(PAGE_SPOOL_PAGE_MOST + 2, 1);

	memset(long_text, 'x', PAGE_SPOOL_PAGE_MOST + 1);
	cr_assert_eq(page_spool_add(s, "p", long_text, PAGE_SPOOL_PAGE_MOST + 1), TUTELA_E_TOOBIG);
	cr_assert(strstr(page_spool_errmsg(s), "too long"));
	cr_assert_eq(page_spool_mark(s, long_text, PAGE_SPOOL_STATE_MAX, false), TUTELA_E_TOOBIG);
	cr_assert(strstr(page_spool_errmsg(s), "too long"));
	long_text[256] = '\0';
	cr_assert_eq(page_spool_add(s, long_text, "", 0), TUTELA_E_TOOBIG);
	long_text[255] = '\0';
	cr_assert_eq(page_spool_add(s, long_text, "", 0), TUTELA_OK);
	cr_assert_eq(page_spool_mark(s, "\xff", 1, false), TUTELA_E_ARG);
	cr_assert(strstr(page_spool_errmsg(s), "no text"));
	free(long_text);
	page_spool_close(s);
}

Test(page_spool, a_folder_that_is_not_there_is_said)
{
	struct page_spool *s;
	char *state, *why;
	bool whole;

	cr_assert_eq(page_spool_open("/nonexistent", "o", &s, &state, &whole, &why), TUTELA_E_SYS);
	cr_assert_eq(s, NULL);
	cr_assert(strstr(why, "'/nonexistent/pages': "));
	free(why);
}
