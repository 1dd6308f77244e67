/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/input.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int file_with(const char *text, char *path)
{
	int fd;

	strcpy(path, "/tmp/tutela-test-XXXXXX");
	fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

Test(input, a_read_only_descriptor_is_itself)
{
	char path[32];
	int rw = file_with("abc", path), ro = open(path, O_RDONLY);

	cr_expect_eq(tutela_input_read_only(ro), ro);
	close(ro);
	close(rw);
	unlink(path);
}

Test(input, a_writable_descriptor_becomes_another_file_description)
{
	char path[32], text[4] = "";
	int rw = file_with("abc", path), ro = tutela_input_read_only(rw);

	cr_assert_geq(ro, 0);
	cr_assert_neq(ro, rw);
	cr_expect_eq(fcntl(ro, F_GETFL) & O_ACCMODE, O_RDONLY);
	cr_expect(fcntl(ro, F_GETFD) & FD_CLOEXEC);
	cr_expect_eq(read(ro, text, 3), 3);
	cr_expect_str_eq(text, "abc");
	cr_expect_eq(lseek(rw, 0, SEEK_CUR), 3, "the caller's offset is its own");
	cr_expect_lt(write(ro, "x", 1), 0);
	unlink(path);
	close(ro);
	ro = tutela_input_read_only(rw); /* by the descriptor, not by the name, which is gone */
	cr_expect_geq(ro, 0);
	close(ro);
	close(rw);
}

Test(input, what_cannot_be_read_is_refused)
{
	char path[32];
	int rw = file_with("abc", path), wo = open(path, O_WRONLY);

	cr_expect_eq(tutela_input_read_only(wo), -1);
	cr_expect_eq(errno, EBADF);
	close(wo);
	cr_expect_eq(tutela_input_read_only(wo), -1, "a closed one");
	close(rw);
	unlink(path);
}

Test(input, bytes_are_sealed)
{
	const int all = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
	char text[6] = "";
	int fd = tutela_input_sealed("hello", 5);
	struct stat st;

	cr_assert_geq(fd, 0);
	cr_expect_eq(fcntl(fd, F_GET_SEALS), all);
	cr_expect(fstat(fd, &st) == 0 && st.st_size == 5);
	cr_expect_eq(pread(fd, text, 5, 0), 5);
	cr_expect_str_eq(text, "hello");
	cr_expect(pwrite(fd, "x", 1, 0) < 0 && ftruncate(fd, 1) < 0 && ftruncate(fd, 9) < 0);
	cr_expect_eq(mmap(NULL, 5, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	close(fd);
	fd = tutela_input_sealed(NULL, 0);
	cr_expect(fstat(fd, &st) == 0 && st.st_size == 0);
	close(fd);
}
