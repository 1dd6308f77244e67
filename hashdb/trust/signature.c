/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures as minisign 0.11 writes them:
 *
 *   untrusted comment: TEXT
 *   base64 of "ED", key id 8, Ed25519 over BLAKE2b-512 of the bytes: 64
 *   trusted comment: TEXT
 *   base64 of Ed25519 over the 64 bytes above and the trusted TEXT
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "trust/key_text.h"
#include "trust/secret_key.h"

#define SIG_BYTES  (2 + 8 + crypto_sign_BYTES)
#define HASH_BYTES crypto_generichash_BYTES_MAX
#define BLOCK      65536

_Static_assert(HASH_BYTES == 64, "BLAKE2b-512");

/* What the second signature is over. */
struct sealed {
	uint8_t bytes[crypto_sign_BYTES + TUTELA_COMMENT_MAX];
	size_t len;
};

static void seal(const uint8_t *signature, const char *trusted, struct sealed *out)
{
	size_t len = strlen(trusted);

	memcpy(out->bytes, signature, crypto_sign_BYTES);
	memcpy(out->bytes + crypto_sign_BYTES, trusted, len);
	out->len = crypto_sign_BYTES + len;
}

static void digest(const void *bytes, size_t len, uint8_t *out)
{
	(void)crypto_generichash(out, HASH_BYTES, bytes, len, NULL, 0);
}

enum tutela_err tutela_sign(const struct tutela_secret_key *key, const void *bytes, size_t len, const char *trusted,
			    char *out)
{
	uint8_t hash[HASH_BYTES], signature[SIG_BYTES] = {'E', 'D'}, global[crypto_sign_BYTES];
	struct sealed sealed;
	char *at;

	*out = '\0';
	if (!key || !trusted || (!bytes && len) || !tutela_trust_comment_valid(trusted, strlen(trusted)))
		return TUTELA_E_ARG;
	digest(bytes, len, hash);
	memcpy(signature + 2, key->id, sizeof key->id);
	(void)crypto_sign_detached(signature + 10, NULL, hash, sizeof hash, key->sk);
	seal(signature + 10, trusted, &sealed);
	(void)crypto_sign_detached(global, NULL, sealed.bytes, sealed.len, key->sk);
	at = stpcpy(out, COMMENT_PREFIX "signature by tutela\n");
	at = stpcpy(tutela_trust_to_base64(signature, sizeof signature, at), "\n" TRUSTED_PREFIX);
	at = stpcpy(stpcpy(at, trusted), "\n");
	(void)strcpy(tutela_trust_to_base64(global, sizeof global, at), "\n");
	return TUTELA_OK;
}

enum tutela_err tutela_signature_parse(const char *text, size_t len, struct tutela_signature *out)
{
	struct trust_lines lines = {text, text + len};
	struct trust_line line, rest;
	uint8_t bytes[SIG_BYTES];

	memset(out, 0, sizeof *out);
	if (!tutela_trust_line(&lines, &line) || !tutela_trust_prefix(&line, COMMENT_PREFIX) ||
	    !tutela_trust_comment_valid(line.s, line.len) || !tutela_trust_line(&lines, &line) ||
	    !tutela_trust_base64(&line, bytes, sizeof bytes))
		return TUTELA_E_FORMAT;
	if (!memcmp(bytes, "Ed", 2))
		return TUTELA_E_VERSION;
	if (memcmp(bytes, "ED", 2) || !tutela_trust_line(&lines, &line) ||
	    !tutela_trust_prefix(&line, TRUSTED_PREFIX) || !tutela_trust_comment_valid(line.s, line.len))
		return TUTELA_E_FORMAT;
	memcpy(out->trusted, line.s, line.len);
	if (!tutela_trust_line(&lines, &line) || !tutela_trust_base64(&line, out->global, sizeof out->global) ||
	    tutela_trust_line(&lines, &rest)) {
		memset(out, 0, sizeof *out);
		return TUTELA_E_FORMAT;
	}
	memcpy(out->key_id, bytes + 2, sizeof out->key_id);
	memcpy(out->signature, bytes + 10, sizeof out->signature);
	return TUTELA_OK;
}

static enum tutela_err verify(const struct tutela_signature *s, const struct tutela_public_key *key,
			      const uint8_t *hash)
{
	struct sealed sealed;

	if (memcmp(s->key_id, key->id, sizeof key->id))
		return TUTELA_E_NOTFOUND;
	seal(s->signature, s->trusted, &sealed);
	if (crypto_sign_verify_detached(s->signature, hash, HASH_BYTES, key->key) ||
	    crypto_sign_verify_detached(s->global, sealed.bytes, sealed.len, key->key))
		return TUTELA_E_REFUSED;
	return TUTELA_OK;
}

enum tutela_err tutela_signature_verify(const struct tutela_signature *signature, const struct tutela_public_key *key,
					const void *bytes, size_t len)
{
	uint8_t hash[HASH_BYTES];

	if (!signature || !key || (!bytes && len))
		return TUTELA_E_ARG;
	if (sodium_init() < 0)
		return TUTELA_E_NOMEM;
	digest(bytes, len, hash);
	return verify(signature, key, hash);
}

enum tutela_err tutela_signature_verify_fd(const struct tutela_signature *signature,
					   const struct tutela_public_key *key, int fd)
{
	crypto_generichash_state st;
	uint8_t hash[HASH_BYTES], block[BLOCK];
	ssize_t n;

	if (!signature || !key)
		return TUTELA_E_ARG;
	if (sodium_init() < 0)
		return TUTELA_E_NOMEM;
	(void)crypto_generichash_init(&st, NULL, 0, HASH_BYTES);
	while ((n = read(fd, block, sizeof block)) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			(void)crypto_generichash_update(&st, block, (unsigned long long)n);
	if (n < 0)
		return TUTELA_E_SYS;
	(void)crypto_generichash_final(&st, hash, sizeof hash);
	return verify(signature, key, hash);
}
