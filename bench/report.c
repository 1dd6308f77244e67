/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: report table [BENCH]... <LINES\n"
	"       report plot SVG <LINES\n"
	"Makes a Markdown table of the lines that benchmarks print (of those named, or of all), or a\n"
	"gnuplot script that draws the searches among them into the file SVG. Exit status: 0;\n"
	"2 a line is not what it should be, or there is nothing to draw; 64 wrong usage.\n";

/* What every line has. */
static const struct {
	const char *name;
	bool number;
} keys[] = {
	{"type", false},  {"bench", false},   {"what", false}, {"runs", true},    {"min_us", true},
	{"p50_us", true}, {"p99_us", true},   {"isa", false},  {"threads", true}, {"seed", true},
	{"load", true},   {"version", false}, {"cpu", false},
};

static _Noreturn void die(size_t number, const char *why)
{
	fprintf(stderr, "report: line %zu: %s\n", number, why);
	exit(2);
}

static void check(const json_t *line, size_t number)
{
	char why[128];

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		const json_t *value = json_object_get(line, keys[i].name);

		if (value && (keys[i].number ? json_is_number(value) : json_is_string(value)))
			continue;
		snprintf(why, sizeof why, "'%s': not there, or no %s", keys[i].name,
			 keys[i].number ? "number" : "string");
		die(number, why);
	}
	if (strcmp(json_string_value(json_object_get(line, "type")), "bench") != 0)
		die(number, "its type is not 'bench'");
}

static bool named(const json_t *line, char **names, int n)
{
	for (int i = 0; i < n; i++)
		if (strcmp(json_string_value(json_object_get(line, "bench")), names[i]) == 0)
			return true;
	return n == 0;
}

/* Those of the benchmarks named; all when none is. */
static json_t *read_lines(char **names, int n_names)
{
	json_t *lines = json_array();
	char *text = NULL;
	size_t max = 0, number = 0;
	ssize_t len;

	while ((len = getline(&text, &max, stdin)) > 0) {
		json_error_t error;
		json_t *line = json_loadb(text, (size_t)len, JSON_REJECT_DUPLICATES, &error);

		number++;
		if (!line)
			die(number, error.text);
		check(line, number);
		if (named(line, names, n_names))
			json_array_append(lines, line);
		json_decref(line);
	}
	free(text);
	if (!json_array_size(lines))
		die(number, "there was none to report");
	return lines;
}

int main(int argc, char **argv)
{
	bool table = argc >= 2 && strcmp(argv[1], "table") == 0, good = true;
	json_t *lines;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	if (!table && (argc != 3 || strcmp(argv[1], "plot") != 0 || strchr(argv[2], '\''))) {
		fputs(usage, stderr);
		return 64;
	}
	lines = read_lines(argv + 2, table ? argc - 2 : 0);
	if (table)
		report_table(lines);
	else
		good = report_plot(lines, argv[2]);
	json_decref(lines);
	if (!good)
		fputs("report: no line is of a search: nothing to draw\n", stderr);
	return good && fflush(stdout) == 0 ? 0 : 2;
}
