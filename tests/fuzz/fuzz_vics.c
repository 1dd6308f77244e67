/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz_exchange.h"

/*
 * The first two bytes choose the encoding and the pieces: as it is; with every
 * byte made a unit of UTF-16, with or without a mark.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tutela_reader_opts plain = {0};
	static const char *const marks[] = {"", "\xff\xfe", "\xfe\xff", ""};
	unsigned kind;
	size_t len;
	char *wide;

	if (size < 2)
		return 0;
	kind = data[0] & 3;
	if (!kind) {
		check_input("vics", &plain, (const char *)data + 2, size - 2, data[1]);
		return 0;
	}
	len = strlen(marks[kind]);
	wide = malloc(2 * size + 2);
	require(wide);
	memcpy(wide, marks[kind], len);
	for (size_t i = 2; i < size; i++) {
		wide[len++] = kind == 2 ? '\0' : (char)data[i];
		wide[len++] = kind == 2 ? (char)data[i] : '\0';
	}
	check_input("vics", &plain, wide, len, data[1]);
	free(wide);
	return 0;
}
