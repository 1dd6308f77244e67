/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and signatures: Ed25519 in the files of minisign, so that `minisign -V`
 * verifies what is signed here, and keys go to and fro.
 *
 * A signature is over the bytes' BLAKE2b-512 ("prehashed", minisign's ED), and
 * a second one over the first and the trusted comment. The older kind over the
 * bytes themselves is refused.
 * Source: https://jedisct1.github.io/minisign/ (minisign 0.11).
 *
 * Secret keys live in guarded memory that is not swapped and is wiped when
 * freed. Nothing here prints or asks: a passphrase comes through a callback.
 *
 * Thread safety: all functions; a key may be used by several threads at once.
 */
#ifndef TUTELA_TRUST_H
#define TUTELA_TRUST_H

#include <tutela/error.h>

#define TUTELA_PUBLIC_KEY_TEXT 56   /* characters of a public key in base64 */
#define TUTELA_KEY_ID_TEXT     16   /* hexadecimal digits of a key's number, as minisign writes it */
#define TUTELA_PUBLIC_FILE_MAX 256  /* bytes of a public key's file, with its NUL */
#define TUTELA_COMMENT_MAX     1024 /* bytes of a comment: one line of UTF-8 */
#define TUTELA_SIGNATURE_MAX   2400 /* bytes of a signature's text, with its NUL */
#define TUTELA_PASSPHRASE_MAX  1023 /* bytes */

struct tutela_public_key {
	uint8_t id[8]; /* a random number that names the pair */
	uint8_t key[32];
};

/* ------------------------------------------------------------------ public keys */

/*
 * Take a public key from its 56 characters, or from the text of a public key's
 * file (a comment line, then the 56 characters). TUTELA_E_FORMAT.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_public_key_parse(const char *text, size_t len,
								  struct tutela_public_key *out);

/* From a file. TUTELA_E_SYS (errno), TUTELA_E_FORMAT. */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_public_key_read(const char *path, struct tutela_public_key *out);

/* The 56 characters and a NUL. */
TUTELA_API void tutela_public_key_text(const struct tutela_public_key *key, char *out);
/* The 16 digits and a NUL: what stands behind "minisign public key". */
TUTELA_API void tutela_public_key_id(const struct tutela_public_key *key, char *out);
/* The text of a public key's file, with its NUL; `out` holds TUTELA_PUBLIC_FILE_MAX bytes. */
TUTELA_API void tutela_public_key_file(const struct tutela_public_key *key, char *out);

/* ------------------------------------------------------------------ secret keys */

struct tutela_secret_key;

/* A new pair. TUTELA_E_NOMEM. */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_secret_key_generate(struct tutela_secret_key **out);

/* Wipes and frees. NULL is fine. */
TUTELA_API void tutela_secret_key_free(struct tutela_secret_key *key);

/* Its public half. */
TUTELA_API void tutela_secret_key_public(const struct tutela_secret_key *key, struct tutela_public_key *out);

/*
 * Make the file of a secret key: mode 0600, on disk when this returns.
 * `passphrase` NULL: not encrypted, for machines that nobody attends.
 * Encrypting takes about a second and a GiB of memory (scrypt, minisign's own
 * limits); where memory is short, less. TUTELA_E_EXISTS (nothing is
 * overwritten), TUTELA_E_NOMEM, TUTELA_E_SYS (errno), TUTELA_E_DISKFULL,
 * TUTELA_E_TOOBIG (the passphrase).
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_secret_key_write(const struct tutela_secret_key *key, const char *path,
								  const char *passphrase);

/*
 * Read one, of this program or of minisign. `ask` is called when the file is
 * encrypted: it puts up to TUTELA_PASSPHRASE_MAX bytes and a NUL at `out`, or
 * returns false; NULL: nobody can be asked. TUTELA_E_SYS (errno),
 * TUTELA_E_FORMAT (no secret key's file), TUTELA_E_NOMEM (to decrypt it),
 * TUTELA_E_INTERRUPTED (encrypted, and no passphrase given),
 * TUTELA_E_REFUSED (the passphrase does not fit, or the file is damaged),
 * TUTELA_E_EXPOSED (another user owns the file, or can read it).
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_secret_key_read(const char *path, bool (*ask)(void *ctx, char *out),
								 void *ctx, struct tutela_secret_key **out);

/* ------------------------------------------------------------------ signatures */

/*
 * Sign bytes: the text of a .minisig file with its NUL; `out` holds
 * TUTELA_SIGNATURE_MAX bytes. `trusted` is signed too: one line of UTF-8.
 * TUTELA_E_ARG (the comment: longer than TUTELA_COMMENT_MAX, or not one line).
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_sign(const struct tutela_secret_key *key, const void *bytes,
						      size_t len, const char *trusted, char *out);

struct tutela_signature {
	uint8_t key_id[8]; /* of the key that is said to have made it: not proved */
	uint8_t signature[64], global[64];
	char trusted[TUTELA_COMMENT_MAX + 1]; /* not to be believed before verifying */
};

/*
 * Take a signature's text apart, which must be exactly its four lines (line
 * ends LF or CR LF, the last may lack its own). TUTELA_E_FORMAT;
 * TUTELA_E_VERSION: of the older kind.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_signature_parse(const char *text, size_t len,
								 struct tutela_signature *out);

/*
 * Is this the key's signature of the bytes? TUTELA_E_NOTFOUND: of another key.
 * TUTELA_E_REFUSED: it is not; nothing that was given may be believed.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_signature_verify(const struct tutela_signature *signature,
								  const struct tutela_public_key *key,
								  const void *bytes, size_t len);

/* The same of all that can be read from a file descriptor, in bounded memory. Also TUTELA_E_SYS (errno). */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_signature_verify_fd(const struct tutela_signature *signature,
								     const struct tutela_public_key *key, int fd);

#endif
