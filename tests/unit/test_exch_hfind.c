/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_check.h"

static const struct tutela_reader_opts plain = {0};

#define hfind(in, out) expect("hfind", &plain, in, out)
#define ZEROS          "0000000000000000000000000000000000000000"
#define HEAD           ZEROS "0|nsrl\n" ZEROS "1|NSRLFile.txt\n"
#define AT             "|0000000000000815\n"

Test(exch_hfind, an_index_of_md5)
{
	hfind(HEAD "00112233445566778899AABBCCDDEEFF" AT MD5_B "|0000000000000000\r\n",
	      "record 3 id=[] md5=" MD5_A REST "record 4 id=[] md5=" MD5_B REST FINE);
}

Test(exch_hfind, an_index_of_sha1)
{
	hfind(HEAD SHA1_A AT, "record 3 id=[] sha1=" SHA1_A REST FINE);
}

Test(exch_hfind, an_index_without_a_name)
{
	hfind(ZEROS "0|md5sum\n" MD5_A AT, "record 2 id=[] md5=" MD5_A REST FINE);
	hfind(ZEROS "0|md5sum\n", FINE);
}

Test(exch_hfind, zeros_are_passed_over)
{
	hfind(HEAD "00000000000000000000000000000000" AT MD5_A AT, "record 4 id=[] md5=" MD5_A REST FINE);
}

Test(exch_hfind, bad_lines_cost_themselves)
{
	hfind(HEAD MD5_A "\n", "problem 3 @102 not a digest, a bar and an offset\n" FINE);
	hfind(HEAD MD5_A "|\n", "problem 3 @102 not a digest, a bar and an offset\n" FINE);
	hfind(HEAD MD5_A "|12x\n", "problem 3 @102 not a digest, a bar and an offset\n" FINE);
	hfind(HEAD MD5_A "|123456789012345678901\n", "problem 3 @102 not a digest, a bar and an offset\n" FINE);
	hfind(HEAD "0011|1\n", "problem 3 @102 the digest has not the length of the others\n" FINE);
	hfind(HEAD MD5_A "|1\n" SHA1_A "|2\n",
	      "record 3 id=[] md5=" MD5_A REST "problem 4 @137 the digest has not the length of the others\n" FINE);
	hfind(HEAD MD5_NONE "|1\n", "problem 3 @102 the digest of an empty file\n" FINE);
}

Test(exch_hfind, what_is_no_index)
{
	hfind("", "result TUTELA_E_FORMAT [the input is empty: it has not even the head of an hfind index]\n");
	hfind(MD5_A AT, "result TUTELA_E_FORMAT [the first line is not the head of an hfind index]\n");
	hfind(ZEROS "|nsrl\n", "result TUTELA_E_FORMAT [the first line is not the head of an hfind index]\n");
	expect_len("hfind", &plain, "\1\2\0\3\4", 5, "result TUTELA_E_FORMAT [the input is a binary file, not text]\n");
}
