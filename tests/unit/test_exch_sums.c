/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_check.h"

#define SHA256_A PDQ_A

static const struct tutela_reader_opts plain = {0};

#define sums(in, out)       expect("sums", &plain, in, out)
#define RECORD(line, value) "record " line " id=[] " value REST
#define PROBLEM(reason)     "problem 1 @0 " reason "\n" FINE

Test(exch_sums, lines_of_md5sum_and_its_kin)
{
	sums(MD5_A "  a name.jpg\n" SHA1_A " *binary.jpg\r\n\\" SHA256_A "  a\\nb\n" MD5_B "\n" MD5_B "\tx",
	     RECORD("1", "md5=" MD5_A) RECORD("2", "sha1=" SHA1_A) RECORD("3", "sha256=" SHA256_A)
		     RECORD("4", "md5=" MD5_B) RECORD("5", "md5=" MD5_B) FINE);
	sums("00112233445566778899AABBCCDDEEFF  X\n", RECORD("1", "md5=" MD5_A) FINE);
}

Test(exch_sums, bsd_lines)
{
	sums("MD5 (a) = " MD5_A "\nSHA1 (b (1) = c).jpg) = " SHA1_A "\nSHA256 () = " SHA256_A "\n",
	     RECORD("1", "md5=" MD5_A) RECORD("2", "sha1=" SHA1_A) RECORD("3", "sha256=" SHA256_A) FINE);
	/* OpenSSL's way, and an escaped name. */
	sums("SHA2-256(a)= " SHA256_A "\nMD5(b)= " MD5_A "\n\\SHA-1 (c\\\\) = " SHA1_A "\n",
	     RECORD("1", "sha256=" SHA256_A) RECORD("2", "md5=" MD5_A) RECORD("3", "sha1=" SHA1_A) FINE);
}

Test(exch_sums, empty_lines_remarks_and_a_head_are_passed_over)
{
	sums("", FINE);
	sums("MD5\r\n" MD5_A "\r\n", RECORD("2", "md5=" MD5_A) FINE);
	sums("# made yesterday\n\n  \n" MD5_A "\n", RECORD("4", "md5=" MD5_A) FINE);
}

Test(exch_sums, bad_lines_cost_themselves)
{
	sums("0011\n", PROBLEM("no MD5, SHA-1 or SHA-256 has this length"));
	sums(MD5_A MD5_A MD5_A MD5_A "  sha512\n", PROBLEM("no MD5, SHA-1 or SHA-256 has this length"));
	sums(MD5_A "x  name\n", PROBLEM("neither a digest, nor a digest and a name, nor NAME (file) = digest"));
	sums("hello\n", PROBLEM("neither a digest, nor a digest and a name, nor NAME (file) = digest"));
	sums("MD5 (a = " MD5_A "\n", PROBLEM("neither a digest, nor a digest and a name, nor NAME (file) = digest"));
	sums("MD5 = (" MD5_A "\n", PROBLEM("neither a digest, nor a digest and a name, nor NAME (file) = digest"));
	sums("(=\n", PROBLEM("neither a digest, nor a digest and a name, nor NAME (file) = digest"));
	sums(")(=\n", PROBLEM("neither a digest, nor a digest and a name, nor NAME (file) = digest"));
	sums("\\\n", PROBLEM("a backslash and nothing else"));
	sums("SHA512 (a) = " MD5_A "\n", PROBLEM("the digest is not MD5, SHA-1 or SHA-256"));
	sums("PDQ (a) = " PDQ_A "\n", PROBLEM("the digest is not MD5, SHA-1 or SHA-256"));
	sums("MD5 (a) = " SHA1_A "\n", PROBLEM("the value has not the length of its algorithm"));
	sums("MD5 (a) = \n", PROBLEM("the value has not the length of its algorithm"));
	sums("MD5 (a) = g0112233445566778899aabbccddeeff\n", PROBLEM("the value is not hexadecimal"));
	sums(MD5_NONE "  empty\n", PROBLEM("the digest of an empty file"));
	sums("MD5\nMD5\n", "problem 2 @4 neither a digest, nor a digest and a name, nor NAME (file) = digest\n" FINE);
}

Test(exch_sums, a_given_algorithm_is_required)
{
	static const struct tutela_reader_opts md5 = {.algorithm = TUTELA_ALG_MD5}, pdq = {.algorithm = TUTELA_ALG_PDQ};

	expect("sums", &md5, MD5_A "\n" SHA1_A "\n",
	       RECORD("1", "md5=" MD5_A) "problem 2 @33 the digest is of another algorithm than the one that was "
					 "given\n" FINE);
	expect("sums", &pdq, PDQ_A, "result TUTELA_E_ARG [the format holds MD5, SHA-1 and SHA-256 only]\n");
}

Test(exch_sums, utf16_of_a_shell)
{
	static const char text[] = MD5_A "  \xe4.jpg\r\nnothing\r\n" SHA1_A "  b";
	char wide[2 + 2 * sizeof(text)] = "\xff\xfe";
	size_t n = 2;

	for (size_t i = 0; text[i]; i++) {
		wide[n++] = text[i];
		wide[n++] = '\0';
	}
	expect_len("sums", &plain, wide, n,
		   RECORD("1", "md5=" MD5_A) "problem 2 @84 neither a digest, nor a digest and a name, nor NAME (file) "
					     "= digest\n" RECORD("3", "sha1=" SHA1_A) FINE);
}

#define zsums(in, out) expect_len("sums", &plain, in, sizeof(in) - 1, out)

/* As coreutils 9.1 prints them: a name is not escaped, and may hold a line feed. */
Test(exch_sums, lines_that_end_with_nul)
{
	zsums(MD5_A "  a name.jpg\0" SHA1_A " *b\nc\r\0" SHA256_A "  \\d\0",
	      RECORD("1", "md5=" MD5_A) RECORD("2", "sha1=" SHA1_A) RECORD("3", "sha256=" SHA256_A) FINE);
	zsums("MD5 (a\nb (1) = c) = " MD5_A "\0\0SHA256 (x) = " SHA256_A,
	      RECORD("1", "md5=" MD5_A) RECORD("3", "sha256=" SHA256_A) FINE);
	zsums(MD5_A "\0", RECORD("1", "md5=" MD5_A) FINE);
	zsums("\xef\xbb\xbf" MD5_A "\0hello\0" MD5_B "\0",
	      RECORD("1", "md5=" MD5_A) "problem 2 @36 neither a digest, nor a digest and a name, nor NAME (file) = "
					"digest\n" RECORD("3", "md5=" MD5_B) FINE);
}

/* Lines of both kinds behind each other: no digest is taken for part of a name. */
Test(exch_sums, a_line_in_a_line_that_ends_with_nul)
{
	zsums(MD5_A "  a\0" MD5_B "  b\n" SHA1_A "  c\n" MD5_A "  d\0" MD5_B "\0",
	      RECORD("1", "md5=" MD5_A) "problem 2 @36 behind a line feed in the line another one begins\n" RECORD(
		      "3", "md5=" MD5_B) FINE);
	zsums(MD5_A "  a\0" MD5_B "  b\n\n\nMD5 (c) = " MD5_A "\n",
	      RECORD("1", "md5=" MD5_A) "problem 2 @36 behind a line feed in the line another one begins\n" FINE);
}

Test(exch_sums, other_bytes_with_nul_are_no_text)
{
	static const char binary[] = "result TUTELA_E_FORMAT [the input is a binary file, not text]\n";

	zsums(MD5_A "  a\n" MD5_B "  b\0\n", RECORD("1", "md5=" MD5_A) "result TUTELA_E_FORMAT [the input is a binary "
								       "file, not text]\n");
	zsums("\x7f"
	      "ELF\0\0\0" MD5_A "  a\0",
	      binary);
	zsums(MD5_A "0  a\0" MD5_A "  a\0", binary);
	zsums("\xef\xbb\xbf\0" MD5_A "\0", binary);
}

/* How lines end is known once so much is there that a NUL byte further on costs its line. */
Test(exch_sums, where_the_ends_are_told)
{
	for (size_t at = 8191; at <= 8192; at++) {
		char in[8400], expected[512];
		size_t n;

		memset(in, 'x', sizeof(in));
		memcpy(in, MD5_A "  ", 34);
		in[at] = '\0';
		n = at + 1 + (size_t)snprintf(in + at + 1, 99, MD5_B "  b\n");
		if (at == 8191)
			snprintf(expected, sizeof(expected), RECORD("1", "md5=" MD5_A) RECORD("2", "md5=" MD5_B) FINE);
		else
			snprintf(expected, sizeof(expected), "problem 1 @0 the line holds a NUL byte\n" FINE);
		expect_len("sums", &plain, in, n, expected);
	}
}
