/* SPDX-License-Identifier: Apache-2.0 */
#include "store_data.h"

#include "trust/secret_key.h"

/* Made by minisign 0.11: not encrypted, and its public half. Of no use to anybody. */
static const char their_secret[] = "untrusted comment: minisign encrypted secret key\n"
				   "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAkyAzWWEX/"
				   "JOJf5xDn9++U5s/W7ghOKGzxhqCJOXn9FdvTmbyuoJMviPZ18ZqV6dxq8xjehNIOtNT3P0FCCHN/"
				   "hpc65zgS5IAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
static const char their_public[] = "untrusted comment: minisign public key F25F8465CD804C02\n"
				   "RWQCTIDNZYRf8viPZ18ZqV6dxq8xjehNIOtNT3P0FCCHN/hpc65zgS5I\n";

/* Encrypted with the passphrase "a passphrase", with limits that cost little. */
static const char their_locked[] =
	"untrusted comment: minisign encrypted secret key\n"
	"RWRTY0IyAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8AgAAAAAAAAAAAAAEAAAAAJIKdniaquMQ1pyUAFMnMbl28rM3Q4VHPyAuC0Z"
	"HoTDIW9j+a8M3z26lXcoqIqhAX3shj1DRxA3Fa4vuCzs7ZdAZ5kh49r7ZXVIdLZMKKNnuG/E6IAV/ztwPHUGtNNNredPhL0NT0+1U=\n";

static bool passphrase(void *ctx, char *out)
{
	strcpy(out, ctx);
	return true;
}

static bool no_passphrase(void *ctx, char *out)
{
	*out = '\0';
	return ctx != NULL;
}

static enum tutela_err decode(const char *text, size_t len, const char *word, struct tutela_public_key *pub)
{
	struct tutela_secret_key *key;
	char copy[64];
	enum tutela_err err;

	strcpy(copy, word ? word : "");
	err = tutela_secret_key_decode(text, len, word ? passphrase : no_passphrase, word ? copy : NULL, &key);
	if (!err && pub)
		tutela_secret_key_public(key, pub);
	cr_assert_eq(!key, err != 0);
	tutela_secret_key_free(key);
	return err;
}

Test(secret_key, of_minisign_is_taken)
{
	struct tutela_public_key pub, theirs;
	char file[TUTELA_PUBLIC_FILE_MAX];

	OK(decode(their_secret, strlen(their_secret), NULL, &pub));
	OK(tutela_public_key_parse(their_public, strlen(their_public), &theirs));
	cr_assert_eq(memcmp(&pub, &theirs, sizeof pub), 0);
	tutela_public_key_file(&pub, file);
	cr_assert_str_eq(file, their_public);
}

Test(secret_key, encrypted)
{
	size_t len = strlen(their_locked);
	struct tutela_public_key pub, plain;

	OK(decode(their_locked, len, "a passphrase", &pub));
	OK(decode(their_secret, strlen(their_secret), NULL, &plain));
	cr_assert_eq(memcmp(&pub, &plain, sizeof pub), 0);
	FAILS(decode(their_locked, len, "another", NULL), TUTELA_E_REFUSED);
	FAILS(decode(their_locked, len, "", NULL), TUTELA_E_REFUSED);
	FAILS(decode(their_locked, len, NULL, NULL), TUTELA_E_INTERRUPTED);
}

/* A damaged key would sign what nobody can verify: its two halves must fit. */
Test(secret_key, damage_is_seen)
{
	size_t from = strchr(their_secret, '\n') + 1 - their_secret, len = strlen(their_secret);
	/* Seed and public key: bytes 62 to 125, four characters for each three of them. */
	size_t first = from + 84, last = from + 166;
	char copy[SECRET_FILE_MAX];

	for (size_t i = first; i <= last; i++) {
		memcpy(copy, their_secret, len);
		copy[i] = copy[i] == 'A' ? 'B' : 'A';
		FAILS(decode(copy, len, NULL, NULL), TUTELA_E_REFUSED);
	}
	for (size_t i = 0; i + 1 < len; i++)
		FAILS(decode(their_secret, i, NULL, NULL), TUTELA_E_FORMAT);
}

Test(secret_key, no_more_memory_is_taken_than_minisign_takes)
{
	uint8_t bytes[158];
	char copy[SECRET_FILE_MAX], *second;
	size_t len;

	strcpy(copy, their_locked);
	second = strchr(copy, '\n') + 1;
	cr_assert_eq(sodium_base642bin(bytes, sizeof bytes, second, strlen(second), "\n", &len, NULL,
				       sodium_base64_VARIANT_ORIGINAL),
		     0);
	cr_assert_eq(len, sizeof bytes);
	memset(bytes + 46, 0xff, 8);
	sodium_bin2base64(second, SECRET_FILE_MAX - (size_t)(second - copy), bytes, sizeof bytes,
			  sodium_base64_VARIANT_ORIGINAL);
	FAILS(decode(copy, strlen(copy), "a passphrase", NULL), TUTELA_E_FORMAT);
}

Test(secret_key, in_a_file)
{
	char folder[64], path[128];
	struct tutela_secret_key *key, *again;
	struct tutela_public_key pub, back;
	struct stat st;

	scratch_make(folder);
	snprintf(path, sizeof path, "%s/key", folder);
	OK(tutela_secret_key_generate(&key));
	tutela_secret_key_public(key, &pub);
	OK(tutela_secret_key_write(key, path, NULL));
	cr_assert(!stat(path, &st) && (st.st_mode & 0777) == 0600);
	FAILS(tutela_secret_key_write(key, path, NULL), TUTELA_E_EXISTS);
	OK(tutela_secret_key_read(path, NULL, NULL, &again));
	tutela_secret_key_public(again, &back);
	cr_assert_eq(memcmp(&pub, &back, sizeof pub), 0);
	tutela_secret_key_free(again);
	cr_assert(!chmod(path, 0640));
	FAILS(tutela_secret_key_read(path, NULL, NULL, &again), TUTELA_E_EXPOSED);
	cr_assert_null(again);
	cr_assert(!unlink(path));
	FAILS(tutela_secret_key_read(path, NULL, NULL, &again), TUTELA_E_SYS);
	tutela_secret_key_free(key);
	scratch_remove(folder);
}

Test(secret_key, public_keys_as_text)
{
	char text[TUTELA_PUBLIC_KEY_TEXT + 1], id[TUTELA_KEY_ID_TEXT + 1];
	const char *second = strchr(their_public, '\n') + 1;
	struct tutela_public_key key, again;

	OK(tutela_public_key_parse(their_public, strlen(their_public), &key));
	tutela_public_key_text(&key, text);
	cr_assert_eq(strncmp(second, text, TUTELA_PUBLIC_KEY_TEXT), 0);
	OK(tutela_public_key_parse(text, TUTELA_PUBLIC_KEY_TEXT, &again));
	cr_assert_eq(memcmp(&key, &again, sizeof key), 0);
	tutela_public_key_id(&key, id);
	cr_assert_not_null(strstr(their_public, id));
	for (size_t i = 0; i < TUTELA_PUBLIC_KEY_TEXT; i++)
		FAILS(tutela_public_key_parse(text, i, &again), TUTELA_E_FORMAT);
	FAILS(tutela_public_key_parse("\n", 1, &again), TUTELA_E_FORMAT);
	text[0] = 'S';
	FAILS(tutela_public_key_parse(text, TUTELA_PUBLIC_KEY_TEXT, &again), TUTELA_E_FORMAT);
}
