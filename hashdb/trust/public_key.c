/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "trust/key_text.h"

/* "Ed", the pair's number, the key: 42 bytes. */
#define KEY_BYTES (2 + 8 + 32)

enum tutela_err tutela_public_key_parse(const char *text, size_t len, struct tutela_public_key *out)
{
	struct trust_lines lines = {text, text + len};
	struct trust_line line, rest;
	uint8_t bytes[KEY_BYTES];

	memset(out, 0, sizeof *out);
	if (!tutela_trust_line(&lines, &line))
		return TUTELA_E_FORMAT;
	if (tutela_trust_prefix(&line, COMMENT_PREFIX) &&
	    (!tutela_trust_comment_valid(line.s, line.len) || !tutela_trust_line(&lines, &line)))
		return TUTELA_E_FORMAT;
	if (!tutela_trust_base64(&line, bytes, sizeof bytes) || memcmp(bytes, "Ed", 2) ||
	    tutela_trust_line(&lines, &rest))
		return TUTELA_E_FORMAT;
	memcpy(out->id, bytes + 2, sizeof out->id);
	memcpy(out->key, bytes + 10, sizeof out->key);
	return TUTELA_OK;
}

enum tutela_err tutela_public_key_read(const char *path, struct tutela_public_key *out)
{
	char text[TUTELA_COMMENT_MAX + 256];
	enum tutela_err err;
	int fd, saved;
	size_t len;

	memset(out, 0, sizeof *out);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return TUTELA_E_SYS;
	err = tutela_trust_read_fd(fd, text, sizeof text, &len);
	saved = errno;
	(void)close(fd);
	errno = saved;
	if (err)
		return err == TUTELA_E_TOOBIG ? TUTELA_E_FORMAT : err;
	return tutela_public_key_parse(text, len, out);
}

void tutela_public_key_text(const struct tutela_public_key *key, char *out)
{
	uint8_t bytes[KEY_BYTES] = {'E', 'd'};

	memcpy(bytes + 2, key->id, sizeof key->id);
	memcpy(bytes + 10, key->key, sizeof key->key);
	(void)tutela_trust_to_base64(bytes, sizeof bytes, out);
}

void tutela_public_key_id(const struct tutela_public_key *key, char *out)
{
	/* As a little-endian number. */
	for (unsigned i = 0; i < sizeof key->id; i++)
		(void)sprintf(out + (size_t)2 * i, "%02X", key->id[sizeof key->id - 1 - i]);
}

void tutela_public_key_file(const struct tutela_public_key *key, char *out)
{
	char text[TUTELA_PUBLIC_KEY_TEXT + 1], id[TUTELA_KEY_ID_TEXT + 1];

	tutela_public_key_text(key, text);
	tutela_public_key_id(key, id);
	(void)snprintf(out, TUTELA_PUBLIC_FILE_MAX, COMMENT_PREFIX "minisign public key %s\n%s\n", id, text);
}
