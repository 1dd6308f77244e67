/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/picture_room.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"

#define WARM_HEAP  ((size_t)512 << 10) /* a JPEG of one megapixel takes 400 KiB */
#define WARM_STACK ((size_t)48 << 10)  /* the hashes; less than what a stack has from the start */

void tutela_room_setup(void)
{
	/* One arena: the limit on address space counts reserved room too. */
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, (int)PICTURE_ROOM_KEPT);
	mallopt(M_TRIM_THRESHOLD, (int)(2 * PICTURE_ROOM_KEPT));
}

/* The whole pages within. */
static void populate(void *p, size_t len)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), begin = ((uintptr_t)p + page - 1) & ~(page - 1),
		  end = ((uintptr_t)p + len) & ~(page - 1);

	if (begin < end)
		(void)madvise((void *)begin, end - begin, MADV_POPULATE_WRITE);
}

static void warm_stack(void)
{
	char frames[WARM_STACK];

	populate(frames, sizeof(frames));
}

void tutela_room_warm(void *p, size_t len)
{
	void *room = malloc(WARM_HEAP);

	if (room)
		populate(room, WARM_HEAP);
	free(room);
	populate(p, len);
	warm_stack();
}

void *tutela_room_take(size_t len)
{
	return len < PICTURE_ROOM_KEPT ? tutela_mem_aligned(len, 1) : tutela_mem_map(len);
}

void *tutela_room_take_zeroed(size_t len)
{
	void *p = tutela_room_take(len);

	if (p && len < PICTURE_ROOM_KEPT)
		memset(p, 0, len);
	return p;
}

void tutela_room_give(void *p, size_t len)
{
	if (len < PICTURE_ROOM_KEPT)
		free(p);
	else
		tutela_mem_unmap(p, len);
}
