/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compressed data of a GIF with a code size that the format does not foresee
 * and giflib does not take: 9 to 12, of whose indices the lowest 8 bits count,
 * and 0, which knows no index but 0. Read as Pillow does; browsers show the wide ones.
 *
 * Source: CompuServe, "Graphics Interchange Format, Version 89a", appendix F.
 */
#ifndef TUTELA_DECODE_WORKER_GIF_LZW_H
#define TUTELA_DECODE_WORKER_GIF_LZW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is the size one of those? */
bool tutela_gif_lzw_takes(unsigned size);

/* The next byte of the data without the lengths of their blocks; negative: there is none. */
typedef int gif_lzw_byte_fn(void *from);

struct gif_lzw;

/* NULL when memory is short, or the size is another. */
struct gif_lzw *tutela_gif_lzw_new(unsigned size, gif_lzw_byte_fn *next, void *from);

/* The next `n` indices. False: the data end before, or a code that cannot be here; what is in `to` then is no promise.
 */
bool tutela_gif_lzw_take(struct gif_lzw *z, uint8_t *to, size_t n);

/* NULL is fine. */
void tutela_gif_lzw_free(struct gif_lzw *z);

#endif
