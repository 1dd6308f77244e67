/* SPDX-License-Identifier: Apache-2.0 */
#include "calendar.h"

#include <string.h>
#include <time.h>

#include "output.h"

#define DAY_LEN    10 /* YYYY-MM-DD */
#define MOMENT_LEN 19 /* without the Z */

bool calendar_parse(const char *text, bool last, int64_t *out)
{
	size_t len = strlen(text);
	struct tm tm = {0};
	char back[32];
	int64_t t;

	*out = 0;
	if (len == MOMENT_LEN + 1 && text[MOMENT_LEN] == 'Z')
		len--;
	if (len == DAY_LEN)
		(void)strptime(text, "%Y-%m-%d", &tm);
	else if (len == MOMENT_LEN)
		(void)strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	else
		return false;
	/* What strptime let pass, and days that timegm moved, do not read the same again. */
	t = timegm(&tm);
	if (t < 0 || strncmp(output_time_text(t, back), text, len) != 0)
		return false;
	*out = t + (last && len == DAY_LEN ? 24 * 60 * 60 - 1 : 0);
	return *out > 0;
}
