/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG by jpeg_stream and jpeg_samples, and by libjpeg-turbo: the same hashes, for scalar and vector code. */
#include "jpeg_both.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = malloc(size ? size : 1); /* its end is the end of its memory */
	const char *difference;
	bool taken;

	if (!p)
		abort();
	memcpy(p, data, size);
	difference = jpeg_both_difference(p, size, (uint64_t)1 << 16, &taken);
	if (difference) {
		fprintf(stderr, "%s\n", difference);
		abort();
	}
	free(p);
	return 0;
}
