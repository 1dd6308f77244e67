/* SPDX-License-Identifier: Apache-2.0 */
#include <tutela/algorithm.h>

#include <string.h>

/* In order of id. A new algorithm is a row here and, when it is computed, a file beside this one. */
static const struct tutela_algorithm_info table[] = {
	{TUTELA_ALG_MD5, "md5", 128, false, 0, 0},
	{TUTELA_ALG_SHA1, "sha1", 160, false, 0, 0},
	{TUTELA_ALG_SHA256, "sha256", 256, false, 0, 0},
	{TUTELA_ALG_PDQ, "pdq", 256, true, 31, 64},
	{TUTELA_ALG_PHASH, "phash", 64, true, 6, 16},
	{TUTELA_ALG_DHASH, "dhash", 64, true, 4, 16},
	{TUTELA_ALG_PHOTODNA, "photodna", 1152, false, 0, 0},
};
#define ROWS (sizeof table / sizeof table[0])

/* Digests of no bytes at all: FIPS 180-4 and RFC 1321. */
static const char *const empty_file[] = {
	"d41d8cd98f00b204e9800998ecf8427e",
	"da39a3ee5e6b4b0d3255bfef95601890afd80709",
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
};

const struct tutela_algorithm_info *tutela_algorithm_get(enum tutela_algorithm id)
{
	for (size_t i = 0; i < ROWS; i++)
		if (table[i].id == id)
			return &table[i];
	return NULL;
}

const struct tutela_algorithm_info *tutela_algorithm_at(size_t i)
{
	return i < ROWS ? &table[i] : NULL;
}

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* Equal but for letter case and the '-' or '_' that some write in "SHA-256". */
static bool same_name(const char *given, const char *name)
{
	for (; *given; given++) {
		if (*given == '-' || *given == '_')
			continue;
		if (lower(*given) != *name)
			return false;
		name++;
	}
	return *name == '\0';
}

const struct tutela_algorithm_info *tutela_algorithm_find(const char *name)
{
	for (size_t i = 0; i < ROWS; i++)
		if (same_name(name, table[i].name))
			return &table[i];
	return NULL;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum tutela_err tutela_hash_parse(enum tutela_algorithm algorithm, const char *hex, size_t len, struct tutela_hash *out)
{
	const struct tutela_algorithm_info *info = tutela_algorithm_get(algorithm);

	memset(out, 0, sizeof *out);
	if (!info)
		return TUTELA_E_ARG;
	if (len != info->bits / 4)
		return TUTELA_E_FORMAT;
	for (size_t i = 0; i < len; i += 2) {
		int high = digit(hex[i]), low = digit(hex[i + 1]);

		if (high < 0 || low < 0) {
			memset(out, 0, sizeof *out);
			return TUTELA_E_FORMAT;
		}
		out->bytes[i / 2] = (uint8_t)(high << 4 | low);
	}
	out->algorithm = (uint16_t)algorithm;
	out->len = (uint16_t)(len / 2);
	return TUTELA_OK;
}

char *tutela_hash_format(const struct tutela_hash *hash, char *buf)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < hash->len; i++) {
		buf[2 * i] = digits[hash->bytes[i] >> 4];
		buf[2 * i + 1] = digits[hash->bytes[i] & 15];
	}
	buf[2 * (size_t)hash->len] = '\0';
	return buf;
}

int tutela_hash_distance(const struct tutela_hash *a, const struct tutela_hash *b)
{
	int distance = 0;

	if (a->algorithm != b->algorithm || a->len != b->len)
		return -1;
	for (size_t i = 0; i < a->len; i++)
		distance += __builtin_popcount(a->bytes[i] ^ b->bytes[i]);
	return distance;
}

static bool all_bytes(const struct tutela_hash *hash, uint8_t value)
{
	for (size_t i = 0; i < hash->len; i++)
		if (hash->bytes[i] != value)
			return false;
	return true;
}

const char *tutela_hash_refusal(const struct tutela_hash *hash)
{
	char text[TUTELA_HASH_TEXT_MAX];

	if (all_bytes(hash, 0x00))
		return "all bits are zero: no picture's hash";
	if (all_bytes(hash, 0xff))
		return "all bits are one: no picture's hash";
	tutela_hash_format(hash, text);
	for (size_t i = 0; i < sizeof empty_file / sizeof empty_file[0]; i++)
		if (strcmp(text, empty_file[i]) == 0)
			return "the digest of an empty file";
	return NULL;
}
