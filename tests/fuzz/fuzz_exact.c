/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz_exchange.h"

/* Formats of exact hashes. The first byte chooses format, longest line and algorithm, the second the pieces. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const formats[] = {"sums", "hfind",    "encase", "hashkeeper",
					      "nsrl", "hashdeep", "nsrl",   "hfind"};
	static const uint64_t max_line[] = {0, 70};
	static const enum tutela_algorithm fixed[] = {TUTELA_ALG_NONE, TUTELA_ALG_MD5};

	if (size < 2)
		return 0;
	check_input(formats[data[0] & 7],
		    &(struct tutela_reader_opts){.max_line = max_line[data[0] >> 3 & 1],
						 .algorithm = fixed[data[0] >> 4 & 1]},
		    (const char *)data + 2, size - 2, data[1]);
	return 0;
}
