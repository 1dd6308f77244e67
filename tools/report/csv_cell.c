/* SPDX-License-Identifier: Apache-2.0 */
#include "report/csv_cell.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <tutela/exchange.h>

#include "memory.h"

static void cell(FILE *out, const char *s)
{
	const char *guard = tutela_csv_is_formula(s, strlen(s)) ? "'" : "";

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
