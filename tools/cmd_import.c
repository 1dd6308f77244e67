/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "category.h"
#include "cli.h"
#include "interrupt.h"
#include "list_format.h"
#include "list_intake.h"
#include "memory.h"
#include "message.h"
#include "output.h"
#include "printable.h"
#include "progress.h"

static const struct cli_page page = {
	.synopsis = "[OPTION]... --list LIST FILE...",
	.about = "Puts the entries of files into a list, which is made when it does not exist. '-' is standard "
		 "input.\n"
		 "All of it becomes visible at once, or nothing. Bad lines are reported, left out and kept for\n"
		 "'tutela list held'; with --strict, and with --replace unless --lenient, one bad line is enough to\n"
		 "import nothing. The formats nsrl and rds make a list of kind exclude: known files that scans pass\n"
		 "over. They are known, which does not mean that they are good.\n",
};

struct import {
	const struct cli *cli;
	const char *algorithm, *delimiter, *kind, *categories;
	bool force, strict, lenient;
	struct tutela_policy policy;
	struct intake in;
	struct progress progress;
	struct tutela_update_result result;
};

static char *provenance(const struct cli *cli)
{
	char *out = memory_text("import of"), *next;

	for (size_t i = 0; i < cli->n_args && i < 16; i++) {
		char *name = printable_quoted(cli->args[i]);

		next = memory_format("%s %s", out, strcmp(cli->args[i], "-") ? name : "standard input");
		free(name);
		free(out);
		out = next;
	}
	if (cli->n_args > 16) {
		next = memory_format("%s and %zu more", out, cli->n_args - 16);
		free(out);
		out = next;
	}
	return out;
}

static int begin(struct import *im)
{
	char *origin = provenance(im->cli);
	struct tutela_update_opts opts = {
		.size = sizeof(opts),
		.list = im->in.list,
		.create = true,
		.policy = &im->policy,
		.mode = im->in.replace ? TUTELA_REPLACE : TUTELA_MERGE,
		.provenance = origin,
		.most_absent = im->in.replace && !im->force ? 50 : 0,
	};
	enum tutela_err error;

	errno = 0;
	error = tutela_update_begin(im->in.store, &opts, &im->in.update);
	free(origin);
	if (error == TUTELA_E_ARG)
		message_error(im->in.list,
			      "not a list's name: letters, digits, '.', '_' and '-', at most %d, "
			      "a letter or digit first",
			      TUTELA_LIST_NAME_MAX);
	else if (error)
		cli_store_error(im->in.store, im->in.list, error);
	return error ? STATUS_TROUBLE : STATUS_OK;
}

/*
 * A list of a source holds what the source has issued and nothing else. And
 * alarms must not end up among what is passed over, nor the other way round:
 * the list's kind must be the one that was asked for, or that the format
 * stands for. Under the writer's lock; a list that is being made has the kind.
 * The categories that are taken are the list's, unless the options name some.
 */
static bool list_fits(struct import *im)
{
	struct tutela_snapshot *snapshot;
	struct tutela_list list;
	enum tutela_err error = tutela_snapshot_open(im->in.store, &snapshot);
	const char *is;

	if (error) {
		cli_store_error(im->in.store, im->in.list, error);
		return false;
	}
	error = tutela_snapshot_list(snapshot, im->in.list, &list);
	tutela_snapshot_close(snapshot);
	if (error == TUTELA_E_NOTFOUND) {
		if (!im->kind && im->policy.kind == TUTELA_LIST_EXCLUDE)
			message_note("'%s' becomes a list of kind exclude: scans pass over its files, which are known, "
				     "not known to be good",
				     im->in.list);
		return true;
	}
	if (error) {
		cli_store_error(im->in.store, im->in.list, error);
		return false;
	}
	/* Its hits name the source, who has not issued what stands in a file here. */
	if (strcmp(list.source, "local") != 0) {
		char *source = printable_quoted(list.source);

		message_error(im->in.list,
			      "this list comes from the source %s: nothing was imported; choose another list", source);
		free(source);
		return false;
	}
	if (!im->categories)
		memcpy(im->policy.categories, list.policy.categories, sizeof(list.policy.categories));
	is = tutela_list_kind_name(list.policy.kind);
	if (im->kind && list.policy.kind != im->policy.kind)
		message_error(im->in.list, "the list is there already, and its kind is %s: nothing was imported", is);
	else if (im->policy.kind == TUTELA_LIST_EXCLUDE && list.policy.kind != TUTELA_LIST_EXCLUDE)
		message_error(im->in.list,
			      "the list's kind is %s, and the input's format is of files to pass over: nothing was "
			      "imported; say --kind %s to put them there all the same",
			      is, is);
	else
		return true;
	return false;
}

static const char *bad_lines(uint64_t bad, char *buf)
{
	return printable_things(bad, "bad line", "bad lines", buf);
}

/* Is what was read fit to be committed? Says why not. */
static bool acceptable(struct import *im)
{
	char n[96];

	if (im->in.bad > INTAKE_SHOWN && !im->in.verbose)
		message_note("... and %s (-v shows all)",
			     printable_things(im->in.bad - INTAKE_SHOWN, "more bad line", "more bad lines", n));
	if (im->in.bad && im->strict) {
		message_error(im->in.list, "%s: nothing was imported (--strict)", bad_lines(im->in.bad, n));
		return false;
	}
	/* What lacks a label's text alone is there, and matches. */
	if (im->in.bad > im->in.labels && im->in.replace && !im->lenient) {
		message_error(im->in.list,
			      "%s: nothing was imported, because --replace would withdraw their entries; "
			      "repair the file or say --lenient",
			      bad_lines(im->in.bad - im->in.labels, n));
		return false;
	}
	if (im->in.bad && !im->in.records && !im->in.skipped) {
		message_error(im->in.list, "%s and no good one: nothing was imported", bad_lines(im->in.bad, n));
		return false;
	}
	if (!im->in.records && im->in.replace) {
		message_error(im->in.list,
			      im->in.skipped
				      ? "the input holds no entry of the categories that are taken: nothing was "
					"imported, because --replace would withdraw all"
				      : "the input holds no entry: nothing was imported, because --replace would "
					"withdraw all");
		return false;
	}
	/* Such as of a download that failed. */
	if (!im->in.records && !im->in.bad && !im->in.skipped)
		message_warning(im->in.list, "the input holds no entry");
	return true;
}

static void print_result(const struct import *im, double seconds)
{
	const struct tutela_update_result *r = &im->result;
	char a[96], b[32], c[32], d[32];

	if (im->cli->json) {
		output_json(json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f}", "type",
				      "import", "list", im->in.list, "version", (json_int_t)r->version, "files",
				      (json_int_t)im->cli->n_args, "records", (json_int_t)im->in.records, "added",
				      (json_int_t)r->added, "changed", (json_int_t)r->changed, "unchanged",
				      (json_int_t)r->unchanged, "withdrawn", (json_int_t)r->withdrawn, "bad",
				      (json_int_t)im->in.bad, "partial", (json_int_t)im->in.partial,
				      "skipped_by_category", (json_int_t)im->in.skipped, "seconds", seconds));
	} else if (!im->cli->quiet) {
		output_print("list '%s', version %llu: %s added, %s changed, %s unchanged, %s withdrawn", im->in.list,
			     (unsigned long long)r->version, printable_count(r->added, a),
			     printable_count(r->changed, b), printable_count(r->unchanged, c),
			     printable_count(r->withdrawn, d));
		output_print("; %s", bad_lines(im->in.bad, a));
		if (im->in.partial)
			output_print(", the rest of %s of them taken", printable_count(im->in.partial, a));
		if (im->policy.categories[0])
			output_print("; %s skipped by category (%s are taken)", printable_count(im->in.skipped, a),
				     im->policy.categories);
		output_print("\n");
	}
	if (im->in.replace && r->withdrawn)
		message_note("what vanished: tutela list vanished %s --since %llu", im->in.list,
			     (unsigned long long)r->version - 1);
}

static int run(struct import *im)
{
	struct timespec from, to;
	enum tutela_err error = TUTELA_OK;
	bool ok = true;

	clock_gettime(CLOCK_MONOTONIC, &from);
	if (begin(im) != STATUS_OK)
		return STATUS_TROUBLE;
	if (!list_fits(im)) {
		tutela_update_abort(im->in.update);
		return STATUS_TROUBLE;
	}
	im->progress.unit = "records";
	progress_start(&im->progress, cli_wants_progress(im->cli));
	for (size_t i = 0; ok && i < im->cli->n_args; i++)
		ok = intake_file(&im->in, im->cli->args[i]);
	if (ok)
		atomic_store(&im->progress.stage, "committing");
	ok = ok && !interrupt_asked() && acceptable(im);
	if (ok)
		error = tutela_update_commit(im->in.update, &im->result);
	else
		tutela_update_abort(im->in.update);
	progress_stop(&im->progress);
	if (interrupt_asked() && !ok)
		message_error(NULL, "interrupted; nothing was imported");
	if (error == TUTELA_E_REFUSED)
		message_error(im->in.list,
			      "the input lacks more than half of the list's entries: nothing was imported, because "
			      "--replace would withdraw them; say --force if that is right");
	else if (error)
		cli_store_error(im->in.store, im->in.list, error);
	if (!ok || error)
		return STATUS_TROUBLE;
	clock_gettime(CLOCK_MONOTONIC, &to);
	print_result(im, (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
	return STATUS_OK;
}

/* The kind of a new list: what the options say, else what the formats stand for. */
static int settle_kind(struct import *im)
{
	size_t excluding = 0;

	if (im->kind && !tutela_list_kind_parse(im->kind, &im->policy.kind))
		return cli_usage(im->cli, "--kind", "'%s' is not one of known, exclude, allow", im->kind);
	for (size_t i = 0; i < im->cli->n_args; i++)
		excluding += (list_format_can(intake_format(&im->in, im->cli->args[i])) & TUTELA_FORMAT_EXCLUDE) != 0;
	if (im->kind || !excluding)
		return CLI_GO;
	if (excluding < im->cli->n_args)
		return cli_usage(
			im->cli, NULL,
			"some of the files are of formats for files to pass over, some are not: import them one "
			"after the other, or say --kind");
	im->policy.kind = TUTELA_LIST_EXCLUDE;
	return CLI_GO;
}

static int settle_categories(struct import *im)
{
	const char *wrong;

	if (!im->categories || strcmp(im->categories, "all") == 0)
		return CLI_GO;
	wrong = category_choice_wrong(im->categories);
	if (wrong)
		return cli_usage(im->cli, "--categories", "%s", wrong);
	memcpy(im->policy.categories, im->categories, strlen(im->categories) + 1);
	return CLI_GO;
}

/* VICS sets hold abuse material; as a list of files to pass over one would hide what it is there to find. */
static bool hides(const struct import *im, struct tutela_store *store)
{
	struct tutela_snapshot *snapshot;
	enum tutela_list_kind kind = im->policy.kind;
	struct tutela_list list;
	const char *vics = NULL;

	for (size_t i = 0; i < im->cli->n_args && !vics; i++)
		if (strcmp(intake_format(&im->in, im->cli->args[i]), "vics") == 0)
			vics = im->cli->args[i];
	if (!vics)
		return false;
	if (!tutela_snapshot_open(store, &snapshot)) {
		if (!tutela_snapshot_list(snapshot, im->in.list, &list))
			kind = list.policy.kind;
		tutela_snapshot_close(snapshot);
	}
	if (kind != TUTELA_LIST_EXCLUDE)
		return false;
	message_error(vics,
		      "a VICS set names abuse material: in a list of kind 'exclude' it would hide what it is there to "
		      "find; nothing was imported");
	return true;
}

static int check_options(struct import *im)
{
	const struct tutela_algorithm_info *a;
	int status;

	if (!im->in.list)
		return cli_usage(im->cli, NULL, "name the list: --list LIST");
	if (!im->cli->n_args)
		return cli_usage(im->cli, NULL, "name a file, or '-' for standard input");
	if (im->strict && im->lenient)
		return cli_usage(im->cli, NULL, "--strict and --lenient exclude each other");
	if (im->delimiter && strcmp(im->delimiter, "\\t") == 0)
		im->delimiter = "\t";
	if (im->delimiter && strlen(im->delimiter) != 1)
		return cli_usage(im->cli, "--delimiter", "one character, or \\t");
	im->in.delimiter = im->delimiter ? im->delimiter[0] : 0;
	if (im->force && !im->in.replace)
		return cli_usage(im->cli, NULL, "--force is for --replace");
	if (im->algorithm) {
		a = tutela_algorithm_find(im->algorithm);
		if (!a)
			return cli_usage(im->cli, "--algorithm", "'%s' is not known", im->algorithm);
		im->in.algorithm = a->id;
	}
	if (im->in.format && !(list_format_can(im->in.format) & TUTELA_FORMAT_READS)) {
		char *all = list_format_names(TUTELA_FORMAT_READS);
		status = cli_usage(im->cli, "--format", "'%s' is not one of %s", im->in.format, all);

		free(all);
		return status;
	}
	status = settle_kind(im);
	tutela_policy_default_for(im->policy.kind, &im->policy);
	return status == CLI_GO ? settle_categories(im) : status;
}

int cmd_import(struct cli *cli)
{
	struct import im = {.cli = cli, .in = {.policy = &im.policy, .progress = &im.progress}};
	const struct cli_option options[] = {
		{.name = "list",
		 .letter = 'l',
		 .argument = "LIST",
		 .text = &im.in.list,
		 .help = "the list that the entries go to"},
		{.name = "format",
		 .letter = 'f',
		 .argument = "FORMAT",
		 .text = &im.in.format,
		 .help = "text, csv, vics, sums, hashdeep, hfind, encase, hashkeeper, nsrl, kdb, rds or records; else "
			 "by the "
			 "file's "
			 "name"},
		{.name = "algorithm",
		 .letter = 'a',
		 .argument = "NAME",
		 .text = &im.algorithm,
		 .help = "of bare hex: pdq, md5, ..."},
		{.name = "columns",
		 .argument = "MAP",
		 .text = &im.in.columns,
		 .help = "csv: which column is what: id=Entry,md5=MD5,pdq=#3"},
		{.name = "delimiter",
		 .argument = "C",
		 .text = &im.delimiter,
		 .help = "csv: what stands between columns"},
		{.name = "no-header", .flag = &im.in.no_header, .help = "csv: the first line holds data"},
		{.name = "replace",
		 .flag = &im.in.replace,
		 .help = "entries of the list that are not in the input are withdrawn"},
		{.name = "force",
		 .flag = &im.force,
		 .help = "with --replace: also when that withdraws more than half of the list"},
		{.name = "strict", .flag = &im.strict, .help = "one bad line: nothing is imported"},
		{.name = "lenient",
		 .flag = &im.lenient,
		 .help = "with --replace: leave bad lines out, withdrawing their entries"},
		{.name = "kind",
		 .argument = "KIND",
		 .text = &im.kind,
		 .help = "of the list: known or exclude; of a new one else known, but exclude for nsrl and rds"},
		{.name = "categories",
		 .argument = "C,...",
		 .text = &im.categories,
		 .help = "take entries of these alone, such as 1,2; none: those without; all; else as the list says"},
		{.name = "verbose",
		 .letter = 'v',
		 .flag = &im.in.verbose,
		 .help = "show every bad line, not the first 20 only"},
		{.name = NULL},
	};
	int status = cli_parse(cli, &page, options);

	tutela_policy_default(&im.policy);
	if (status == CLI_GO)
		status = check_options(&im);
	if (status != CLI_GO)
		return status;
	im.in.store = cli_open_store(cli, true);
	if (!im.in.store)
		return STATUS_TROUBLE;
	status = hides(&im, im.in.store) ? STATUS_TROUBLE : run(&im);
	tutela_store_close(im.in.store);
	return status;
}
