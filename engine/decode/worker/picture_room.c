/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/picture_room.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void tutela_room_setup(void)
{
	/* One arena: the limit on address space counts reserved room too. */
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, (int)PICTURE_ROOM_KEPT);
	mallopt(M_TRIM_THRESHOLD, (int)(2 * PICTURE_ROOM_KEPT));
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
