/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <tutela/exchange.h>

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
