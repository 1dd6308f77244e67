/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compressed data of a GIF whose codes are wider than giflib takes: a code
 * size of 9 to 11, which the format does not foresee and browsers and Pillow
 * show. Of an index the lowest 8 bits count.
 *
 * Source: CompuServe, "Graphics Interchange Format, Version 89a", appendix F.
 */
#ifndef TUTELA_DECODE_WORKER_GIF_LZW_H
#define TUTELA_DECODE_WORKER_GIF_LZW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GIF_LZW_LEAST 9
#define GIF_LZW_MOST  11

/* The next byte of the data without the lengths of their blocks; negative: there is none. */
typedef int gif_lzw_byte_fn(void *from);

struct gif_lzw;

/* size: from GIF_LZW_LEAST to GIF_LZW_MOST. NULL when memory is short. */
struct gif_lzw *tutela_gif_lzw_new(unsigned size, gif_lzw_byte_fn *next, void *from);

/* The next `n` indices. False: the data end before, or a code that cannot be here; what is in `to` then is no promise.
 */
bool tutela_gif_lzw_take(struct gif_lzw *z, uint8_t *to, size_t n);

/* NULL is fine. */
void tutela_gif_lzw_free(struct gif_lzw *z);

#endif
