/* SPDX-License-Identifier: Apache-2.0 */
#include "printable.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"

/* Length of the valid UTF-8 sequence at `s`, and its code point; 0 when there is none (RFC 3629), or NUL. */
static size_t sequence(const unsigned char *s, size_t len, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s[0] == 0     ? 0
		   : s[0] < 0x80 ? 1
		   : s[0] < 0xc2 ? 0
		   : s[0] < 0xe0 ? 2
		   : s[0] < 0xf0 ? 3
		   : s[0] < 0xf5 ? 4
				 : 0;
	uint32_t c = n == 1 ? s[0] : n == 2 ? s[0] & 0x1f : n == 3 ? s[0] & 0x0f : s[0] & 0x07;

	if (n == 0 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return n;
}

bool printable_is_utf8(const char *s, size_t len)
{
	uint32_t code;

	for (size_t i = 0, n; i < len; i += n) {
		n = sequence((const unsigned char *)s + i, len - i, &code);
		if (n == 0)
			return false;
	}
	return true;
}

char *printable_utf8(const char *s, size_t len, size_t *out_len)
{
	char *out = memory_array(len + 1, 3);
	size_t at = 0, n;
	uint32_t code;

	for (size_t i = 0; i < len; i += n ? n : 1) {
		n = sequence((const unsigned char *)s + i, len - i, &code);
		memcpy(out + at, n ? s + i : "\xef\xbf\xbd", n ? n : 3);
		at += n ? n : 3;
	}
	out[at] = '\0';
	*out_len = at;
	return out;
}

/* Characters that move the cursor, hide text or turn its direction. */
static bool harmful(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

/* Appends the escaped form of the n bytes at s; returns how many bytes that took (at most 4 * n). */
static size_t escape_bytes(char *out, const unsigned char *s, size_t n)
{
	static const char letters[] = "abtnvfr"; /* 7..13 */
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		out[at++] = '\\';
		if (s[i] >= 7 && s[i] <= 13) {
			out[at++] = letters[s[i] - 7];
			continue;
		}
		out[at++] = (char)('0' + (s[i] >> 6));
		out[at++] = (char)('0' + (s[i] >> 3 & 7));
		out[at++] = (char)('0' + (s[i] & 7));
	}
	return at;
}

/* Escapes into `out` (4 * len + 1 bytes); returns whether anything had to be. */
static bool escape(char *out, size_t *out_len, const char *s, size_t len, char quote)
{
	bool changed = false;
	size_t at = 0, n;
	uint32_t code = 0;

	for (size_t i = 0; i < len; i += n ? n : 1) {
		const unsigned char *p = (const unsigned char *)s + i;

		n = sequence(p, len - i, &code);
		if (n == 0 || harmful(code)) {
			at += escape_bytes(out + at, p, n ? n : 1);
			changed = true;
		} else if (quote && (code == (unsigned char)quote || code == '\\')) {
			out[at++] = '\\';
			out[at++] = (char)code;
			changed = true;
		} else {
			memcpy(out + at, p, n);
			at += n;
		}
	}
	out[at] = '\0';
	*out_len = at;
	return changed;
}

char *printable_name(const char *s, size_t len)
{
	char *out = memory_array(len + 1, 4);
	size_t at;

	if (escape(out + 1, &at, s, len, '"')) {
		out[0] = '"';
		memcpy(out + at + 1, "\"", 2);
	} else {
		memmove(out, out + 1, at + 1);
	}
	return out;
}

char *printable_quoted(const char *s)
{
	size_t len = strlen(s), at;
	char *out = memory_array(len + 1, 4);

	out[0] = '\'';
	escape(out + 1, &at, s, len, '\'');
	memcpy(out + at + 1, "'", 2);
	return out;
}

char *printable_sentence(const char *s)
{
	size_t len = strlen(s), at;
	char *out = memory_array(len + 1, 4);

	escape(out, &at, s, len, 0);
	return out;
}

char *printable_hex(const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	char *out = memory_array(len + 1, 2);

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = "0123456789abcdef"[p[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[p[i] & 15];
	}
	return out;
}

char *printable_count(unsigned long long n, char *buf)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu", n), at = 0;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			buf[at++] = ',';
		buf[at++] = digits[i];
	}
	buf[at] = '\0';
	return buf;
}

char *printable_things(unsigned long long n, const char *one, const char *many, char *buf)
{
	char count[32];

	snprintf(buf, 96, "%s %s", printable_count(n, count), n == 1 ? one : many);
	return buf;
}

char *printable_size(unsigned long long bytes, char *buf)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
	double v = (double)bytes / 1000;
	size_t u = 0;

	if (bytes < 1000) {
		snprintf(buf, 32, "%llu B", bytes);
		return buf;
	}
	for (; v >= 999.95 && u < 5; u++)
		v /= 1000;
	snprintf(buf, 32, "%.1f %s", v, units[u]);
	return buf;
}

char *printable_duration(double seconds, char *buf)
{
	unsigned long long s = seconds > 0 && seconds < 1e15 ? (unsigned long long)(seconds + 0.5) : 0;

	if (seconds < 60)
		snprintf(buf, 32, seconds < 10 ? "%.1f s" : "%.0f s", seconds);
	else if (s < 3600)
		snprintf(buf, 32, "%llu min %llu s", s / 60, s % 60);
	else
		snprintf(buf, 32, "%llu h %llu min", s / 3600, s % 3600 / 60);
	return buf;
}

char *printable_errno(int error, char *buf)
{
	const char *text = error == EINTR ? "interrupted" : strerrordesc_np(error);

	if (!text) {
		snprintf(buf, 64, "system error %d", error);
		return buf;
	}
	snprintf(buf, 64, "%s", text);
	if (islower((unsigned char)buf[1]))
		buf[0] = (char)tolower((unsigned char)buf[0]);
	return buf;
}
