/* SPDX-License-Identifier: Apache-2.0 */
/* Building an image; see tutela_index_build and tutela_index_build_file. */
#ifndef TUTELA_MATCH_BUILD_H
#define TUTELA_MATCH_BUILD_H

#include "match/image.h"
#include "match/sink.h"

/*
 * Fill the sections of `im`, a plan, through `sink`, whose sums this function
 * provides. The image's bytes depend on codes and values alone.
 * TUTELA_E_NOMEM, TUTELA_E_INTERRUPTED, and the sink's errors.
 */
enum tutela_err tutela_build(struct image *im, const uint8_t *codes, const uint32_t *values,
			     const struct tutela_index_build_opts *opts, struct sink *sink);

#endif
