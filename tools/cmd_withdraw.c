/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "interrupt.h"
#include "memory.h"
#include "message.h"
#include "name_stream.h"
#include "output.h"
#include "printable.h"

static const struct cli_page dispute_page = {
	.synopsis = "[OPTION]... --list LIST ENTRY...",
	.about = "Marks entries of a list as disputed: they stop matching here, whatever their source says now\n"
		 "or later, until --restore takes the decision back. An entry is named by its id, or as\n"
		 "ALGORITHM:HEX, which means every entry that carries this fingerprint.\n",
};

static const struct cli_page page = {
	.synopsis = "[OPTION]... --list LIST ENTRY...",
	.about = "Makes entries of a list stop matching. An entry is named by its id, or as ALGORITHM:HEX, which\n"
		 "means every entry that carries this fingerprint. What is found is withdrawn at once, by one\n"
		 "commit, also when other entries were not found. In a list of a source it is a local decision:\n"
		 "it holds whatever the source says later, until --restore.\n",
};

struct wanted {
	char *text;
	struct tutela_hash hash; /* algorithm 0: named by id only */
	bool found;
};

struct ids {
	char **items;
	size_t n, max;
};

struct withdraw {
	const struct cli *cli;
	const char *list, *reason, *from;
	bool dispute, given_dispute, restore, local; /* local: the list's source is the operator */
	enum tutela_status status;
	struct wanted *wanted;
	size_t n, max;
	size_t n_hashes;
	struct ids carriers; /* entries that carry a fingerprint that was named */
	uint64_t changed, missing;
};

static void want(struct withdraw *w, const char *text)
{
	const char *colon = strchr(text, ':');
	const struct tutela_algorithm_info *a = NULL;
	struct wanted *item;

	if (w->n == w->max) {
		w->max = w->max ? w->max * 2 : 64;
		w->wanted = memory_resize(w->wanted, w->max, sizeof(*w->wanted));
	}
	item = &w->wanted[w->n++];
	*item = (struct wanted){.text = memory_text(text)};
	if (colon) {
		item->text[colon - text] = '\0';
		a = tutela_algorithm_find(item->text);
		item->text[colon - text] = ':';
	}
	if (a && tutela_hash_parse(a->id, colon + 1, strlen(colon + 1), &item->hash) == TUTELA_OK)
		w->n_hashes++;
	else
		memset(&item->hash, 0, sizeof(item->hash));
}

static bool on_line(void *ctx, char *text, size_t len, unsigned long long number)
{
	(void)number;
	if (len && text[len - 1] == '\r')
		text[len - 1] = '\0';
	if (text[0] && text[0] != '#')
		want(ctx, text);
	return true;
}

static int by_hash(const void *a, const void *b)
{
	return memcmp(&((const struct wanted *)a)->hash, &((const struct wanted *)b)->hash, sizeof(struct tutela_hash));
}

/* Marks every item of the sorted table with this hash; true when there was one. */
static bool mark(struct withdraw *w, const struct tutela_hash *hash)
{
	struct wanted key = {.hash = *hash}, *item = bsearch(&key, w->wanted, w->n, sizeof(*item), by_hash);

	if (!item)
		return false;
	while (item > w->wanted && by_hash(item - 1, &key) == 0)
		item--;
	for (; item < w->wanted + w->n && by_hash(item, &key) == 0; item++)
		item->found = true;
	return true;
}

static enum tutela_err on_entry(void *ctx, const struct tutela_record *rec)
{
	struct withdraw *w = ctx;
	struct ids *ids = &w->carriers;
	bool hit = false;

	for (size_t i = 0; i < rec->n_fingerprints; i++)
		hit |= mark(w, &rec->fingerprints[i]);
	if (hit) {
		if (ids->n == ids->max) {
			ids->max = ids->max ? ids->max * 2 : 64;
			ids->items = memory_resize(ids->items, ids->max, sizeof(*ids->items));
		}
		ids->items[ids->n++] = memory_copy(rec->id.s, rec->id.len);
	}
	return interrupt_asked() ? TUTELA_E_INTERRUPTED : TUTELA_OK;
}

/* Which entries carry the fingerprints that were named? One pass over the list for all of them. */
static enum tutela_err find_carriers(struct withdraw *w, struct tutela_store *store)
{
	struct tutela_snapshot *snapshot;
	struct tutela_list list;
	enum tutela_err error;

	error = tutela_snapshot_open(store, &snapshot);
	if (!error)
		error = tutela_snapshot_list(snapshot, w->list, &list);
	w->local = !error && strcmp(list.source, "local") == 0;
	if (!error && w->n_hashes) {
		qsort(w->wanted, w->n, sizeof(*w->wanted), by_hash);
		error = tutela_snapshot_entries(snapshot, w->list, on_entry, w);
	}
	tutela_snapshot_close(snapshot);
	return error;
}

static enum tutela_err set_status(struct withdraw *w, struct tutela_update *u, const char *id)
{
	struct tutela_text text = {id, strlen(id)};
	struct tutela_text reason = {w->reason, w->reason ? strlen(w->reason) : 0};
	enum tutela_err error;

	if (w->restore) {
		error = tutela_update_undecide(u, text);
		if (error || !w->local || w->dispute)
			return error;
	}
	if (w->dispute || !w->local)
		return tutela_update_decide(u, text, w->status, reason);
	return tutela_update_status(u, text, w->status, reason);
}

static enum tutela_err apply(struct withdraw *w, struct tutela_update *u)
{
	enum tutela_err error;

	for (size_t i = 0; i < w->carriers.n; i++) {
		error = set_status(w, u, w->carriers.items[i]);
		if (error)
			return error;
	}
	for (size_t i = 0; i < w->n; i++) {
		error = set_status(w, u, w->wanted[i].text);
		if (error == TUTELA_OK)
			w->wanted[i].found = true;
		else if (error != TUTELA_E_NOTFOUND && error != TUTELA_E_ARG && error != TUTELA_E_TOOBIG)
			return error;
		if (!w->wanted[i].found) {
			message_error(w->wanted[i].text, "no such entry in the list '%s'", w->list);
			w->missing++;
		}
	}
	return TUTELA_OK;
}

static int fail(const struct withdraw *w, struct tutela_store *store, enum tutela_err error)
{
	if (error == TUTELA_E_NOTFOUND)
		message_error(w->list, "no such list in this store");
	else if (error == TUTELA_E_INTERRUPTED)
		message_error(NULL, "interrupted; nothing was changed");
	else
		cli_store_error(store, w->list, error);
	return STATUS_TROUBLE;
}

static void print_result(const struct withdraw *w, const struct tutela_update_result *r)
{
	uint64_t n = r->withdrawn + r->changed + r->added;
	char text[96];

	if (w->cli->json)
		output_json(json_pack("{s:s, s:s, s:I, s:s, s:I, s:I}", "type", w->dispute ? "dispute" : "withdraw",
				      "list", w->list, "version", (json_int_t)r->version, "status",
				      tutela_status_name(w->status), "changed", (json_int_t)n, "not_found",
				      (json_int_t)w->missing));
	else if (!w->cli->quiet)
		output_print("list '%s', version %llu: %s now %s\n", w->list, (unsigned long long)r->version,
			     printable_things(n, "entry is", "entries are", text), tutela_status_name(w->status));
}

static int run(struct withdraw *w, struct tutela_store *store)
{
	struct tutela_update_opts opts = {.size = sizeof(opts),
					  .list = w->list,
					  .provenance = w->dispute ? "dispute by hand" : "withdrawal by hand"};
	struct tutela_update_result result = {0};
	struct tutela_update *u = NULL;
	enum tutela_err error;

	errno = 0;
	error = tutela_update_begin(store, &opts, &u);
	if (error)
		return fail(w, store, error);
	/* Under the writer's lock, so that nothing moves between looking and changing. */
	error = find_carriers(w, store);
	if (!error)
		error = apply(w, u);
	if (error || interrupt_asked()) {
		tutela_update_abort(u);
		return fail(w, store, error ? error : TUTELA_E_INTERRUPTED);
	}
	error = tutela_update_commit(u, &result);
	if (error)
		return fail(w, store, error);
	print_result(w, &result);
	return w->missing ? STATUS_TROUBLE : STATUS_OK;
}

static int check_options(struct withdraw *w)
{
	if (!w->list)
		return cli_usage(w->cli, NULL, "name the list: --list LIST");
	if (!w->cli->n_args && !w->from)
		return cli_usage(w->cli, NULL, "name an entry, or a file of entries: --from FILE");
	if (w->given_dispute && w->restore)
		return cli_usage(w->cli, NULL, "--dispute and --restore exclude each other");
	w->dispute |= w->given_dispute;
	if (w->reason && (strlen(w->reason) > TUTELA_TEXT_MAX || !printable_is_utf8(w->reason, strlen(w->reason))))
		return cli_usage(w->cli, "--reason", "at most %d bytes of UTF-8", TUTELA_TEXT_MAX);
	w->status = w->restore ? TUTELA_ACTIVE : w->dispute ? TUTELA_DISPUTED : TUTELA_WITHDRAWN;
	return CLI_GO;
}

static int command(struct cli *cli, bool dispute)
{
	struct withdraw w = {.cli = cli, .dispute = dispute};
	const struct cli_option options[] = {
		{.name = "list", .letter = 'l', .argument = "LIST", .text = &w.list, .help = "the list"},
		{.name = "reason",
		 .letter = 'r',
		 .argument = "TEXT",
		 .text = &w.reason,
		 .help = "why, kept with the entry"},
		{.name = "dispute", .flag = &w.given_dispute, .help = "mark as disputed instead: kept, does not match"},
		{.name = "restore",
		 .flag = &w.restore,
		 .help = "take it back: the entry counts again as its source says"},
		{.name = "from",
		 .argument = "FILE",
		 .text = &w.from,
		 .help = "entries from a file, one a line; '-': standard input"},
		{.name = NULL},
	};
	struct names_opts names = {.line = on_line, .ctx = &w};
	struct tutela_store *store = NULL;
	int status = cli_parse(cli, dispute ? &dispute_page : &page, options);

	if (status == CLI_GO)
		status = check_options(&w);
	if (status != CLI_GO)
		return status;
	for (size_t i = 0; i < cli->n_args; i++)
		want(&w, cli->args[i]);
	names.path = w.from;
	status = STATUS_TROUBLE;
	if (!w.from || (names_read(&names) && !interrupt_asked()))
		store = cli_open_store(cli, true);
	if (store)
		status = run(&w, store);
	tutela_store_close(store);
	for (size_t i = 0; i < w.n; i++)
		free(w.wanted[i].text);
	for (size_t i = 0; i < w.carriers.n; i++)
		free(w.carriers.items[i]);
	free(w.wanted);
	free(w.carriers.items);
	return status;
}

int cmd_withdraw(struct cli *cli)
{
	return command(cli, false);
}

int cmd_dispute(struct cli *cli)
{
	return command(cli, true);
}
