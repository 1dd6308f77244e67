/* SPDX-License-Identifier: Apache-2.0 */
#include "store_data.h"

#include <tutela/trust.h>

/* Made by minisign 0.11 over the nine bytes "bytes\nof\n", with the trusted comment "a trusted comment". */
static const char their_key[] = "RWQCTIDNZYRf8viPZ18ZqV6dxq8xjehNIOtNT3P0FCCHN/hpc65zgS5I";
static const char their_signature[] =
	"untrusted comment: signature from minisign secret key\n"
	"RUQCTIDNZYRf8pxn5Urol2ocj1yjVpYZFMO+GHlpO08hMRrWxoNf+gEB9vaLn8HvGK28ZPaRDiLOw6VqluuW2u571zqozR66UQk=\n"
	"trusted comment: a trusted comment\n"
	"lkBobMboxRIJT2UA9Lsqub0WnTOPLrEimMr6LrwfngJo1HS8/CFksl3LWem2OPM4Jn24K4n4jEM0je+JbRXJAA==\n";

static struct tutela_secret_key *new_key(struct tutela_public_key *pub)
{
	struct tutela_secret_key *key;

	OK(tutela_secret_key_generate(&key));
	tutela_secret_key_public(key, pub);
	return key;
}

static struct tutela_signature parsed(const char *s)
{
	struct tutela_signature out;

	OK(tutela_signature_parse(s, strlen(s), &out));
	return out;
}

Test(signature, of_minisign_is_taken)
{
	struct tutela_signature s = parsed(their_signature);
	struct tutela_public_key key, other;
	struct tutela_secret_key *secret = new_key(&other);

	OK(tutela_public_key_parse(their_key, strlen(their_key), &key));
	cr_assert_str_eq(s.trusted, "a trusted comment");
	OK(tutela_signature_verify(&s, &key, "bytes\nof\n", 9));
	FAILS(tutela_signature_verify(&s, &key, "bytes\nof ", 9), TUTELA_E_REFUSED);
	FAILS(tutela_signature_verify(&s, &key, "bytes\nof\n", 8), TUTELA_E_REFUSED);
	FAILS(tutela_signature_verify(&s, &other, "bytes\nof\n", 9), TUTELA_E_NOTFOUND);
	/* Another key that claims the same number. */
	memcpy(other.id, key.id, sizeof other.id);
	FAILS(tutela_signature_verify(&s, &other, "bytes\nof\n", 9), TUTELA_E_REFUSED);
	tutela_secret_key_free(secret);
}

Test(signature, there_and_back)
{
	static const char bytes[] = "a list";
	char text[TUTELA_SIGNATURE_MAX];
	struct tutela_public_key pub;
	struct tutela_secret_key *key = new_key(&pub);
	struct tutela_signature s;

	OK(tutela_sign(key, bytes, sizeof bytes, "version 7", text));
	s = parsed(text);
	cr_assert_str_eq(s.trusted, "version 7");
	OK(tutela_signature_verify(&s, &pub, bytes, sizeof bytes));
	/* The trusted comment is signed. */
	s.trusted[8] = '8';
	FAILS(tutela_signature_verify(&s, &pub, bytes, sizeof bytes), TUTELA_E_REFUSED);
	/* Nothing may be signed, too. */
	OK(tutela_sign(key, NULL, 0, "", text));
	s = parsed(text);
	OK(tutela_signature_verify(&s, &pub, NULL, 0));
	tutela_secret_key_free(key);
}

Test(signature, of_a_file)
{
	char path[] = "/tmp/tutela-test-XXXXXX", text[TUTELA_SIGNATURE_MAX], *bytes = calloc(1, 300000);
	struct tutela_public_key pub;
	struct tutela_secret_key *key = new_key(&pub);
	struct tutela_signature s;
	int fd = mkstemp(path);

	cr_assert(bytes && fd >= 0);
	memset(bytes, 'x', 300000);
	cr_assert_eq(write(fd, bytes, 300000), 300000);
	OK(tutela_sign(key, bytes, 300000, "", text));
	s = parsed(text);
	cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
	OK(tutela_signature_verify_fd(&s, &pub, fd));
	cr_assert_eq(lseek(fd, 1, SEEK_SET), 1);
	FAILS(tutela_signature_verify_fd(&s, &pub, fd), TUTELA_E_REFUSED);
	FAILS(tutela_signature_verify_fd(&s, &pub, -1), TUTELA_E_SYS);
	close(fd);
	unlink(path);
	free(bytes);
	tutela_secret_key_free(key);
}

/* Every byte of the text counts, but those of the untrusted comment. */
Test(signature, no_byte_may_change)
{
	size_t from = strchr(their_signature, '\n') + 1 - their_signature, len = strlen(their_signature);
	char copy[TUTELA_SIGNATURE_MAX];
	struct tutela_public_key key;
	struct tutela_signature s;

	OK(tutela_public_key_parse(their_key, strlen(their_key), &key));
	for (size_t i = from; i + 1 < len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			enum tutela_err err;

			memcpy(copy, their_signature, len);
			copy[i] ^= (char)(1u << bit);
			err = tutela_signature_parse(copy, len, &s);
			if (!err)
				err = tutela_signature_verify(&s, &key, "bytes\nof\n", 9);
			cr_assert(err, "byte %zu, bit %u", i, bit);
		}
	}
}

static enum tutela_err parse(const char *s, size_t len)
{
	struct tutela_signature out;

	return tutela_signature_parse(s, len, &out);
}

Test(signature, has_four_lines)
{
	size_t len = strlen(their_signature);
	char copy[TUTELA_SIGNATURE_MAX + 8], crlf[TUTELA_SIGNATURE_MAX];
	size_t n = 0;

	strcpy(copy, their_signature);
	OK(parse(copy, len));
	OK(parse(copy, len - 1));
	for (size_t i = 0; i + 1 < len; i++)
		FAILS(parse(copy, i), TUTELA_E_FORMAT);
	strcat(copy, "x");
	FAILS(parse(copy, len + 1), TUTELA_E_FORMAT);
	copy[len] = '\n';
	FAILS(parse(copy, len + 1), TUTELA_E_FORMAT);
	copy[len] = '\0';
	FAILS(parse(copy, len + 1), TUTELA_E_FORMAT);
	for (const char *at = their_signature; *at; at++) {
		if (*at == '\n')
			crlf[n++] = '\r';
		crlf[n++] = *at;
	}
	OK(parse(crlf, n));
}

Test(signature, of_the_older_kind_is_refused)
{
	struct tutela_signature out;
	/* "Ed" in place of "ED": its second base64 digit. */
	char copy[TUTELA_SIGNATURE_MAX], *second;

	strcpy(copy, their_signature);
	second = strchr(copy, '\n') + 1;
	cr_assert_eq(memcmp(second, "RUQ", 3), 0);
	second[1] = 'W';
	FAILS(tutela_signature_parse(copy, strlen(copy), &out), TUTELA_E_VERSION);
}

Test(signature, comments_are_one_line)
{
	char text[TUTELA_SIGNATURE_MAX], comment[TUTELA_COMMENT_MAX + 2];
	struct tutela_public_key pub;
	struct tutela_secret_key *key = new_key(&pub);

	FAILS(tutela_sign(key, "x", 1, "two\nlines", text), TUTELA_E_ARG);
	FAILS(tutela_sign(key, "x", 1, "\300\257", text), TUTELA_E_ARG);
	memset(comment, 'c', sizeof comment);
	comment[TUTELA_COMMENT_MAX + 1] = '\0';
	FAILS(tutela_sign(key, "x", 1, comment, text), TUTELA_E_ARG);
	comment[TUTELA_COMMENT_MAX] = '\0';
	OK(tutela_sign(key, "x", 1, comment, text));
	OK(parse(text, strlen(text)));
	tutela_secret_key_free(key);
}
