/* SPDX-License-Identifier: Apache-2.0 */
#include "report/html_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "printable.h"

static void put_shown(FILE *out, const char *shown, size_t len)
{
	for (const char *p = shown; p < shown + len; p++) {
		switch (*p) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			putc(*p, out);
		}
	}
}

static void put(FILE *out, const char *s, size_t len)
{
	char *shown = printable_name(s, len);

	put_shown(out, shown, strlen(shown));
	free(shown);
}

static bool is_ascii(const char *s, size_t len)
{
	size_t i = 0;

	while (i < len && (unsigned char)s[i] < 0x80)
		i++;
	return i == len;
}

static void put_folders(FILE *out, const char *s, size_t len)
{
	char *shown = printable_name(s, len);

	for (const char *at = shown; *at;) {
		size_t n = strcspn(at, "/");
		bool apart = !is_ascii(at, n);

		fputs(apart ? "<bdi>" : "", out);
		put_shown(out, at, n);
		fputs(apart ? "</bdi>" : "", out);
		if (at[n])
			putc(at[n++], out);
		at += n;
	}
	free(shown);
}

void html_text(FILE *out, const char *s)
{
	put(out, s, strlen(s));
}

static unsigned digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

void html_path(FILE *out, const char *path, const char *path_bytes)
{
	size_t len = strlen(path_bytes) / 2;
	char *bytes = memory_array(len + 1, 1);

	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)(digit(path_bytes[2 * i]) << 4 | digit(path_bytes[2 * i + 1]));
	put_folders(out, len ? bytes : path, len ? len : strlen(path));
	free(bytes);
}

char *html_base64(char *out, const void *bytes, size_t len)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *p = bytes;
	char *at = out;

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t)p[i] << 16 | (n > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (n > 2 ? p[i + 2] : 0);

		for (size_t k = 0; k < 4; k++)
			*at++ = k <= n ? letters[v >> (18 - 6 * k) & 63] : '=';
	}
	*at = '\0';
	return out;
}
