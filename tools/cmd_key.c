/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "memory.h"
#include "message.h"
#include "output.h"
#include "passphrase.h"
#include "printable.h"
#include "whole_bytes.h"

static const struct cli_page page = {
	.synopsis = "generate [OPTION]... --out FILE\n"
		    "       tutela key show FILE...",
	.about =
		"Makes a key pair for signing lists, in the files of minisign: the secret key in FILE, encrypted with\n"
		"a passphrase, the public key in FILE.pub. Or shows what is in files of keys, secret or public.\n",
};

struct wish {
	const struct cli *cli;
	const char *out, *passphrase_file;
	bool no_passphrase;
};

static void print_key(const struct cli *cli, const char *path, const struct tutela_public_key *key, bool secret)
{
	char text[TUTELA_PUBLIC_KEY_TEXT + 1], id[TUTELA_KEY_ID_TEXT + 1];
	json_t *o;

	tutela_public_key_text(key, text);
	tutela_public_key_id(key, id);
	if (!cli->json) {
		output_print("%s %s\n", id, text);
		return;
	}
	o = json_pack("{s:s, s:s, s:s, s:b}", "type", "key", "id", id, "public_key", text, "secret", secret);
	output_set_bytes(o, "path", path, strlen(path));
	output_json(o);
}

/* ------------------------------------------------------------------ generate */

static bool write_public(const char *path, const struct tutela_public_key *key)
{
	char file[TUTELA_PUBLIC_FILE_MAX], text[64];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	bool ok;

	tutela_public_key_file(key, file);
	ok = fd >= 0 && whole_bytes_write(fd, file, strlen(file)) && fsync(fd) == 0;
	if (!ok)
		message_error(path, "%s", printable_errno(errno, text));
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool write_secret(const struct wish *w, const struct tutela_secret_key *key)
{
	struct passphrase p = {.file = w->passphrase_file, .subject = w->out, .twice = true};
	char *passphrase = memory_array(TUTELA_PASSPHRASE_MAX + 1, 1), text[64];
	enum tutela_err error = TUTELA_OK;
	bool ok = w->no_passphrase || passphrase_ask(&p, passphrase);

	errno = 0;
	if (ok)
		error = tutela_secret_key_write(key, w->out, w->no_passphrase ? NULL : passphrase);
	explicit_bzero(passphrase, TUTELA_PASSPHRASE_MAX + 1);
	free(passphrase);
	if (error == TUTELA_E_EXISTS)
		message_error(w->out, "it is there already, and is not overwritten");
	else if (error == TUTELA_E_SYS)
		message_error(w->out, "%s", printable_errno(errno, text));
	else if (error)
		message_error(w->out, "%s", tutela_strerror(error));
	return ok && !error;
}

static int generate(const struct wish *w)
{
	char *public_path = memory_format("%s.pub", w->out);
	struct tutela_secret_key *key = NULL;
	struct tutela_public_key public_key;
	int status = STATUS_TROUBLE;
	enum tutela_err error;

	if (access(public_path, F_OK) == 0) {
		message_error(public_path, "it is there already, and is not overwritten");
		goto out;
	}
	error = tutela_secret_key_generate(&key);
	if (error) {
		message_error(NULL, "%s", tutela_strerror(error));
		goto out;
	}
	tutela_secret_key_public(key, &public_key);
	if (write_secret(w, key) && write_public(public_path, &public_key)) {
		print_key(w->cli, public_path, &public_key, false);
		status = STATUS_OK;
	}
out:
	tutela_secret_key_free(key);
	free(public_path);
	return status;
}

/* ------------------------------------------------------------------ show */

static int show(const struct wish *w, const char *path)
{
	struct tutela_public_key public_key;
	enum tutela_err error;
	struct tutela_secret_key *key;
	char text[64];

	errno = 0;
	error = tutela_public_key_read(path, &public_key);
	if (error == TUTELA_E_SYS) {
		message_error(path, "%s", printable_errno(errno, text));
		return STATUS_TROUBLE;
	}
	if (!error) {
		print_key(w->cli, path, &public_key, false);
		return STATUS_OK;
	}
	key = passphrase_key(path, w->passphrase_file);
	if (!key)
		return STATUS_TROUBLE;
	tutela_secret_key_public(key, &public_key);
	tutela_secret_key_free(key);
	print_key(w->cli, path, &public_key, true);
	return STATUS_OK;
}

static int run(const struct wish *w)
{
	const struct cli *cli = w->cli;
	const char *verb = cli->n_args ? cli->args[0] : NULL;
	int status = STATUS_OK;

	if (!verb)
		return cli_usage(cli, NULL, "generate or show?");
	if (!strcmp(verb, "generate")) {
		if (cli->n_args > 1)
			return cli_usage(cli, cli->args[1], "generate takes no further words");
		if (!w->out)
			return cli_usage(cli, NULL, "name the file of the new secret key: --out FILE");
		if (w->no_passphrase && w->passphrase_file)
			return cli_usage(cli, NULL, "--no-passphrase and --passphrase-file exclude each other");
		return generate(w);
	}
	if (strcmp(verb, "show"))
		return cli_usage(cli, verb, "not one of generate, show");
	if (cli->n_args < 2)
		return cli_usage(cli, NULL, "show the key of which file?");
	if (w->out || w->no_passphrase)
		return cli_usage(cli, NULL, "--out and --no-passphrase go with generate");
	for (size_t i = 1; i < cli->n_args; i++)
		if (show(w, cli->args[i]) != STATUS_OK)
			status = STATUS_TROUBLE;
	return status;
}

int cmd_key(struct cli *cli)
{
	struct wish w = {.cli = cli};
	const struct cli_option options[] = {
		{.name = "out",
		 .letter = 'o',
		 .argument = "FILE",
		 .text = &w.out,
		 .help = "generate: the new secret key; FILE.pub is its public half"},
		{.name = "no-passphrase",
		 .flag = &w.no_passphrase,
		 .help = "generate: do not encrypt it, for machines that nobody attends"},
		{.name = "passphrase-file",
		 .argument = "FILE",
		 .text = &w.passphrase_file,
		 .help = "the passphrase is the first line of FILE (mode 0600); else the terminal is asked"},
		{.name = NULL},
	};
	int status = cli_parse(cli, &page, options);

	return status == CLI_GO ? run(&w) : status;
}
