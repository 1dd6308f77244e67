/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of keys and signatures. The first byte chooses: public key, signature, secret key. */
#include "fuzz.h"
#include "trust/secret_key.h"

static bool give_nothing(void *ctx, char *out)
{
	(void)ctx;
	*out = '\0';
	return false;
}

static void public_key(const char *text, size_t len)
{
	struct tutela_public_key a, b;
	char out[TUTELA_PUBLIC_KEY_TEXT + 1], file[TUTELA_PUBLIC_FILE_MAX];

	if (tutela_public_key_parse(text, len, &a))
		return;
	tutela_public_key_text(&a, out);
	require(strlen(out) == TUTELA_PUBLIC_KEY_TEXT);
	require(!tutela_public_key_parse(out, strlen(out), &b) && !memcmp(&a, &b, sizeof a));
	tutela_public_key_file(&a, file);
	require(!tutela_public_key_parse(file, strlen(file), &b) && !memcmp(&a, &b, sizeof a));
}

static void signature(const char *text, size_t len)
{
	static const struct tutela_public_key key;
	struct tutela_signature s;

	if (tutela_signature_parse(text, len, &s))
		return;
	require(memchr(s.trusted, '\0', sizeof s.trusted) && !strchr(s.trusted, '\n'));
	/* Of a key that nobody has. */
	require(tutela_signature_verify(&s, &key, text, len));
}

static void secret_key(const char *text, size_t len)
{
	struct tutela_secret_key *key, *again;
	char out[SECRET_FILE_MAX];

	if (tutela_secret_key_decode(text, len, give_nothing, NULL, &key)) {
		require(!key);
		return;
	}
	require(!tutela_secret_key_encode(key, NULL, out));
	require(!tutela_secret_key_decode(out, strlen(out), NULL, NULL, &again));
	require(!memcmp(key->id, again->id, sizeof key->id) && !memcmp(key->sk, again->sk, sizeof key->sk));
	tutela_secret_key_free(key);
	tutela_secret_key_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (!size)
		return 0;
	copy = exact_copy(data + 1, size - 1);
	if (data[0] % 3 == 0)
		public_key((const char *)copy, size - 1);
	else if (data[0] % 3 == 1)
		signature((const char *)copy, size - 1);
	else
		secret_key((const char *)copy, size - 1);
	free(copy);
	return 0;
}
