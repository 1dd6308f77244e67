/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_check.h"

static const struct tutela_reader_opts plain = {0};

#define nsrl(in, out) expect("nsrl", &plain, in, out)
#define V2            "\"SHA-1\",\"MD5\",\"CRC32\",\"FileName\",\"FileSize\",\"ProductCode\",\"OpSystemCode\",\"SpecialCode\"\n"
#define V1                                                                                                             \
	"\"SHA-1\",\"FileName\",\"FileSize\",\"ProductCode\",\"OpSystemCode\",\"MD4\",\"MD5\",\"CRC32\","              \
	"\"SpecialCode\"\n"
#define ROW(name) "\"" SHA1_A "\",\"" MD5_A "\",\"01234567\",\"" name "\",12,34,\"WIN\",\"\"\n"
#define BOTH      " id=[] sha1=" SHA1_A " md5=" MD5_A REST
#define NO_HEADER "result TUTELA_E_FORMAT [the first line is not the header of an NSRL file: \"SHA-1\",\"MD5\",...]\n"

Test(exch_nsrl, version_2)
{
	nsrl(V2 ROW("a.dll") ROW("b.dll"), "record 2" BOTH "record 3" BOTH FINE);
	nsrl(V2 "\n", FINE);
	nsrl(V2 "\"\",\"" MD5_A "\",\"\",\"x\",12,34,\"WIN\",\"M\"\r\n", "record 2 id=[] md5=" MD5_A REST FINE);
}

Test(exch_nsrl, version_1_has_another_order)
{
	nsrl(V1 "\"" SHA1_A "\",\"a\",12,34,\"WIN\",\"" MD5_B "\",\"" MD5_A "\",\"01234567\",\"\"\n",
	     "record 2" BOTH FINE);
}

Test(exch_nsrl, digests_of_any_columns)
{
	nsrl("md5,SHA-256\n" MD5_A "," PDQ_A "\n", "record 2 id=[] sha256=" PDQ_A " md5=" MD5_A REST FINE);
	nsrl("\"FileName\",\"SHA1\"\n\"a,\"b\",\"" SHA1_A "\"\n", "record 2 id=[] sha1=" SHA1_A REST FINE);
}

Test(exch_nsrl, names_may_hold_anything)
{
	nsrl(V2 ROW("a \"b\", c") ROW("\",\"") ROW("\xe4") ROW("") ROW("\"") ROW(","),
	     "record 2" BOTH "record 3" BOTH "record 4" BOTH "record 5" BOTH "record 6" BOTH "record 7" BOTH FINE);
}

Test(exch_nsrl, bad_lines_cost_themselves)
{
	static const char bad[] = "problem 2 @87 the line has not the columns of the header\n" FINE;

	nsrl(V2 "x\n", bad);
	nsrl(V2 "\"" SHA1_A "\",\"" MD5_A "\"\n", bad);
	nsrl(V2 "\"" SHA1_A "\",\"" MD5_A "\",\"01234567\",\"a\"\n", bad);
	nsrl(V2 "\"" SHA1_A "\"x,\"" MD5_A "\",\"01234567\",\"a\",12,34,\"WIN\",\"\"\n", bad);
	nsrl(V2 "\"" SHA1_A "\n", bad);
	nsrl(V2 "\"" SHA1_A "\",\"" MD5_A "\",\"0\",\"a\",12,34,\"WIN\",x\"\"\n", bad);
	nsrl("md5,sha1\n" MD5_A "," SHA1_A ",\n", "problem 2 @9 the line has not the columns of the header\n" FINE);
	nsrl(V2 "\"\",\"\",\"\",\"a\",12,34,\"WIN\",\"\"\n", "problem 2 @87 the entry has no fingerprint\n" FINE);
	nsrl(V2 "\"12\",\"\",\"\",\"a\",12,34,\"WIN\",\"\"\n",
	     "problem 2 @87 the value has not the length of its algorithm\n" FINE);
	nsrl(V2 "\"DA39A3EE5E6B4B0D3255BFEF95601890AFD80709\",\"D41D8CD98F00B204E9800998ECF8427E\",\"0\",\"a\",0,34,"
		"\"WIN\",\"\"\n",
	     "problem 2 @87 the digest of an empty file\n" FINE);
}

Test(exch_nsrl, what_is_no_such_file)
{
	nsrl("", "result TUTELA_E_FORMAT [the input is empty: it has not even a header]\n");
	nsrl("a,b\n", NO_HEADER);
	nsrl("\"SHA-1\n", NO_HEADER);
	nsrl("\"SHA-1\"x\n", NO_HEADER);
	nsrl("sha1,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\n", NO_HEADER);
	expect_len("nsrl", &plain, "SQLite format 3\0", 16,
		   "result TUTELA_E_FORMAT [the input is an SQLite database (perhaps of the format kdb or rds), not "
		   "text]\n");
}
