/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "category.h"
#include "cli.h"
#include "expiry.h"
#include "memory.h"
#include "message.h"
#include "output.h"
#include "printable.h"
#include "scan_facts.h"
#include "list_vanished.h"
#include "report/category_map.h"

#define DIGEST_LEN 32

static const struct cli_page page = {
	.synopsis = "[OPTION]...\n"
		    "       tutela list show NAME\n"
		    "       tutela list vanished NAME [--since VERSION]\n"
		    "       tutela list held NAME\n"
		    "       tutela list create NAME [POLICY]...\n"
		    "       tutela list set NAME POLICY...\n"
		    "       tutela list remove NAME --yes",
	.about = "Shows the lists of the store, makes one, changes a list's policy, or removes a list. 'held' shows "
		 "the\n"
		 "bad records that syncs have kept out of it, the newest 10,000.\n",
};

struct wish {
	uint64_t pdq, phash, dhash, quality;
	bool pdq_given, phash_given, dhash_given, quality_given;
	const char *action, *kind, *expires, *flood, *flood_action, *categories, *category_map;
	bool yes;
	uint64_t since; /* of vanished */
	bool since_given;
};

static bool wants_policy(const struct wish *w)
{
	return w->pdq_given || w->phash_given || w->dhash_given || w->quality_given || w->action || w->kind ||
	       w->expires || w->flood || w->flood_action || w->categories || w->category_map;
}

static int apply_flood(const struct cli *cli, const struct wish *w, struct tutela_policy *p)
{
	unsigned long long n;
	char *end;

	if (w->flood && strcmp(w->flood, "off") == 0) {
		p->flood_files = TUTELA_FLOOD_OFF;
	} else if (w->flood && strcmp(w->flood, "default") == 0) {
		p->flood_files = TUTELA_FLOOD_DEFAULT;
	} else if (w->flood) {
		errno = 0;
		n = strtoull(w->flood, &end, 10);
		if (w->flood[0] < '0' || w->flood[0] > '9' || *end || errno || !n || n >= TUTELA_FLOOD_OFF)
			return cli_usage(cli, "--flood", "'%s' is not a number of files from 1 on, 'off' or 'default'",
					 w->flood);
		p->flood_files = (uint32_t)n;
	}
	if (w->flood_action && strcmp(w->flood_action, "flag") && strcmp(w->flood_action, "review"))
		return cli_usage(cli, "--flood-action", "'%s' is not one of flag, review", w->flood_action);
	if (w->flood_action)
		p->flood_review = strcmp(w->flood_action, "review") == 0;
	return CLI_GO;
}

static int apply_categories(const struct cli *cli, const struct wish *w, struct tutela_policy *p)
{
	const char *wrong;

	if (!w->categories)
		return CLI_GO;
	memset(p->categories, 0, sizeof(p->categories));
	if (strcmp(w->categories, "all") == 0)
		return CLI_GO;
	wrong = category_choice_wrong(w->categories);
	if (wrong)
		return cli_usage(cli, "--categories", "%s", wrong);
	memcpy(p->categories, w->categories, strlen(w->categories));
	return CLI_GO;
}

/* Takes the names that a file has for the list. */
static int apply_map(const struct wish *w, struct tutela_list *list)
{
	struct category_map map = {NULL};
	int status = STATUS_TROUBLE;
	char *lines = NULL;

	if (!w->category_map)
		return CLI_GO;
	memset(list->category_map, 0, sizeof(list->category_map));
	if (strcmp(w->category_map, "none") == 0)
		return CLI_GO;
	if (category_map_read(&map, w->category_map)) {
		lines = category_map_lines(&map, list->name);
		if (!lines[0]) {
			message_error(w->category_map, "it has no name for a category of '%s'", list->name);
		} else if (strlen(lines) > TUTELA_CATEGORY_MAP_MAX) {
			message_error(w->category_map, "its names take %zu bytes, and a list keeps %d", strlen(lines),
				      TUTELA_CATEGORY_MAP_MAX);
		} else {
			memcpy(list->category_map, lines, strlen(lines));
			status = CLI_GO;
		}
	}
	free(lines);
	category_map_free(&map);
	return status;
}

/* CLI_GO, or a status after saying what is wrong. */
static int apply(const struct cli *cli, const struct wish *w, struct tutela_list *list)
{
	struct tutela_policy *p = &list->policy;
	int status;

	if (w->kind && !tutela_list_kind_parse(w->kind, &p->kind))
		return cli_usage(cli, "--kind", "'%s' is not one of known, exclude, allow", w->kind);
	/* Thresholds that find pictures would allow too much. */
	if (w->kind && p->kind == TUTELA_LIST_ALLOW)
		p->pdq_threshold = p->phash_threshold = p->dhash_threshold = 0;
	if (w->pdq_given)
		p->pdq_threshold = (uint32_t)w->pdq;
	if (w->phash_given)
		p->phash_threshold = (uint32_t)w->phash;
	if (w->dhash_given)
		p->dhash_threshold = (uint32_t)w->dhash;
	if (w->quality_given)
		p->min_quality = (uint32_t)w->quality;
	if (w->action && !tutela_action_parse(w->action, &p->action))
		return cli_usage(cli, "--action", "'%s' is not one of report, block, review, ignore", w->action);
	if (w->expires && !expiry_parse(w->expires, &list->expires))
		return cli_usage(cli, "--expires", "'%s' is not 'never', YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ",
				 w->expires);
	status = apply_flood(cli, w, p);
	if (status == CLI_GO)
		status = apply_categories(cli, w, p);
	return status == CLI_GO ? apply_map(w, list) : status;
}

static json_t *policy_object(const struct tutela_policy *p)
{
	json_t *o = json_object();

	json_object_set_new(o, "pdq_threshold", json_integer(p->pdq_threshold));
	json_object_set_new(o, "phash_threshold", json_integer(p->phash_threshold));
	json_object_set_new(o, "dhash_threshold", json_integer(p->dhash_threshold));
	json_object_set_new(o, "min_quality", json_integer(p->min_quality));
	json_object_set_new(o, "action", json_string(tutela_action_name(p->action)));
	json_object_set_new(o, "flood", facts_flood(p));
	json_object_set_new(o, "flood_action", json_string(p->flood_review ? "review" : "flag"));
	if (p->categories[0])
		json_object_set_new(o, "categories", json_string(p->categories));
	return o;
}

static json_t *list_object(const struct tutela_list *l)
{
	json_t *o = json_object();

	json_object_set_new(o, "type", json_string("list"));
	json_object_set_new(o, "list", json_string(l->name));
	json_object_set_new(o, "source", json_string(l->source));
	json_object_set_new(o, "kind", json_string(tutela_list_kind_name(l->policy.kind)));
	json_object_set_new(o, "version", json_integer((json_int_t)l->version));
	json_object_set_new(o, "created", output_time(l->created));
	json_object_set_new(o, "updated", output_time(l->updated));
	if (l->expires) {
		json_object_set_new(o, "expires", output_time(l->expires));
		json_object_set_new(o, "expired", json_boolean(l->expires <= (int64_t)time(NULL)));
	}
	json_object_set_new(o, "policy", policy_object(&l->policy));
	if (l->category_map[0])
		json_object_set_new(o, "category_names", facts_categories(l));
	json_object_set_new(o, "active", json_integer((json_int_t)l->active));
	json_object_set_new(o, "disputed", json_integer((json_int_t)l->disputed));
	json_object_set_new(o, "withdrawn", json_integer((json_int_t)l->withdrawn));
	json_object_set_new(o, "fingerprints", output_fingerprints(l->fingerprints));
	return o;
}

static void print_flood(const struct tutela_policy *p)
{
	const char *then = p->flood_review ? "and its further hits held for review" : "and nothing more";
	char n[32];

	if (p->flood_files == TUTELA_FLOOD_OFF)
		output_print("flood          off\n");
	else if (p->flood_files)
		output_print("flood          an entry with over %s files is flagged, %s\n",
			     printable_count(p->flood_files, n), then);
	else
		output_print("flood          default; an entry beyond it is flagged, %s\n", then);
}

static void print_names(const char *map)
{
	for (const char *at = map; *at; at += strcspn(at, "\n") + 1)
		output_print("%-14s %.*s\n", at == map ? "named" : "", (int)strcspn(at, "\n"), at);
}

/* What says in one word whether two stores hold the same. */
struct digests {
	char effective[2 * DIGEST_LEN + 1], issued[2 * DIGEST_LEN + 1];
};

static enum tutela_err read_digest(struct tutela_snapshot *snapshot, const char *list, enum tutela_digest_of of,
				   char *out)
{
	uint8_t digest[DIGEST_LEN];
	enum tutela_err error = tutela_snapshot_digest(snapshot, list, of, digest);
	char *hex;

	if (error)
		return error;
	hex = printable_hex(digest, sizeof(digest));
	memcpy(out, hex, 2 * sizeof(digest) + 1);
	free(hex);
	return TUTELA_OK;
}

static void print_long(const struct tutela_list *l, const struct digests *d)
{
	const struct tutela_algorithm_info *a;
	char t[32], n[32];

	output_print("list           %s\nsource         %s\nkind           %s\nversion        %llu\n", l->name,
		     l->source, tutela_list_kind_name(l->policy.kind), (unsigned long long)l->version);
	output_print("created        %s\n", output_time_text(l->created, t));
	output_print("updated        %s\n", output_time_text(l->updated, t));
	output_print("expires        %s%s\n", l->expires ? output_time_text(l->expires, t) : "never",
		     l->expires && l->expires <= (int64_t)time(NULL) ? " (expired)" : "");
	output_print("action         %s\nthresholds     pdq %u, phash %u, dhash %u\nleast quality  %u\n",
		     tutela_action_name(l->policy.action), l->policy.pdq_threshold, l->policy.phash_threshold,
		     l->policy.dhash_threshold, l->policy.min_quality);
	print_flood(&l->policy);
	if (l->policy.categories[0])
		output_print("categories     %s %s\n", strcmp(l->source, "local") ? "hits are of" : "imports take",
			     l->policy.categories);
	print_names(l->category_map);
	output_print("entries        %s active", printable_count(l->active, n));
	output_print(", %s disputed", printable_count(l->disputed, n));
	output_print(", %s withdrawn\n", printable_count(l->withdrawn, n));
	for (size_t i = 0; (a = tutela_algorithm_at(i)); i++) {
		if (l->fingerprints[a->id])
			output_print("  %-11s  %s\n", a->name, printable_count(l->fingerprints[a->id], n));
	}
	output_print("digest         %s\n", d->effective);
	if (strcmp(d->effective, d->issued))
		output_print("  as issued    %s\n", d->issued);
}

static enum tutela_err show_one(struct tutela_snapshot *snapshot, const char *name, bool json)
{
	struct tutela_list list;
	struct digests d;
	enum tutela_err error = tutela_snapshot_list(snapshot, name, &list);
	json_t *o;

	if (!error)
		error = read_digest(snapshot, name, TUTELA_DIGEST_EFFECTIVE, d.effective);
	if (!error)
		error = read_digest(snapshot, name, TUTELA_DIGEST_ISSUED, d.issued);
	if (error)
		return error;
	if (!json) {
		print_long(&list, &d);
		return TUTELA_OK;
	}
	o = list_object(&list);
	json_object_set_new(o, "digest", json_string(d.effective));
	json_object_set_new(o, "digest_issued", json_string(d.issued));
	output_json(o);
	return TUTELA_OK;
}

struct listing {
	bool json;
	size_t n;
};

static bool print_row(void *ctx, const struct tutela_list *l)
{
	struct listing *listing = ctx;
	char t[32], a[32], b[32];

	if (listing->json) {
		output_json(list_object(l));
		return !output_failed();
	}
	if (listing->n++ == 0)
		output_print("%-20s %-8s %7s %12s %10s %4s %-8s %s\n", "LIST", "KIND", "VERSION", "ACTIVE", "INACTIVE",
			     "PDQ", "ACTION", "UPDATED");
	output_print("%-20s %-8s %7llu %12s %10s %4u %-8s %s%s\n", l->name, tutela_list_kind_name(l->policy.kind),
		     (unsigned long long)l->version, printable_count(l->active, a),
		     printable_count(l->withdrawn + l->disputed, b), l->policy.pdq_threshold,
		     tutela_action_name(l->policy.action), output_time_text(l->updated, t),
		     l->expires && l->expires <= (int64_t)time(NULL) ? " expired" : "");
	return !output_failed();
}

/* All lists, or the one called `name`. */
static int show(const struct cli *cli, const char *name)
{
	struct tutela_store *store;
	struct tutela_snapshot *snapshot;
	struct listing listing = {.json = cli->json};
	enum tutela_err error;
	int status = STATUS_OK;

	if (!cli_open_snapshot(cli, &store, &snapshot))
		return STATUS_TROUBLE;
	error = name ? show_one(snapshot, name, cli->json) : tutela_snapshot_lists(snapshot, print_row, &listing);
	if (error == TUTELA_E_NOTFOUND) {
		message_error(name, "no such list in this store");
		status = STATUS_TROUBLE;
	} else if (error) {
		status = cli_store_error(store, name, error);
	} else if (!name && !cli->json && !listing.n) {
		message_note("the store has no list");
	}
	tutela_snapshot_close(snapshot);
	tutela_store_close(store);
	return status;
}

/* ------------------------------------------------------------------ held records */

struct held_listing {
	const char *list;
	bool json;
	size_t n;
};

static bool print_held(void *ctx, const struct tutela_held *h)
{
	struct held_listing *l = ctx;
	char t[32], *position, *id, *reason, *text;
	json_t *o;

	l->n++;
	if (l->json) {
		o = json_object();
		json_object_set_new(o, "type", json_string("held"));
		json_object_set_new(o, "list", json_string(l->list));
		json_object_set_new(o, "number", json_integer((json_int_t)h->number));
		json_object_set_new(o, "time", output_time(h->time));
		json_object_set_new(o, "position", output_tutela_text(h->position));
		json_object_set_new(o, "id", output_tutela_text(h->id));
		json_object_set_new(o, "reason", output_tutela_text(h->reason));
		output_json(o);
		return !output_failed();
	}
	position = printable_name(h->position.len ? h->position.s : "-", h->position.len ? h->position.len : 1);
	id = printable_name(h->id.len ? h->id.s : "-", h->id.len ? h->id.len : 1);
	text = memory_copy(h->reason.s, h->reason.len);
	reason = printable_sentence(text);
	output_print("%s  %s  %s: %s\n", output_time_text(h->time, t), position, id, reason);
	free(position);
	free(id);
	free(text);
	free(reason);
	return !output_failed();
}

static int show_held(const struct cli *cli, const char *name)
{
	struct held_listing listing = {.list = name, .json = cli->json};
	struct tutela_snapshot *snapshot;
	struct tutela_store *store;
	int status = STATUS_OK;
	enum tutela_err error;

	if (!cli_open_snapshot(cli, &store, &snapshot))
		return STATUS_TROUBLE;
	errno = 0;
	error = tutela_snapshot_held(snapshot, name, print_held, &listing);
	if (error == TUTELA_E_NOTFOUND) {
		message_error(name, "no such list in this store");
		status = STATUS_TROUBLE;
	} else if (error) {
		status = cli_store_error(store, name, error);
	} else if (!cli->json && !listing.n) {
		message_note("no record of the list '%s' is held back", name);
	}
	tutela_snapshot_close(snapshot);
	tutela_store_close(store);
	return status;
}

/* The list as it is, or a new one with the default policy. */
static enum tutela_err current(struct tutela_store *store, const char *name, struct tutela_list *list)
{
	struct tutela_snapshot *snapshot;
	enum tutela_err error = tutela_snapshot_open(store, &snapshot);

	memset(list, 0, sizeof(*list));
	if (error)
		return error;
	error = tutela_snapshot_list(snapshot, name, list);
	tutela_snapshot_close(snapshot);
	return error;
}

static int change(const struct cli *cli, const char *name, const struct wish *w, bool create)
{
	struct tutela_list list = {0};
	struct tutela_store *store;
	enum tutela_err error;
	int status;

	/* What is wrong with the options is said before a store is looked for. */
	memcpy(list.name, name, strnlen(name, sizeof(list.name) - 1));
	status = apply(cli, w, &list);
	if (status != CLI_GO)
		return status;
	store = cli_open_store(cli, true);
	if (!store)
		return STATUS_TROUBLE;
	error = current(store, name, &list);
	if (create && !error)
		error = TUTELA_E_EXISTS;
	else if (create && error == TUTELA_E_NOTFOUND)
		error = TUTELA_OK;
	if (!error && create) {
		if (strlen(name) > TUTELA_LIST_NAME_MAX)
			error = TUTELA_E_ARG;
		else
			memcpy(list.name, name, strlen(name) + 1);
		tutela_policy_default(&list.policy);
	}
	status = error ? CLI_GO : apply(cli, w, &list);
	if (!error && status == CLI_GO) {
		errno = 0;
		error = tutela_list_set(store, &list, create);
	}
	if (error == TUTELA_E_NOTFOUND)
		message_error(name, "no such list in this store");
	else if (error == TUTELA_E_EXISTS)
		message_error(name, "there is such a list already");
	else if (error == TUTELA_E_ARG)
		message_error(name,
			      "not a list's name: letters, digits, '.', '_' and '-', at most %d, a letter or "
			      "digit first",
			      TUTELA_LIST_NAME_MAX);
	else if (error)
		cli_store_error(store, name, error);
	tutela_store_close(store);
	if (status != CLI_GO)
		return status;
	return error ? STATUS_TROUBLE : show(cli, name);
}

static int remove_list(const struct cli *cli, const char *name, bool yes)
{
	struct tutela_store *store;
	enum tutela_err error;

	if (!yes)
		return cli_usage(cli, name, "this removes the list with all its entries; say --yes to do it");
	store = cli_open_store(cli, true);
	if (!store)
		return STATUS_TROUBLE;
	errno = 0;
	error = tutela_list_remove(store, name);
	if (error == TUTELA_E_NOTFOUND)
		message_error(name, "no such list in this store");
	else if (error)
		cli_store_error(store, name, error);
	tutela_store_close(store);
	if (error)
		return STATUS_TROUBLE;
	if (cli->json)
		output_json(json_pack("{s:s, s:s}", "type", "list-removed", "list", name));
	else if (!cli->quiet)
		output_print("removed the list '%s'\n", name);
	return STATUS_OK;
}

static const char *options_of(const char *verb)
{
	if (strcmp(verb, "set") == 0 || strcmp(verb, "create") == 0)
		return " pdq-threshold phash-threshold dhash-threshold min-quality action kind flood flood-action "
		       "categories "
		       "category-map expires ";
	return strcmp(verb, "remove") == 0 ? " yes " : strcmp(verb, "vanished") == 0 ? " since " : "";
}

int cmd_list(struct cli *cli)
{
	struct wish w = {0};
	const struct cli_option options[] = {
		{.name = "pdq-threshold",
		 .argument = "N",
		 .number = &w.pdq,
		 .most = 64,
		 .given = &w.pdq_given,
		 .help = "largest PDQ distance that is a match, 0..64"},
		{.name = "phash-threshold",
		 .argument = "N",
		 .number = &w.phash,
		 .most = 16,
		 .given = &w.phash_given,
		 .help = "the same of pHash, 0..16"},
		{.name = "dhash-threshold",
		 .argument = "N",
		 .number = &w.dhash,
		 .most = 16,
		 .given = &w.dhash_given,
		 .help = "the same of dHash, 0..16"},
		{.name = "min-quality",
		 .argument = "N",
		 .number = &w.quality,
		 .most = 100,
		 .given = &w.quality_given,
		 .help = "least PDQ quality that perceptual hashes count at, 0..100"},
		{.name = "action", .argument = "ACTION", .text = &w.action, .help = "report, block, review or ignore"},
		{.name = "kind",
		 .argument = "KIND",
		 .text = &w.kind,
		 .help = "known (hits raise an alarm), exclude (to pass over) or allow (harmless)"},
		{.name = "flood",
		 .argument = "N",
		 .text = &w.flood,
		 .help = "flag an entry that matches over N files of a scan; off, or default: scan's own number"},
		{.name = "flood-action",
		 .argument = "ACTION",
		 .text = &w.flood_action,
		 .help = "what then: flag it, or also hold its further hits for review"},
		{.name = "categories",
		 .argument = "C,...",
		 .text = &w.categories,
		 .help = "imports take, and hits of a source's list are of, these alone, such as 1,2; none: entries "
			 "without; all"},
		{.name = "category-map",
		 .argument = "FILE",
		 .text = &w.category_map,
		 .help = "the names of its categories, for reports: a file, us, or none"},
		{.name = "expires", .argument = "TIME", .text = &w.expires, .help = "YYYY-MM-DD[Thh:mm:ssZ] or never"},
		{.name = "yes", .flag = &w.yes, .help = "really remove"},
		{.name = "since",
		 .argument = "VERSION",
		 .number = &w.since,
		 .most = UINT64_MAX,
		 .given = &w.since_given,
		 .help = "vanished: only what versions after this one lacked"},
		{.name = NULL},
	};
	int status = cli_parse(cli, &page, options);
	const char *verb = cli->n_args ? cli->args[0] : NULL;

	if (status != CLI_GO)
		return status;
	if (!verb)
		return wants_policy(&w) ? cli_usage(cli, NULL, "policy options need 'set NAME' or 'create NAME'")
		       : (status = cli_only(cli, options, "list", "")) != CLI_GO ? status
										 : show(cli, NULL);
	if (strcmp(verb, "show") && strcmp(verb, "set") && strcmp(verb, "create") && strcmp(verb, "remove") &&
	    strcmp(verb, "vanished") && strcmp(verb, "held"))
		return cli_usage(cli, verb, "not one of show, vanished, held, create, set, remove");
	if (cli->n_args != 2)
		return cli_usage(cli, verb, "name one list");
	status = cli_only(cli, options, verb, options_of(verb));
	if (status != CLI_GO)
		return status;
	if (strcmp(verb, "show") == 0)
		return show(cli, cli->args[1]);
	if (strcmp(verb, "vanished") == 0)
		return list_vanished(cli, cli->args[1], w.since);
	if (strcmp(verb, "held") == 0)
		return show_held(cli, cli->args[1]);
	if (strcmp(verb, "remove") == 0)
		return remove_list(cli, cli->args[1], w.yes);
	if (strcmp(verb, "set") == 0 && !wants_policy(&w))
		return cli_usage(cli, verb, "say what to set");
	return change(cli, cli->args[1], &w, strcmp(verb, "create") == 0);
}
