/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asker.h"
#include "cli.h"
#include "expiry.h"
#include "flood.h"
#include "interrupt.h"
#include "journaling.h"
#include "memory.h"
#include "message.h"
#include "name_stream.h"
#include "output.h"
#include "pipeline.h"
#include "printable.h"
#include "results.h"
#include "stats.h"

static const struct cli_page page = {
	.synopsis = "[OPTION]... [--ALGORITHM HEX]...",
	.about = "Asks the store for hashes: those of the command line, or lines of standard input,\n"
		 "'pdq HEX' (or another algorithm), or bare hex with --algorithm. '#' begins a comment.\n",
};

#define BATCH_MOST 65536

/* A line that waits for its answer. */
struct question {
	struct tutela_query_hash hash;
	const char *why; /* it is no query; NULL: it is */
	char *text;      /* then: as it was read, and its line number */
	size_t len;
	unsigned long long number;
};

struct lookup {
	const struct cli *cli;
	struct cli_texts hashes;
	const char *algorithm;
	enum tutela_algorithm algorithm_id;
	uint64_t quality;
	bool quality_given;
	bool stats, batch, threads_given;
	uint64_t batch_most, threads;

	struct asker asker;
	struct question *questions;
	size_t n, most;               /* questions that wait; that may wait */
	struct tutela_query *queries; /* those of the good questions, in order */
	struct answer *answers;
	struct finding finding; /* being judged and printed */
	bool matched, trouble, headed;
	struct flood flood;
	const char *flood_action;
	struct journaling journaling;
	uint64_t asked, matches, undetermined;
};

static bool put(struct lookup *l, json_t *query, const char *subject, const struct finding *f)
{
	json_t *object;
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	l->asked++;
	l->matches += f->verdict == VERDICT_MATCH;
	l->undetermined += f->verdict == VERDICT_UNDETERMINED;
	l->matched |= f->verdict == VERDICT_MATCH;
	l->trouble |= f->verdict == VERDICT_UNDETERMINED;
	if (l->cli->json) {
		object = json_object();
		json_object_set_new(object, "type", json_string("lookup"));
		json_object_set_new(object, "query", query);
		result_set_verdict(object, f, false);
		return output_json(object);
	}
	json_decref(query);
	out = memory_stream(&text, &len);
	if (!l->headed && !l->cli->quiet)
		result_print_heads(out, "QUERY");
	l->headed = true;
	result_print(out, subject, f);
	memory_stream_end(out, &text);
	output_write(text, len);
	free(text);
	return !output_failed();
}

static bool put_answer(struct lookup *l, const struct question *q, const struct tutela_query *query,
		       struct answer *answer)
{
	const struct tutela_algorithm_info *a = tutela_algorithm_get((enum tutela_algorithm)q->hash.hash.algorithm);
	struct finding *f = &l->finding;
	json_t *object = NULL;
	char hex[TUTELA_HASH_TEXT_MAX];
	bool go;

	tutela_hash_format(&q->hash.hash, hex);
	if (l->cli->json) {
		object = json_object();
		json_object_set_new(object, a->name, json_string(hex));
		if (l->quality_given)
			json_object_set_new(object, "quality", json_integer((json_int_t)l->quality));
	}
	*f = (struct finding){.hits = answer->hits};
	pipeline_judge(f, answer->error);
	flood_see(&l->flood, f);
	journaling_add_query(&l->journaling, query, f);
	go = put(l, object, hex, f);
	/* Of many answers at once only the empty ones keep their memory. */
	if (l->most > 1 && f->hits.n)
		finding_free(f);
	answer->hits = f->hits;
	free(f->flood);
	f->flood = NULL;
	return go;
}

/* A line that is no query: undetermined, with its number. */
static bool put_bad_line(struct lookup *l, const struct question *q)
{
	struct finding *f = &l->finding;
	json_t *object = json_object();

	output_set_bytes(object, "text", q->text, q->len < 256 ? q->len : 256);
	json_object_set_new(object, "line", json_integer((json_int_t)q->number));
	*f = (struct finding){.verdict = VERDICT_UNDETERMINED};
	snprintf(f->reason, sizeof(f->reason), "bad-query: %s", q->why);
	message_error(NULL, "standard input:%llu: %s", q->number, q->why);
	return put(l, object, q->len ? q->text : "(empty)", f);
}

/* Asks what waits and answers in order. False when the answers have nowhere to go. */
static bool answer_all(struct lookup *l)
{
	size_t n = 0, at = 0;
	bool go = true;

	for (size_t i = 0; i < l->n; i++) {
		struct question *q = &l->questions[i];

		if (!q->why)
			l->queries[n++] = (struct tutela_query){
				.hashes = &q->hash, .n = 1, .quality = l->quality_given ? (int)l->quality : -1};
	}
	asker_ask(&l->asker, l->queries, n, l->answers);
	for (size_t i = 0; i < l->n; i++) {
		struct question *q = &l->questions[i];

		if (q->why) {
			go = go && put_bad_line(l, q);
			free(q->text);
			continue;
		}
		if (l->answers[at].hits.limited && n > 1)
			asker_again(&l->asker, &l->queries[at], &l->answers[at]);
		go = go && put_answer(l, q, &l->queries[at], &l->answers[at]);
		at++;
	}
	l->n = 0;
	return go;
}

static bool take(struct lookup *l, struct question q)
{
	l->questions[l->n++] = q;
	return l->n < l->most || answer_all(l);
}

static bool take_hash(struct lookup *l, const struct tutela_hash *hash)
{
	bool perceptual = tutela_algorithm_get((enum tutela_algorithm)hash->algorithm)->perceptual;

	return take(l, (struct question){.hash = {.hash = *hash, .variant = perceptual ? "original" : NULL}});
}

/* Splits "pdq HEX" or "HEX". Returns why it is neither, or NULL. */
static const char *parse(const struct lookup *l, char *text, struct tutela_hash *hash)
{
	static const char blank[] = " \t\r\v\f";
	char *save = NULL, *first = strtok_r(text, blank, &save), *second = strtok_r(NULL, blank, &save);
	const struct tutela_algorithm_info *a;

	if (second && strtok_r(NULL, blank, &save))
		return "more than two words";
	if (!second && !l->algorithm_id)
		return "bare hex needs --algorithm";
	a = second ? tutela_algorithm_find(first) : tutela_algorithm_get(l->algorithm_id);
	if (!a)
		return "unknown algorithm";
	second = second ? second : first;
	if (tutela_hash_parse(a->id, second, strlen(second), hash))
		return "wrong number of digits, or no hex";
	return NULL;
}

static bool on_line(void *ctx, char *text, size_t len, unsigned long long number)
{
	struct lookup *l = ctx;
	struct tutela_hash hash;
	char *copy;
	const char *why;

	if (interrupt_asked())
		return false;
	if (number == 1 && len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark */
		text += 3;
		len -= 3;
	}
	if (strspn(text, " \t\r\v\f") == len || text[strspn(text, " \t")] == '#')
		return true;
	copy = memory_copy(text, len);
	why = strlen(text) != len ? "a NUL in the line" : parse(l, copy, &hash);
	free(copy);
	if (!why)
		return take_hash(l, &hash);
	copy = memory_copy(text, len);
	return take(l, (struct question){.why = why, .text = copy, .len = len, .number = number});
}

/* Whoever asks through a pipe gets the answer before the next question; who asks for batches waits for them. */
static void on_idle(void *ctx)
{
	struct lookup *l = ctx;

	if (!l->batch)
		(void)answer_all(l);
	if (l->n)
		return;
	output_flush();
	journaling_flush(&l->journaling);
}

static bool given(struct lookup *l, int *status)
{
	for (size_t i = 0; i < l->hashes.n; i++) {
		const char *value = l->hashes.items[i].value, *option = l->hashes.items[i].option;
		const struct tutela_algorithm_info *a = tutela_algorithm_find(option);
		struct tutela_hash hash;

		if (tutela_hash_parse(a->id, value, strlen(value), &hash)) {
			*status = cli_usage(l->cli, value, "not %u hex digits, as --%s needs", a->bits / 4, option);
			return false;
		}
	}
	return true;
}

static void begin(struct lookup *l)
{
	l->asker.threads = l->batch && !l->threads_given ? pipeline_jobs(0) : (unsigned)l->threads;
	l->asker.batch = l->batch;
	l->most = l->batch ? (size_t)l->batch_most : l->asker.threads > 1 ? BATCH_MOST : 1;
	l->questions = memory_array(l->most, sizeof(*l->questions));
	l->queries = memory_array(l->most, sizeof(*l->queries));
	l->answers = memory_array(l->most, sizeof(*l->answers));
}

static void end(struct lookup *l)
{
	for (size_t i = 0; i < l->most; i++)
		tutela_hits_free(&l->answers[i].hits);
	free(l->questions);
	free(l->queries);
	free(l->answers);
}

static void print_stats(const struct lookup *l, double open_ms)
{
	const struct asker *a = &l->asker;
	struct tutela_store_info info = {.active = 0};
	double seconds = (double)a->search_ns / 1e9;

	(void)!tutela_snapshot_info(a->snapshot, &info);
	stats_print(json_pack("{s:s, s:I, s:I, s:f, s:f, s:f, s:f, s:i, s:s, s:s}", "type", "stats", "entries",
			      (json_int_t)info.active, "queries", (json_int_t)a->queries, "open_ms", open_ms, "p50_us",
			      (double)spread_quantile(&a->times, 0.5) / 1e3, "p99_us",
			      (double)spread_quantile(&a->times, 0.99) / 1e3, "queries_per_second",
			      a->search_ns ? (double)a->queries / seconds : 0.0, "threads", (int)a->threads, "isa",
			      stats_isa(), "mode", l->cli->resident ? "resident" : "mapped"));
}

static bool ask_all(struct lookup *l)
{
	const struct names_opts names = {.path = "-", .line = on_line, .idle = on_idle, .ctx = l};
	struct tutela_hash hash;
	bool ok = true;

	for (size_t i = 0; ok && i < l->hashes.n; i++) {
		const char *value = l->hashes.items[i].value;
		const struct tutela_algorithm_info *a = tutela_algorithm_find(l->hashes.items[i].option);

		ok = !tutela_hash_parse(a->id, value, strlen(value), &hash) && take_hash(l, &hash);
	}
	if (!l->hashes.n)
		ok = names_read(&names);
	return answer_all(l) && ok;
}

/* With a journal the store is written to. */
static bool open_store(struct lookup *l, struct tutela_store **store)
{
	enum tutela_err error;
	bool writable;

	if (!l->journaling.files)
		return cli_open_snapshot(l->cli, store, &l->asker.snapshot);
	*store = cli_open_either(l->cli, &writable);
	if (!*store)
		return false;
	l->journaling.store = writable ? *store : NULL;
	error = tutela_snapshot_open(*store, &l->asker.snapshot);
	if (error)
		cli_store_error(*store, l->cli->store, error);
	if (!error && journaling_begin(&l->journaling)) {
		journaling_started(&l->journaling, "lookup", json_pack("{s:s}", "tool_version", TUTELA_VERSION));
		return true;
	}
	tutela_snapshot_close(l->asker.snapshot);
	tutela_store_close(*store);
	return false;
}

/* The number of entries that matched very many queries; each is named. */
static size_t end_flood(struct lookup *l)
{
	json_t *flood = flood_json(&l->flood);
	size_t n = json_array_size(flood);

	flood_warn(&l->flood, flood);
	json_decref(flood);
	return n;
}

static void end_journal(struct lookup *l, size_t flooded)
{
	if (!l->journaling.files)
		return;
	journaling_end(&l->journaling);
	journaling_ended(&l->journaling, json_pack("{s:I, s:I, s:I, s:I}", "asked", (json_int_t)l->asked, "match",
						   (json_int_t)l->matches, "undetermined", (json_int_t)l->undetermined,
						   "flood", (json_int_t)flooded));
}

static int run(struct lookup *l)
{
	uint64_t from = stats_now();
	struct tutela_store *store;
	enum tutela_err error;
	double open_ms;
	bool ok;

	if (!open_store(l, &store))
		return STATUS_TROUBLE;
	open_ms = (double)(stats_now() - from) / 1e6;
	begin(l);
	error = flood_lists(&l->flood, l->asker.snapshot);
	if (error)
		cli_store_error(store, l->cli->store, error);
	ok = !error && ask_all(l);
	end_journal(l, end_flood(l));
	ok = ok && !l->journaling.failed;
	end(l);
	if (expiry_warn(l->asker.snapshot))
		ok = false;
	if (interrupt_asked())
		message_error(NULL, "interrupted");
	if (l->stats)
		print_stats(l, open_ms);
	tutela_snapshot_close(l->asker.snapshot);
	tutela_store_close(store);
	if (l->matched)
		return STATUS_MATCH;
	return ok && !l->trouble && !interrupt_asked() ? STATUS_OK : STATUS_TROUBLE;
}

int cmd_lookup(struct cli *cli)
{
	struct lookup l = {.cli = cli, .batch_most = BATCH_MOST, .threads = 1, .flood = {.unit = "queries"}};
	const struct cli_option options[] = {
		{.name = "md5",
		 .argument = "HEX",
		 .texts = &l.hashes,
		 .help = "ask for this MD5; all of these may be repeated"},
		{.name = "sha1", .argument = "HEX", .texts = &l.hashes, .help = "SHA-1"},
		{.name = "sha256", .argument = "HEX", .texts = &l.hashes, .help = "SHA-256"},
		{.name = "pdq", .argument = "HEX", .texts = &l.hashes, .help = "PDQ"},
		{.name = "phash", .argument = "HEX", .texts = &l.hashes, .help = "pHash"},
		{.name = "dhash", .argument = "HEX", .texts = &l.hashes, .help = "dHash"},
		{.name = "algorithm",
		 .letter = 'a',
		 .argument = "NAME",
		 .text = &l.algorithm,
		 .help = "of bare hex on standard input"},
		{.name = "quality",
		 .argument = "N",
		 .number = &l.quality,
		 .most = 100,
		 .given = &l.quality_given,
		 .help = "PDQ quality of the picture asked for; else lists' least quality is not applied"},
		{.name = "batch",
		 .argument = "N",
		 .number = &l.batch_most,
		 .least = 1,
		 .most = BATCH_MOST,
		 .given = &l.batch,
		 .optional = true,
		 .help = "ask N lines of standard input (65536) together: faster, answers wait"},
		{.name = "threads",
		 .argument = "N",
		 .number = &l.threads,
		 .least = 1,
		 .most = 1024,
		 .given = &l.threads_given,
		 .help = "threads that search; else 1, with --batch one a core"},
		FLOOD_OPTIONS(&l.flood, &l.flood_action, "queries"),
		{.name = "journal", .flag = &l.journaling.files, .help = "keep what was asked and found in the store"},
		{.name = "resident", .flag = &cli->resident, .help = "copy the indexes into memory first"},
		{.name = "stats", .flag = &l.stats, .help = "how fast it was: one JSON object on stderr at the end"},
		{.name = NULL},
	};
	const struct tutela_algorithm_info *a;
	int status = cli_parse(cli, &page, options);

	if (status == CLI_GO && cli->n_args)
		status = cli_usage(cli, cli->args[0], "say what it is: --pdq HEX, --md5 HEX, ...");
	if (status == CLI_GO && l.algorithm) {
		a = tutela_algorithm_find(l.algorithm);
		if (a)
			l.algorithm_id = a->id;
		else
			status = cli_usage(cli, "--algorithm", "'%s' is not known", l.algorithm);
	}
	if (status == CLI_GO)
		status = flood_set_action(&l.flood, cli, l.flood_action);
	flood_begin(&l.flood);
	if (status == CLI_GO && given(&l, &status))
		status = run(&l);
	flood_free(&l.flood);
	free(l.hashes.items);
	return status;
}
