/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "calendar.h"
#include "cli.h"
#include "message.h"
#include "output.h"
#include "printable.h"

static const struct cli_page page = {
	.synopsis = "\n       tutela journal prune --before DATE --yes",
	.about = "What 'scan --journal' and 'lookup --journal' have recorded: how much it is, and from when. 'prune'\n"
		 "deletes what is older than DATE, and an audit record says what that was. The space is used again.\n",
};

struct wish {
	const struct cli *cli;
	const char *before;
	bool yes;
};

static json_t *as_json(const char *type, const struct tutela_journal_info *i)
{
	json_t *o = json_pack("{s:s, s:I, s:I, s:I, s:I}", "type", type, "files", (json_int_t)i->files, "hits",
			      (json_int_t)i->hits, "bytes", (json_int_t)i->bytes, "damaged", (json_int_t)i->damaged);

	json_object_set_new(o, "first", i->files ? output_time(i->first) : json_null());
	json_object_set_new(o, "last", i->files ? output_time(i->last) : json_null());
	return o;
}

static void print(const struct cli *cli, const char *type, const char *what, const struct tutela_journal_info *i)
{
	char n[96], m[96], b[32], first[32], last[32];

	if (cli->json) {
		output_json(as_json(type, i));
		return;
	}
	if (cli->quiet)
		return;
	if (!i->files && !i->damaged) {
		output_print("%s%s\n", what, *what ? "nothing" : "the journal is empty");
		return;
	}
	output_print("%s%s with %s, %s", what, printable_things(i->files, "file", "files", n),
		     printable_things(i->hits, "hit", "hits", m), printable_size(i->bytes, b));
	if (i->files)
		output_print(", %s to %s", output_time_text(i->first, first), output_time_text(i->last, last));
	output_print("\n");
	if (i->damaged)
		output_print("%sdamaged: %s\n", what, printable_count(i->damaged, n));
}

static int show(const struct cli *cli)
{
	struct tutela_journal_info info;
	struct tutela_snapshot *snapshot;
	struct tutela_store *store;
	enum tutela_err error;

	if (!cli_open_snapshot(cli, &store, &snapshot))
		return STATUS_TROUBLE;
	error = tutela_snapshot_journal_info(snapshot, &info);
	if (error)
		cli_store_error(store, cli->store, error);
	else
		print(cli, "journal", "", &info);
	if (!error && info.damaged)
		message_error(NULL, "records of the journal are damaged");
	tutela_snapshot_close(snapshot);
	tutela_store_close(store);
	return error || info.damaged ? STATUS_TROUBLE : STATUS_OK;
}

static int prune(const struct wish *w)
{
	struct tutela_journal_info gone;
	struct tutela_store *store;
	enum tutela_err error;
	int64_t before;

	if (!w->before)
		return cli_usage(w->cli, NULL, "how old? --before DATE");
	if (!calendar_parse(w->before, false, &before))
		return cli_usage(w->cli, "--before", "'%s' is not YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ", w->before);
	if (!w->yes)
		return cli_usage(w->cli, NULL, "this deletes what past scans have found; say --yes to do it");
	store = cli_open_store(w->cli, true);
	if (!store)
		return STATUS_TROUBLE;
	error = tutela_journal_prune(store, before, &gone);
	if (error)
		cli_store_error(store, w->cli->store, error);
	else
		print(w->cli, "journal-prune", "deleted: ", &gone);
	tutela_store_close(store);
	return error ? STATUS_TROUBLE : STATUS_OK;
}

int cmd_journal(struct cli *cli)
{
	struct wish w = {.cli = cli};
	const struct cli_option options[] = {
		{.name = "before",
		 .argument = "DATE",
		 .text = &w.before,
		 .help = "prune: what was seen before this day or time (UTC)"},
		{.name = "yes", .flag = &w.yes, .help = "prune: really delete"},
		{.name = NULL},
	};
	int status = cli_parse(cli, &page, options);

	if (status != CLI_GO)
		return status;
	if (cli->n_args > 1)
		return cli_usage(cli, cli->args[1], "one word at a time");
	if (cli->n_args && strcmp(cli->args[0], "prune") == 0)
		return prune(&w);
	if (cli->n_args)
		return cli_usage(cli, cli->args[0], "not prune; without a word the journal is shown");
	if (w.before || w.yes)
		return cli_usage(cli, NULL, "--before and --yes belong to 'journal prune'");
	return show(cli);
}
