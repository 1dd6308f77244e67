/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of the library: array sizes checked for overflow, alignment for
 * vectors, huge pages for what is searched at random.
 */
#ifndef TUTELA_BASE_MEM_H
#define TUTELA_BASE_MEM_H

#include <stddef.h>

/* n * size bytes, zeroed; NULL when that overflows or memory is short. n == 0 gives a unique pointer. */
void *tutela_mem_array(size_t n, size_t size);

/* Resize to n * size bytes; NULL on overflow or shortage, and then `p` is still valid. */
void *tutela_mem_resize(void *p, size_t n, size_t size);

/* n * size bytes at a multiple of 64, not zeroed; free with free(). */
void *tutela_mem_aligned(size_t n, size_t size);

/*
 * Anonymous mapping, zeroed, huge pages asked for, never in a core dump. From
 * 2 MiB on it covers whole huge pages. NULL on shortage.
 */
void *tutela_mem_map(size_t len);
/* Of what tutela_mem_map gave, and nothing else, with the same len. NULL is fine. */
void tutela_mem_unmap(void *p, size_t len);

#endif
