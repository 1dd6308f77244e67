/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets share: a requirement that ends the run when it does not hold, and bytes taken one by one. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void require_at(bool holds, const char *what, int line)
{
	if (holds)
		return;
	fprintf(stderr, "line %d: does not hold: %s\n", line, what);
	abort();
}
#define require(holds) require_at((holds), #holds, __LINE__)

/* A copy whose end is the end of its memory, so that one byte too far is seen. */
static inline uint8_t *exact_copy(const uint8_t *data, size_t size)
{
	uint8_t *p = malloc(size ? size : 1);

	if (!p)
		abort();
	if (size)
		memcpy(p, data, size);
	return p;
}

/* The input as a source of choices; zeros after its end. */
struct choices {
	const uint8_t *at, *end;
};

static inline uint32_t choose(struct choices *c, unsigned bytes)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < bytes; i++)
		v = v << 8 | (c->at < c->end ? *c->at++ : 0);
	return v;
}

#endif
