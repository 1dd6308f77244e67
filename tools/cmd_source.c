/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "interrupt.h"
#include "message.h"
#include "output.h"
#include "printable.h"
#include "source_show.h"
#include "source_wish.h"
#include "sync/ncmec_ask.h"
#include "sync/staging.h"

static const struct cli_page page = {
	.synopsis = "[list] [OPTION]...\n"
		    "       tutela source add ID --url URL|DIR [--key FILE]... [OPTION]...\n"
		    "       tutela source set ID OPTION...\n"
		    "       tutela source show ID\n"
		    "       tutela source members ID\n"
		    "       tutela source suspend|resume ID\n"
		    "       tutela source remove ID [--yes]",
	.about = "Shows the sources that lists are synced from, adds one with its pinned keys, changes where and how "
		 "it is\n"
		 "reached, or takes it out of use.\n"
		 "A suspended source is not synced, and its lists go on matching. Removing a source removes its lists\n"
		 "with all their entries.\n",
};

static int add(const struct source_wish *w, const char *name)
{
	struct tutela_source source = {.type = TUTELA_SOURCE_BUNDLE};
	struct tutela_store *store;
	enum tutela_err error;
	int status = source_wish_take(w, name, &source);

	if (status != CLI_GO)
		return status;
	store = cli_open_store(w->cli, true);
	if (!store)
		return STATUS_TROUBLE;
	errno = 0;
	error = tutela_source_put(store, &source, false, "source-add");
	if (error)
		source_say_error(store, name, error);
	tutela_store_close(store);
	return error ? STATUS_TROUBLE : source_show(w->cli, name);
}

static enum tutela_err find(struct tutela_store *store, const char *name, struct tutela_source *out)
{
	struct tutela_snapshot *snapshot;
	enum tutela_err error = tutela_snapshot_open(store, &snapshot);

	if (error)
		return error;
	error = tutela_snapshot_source(snapshot, name, out);
	tutela_snapshot_close(snapshot);
	return error;
}

static int change(const struct source_wish *w, struct tutela_store *store, const char *name)
{
	struct tutela_source source;
	enum tutela_err error;
	char before[TUTELA_SOURCE_URL_MAX + 1];
	int status;

	errno = 0;
	error = find(store, name, &source);
	if (error)
		return source_say_error(store, name, error);
	memcpy(before, source.url, sizeof(before));
	status = source_wish_take(w, name, &source);
	if (status != CLI_GO)
		return status;
	error = tutela_source_put(store, &source, true, "source-set");
	if (error)
		return source_say_error(store, name, error);
	if (strcmp(before, source.url) == 0)
		return CLI_GO;
	staging_remove(w->cli->store, name);
	if (source.type != TUTELA_SOURCE_BUNDLE)
		message_note("the next sync of '%s' fetches everything again; what only the former address had stays "
			     "in the list",
			     name);
	return CLI_GO;
}

/* Not while a sync goes on: it would go on with what the source was. */
static int set(const struct source_wish *w, const char *name)
{
	struct tutela_store *store;
	int lock, status = STATUS_TROUBLE;

	if (!source_wishes(w))
		return cli_usage(w->cli, "set", "say what to set");
	if (w->type || w->list || w->members.n)
		return cli_usage(w->cli, "set",
				 "the type, list and members of a source do not change: remove it and add it again");
	store = cli_open_store(w->cli, true);
	if (!store)
		return STATUS_TROUBLE;
	lock = staging_lock(w->cli->store);
	if (lock >= 0) {
		status = change(w, store, name);
		close(lock);
	}
	tutela_store_close(store);
	return status == CLI_GO ? source_show(w->cli, name) : status;
}

static int suspend(const struct cli *cli, const char *name, bool suspended)
{
	struct tutela_store *store = cli_open_store(cli, true);
	struct tutela_source source;
	enum tutela_err error;

	if (!store)
		return STATUS_TROUBLE;
	errno = 0;
	error = find(store, name, &source);
	if (!error && source.suspended != suspended) {
		source.suspended = suspended;
		error = tutela_source_put(store, &source, true, suspended ? "source-suspend" : "source-resume");
	}
	if (error)
		source_say_error(store, name, error);
	tutela_store_close(store);
	return error ? STATUS_TROUBLE : source_show(cli, name);
}

struct doomed {
	const char *source;
	size_t lists;
	uint64_t active;
};

static bool count_list(void *ctx, const struct tutela_list *list)
{
	struct doomed *d = ctx;

	if (strcmp(list->source, d->source) == 0) {
		d->lists++;
		d->active += list->active;
	}
	return true;
}

/* Asks on the terminal; CLI_GO after a yes. */
static int ask(const struct cli *cli, struct tutela_store *store, const char *name)
{
	struct doomed d = {.source = name};
	struct tutela_snapshot *snapshot;
	enum tutela_err error = tutela_snapshot_open(store, &snapshot);
	char n[96], m[96], answer[8];
	ssize_t len;

	if (!error) {
		error = tutela_snapshot_lists(snapshot, count_list, &d);
		tutela_snapshot_close(snapshot);
	}
	if (error)
		return source_say_error(store, name, error);
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return cli_usage(cli, name, "this removes the source and its %s with %s; say --yes to do it",
				 printable_things(d.lists, "list", "lists", m),
				 printable_things(d.active, "active entry", "active entries", n));
	message_hold();
	fprintf(stderr, "Remove the source '%s' and its %s with %s? [y/N] ", name,
		printable_things(d.lists, "list", "lists", m),
		printable_things(d.active, "active entry", "active entries", n));
	message_release();
	len = interrupt_read(STDIN_FILENO, answer, sizeof(answer));
	if (len > 0 && (answer[0] == 'y' || answer[0] == 'Y'))
		return CLI_GO;
	message_error(name, "not removed");
	return STATUS_TROUBLE;
}

static int remove_source(const struct source_wish *w, const char *name)
{
	struct tutela_store *store = cli_open_store(w->cli, true);
	struct tutela_source source;
	int status = CLI_GO;
	enum tutela_err error;

	if (!store)
		return STATUS_TROUBLE;
	errno = 0;
	error = find(store, name, &source);
	if (!error && !w->yes)
		status = ask(w->cli, store, name);
	if (!error && status == CLI_GO) {
		error = tutela_source_remove(store, name);
		if (!error)
			staging_remove(w->cli->store, name);
	}
	if (error)
		status = source_say_error(store, name, error);
	tutela_store_close(store);
	if (status != CLI_GO)
		return status;
	if (w->cli->json)
		output_json(json_pack("{s:s, s:s}", "type", "source-removed", "source", name));
	else if (!w->cli->quiet)
		output_print("removed the source '%s'\n", name);
	return STATUS_OK;
}

/* ------------------------------------------------------------------ members */

static bool print_member(void *ctx, const struct tutela_ncmec_row *row)
{
	const bool *json = ctx;
	char *name = printable_name(row->name, strlen(row->name));

	if (*json)
		output_json(json_pack("{s:s, s:I, s:s}", "type", "member", "member", (json_int_t)row->member, "name",
				      row->name));
	else
		output_print("%-10llu %s\n", (unsigned long long)row->member, name);
	free(name);
	return !output_failed();
}

/* Whose entries a source has, as it says now: what --member takes. */
static int members(const struct cli *cli, const char *name)
{
	struct tutela_snapshot *snapshot;
	struct tutela_source source;
	struct tutela_store *store;
	struct ncmec_ask ask = {0};
	enum tutela_err error;
	bool ok, json = cli->json;

	if (!cli_open_snapshot(cli, &store, &snapshot))
		return STATUS_TROUBLE;
	errno = 0;
	error = tutela_snapshot_source(snapshot, name, &source);
	if (error)
		source_say_error(store, name, error);
	tutela_snapshot_close(snapshot);
	tutela_store_close(store);
	ok = !error && ncmec_ask_open(&ask, &source) &&
	     ncmec_ask_rows(&ask, "/v2/members", TUTELA_NCMEC_MEMBERS, print_member, &json);
	ncmec_ask_close(&ask);
	return ok ? STATUS_OK : STATUS_TROUBLE;
}

static int dispatch(const struct source_wish *w, const char *verb, const char *name)
{
	if (strcmp(verb, "remove") && w->yes)
		return cli_usage(w->cli, "--yes", "goes with 'remove'");
	if (strcmp(verb, "add") == 0)
		return add(w, name);
	if (strcmp(verb, "set") == 0)
		return set(w, name);
	if (source_wishes(w))
		return cli_usage(w->cli, verb, "takes no options of 'add'");
	if (strcmp(verb, "show") == 0)
		return source_show(w->cli, name);
	if (strcmp(verb, "members") == 0)
		return members(w->cli, name);
	if (strcmp(verb, "remove") == 0)
		return remove_source(w, name);
	return suspend(w->cli, name, strcmp(verb, "suspend") == 0);
}

static int run(const struct source_wish *w)
{
	static const char *const verbs[] = {"add", "set", "show", "members", "suspend", "resume", "remove"};
	const struct cli *cli = w->cli;
	const char *verb = cli->n_args ? cli->args[0] : "list";
	bool known = false;

	if (strcmp(verb, "list") == 0) {
		if (cli->n_args > 1)
			return cli_usage(cli, cli->args[1],
					 "'list' takes no further words; 'show' takes the name of a source");
		if (source_wishes(w))
			return cli_usage(cli, verb, "takes no options of 'add'");
		return source_show(cli, NULL);
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		known |= strcmp(verb, verbs[i]) == 0;
	if (!known)
		return cli_usage(cli, verb, "not one of add, set, list, show, members, suspend, resume, remove");
	if (cli->n_args != 2)
		return cli_usage(cli, verb, "name one source");
	return dispatch(w, verb, cli->args[1]);
}

int cmd_source(struct cli *cli)
{
	struct source_wish w = {.cli = cli};
	const struct cli_option options[] = {
		{.name = "type",
		 .argument = "TYPE",
		 .text = &w.type,
		 .help = "bundle (signed bundles, the default), ncmec, stopncii, threatexchange or tat"},
		{.name = "url",
		 .argument = "URL|DIR",
		 .text = &w.url,
		 .help = "where it is: https://..., or a folder; http:// to this machine alone"},
		{.name = "key",
		 .argument = "FILE",
		 .texts = &w.keys,
		 .help = "bundle: a pinned public key, a minisign file or its 56 characters; may be repeated"},
		{.name = "threshold",
		 .argument = "N",
		 .number = &w.threshold,
		 .least = 1,
		 .most = TUTELA_SOURCE_KEYS_MAX,
		 .given = &w.threshold_given,
		 .help = "bundle: how many of the keys must have signed; 1 if not given"},
		{.name = "credentials",
		 .argument = "FILE",
		 .text = &w.credentials,
		 .help = "a file of mode 0600, read at sync alone; '' takes it away, as of the others"},
		{.name = "country", .argument = "XX", .text = &w.country, .help = "two upper-case letters"},
		{.name = "list",
		 .argument = "LIST",
		 .text = &w.list,
		 .help = "the list that its records go to; else named as the source (not bundle)"},
		{.name = "member",
		 .argument = "N",
		 .texts = &w.members,
		 .help = "ncmec: only the entries of this member; may be repeated"},
		{.name = "ca",
		 .argument = "FILE",
		 .text = &w.ca,
		 .help = "https: trust the CAs of this PEM file alone"},
		{.name = "client-cert", .argument = "FILE", .text = &w.cert, .help = "https: our certificate, PEM"},
		{.name = "client-key", .argument = "FILE", .text = &w.cert_key, .help = "https: its key, PEM"},
		{.name = "yes", .flag = &w.yes, .help = "remove without a question"},
		{.name = NULL},
	};
	int status = cli_parse(cli, &page, options);

	if (status == CLI_GO)
		status = run(&w);
	free(w.keys.items);
	free(w.members.items);
	return status;
}
