/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/bundle_format.h"

#include <nettle/sha2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum tutela_err tutela_bundle_fail(char *why, enum tutela_err err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(why, BUNDLE_WHY_MAX, format, ap);
	va_end(ap);
	return err;
}

void tutela_bundle_hex(const uint8_t *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = '\0';
}

void tutela_bundle_sha256(const void *bytes, size_t len, uint8_t *out)
{
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, len, bytes);
	sha256_digest(&sha, BUNDLE_SHA_LEN, out);
}

bool tutela_bundle_name_plain(const char *name)
{
	size_t len = name ? strnlen(name, BUNDLE_NAME_MAX + 1) : 0;

	if (!len || len > BUNDLE_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];
		bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!word && (!i || (c != '.' && c != '_' && c != '-')))
			return false;
	}
	return true;
}
