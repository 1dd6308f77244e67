/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "interrupt.h"
#include "memory.h"
#include "message.h"
#include "output.h"
#include "printable.h"
#include "report/report_source.h"
#include "whole_file.h"

static const struct cli_page page = {
	.synopsis = "[OPTION]... --from FILE|CASE --format FORMAT",
	.about = "Makes a report from what `scan --json` or `scan --case` has written.\n"
		 "Bad lines are named and left out, and the exit status is 2 then.\n",
};

static const struct {
	const char *name;
	report_render *render;
} formats[] = {
	{"jsonl", report_lines}, {"csv", report_csv},   {"vics", report_vics},
	{"case", report_case},   {"html", report_html},
};
#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

struct wanted {
	const char *format, *out, *categories;
	report_render *render;
};

static bool render(const struct report *r, const struct wanted *w, FILE *out)
{
	bool ok = w->render(r, out);

	if (!ok && interrupt_asked())
		message_error(NULL, "interrupted; there is no whole report");
	return ok;
}

static int write_report(const struct report *r, const struct wanted *w)
{
	struct whole_file file;
	bool ok;

	if (!w->out) {
		ok = render(r, w, stdout);
		return ok ? STATUS_OK : STATUS_TROUBLE;
	}
	if (!whole_file_begin(&file, w->out))
		return STATUS_TROUBLE;
	ok = render(r, w, file.out);
	return whole_file_end(&file, ok) ? STATUS_OK : STATUS_TROUBLE;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The records are what all reports can be made from again: a report must not take their place. */
static bool is_source(const struct report *r, const char *out)
{
	static const char *const parts[] = {"results.jsonl", "files.jsonl", "case.json"};
	struct stat from, to;
	bool same;

	if (stat(out, &to) || (strcmp(r->from, "-") == 0 ? fstat(STDIN_FILENO, &from) : stat(r->from, &from)))
		return false;
	same = same_file(&from, &to);
	for (size_t i = 0; S_ISDIR(from.st_mode) && !same && i < sizeof(parts) / sizeof(parts[0]); i++) {
		char *path = memory_format("%s/%s", r->from, parts[i]);
		struct stat part;

		same = stat(path, &part) == 0 && same_file(&part, &to);
		free(path);
	}
	return same;
}

static int make(const struct cli *cli, struct report *r, const struct wanted *w)
{
	struct progress progress = {.unit = "files"};
	int status = STATUS_TROUBLE;

	if (w->out && is_source(r, w->out)) {
		message_error(w->out, "these are the records themselves; the report goes to another file");
		return STATUS_TROUBLE;
	}
	if (w->categories && !category_map_read(&r->categories, w->categories)) {
		category_map_free(&r->categories);
		return STATUS_TROUBLE;
	}
	r->progress = &progress;
	/* A live line within a report that goes to the terminal would be neither. */
	progress_start(&progress, cli_wants_progress(cli) && (w->out || !isatty(STDOUT_FILENO)));
	if (report_source_open(r))
		status = write_report(r, w);
	progress_stop(&progress);
	if (status == STATUS_OK && !report_source_whole(r))
		status = STATUS_TROUBLE;
	report_source_close(r);
	category_map_free(&r->categories);
	return status;
}

static int check_text(const struct cli *cli, const char *option, const char *value)
{
	if (value && !printable_is_utf8(value, strlen(value)))
		return cli_usage(cli, option, "must be UTF-8");
	return CLI_GO;
}

static int check_options(const struct cli *cli, const struct report *r, struct wanted *w)
{
	int status;

	if (cli->n_args)
		return cli_usage(cli, cli->args[0], "report takes no further words; --from FILE names the records");
	if (!r->from)
		return cli_usage(cli, NULL, "name the records: --from FILE");
	if (!w->format)
		return cli_usage(cli, NULL, "name the format: --format csv");
	for (size_t i = 0; i < N_FORMATS; i++) {
		if (strcmp(w->format, formats[i].name) == 0)
			w->render = formats[i].render;
	}
	if (!w->render)
		return cli_usage(cli, "--format", "'%s' is not one of jsonl, csv, vics, case, html", w->format);
	if (w->out && strcmp(w->out, "-") == 0)
		w->out = NULL;
	if (r->region) {
		size_t len = strspn(r->region, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

		if (!len || r->region[len])
			return cli_usage(cli, "--region", "letters and digits, such as US");
	}
	status = check_text(cli, "--case-number", r->case_number);
	if (status == CLI_GO)
		status = check_text(cli, "--operator", r->operator_name);
	return status == CLI_GO ? check_text(cli, "--title", r->title) : status;
}

int cmd_report(struct cli *cli)
{
	struct report r = {.fd = -1, .rows = 100000, .made = (int64_t)time(NULL)};
	struct wanted w = {.format = NULL};
	const struct cli_option options[] = {
		{.name = "from",
		 .argument = "FILE",
		 .text = &r.from,
		 .help = "the output of scan --json, or the folder of scan --case; '-': standard input"},
		{.name = "format",
		 .letter = 'f',
		 .argument = "FORMAT",
		 .text = &w.format,
		 .help = "jsonl, csv, vics, case (CASE/UCO JSON-LD) or html"},
		{.name = "out",
		 .letter = 'o',
		 .argument = "FILE",
		 .text = &w.out,
		 .help = "write there, whole or not at all; else standard output"},
		{.name = "categories",
		 .argument = "FILE",
		 .text = &w.categories,
		 .help = "names of categories: a file of lines NUMBER NAME, below [LIST] of that list; or us; "
			 "else those the lists had"},
		{.name = "case-number", .argument = "TEXT", .text = &r.case_number, .help = "the number of the case"},
		{.name = "operator", .argument = "NAME", .text = &r.operator_name, .help = "who made the scan"},
		{.name = "region",
		 .argument = "NAME",
		 .text = &r.region,
		 .help = "vics: whose categories they are, such as US; default: Default"},
		{.name = "title", .argument = "TEXT", .text = &r.title, .help = "html: the title of the page"},
		{.name = "rows",
		 .argument = "N",
		 .number = &r.rows,
		 .least = 1,
		 .most = 10000000,
		 .help = "html: most rows of a table; default: 100000"},
		{.name = NULL},
	};
	int status = cli_parse(cli, &page, options);

	if (status == CLI_GO)
		status = check_options(cli, &r, &w);
	return status == CLI_GO ? make(cli, &r, &w) : status;
}
