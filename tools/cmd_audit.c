/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit_points.h"
#include "calendar.h"
#include "cli.h"
#include "interrupt.h"
#include "message.h"
#include "output.h"
#include "printable.h"

static const struct cli_page page = {
	.synopsis =
		"show [--since N|DATE]\n"
		"       tutela audit export [--out FILE]\n"
		"       tutela audit verify [--checkpoint FILE]... [--key FILE]... [--export FILE] [--except N]...\n"
		"       tutela audit repair --reason TEXT --yes\n"
		"       tutela audit checkpoint --key FILE --out FILE\n"
		"       tutela audit affected [--list LIST] [--since DATE]",
	.about = "The audit log: what was done to the store. Each record holds the SHA-256 of the one\n"
		 "before it. 'checkpoint' signs the newest one's; 'verify' holds the log to such files; 'repair'\n"
		 "adds a record that owns up to damage, after which records can be added again.\n"
		 "'affected' names past hits, of 'tutela scan --journal', that rested on entries no longer active.\n",

};

/* ---------------------------------------------------------------- show, export */

struct showing {
	const struct audit_words *words;
	json_int_t from;       /* number */
	const char *from_time; /* "2026-11-24T00:00:00Z", or NULL */
	FILE *out;             /* export; NULL: standard output */
	size_t n;
	bool failed;
};

static bool is_shown(const struct showing *s, const json_t *o)
{
	const char *when = json_string_value(json_object_get(o, "time"));

	if (s->from_time)
		return !when || strcmp(when, s->from_time) >= 0;
	return json_integer_value(json_object_get(o, "number")) >= s->from;
}

/* The rest of a record for people: what the columns do not hold. */
static void print_rest(json_t *o)
{
	static const char *const told[] = {"type", "number", "prev", "time", "action", "uid", "list"};
	const char *key;
	json_t *value;

	json_object_foreach(o, key, value)
	{
		bool skip = false;
		char *text, *shown;

		for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
			skip |= strcmp(key, told[i]) == 0;
		if (skip)
			continue;
		text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
		shown = printable_sentence(json_is_string(value) ? json_string_value(value) : text ? text : "");
		output_print("  %s=%s", key, shown);
		free(shown);
		free(text);
	}
	output_print("\n");
}

static void print_row(struct showing *s, json_t *o)
{
	const char *when = json_string_value(json_object_get(o, "time"));
	const char *action = json_string_value(json_object_get(o, "action"));
	const char *list = json_string_value(json_object_get(o, "list"));
	const char *type = json_string_value(json_object_get(o, "type"));

	if (!action && type && strcmp(type, "audit-damaged") == 0)
		action = "(damaged)";
	if (s->n++ == 0)
		output_print("%6s  %-20s  %-16s  %5s  %-20s\n", "NUMBER", "TIME", "ACTION", "UID", "LIST");
	output_print("%6lld  %-20s  %-16s  %5lld  %-20s", (long long)json_integer_value(json_object_get(o, "number")),
		     when ? when : "-", action ? action : "-", (long long)json_integer_value(json_object_get(o, "uid")),
		     list ? list : "-");
	print_rest(o);
}

static bool on_record(void *ctx, const char *json, size_t len)
{
	struct showing *s = ctx;
	json_t *o;

	if (s->out) {
		s->failed = fwrite(json, 1, len, s->out) != len || putc('\n', s->out) == EOF;
		return !s->failed && !interrupt_asked();
	}
	o = json_loadb(json, len, 0, NULL);
	if (is_shown(s, o)) {
		if (s->words->cli->json)
			output_print("%.*s\n", (int)len, json);
		else
			print_row(s, o);
	}
	json_decref(o);
	return !output_failed() && !interrupt_asked();
}

static int walk(struct showing *s)
{
	struct tutela_snapshot *snapshot;
	struct tutela_store *store;
	enum tutela_err error;
	int status = STATUS_OK;

	if (!cli_open_snapshot(s->words->cli, &store, &snapshot))
		return STATUS_TROUBLE;
	error = tutela_snapshot_audit(snapshot, on_record, s);
	if (error)
		status = cli_store_error(store, s->words->cli->store, error);
	else if (!s->out && !s->words->cli->json && !s->n && !interrupt_asked())
		message_note(s->words->since ? "the audit log has no record since then" : "the audit log is empty");
	if (interrupt_asked()) {
		message_error(NULL, "interrupted");
		status = STATUS_TROUBLE;
	}
	tutela_snapshot_close(snapshot);
	tutela_store_close(store);
	return status;
}

static bool parse_since(const char *text, struct showing *s, char when[32])
{
	char *end;
	int64_t seconds;

	s->from = strtoll(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end)
		return true;
	s->from_time = when;
	return calendar_parse(text, false, &seconds) && output_time_text(seconds, when) != NULL;
}

static int show(const struct audit_words *w)
{
	struct showing s = {.words = w, .from = 0};
	char when[32];

	if (w->since && !parse_since(w->since, &s, when))
		return cli_usage(w->cli, "--since", "'%s' is no record's number, YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ",
				 w->since);
	return walk(&s);
}

/* The records' exact bytes, a line each. A file is new, or nothing is written. */
static int export(const struct audit_words *w)
{
	struct showing s = {.words = w, .out = stdout};
	char text[64];
	int status, fd;

	if (!w->out || strcmp(w->out, "-") == 0) {
		status = walk(&s);
		return s.failed ? STATUS_TROUBLE : status;
	}
	fd = open(w->out, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	s.out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!s.out) {
		message_error(w->out, "%s", printable_errno(errno, text));
		return STATUS_TROUBLE;
	}
	status = walk(&s);
	if (!s.failed && status == STATUS_OK)
		s.failed = fflush(s.out) || fsync(fd);
	if (s.failed)
		message_error(w->out, "%s", printable_errno(errno, text));
	s.failed |= fclose(s.out) != 0;
	if (s.failed || status != STATUS_OK)
		unlink(w->out);
	return s.failed ? STATUS_TROUBLE : status;
}

/* ---------------------------------------------------------------- the command */

static const struct verb {
	const char *name, *options;
	int (*run)(const struct audit_words *w);
} verbs[] = {
	{"show", " since ", show},
	{"export", " out ", export},
	{"verify", " checkpoint key export except ", audit_verify},
	{"checkpoint", " key out passphrase-file ", audit_checkpoint},
	{"repair", " reason yes ", audit_repair},
	{"affected", " list since ", audit_affected},
};

static int run(const struct audit_words *w, const struct cli_option *options, const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		int status;

		if (strcmp(name, verbs[i].name) != 0)
			continue;
		status = cli_only(w->cli, options, name, verbs[i].options);
		return status == CLI_GO ? verbs[i].run(w) : status;
	}
	return cli_usage(w->cli, name, "not one of show, export, verify, checkpoint, repair, affected");
}

int cmd_audit(struct cli *cli)
{
	struct audit_words w = {.cli = cli};
	const struct cli_option options[] = {
		{.name = "since", .argument = "N|DATE", .text = &w.since, .help = "from this record or day on (UTC)"},
		{.name = "list",
		 .letter = 'l',
		 .argument = "LIST",
		 .text = &w.list,
		 .help = "affected: hits of this list only"},
		{.name = "out", .letter = 'o', .argument = "FILE", .text = &w.out, .help = "a new file to write"},
		{.name = "checkpoint",
		 .argument = "FILE",
		 .texts = &w.checkpoints,
		 .help = "hold the log to this; its signature is in FILE.minisig; repeatable"},
		{.name = "key",
		 .letter = 'k',
		 .argument = "FILE",
		 .texts = &w.keys,
		 .help = "verify: a public key of checkpoints, repeatable; checkpoint: the secret key"},
		{.name = "passphrase-file",
		 .argument = "FILE",
		 .text = &w.passphrase,
		 .help = "its first line is the secret key's passphrase"},
		{.name = "export",
		 .argument = "FILE",
		 .text = &w.export,
		 .help = "verify this export instead of the store; '-': standard input"},
		{.name = "except",
		 .argument = "N",
		 .texts = &w.excepts,
		 .help = "verify: the gap at this record is known; repeatable"},
		{.name = "reason",
		 .argument = "TEXT",
		 .text = &w.reason,
		 .help = "repair: what is known of the damage"},
		{.name = "yes", .flag = &w.yes, .help = "repair: really do it"},
		{.name = NULL},
	};
	int status = cli_parse(cli, &page, options);

	if (status == CLI_GO && !cli->n_args)
		status = cli_usage(cli, NULL, "show, export, verify, checkpoint, repair or affected?");
	if (status == CLI_GO && cli->n_args > 1)
		status = cli_usage(cli, cli->args[1], "one word at a time");
	if (status == CLI_GO)
		status = run(&w, options, cli->args[0]);
	free(w.checkpoints.items);
	free(w.keys.items);
	free(w.excepts.items);
	return status;
}
