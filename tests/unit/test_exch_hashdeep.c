/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_check.h"

#define SHA256_A PDQ_A

static const struct tutela_reader_opts plain = {0};

#define deep(in, out) expect("hashdeep", &plain, in, out)
#define VERSION       "%%%% HASHDEEP-1.0\n"
#define HEAD          VERSION "%%%% size,md5,sha256,filename\n"
#define ROW(name)     "7," MD5_A "," SHA256_A "," name "\n"
#define BOTH          " id=[] sha256=" SHA256_A " md5=" MD5_A REST
#define FAILS(why)    "result TUTELA_E_FORMAT [" why "]\n"
#define NO_HEAD       FAILS("the file does not begin as hashdeep's do: %%%% HASHDEEP-1.0, then the columns")

Test(exch_hashdeep, what_hashdeep_prints)
{
	deep(HEAD "## Invoked from: /home\n## # hashdeep -r .\n## \n" ROW("/a/b.jpg") ROW("/a/c.jpg"),
	     "record 6" BOTH "record 7" BOTH FINE);
	deep(HEAD, FINE);
	deep("%%%% HASHDEEP-1.0\r\n%%%% size,md5,sha256,filename\r\n7," MD5_A "," SHA256_A ",C:\\b.jpg\r\n",
	     "record 3" BOTH FINE);
}

Test(exch_hashdeep, columns_that_are_there)
{
	deep(VERSION "%%%% size,sha1,tiger,whirlpool,filename\n7," SHA1_A ",00,00,a\n",
	     "record 3 id=[] sha1=" SHA1_A REST FINE);
	deep(VERSION "%%%% size,md5,sha1,sha256,filename\n7," MD5_A "," SHA1_A "," SHA256_A ",a\n",
	     "record 3 id=[] sha256=" SHA256_A " sha1=" SHA1_A " md5=" MD5_A REST FINE);
}

Test(exch_hashdeep, names_may_hold_anything)
{
	deep(HEAD ROW("a, b,c") ROW("") ROW("\"") ROW("\xe4") ROW("# x"),
	     "record 3" BOTH "record 4" BOTH "record 5" BOTH "record 6" BOTH "record 7" BOTH FINE);
}

Test(exch_hashdeep, one_behind_the_other)
{
	deep(HEAD ROW("a") VERSION "%%%% size,md5,filename\n9," MD5_B ",b\n",
	     "record 3" BOTH "record 6 id=[] md5=" MD5_B REST FINE);
	deep(HEAD VERSION ROW("a"), NO_HEAD);
}

Test(exch_hashdeep, bad_lines_cost_themselves)
{
	static const char columns[] = "problem 3 @48 the line has not the columns of the header\n" FINE;

	deep(HEAD "line\n", columns);
	deep(HEAD "7," MD5_A "," SHA256_A "\n", columns);
	deep(HEAD "%%%% HASHDEEP-2.0\n", columns);
	deep(HEAD "7,,,a\n", "problem 3 @48 the entry has no fingerprint\n" FINE);
	deep(HEAD "7,12,,a\n", "problem 3 @48 the value has not the length of its algorithm\n" FINE);
	deep(HEAD "0," MD5_NONE ",,a\n", "problem 3 @48 the digest of an empty file\n" FINE);
}

Test(exch_hashdeep, what_is_no_such_file)
{
	deep("", FAILS("the input is empty: it has not even a header"));
	deep(VERSION, FAILS("the input is empty: it has not even a header"));
	deep(MD5_A "  a\n", NO_HEAD);
	deep("## x\n" HEAD, NO_HEAD);
	deep("%%%% HASHDEEP-2.0\n", FAILS("the file is not of hashdeep's version 1.0"));
	deep(VERSION ROW("a"), NO_HEAD);
	deep(VERSION "%%%% size,tiger,filename\n", FAILS("the hashdeep file has none of MD5, SHA-1 and SHA-256"));
	deep(VERSION "%%%% size,md5\n", FAILS("the columns of a hashdeep file do not end with the file's name"));
	deep(VERSION "%%%% ,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,md5,filename\n",
	     FAILS("the columns of a hashdeep file do not end with the file's name"));
}

Test(exch_hashdeep, utf16_of_a_shell)
{
	static const char text[] = HEAD ROW("\xe4.jpg");
	char wide[2 + 2 * sizeof(text)] = "\xff\xfe";
	size_t n = 2;

	for (size_t i = 0; text[i]; i++) {
		wide[n++] = text[i];
		wide[n++] = '\0';
	}
	expect_len("hashdeep", &plain, wide, n, "record 3" BOTH FINE);
}
