/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "interrupt.h"
#include "list_format.h"
#include "memory.h"
#include "message.h"
#include "output.h"
#include "printable.h"
#include "whole_file.h"

static const struct cli_page page = {
	.synopsis = "[OPTION]... --list LIST --format FORMAT",
	.about = "Writes the active entries of a list to standard output or to a file, in order of their ids, each "
		 "with\n"
		 "its fingerprints in order of algorithm and value: lists that hold the same give the same bytes.\n",
};

struct export
{
	const char *list, *format, *output;
	bool all;
	struct whole_file file; /* of --output */
	uint64_t entries;
	struct tutela_writer *writer;
	struct tutela_record sorted;
};

static enum tutela_err on_bytes(void *ctx, const void *bytes, size_t len)
{
	struct export *ex = ctx;

	bool ok = ex->output ? whole_file_write(&ex->file, bytes, len) : output_write(bytes, len);

	return ok ? TUTELA_OK : TUTELA_E_SYS;
}

static int by_value(const void *a, const void *b)
{
	const struct tutela_hash *x = a, *y = b;

	if (x->algorithm != y->algorithm)
		return x->algorithm < y->algorithm ? -1 : 1;
	return memcmp(x->bytes, y->bytes, x->len);
}

static enum tutela_err on_entry(void *ctx, const struct tutela_record *rec)
{
	struct export *ex = ctx;

	if (interrupt_asked())
		return TUTELA_E_INTERRUPTED;
	if (rec->status != TUTELA_ACTIVE && !ex->all)
		return TUTELA_OK;
	ex->entries++;
	ex->sorted = *rec;
	if (rec->n_fingerprints)
		qsort(ex->sorted.fingerprints, rec->n_fingerprints, sizeof(*rec->fingerprints), by_value);
	return tutela_writer_put(ex->writer, &ex->sorted);
}

/* All bytes of the list through the writer. Says what is wrong. */
static bool write_entries(struct export *ex, struct tutela_store *store, struct tutela_snapshot *snapshot)
{
	struct tutela_writer_opts opts = {.size = sizeof(opts), .write = on_bytes, .ctx = ex};
	enum tutela_err error = tutela_writer_new(ex->format, &opts, &ex->writer);

	if (!error)
		error = tutela_snapshot_entries_by_id(snapshot, ex->list, on_entry, ex);
	if (!error)
		error = tutela_writer_finish(ex->writer);
	tutela_writer_free(ex->writer);
	if (error == TUTELA_E_INTERRUPTED)
		message_error(NULL, "interrupted; the export is not complete");
	else if (error == TUTELA_E_NOTFOUND)
		message_error(ex->list, "no such list in this store");
	else if (error && !ex->file.error && !output_failed())
		cli_store_error(store, ex->list, error);
	return !error;
}

static int to_file(struct export *ex, struct tutela_store *store, struct tutela_snapshot *snapshot)
{
	bool ok;

	if (!whole_file_begin(&ex->file, ex->output))
		return STATUS_TROUBLE;
	ok = write_entries(ex, store, snapshot);
	return whole_file_end(&ex->file, ok) ? STATUS_OK : STATUS_TROUBLE;
}

static int check_options(const struct cli *cli, struct export *ex)
{
	if (cli->n_args)
		return cli_usage(cli, cli->args[0], "export takes no further words; --out FILE writes to a file");
	if (!ex->list)
		return cli_usage(cli, NULL, "name the list: --list LIST");
	if (!ex->format)
		ex->format = "text";
	if (ex->output && strcmp(ex->output, "-") == 0)
		ex->output = NULL;
	if (!(list_format_can(ex->format) & TUTELA_FORMAT_WRITES)) {
		char *names = list_format_names(TUTELA_FORMAT_WRITES);
		int status = cli_usage(cli, "--format", "'%s' is not one of %s", ex->format, names);

		free(names);
		return status;
	}
	if (ex->all && strcmp(ex->format, "text") == 0)
		return cli_usage(cli, "--all", "text lists have no status: withdrawn entries would come back to life");
	if (ex->all && strcmp(ex->format, "vics") == 0)
		return cli_usage(cli, "--all", "VICS has no status: withdrawn entries would come back to life");
	return CLI_GO;
}

int cmd_export(struct cli *cli)
{
	struct export ex = {0};
	const struct cli_option options[] = {
		{.name = "list", .letter = 'l', .argument = "LIST", .text = &ex.list, .help = "the list"},
		{.name = "format",
		 .letter = 'f',
		 .argument = "FORMAT",
		 .text = &ex.format,
		 .help = "text (default), csv, records, vics, or sheet: csv whose cells no spreadsheet takes for "
			 "formulas"},
		{.name = "out",
		 .letter = 'o',
		 .argument = "FILE",
		 .text = &ex.output,
		 .help = "write there, whole or not at all; else standard output"},
		{.name = "output", .argument = "FILE", .text = &ex.output, .help = "the same"},
		{.name = "all",
		 .flag = &ex.all,
		 .help = "disputed and withdrawn entries too, with their status (not text, not vics)"},
		{.name = NULL},
	};
	int status = cli_parse(cli, &page, options);
	struct tutela_store *store;
	struct tutela_snapshot *snapshot;
	struct tutela_list list;
	char n[96];

	if (status == CLI_GO)
		status = check_options(cli, &ex);
	if (status != CLI_GO)
		return status;
	if (!cli_open_snapshot(cli, &store, &snapshot))
		return STATUS_TROUBLE;
	/* Before a file is made: a list that is not there. */
	status = STATUS_TROUBLE;
	if (tutela_snapshot_list(snapshot, ex.list, &list) == TUTELA_E_NOTFOUND)
		message_error(ex.list, "no such list in this store");
	else if (ex.output)
		status = to_file(&ex, store, snapshot);
	else
		status = write_entries(&ex, store, snapshot) ? STATUS_OK : STATUS_TROUBLE;
	tutela_snapshot_close(snapshot);
	tutela_store_close(store);
	if (status == STATUS_OK && ex.output)
		message_note("%s written", printable_things(ex.entries, "entry", "entries", n));
	return status;
}
