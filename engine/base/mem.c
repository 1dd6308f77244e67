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

/* Fuzzed builds have none, so that every mapping ends where it should. */
#ifndef HUGE_PAGE
#define HUGE_PAGE ((size_t)2 << 20)
#endif

/* Whole huge pages, or what was asked for when it is less than one. */
static size_t mapping_len(size_t len)
{
	if (len < HUGE_PAGE || len > SIZE_MAX - 2 * HUGE_PAGE)
		return len ? len : 1;
	return (len + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
}

static void *map(size_t len)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* At a multiple of the huge page: older kernels do not see to that themselves, and a part of one has small pages. */
static void *map_aligned(size_t len)
{
	uint8_t *p = map(len + HUGE_PAGE);
	size_t before;

	if (p == MAP_FAILED)
		return map(len);
	before = (HUGE_PAGE - (uintptr_t)p % HUGE_PAGE) % HUGE_PAGE;
	if (before)
		(void)munmap(p, before);
	if (before < HUGE_PAGE)
		(void)munmap(p + before + len, HUGE_PAGE - before);
	return p + before;
}

void *tutela_mem_map(size_t len)
{
	void *p;

	len = mapping_len(len);
	p = len < HUGE_PAGE || len % HUGE_PAGE ? map(len) : map_aligned(len);
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
		(void)munmap(p, mapping_len(len));
}
