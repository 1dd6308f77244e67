/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <stdio.h>
#include <string.h>

static const char *text_of(const json_t *line, const char *key)
{
	return json_string_value(json_object_get(line, key));
}

static double number_of(const json_t *line, const char *key)
{
	return json_number_value(json_object_get(line, key));
}

/* A vertical bar would end the cell. */
static void put_text(const char *s)
{
	for (; *s; s++) {
		if (*s == '|')
			putchar('\\');
		putchar(*s == '\n' ? ' ' : *s);
	}
}

static void put_us(double us)
{
	double size = us < 0 ? -us : us;

	if (size < 1e3)
		printf(size < 10 ? "%.2f us" : "%.1f us", us);
	else if (size < 1e6)
		printf(size < 1e4 ? "%.2f ms" : "%.1f ms", us / 1e3);
	else
		printf(size < 1e7 ? "%.2f s" : "%.1f s", us / 1e6);
}

/* A count with a comma after each third digit. */
static void put_count(double value)
{
	char digits[64];
	int len = snprintf(digits, sizeof digits, "%.0f", value);

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-')
			putchar(',');
		putchar(digits[i]);
	}
}

static bool ends(const char *key, const char *suffix)
{
	size_t key_len = strlen(key), len = strlen(suffix);

	return key_len > len && strcmp(key + key_len - len, suffix) == 0;
}

/* By the suffix of its key, which says the unit. */
static void put_number(const char *key, const json_t *value)
{
	double number = json_number_value(value);

	if (ends(key, "_us")) {
		printf("%.*s ", (int)strlen(key) - 3, key);
		put_us(number);
	} else if (ends(key, "_bytes") && number >= 1e6) {
		printf("%.*s %.1f MB", (int)strlen(key) - 6, key, number / 1e6);
	} else if (strcmp(key, "bytes_per_second") == 0) {
		printf("%.1f MB/s", number / 1e6);
	} else if (ends(key, "_per_second")) {
		put_count(number);
		printf(" %.*s/s", (int)strlen(key) - 11, key);
	} else {
		printf("%s ", key);
		if (json_is_integer(value))
			put_count(number);
		else
			printf("%.4g", number);
	}
}

static bool in(const char *key, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(key, *list) == 0)
			return true;
	return false;
}

/* Has a column or a place in the heading; what sets the scene is named first, the rest follows the times. */
static const char *const placed[] = {"type", "bench", "what", "runs", "min_us",  "p50_us", "p99_us",
				     "isa",  "seed",  "load", "cpu",  "version", NULL};
static const char *const scene[] = {"codes", "new", "width", "height", "files", "threads", "writer_threads", NULL};

static void put_keys(json_t *line, bool before)
{
	const char *key, *separator = before ? ", " : "";
	json_t *value;

	json_object_foreach(line, key, value)
	{
		bool first = json_is_string(value) || in(key, scene);

		if (in(key, placed) || first != before || (!json_is_number(value) && !json_is_string(value)))
			continue;
		fputs(separator, stdout);
		separator = ", ";
		if (json_is_string(value))
			put_text(json_string_value(value));
		else
			put_number(key, value);
	}
}

static void put_row(json_t *line)
{
	fputs("| ", stdout);
	put_text(text_of(line, "bench"));
	fputs(": ", stdout);
	put_text(text_of(line, "what"));
	put_keys(line, true);
	if (strcmp(text_of(line, "isa"), "none") != 0) {
		fputs(", ", stdout);
		put_text(text_of(line, "isa"));
	}
	fputs(" | ", stdout);
	put_us(number_of(line, "min_us"));
	fputs(" | ", stdout);
	put_us(number_of(line, "p50_us"));
	fputs(" | ", stdout);
	put_us(number_of(line, "p99_us"));
	printf(" | %.0f | ", number_of(line, "runs"));
	put_keys(line, false);
	printf(" | %.1f |\n", number_of(line, "load"));
}

void report_table(const json_t *lines)
{
	json_t *line, *last = NULL;
	size_t i;

	json_array_foreach(lines, i, line)
	{
		if (!last || strcmp(text_of(line, "cpu"), text_of(last, "cpu")) != 0 ||
		    strcmp(text_of(line, "version"), text_of(last, "version")) != 0) {
			printf("%sTutela %s on %s; load: average of the last minute.\n\n", last ? "\n" : "",
			       text_of(line, "version"), text_of(line, "cpu"));
			fputs("| what | min | p50 | p99 | runs | and | load |\n|---|---|---|---|---|---|---|\n",
			      stdout);
		}
		put_row(line);
		last = line;
	}
}
