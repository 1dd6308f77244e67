/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

static bool multiply(size_t n, size_t size, size_t *out)
{
	return !__builtin_mul_overflow(n, size, out);
}

void *tutela_mem_array(size_t n, size_t size)
{
	return calloc(n ? n : 1, size ? size : 1);
}

void *tutela_mem_resize(void *p, size_t n, size_t size)
{
	size_t len;

	if (!multiply(n, size, &len))
		return NULL;
	return realloc(p, len ? len : 1);
}

void *tutela_mem_aligned(size_t n, size_t size)
{
	size_t len;

	if (!multiply(n, size, &len) || len > SIZE_MAX - 64)
		return NULL;
	return aligned_alloc(64, (len + 64) / 64 * 64);
}

void *tutela_mem_map(size_t len)
{
	void *p = mmap(NULL, len ? len : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	/* Advice only: the mapping works without either. */
	(void)madvise(p, len, MADV_HUGEPAGE);
	(void)madvise(p, len, MADV_DONTDUMP);
	return p;
}

void tutela_mem_unmap(void *p, size_t len)
{
	if (p)
		(void)munmap(p, len ? len : 1);
}
