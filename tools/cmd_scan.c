/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "printable.h"
#include "scan.h"

static const struct cli_page page = {
	.synopsis = "[OPTION]... PATH...",
	.about = "Compares files, and all files in folders, with the store. Files are opened read-only.\n"
		 "Prints matches and what stayed undetermined; with --all the rest too; then a summary.\n"
		 "With --case the results go to a folder, and a scan that was killed goes on where it was.\n",
};

#define LINE_BYTES 1024

static const char **values(const struct cli_texts *texts)
{
	const char **out = memory_array(texts->n, sizeof(*out));

	for (size_t i = 0; i < texts->n; i++)
		out[i] = texts->items[i].value;
	return out;
}

/* Text that a record may carry: UTF-8 without control characters, not empty, not long. */
static bool is_line(const char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	}
	return len && len <= LINE_BYTES && printable_is_utf8(s, len);
}

static int check_options(struct scan *s)
{
	s->pipeline.variants = VARIANTS_STANDARD;
	s->journaling.files |= s->journaling.digests;
	if (!s->cli->n_args && !s->from)
		return cli_usage(s->cli, NULL, "name a file or folder");
	s->flood.unmarked = s->case_folder != NULL;
	if (flood_set_action(&s->flood, s->cli, s->flood_action) != CLI_GO)
		return STATUS_USAGE;
	if (s->flood.review && s->case_folder)
		return cli_usage(s->cli, "--flood-action",
				 "which hits are beyond the limit depends on the order of work; a case has none");
	if (s->journaling.off && s->journaling.files)
		return cli_usage(s->cli, "--no-audit", "does not go with a journal, which is kept in the store");
	if (s->restart && !s->case_folder)
		return cli_usage(s->cli, "--restart", "goes with --case");
	if (s->evidence && !is_line(s->evidence))
		return cli_usage(s->cli, "--evidence", "must be a line of UTF-8, at most %d bytes", LINE_BYTES);
	if (s->operator_name && !is_line(s->operator_name))
		return cli_usage(s->cli, "--operator", "must be a line of UTF-8, at most %d bytes", LINE_BYTES);
	for (size_t i = 0; s->case_folder && i < s->cli->n_args; i++) {
		if (strcmp(s->cli->args[i], "-") == 0)
			return cli_usage(s->cli, "-", "standard input cannot be scanned again, and so not in a case");
	}
	if (s->variants && !variants_from_name(s->variants, &s->pipeline.variants))
		return cli_usage(s->cli, "--variants", "'%s' is not one of none, standard, thorough", s->variants);
	return CLI_GO;
}

int cmd_scan(struct cli *cli)
{
	struct scan s = {.cli = cli};
	const struct cli_option options[] = {
		{.name = "all", .letter = 'a', .flag = &s.all, .help = "files that do not match too"},
		{.name = "variants",
		 .argument = "LEVEL",
		 .text = &s.variants,
		 .help = "none: as stored; standard (default), thorough: rotated and mirrored too"},
		{.name = "jobs",
		 .letter = 'j',
		 .argument = "N",
		 .number = &s.jobs,
		 .least = 1,
		 .most = CREW_THREADS_MAX,
		 .help = "files at a time; default: one a core"},
		{.name = "timeout",
		 .argument = "SECONDS",
		 .number = &s.timeout,
		 .least = 1,
		 .most = 3600,
		 .help = "for one picture; default: 4, and more for files over 16 MiB"},
		{.name = "ordered", .flag = &s.ordered, .help = "results in the order of names, the same in every run"},
		{.name = "files-from",
		 .argument = "FILE",
		 .text = &s.from,
		 .help = "paths from a file, one a line or NUL-terminated; '-': standard input"},
		{.name = "null", .letter = '0', .flag = &s.nul, .help = "the paths of --files-from end in NUL"},
		{.name = "include",
		 .argument = "GLOB",
		 .texts = &s.includes,
		 .help = "only files with such names; repeatable"},
		{.name = "exclude",
		 .argument = "GLOB",
		 .texts = &s.excludes,
		 .help = "no files and folders with such names; with a slash: paths"},
		{.name = "follow", .letter = 'L', .flag = &s.follow, .help = "follow symbolic links"},
		{.name = "journal",
		 .flag = &s.journaling.files,
		 .help = "keep names, fingerprints and hits of all files in the store"},
		{.name = "journal-digests", .flag = &s.journaling.digests, .help = "the same without the names"},
		{.name = "no-audit",
		 .flag = &s.journaling.off,
		 .help = "open the store for reading only: its audit log will not tell of this scan"},
		{.name = "resident", .flag = &cli->resident, .help = "copy the indexes into memory first"},
		{.name = "stats",
		 .flag = &s.stats,
		 .help = "where the time went: one JSON object on stderr at the end"},
		{.name = "case",
		 .argument = "DIR",
		 .text = &s.case_folder,
		 .help = "results go to this folder, in order; a scan that was killed goes on"},
		{.name = "evidence",
		 .argument = "ID",
		 .text = &s.evidence,
		 .help = "what is scanned, for the record: an exhibit number"},
		{.name = "operator", .argument = "NAME", .text = &s.operator_name, .help = "who scans, for the record"},
		{.name = "restart", .flag = &s.restart, .help = "with --case: put its results aside and begin anew"},
		FLOOD_OPTIONS(&s.flood, &s.flood_action, "files"),
		{.name = "cross-file-systems", .flag = &s.cross, .help = "enter other file systems"},
		{.name = NULL},
	};
	int status = cli_parse(cli, &page, options);
	const char **includes = values(&s.includes), **excludes = values(&s.excludes);

	s.ordered |= s.case_folder != NULL;
	s.walk = (struct walk_opts){
		.follow = s.follow,
		.cross = s.cross,
		.sorted = s.ordered,
		.includes = includes,
		.n_includes = s.includes.n,
		.excludes = excludes,
		.n_excludes = s.excludes.n,
		.visit = scan_on_item,
		.ctx = &s,
	};
	if (status == CLI_GO)
		status = check_options(&s);
	flood_begin(&s.flood);
	if (status == CLI_GO)
		status = scan_run(&s);
	flood_free(&s.flood);
	tally_free(&s.tally);
	json_decref(s.lists);
	free(includes);
	free(excludes);
	free(s.includes.items);
	free(s.excludes.items);
	return status;
}
