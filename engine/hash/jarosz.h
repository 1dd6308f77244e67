/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PDQ's blur and decimation of a plane whose rows arrive one by one: box
 * along rows, box along columns, twice, then 64 x 64 samples. Bit-exact with
 * the definition on a whole plane.
 *
 * Memory: at most (rows / 128 + 25) rows of floats, and as many of 64 columns.
 */
#ifndef TUTELA_HASH_JAROSZ_H
#define TUTELA_HASH_JAROSZ_H

#include <tutela/error.h>

#include "hash/hash_kernels.h"

struct jarosz;

/* Both sides at least 1. TUTELA_E_ARG, TUTELA_E_NOMEM. */
enum tutela_err tutela_jarosz_new(size_t n_rows, size_t n_cols, const struct hash_kernels *kernels,
				  struct jarosz **out);

/* Where the next row belongs: n_cols floats to be written before tutela_jarosz_push. */
float *tutela_jarosz_slot(struct jarosz *j);

/* The row in the slot is complete. No more than n_rows times. */
void tutela_jarosz_push(struct jarosz *j);

/* After the last row. */
void tutela_jarosz_finish(struct jarosz *j, float out[PDQ_SIDE][PDQ_SIDE]);

void tutela_jarosz_free(struct jarosz *j);

#endif
