/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "list_guess.h"

#define MD5    "00112233445566778899aabbccddeeff"
#define SHA1   MD5 "00112233"
#define BITS   MD5 MD5
#define ZEROS8 "00000000"

static void expect(const char *head, size_t len, const char *options)
{
	const struct list_guess *guess = list_guess(head, len);

	cr_assert_str_eq(guess ? guess->options : "", options, "'%.*s'", (int)len, head);
	cr_assert(!guess || (guess->format[0] && guess->what[0]));
}

Test(list_guess, what_files_begin_with)
{
	static const char pdq[] = "--format csv --no-header --columns pdq=#1,quality=#2", sums[] = "--format sums";
	static const char bare[] = "--algorithm pdq, or of SHA-256 --format sums";
	static const char cells[] = "--format csv --no-header --columns sha256=#1 (of PDQ: pdq=#1)";
	static const char *const rows[][2] = {
		{"", ""},
		{"\n\n# x", ""},
		{"hello\n", ""},
		{"pdq " BITS "\n", ""},
		{"hash=" BITS ",norm=128\n", ""},
		{"%%%% HASHDEEP-1.0\n", "--format hashdeep"},
		{ZEROS8 ZEROS8 ZEROS8 ZEROS8 ZEROS8 "0|md5sum\n", "--format hfind"},
		{"\xef\xbb\xbf{\"@odata.context\":1", "--format vics"},
		{"[{\"MediaID\":1", "--format vics"},
		{"{\"hashRecords\":[]}", ""},
		{"\"SHA-1\",\"MD5\",\"CRC32\",\"FileName\"\r\n", "--format nsrl"},
		{"\"file_id\",\"hashset_id\"\n", "--format hashkeeper"},
		{BITS ",100,a b.jpg\n", pdq},
		{BITS ",0,", pdq},
		{BITS ",2031,x", cells},
		{BITS ",a.jpg", cells},
		{BITS, bare},
		{"# made by hand\r\n\r\n" BITS " e-1\r\n", bare},
		{MD5 "  a.jpg\n", sums},
		{"\\" SHA1 " *a\\nb\n", sums},
		{"MD5 (a) = " MD5, sums},
		{"sha2-256(a)= ", sums},
		{"MD5\r\n" MD5, sums},
		{"MD5 and more", ""},
		{MD5 ",/a/b\n", "--format csv --no-header --columns md5=#1"},
		{SHA1 ",/a/b\n", "--format csv --no-header --columns sha1=#1"},
		{MD5 "0  a\n", ""},
		{"Name;MD5;Size\n", "--format csv"},
		{"Name\tPDQ hash\n", "--format csv"},
		{"name,size\n", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect(rows[i][0], strlen(rows[i][0]), rows[i][1]);
	expect("HASH\r\n\xff\0\0", 9, "--format encase");
	expect(MD5 "  a\0" MD5 "  b", 71, sums);
	expect(BITS "  a\0", 68, sums);
	expect("MD5 (a) = " MD5 "\0", 43, sums);
	expect(MD5 "  a\n\0", 37, "");
	expect(MD5 ",a\0", 35, "");
	expect("\0" MD5, 33, "");
	expect("HASH\r\n", 6, "");
	expect("Name,MD5\n\0", 10, "");
}
