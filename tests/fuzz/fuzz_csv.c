/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz_exchange.h"

/*
 * The first two bytes choose delimiter, limit, header and column map, and the
 * pieces. One map is the input's own first line.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char delimiters[] = {'\0', ',', ';', '\t', ' ', '|', 'a', '\0'};
	static const char *const maps[] = {
		NULL,
		"id=#1,md5=#2,labels=#3,status=#4,quality=#5",
		"pdq=Hash,label:x=b,md5=#1",
		NULL,
	};
	static const uint64_t max_line[] = {0, 60};
	struct tutela_reader_opts o = {0};
	char own[512] = "";

	if (size < 2)
		return 0;
	o.delimiter = delimiters[data[0] & 7];
	o.max_line = max_line[data[0] >> 3 & 1];
	o.no_header = data[0] >> 4 & 1;
	o.columns = maps[data[0] >> 5 & 3];
	if (data[0] & 128) {
		const uint8_t *lf = memchr(data, '\n', size);

		if (lf && lf > data + 2 && (size_t)(lf - data) < sizeof(own)) {
			memcpy(own, data + 2, (size_t)(lf - data) - 2);
			o.columns = own;
		}
	}
	check_input("csv", &o, (const char *)data + 2, size - 2, data[1]);
	return 0;
}
