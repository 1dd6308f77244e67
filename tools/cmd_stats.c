/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "expiry.h"
#include "indicators.h"
#include "locate.h"
#include "memory.h"
#include "message.h"
#include "output.h"
#include "printable.h"
#include "report/csv_cell.h"

static const struct cli_page page = {
	.synopsis = "[OPTION]...",
	.about = "Counts what the lists hold, what of it has hit in the scans of the journal ('scan --journal'), and\n"
		 "says how fresh the lists are. Names no file, no hash and no entry.\n",
};

/* ---------------------------------------------------------------- CSV */

static const char *const columns[] = {
	"what",      "by",        "source",  "list",     "kind",         "feed",         "value",   "active",
	"disputed",  "withdrawn", "match",   "no_match", "undetermined", "count",        "version", "expired",
	"suspended", "failing",   "updated", "expires",  "last_try",     "last_success",
};
#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

static const char *text_at(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_boolean(value))
		return json_is_true(value) ? "true" : "false";
	return json_is_string(value) ? json_string_value(value) : "";
}

static void csv_row(void *ctx, json_t *object)
{
	char *line = NULL;
	size_t len = 0;
	FILE *out = memory_stream(&line, &len);

	(void)ctx;
	for (size_t i = 0; i + 1 < N_COLUMNS; i++) {
		const json_t *value = json_object_get(object, columns[i]);

		if (json_is_integer(value))
			csv_number(out, (uint64_t)json_integer_value(value), true);
		else
			csv_text(out, text_at(object, columns[i]));
	}
	csv_last(out, text_at(object, columns[N_COLUMNS - 1]));
	memory_stream_end(out, &line);
	output_write(line, len);
	free(line);
	json_decref(object);
}

static void print_csv(const struct indicators *in)
{
	for (size_t i = 0; i < N_COLUMNS; i++)
		output_print("%s%s", i ? "," : "", columns[i]);
	output_print("\r\n");
	indicators_each(in, csv_row, NULL);
}

/* ---------------------------------------------------------------- JSON and text */

static void json_row(void *ctx, json_t *object)
{
	(void)ctx;
	output_json(object);
}

/* A column of a table. */
struct column {
	const char *key, *head;
	int width; /* negative: to the left */
};

#define NAME  -24
#define TIME  -20
#define COUNT 12

static const struct column list_columns[] = {
	{"list", "LIST", NAME},        {"source", "SOURCE", NAME},
	{"version", "VERSION", COUNT}, {"updated", "UPDATED", TIME},
	{"expires", "EXPIRES", TIME},  {"expired", "EXPIRED", -7},
	{"last_success", "SYNCED", 0}, {NULL, NULL, 0},
};
static const struct column source_columns[] = {
	{"source", "SOURCE", NAME},       {"feed", "TYPE", NAME},
	{"count", "LISTS", COUNT},        {"last_try", "TRIED", TIME},
	{"last_success", "SYNCED", TIME}, {"suspended", "SUSPENDED", -9},
	{"failing", "FAILING", 0},        {NULL, NULL, 0},
};
static const struct column entry_columns[] = {
	{"source", "SOURCE", NAME},      {"list", "LIST", NAME},
	{"value", "VALUE", NAME},        {"active", "ACTIVE", COUNT},
	{"disputed", "DISPUTED", COUNT}, {"withdrawn", "WITHDRAWN", COUNT},
	{"count", "ALL", COUNT},         {NULL, NULL, 0},
};
static const struct column hit_columns[] = {
	{"source", "SOURCE", NAME}, {"list", "LIST", NAME},   {"kind", "KIND", -8},
	{"value", "VALUE", NAME},   {"count", "HITS", COUNT}, {NULL, NULL, 0},
};
static const struct column file_columns[] = {
	{"value", "WHEN", NAME},         {"match", "MATCH", COUNT},
	{"no_match", "NO MATCH", COUNT}, {"undetermined", "UNDETERMINED", COUNT},
	{"count", "FILES", COUNT},       {NULL, NULL, 0},
};

static const struct column damaged_columns[] = {
	{"count", "RECORDS", COUNT},
	{NULL, NULL, 0},
};

static const struct section {
	const char *what, *title;
	const struct column *columns;
} sections[] = {
	{"source", "sources", source_columns}, {"list", "lists", list_columns},
	{"entries", "entries", entry_columns}, {"files", "files", file_columns},
	{"hits", "hits", hit_columns},         {"damaged", "damaged in the journal", damaged_columns},
};

struct tables {
	char title[64]; /* of the section at hand */
};

static void print_cell(const struct column *c, const char *text, const char *after)
{
	output_print("%*s%s", c->width, text, after);
}

static void text_row(void *ctx, json_t *object)
{
	struct tables *t = ctx;
	const char *what = text_at(object, "what"), *by = text_at(object, "by");
	const struct section *s = sections;
	char title[64], number[32];

	while (strcmp(s->what, what) != 0)
		s++;
	snprintf(title, sizeof(title), "%s%s%s", s->title, *by ? " by " : "", by);
	if (strcmp(title, t->title) != 0) {
		output_print("%s%s\n", t->title[0] ? "\n" : "", title);
		for (const struct column *c = s->columns; c->key; c++)
			print_cell(c, c->head, c[1].key ? "  " : "\n");
		memcpy(t->title, title, sizeof(title));
	}
	for (const struct column *c = s->columns; c->key; c++) {
		const json_t *value = json_object_get(object, c->key);
		const char *text = text_at(object, c->key), *after = c[1].key ? "  " : "\n";
		char *shown = printable_name(*text ? text : "-", *text ? strlen(text) : 1);

		if (json_is_integer(value))
			printable_count((uint64_t)json_integer_value(value), number);
		print_cell(c, json_is_integer(value) ? number : shown, after);
		free(shown);
	}
	json_decref(object);
}

/* ---------------------------------------------------------------- the command */

static int show(const struct cli *cli, const struct indicators *in, bool csv, const char *plot)
{
	struct tables tables = {.title = ""};

	if (cli->json)
		indicators_each(in, json_row, NULL);
	else if (csv)
		print_csv(in);
	else
		indicators_each(in, text_row, &tables);
	if (!cli->json && !csv && !tables.title[0])
		message_note("there is nothing to count: the store has no list, no source and no journal");
	return plot && !indicators_plot(in, plot) ? STATUS_TROUBLE : STATUS_OK;
}

static int run(const struct cli *cli, bool csv, const char *plot)
{
	struct tutela_store *store;
	struct tutela_snapshot *snapshot;
	struct indicators in = {.progress = {.unit = "records"}};
	enum tutela_err error;
	int status = STATUS_TROUBLE;
	char *path;

	if (!cli_open_snapshot(cli, &store, &snapshot))
		return STATUS_TROUBLE;
	path = locate_store(cli->store);
	progress_start(&in.progress, cli_wants_progress(cli));
	error = indicators_take(&in, snapshot);
	progress_stop(&in.progress);
	if (!error && in.partial)
		cli_store_error(store, path, TUTELA_E_CORRUPT);
	if (!error)
		error = expiry_warn(snapshot);
	if (error == TUTELA_E_INTERRUPTED)
		message_error(NULL, "interrupted");
	else if (error)
		cli_store_error(store, path, error);
	else
		status = show(cli, &in, csv, plot);
	if (in.partial)
		status = STATUS_TROUBLE;
	indicators_free(&in);
	free(path);
	tutela_snapshot_close(snapshot);
	tutela_store_close(store);
	return status;
}

int cmd_stats(struct cli *cli)
{
	const char *plot = NULL;
	bool csv = false;
	const struct cli_option options[] = {
		{.name = "csv", .flag = &csv, .help = "one table as CSV (RFC 4180)"},
		{.name = "plot",
		 .argument = "FILE",
		 .text = &plot,
		 .help = "a new SVG file: entries by list and age, hits by month; needs gnuplot"},
		{.name = NULL},
	};
	int status = cli_parse(cli, &page, options);

	if (status != CLI_GO)
		return status;
	if (cli->n_args)
		return cli_usage(cli, cli->args[0], "stats takes no further words");
	if (csv && cli->json)
		return cli_usage(cli, NULL, "--csv and --json exclude each other");
	if (plot && !*plot)
		return cli_usage(cli, "--plot", "the value is empty");
	return run(cli, csv, plot);
}
