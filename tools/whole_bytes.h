/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All bytes of a piece to or from a descriptor, or a failure: what read(2) and
 * write(2) take fewer of, or a signal interrupts, is gone on with.
 *
 * False: errno says why. What was moved until then stays moved.
 */
#ifndef TUTELA_TOOLS_WHOLE_BYTES_H
#define TUTELA_TOOLS_WHOLE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the descriptor stands. */
bool whole_bytes_write(int fd, const void *bytes, size_t len);

/* At a place of a file, wherever the descriptor stands. */
bool whole_bytes_write_at(int fd, const void *bytes, size_t len, uint64_t at);

/* False with errno 0: the file ends before. */
bool whole_bytes_read_at(int fd, void *bytes, size_t len, uint64_t at);

#endif
