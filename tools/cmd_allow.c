/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "message.h"
#include "output.h"
#include "pipeline.h"
#include "printable.h"

static const struct cli_page page = {
	.synopsis = "[OPTION]... --reason TEXT [FILE]... [--sha256 HEX]... [--pdq HEX]...",
	.about = "Puts files or hashes into a list of what is not to be reported, as a decision of the operator.\n"
		 "A file is allowed by its SHA-256, which silences every hit of that very file; --similar adds\n"
		 "its PDQ, which silences PDQ hits alone. 'tutela withdraw --list allowed' takes it back.\n",
};

struct allow {
	const struct cli *cli;
	const char *list, *reason;
	struct cli_texts hashes;
	bool similar;
	struct tutela_update *update;
};

static bool put(struct allow *a, const char *subject, const struct tutela_hash *hashes, size_t n)
{
	const struct tutela_label why = {{"reason", 6}, {a->reason, strlen(a->reason)}};
	struct tutela_record rec = {.n_fingerprints = n, .n_labels = 1, .labels = {why}};
	enum tutela_err error;

	memcpy(rec.fingerprints, hashes, n * sizeof(*hashes));
	error = tutela_update_put(a->update, &rec);
	if (error == TUTELA_E_REFUSED)
		message_error(subject, "this hash says nothing about a picture: it cannot be allowed");
	else if (error)
		message_error(subject, "%s", tutela_strerror(error));
	return !error;
}

static void set_hash(struct tutela_hash *h, enum tutela_algorithm algorithm, const uint8_t *bytes, size_t len)
{
	*h = (struct tutela_hash){.algorithm = (uint16_t)algorithm, .len = (uint16_t)len};
	memcpy(h->bytes, bytes, len);
}

static bool put_file(struct allow *a, struct tutela_decoder *decoder, const char *path)
{
	struct tutela_decoded d = {0};
	struct tutela_hash hashes[2];
	char text[64];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	enum tutela_err error;

	if (fd < 0) {
		message_error(path, "%s", printable_errno(errno, text));
		return false;
	}
	error = tutela_decoder_hash_fd(decoder, fd, &d);
	close(fd);
	if (error || !(d.have & TUTELA_WANT_SHA256)) {
		message_error(path, "%s", error ? tutela_strerror(error) : tutela_decode_class_text(d.class_));
		return false;
	}
	if (a->similar && (d.class_ != TUTELA_DECODE_OK || !(d.have & TUTELA_WANT_PDQ))) {
		message_error(path, "%s, so what is similar to it cannot be told", tutela_decode_class_text(d.class_));
		return false;
	}
	if (a->similar && d.hashes.pdq.quality == 0) {
		message_error(path, "the picture has too little detail, so what is similar to it cannot be told");
		return false;
	}
	set_hash(&hashes[0], TUTELA_ALG_SHA256, d.sha256, sizeof(d.sha256));
	if (a->similar)
		set_hash(&hashes[1], TUTELA_ALG_PDQ, d.hashes.pdq.hash, TUTELA_PDQ_LEN);
	return put(a, path, hashes, a->similar ? 2 : 1);
}

static bool put_all(struct allow *a, struct tutela_decoder *decoder)
{
	bool ok = true;

	for (size_t i = 0; ok && i < a->cli->n_args; i++)
		ok = put_file(a, decoder, a->cli->args[i]);
	for (size_t i = 0; ok && i < a->hashes.n; i++) {
		const char *value = a->hashes.items[i].value;
		struct tutela_hash hash;

		ok = !tutela_hash_parse(tutela_algorithm_find(a->hashes.items[i].option)->id, value, strlen(value),
					&hash) &&
		     put(a, value, &hash, 1);
	}
	return ok;
}

/* A list of this name that is not for allowing must not be mixed with what is. */
static bool list_allows(const struct allow *a, struct tutela_store *store)
{
	struct tutela_snapshot *snapshot;
	struct tutela_list list;
	enum tutela_err error = tutela_snapshot_open(store, &snapshot);
	bool ok;

	if (error) {
		cli_store_error(store, a->cli->store, error);
		return false;
	}
	error = tutela_snapshot_list(snapshot, a->list, &list);
	ok = error == TUTELA_E_NOTFOUND || (!error && list.policy.kind == TUTELA_LIST_ALLOW);
	if (error && !ok)
		cli_store_error(store, a->list, error);
	else if (!ok)
		message_error(a->list, "this list is not of the kind 'allow'");
	tutela_snapshot_close(snapshot);
	return ok;
}

static int run(struct allow *a, struct tutela_store *store, struct tutela_decoder *decoder)
{
	struct tutela_policy policy;
	struct tutela_update_opts opts = {.size = sizeof(opts),
					  .list = a->list,
					  .create = true,
					  .policy = &policy,
					  .provenance = "allowed by hand"};
	struct tutela_update_result r;
	enum tutela_err error;
	char n[96];

	tutela_policy_default_for(TUTELA_LIST_ALLOW, &policy);
	if (!list_allows(a, store))
		return STATUS_TROUBLE;
	errno = 0;
	error = tutela_update_begin(store, &opts, &a->update);
	if (error)
		return cli_store_error(store, a->list, error);
	if (!put_all(a, decoder)) {
		tutela_update_abort(a->update);
		message_error(NULL, "nothing was allowed");
		return STATUS_TROUBLE;
	}
	error = tutela_update_commit(a->update, &r);
	if (error)
		return cli_store_error(store, a->list, error);
	if (a->cli->json)
		output_json(json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "type", "allow", "list", a->list, "version",
				      (json_int_t)r.version, "added", (json_int_t)r.added, "changed",
				      (json_int_t)r.changed, "unchanged", (json_int_t)r.unchanged));
	else if (!a->cli->quiet)
		output_print("list '%s', version %llu: %s allowed\n", a->list, (unsigned long long)r.version,
			     printable_things(r.added + r.changed, "entry", "entries", n));
	return STATUS_OK;
}

static int check_options(struct allow *a)
{
	struct tutela_hash hash;

	if (!a->cli->n_args && !a->hashes.n)
		return cli_usage(a->cli, NULL, "name a file, or a hash: --sha256 HEX, --pdq HEX");
	if (!a->reason || !*a->reason)
		return cli_usage(a->cli, NULL, "say why: --reason TEXT");
	if (strlen(a->reason) > TUTELA_TEXT_MAX || !printable_is_utf8(a->reason, strlen(a->reason)))
		return cli_usage(a->cli, "--reason", "at most %d bytes of UTF-8", TUTELA_TEXT_MAX);
	for (size_t i = 0; i < a->hashes.n; i++) {
		const char *option = a->hashes.items[i].option, *value = a->hashes.items[i].value;
		const struct tutela_algorithm_info *info = tutela_algorithm_find(option);

		if (tutela_hash_parse(info->id, value, strlen(value), &hash))
			return cli_usage(a->cli, value, "not %u hex digits, as --%s needs", info->bits / 4, option);
	}
	return CLI_GO;
}

int cmd_allow(struct cli *cli)
{
	struct allow a = {.cli = cli, .list = "allowed"};
	const struct cli_option options[] = {
		{.name = "reason", .letter = 'r', .argument = "TEXT", .text = &a.reason, .help = "why; must be given"},
		{.name = "list",
		 .letter = 'l',
		 .argument = "LIST",
		 .text = &a.list,
		 .help = "a list of the kind 'allow'; default: 'allowed', made when it is not there"},
		{.name = "sha256", .argument = "HEX", .texts = &a.hashes, .help = "allow the file of this SHA-256"},
		{.name = "pdq", .argument = "HEX", .texts = &a.hashes, .help = "silence PDQ hits of this hash"},
		{.name = "similar", .flag = &a.similar, .help = "of files: what has the same PDQ too"},
		{.name = NULL},
	};
	struct tutela_decoder *decoder = NULL;
	struct tutela_store *store;
	int status = cli_parse(cli, &page, options);

	if (status == CLI_GO)
		status = check_options(&a);
	if (status == CLI_GO) {
		status = STATUS_TROUBLE;
		store = cli_open_store(cli, true);
		if (store && cli->n_args)
			decoder = pipeline_decoder(1, TUTELA_WANT_SHA256 | (a.similar ? TUTELA_WANT_PDQ : 0), 0);
		if (store && (decoder || !cli->n_args))
			status = run(&a, store, decoder);
		tutela_decoder_close(decoder);
		tutela_store_close(store);
	}
	free(a.hashes.items);
	return status;
}
