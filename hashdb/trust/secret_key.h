/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUTELA_TRUST_SECRET_KEY_H
#define TUTELA_TRUST_SECRET_KEY_H

#include <sodium.h>

#include <tutela/trust.h>

/* Only ever in memory of sodium_malloc. */
struct tutela_secret_key {
	uint8_t id[8];
	uint8_t sk[crypto_sign_SECRETKEYBYTES]; /* seed and public key */
};

#define SECRET_FILE_MAX 512 /* bytes of a secret key's file */

/*
 * The file's text, with its NUL; `out` holds SECRET_FILE_MAX bytes, in memory
 * of the caller's that it wipes. And back: TUTELA_E_INTERRUPTED when it is
 * encrypted and `ask` gives nothing.
 */
enum tutela_err tutela_secret_key_encode(const struct tutela_secret_key *key, const char *passphrase, char *out);
enum tutela_err tutela_secret_key_decode(const char *text, size_t len, bool (*ask)(void *ctx, char *out), void *ctx,
					 struct tutela_secret_key **out);

#endif
