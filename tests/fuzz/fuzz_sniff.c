/* SPDX-License-Identifier: Apache-2.0 */
/* The first bytes of any file. No more than SNIFF_LEN of them count, and those decide alone. */
#include "decode/worker/sniff.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = exact_copy(data, size), *first = exact_copy(data, size < SNIFF_LEN ? size : SNIFF_LEN);
	enum tutela_format format = tutela_sniff(p, size);

	require((unsigned)format < TUTELA_FORMATS);
	require(tutela_sniff(first, size < SNIFF_LEN ? size : SNIFF_LEN) == format);
	free(p);
	free(first);
	return 0;
}
