/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/key_text.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"

bool tutela_trust_line(struct trust_lines *lines, struct trust_line *out)
{
	size_t left = (size_t)(lines->end - lines->at);
	const char *lf = left ? memchr(lines->at, '\n', left) : NULL;

	*out = (struct trust_line){lines->at, lf ? (size_t)(lf - lines->at) : left};
	if (!left)
		return false;
	lines->at = lf ? lf + 1 : lines->end;
	if (out->len && out->s[out->len - 1] == '\r')
		out->len--;
	return true;
}

bool tutela_trust_prefix(struct trust_line *line, const char *prefix)
{
	size_t len = strlen(prefix);

	if (line->len < len || memcmp(line->s, prefix, len))
		return false;
	line->s += len;
	line->len -= len;
	return true;
}

bool tutela_trust_base64(const struct trust_line *line, uint8_t *out, size_t len)
{
	size_t got = 0;

	if (line->len != (len + 2) / 3 * 4)
		return false;
	/* libsodium 1.0.18 takes some characters with their highest bit set. */
	for (size_t i = 0; i < line->len; i++)
		if ((unsigned char)line->s[i] > 0x7f)
			return false;
	return !sodium_base642bin(out, len, line->s, line->len, NULL, &got, NULL, sodium_base64_VARIANT_ORIGINAL) &&
	       got == len;
}

char *tutela_trust_to_base64(const uint8_t *bytes, size_t len, char *out)
{
	size_t chars = (len + 2) / 3 * 4;

	(void)sodium_bin2base64(out, chars + 1, bytes, len, sodium_base64_VARIANT_ORIGINAL);
	return out + chars;
}

bool tutela_trust_comment_valid(const char *s, size_t len)
{
	if (len > TUTELA_COMMENT_MAX || !tutela_utf8_valid(s, len))
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	return true;
}

enum tutela_err tutela_trust_read_fd(int fd, char *buf, size_t room, size_t *len)
{
	char more;
	ssize_t n;

	*len = 0;
	do {
		n = *len < room ? read(fd, buf + *len, room - *len) : read(fd, &more, 1);
		if (n > 0 && *len == room)
			return TUTELA_E_TOOBIG;
		if (n > 0)
			*len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? TUTELA_E_SYS : TUTELA_OK;
}
