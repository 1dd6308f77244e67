/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "calendar.h"
#include "cli.h"
#include "flood.h"
#include "interrupt.h"
#include "journal_damage.h"
#include "journaling.h"
#include "memory.h"
#include "message.h"
#include "output.h"
#include "pipeline.h"
#include "printable.h"
#include "progress.h"
#include "results.h"
#include "scan_facts.h"

static const struct cli_page page = {
	.synopsis = "--journal [OPTION]...",
	.about = "Matches what journals of past scans recorded ('tutela scan --journal') with the store as it is\n"
		 "now, without the files. Prints the files with hits that they did not have then; exit status 1\n"
		 "when there are some, else 2 when anything stays undetermined.\n",
};

struct rescan {
	const struct cli *cli;
	bool journal, all;
	const char *since, *flood_action;
	int64_t from;
	struct flood flood;
	struct journaling journaling; /* of the audit log alone */
	struct tutela_snapshot *snapshot;
	uint64_t files, match, undetermined, fresh, failed, damaged;
	struct progress progress;
};

static bool had(const struct tutela_journal_file *f, const struct tutela_hit *h)
{
	for (size_t i = 0; i < f->n_hits; i++) {
		const struct tutela_journal_hit *old = &f->hits[i];

		if (old->algorithm == h->algorithm && old->list.len == strlen(h->list) &&
		    memcmp(old->list.s, h->list, old->list.len) == 0 && old->entry.len == h->entry.len &&
		    memcmp(old->entry.s, h->entry.s, h->entry.len) == 0)
			return true;
	}
	return false;
}

static size_t count_new(const struct tutela_journal_file *f, const struct finding *now)
{
	size_t n = 0;

	for (size_t i = 0; i < now->hits.n; i++) {
		const struct tutela_hit *h = &now->hits.items[i];

		n += h->kind == TUTELA_LIST_KNOWN && !finding_silences(now, h) && !had(f, h);
	}
	return n;
}

static void print(const struct rescan *r, const struct tutela_journal_file *f, const struct finding *now, size_t fresh)
{
	json_t *o = json_object();
	char t[32], n[96];

	json_object_set_new(o, "type", json_string("rescan"));
	json_object_set_new(o, "scan", json_integer((json_int_t)f->scan));
	json_object_set_new(o, "time", output_time(f->time));
	if (f->name.len)
		output_set_bytes(o, "path", f->name.s, f->name.len);
	for (size_t i = 0; i < f->n_hashes; i++) {
		const struct tutela_hash *h = &f->hashes[i].hash;
		char hex[TUTELA_HASH_TEXT_MAX];

		if (h->algorithm != TUTELA_ALG_SHA256)
			continue;
		tutela_hash_format(h, hex);
		json_object_set_new(o, "sha256", json_string(hex));
	}
	json_object_set_new(o, "new", json_integer((json_int_t)fresh));
	result_set_verdict(o, now, false);
	if (r->cli->json) {
		output_json(o);
		return;
	}
	output_print("%-20s  %s: %s  ", output_time_text(f->time, t), verdict_name(now->verdict),
		     printable_things(fresh, "new hit", "new hits", n));
	if (f->name.len) {
		char *name = printable_name(f->name.s, f->name.len);

		output_print("%s\n", name);
		free(name);
	} else {
		const char *sha = json_string_value(json_object_get(o, "sha256"));

		output_print("%s\n", sha ? sha : "-");
	}
	json_decref(o);
}

static bool on_file(void *ctx, const struct tutela_journal_file *f)
{
	struct rescan *r = ctx;
	struct tutela_query query = {.hashes = f->hashes, .n = f->n_hashes, .quality = f->quality};
	struct finding now = {.verdict = VERDICT_NO_MATCH};
	enum tutela_err error = TUTELA_OK;
	size_t fresh;

	if (f->time < r->from)
		return !interrupt_asked();
	r->files++;
	/* What could not be decoded then is not known now. */
	if (f->verdict == VERDICT_UNDETERMINED) {
		now.verdict = VERDICT_UNDETERMINED;
		snprintf(now.reason, sizeof(now.reason), "as-scanned: it was undetermined when it was scanned");
	}
	if (f->n_hashes)
		error = tutela_snapshot_lookup(r->snapshot, &query, 0, &now.hits);
	pipeline_judge(&now, error);
	flood_see(&r->flood, &now);
	journaling_retry(&r->journaling);
	fresh = count_new(f, &now);
	r->match += now.verdict == VERDICT_MATCH;
	r->undetermined += now.verdict == VERDICT_UNDETERMINED;
	r->fresh += fresh > 0;
	r->failed += error != 0;
	atomic_store(&r->progress.done, r->files);
	atomic_store(&r->progress.hits, r->fresh);
	atomic_store(&r->progress.undetermined, r->undetermined);
	if (fresh || r->all || error)
		print(r, f, &now, fresh);
	finding_free(&now);
	return !interrupt_asked() && !output_failed();
}

static void on_damage(void *ctx, uint64_t number)
{
	struct rescan *r = ctx;

	journal_damage_add(&r->damaged, r->cli->json, number);
}

/* What it came to; `flood` as the audit log keeps it: how many entries there were. */
static json_t *counts(const struct rescan *r, const json_t *flood)
{
	json_t *o = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "files", (json_int_t)r->files, "match",
			      (json_int_t)r->match, "undetermined", (json_int_t)r->undetermined, "new",
			      (json_int_t)r->fresh, "failed", (json_int_t)r->failed, "damaged", (json_int_t)r->damaged,
			      "flood", (json_int_t)json_array_size(flood));

	if (interrupt_asked())
		json_object_set_new(o, "interrupted", json_true());
	return o;
}

static void print_summary(const struct rescan *r, json_t *flood)
{
	char n[96], m[32], u[32];
	json_t *o;

	if (r->cli->json) {
		o = json_pack("{s:s}", "type", "rescan-summary");
		json_object_update_new(o, counts(r, NULL));
		json_object_set(o, "flood", flood);
		json_object_set_new(o, "audited", json_boolean(journaling_told(&r->journaling)));
		output_json(o);
	} else if (!r->cli->quiet) {
		output_print("%s of the journal, %s with new hits, %s undetermined\n",
			     printable_things(r->files, "file", "files", n), printable_count(r->fresh, m),
			     printable_count(r->undetermined, u));
	}
}

static json_t *parameters(const struct rescan *r)
{
	json_t *o = json_object();

	if (r->since)
		json_object_set_new(o, "since", json_string(r->since));
	if (r->flood.limit)
		json_object_set_new(o, "flood", json_integer((json_int_t)r->flood.limit));
	if (r->flood.action_given)
		json_object_set_new(o, "flood_action", json_string(r->flood.review ? "review" : "flag"));
	return o;
}

static enum tutela_err match_journal(struct rescan *r)
{
	enum tutela_err error;

	r->progress.unit = "files";
	r->progress.with_hits = true;
	progress_start(&r->progress, cli_wants_progress(r->cli));
	error = tutela_snapshot_journal(r->snapshot, on_file, on_damage, r);
	progress_stop(&r->progress);
	return error;
}

static bool match_all(struct rescan *r, struct tutela_store *store)
{
	enum tutela_err error;
	json_t *flood;

	journaling_started(&r->journaling, "rescan",
			   json_pack("{s:s, s:o, s:o}", "tool_version", TUTELA_VERSION, "started", facts_now(),
				     "parameters", parameters(r)));
	error = flood_lists(&r->flood, r->snapshot);
	if (!error)
		error = match_journal(r);
	if (error)
		cli_store_error(store, r->cli->store, error);
	flood = flood_json(&r->flood);
	flood_warn(&r->flood, flood);
	journaling_ended(&r->journaling, counts(r, flood));
	print_summary(r, flood);
	json_decref(flood);
	return !error;
}

static int run(struct rescan *r)
{
	struct tutela_store *store;
	enum tutela_err error;
	bool writable = false, ok = false;

	store = r->journaling.off ? cli_open_store(r->cli, false) : cli_open_either(r->cli, &writable);
	if (!store)
		return STATUS_TROUBLE;
	r->journaling.store = writable ? store : NULL;
	error = tutela_snapshot_open(store, &r->snapshot);
	if (error)
		cli_store_error(store, r->cli->store, error);
	else if (journaling_begin(&r->journaling))
		ok = match_all(r, store);
	if (interrupt_asked())
		message_error(NULL, "interrupted");
	tutela_snapshot_close(r->snapshot);
	tutela_store_close(store);
	if (r->fresh)
		return STATUS_MATCH;
	return !ok || r->failed || r->undetermined || interrupt_asked() ? STATUS_TROUBLE : STATUS_OK;
}

int cmd_rescan(struct cli *cli)
{
	struct rescan r = {.cli = cli};
	const struct cli_option options[] = {
		{.name = "journal", .flag = &r.journal, .help = "what was recorded by 'tutela scan --journal'"},
		{.name = "since",
		 .argument = "DATE",
		 .text = &r.since,
		 .help = "only files scanned from this day on (UTC)"},
		{.name = "all", .letter = 'a', .flag = &r.all, .help = "files without new hits too"},
		FLOOD_OPTIONS(&r.flood, &r.flood_action, "files"),
		{.name = "no-audit",
		 .flag = &r.journaling.off,
		 .help = "open the store for reading only: its audit log will not tell of this"},
		{.name = NULL},
	};
	int status = cli_parse(cli, &page, options);

	if (status != CLI_GO)
		return status;
	if (cli->n_args)
		return cli_usage(cli, cli->args[0], "rescan takes no further words");
	if (!r.journal)
		return cli_usage(cli, NULL, "say what to match again: --journal");
	if (r.since && !calendar_parse(r.since, false, &r.from))
		return cli_usage(cli, "--since", "'%s' is not YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ", r.since);
	if (flood_set_action(&r.flood, cli, r.flood_action) != CLI_GO)
		return STATUS_USAGE;
	flood_begin(&r.flood);
	status = run(&r);
	flood_free(&r.flood);
	return status;
}
