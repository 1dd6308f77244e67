/* SPDX-License-Identifier: Apache-2.0 */
#include "match/search.h"

/* Codes looked at in one go: the room for what may be found stays in the first cache. */
#define STEP 1024

void tutela_flat_search(const struct image *im, const struct kernels *k, const uint8_t *query, struct collector *c)
{
	size_t (*scan)(const uint8_t *, size_t, const uint8_t *, unsigned, struct near *) =
		im->bits == 64 ? k->scan64 : k->scan256;
	struct near found[STEP];

	for (uint64_t i = 0; i < im->count && !c->done; i += STEP) {
		size_t n = im->count - i < STEP ? (size_t)(im->count - i) : STEP;

		n = scan(im->codes + i * image_code_len(im), n, query, c->radius, found);
		for (size_t j = 0; j < n && !c->done; j++)
			tutela_collect(c, im->values[i + found[j].at], found[j].distance);
	}
}
