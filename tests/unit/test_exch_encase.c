/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_check.h"

static const struct tutela_reader_opts plain = {0};

#define HEAD_LEN   1152
#define RECORD_LEN 18

/* A hash set of `n` records, whose digests are counted up from 1; one of them is the empty file's. */
static size_t make(uint8_t *set, size_t n)
{
	static const uint8_t none[16] = {0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0x00, 0xb2, 0x04,
					 0xe9, 0x80, 0x09, 0x98, 0xec, 0xf8, 0x42, 0x7e};

	memset(set, 0, HEAD_LEN + n * RECORD_LEN);
	memcpy(set, "HASH\r\n\xff", 8);
	memcpy(set + 1032, "s\0e\0t", 5);
	for (size_t i = 0; i < n; i++) {
		uint8_t *at = set + HEAD_LEN + i * RECORD_LEN;

		memset(at, (int)i + 1, 16);
		if (i == 1)
			memcpy(at, none, sizeof(none));
	}
	return HEAD_LEN + n * RECORD_LEN;
}

static void encase(const uint8_t *set, size_t len, const char *expected)
{
	expect_len("encase", &plain, (const char *)set, len, expected);
}

#define ONES   "record 1 id=[] md5=01010101010101010101010101010101" REST
#define NONE   "problem 2 @1170 the digest of an empty file\n"
#define THREES "record 3 id=[] md5=03030303030303030303030303030303" REST

Test(exch_encase, a_set)
{
	uint8_t set[HEAD_LEN + 3 * RECORD_LEN];

	encase(set, make(set, 3), ONES NONE THREES FINE);
	encase(set, make(set, 0), FINE);
}

Test(exch_encase, what_is_cut_off)
{
	uint8_t set[HEAD_LEN + 3 * RECORD_LEN];

	make(set, 3);
	for (size_t n = 1; n < RECORD_LEN; n += 8)
		encase(set, HEAD_LEN + 2 * RECORD_LEN + n,
		       ONES NONE "problem 3 @1188 the last record is cut off\n" FINE);
	encase(set, HEAD_LEN - 1, "result TUTELA_E_FORMAT [the input ends within the head of a hash set of EnCase]\n");
	encase(set, 0, "result TUTELA_E_FORMAT [the input ends within the head of a hash set of EnCase]\n");
}

Test(exch_encase, what_is_no_set)
{
	uint8_t set[HEAD_LEN + RECORD_LEN];

	make(set, 1);
	for (size_t i = 0; i < 8; i++) {
		set[i] ^= 1;
		encase(set, sizeof(set), "result TUTELA_E_FORMAT [the input is not a hash set of EnCase]\n");
		set[i] ^= 1;
	}
}
