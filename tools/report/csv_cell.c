/* SPDX-License-Identifier: Apache-2.0 */
#include "report/csv_cell.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* What a spreadsheet may take for a formula; an apostrophe, so that one can be taken off again. */
static bool is_formula(const char *s)
{
	/* ＝＋－＠: the wide forms, which some count as the narrow ones. */
	static const char *const wide[] = {"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};

	if (s[0] == '\'')
		return true;
	if (s[0] && strchr("\t\r\n", s[0]))
		return true;
	s += strspn(s, " ");
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
		if (strncmp(s, wide[i], 3) == 0)
			return true;
	}
	return s[0] && strchr("=+-@", s[0]);
}

static void cell(FILE *out, const char *s)
{
	const char *guard = is_formula(s) ? "'" : "";

	if (!s[strcspn(s, ",\"\r\n")]) {
		fprintf(out, "%s%s", guard, s);
		return;
	}
	fprintf(out, "\"%s", guard);
	for (; *s; s++) {
		if (*s == '"')
			putc('"', out);
		putc(*s, out);
	}
	putc('"', out);
}

void csv_text(FILE *out, const char *s)
{
	cell(out, s);
	putc(',', out);
}

void csv_number(FILE *out, uint64_t n, bool there)
{
	if (there)
		fprintf(out, "%" PRIu64, n);
	putc(',', out);
}

static void escaped(FILE *out, const char *s)
{
	for (; *s; s++) {
		if (strchr(";=\\", *s))
			putc('\\', out);
		putc(*s, out);
	}
}

void csv_labels(FILE *out, json_t *labels)
{
	const char *key, *before = "";
	size_t len = 0;
	char *text = NULL;
	json_t *value;
	FILE *line = memory_stream(&text, &len);

	json_object_foreach(labels, key, value)
	{
		fputs(before, line);
		escaped(line, key);
		putc('=', line);
		escaped(line, json_string_value(value));
		before = ";";
	}
	memory_stream_end(line, &text);
	csv_text(out, text);
	free(text);
}

void csv_last(FILE *out, const char *s)
{
	cell(out, s);
	fputs("\r\n", out);
}
