/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "calendar.h"
#include "cli.h"
#include "interrupt.h"
#include "journal_damage.h"
#include "memory.h"
#include "message.h"
#include "output.h"
#include "pipeline.h"
#include "printable.h"
#include "results.h"

static const struct cli_page page = {
	.synopsis = "--journal [OPTION]...",
	.about = "Matches what journals of past scans recorded ('tutela scan --journal') with the store as it is\n"
		 "now, without the files. Prints the files with hits that they did not have then.\n",
};

struct rescan {
	const struct cli *cli;
	bool journal, all;
	const char *since;
	int64_t from;
	struct tutela_snapshot *snapshot;
	uint64_t files, match, fresh, failed, damaged;
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
	char t[32];

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
	output_print("%-20s  %s: %zu new hits  ", output_time_text(f->time, t), verdict_name(now->verdict), fresh);
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
	fresh = count_new(f, &now);
	r->match += now.verdict == VERDICT_MATCH;
	r->fresh += fresh > 0;
	r->failed += error != 0;
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

static int run(struct rescan *r)
{
	struct tutela_store *store;
	enum tutela_err error;
	char n[32], m[32];

	if (!cli_open_snapshot(r->cli, &store, &r->snapshot))
		return STATUS_TROUBLE;
	error = tutela_snapshot_journal(r->snapshot, on_file, on_damage, r);
	if (error)
		cli_store_error(store, r->cli->store, error);
	if (r->cli->json)
		output_json(json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "type", "rescan-summary", "files",
				      (json_int_t)r->files, "match", (json_int_t)r->match, "new", (json_int_t)r->fresh,
				      "failed", (json_int_t)r->failed, "damaged", (json_int_t)r->damaged));
	else if (!r->cli->quiet)
		output_print("%s files of the journal, %s with new hits\n", printable_count(r->files, n),
			     printable_count(r->fresh, m));
	if (interrupt_asked())
		message_error(NULL, "interrupted");
	tutela_snapshot_close(r->snapshot);
	tutela_store_close(store);
	if (r->fresh)
		return STATUS_MATCH;
	return error || r->failed || interrupt_asked() ? STATUS_TROUBLE : STATUS_OK;
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
	return run(&r);
}
