/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a secret key's file, minisign 0.11's: a comment line, then in
 * base64
 *
 *   "Ed"  kdf "Sc" or 00 00  "B2"  salt 32  opslimit u64 LE  memlimit u64 LE
 *   then, xored with scrypt's output when the kdf is "Sc":
 *   id 8  seed and public key 64  BLAKE2b-256 of "Ed", id, seed and key: 32
 *
 * Without a kdf salt, limits and checksum are zero.
 */
#include "trust/secret_key.h"

#include <string.h>

#include "base/bytes.h"
#include "trust/key_text.h"

#define HEAD_LEN  (2 + 2 + 2 + 32 + 8 + 8)
#define SALT_LEN  crypto_pwhash_scryptsalsa208sha256_SALTBYTES
#define CHECK_LEN 32
#define INNER_LEN (8 + crypto_sign_SECRETKEYBYTES + CHECK_LEN)
#define FILE_LEN  (HEAD_LEN + INNER_LEN)

/* What a file may ask of this machine: minisign's own most. */
#define OPS_MOST     crypto_pwhash_scryptsalsa208sha256_OPSLIMIT_SENSITIVE
#define MEMORY_MOST  crypto_pwhash_scryptsalsa208sha256_MEMLIMIT_SENSITIVE
#define MEMORY_LEAST ((uint64_t)16 << 20)

_Static_assert(SALT_LEN == 32, "as in the file");

struct inner { /* of a file, in memory of sodium_malloc */
	uint8_t bytes[FILE_LEN];
	uint8_t stream[INNER_LEN];
	uint8_t check[CHECK_LEN];
	char passphrase[TUTELA_PASSPHRASE_MAX + 1];
};

enum tutela_err tutela_secret_key_generate(struct tutela_secret_key **out)
{
	struct tutela_secret_key *key;
	uint8_t pk[crypto_sign_PUBLICKEYBYTES];

	*out = NULL;
	if (sodium_init() < 0)
		return TUTELA_E_NOMEM;
	key = sodium_malloc(sizeof *key);
	if (!key)
		return TUTELA_E_NOMEM;
	randombytes_buf(key->id, sizeof key->id);
	(void)crypto_sign_keypair(pk, key->sk);
	*out = key;
	return TUTELA_OK;
}

void tutela_secret_key_free(struct tutela_secret_key *key)
{
	sodium_free(key);
}

void tutela_secret_key_public(const struct tutela_secret_key *key, struct tutela_public_key *out)
{
	memcpy(out->id, key->id, sizeof out->id);
	(void)crypto_sign_ed25519_sk_to_pk(out->key, key->sk);
}

static void checksum(const uint8_t *inner, uint8_t *out)
{
	crypto_generichash_state st;

	(void)crypto_generichash_init(&st, NULL, 0, CHECK_LEN);
	(void)crypto_generichash_update(&st, (const uint8_t *)"Ed", 2);
	(void)crypto_generichash_update(&st, inner, INNER_LEN - CHECK_LEN);
	(void)crypto_generichash_final(&st, out, CHECK_LEN);
	sodium_memzero(&st, sizeof st);
}

static void apply_stream(uint8_t *inner, const uint8_t *stream)
{
	for (size_t i = 0; i < INNER_LEN; i++)
		inner[i] ^= stream[i];
}

static bool derive(struct inner *in, const char *passphrase, const uint8_t *salt, uint64_t ops, uint64_t memory)
{
	return !crypto_pwhash_scryptsalsa208sha256(in->stream, sizeof in->stream, passphrase, strlen(passphrase), salt,
						   ops, (size_t)memory);
}

/* As minisign does: half of both for as long as memory is short. */
static enum tutela_err encrypt(struct inner *in, const char *passphrase)
{
	uint64_t ops = OPS_MOST, memory = MEMORY_MOST;
	struct bytes_writer w;
	uint8_t salt[SALT_LEN];

	if (strlen(passphrase) > TUTELA_PASSPHRASE_MAX)
		return TUTELA_E_TOOBIG;
	randombytes_buf(salt, sizeof salt);
	while (!derive(in, passphrase, salt, ops, memory)) {
		ops /= 2;
		memory /= 2;
		if (memory < MEMORY_LEAST)
			return TUTELA_E_NOMEM;
	}
	w = bytes_writer_init(in->bytes + 2, HEAD_LEN - 2);
	bytes_put(&w, "Sc", 2);
	bytes_put(&w, "B2", 2);
	bytes_put(&w, salt, sizeof salt);
	bytes_put_u64(&w, ops);
	bytes_put_u64(&w, memory);
	checksum(in->bytes + HEAD_LEN, in->bytes + FILE_LEN - CHECK_LEN);
	apply_stream(in->bytes + HEAD_LEN, in->stream);
	return TUTELA_OK;
}

enum tutela_err tutela_secret_key_encode(const struct tutela_secret_key *key, const char *passphrase, char *out)
{
	static const char comment[] = COMMENT_PREFIX "minisign encrypted secret key\n";
	struct inner *in = sodium_malloc(sizeof *in);
	enum tutela_err err = TUTELA_OK;

	*out = '\0';
	if (!in)
		return TUTELA_E_NOMEM;
	memset(in, 0, sizeof *in);
	memcpy(in->bytes, "Ed\0\0B2", 6);
	memcpy(in->bytes + HEAD_LEN, key->id, sizeof key->id);
	memcpy(in->bytes + HEAD_LEN + sizeof key->id, key->sk, sizeof key->sk);
	if (passphrase)
		err = encrypt(in, passphrase);
	if (!err) {
		memcpy(out, comment, sizeof comment - 1);
		strcpy(tutela_trust_to_base64(in->bytes, sizeof in->bytes, out + sizeof comment - 1), "\n");
	}
	sodium_free(in);
	return err;
}

static enum tutela_err decrypt(struct inner *in, bool (*ask)(void *ctx, char *out), void *ctx)
{
	struct bytes_reader r = bytes_reader_init(in->bytes + 6, HEAD_LEN - 6);
	const uint8_t *salt = bytes_take(&r, SALT_LEN);
	uint64_t ops = bytes_u64(&r), memory = bytes_u64(&r);

	if (ops > OPS_MOST || memory > MEMORY_MOST)
		return TUTELA_E_FORMAT;
	if (!ask || !ask(ctx, in->passphrase))
		return TUTELA_E_INTERRUPTED;
	in->passphrase[TUTELA_PASSPHRASE_MAX] = '\0';
	if (!derive(in, in->passphrase, salt, ops, memory))
		return TUTELA_E_NOMEM;
	apply_stream(in->bytes + HEAD_LEN, in->stream);
	return TUTELA_OK;
}

/* Does the checksum hold, and is the key that stands behind the seed the seed's own? */
static enum tutela_err check(struct inner *in, bool encrypted)
{
	static const uint8_t none[CHECK_LEN];
	const uint8_t *kept = in->bytes + FILE_LEN - CHECK_LEN, *sk = in->bytes + HEAD_LEN + 8;
	uint8_t pk[crypto_sign_PUBLICKEYBYTES];

	checksum(in->bytes + HEAD_LEN, in->check);
	if (sodium_memcmp(kept, in->check, CHECK_LEN) && (encrypted || sodium_memcmp(kept, none, CHECK_LEN)))
		return TUTELA_E_REFUSED;
	/* The stream's room is free by now. */
	_Static_assert(sizeof in->stream >= crypto_sign_SECRETKEYBYTES, "for a key");
	(void)crypto_sign_seed_keypair(pk, in->stream, sk);
	return sodium_memcmp(pk, sk + crypto_sign_SEEDBYTES, sizeof pk) ? TUTELA_E_REFUSED : TUTELA_OK;
}

static enum tutela_err take(struct inner *in, bool (*ask)(void *ctx, char *out), void *ctx)
{
	bool encrypted = !memcmp(in->bytes + 2, "Sc", 2);
	enum tutela_err err;

	if (memcmp(in->bytes, "Ed", 2) || (!encrypted && memcmp(in->bytes + 2, "\0\0", 2)) ||
	    memcmp(in->bytes + 4, "B2", 2))
		return TUTELA_E_FORMAT;
	err = encrypted ? decrypt(in, ask, ctx) : TUTELA_OK;
	return err ? err : check(in, encrypted);
}

static bool find_key(const char *text, size_t len, uint8_t *out)
{
	struct trust_lines lines = {text, text + len};
	struct trust_line line, rest;

	return tutela_trust_line(&lines, &line) && tutela_trust_prefix(&line, COMMENT_PREFIX) &&
	       tutela_trust_comment_valid(line.s, line.len) && tutela_trust_line(&lines, &line) &&
	       tutela_trust_base64(&line, out, FILE_LEN) && !tutela_trust_line(&lines, &rest);
}

enum tutela_err tutela_secret_key_decode(const char *text, size_t len, bool (*ask)(void *ctx, char *out), void *ctx,
					 struct tutela_secret_key **out)
{
	struct tutela_secret_key *key;
	enum tutela_err err = TUTELA_E_FORMAT;
	struct inner *in;

	*out = NULL;
	if (sodium_init() < 0)
		return TUTELA_E_NOMEM;
	in = sodium_malloc(sizeof *in);
	key = sodium_malloc(sizeof *key);
	if (!in || !key)
		err = TUTELA_E_NOMEM;
	else if (find_key(text, len, in->bytes))
		err = take(in, ask, ctx);
	if (!err) {
		memcpy(key->id, in->bytes + HEAD_LEN, sizeof key->id);
		memcpy(key->sk, in->bytes + HEAD_LEN + sizeof key->id, sizeof key->sk);
		*out = key;
		key = NULL;
	}
	sodium_free(in);
	sodium_free(key);
	return err;
}
