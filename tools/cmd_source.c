/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "interrupt.h"
#include "memory.h"
#include "message.h"
#include "output.h"
#include "printable.h"
#include "sync/feed.h"
#include "sync/ncmec_ask.h"
#include "sync/ncmec_window.h"
#include "sync/staging.h"

static const struct cli_page page = {
	.synopsis = "[list] [OPTION]...\n"
		    "       tutela source add ID --url URL|DIR [--key FILE]... [OPTION]...\n"
		    "       tutela source show ID\n"
		    "       tutela source members ID\n"
		    "       tutela source suspend|resume ID\n"
		    "       tutela source remove ID [--yes]",
	.about =
		"Shows the sources that lists are synced from, adds one with its pinned keys, or takes it out of use.\n"
		"A suspended source is not synced, and its lists go on matching. Removing a source removes its lists\n"
		"with all their entries.\n",
};

struct wish {
	const struct cli *cli;
	const char *type, *url, *credentials, *country, *list, *ca, *cert, *cert_key;
	struct cli_texts keys, members;
	uint64_t threshold;
	bool threshold_given, yes;
};

static bool wants_anything(const struct wish *w)
{
	return w->type || w->url || w->credentials || w->country || w->list || w->ca || w->cert || w->cert_key ||
	       w->keys.n || w->members.n || w->threshold_given;
}

/* ------------------------------------------------------------------ show */

/* What a person would call a key: its number, as minisign writes it. */
static void key_id(const char *text, char *out)
{
	struct tutela_public_key key;

	out[0] = '\0';
	if (tutela_public_key_parse(text, strlen(text), &key) == TUTELA_OK)
		tutela_public_key_id(&key, out);
}

static void set_time(json_t *o, const char *key, int64_t when)
{
	if (when)
		json_object_set_new(o, key, output_time(when));
}

static void set_path(json_t *o, const char *key, const char *path)
{
	if (path[0])
		output_set_bytes(o, key, path, strlen(path));
}

static void print_json(const struct tutela_source *s)
{
	json_t *o = json_object(), *keys = json_array(), *members = json_array();

	json_object_set_new(o, "type", json_string("source"));
	json_object_set_new(o, "source", json_string(s->name));
	json_object_set_new(o, "feed", json_string(tutela_source_type_name(s->type)));
	output_set_bytes(o, "url", s->url, strlen(s->url));
	json_object_set_new(o, "country", json_string(s->country));
	json_object_set_new(o, "suspended", json_boolean(s->suspended));
	json_object_set_new(o, "added", output_time(s->added));
	if (s->type == TUTELA_SOURCE_BUNDLE) {
		for (size_t i = 0; i < s->n_keys; i++)
			json_array_append_new(keys, json_string(s->keys[i]));
		json_object_set(o, "keys", keys);
		json_object_set_new(o, "threshold", json_integer(s->threshold ? s->threshold : 1));
	} else {
		json_object_set_new(o, "list", json_string(sync_list_name(s)));
	}
	for (size_t i = 0; i < s->n_members; i++)
		json_array_append_new(members, json_integer((json_int_t)s->members[i]));
	if (s->n_members)
		json_object_set(o, "members", members);
	set_path(o, "credentials", s->credentials);
	set_path(o, "ca", s->ca);
	set_path(o, "client_cert", s->client_cert);
	set_path(o, "client_key", s->client_key);
	set_time(o, "last_try", s->last_try);
	set_time(o, "last_success", s->last_success);
	if (s->last_error[0])
		json_object_set_new(o, "last_error", json_string(s->last_error));
	json_decref(keys);
	json_decref(members);
	output_json(o);
}

static void print_field(const char *name, const char *value)
{
	char *shown;

	if (!value[0])
		return;
	shown = printable_name(value, strlen(value));
	output_print("%-14s %s\n", name, shown);
	free(shown);
}

static void print_long(const struct tutela_source *s)
{
	char t[32], id[TUTELA_KEY_ID_TEXT + 1];

	output_print("source         %s%s\ntype           %s\n", s->name, s->suspended ? " (suspended)" : "",
		     tutela_source_type_name(s->type));
	print_field("url", s->url);
	print_field("country", s->country);
	if (s->type != TUTELA_SOURCE_BUNDLE)
		print_field("list", sync_list_name(s));
	for (size_t i = 0; i < s->n_keys; i++) {
		key_id(s->keys[i], id);
		output_print("key            %s (%s)\n", s->keys[i], id);
	}
	if (s->n_keys > 1)
		output_print("threshold      %u of %zu keys\n", s->threshold ? s->threshold : 1, s->n_keys);
	for (size_t i = 0; i < s->n_members; i++)
		output_print("member         %llu\n", (unsigned long long)s->members[i]);
	print_field("credentials", s->credentials);
	print_field("CA", s->ca);
	print_field("client cert", s->client_cert);
	print_field("client key", s->client_key);
	output_print("added          %s\n", output_time_text(s->added, t));
	output_print("last try       %s\n", output_time_text(s->last_try, t));
	output_print("last success   %s\n", output_time_text(s->last_success, t));
	print_field("last error", s->last_error);
}

struct listing {
	bool json;
	size_t n;
};

static bool print_row(void *ctx, const struct tutela_source *s)
{
	struct listing *listing = ctx;
	char t[32], *url;

	if (listing->json) {
		print_json(s);
		return !output_failed();
	}
	if (listing->n++ == 0)
		output_print("%-20s %-14s %-2s %-9s %-20s %s\n", "SOURCE", "TYPE", "CC", "STATE", "LAST SUCCESS",
			     "URL");
	url = printable_name(s->url, strlen(s->url));
	output_print("%-20s %-14s %-2s %-9s %-20s %s\n", s->name, tutela_source_type_name(s->type), s->country,
		     s->suspended ? "suspended" : "enabled", output_time_text(s->last_success, t), url);
	free(url);
	return !output_failed();
}

static int say_error(const struct tutela_store *store, const char *name, enum tutela_err error)
{
	if (error == TUTELA_E_NOTFOUND)
		message_error(name, "no such source in this store");
	else if (error == TUTELA_E_EXISTS)
		message_error(name, "there is such a source already");
	else
		cli_store_error(store, name, error);
	return STATUS_TROUBLE;
}

/* All sources, or the one called `name`. */
static int show(const struct cli *cli, const char *name)
{
	struct listing listing = {.json = cli->json};
	struct tutela_snapshot *snapshot;
	struct tutela_source source;
	struct tutela_store *store;
	int status = STATUS_OK;
	enum tutela_err error;

	if (!cli_open_snapshot(cli, &store, &snapshot))
		return STATUS_TROUBLE;
	errno = 0;
	if (!name) {
		error = tutela_snapshot_sources(snapshot, print_row, &listing);
	} else {
		error = tutela_snapshot_source(snapshot, name, &source);
		if (!error && cli->json)
			print_json(&source);
		else if (!error)
			print_long(&source);
	}
	if (error)
		status = say_error(store, name, error);
	tutela_snapshot_close(snapshot);
	tutela_store_close(store);
	return status;
}

/* ------------------------------------------------------------------ add */

/* The option's text into its place. CLI_GO, or STATUS_USAGE. */
static int take(const struct cli *cli, const char *option, const char *value, char *out, size_t room)
{
	if (!value)
		return CLI_GO;
	if (strlen(value) >= room)
		return cli_usage(cli, option, "at most %zu bytes", room - 1);
	memcpy(out, value, strlen(value) + 1);
	return CLI_GO;
}

/* The same for a path, made absolute: sync may run from another folder. */
static int take_path(const struct cli *cli, const char *option, const char *value, char *out)
{
	char *here, *path;
	int status;

	if (!value || value[0] == '/')
		return take(cli, option, value, out, TUTELA_SOURCE_URL_MAX + 1);
	here = getcwd(NULL, 0);
	path = memory_format("%s/%s", here ? here : ".", value);
	status = take(cli, option, path, out, TUTELA_SOURCE_URL_MAX + 1);
	free(path);
	free(here);
	return status;
}

static int take_key(const char *value, char *out)
{
	struct tutela_public_key key;
	enum tutela_err error;
	char text[64];

	errno = 0;
	error = strlen(value) == TUTELA_PUBLIC_KEY_TEXT && access(value, F_OK)
			? tutela_public_key_parse(value, strlen(value), &key)
			: tutela_public_key_read(value, &key);
	if (error == TUTELA_E_SYS)
		message_error(value, "%s", printable_errno(errno, text));
	else if (error)
		message_error(value,
			      "not an Ed25519 public key of minisign: a file of two lines, or its 56 characters");
	if (error)
		return STATUS_TROUBLE;
	tutela_public_key_text(&key, out);
	return CLI_GO;
}

static int take_keys(const struct wish *w, struct tutela_source *s)
{
	int status = CLI_GO;

	if (w->keys.n > TUTELA_SOURCE_KEYS_MAX)
		return cli_usage(w->cli, "--key", "at most %d keys", TUTELA_SOURCE_KEYS_MAX);
	for (size_t i = 0; i < w->keys.n && status == CLI_GO; i++)
		status = take_key(w->keys.items[i].value, s->keys[s->n_keys++]);
	s->threshold = (uint32_t)w->threshold;
	return status;
}

static int take_members(const struct wish *w, struct tutela_source *s)
{
	if (w->members.n > TUTELA_SOURCE_MEMBERS_MAX)
		return cli_usage(w->cli, "--member", "at most %d members", TUTELA_SOURCE_MEMBERS_MAX);
	for (size_t i = 0; i < w->members.n; i++) {
		const char *value = w->members.items[i].value;
		char *end;

		errno = 0;
		s->members[s->n_members++] = strtoull(value, &end, 10);
		if (value[0] < '0' || value[0] > '9' || *end || errno)
			return cli_usage(w->cli, "--member", "'%s' is not a number", value);
	}
	return CLI_GO;
}

/* Does the address suit the feed? */
static int take_url(const struct wish *w, const struct feed *feed, struct tutela_source *s)
{
	const char *why;
	enum address kind;

	if (!w->url || !w->url[0])
		return cli_usage(w->cli, NULL, "say where the source is: --url URL or a folder");
	if (s->type == TUTELA_SOURCE_NCMEC && ncmec_environment(w->url))
		return take(w->cli, "--url", ncmec_environment(w->url), s->url, sizeof(s->url));
	kind = http_address(w->url, &why);
	if (kind == ADDRESS_BAD)
		return cli_usage(w->cli, "--url", "%s", why);
	if (kind == ADDRESS_FOLDER && !(feed->traits & FEED_FOLDER))
		return cli_usage(w->cli, w->url, "sources of the type %s are asked over https://, not in a folder",
				 tutela_source_type_name(s->type));
	if (kind != ADDRESS_FOLDER && strchr(w->url, '?'))
		return cli_usage(w->cli, "--url", "an address without a query");
	if (kind == ADDRESS_FOLDER && (w->ca || w->cert || w->cert_key))
		return cli_usage(w->cli, NULL, "--ca, --client-cert and --client-key are for https://");
	if (kind == ADDRESS_FOLDER)
		return take_path(w->cli, "--url", w->url, s->url);
	return take(w->cli, "--url", w->url, s->url, sizeof(s->url));
}

static int check_suits(const struct wish *w, const struct feed *feed, const struct tutela_source *s)
{
	const struct cli *cli = w->cli;
	const char *type = tutela_source_type_name(s->type);
	bool bundle = s->type == TUTELA_SOURCE_BUNDLE;

	if (bundle && !w->keys.n)
		return cli_usage(cli, NULL, "a source of signed bundles needs its public key: --key FILE");
	if (!bundle && (w->keys.n || w->threshold_given))
		return cli_usage(cli, NULL, "--key and --threshold are for sources of the type bundle");
	if (w->threshold_given && w->threshold > w->keys.n)
		return cli_usage(cli, "--threshold", "%llu keys must sign, but %zu are given",
				 (unsigned long long)w->threshold, w->keys.n);
	if (bundle && w->list)
		return cli_usage(cli, "--list", "bundles name their own lists");
	if (w->members.n && s->type != TUTELA_SOURCE_NCMEC)
		return cli_usage(cli, "--member", "for sources of the type ncmec");
	if (!w->cert != !w->cert_key)
		return cli_usage(cli, NULL, "--client-cert and --client-key belong together");
	if (!w->credentials && feed->traits & FEED_CREDENTIALS)
		message_warning(
			s->name,
			"sources of the type %s need credentials: --credentials FILE, or the environment at sync",
			type);
	return CLI_GO;
}

static int take_all(const struct wish *w, struct tutela_source *s)
{
	const struct cli *cli = w->cli;
	const struct feed *feed;
	int status;

	if (w->type && !tutela_source_type_parse(w->type, &s->type))
		return cli_usage(cli, "--type", "'%s' is not one of bundle, ncmec, stopncii, threatexchange, tat",
				 w->type);
	feed = feed_of(s->type);
	if (!feed)
		return cli_usage(cli, "--type", "this program cannot fetch sources of the type %s",
				 tutela_source_type_name(s->type));
	status = take_url(w, feed, s);
	if (status == CLI_GO)
		status = check_suits(w, feed, s);
	if (status == CLI_GO)
		status = take(cli, "--country", w->country, s->country, sizeof(s->country));
	if (status == CLI_GO)
		status = take(cli, "--list", w->list, s->list, sizeof(s->list));
	if (status == CLI_GO)
		status = take_path(cli, "--credentials", w->credentials, s->credentials);
	if (status == CLI_GO)
		status = take_path(cli, "--ca", w->ca, s->ca);
	if (status == CLI_GO)
		status = take_path(cli, "--client-cert", w->cert, s->client_cert);
	if (status == CLI_GO)
		status = take_path(cli, "--client-key", w->cert_key, s->client_key);
	if (status == CLI_GO)
		status = take_members(w, s);
	return status == CLI_GO ? take_keys(w, s) : status;
}

static int add(const struct wish *w, const char *name)
{
	struct tutela_source source = {.type = TUTELA_SOURCE_BUNDLE};
	struct tutela_store *store;
	enum tutela_err error;
	int status = take(w->cli, name, name, source.name, sizeof(source.name));

	if (status == CLI_GO)
		status = take_all(w, &source);
	if (status != CLI_GO)
		return status;
	store = cli_open_store(w->cli, true);
	if (!store)
		return STATUS_TROUBLE;
	errno = 0;
	error = tutela_source_put(store, &source, false, "source-add");
	if (error)
		say_error(store, name, error);
	tutela_store_close(store);
	return error ? STATUS_TROUBLE : show(w->cli, name);
}

/* ------------------------------------------------------------------ the others */

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
		say_error(store, name, error);
	tutela_store_close(store);
	return error ? STATUS_TROUBLE : show(cli, name);
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
	char n[32], answer[8];
	ssize_t len;

	if (!error) {
		error = tutela_snapshot_lists(snapshot, count_list, &d);
		tutela_snapshot_close(snapshot);
	}
	if (error)
		return say_error(store, name, error);
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return cli_usage(cli, name,
				 "this removes the source and its %zu lists with %s active entries; say --yes to do it",
				 d.lists, printable_count(d.active, n));
	message_hold();
	fprintf(stderr, "Remove the source '%s' and its %zu lists with %s active entries? [y/N] ", name, d.lists,
		printable_count(d.active, n));
	message_release();
	len = interrupt_read(STDIN_FILENO, answer, sizeof(answer));
	if (len > 0 && (answer[0] == 'y' || answer[0] == 'Y'))
		return CLI_GO;
	message_error(name, "not removed");
	return STATUS_TROUBLE;
}

static int remove_source(const struct wish *w, const char *name)
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
		status = say_error(store, name, error);
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
		say_error(store, name, error);
	tutela_snapshot_close(snapshot);
	tutela_store_close(store);
	ok = !error && ncmec_ask_open(&ask, &source) &&
	     ncmec_ask_rows(&ask, "/v2/members", TUTELA_NCMEC_MEMBERS, print_member, &json);
	ncmec_ask_close(&ask);
	return ok ? STATUS_OK : STATUS_TROUBLE;
}

static int dispatch(const struct wish *w, const char *verb, const char *name)
{
	if (strcmp(verb, "add") && wants_anything(w))
		return cli_usage(w->cli, verb, "takes no options of 'add'");
	if (strcmp(verb, "remove") && w->yes)
		return cli_usage(w->cli, "--yes", "goes with 'remove'");
	if (strcmp(verb, "add") == 0)
		return add(w, name);
	if (strcmp(verb, "show") == 0)
		return show(w->cli, name);
	if (strcmp(verb, "members") == 0)
		return members(w->cli, name);
	if (strcmp(verb, "remove") == 0)
		return remove_source(w, name);
	return suspend(w->cli, name, strcmp(verb, "suspend") == 0);
}

static int run(const struct wish *w)
{
	static const char *const verbs[] = {"add", "show", "members", "suspend", "resume", "remove"};
	const struct cli *cli = w->cli;
	const char *verb = cli->n_args ? cli->args[0] : "list";
	bool known = false;

	if (strcmp(verb, "list") == 0) {
		if (cli->n_args > 1)
			return cli_usage(cli, cli->args[1],
					 "'list' takes no further words; 'show' takes the name of a source");
		if (wants_anything(w))
			return cli_usage(cli, verb, "takes no options of 'add'");
		return show(cli, NULL);
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		known |= strcmp(verb, verbs[i]) == 0;
	if (!known)
		return cli_usage(cli, verb, "not one of add, list, show, members, suspend, resume, remove");
	if (cli->n_args != 2)
		return cli_usage(cli, verb, "name one source");
	return dispatch(w, verb, cli->args[1]);
}

int cmd_source(struct cli *cli)
{
	struct wish w = {.cli = cli};
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
		 .help = "a file of mode 0600, read at sync alone"},
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
