/* SPDX-License-Identifier: Apache-2.0 */
/* Digests as signed texts and audit records write them. */
#ifndef TUTELA_TRUST_HEX_TEXT_H
#define TUTELA_TRUST_HEX_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The `n` bytes that exactly 2 * n lower-case digits stand for. False: it is anything else, and *out is not defined. */
static inline bool hex_text_read(const char *s, size_t len, uint8_t *out, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	if (len != 2 * n)
		return false;
	for (size_t i = 0; i < len; i++) {
		const char *d = s[i] ? strchr(digits, s[i]) : NULL;

		if (!d)
			return false;
		out[i / 2] = (uint8_t)(out[i / 2] << 4 | (d - digits));
	}
	return true;
}

#endif
