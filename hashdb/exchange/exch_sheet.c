/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format "sheet": the rows of "csv" for the eyes of people. An apostrophe
 * stands before what a spreadsheet may take for a formula, so that what a
 * source wrote is not run where it is looked at. That cannot be told from an
 * apostrophe of the source's, which is why nothing reads this format: lists
 * are exchanged as "csv", whose bytes are those of the list.
 */
#include <string.h>

#include "exchange/csv_write.h"

bool tutela_csv_is_formula(const char *s, size_t len)
{
	/* ＝＋－＠: the wide forms, which some count as the narrow ones. */
	static const char *const wide[] = {"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};

	/* So that one can be taken off again. */
	if (len && (s[0] == '\'' || memchr("\t\r\n", s[0], 3)))
		return true;
	for (; len && s[0] == ' '; len--)
		s++;
	for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
		if (len >= 3 && !memcmp(s, wide[i], 3))
			return true;
	return len && memchr("=+-@", s[0], 4);
}

const struct exchange_format tutela_format_sheet = {
	.name = "sheet",
	.begin = tutela_csv_begin,
	.put = tutela_csv_put,
};
