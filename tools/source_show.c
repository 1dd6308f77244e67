/* SPDX-License-Identifier: Apache-2.0 */
#include "source_show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "output.h"
#include "printable.h"
#include "sync/feed.h"

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

int source_say_error(const struct tutela_store *store, const char *name, enum tutela_err error)
{
	if (error == TUTELA_E_NOTFOUND)
		message_error(name, "no such source in this store");
	else if (error == TUTELA_E_EXISTS)
		message_error(name, "there is such a source already");
	else
		cli_store_error(store, name, error);
	return STATUS_TROUBLE;
}

int source_show(const struct cli *cli, const char *name)
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
		status = source_say_error(store, name, error);
	else if (!name && !cli->json && !listing.n)
		message_note("the store has no source");
	tutela_snapshot_close(snapshot);
	tutela_store_close(store);
	return status;
}
