/* SPDX-License-Identifier: Apache-2.0 */
/* What the texts of keys and signatures share: lines, base64, numbers of keys. */
#ifndef TUTELA_TRUST_KEY_TEXT_H
#define TUTELA_TRUST_KEY_TEXT_H

#include <tutela/trust.h>

#define COMMENT_PREFIX "untrusted comment: "
#define TRUSTED_PREFIX "trusted comment: "

/* The next line of a text, without its end. */
struct trust_lines {
	const char *at, *end;
};

struct trust_line {
	const char *s;
	size_t len;
};

/* false at the end of the text. */
bool tutela_trust_line(struct trust_lines *lines, struct trust_line *out);

/* Does the line begin like this? Takes the beginning off. */
bool tutela_trust_prefix(struct trust_line *line, const char *prefix);

/* Exactly `len` bytes in base64 (RFC 4648 section 4, padded, nothing else). */
bool tutela_trust_base64(const struct trust_line *line, uint8_t *out, size_t len);
/* `out` holds the characters and a NUL; returns the NUL's place. */
char *tutela_trust_to_base64(const uint8_t *bytes, size_t len, char *out);

/* A comment: UTF-8 without control characters, at most TUTELA_COMMENT_MAX bytes. */
bool tutela_trust_comment_valid(const char *s, size_t len);

/* A whole file of at most `room` bytes. TUTELA_E_SYS (errno), TUTELA_E_TOOBIG. */
enum tutela_err tutela_trust_read_fd(int fd, char *buf, size_t room, size_t *len);

#endif
