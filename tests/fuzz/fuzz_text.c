/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz_exchange.h"

/* The first two bytes choose the fixed algorithm and the longest line, and the pieces. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum tutela_algorithm fixed[] = {TUTELA_ALG_NONE, TUTELA_ALG_PDQ, TUTELA_ALG_MD5,
						      TUTELA_ALG_PHASH};
	static const uint64_t max_line[] = {0, 1, 40, 100};

	if (size < 2)
		return 0;
	check_input(
		"text",
		&(struct tutela_reader_opts){.algorithm = fixed[data[0] & 3], .max_line = max_line[data[0] >> 2 & 3]},
		(const char *)data + 2, size - 2, data[1]);
	return 0;
}
