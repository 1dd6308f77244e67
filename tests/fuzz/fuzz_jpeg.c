/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG by jpeg_stream and jpeg_samples, and by libjpeg-turbo: the same hashes, for scalar and vector code. */
#include "fuzz.h"
#include "jpeg_both.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = exact_copy(data, size);
	const char *difference;
	bool taken;

	difference = jpeg_both_difference(p, size, (uint64_t)1 << 16, &taken);
	if (difference) {
		fprintf(stderr, "%s\n", difference);
		abort();
	}
	free(p);
	return 0;
}
