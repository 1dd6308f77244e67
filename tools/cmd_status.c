/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "defences.h"
#include "expiry.h"
#include "locate.h"
#include "message.h"
#include "output.h"
#include "printable.h"
#include "source_status.h"

static const struct cli_page page = {
	.synopsis = "[OPTION]...",
	.about = "Says what the store holds, how fresh its sources are, and what holds the decoder programs in on this "
		 "machine.\n",
};

/* A decoder that is not there is a fact to be shown; memory that was short is a failure of this command. */
static enum tutela_err first_of(enum tutela_err error, enum tutela_err found)
{
	return error || found != TUTELA_E_NOMEM ? error : found;
}

static enum tutela_err print_json(const char *path, struct tutela_snapshot *snapshot, const struct tutela_store_info *i)
{
	struct tutela_defences defences;
	enum tutela_err found = defences_find(&defences);
	json_t *o = json_object(), *sources = json_array();
	enum tutela_err error = source_status_json(snapshot, sources);

	json_object_set_new(o, "type", json_string("status"));
	output_set_bytes(o, "store", path, strlen(path));
	json_object_set_new(o, "uuid", json_string(i->uuid));
	json_object_set_new(o, "schema", json_integer(i->schema));
	json_object_set_new(o, "update", json_integer((json_int_t)i->update));
	json_object_set_new(o, "lists", json_integer((json_int_t)i->lists));
	json_object_set_new(o, "entries", json_integer((json_int_t)i->entries));
	json_object_set_new(o, "active", json_integer((json_int_t)i->active));
	json_object_set_new(o, "fingerprints", output_fingerprints(i->fingerprints));
	json_object_set_new(o, "segments", json_integer((json_int_t)i->segments));
	json_object_set_new(o, "index_bytes", json_integer((json_int_t)i->index_bytes));
	json_object_set_new(o, "data_bytes", json_integer((json_int_t)i->data_bytes));
	json_object_set_new(o, "unfinished", json_boolean(i->unfinished));
	json_object_set_new(o, "instruction_set", json_string(tutela_isa_name(tutela_cpu_best())));
	json_object_set_new(o, "defences", defences_json(&defences, found));
	json_object_set_new(o, "sources", sources);
	output_json(o);
	return first_of(error, found);
}

static enum tutela_err print_text(const char *path, struct tutela_snapshot *snapshot, const struct tutela_store_info *i)
{
	const struct tutela_algorithm_info *a;
	struct tutela_defences defences;
	enum tutela_err found = defences_find(&defences);
	char *shown = printable_name(path, strlen(path)), *held = defences_text(&defences, found), n[32], m[32];

	output_print("store         %s\nuuid          %s\nschema        %u, after update %s\n", shown, i->uuid,
		     i->schema, printable_count(i->update, n));
	output_print("lists         %s\n", printable_count(i->lists, n));
	output_print("entries       %s, of which %s active\n", printable_count(i->entries, n),
		     printable_count(i->active, m));
	for (size_t k = 0; (a = tutela_algorithm_at(k)); k++) {
		if (i->fingerprints[a->id])
			output_print("  %-10s  %s\n", a->name, printable_count(i->fingerprints[a->id], n));
	}
	output_print("index files   %s, %s\n", printable_count(i->segments, n), printable_size(i->index_bytes, m));
	output_print("database      %s\n", printable_size(i->data_bytes, n));
	if (i->unfinished)
		output_print(
			"unfinished    an update was broken off; nothing of it is visible, the next one cleans up\n");
	output_print("decoder       %s\n", held);
	free(held);
	free(shown);
	return first_of(source_status_print(snapshot), found);
}

int cmd_status(struct cli *cli)
{
	const struct cli_option options[] = {{.name = NULL}};
	int status = cli_parse(cli, &page, options);
	struct tutela_store *store;
	struct tutela_snapshot *snapshot;
	struct tutela_store_info info;
	enum tutela_err error;
	char *path;

	if (status != CLI_GO)
		return status;
	if (cli->n_args)
		return cli_usage(cli, cli->args[0], "status takes no further words");
	if (!cli_open_snapshot(cli, &store, &snapshot))
		return STATUS_TROUBLE;
	path = locate_store(cli->store);
	status = STATUS_OK;
	error = tutela_snapshot_info(snapshot, &info);
	if (error)
		status = cli_store_error(store, path, error);
	else if (cli->json)
		error = print_json(path, snapshot, &info);
	else
		error = print_text(path, snapshot, &info);
	if (!error)
		error = expiry_warn(snapshot);
	if (error && status == STATUS_OK)
		status = cli_store_error(store, path, error);
	free(path);
	tutela_snapshot_close(snapshot);
	tutela_store_close(store);
	return status;
}
