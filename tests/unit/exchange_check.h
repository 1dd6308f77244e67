/* SPDX-License-Identifier: Apache-2.0 */
/* Compare what a reader says with what it should say, whatever the pieces its input comes in. */
#ifndef EXCHANGE_CHECK_H
#define EXCHANGE_CHECK_H

#include <criterion/criterion.h>

#include "exchange_log.h"

#define MD5_A    "00112233445566778899aabbccddeeff"
#define MD5_B    "ffeeddccbbaa99887766554433221100"
#define SHA1_A   "00112233445566778899aabbccddeeff00112233"
#define PDQ_A    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define PDQ_B    "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define PDQ_ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define PHASH_A  "0123456789abcdef"
#define MD5_NONE "d41d8cd98f00b204e9800998ecf8427e"
#define REST     " status=active reason=[] time=0\n"
#define FINE     "result TUTELA_OK []\n"

static inline void expect_one(const char *format, const struct tutela_reader_opts *opts, const char *in, size_t len,
			      size_t first, size_t piece, const char *expected)
{
	struct log l = {0};

	log_read(&l, format, opts, in, len, first, piece);
	cr_assert_str_eq(l.text, expected, "first %zu, pieces of %zu:\n%s\ninstead of\n%s", first, piece, l.text,
			 expected);
	log_free(&l);
}

/* Whole, byte by byte, by threes, and in two at every position. */
static inline void expect_len(const char *format, const struct tutela_reader_opts *opts, const char *in, size_t len,
			      const char *expected)
{
	expect_one(format, opts, in, len, 0, 0, expected);
	expect_one(format, opts, in, len, 0, 1, expected);
	expect_one(format, opts, in, len, 0, 3, expected);
	for (size_t i = 1; i < len && len < 4096; i++)
		expect_one(format, opts, in, len, i, 0, expected);
}

static inline void expect(const char *format, const struct tutela_reader_opts *opts, const char *in,
			  const char *expected)
{
	expect_len(format, opts, in, strlen(in), expected);
}

static inline char *repeat(char c, size_t n)
{
	char *s = malloc(n + 1);

	cr_assert(s);
	memset(s, c, n);
	s[n] = '\0';
	return s;
}

#endif
