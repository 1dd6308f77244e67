/* SPDX-License-Identifier: Apache-2.0 */
#include "expiry.h"

#include <string.h>
#include <time.h>

#include "calendar.h"
#include "message.h"
#include "output.h"

bool expiry_past(const struct tutela_list *list)
{
	return list->expires && list->expires <= (int64_t)time(NULL);
}

static bool warn(void *ctx, const struct tutela_list *list)
{
	char text[32];

	(void)ctx;
	if (expiry_past(list))
		message_warning(list->name, "this list expired on %s; it still matches, but may be out of date",
				output_time_text(list->expires, text));
	return true;
}

enum tutela_err expiry_warn(struct tutela_snapshot *snapshot)
{
	return tutela_snapshot_lists(snapshot, warn, NULL);
}

bool expiry_parse(const char *text, int64_t *out)
{
	*out = 0;
	if (strcmp(text, "never") == 0)
		return true;
	/* A moment says that it is UTC. */
	return (!strchr(text, 'T') || strchr(text, 'Z')) && calendar_parse(text, true, out);
}
