/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PDQ of a luminance plane whose rows arrive one by one, and the sampling
 * that the ref dialect puts before it.
 */
#ifndef TUTELA_HASH_PDQ_H
#define TUTELA_HASH_PDQ_H

#include <tutela/hash.h>

#include "hash/hash_kernels.h"

/* Planes with a shorter side hash to zero with quality 0. */
#define PDQ_LEAST 5

/* The ref dialect brings pictures with a longer side to exactly this, both ways. */
#define PDQ_REF_SIDE 512

/* All eight hashes and the quality of blurred and decimated samples; the plain hash is the first of them. */
void tutela_pdq_from_decimated(const float a[PDQ_SIDE][PDQ_SIDE], const struct hash_kernels *kernels,
			       struct tutela_pdq *out);

struct pdq_plane;

/* Both sides at least PDQ_LEAST. TUTELA_E_ARG, TUTELA_E_NOMEM. */
enum tutela_err tutela_pdq_plane_new(size_t n_rows, size_t n_cols, const struct hash_kernels *kernels,
				     struct pdq_plane **out);

/* Where the next row belongs: n_cols floats to be written before tutela_pdq_plane_push. */
float *tutela_pdq_plane_slot(struct pdq_plane *p);

/* The row in the slot is complete. No more than n_rows times. */
void tutela_pdq_plane_push(struct pdq_plane *p);

/* After the last row. Every field of *out is set. */
void tutela_pdq_plane_finish(struct pdq_plane *p, struct tutela_pdq *out);

void tutela_pdq_plane_free(struct pdq_plane *p);

struct pdq_ref;

/* A picture for the ref dialect. TUTELA_E_ARG, TUTELA_E_NOMEM. */
enum tutela_err tutela_pdq_ref_new(uint32_t width, uint32_t height, uint32_t channels,
				   const struct hash_kernels *kernels, struct pdq_ref **out);

/* Row number y of the picture; every row once, in order. */
void tutela_pdq_ref_row(struct pdq_ref *r, const uint8_t *row, uint32_t y);

/* *out stays as it is when the plane is too small to hash. */
void tutela_pdq_ref_finish(struct pdq_ref *r, struct tutela_pdq *out);

void tutela_pdq_ref_free(struct pdq_ref *r);

#endif
