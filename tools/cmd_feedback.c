/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "audit_tell.h"
#include "cli.h"
#include "interrupt.h"
#include "memory.h"
#include "message.h"
#include "output.h"
#include "sync/cursor_feed.h"
#include "sync/ncmec_ask.h"

static const struct cli_page page = {
	.synopsis = "SOURCE ENTRY --algorithm NAME --up\n"
		    "       tutela feedback SOURCE ENTRY --algorithm NAME --down --reason REASON\n"
		    "       tutela feedback SOURCE --algorithm NAME --reasons",
	.about = "Tells a source of the type ncmec what is thought of one fingerprint of an entry, or shows the\n"
		 "reasons that it knows for saying that one is wrong. Nothing is ever sent but by this command. The\n"
		 "audit log tells of it; the lists stay as they are: 'tutela dispute' is the local decision.\n",
};

/* What NCMEC calls the kinds of fingerprints in its addresses. */
static const struct {
	const char *name, *type;
} kinds[] = {
	{"md5", "MD5"},           {"sha1", "SHA1"},           {"pdq", "PDQ"},
	{"photodna", "PDNA"},     {"netclean", "NETCLEAN"},   {"videntifier", "VIDENTIFIER"},
	{"tmk-pdqf", "TMK_PDQF"}, {"ssvh-pdna", "SSVH_PDNA"}, {"ssvh-safer-hash", "SSVH_SAFER_HASH"},
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct feedback {
	struct cli *cli;
	const char *algorithm, *reason, *type;
	bool up, down, reasons;
	struct tutela_store *store;
	bool writable;
	struct tutela_source source;
	struct ncmec_ask ask;
	char guid[64]; /* of the reason */
	size_t n_reasons;
};

/* ------------------------------------------------------------------ the source */

static bool find_source(struct feedback *f)
{
	const char *name = f->cli->args[0];
	struct tutela_snapshot *snapshot;
	enum tutela_err error;

	f->store = cli_open_either(f->cli, &f->writable);
	if (!f->store)
		return false;
	errno = 0;
	error = tutela_snapshot_open(f->store, &snapshot);
	if (!error)
		error = tutela_snapshot_source(snapshot, name, &f->source);
	if (error == TUTELA_E_NOTFOUND)
		message_error(name, "no such source in this store");
	else if (error)
		cli_store_error(f->store, name, error);
	tutela_snapshot_close(snapshot);
	if (!error && f->source.suspended)
		message_error(name, "the source is suspended");
	else
		return !error;
	return false;
}

/* ------------------------------------------------------------------ reasons */

static bool on_reason(void *ctx, const struct tutela_ncmec_row *row)
{
	struct feedback *f = ctx;

	f->n_reasons++;
	if (f->reason && (!strcasecmp(row->name, f->reason) || !strcasecmp(row->guid, f->reason)))
		memcpy(f->guid, row->guid, sizeof(f->guid));
	if (f->reasons && f->cli->json)
		output_json(json_pack("{s:s, s:s, s:s, s:s}", "type", "feedback-reason", "source", f->source.name,
				      "name", row->name, "guid", row->guid));
	else if (f->reasons)
		output_print("%s  %s\n", row->guid, row->name);
	return !output_failed();
}

static bool fetch_reasons(struct feedback *f)
{
	char *path = memory_format("/v2/feedback/%s/reasons", f->type);
	bool ok = ncmec_ask_rows(&f->ask, path, TUTELA_NCMEC_REASONS, on_reason, f);

	free(path);
	return ok;
}

/* ------------------------------------------------------------------ votes */

/* "7/img-1" -> ".../v2/entries/7/img-1/MD5/feedback"; NULL: it is no such id. */
static char *vote_url(const struct feedback *f, const char *entry)
{
	size_t member = strspn(entry, "0123456789");
	char *id, *url;

	if (!member || entry[member] != '/' || !entry[member + 1])
		return NULL;
	id = cursor_escape(entry + member + 1);
	url = memory_format("%s/v2/entries/%.*s/%s/%s/feedback", f->ask.base, (int)member, entry, id, f->type);
	free(id);
	return url;
}

static bool send_vote(struct feedback *f, const char *entry)
{
	static const char *const headers[] = {"Content-Type: application/xml; charset=utf-8", NULL};
	char body[TUTELA_NCMEC_VOTE_MAX], *url = vote_url(f, entry);
	size_t len = tutela_ncmec_vote(f->up ? NULL : f->guid, body);
	struct http_answer answer = {0};
	bool ok = false;

	if (!url)
		message_error(entry, "not an entry of NCMEC: its id is member/entry");
	else if (!len)
		message_error(f->reason, "the server gave this reason no GUID");
	else
		/* The same vote twice is one vote. */
		ok = ncmec_ask_request(&f->ask,
				       &(struct http_request){.url = url,
							      .headers = headers,
							      .post = body,
							      .post_len = len,
							      .method = "PUT",
							      .repeatable = true,
							      .most = NCMEC_REPLY_MOST},
				       &answer);
	http_answer_free(&answer);
	free(url);
	return ok;
}

/* It is sent already: what the log cannot tell is said here. */
static void tell(const struct feedback *f, const char *entry)
{
	json_t *o = json_pack("{s:s, s:o, s:s, s:s}", "source", f->source.name, "entry",
			      output_string(entry, strlen(entry)), "algorithm", f->algorithm, "vote",
			      f->up ? "up" : "down");
	enum tutela_err error;

	if (f->down)
		json_object_set_new(o, "reason", output_string(f->reason, strlen(f->reason)));
	error = audit_tell(f->writable ? f->store : NULL, "feedback", o, AUDIT_TELL_TRIES);
	if (error)
		message_warning(NULL, "the audit log does not tell of this feedback: %s", tutela_strerror(error));
}

static void say_sent(const struct feedback *f, const char *entry)
{
	const char *vote = f->up ? "up" : "down";

	if (f->cli->json)
		output_json(json_pack("{s:s, s:s, s:o, s:s, s:s, s:o}", "type", "feedback", "source", f->source.name,
				      "entry", output_string(entry, strlen(entry)), "algorithm", f->algorithm, "vote",
				      vote, "reason",
				      f->down ? output_string(f->reason, strlen(f->reason)) : json_null()));
	else if (!f->cli->quiet)
		output_print("sent to '%s': %s, %s of %s\n", f->source.name, vote, f->algorithm, entry);
}

static bool vote(struct feedback *f)
{
	const char *entry = f->cli->args[1];

	if (f->down && !fetch_reasons(f))
		return false;
	if (f->down && !f->guid[0]) {
		message_error(f->reason, "'%s' knows no such reason; --reasons shows its %zu", f->source.name,
			      f->n_reasons);
		return false;
	}
	if (!send_vote(f, entry))
		return false;
	tell(f, entry);
	say_sent(f, entry);
	return true;
}

/* ------------------------------------------------------------------ the command */

static int check_options(struct feedback *f)
{
	const struct cli *cli = f->cli;

	if (!cli->n_args)
		return cli_usage(cli, NULL, "name the source");
	if (f->reasons + f->up + f->down != 1)
		return cli_usage(cli, NULL, "say one of --up, --down and --reasons");
	if (cli->n_args != (f->reasons ? 1U : 2U))
		return cli_usage(cli, NULL, f->reasons ? "--reasons is asked of a source alone" : "name one entry");
	if (!f->algorithm)
		return cli_usage(cli, NULL, "say which fingerprint is meant: --algorithm NAME");
	for (size_t i = 0; i < N_KINDS; i++)
		if (!strcasecmp(f->algorithm, kinds[i].name))
			f->type = kinds[i].type;
	if (!f->type)
		return cli_usage(cli, "--algorithm",
				 "'%s' is not one of md5, sha1, pdq, photodna, netclean, videntifier, tmk-pdqf, "
				 "ssvh-pdna, ssvh-safer-hash",
				 f->algorithm);
	if (f->down && !f->reason)
		return cli_usage(cli, NULL, "say why: --reason REASON, one that --reasons shows");
	if (!f->down && f->reason)
		return cli_usage(cli, "--reason", "belongs to --down");
	return CLI_GO;
}

int cmd_feedback(struct cli *cli)
{
	struct feedback *f = memory_array(1, sizeof(*f));
	const struct cli_option options[] = {
		{.name = "algorithm",
		 .letter = 'a',
		 .argument = "NAME",
		 .text = &f->algorithm,
		 .help = "which fingerprint of the entry: md5, sha1, pdq, photodna, …"},
		{.name = "up", .flag = &f->up, .help = "it belongs on the list"},
		{.name = "down", .flag = &f->down, .help = "it does not"},
		{.name = "reason", .argument = "REASON", .text = &f->reason, .help = "why not: a name or GUID"},
		{.name = "reasons", .flag = &f->reasons, .help = "show the reasons that the source knows"},
		{.name = NULL},
	};
	int status;

	f->cli = cli;
	status = cli_parse(cli, &page, options);
	if (status == CLI_GO)
		status = check_options(f);
	if (status == CLI_GO) {
		bool ok = find_source(f) && ncmec_ask_open(&f->ask, &f->source);

		ok = ok && (f->reasons ? fetch_reasons(f) : vote(f));
		status = ok ? STATUS_OK : STATUS_TROUBLE;
	}
	ncmec_ask_close(&f->ask);
	tutela_store_close(f->store);
	free(f);
	return status;
}
