/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hex of fingerprints. The first byte chooses the algorithm, the second how
 * it is named; the rest is the text. What is taken has exactly the right length, comes back
 * the same in lower case, and is at distance 0 from itself.
 */
#include <ctype.h>

#include <tutela/algorithm.h>

#include "fuzz.h"

static void check_taken(const struct tutela_algorithm_info *a, const char *hex, size_t len, const struct tutela_hash *h)
{
	char text[TUTELA_HASH_TEXT_MAX];
	struct tutela_hash again;

	require(len == a->bits / 4 && h->algorithm == (uint16_t)a->id && h->len * 8u == a->bits);
	require(tutela_hash_format(h, text) == text && strlen(text) == len);
	for (size_t i = 0; i < len; i++)
		require(text[i] == (char)tolower((unsigned char)hex[i]) && isxdigit((unsigned char)hex[i]));
	for (size_t i = h->len; i < sizeof(h->bytes); i++)
		require(h->bytes[i] == 0);
	require(!tutela_hash_parse(a->id, text, len, &again) && !memcmp(&again, h, sizeof(again)));
	require(tutela_hash_distance(h, &again) == 0);
	(void)tutela_hash_refusal(h);
}

static void check_name(const uint8_t *data, size_t size)
{
	char name[32];
	const struct tutela_algorithm_info *a;

	snprintf(name, sizeof(name), "%.*s", (int)(size < 31 ? size : 31), (const char *)data);
	a = tutela_algorithm_find(name);
	require(!a || tutela_algorithm_find(a->name) == a);
	require(!a || tutela_algorithm_get(a->id) == a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tutela_algorithm_info *a;
	struct tutela_hash h, zero = {0};
	char *hex;
	enum tutela_err err;

	if (size < 2)
		return 0;
	check_name(data + 1, size - 1);
	a = data[0] & 128 ? tutela_algorithm_get((enum tutela_algorithm)(data[0] & 127))
			  : tutela_algorithm_at(data[0] % 8u);
	hex = (char *)exact_copy(data + 2, size - 2);
	err = tutela_hash_parse(a ? a->id : TUTELA_ALG_NONE, hex, size - 2, &h);
	require(err == TUTELA_OK || err == (a ? TUTELA_E_FORMAT : TUTELA_E_ARG));
	if (err)
		require(!memcmp(&h, &zero, sizeof(h)));
	else
		check_taken(a, hex, size - 2, &h);
	free(hex);
	return 0;
}
