/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a builder puts the sections of an image: memory, or a file. Sections
 * may be put in any order and by several threads at once; the header comes last, so
 * that a file which is not whole is not an index.
 */
#ifndef TUTELA_MATCH_SINK_H
#define TUTELA_MATCH_SINK_H

#include "match/image.h"

struct sink {
	uint8_t *memory; /* im->len bytes, zeroed; NULL: a file */
	int fd;
	uint64_t *sums; /* im->n_sums, padded and zeroed to a multiple of 64 bytes */
};

/*
 * Put bytes [at, at + len) of section `s`. `at` is a multiple of a block;
 * `data` is padded with zeros to a multiple of 64 when it ends the section, and
 * otherwise whole blocks. In memory `data` may be the place itself.
 * TUTELA_E_SYS (with errno), TUTELA_E_DISKFULL, TUTELA_E_READONLY.
 */
enum tutela_err tutela_sink_put(const struct sink *sink, const struct image_section *s, uint64_t at, const void *data,
				uint64_t len);

/* Checksums and header, when all sections are put. */
enum tutela_err tutela_sink_finish(const struct sink *sink, struct image *im);

#endif
