/* SPDX-License-Identifier: Apache-2.0 */
/* Times in exchange formats: seconds since 1970 UTC and their text. Neither the time zone nor the locale is read. */
#ifndef TUTELA_UTC_TIME_H
#define TUTELA_UTC_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTC_TIME_MAX  INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define UTC_TIME_TEXT 21

/*
 * Seconds since 1970 as decimal digits; or ISO 8601: YYYY-MM-DD, optionally
 * followed by 'T' or a space, hh:mm, [:ss[.fraction]] and a zone: 'Z', +hh:mm
 * or -hh:mm; none means UTC. Fractions are cut off. False when it is neither,
 * or before 1970 or after 9999.
 */
bool tutela_utc_parse(const char *s, size_t len, int64_t *out);

/* "2031-01-02T03:04:05Z"; `buf` holds UTC_TIME_TEXT bytes. False, and "", when t is outside 0..UTC_TIME_MAX. */
bool tutela_utc_format(int64_t t, char *buf);

#endif
