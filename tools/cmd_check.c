/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "crew.h"
#include "interrupt.h"
#include "message.h"
#include "output.h"
#include "printable.h"
#include "progress.h"

static const struct cli_page page = {
	.synopsis = "[OPTION]...",
	.about = "Reads the whole store, verifies every checksum and cross-reference, and compares the index\n"
		 "with an exhaustive scan on sampled and adversarial queries. Exit status 2 when anything is wrong.\n",
};

struct check {
	const struct cli *cli;
	struct progress progress;
};

static bool on_progress(void *ctx, const char *stage, uint64_t done, uint64_t total)
{
	struct check *c = ctx;

	atomic_store(&c->progress.stage, stage);
	atomic_store(&c->progress.done, done);
	atomic_store(&c->progress.total, total);
	return !interrupt_asked();
}

static void on_finding(void *ctx, const char *sentence)
{
	struct check *c = ctx;
	json_t *object;
	char *text;

	if (c->cli->json) {
		object = json_object();
		json_object_set_new(object, "type", json_string("finding"));
		json_object_set_new(object, "text", output_string(sentence, strlen(sentence)));
		output_json(object);
		return;
	}
	text = printable_sentence(sentence);
	output_print("found: %s\n", text);
	free(text);
}

static void print_result(const struct check *c, const struct tutela_check_result *r)
{
	char a[96], b[96], d[96], e[96];

	if (c->cli->json) {
		output_json(json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "type", "check", "entries",
				      (json_int_t)r->entries, "fingerprints", (json_int_t)r->fingerprints, "segments",
				      (json_int_t)r->segments, "blocks", (json_int_t)r->blocks, "queries",
				      (json_int_t)r->queries, "matches", (json_int_t)r->matches, "findings",
				      (json_int_t)r->findings));
		return;
	}
	output_print("read      %s, %s, %s, %s\n", printable_things(r->entries, "entry", "entries", a),
		     printable_things(r->fingerprints, "fingerprint", "fingerprints", b),
		     printable_things(r->segments, "index file", "index files", d),
		     printable_things(r->blocks, "block", "blocks", e));
	output_print("compared  %s with an exhaustive scan, %s\n", printable_things(r->queries, "query", "queries", a),
		     printable_things(r->matches, "match", "matches", b));
	output_print("findings  %s%s\n", printable_count(r->findings, a), r->findings ? "" : ": all is well");
}

static int run(struct check *c, struct tutela_store *store, const struct tutela_check_opts *opts)
{
	struct tutela_check_result result = {0};
	enum tutela_err error;

	c->progress.unit = "steps";
	progress_start(&c->progress, cli_wants_progress(c->cli));
	errno = 0;
	error = tutela_store_check(store, opts, &result);
	progress_stop(&c->progress);
	if (error == TUTELA_E_INTERRUPTED) {
		message_error(NULL, "interrupted; the check is not complete");
		return STATUS_TROUBLE;
	}
	if (error)
		return cli_store_error(store, c->cli->store, error);
	print_result(c, &result);
	return result.findings ? STATUS_TROUBLE : STATUS_OK;
}

int cmd_check(struct cli *cli)
{
	struct check c = {.cli = cli};
	struct tutela_check_opts opts = {
		.size = sizeof(opts), .progress = on_progress, .finding = on_finding, .ctx = &c};
	uint64_t jobs = 0;
	const struct cli_option options[] = {
		{.name = "queries",
		 .letter = 'n',
		 .argument = "N",
		 .number = &opts.queries,
		 .least = 1,
		 .most = UINT64_MAX,
		 .help = "queries to compare; default 200"},
		{.name = "seed",
		 .argument = "S",
		 .number = &opts.seed,
		 .least = 1,
		 .most = UINT64_MAX,
		 .help = "of the choice of queries; default 1"},
		{.name = "rebuild", .flag = &opts.rebuild, .help = "make the index files anew first"},
		{.name = "jobs",
		 .letter = 'j',
		 .argument = "N",
		 .number = &jobs,
		 .least = 1,
		 .most = CREW_THREADS_MAX,
		 .help = "threads; default: one a core"},
		{.name = NULL},
	};
	struct tutela_store *store;
	int status = cli_parse(cli, &page, options);

	if (status != CLI_GO)
		return status;
	if (cli->n_args)
		return cli_usage(cli, cli->args[0], "check takes no further words");
	opts.threads = (unsigned)jobs;
	store = cli_open_store(cli, opts.rebuild);
	if (!store)
		return STATUS_TROUBLE;
	status = run(&c, store, &opts);
	tutela_store_close(store);
	return status;
}
