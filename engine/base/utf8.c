/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <stdint.h>

/* Bytes of the sequence at p, or 0. */
static size_t sequence(const uint8_t *p, size_t len)
{
	uint8_t low = 0x80, high = 0xbf; /* bounds of the second byte */
	size_t n;

	if (p[0] < 0x80)
		return p[0] ? 1 : 0;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (len < n)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

bool tutela_utf8_valid(const char *s, size_t len)
{
	const uint8_t *p = (const uint8_t *)s;

	while (len) {
		size_t n = sequence(p, len);

		if (!n)
			return false;
		p += n;
		len -= n;
	}
	return true;
}

void tutela_utf8_repair(char *s, size_t len)
{
	while (len) {
		size_t n = sequence((const uint8_t *)s, len);

		if (!n) {
			*s = '?';
			n = 1;
		}
		s += n;
		len -= n;
	}
}
