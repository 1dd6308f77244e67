/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room for the bytes of one picture. Up to PICTURE_ROOM_KEPT it is the heap's,
 * which keeps it for the next picture: page faults for each would cost more
 * than many a picture does. What is larger goes back to the system.
 */
#ifndef TUTELA_PICTURE_ROOM_H
#define TUTELA_PICTURE_ROOM_H

#include <stddef.h>

#define PICTURE_ROOM_KEPT ((size_t)16 << 20)

/* From now on freed room up to that size stays in the process, in one arena. Before any thread. */
void tutela_room_setup(void);

/*
 * Have memory behind the first pages of the heap's free room and of the stack, which every picture takes, and behind
 * the `len` bytes at p, now: all at once costs a tenth of a fault for each page. What is not to be had now is had when
 * it is used. A kernel before 5.14 does nothing here.
 */
void tutela_room_warm(void *p, size_t len);

/* Not zeroed; holds what the picture before left there. NULL on shortage. */
void *tutela_room_take(size_t len);
void *tutela_room_take_zeroed(size_t len);
/* With the same len, for both. NULL is fine. */
void tutela_room_give(void *p, size_t len);

#endif
