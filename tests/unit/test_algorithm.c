/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include <tutela/algorithm.h>

static struct tutela_hash parse(enum tutela_algorithm algorithm, const char *hex)
{
	struct tutela_hash h;

	cr_assert_eq(tutela_hash_parse(algorithm, hex, strlen(hex), &h), TUTELA_OK, "'%s' does not parse", hex);
	return h;
}

Test(algorithm, table_is_consistent)
{
	const struct tutela_algorithm_info *info;
	size_t n = 0;

	for (; (info = tutela_algorithm_at(n)) != NULL; n++) {
		cr_assert_eq(tutela_algorithm_get(info->id), info);
		cr_assert_eq(tutela_algorithm_find(info->name), info);
		cr_assert_eq(info->bits % 8, 0);
		cr_assert_leq(info->bits / 8, TUTELA_HASH_MAX);
		cr_assert_lt((int)info->id, 64, "the store counts fingerprints by id in arrays of 64");
		cr_assert_eq(info->perceptual, info->max_threshold > 0);
	}
	cr_assert_eq(n, 7);
	cr_assert_null(tutela_algorithm_get(TUTELA_ALG_NONE));
}

Test(algorithm, names_in_any_spelling)
{
	cr_assert_eq(tutela_algorithm_find("SHA-256")->id, TUTELA_ALG_SHA256);
	cr_assert_eq(tutela_algorithm_find("sha_1")->id, TUTELA_ALG_SHA1);
	cr_assert_eq(tutela_algorithm_find("PDQ")->id, TUTELA_ALG_PDQ);
	cr_assert_null(tutela_algorithm_find("sha"));
	cr_assert_null(tutela_algorithm_find("sha2567"));
	cr_assert_null(tutela_algorithm_find(""));
}

Test(algorithm, text_round_trip)
{
	struct tutela_hash h = parse(TUTELA_ALG_MD5, "00112233445566778899AaBbCcDdEeFf");
	char text[TUTELA_HASH_TEXT_MAX];

	cr_assert_str_eq(tutela_hash_format(&h, text), "00112233445566778899aabbccddeeff");
	cr_assert_eq(h.bytes[1], 0x11);
	cr_assert_eq(h.bytes[16], 0, "bytes past len are zero");
}

Test(algorithm, bad_text_is_refused_and_output_cleared)
{
	struct tutela_hash h, zero = {0};

	memset(&h, 0xaa, sizeof h);
	cr_assert_eq(tutela_hash_parse(TUTELA_ALG_MD5, "00112233445566778899aabbccddeef", 31, &h), TUTELA_E_FORMAT);
	cr_assert_eq(memcmp(&h, &zero, sizeof h), 0);
	cr_assert_eq(tutela_hash_parse(TUTELA_ALG_MD5, "00112233445566778899aabbccddeefg", 32, &h), TUTELA_E_FORMAT);
	cr_assert_eq(memcmp(&h, &zero, sizeof h), 0);
	cr_assert_eq(tutela_hash_parse(TUTELA_ALG_MD5, "", 0, &h), TUTELA_E_FORMAT);
	cr_assert_eq(tutela_hash_parse(TUTELA_ALG_NONE, "00", 2, &h), TUTELA_E_ARG);
}

Test(algorithm, distance_counts_bits)
{
	struct tutela_hash a = parse(TUTELA_ALG_DHASH, "00000000000000ff");
	struct tutela_hash b = parse(TUTELA_ALG_DHASH, "8000000000000000");
	struct tutela_hash c = parse(TUTELA_ALG_PHASH, "8000000000000000");

	cr_assert_eq(tutela_hash_distance(&a, &a), 0);
	cr_assert_eq(tutela_hash_distance(&a, &b), 9);
	cr_assert_eq(tutela_hash_distance(&b, &c), -1, "another algorithm");
}

Test(algorithm, values_that_must_not_be_stored)
{
	struct tutela_hash h;

	h = parse(TUTELA_ALG_MD5, "d41d8cd98f00b204e9800998ecf8427e");
	cr_assert_not_null(tutela_hash_refusal(&h));
	h = parse(TUTELA_ALG_SHA1, "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709");
	cr_assert_not_null(tutela_hash_refusal(&h));
	h = parse(TUTELA_ALG_SHA256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	cr_assert_not_null(tutela_hash_refusal(&h));
	h = parse(TUTELA_ALG_PHASH, "0000000000000000");
	cr_assert_not_null(tutela_hash_refusal(&h));
	h = parse(TUTELA_ALG_DHASH, "ffffffffffffffff");
	cr_assert_not_null(tutela_hash_refusal(&h));
	h = parse(TUTELA_ALG_PHASH, "0000000000000001");
	cr_assert_null(tutela_hash_refusal(&h));
}
