/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>
#include <time.h>

#include "exchange/utc_time.h"

static int64_t parsed(const char *s)
{
	int64_t t;

	return tutela_utc_parse(s, strlen(s), &t) ? t : -1;
}

Test(utc_time, accepts)
{
	cr_assert_eq(parsed("0"), 0);
	cr_assert_eq(parsed("1924992000"), 1924992000);
	cr_assert_eq(parsed("253402300799"), UTC_TIME_MAX);
	cr_assert_eq(parsed("1970-01-01"), 0);
	cr_assert_eq(parsed("2031-01-02T03:04:05Z"), 1925089445);
	cr_assert_eq(parsed("2031-01-02t03:04:05Z"), 1925089445);
	cr_assert_eq(parsed("2031-01-02 03:04:05"), 1925089445);
	cr_assert_eq(parsed("2031-01-02T03:04:05.9871Z"), 1925089445);
	cr_assert_eq(parsed("2031-01-02T03:04"), 1925089440);
	cr_assert_eq(parsed("2031-01-02T05:04:05+02:00"), 1925089445);
	cr_assert_eq(parsed("2031-01-01T21:34:05-05:30"), 1925089445);
	cr_assert_eq(parsed("2024-02-29"), 1709164800);
	cr_assert_eq(parsed("9999-12-31T23:59:59Z"), UTC_TIME_MAX);
	cr_assert_eq(parsed("2016-12-31T23:59:60Z"), 1483228800);
}

Test(utc_time, refuses)
{
	static const char *const rows[] = {
		"",
		" ",
		"-1",
		"253402300800",
		"1925089445000",
		"99999999999999999999999999",
		"12a",
		"2031-",
		"2031-01",
		"2031-13-01",
		"2031-00-01",
		"2031-01-00",
		"2031-01-32",
		"2023-02-29",
		"1900-02-29",
		"2031-04-31",
		"1969-12-31",
		"0000-01-01",
		"2031-01-02T",
		"2031-01-02T03",
		"2031-01-02T03:04:",
		"2031-01-02T24:00:00Z",
		"2031-01-02T03:60:00Z",
		"2031-01-02T03:04:61Z",
		"2031-01-02T03:04:05.Z",
		"2031-01-02T03:04:05X",
		"2031-01-02T03:04:05ZZ",
		"2031-01-02T03:04:05+0200",
		"2031-01-02T03:04:05+2",
		"2031-01-02Z",
		"2031/01/02",
		"9999-12-31T23:59:59-01:00",
		"1970-01-01T00:00:00+00:01",
		"02.01.2031",
		"2031-01-02T3:04:05Z",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_assert_eq(parsed(rows[i]), -1, "'%s'", rows[i]);
}

Test(utc_time, formats_as_the_c_library_does)
{
	for (int64_t t = 0; t <= UTC_TIME_MAX; t += 86400 * 17 + 12347) {
		char mine[UTC_TIME_TEXT], theirs[64];
		time_t tt = (time_t)t;
		struct tm tm;
		int64_t back;

		cr_assert(tutela_utc_format(t, mine));
		(void)strftime(theirs, sizeof(theirs), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&tt, &tm));
		if (strcmp(mine, theirs) || !tutela_utc_parse(mine, strlen(mine), &back) || back != t)
			cr_assert_fail("%lld: %s instead of %s", (long long)t, mine, theirs);
	}
}

Test(utc_time, formats_only_what_it_can)
{
	char text[UTC_TIME_TEXT];

	cr_assert_not(tutela_utc_format(-1, text));
	cr_assert_str_eq(text, "");
	cr_assert_not(tutela_utc_format(UTC_TIME_MAX + 1, text));
	cr_assert_not(tutela_utc_format(INT64_MIN, text));
	cr_assert(tutela_utc_format(UTC_TIME_MAX, text));
	cr_assert_str_eq(text, "9999-12-31T23:59:59Z");
}
