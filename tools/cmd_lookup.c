/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "interrupt.h"
#include "memory.h"
#include "message.h"
#include "name_stream.h"
#include "output.h"
#include "pipeline.h"
#include "printable.h"
#include "results.h"

static const struct cli_page page = {
	.synopsis = "[OPTION]... [--ALGORITHM HEX]...",
	.about = "Asks the store for hashes: those of the command line, or lines of standard input,\n"
		 "'pdq HEX' (or another algorithm), or bare hex with --algorithm. '#' begins a comment.\n",
};

struct lookup {
	const struct cli *cli;
	struct cli_texts hashes;
	const char *algorithm;
	enum tutela_algorithm algorithm_id;
	uint64_t quality;
	bool quality_given;
	struct pipeline pipeline;
	bool matched, trouble, headed;
};

static bool put(struct lookup *l, json_t *query, const char *subject, const struct finding *f)
{
	json_t *object;
	char *text = NULL;
	size_t len = 0;
	FILE *out;

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
	out = open_memstream(&text, &len);
	if (!out)
		abort();
	if (!l->headed && !l->cli->quiet)
		result_print_heads(out, "QUERY");
	l->headed = true;
	result_print(out, subject, f);
	fclose(out);
	output_write(text, len);
	free(text);
	return !output_failed();
}

static bool ask(struct lookup *l, const struct tutela_hash *hash)
{
	const struct tutela_algorithm_info *a = tutela_algorithm_get((enum tutela_algorithm)hash->algorithm);
	struct tutela_query_hash q = {.hash = *hash, .variant = a->perceptual ? "original" : NULL};
	struct tutela_query query = {.hashes = &q, .n = 1, .quality = l->quality_given ? (int)l->quality : -1};
	struct finding *f = memory_array(1, sizeof(*f));
	json_t *object = json_object();
	char hex[TUTELA_HASH_TEXT_MAX];
	bool go;

	json_object_set_new(object, a->name, json_string(tutela_hash_format(hash, hex)));
	if (l->quality_given)
		json_object_set_new(object, "quality", json_integer(query.quality));
	pipeline_lookup(&l->pipeline, &query, f);
	go = put(l, object, hex, f);
	finding_free(f);
	free(f);
	return go;
}

/* A line that is no query: undetermined, with its number. */
static bool bad_line(struct lookup *l, const char *text, size_t len, unsigned long long number, const char *reason)
{
	struct finding *f = memory_array(1, sizeof(*f));
	json_t *object = json_object();
	bool go;

	output_set_bytes(object, "text", text, len < 256 ? len : 256);
	json_object_set_new(object, "line", json_integer((json_int_t)number));
	f->verdict = VERDICT_UNDETERMINED;
	snprintf(f->reason, sizeof(f->reason), "bad-query: %s", reason);
	message_error(NULL, "standard input:%llu: %s", number, reason);
	go = put(l, object, len ? text : "(empty)", f);
	free(f);
	return go;
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
	bool go;

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
	go = why ? bad_line(l, text, len, number, why) : ask(l, &hash);
	free(copy);
	return go;
}

static void on_idle(void *ctx)
{
	(void)ctx;
	output_flush(); /* whoever asks through a pipe gets the answer before the next question */
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

static int run(struct lookup *l)
{
	const struct names_opts names = {.path = "-", .line = on_line, .idle = on_idle, .ctx = l};
	struct tutela_store *store;
	struct tutela_hash hash;
	bool ok = true;

	if (!cli_open_snapshot(l->cli, &store, &l->pipeline.snapshot))
		return STATUS_TROUBLE;
	for (size_t i = 0; ok && i < l->hashes.n; i++) {
		const char *value = l->hashes.items[i].value;
		const struct tutela_algorithm_info *a = tutela_algorithm_find(l->hashes.items[i].option);

		ok = !tutela_hash_parse(a->id, value, strlen(value), &hash) && ask(l, &hash);
	}
	if (!l->hashes.n)
		ok = names_read(&names);
	if (interrupt_asked())
		message_error(NULL, "interrupted");
	tutela_snapshot_close(l->pipeline.snapshot);
	tutela_store_close(store);
	if (l->matched)
		return STATUS_MATCH;
	return ok && !l->trouble && !interrupt_asked() ? STATUS_OK : STATUS_TROUBLE;
}

int cmd_lookup(struct cli *cli)
{
	struct lookup l = {.cli = cli};
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
	if (status == CLI_GO && given(&l, &status))
		status = run(&l);
	free(l.hashes.items);
	return status;
}
