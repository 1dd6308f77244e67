/* SPDX-License-Identifier: Apache-2.0 */
#include "list_format.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "memory.h"

/* The end of a file's name, or all of it. */
static const struct {
	const char *end, *format;
} names[] = {
	{".csv", "csv"},           {".json", "vics"},    {".md5", "sums"},          {".sha1", "sums"},
	{".sha256", "sums"},       {"/md5sums", "sums"}, {"/sha1sums", "sums"},     {"/sha256sums", "sums"},
	{".hashdeep", "hashdeep"}, {".idx", "hfind"},    {".hash", "encase"},       {".hsh", "hashkeeper"},
	{".kdb", "kdb"},           {".db", "rds"},       {"/nsrlfile.txt", "nsrl"},
};

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	/* A name without a folder before it. */
	if (*end == '/' && n + 1 == m)
		return strcasecmp(s, end + 1) == 0;
	return n >= m && strcasecmp(s + n - m, end) == 0;
}

const char *list_format_of(const char *path)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (ends_with(path, names[i].end))
			return names[i].format;
	return "text";
}

unsigned list_format_can(const char *format)
{
	const char *name;
	unsigned can;

	for (size_t i = 0; (name = tutela_exchange_format(i, &can)); i++)
		if (strcmp(name, format) == 0)
			return can;
	return 0;
}

char *list_format_names(unsigned can)
{
	char *out = memory_text(""), *next;
	const char *name;
	unsigned has;

	for (size_t i = 0; (name = tutela_exchange_format(i, &has)); i++) {
		if (!(has & can))
			continue;
		next = memory_format("%s%s%s", out, *out ? ", " : "", name);
		free(out);
		out = next;
	}
	return out;
}
