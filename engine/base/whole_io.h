/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing whole: past interruptions and short counts. */
#ifndef TUTELA_BASE_WHOLE_IO_H
#define TUTELA_BASE_WHOLE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* How many bytes there were from `at` on: less than `len` where the file ends before. -1 with errno. */
ssize_t tutela_read_at(int fd, void *to, size_t len, uint64_t at);

/* False with errno; some of it may be written then. */
bool tutela_write_at(int fd, const void *bytes, size_t len, uint64_t at);

/* The same, where the descriptor stands. */
bool tutela_write_whole(int fd, const void *bytes, size_t len);

#endif
