/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "locate.h"
#include "memory.h"
#include "message.h"
#include "output.h"
#include "printable.h"

static const struct cli_page page = {
	.synopsis = "[OPTION]... [DIR]",
	.about = "Makes an empty store in a new folder (mode 0700).\n",
};

/* The name of a new folder must survive a power cut: it stands in the folder above. 0 or errno. */
static int sync_above(const char *path)
{
	char *above = memory_text(path), *slash = strrchr(above, '/');
	int error = 0, fd;

	if (slash)
		slash[slash == above] = '\0';
	fd = open(slash ? above : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Who may write to a folder and not read it cannot sync it either. */
	if (fd < 0 ? errno != EACCES : fsync(fd))
		error = errno;
	if (fd >= 0)
		close(fd);
	free(above);
	return error;
}

/* Makes the folders above `path`. 0 or errno. */
static int make_parents(const char *path)
{
	char *copy = memory_text(path);
	int error = 0;

	for (char *p = copy + 1; *p && !error; p++) {
		if (*p != '/' || !p[1])
			continue;
		*p = '\0';
		if (!mkdir(copy, 0777))
			error = sync_above(copy);
		else if (errno != EEXIST)
			error = errno;
		*p = '/';
	}
	free(copy);
	return error;
}

static int create(const struct cli *cli, const char *path)
{
	const struct tutela_store_opts opts = {.size = sizeof(opts), .allow_network = cli->allow_network};
	char text[64];
	int error = make_parents(path);
	enum tutela_err e;

	if (error) {
		message_error(path, "cannot make the folders above it: %s", printable_errno(error, text));
		return STATUS_TROUBLE;
	}
	errno = 0;
	e = tutela_store_create_with(path, &opts);
	if (e == TUTELA_E_EXISTS)
		message_error(path, "there is a store already");
	else if (e == TUTELA_E_NOTSTORE)
		message_error(path, "the folder is not empty, or no folder; a store needs a new or empty one");
	else if (e == TUTELA_E_NETWORK)
		message_error(path, "on a network file system, where a store is not safe; see --allow-network-fs");
	else if (e == TUTELA_E_EXPOSED)
		message_error(path, "the folder belongs to another user; a store needs one of your own");
	else if (e)
		return cli_store_error(NULL, path, e);
	return e ? STATUS_TROUBLE : STATUS_OK;
}

int cmd_init(struct cli *cli)
{
	const struct cli_option options[] = {{.name = NULL}};
	int status = cli_parse(cli, &page, options);
	json_t *object;
	char *path;

	if (status != CLI_GO)
		return status;
	if (cli->n_args > 1 || (cli->n_args && cli->store))
		return cli_usage(cli, NULL, "name one folder");
	path = locate_store(cli->n_args ? cli->args[0] : cli->store);
	if (!path)
		return STATUS_TROUBLE;
	status = create(cli, path);
	if (status == STATUS_OK && cli->json) {
		object = json_object();
		json_object_set_new(object, "type", json_string("init"));
		output_set_bytes(object, "store", path, strlen(path));
		output_json(object);
	} else if (status == STATUS_OK && !cli->quiet) {
		char *shown = printable_quoted(path);

		output_print("made an empty store in %s\n", shown);
		free(shown);
	}
	free(path);
	return status;
}
