/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit_tell.h"
#include "cli.h"
#include "expiry.h"
#include "interrupt.h"
#include "locate.h"
#include "memory.h"
#include "message.h"
#include "output.h"
#include "passphrase.h"
#include "printable.h"

#define KEYS_MAX 16

static const struct cli_page page = {
	.synopsis = "[OPTION]... --list LIST... --key FILE... --out DIR\n"
		    "       tutela publish --rotate [OPTION]... --key FILE... --out DIR",
	.about =
		"Issues lists as a signed bundle: a folder that a web server or a stick takes to others, who sync "
		"from\n"
		"it. The first time it makes the folder's root, which says whose signatures count; --rotate makes the\n"
		"next root, which says so anew and is signed by the old root keys too. What is published is what is "
		"in\n"
		"force here, local decisions included; lists that are not named stay as they are in the folder.\n",
};

struct key_set {
	size_t n;
	struct tutela_secret_key *items[KEYS_MAX];
};

struct wish {
	const struct cli *cli;
	const char *out, *expires_text, *root_expires_text, *passphrase_file;
	struct cli_texts lists, keys, since;
	uint64_t threshold, root_threshold;
	bool rotate, full;
	int64_t expires, root_expires;
	struct key_set signing, root, old; /* --key; --root-key; --old-key */
	size_t n_publics, n_root_publics;
	struct tutela_public_key publics[2 * KEYS_MAX], root_publics[2 * KEYS_MAX];
	uint64_t *versions;
	struct tutela_store *store;
	json_t *told; /* what the audit log is to tell of lists */
};

/* ------------------------------------------------------------------ keys */

static bool add_secret(struct wish *w, struct key_set *set, const char *path)
{
	struct tutela_secret_key *key;

	if (set->n == KEYS_MAX) {
		message_error(path, "more than %d keys", KEYS_MAX);
		return false;
	}
	key = passphrase_key(path, w->passphrase_file);
	if (!key)
		return false;
	set->items[set->n++] = key;
	return true;
}

static bool add_public(const char *path, struct tutela_public_key *publics, size_t *n)
{
	enum tutela_err error;
	char text[64];

	if (*n == KEYS_MAX) {
		message_error(path, "more than %d keys", KEYS_MAX);
		return false;
	}
	errno = 0;
	error = tutela_public_key_read(path, &publics[*n]);
	if (error == TUTELA_E_SYS)
		message_error(path, "%s", printable_errno(errno, text));
	else if (error)
		message_error(path, "this is not the file of a public key");
	*n += !error;
	return !error;
}

static bool read_keys(struct wish *w)
{
	bool ok = true;

	for (size_t i = 0; i < w->keys.n && ok; i++) {
		const char *option = w->keys.items[i].option, *path = w->keys.items[i].value;

		if (!strcmp(option, "key"))
			ok = add_secret(w, &w->signing, path);
		else if (!strcmp(option, "root-key"))
			ok = add_secret(w, &w->root, path);
		else if (!strcmp(option, "old-key"))
			ok = add_secret(w, &w->old, path);
		else if (!strcmp(option, "public-key"))
			ok = add_public(path, w->publics, &w->n_publics);
		else
			ok = add_public(path, w->root_publics, &w->n_root_publics);
	}
	return ok;
}

static void free_keys(struct key_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		tutela_secret_key_free(set->items[i]);
}

/* The public halves of the secret keys, and those that are only public. */
static size_t all_publics(const struct key_set *set, const struct tutela_public_key *publics, size_t n,
			  struct tutela_public_key *out)
{
	size_t total = 0;

	for (size_t i = 0; i < set->n; i++)
		tutela_secret_key_public(set->items[i], &out[total++]);
	for (size_t i = 0; i < n; i++)
		out[total++] = publics[i];
	return total;
}

/* ------------------------------------------------------------------ acts */

static int fail(const struct wish *w, enum tutela_err error, const char *why)
{
	if (error == TUTELA_E_INTERRUPTED)
		message_error(w->out, "interrupted: no list was issued, and readers find what was there before");
	else
		message_error(w->out, "%s", why);
	return STATUS_TROUBLE;
}

static json_t *ids_of(const struct tutela_public_key *keys, size_t n)
{
	json_t *out = json_array();
	char id[TUTELA_KEY_ID_TEXT + 1];

	for (size_t i = 0; i < n; i++) {
		tutela_public_key_id(&keys[i], id);
		json_array_append_new(out, json_string(id));
	}
	return out;
}

/* It is issued already: what the log cannot tell is said, and is trouble. */
static int tell(const struct wish *w, const char *action, json_t *detail)
{
	enum tutela_err error;

	json_object_set_new(detail, "folder", output_string(w->out, strlen(w->out)));
	error = audit_tell(w->store, action, detail, AUDIT_TELL_TRIES);
	if (error)
		message_error(w->out, "this was issued, but the audit log does not tell of it: %s",
			      tutela_strerror(error));
	return error ? STATUS_TROUBLE : STATUS_OK;
}

static int tell_root(const struct wish *w, const struct tutela_publish_root_opts *o, uint64_t version)
{
	if (!w->store)
		return STATUS_OK;
	return tell(w, "publish-root",
		    json_pack("{s:I, s:o, s:I, s:o, s:I}", "version", (json_int_t)version, "root_keys",
			      ids_of(o->root_keys, o->n_root_keys), "root_threshold",
			      (json_int_t)(o->root_threshold ? o->root_threshold : 1), "keys",
			      ids_of(o->keys, o->n_keys), "threshold", (json_int_t)(o->threshold ? o->threshold : 1)));
}

static int make_root(struct wish *w)
{
	/* Without root keys the signing keys are both. */
	const struct key_set *root = w->root.n + w->n_root_publics ? &w->root : &w->signing;
	const struct tutela_public_key *root_publics = w->root.n + w->n_root_publics ? w->root_publics : w->publics;
	size_t n_root_publics = w->root.n + w->n_root_publics ? w->n_root_publics : w->n_publics;
	struct tutela_public_key keys[4 * KEYS_MAX], root_keys[4 * KEYS_MAX];
	const struct tutela_secret_key *signers[3 * KEYS_MAX];
	struct tutela_publish_root_opts opts = {.size = sizeof(opts),
						.folder = w->out,
						.root_keys = root_keys,
						.keys = keys,
						.root_threshold = (uint32_t)w->root_threshold,
						.threshold = (uint32_t)w->threshold,
						.signers = signers,
						.expires = w->root_expires};
	char why[512], a[96], b[96];
	enum tutela_err error;
	uint64_t version;

	opts.n_root_keys = all_publics(root, root_publics, n_root_publics, root_keys);
	opts.n_keys = all_publics(&w->signing, w->publics, w->n_publics, keys);
	for (size_t i = 0; i < w->old.n; i++)
		signers[opts.n_signers++] = w->old.items[i];
	for (size_t i = 0; i < w->root.n; i++)
		signers[opts.n_signers++] = w->root.items[i];
	for (size_t i = 0; i < w->signing.n; i++)
		signers[opts.n_signers++] = w->signing.items[i];
	opts.why = why;
	opts.why_len = sizeof(why);
	error = tutela_publish_root(&opts, &version);
	if (error)
		return fail(w, error, why);
	if (w->cli->json)
		output_json(json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "type", "root", "version", (json_int_t)version,
				      "root_keys", (json_int_t)opts.n_root_keys, "root_threshold",
				      (json_int_t)(w->root_threshold ? w->root_threshold : 1), "keys",
				      (json_int_t)opts.n_keys, "threshold",
				      (json_int_t)(w->threshold ? w->threshold : 1)));
	else if (!w->cli->quiet)
		output_print("root %llu: %s, %s\n", (unsigned long long)version,
			     printable_things(opts.n_root_keys, "root key", "root keys", a),
			     printable_things(opts.n_keys, "signing key", "signing keys", b));
	return tell_root(w, &opts, version);
}

static void on_list(void *ctx, const struct tutela_publish_list *list)
{
	const struct wish *w = ctx;
	char a[96], b[32], c[32];

	json_array_append_new(w->told, json_pack("{s:s, s:I, s:I, s:s, s:s}", "list", list->list, "from_version",
						 (json_int_t)list->from_version, "version", (json_int_t)list->version,
						 "digest", list->digest, "manifest", list->manifest));

	if (w->cli->json)
		output_json(json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:s}", "type", "publish",
				      "list", list->list, "from_version", (json_int_t)list->from_version, "version",
				      (json_int_t)list->version, "active", (json_int_t)list->active, "disputed",
				      (json_int_t)list->disputed, "changed", (json_int_t)list->changed, "withdrawn",
				      (json_int_t)list->withdrawn, "full_bytes", (json_int_t)list->full_bytes,
				      "delta_bytes", (json_int_t)list->delta_bytes, "manifest", list->manifest,
				      "digest", list->digest));
	else if (!w->cli->quiet)
		output_print("list '%s', version %llu: %s, %s and %s in new files; '%s'\n", list->list,
			     (unsigned long long)list->version,
			     printable_things(list->active, "active entry", "active entries", a),
			     printable_size(list->full_bytes, b), printable_size(list->delta_bytes, c), list->manifest);
}

/* One record for each list. */
static int tell_lists(struct wish *w, uint64_t index)
{
	struct tutela_public_key keys[KEYS_MAX];
	int status = STATUS_OK;
	json_t *o;
	size_t i;

	(void)all_publics(&w->signing, NULL, 0, keys);
	json_array_foreach(w->told, i, o)
	{
		json_object_set_new(o, "index", json_integer((json_int_t)index));
		json_object_set_new(o, "keys", ids_of(keys, w->signing.n));
		if (tell(w, "publish", json_incref(o)) != STATUS_OK)
			status = STATUS_TROUBLE;
	}
	return status;
}

static bool on_stop(void *ctx)
{
	(void)ctx;
	return interrupt_asked();
}

static int publish(struct wish *w)
{
	const char **lists = memory_array(w->lists.n, sizeof(*lists));
	char why[512];
	struct tutela_publish_opts opts = {.size = sizeof(opts),
					   .folder = w->out,
					   .n_lists = w->lists.n,
					   .lists = lists,
					   .n_keys = w->signing.n,
					   .keys = (const struct tutela_secret_key *const *)w->signing.items,
					   .expires = w->expires,
					   .n_since = w->since.n,
					   .since = w->versions,
					   .full = w->full,
					   .result = on_list,
					   .stop = on_stop,
					   .ctx = w,
					   .why = why,
					   .why_len = sizeof(why)};
	enum tutela_err error;
	uint64_t version;

	for (size_t i = 0; i < w->lists.n; i++)
		lists[i] = w->lists.items[i].value;
	w->told = json_array();
	error = tutela_publish(w->store, &opts, &version);
	free(lists);
	return error ? fail(w, error, why) : tell_lists(w, version);
}

/* A root, or a folder, is not made for lists that cannot be published. */
static bool check_store(const struct wish *w)
{
	const char **lists = memory_array(w->lists.n, sizeof(*lists));
	char why[512];
	struct tutela_publish_opts opts = {
		.size = sizeof(opts), .n_lists = w->lists.n, .lists = lists, .why = why, .why_len = sizeof(why)};
	enum tutela_err error;

	for (size_t i = 0; i < w->lists.n; i++)
		lists[i] = w->lists.items[i].value;
	error = tutela_publish_check(w->store, &opts);
	free(lists);
	if (error)
		(void)fail(w, error, why);
	return !error;
}

static bool has_root(const struct wish *w)
{
	char *path = memory_format("%s/root.1.json", w->out);
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

/* What was said of a root that is not made would look done. */
static void note_unused(const struct wish *w)
{
	if (w->root.n || w->n_publics || w->n_root_publics || w->threshold || w->root_threshold || w->root_expires_text)
		message_note("the folder has a root: what the options say of a new one was left unused (--rotate makes "
			     "the next)");
}

static int run(struct wish *w)
{
	int status = STATUS_OK;

	/* The store first: a passphrase is not asked for in vain. A root needs none, but is told of where one is named.
	 */
	if (w->lists.n || locate_named(w->cli->store)) {
		w->store = cli_open_store(w->cli, true);
		if (!w->store)
			return STATUS_TROUBLE;
	}
	if ((w->lists.n && !check_store(w)) || !read_keys(w))
		status = STATUS_TROUBLE;
	else if (w->rotate || !has_root(w))
		status = make_root(w);
	else
		note_unused(w);
	if (status == STATUS_OK && w->lists.n)
		status = publish(w);
	json_decref(w->told);
	tutela_store_close(w->store);
	return status;
}

/* ------------------------------------------------------------------ the command line */

static int check_lists(struct wish *w)
{
	for (size_t i = 0; i < w->lists.n; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(w->lists.items[i].value, w->lists.items[j].value))
				return cli_usage(w->cli, w->lists.items[i].value, "this list is named twice");
	w->versions = memory_array(w->since.n, sizeof(*w->versions));
	for (size_t i = 0; i < w->since.n; i++) {
		const char *text = w->since.items[i].value;
		char *end;

		errno = 0;
		w->versions[i] = strtoull(text, &end, 10);
		if (errno || *end || *text < '0' || *text > '9' || !w->versions[i])
			return cli_usage(w->cli, "--since", "'%s' is not a version", text);
	}
	return CLI_GO;
}

/* A date, or a number of days from now. */
static int check_expiry(const struct wish *w, const char *option, const char *text, int64_t *out)
{
	int64_t now = (int64_t)time(NULL);
	char *end;

	if (!text)
		return CLI_GO;
	if (strlen(text) <= 5 && strspn(text, "0123456789") == strlen(text) && *text) {
		*out = now + 86400 * (int64_t)strtoull(text, &end, 10);
		if (*out > now)
			return CLI_GO;
	} else if (expiry_parse(text, out) && *out > now) {
		return CLI_GO;
	}
	return cli_usage(w->cli, option, "'%s' is neither a number of days nor a date to come", text);
}

static int check_options(struct wish *w)
{
	bool secret = false;
	int status;

	for (size_t i = 0; i < w->keys.n; i++) {
		secret |= !strcmp(w->keys.items[i].option, "key");
		if (!w->rotate && !strcmp(w->keys.items[i].option, "old-key"))
			return cli_usage(w->cli, "--old-key", "this goes with --rotate");
	}
	if (w->cli->n_args)
		return cli_usage(w->cli, w->cli->args[0], "publish takes options only");
	if (!w->out)
		return cli_usage(w->cli, NULL, "name the folder: --out DIR");
	if (!w->lists.n && !w->rotate)
		return cli_usage(w->cli, NULL, "name the list: --list LIST");
	if (!secret)
		return cli_usage(w->cli, NULL, "name a secret key to sign with: --key FILE");
	status = check_lists(w);
	if (status == CLI_GO)
		status = check_expiry(w, "--expires", w->expires_text, &w->expires);
	if (status == CLI_GO)
		status = check_expiry(w, "--root-expires", w->root_expires_text, &w->root_expires);
	return status;
}

int cmd_publish(struct cli *cli)
{
	struct wish *w = memory_array(1, sizeof(*w));
	const struct cli_option options[] = {
		{.name = "list",
		 .letter = 'l',
		 .argument = "LIST",
		 .texts = &w->lists,
		 .help = "a list to publish; may be repeated"},
		{.name = "key",
		 .letter = 'k',
		 .argument = "FILE",
		 .texts = &w->keys,
		 .help = "secret key that signs lists; may be repeated"},
		{.name = "out", .letter = 'o', .argument = "DIR", .text = &w->out, .help = "the bundle's folder"},
		{.name = "expires",
		 .argument = "WHEN",
		 .text = &w->expires_text,
		 .help = "of the lists: a number of days, or a date; else 30 days"},
		{.name = "since",
		 .argument = "VERSION",
		 .texts = &w->since,
		 .help = "also a delta from this version; may be repeated. One from the version before is always made"},
		{.name = "full", .flag = &w->full, .help = "also a file of the whole list, when deltas would do"},
		{.name = "rotate",
		 .flag = &w->rotate,
		 .help = "make the next root: the keys named here, and no others"},
		{.name = "root-key",
		 .argument = "FILE",
		 .texts = &w->keys,
		 .help = "new root: secret key that signs roots; else those of --key do"},
		{.name = "old-key",
		 .argument = "FILE",
		 .texts = &w->keys,
		 .help = "new root: secret root key of the root before, which is to go"},
		{.name = "public-key",
		 .argument = "FILE",
		 .texts = &w->keys,
		 .help = "new root: public key that may sign lists, whose secret half is elsewhere"},
		{.name = "root-public-key",
		 .argument = "FILE",
		 .texts = &w->keys,
		 .help = "new root: public key that may sign roots, whose secret half is elsewhere"},
		{.name = "threshold",
		 .argument = "N",
		 .number = &w->threshold,
		 .least = 1,
		 .most = KEYS_MAX,
		 .help = "new root: how many keys must sign lists; else 1"},
		{.name = "root-threshold",
		 .argument = "N",
		 .number = &w->root_threshold,
		 .least = 1,
		 .most = KEYS_MAX,
		 .help = "new root: how many keys must sign the next roots; else 1"},
		{.name = "root-expires",
		 .argument = "WHEN",
		 .text = &w->root_expires_text,
		 .help = "of a new root, as --expires; else a year"},
		{.name = "passphrase-file",
		 .argument = "FILE",
		 .text = &w->passphrase_file,
		 .help = "the passphrase of the keys is the first line of FILE; else the terminal is asked"},
		{.name = NULL},
	};
	int status = cli_parse(cli, &page, options);

	w->cli = cli;
	if (status == CLI_GO)
		status = check_options(w);
	if (status == CLI_GO)
		status = run(w);
	free_keys(&w->signing);
	free_keys(&w->root);
	free_keys(&w->old);
	free(w->versions);
	free(w->lists.items);
	free(w->keys.items);
	free(w->since.items);
	free(w);
	return status;
}
