/* SPDX-License-Identifier: Apache-2.0 */
#include "store/utf8.h"

#include <stdint.h>

/* Length of the character at s, 0 when there is none. */
static size_t character(const uint8_t *s, size_t left)
{
	uint32_t code;
	size_t n;

	if (s[0] < 0x80)
		return s[0] != 0;
	n = s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : 0;
	if (!n || n > left)
		return 0;
	code = s[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	/* Overlong forms, surrogates, past the last plane. */
	if ((n == 3 && code < 0x800) || (n == 4 && (code < 0x10000 || code > 0x10ffff)) ||
	    (code >= 0xd800 && code < 0xe000))
		return 0;
	return n;
}

bool tutela_utf8_valid(const char *s, size_t len)
{
	const uint8_t *p = (const uint8_t *)s;

	for (size_t i = 0, n; i < len; i += n) {
		n = character(p + i, len - i);
		if (!n)
			return false;
	}
	return true;
}

void tutela_utf8_repair(char *s, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		n = character((const uint8_t *)s + i, len - i);
		if (!n) {
			s[i] = '?';
			n = 1;
		}
	}
}
