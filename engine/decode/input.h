/* SPDX-License-Identifier: Apache-2.0 */
/* What is handed to a worker: descriptors through which nothing can be changed. */
#ifndef TUTELA_DECODE_INPUT_H
#define TUTELA_DECODE_INPUT_H

#include <stddef.h>

/*
 * A descriptor of the regular file open at `fd` that is good for reading only:
 * `fd` itself, or another one, which the caller closes. -1 with errno when it
 * is not open for reading (EBADF) or cannot be opened again.
 */
int tutela_input_read_only(int fd);

/* The bytes as a file in memory, sealed: nobody can change them or their number. The caller closes it. -1 with errno.
 */
int tutela_input_sealed(const void *bytes, size_t len);

#endif
