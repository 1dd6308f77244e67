/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "json_lines.h"

static int file_of(const char *bytes, size_t len)
{
	int fd = memfd_create("lines", MFD_CLOEXEC);

	cr_assert(fd >= 0 && write(fd, bytes, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

Test(json_lines, ends_and_offsets)
{
	static const char bytes[] = "one\n\ntwo\0x\n\xff last";
	struct json_lines l = {.fd = file_of(bytes, sizeof(bytes) - 1)};

	cr_assert(json_lines_next(&l));
	cr_assert(l.number == 1 && l.begin == 0 && l.end == 4 && l.len == 3 && !l.torn);
	cr_assert_str_eq(l.text, "one");
	cr_assert(json_lines_next(&l));
	cr_assert(l.number == 2 && l.len == 0 && l.begin == 4 && l.end == 5);
	cr_assert(json_lines_next(&l));
	cr_assert(l.len == 5 && memcmp(l.text, "two\0x", 6) == 0);
	cr_assert(json_lines_next(&l));
	cr_assert(l.torn && l.number == 4 && l.end == sizeof(bytes) - 1);
	cr_assert_str_eq(l.text, "\xff last");
	cr_assert(!json_lines_next(&l) && !l.error);
	json_lines_free(&l);
	close(l.fd);
}

Test(json_lines, empty_and_unreadable)
{
	struct json_lines l = {.fd = file_of("", 0)}, bad = {.fd = -1};

	cr_assert(!json_lines_next(&l) && !l.error && !l.torn);
	cr_assert(!json_lines_next(&bad) && bad.error == EBADF);
	json_lines_free(&l);
	json_lines_free(&bad);
	close(l.fd);
}

/* Lines of every length around the pieces that are read, and one that is too long among them. */
Test(json_lines, lengths)
{
	static const size_t lengths[] = {65535, 1, 65536, 65537, 131071, 131072, 0, 200001, 7, 200000, 199999};
	const size_t n = sizeof(lengths) / sizeof(lengths[0]), most = 200000;
	char *bytes = NULL;
	size_t len = 0, at = 0;
	FILE *f = open_memstream(&bytes, &len);
	struct json_lines l = {.most = most};

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < lengths[i]; k++)
			putc((int)('a' + i), f);
		putc('\n', f);
	}
	fclose(f);
	l.fd = file_of(bytes, len);
	for (size_t i = 0; i < n; i++) {
		cr_assert(json_lines_next(&l), "%zu", i);
		cr_assert(l.number == i + 1 && l.begin == at && l.end == at + lengths[i] + 1, "%zu", i);
		cr_assert(l.too_long == (lengths[i] > most), "%zu", i);
		if (!l.too_long) {
			cr_assert(l.len == lengths[i]);
			cr_assert(memcmp(l.text, bytes + at, l.len) == 0);
		}
		at = l.end;
	}
	cr_assert(!json_lines_next(&l));
	cr_assert(l.cap <= 8 * most, "%zu", l.cap);
	json_lines_free(&l);
	close(l.fd);
	free(bytes);
}

Test(json_lines, too_long_without_end)
{
	char bytes[1000];
	struct json_lines l = {.most = 10};

	memset(bytes, 'x', sizeof(bytes));
	l.fd = file_of(bytes, sizeof(bytes));
	cr_assert(json_lines_next(&l) && l.too_long && l.torn && l.end == sizeof(bytes));
	cr_assert(!json_lines_next(&l));
	json_lines_free(&l);
	close(l.fd);
}
