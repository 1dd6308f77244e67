/* SPDX-License-Identifier: Apache-2.0 */
#include "report/media_type.h"

#include <stddef.h>
#include <string.h>

const char *media_type(const char *format)
{
	static const char *const types[][2] = {
		{"jpeg", "image/jpeg"},
		{"png", "image/png"},
		{"webp", "image/webp"},
		{"gif", "image/gif"},
		{"tiff", "image/tiff"},
		{"heic", "image/heic"},
		{"avif", "image/avif"},
		{"bmp", "image/bmp"},
		{"jxl", "image/jxl"},
		{"jp2", "image/jp2"},
		{"pnm", "image/x-portable-anymap"},
		{"ico", "image/vnd.microsoft.icon"},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(format, types[i][0]) == 0)
			return types[i][1];
	}
	return NULL;
}
