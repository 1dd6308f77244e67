/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pillow's 8-bit Lanczos resize of a picture whose rows arrive in strips:
 * each row is resampled across at once and its few bytes are added to the
 * rows of the small picture that they touch. The bytes equal those of Pillow's two passes.
 * Source: https://github.com/python-pillow/Pillow, src/libImaging/Resample.c
 */
#ifndef TUTELA_HASH_LANCZOS_H
#define TUTELA_HASH_LANCZOS_H

#include <tutela/error.h>

#include "hash/hash_kernels.h"

/* Largest side of the small picture. */
#define LANCZOS_MAX 32

struct lanczos;

/* From width x height to n_cols x n_rows, each at most LANCZOS_MAX. TUTELA_E_NOMEM. */
enum tutela_err tutela_lanczos_new(uint32_t width, uint32_t height, unsigned n_cols, unsigned n_rows,
				   const struct hash_kernels *kernels, struct lanczos **out);

/*
 * Rows y .. y + rows - 1, rows <= WEIGH_ROWS, of `width` gray bytes; every
 * row once, in order. The strip always has room for WEIGH_ROWS rows, and
 * `stride` is at least width + WEIGHT_PAD.
 */
void tutela_lanczos_rows(struct lanczos *l, const uint8_t *strip, size_t stride, uint32_t y, unsigned rows);

/* After the last row: n_rows rows of n_cols bytes. */
void tutela_lanczos_finish(const struct lanczos *l, uint8_t *out);

void tutela_lanczos_free(struct lanczos *l);

#endif
