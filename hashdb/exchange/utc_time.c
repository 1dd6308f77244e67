/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/utc_time.h"

#include <stdio.h>

struct cursor {
	const char *at, *end;
	bool failed;
};

/* Exactly `digits` decimal digits, of a value in low..high. */
static int number(struct cursor *c, int digits, int low, int high)
{
	int v = 0;

	for (int i = 0; i < digits; i++) {
		if (c->at == c->end || *c->at < '0' || *c->at > '9') {
			c->failed = true;
			return low;
		}
		v = v * 10 + (*c->at++ - '0');
	}
	if (v < low || v > high) {
		c->failed = true;
		return low;
	}
	return v;
}

static bool next_is(struct cursor *c, char ch)
{
	if (c->at == c->end || *c->at != ch)
		return false;
	c->at++;
	return true;
}

static void expect(struct cursor *c, char ch)
{
	if (!next_is(c, ch))
		c->failed = true;
}

static int month_days(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

/* Days since 1970-01-01. Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil. */
static int64_t days_from_civil(int year, int month, int day)
{
	int y = year - (month <= 2);
	int era = y / 400;
	int yoe = y - era * 400;
	int doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return (int64_t)era * 146097 + doe - 719468;
}

/* The same paper's civil_from_days. */
static void civil_from_days(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468, era = z / 146097;
	int doe = (int)(z - era * 146097);
	int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int mp = (5 * doy + 2) / 153;

	*day = doy - (153 * mp + 2) / 5 + 1;
	*month = mp + (mp < 10 ? 3 : -9);
	*year = (int)(yoe + era * 400) + (*month <= 2);
}

static int64_t clock_part(struct cursor *c)
{
	int64_t t = number(c, 2, 0, 23) * 3600;

	expect(c, ':');
	t += number(c, 2, 0, 59) * 60;
	if (!next_is(c, ':'))
		return t;
	t += number(c, 2, 0, 60);
	if (next_is(c, '.')) {
		(void)number(c, 1, 0, 9);
		while (c->at < c->end && *c->at >= '0' && *c->at <= '9')
			c->at++;
	}
	return t;
}

static int64_t zone_part(struct cursor *c)
{
	int sign = next_is(c, '+') ? 1 : next_is(c, '-') ? -1 : 0;
	int64_t t;

	if (!sign) {
		(void)next_is(c, 'Z');
		return 0;
	}
	t = number(c, 2, 0, 23) * 3600;
	expect(c, ':');
	t += number(c, 2, 0, 59) * 60;
	return sign * t;
}

static bool parse_iso(struct cursor c, int64_t *out)
{
	int year = number(&c, 4, 1, 9999), month, day;
	int64_t t;

	expect(&c, '-');
	month = number(&c, 2, 1, 12);
	expect(&c, '-');
	day = number(&c, 2, 1, month_days(year, month));
	t = days_from_civil(year, month, day) * 86400;
	if (next_is(&c, 'T') || next_is(&c, 't') || next_is(&c, ' ')) {
		t += clock_part(&c);
		t -= zone_part(&c);
	}
	if (c.failed || c.at != c.end || t < 0 || t > UTC_TIME_MAX)
		return false;
	*out = t;
	return true;
}

bool tutela_utc_parse(const char *s, size_t len, int64_t *out)
{
	int64_t t = 0;

	*out = 0;
	if (!len)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return parse_iso((struct cursor){s, s + len, false}, out);
		t = t * 10 + (s[i] - '0');
		if (t > UTC_TIME_MAX)
			return false;
	}
	*out = t;
	return true;
}

bool tutela_utc_format(int64_t t, char *buf)
{
	int year, month, day, second;

	buf[0] = '\0';
	if (t < 0 || t > UTC_TIME_MAX)
		return false;
	civil_from_days(t / 86400, &year, &month, &day);
	second = (int)(t % 86400);
	(void)snprintf(buf, UTC_TIME_TEXT, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)year % 10000,
		       (unsigned)month % 100, (unsigned)day % 100, (unsigned)second / 3600 % 100,
		       (unsigned)second / 60 % 60, (unsigned)second % 60);
	return true;
}
