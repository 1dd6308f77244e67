/* SPDX-License-Identifier: Apache-2.0 */
#include "scan.h"

#include <string.h>
#include <time.h>

#include "message.h"
#include "output.h"
#include "scan_facts.h"

#define RECORD_BYTES (TUTELA_AUDIT_RECORD_MAX - 2048) /* of counts: the store and the scan's number add to it */

struct listing {
	struct scan *scan;
	enum tutela_err error;
};

static bool note_list(void *ctx, const struct tutela_list *list)
{
	struct listing *l = ctx;
	json_t *facts = facts_list(l->scan->pipeline.snapshot, list, &l->error), *copy;
	char text[32];

	if (!facts)
		return false;
	/* Of what a case rests on: what its results depend on, without what the clock does to it. */
	copy = json_deep_copy(facts);
	json_object_del(copy, "updated");
	json_object_del(copy, "expires");
	json_object_del(copy, "category_names");
	json_array_append_new(l->scan->lists, copy);
	if (list->expires && list->expires <= (int64_t)time(NULL)) {
		json_object_set_new(facts, "expired", json_true());
		message_warning(list->name, "this list expired on %s", output_time_text(list->expires, text));
	}
	tally_list(&l->scan->tally, facts);
	flood_list(&l->scan->flood, list);
	return true;
}

bool scan_note_store(struct scan *s, struct tutela_store *store)
{
	struct listing listing = {.scan = s};
	struct tutela_store_info info;
	enum tutela_err error = tutela_snapshot_lists(s->pipeline.snapshot, note_list, &listing);

	if (!error)
		error = listing.error;
	if (!error)
		error = tutela_snapshot_info(s->pipeline.snapshot, &info);
	if (error) {
		cli_store_error(store, s->cli->store, error);
		return false;
	}
	tally_about(&s->tally, "store", json_string(info.uuid));
	if (!info.active)
		message_warning(NULL, "the store holds no active entry, so nothing can match");
	return true;
}

static json_t *texts(const struct cli_texts *t)
{
	json_t *out = json_array();

	for (size_t i = 0; i < t->n; i++)
		json_array_append_new(out, output_string(t->items[i].value, strlen(t->items[i].value)));
	return out;
}

/* What decides the results of a scan beside the files and the lists. */
json_t *scan_parameters(const struct scan *s)
{
	json_t *o = json_object(), *paths = json_array();

	for (size_t i = 0; i < s->cli->n_args; i++)
		json_array_append_new(paths, output_string(s->cli->args[i], strlen(s->cli->args[i])));
	json_object_set_new(o, "paths", paths);
	if (s->from)
		json_object_set_new(o, "files_from", output_string(s->from, strlen(s->from)));
	json_object_set_new(o, "variants", json_string(variants_name(s->pipeline.variants)));
	json_object_set_new(o, "timeout", json_integer((json_int_t)s->timeout));
	json_object_set_new(o, "all", json_boolean(s->all));
	json_object_set_new(o, "ordered", json_boolean(s->ordered));
	json_object_set_new(o, "follow", json_boolean(s->follow));
	json_object_set_new(o, "cross_file_systems", json_boolean(s->cross));
	if (s->flood.limit)
		json_object_set_new(o, "flood", json_integer((json_int_t)s->flood.limit));
	if (s->flood.action_given)
		json_object_set_new(o, "flood_action", json_string(s->flood.review ? "review" : "flag"));
	json_object_set_new(o, "include", texts(&s->includes));
	json_object_set_new(o, "exclude", texts(&s->excludes));
	return o;
}

void scan_note_facts(struct scan *s, unsigned jobs)
{
	struct tally *t = &s->tally;

	tally_about(t, "started", s->case_folder ? json_string(case_started(&s->folder)) : facts_now());
	tally_about(t, "machine", facts_machine());
	tally_about(t, "parameters", scan_parameters(s));
	tally_about(t, "jobs", json_integer(jobs));
	if (s->evidence)
		tally_about(t, "evidence", json_string(s->evidence));
	if (s->operator_name)
		tally_about(t, "operator", json_string(s->operator_name));
}

void scan_print_summary(const struct scan *s)
{
	if (s->changed)
		return;
	if (s->cli->json)
		output_json(tally_json(&s->tally));
	else if (!s->cli->quiet)
		tally_print(&s->tally);
	if (s->tally.interrupted)
		message_error(NULL, "interrupted; the summary covers what was done until then");
}

/*
 * The summary for the audit log: how many lists there are has no bound, and their versions stand there anyway;
 * of a flood, how many entries there were. Nor have the words of a command line one: what is too long for a
 * record is left out of it, and that is said.
 */
json_t *scan_counts(const struct scan *s)
{
	json_t *o = tally_json(&s->tally);

	json_object_del(o, "type");
	json_object_del(o, "lists");
	json_object_set_new(o, "flood", json_integer((json_int_t)json_array_size(s->tally.flood)));
	if (json_dumpb(o, NULL, 0, JSON_COMPACT) > RECORD_BYTES)
		json_object_set_new(o, "parameters", json_pack("{s:b}", "left_out", true));
	return o;
}
