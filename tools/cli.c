/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "locate.h"
#include "memory.h"
#include "message.h"
#include "printable.h"

#define MAX_GLOBALS 9

static void globals(struct cli *cli, struct cli_option *out)
{
	const struct cli_option table[MAX_GLOBALS] = {
		{.name = "store",
		 .letter = 'd',
		 .argument = "DIR",
		 .text = &cli->store,
		 .help = "the store; else $TUTELA_STORE, else $XDG_DATA_HOME/tutela"},
		{.name = "allow-network-fs",
		 .flag = &cli->allow_network,
		 .help = "use a store on a network file system; no other machine may write to it"},
		{.name = "json", .flag = &cli->json, .help = "JSON Lines on standard output"},
		{.name = "progress", .flag = &cli->progress, .help = "show progress, also when stderr is no terminal"},
		{.name = "no-progress", .flag = &cli->no_progress, .help = "never show progress"},
		{.name = "quiet", .letter = 'q', .flag = &cli->quiet, .help = "only results and errors"},
		{.name = "help", .letter = 'h', .flag = &cli->help, .help = "this text"},
		{.name = "version", .flag = &cli->version, .help = "version, build and instruction set"},
		{.name = NULL},
	};

	memcpy(out, table, sizeof(table));
}

static const struct cli_option *by_name(const struct cli_option *table, const char *name, size_t len)
{
	for (; table && table->name; table++) {
		if (strlen(table->name) == len && memcmp(table->name, name, len) == 0)
			return table;
	}
	return NULL;
}

static const struct cli_option *by_letter(const struct cli_option *table, char letter)
{
	for (; table && table->name; table++) {
		if (table->letter == letter)
			return table;
	}
	return NULL;
}

int cli_usage(const struct cli *cli, const char *subject, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	message_error(subject, "%s", text ? text : format);
	free(text);
	fprintf(stderr, cli->command ? "Try 'tutela %s --help'.\n" : "Try 'tutela --help'.\n",
		cli->command ? cli->command : "");
	return STATUS_USAGE;
}

static bool is_given(const struct cli_option *o)
{
	return (o->flag && *o->flag) || (o->text && *o->text) || (o->texts && o->texts->n) ||
	       (o->number && o->given && *o->given);
}

int cli_only(const struct cli *cli, const struct cli_option *options, const char *verb, const char *names)
{
	for (const struct cli_option *o = options; o->name; o++) {
		char word[64], option[64];

		snprintf(word, sizeof(word), " %s ", o->name);
		snprintf(option, sizeof(option), "--%s", o->name);
		if (is_given(o) && !strstr(names, word))
			return cli_usage(cli, option, "does not go with '%s'", verb);
	}
	return CLI_GO;
}

/* Edits that turn a into b: insert, delete, replace, swap neighbours. Words of up to 31 letters. */
static unsigned edits(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	unsigned d[32][32];

	if (la > 31 || lb > 31)
		return 99;
	for (size_t i = 0; i <= la; i++) {
		for (size_t j = 0; j <= lb; j++) {
			if (i == 0 || j == 0) {
				d[i][j] = (unsigned)(i + j);
				continue;
			}
			d[i][j] = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (d[i][j] > d[i - 1][j] + 1)
				d[i][j] = d[i - 1][j] + 1;
			if (d[i][j] > d[i][j - 1] + 1)
				d[i][j] = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i][j] > d[i - 2][j - 2] + 1)
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	}
	return d[la][lb];
}

const char *cli_nearest(const char *word, const char *(*next)(void *ctx), void *ctx)
{
	const char *best = NULL, *name;
	unsigned least = strlen(word) < 4 ? 2 : 3; /* fewer than this many edits */

	while ((name = next(ctx))) {
		unsigned n = edits(word, name);

		/* The beginning of a name is near it, and so is what goes on from a name. */
		if (strlen(word) >= 3 && strlen(name) >= 3 &&
		    strncmp(word, name, strlen(word) < strlen(name) ? strlen(word) : strlen(name)) == 0)
			n = 1;
		if (n < least) {
			least = n;
			best = name;
		}
	}
	return best;
}

struct name_walk {
	const struct cli_option *tables[2];
	size_t table;
};

static const char *next_name(void *ctx)
{
	struct name_walk *w = ctx;

	for (; w->table < 2; w->table++) {
		if (w->tables[w->table] && w->tables[w->table]->name)
			return w->tables[w->table]++->name;
	}
	return NULL;
}

static int unknown(const struct cli *cli, const char *word, size_t len, const struct cli_option *own,
		   const struct cli_option *shared)
{
	struct name_walk w = {.tables = {own, shared}};
	char *bare = memory_copy(word, len), *shown = memory_format("--%s", bare);
	const char *near = cli_nearest(bare, next_name, &w);
	int status;

	if (near)
		status = cli_usage(cli, shown, "no such option; did you mean '--%s'?", near);
	else
		status = cli_usage(cli, shown, "no such option");
	free(bare);
	free(shown);
	return status;
}

static int set_number(const struct cli *cli, const struct cli_option *o, const char *value)
{
	char *end = NULL, *shown;
	unsigned long long n = 0;
	int status = CLI_GO;

	errno = 0;
	if (value[0] >= '0' && value[0] <= '9')
		n = strtoull(value, &end, 10);
	if (!end || *end || errno || n < o->least || n > o->most) {
		shown = memory_format("--%s", o->name);
		if (o->most == UINT64_MAX)
			status = cli_usage(cli, shown, "'%s' is not a number of %llu or more", value,
					   (unsigned long long)o->least);
		else
			status = cli_usage(cli, shown, "'%s' is not a number from %llu to %llu", value,
					   (unsigned long long)o->least, (unsigned long long)o->most);
		free(shown);
		return status;
	}
	*o->number = n;
	if (o->given)
		*o->given = true;
	return status;
}

static int set(const struct cli *cli, const struct cli_option *o, const char *value)
{
	if (o->flag) {
		*o->flag = true;
	} else if (o->text) {
		*o->text = value;
	} else if (o->number) {
		return set_number(cli, o, value);
	} else {
		o->texts->items = memory_resize(o->texts->items, o->texts->n + 1, sizeof(o->texts->items[0]));
		o->texts->items[o->texts->n].option = o->name;
		o->texts->items[o->texts->n++].value = value;
	}
	return CLI_GO;
}

/* One `--name`, `--name=value` or `--name value`; *i is moved on when the next word was used. */
static int take_long(struct cli *cli, const struct cli_option *own, const struct cli_option *shared, int argc,
		     char **argv, int *i)
{
	const char *word = argv[*i] + 2, *value = strchr(word, '=');
	size_t len = value ? (size_t)(value - word) : strlen(word);
	const struct cli_option *o = by_name(own, word, len);

	if (!o)
		o = by_name(shared, word, len);
	if (!o)
		return unknown(cli, word, len, own, shared);
	if (o->flag && value)
		return cli_usage(cli, argv[*i], "this option takes no value");
	if (o->optional && !value) {
		*o->given = true;
		return CLI_GO;
	}
	if (!o->flag && !value) {
		if (*i + 1 >= argc)
			return cli_usage(cli, argv[*i], "this option needs a value: %s", o->argument);
		return set(cli, o, argv[++*i]);
	}
	return set(cli, o, value ? value + 1 : NULL);
}

/* One word of short options: -q, -qL, -j4, -j 4. */
static int take_short(struct cli *cli, const struct cli_option *own, const struct cli_option *shared, int argc,
		      char **argv, int *i)
{
	char shown[3] = "-";

	for (const char *p = argv[*i] + 1; *p; p++) {
		const struct cli_option *o = by_letter(own, *p);
		int status;

		shown[1] = *p;
		if (!o)
			o = by_letter(shared, *p);
		if (!o)
			return cli_usage(cli, shown, "no such option");
		if (o->flag) {
			*o->flag = true;
			continue;
		}
		if (!p[1] && *i + 1 >= argc)
			return cli_usage(cli, shown, "this option needs a value: %s", o->argument);
		status = set(cli, o, p[1] ? p + 1 : argv[++*i]);
		return status;
	}
	return CLI_GO;
}

static int settle(struct cli *cli)
{
	if (cli->progress && cli->no_progress)
		return cli_usage(cli, NULL, "--progress and --no-progress exclude each other");
	if (cli->store && !cli->store[0])
		return cli_usage(cli, "--store", "the value is empty");
	message_quiet(cli->quiet);
	return CLI_GO;
}

int cli_globals(struct cli *cli, int argc, char **argv)
{
	struct cli_option shared[MAX_GLOBALS];
	int i, status = CLI_GO;

	globals(cli, shared);
	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (argv[i][1] == '-')
			status = take_long(cli, NULL, shared, argc, argv, &i);
		else
			status = take_short(cli, NULL, shared, argc, argv, &i);
		if (status != CLI_GO)
			return status;
	}
	if (i < argc)
		cli->command = argv[i++];
	cli->argc = argc - i;
	cli->argv = argv + i;
	return settle(cli);
}

static void print_options(const struct cli_option *o)
{
	for (; o && o->name; o++) {
		char left[64];

		snprintf(left, sizeof(left), "%c%c%s--%s%s%s%s", o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
			 o->letter ? ", " : "  ", o->name,
			 o->optional   ? "[="
			 : o->argument ? " "
				       : "",
			 o->argument ? o->argument : "", o->optional ? "]" : "");
		printf("  %-30s %s\n", left, o->help);
	}
}

void cli_print_globals(void)
{
	struct cli nobody = {0};
	struct cli_option shared[MAX_GLOBALS];

	globals(&nobody, shared);
	print_options(shared);
}

static int print_help(const struct cli *cli, const struct cli_page *page, const struct cli_option *own,
		      const struct cli_option *shared)
{
	printf("usage: tutela %s %s\n\n%s", cli->command, page->synopsis, page->about);
	if (own && own->name) {
		printf("\noptions:\n");
		print_options(own);
	}
	printf("\nglobal options:\n");
	print_options(shared);
	return STATUS_OK;
}

int cli_parse(struct cli *cli, const struct cli_page *page, const struct cli_option *options)
{
	struct cli_option shared[MAX_GLOBALS];
	bool plain = false;
	int status = CLI_GO;

	globals(cli, shared);
	cli->args = memory_array((size_t)cli->argc + 1, sizeof(char *));
	for (int i = 0; i < cli->argc; i++) {
		char *word = cli->argv[i];

		if (plain || word[0] != '-' || !word[1])
			cli->args[cli->n_args++] = word;
		else if (strcmp(word, "--") == 0)
			plain = true;
		else if (word[1] == '-')
			status = take_long(cli, options, shared, cli->argc, cli->argv, &i);
		else
			status = take_short(cli, options, shared, cli->argc, cli->argv, &i);
		if (status != CLI_GO)
			return status;
	}
	if (cli->help)
		return print_help(cli, page, options, shared);
	if (cli->version)
		return cmd_version(cli);
	return settle(cli);
}

void cli_free(struct cli *cli)
{
	free(cli->args);
	cli->args = NULL;
}

bool cli_wants_progress(const struct cli *cli)
{
	return cli->progress || (!cli->no_progress && !cli->quiet && isatty(STDERR_FILENO));
}

int cli_store_error(const struct tutela_store *store, const char *subject, enum tutela_err error)
{
	int saved = errno;
	const char *detail = store ? tutela_store_errmsg(store) : "";
	char text[64];

	if (detail[0])
		message_error(NULL, "%s", detail);
	else if (error == TUTELA_E_SYS && saved)
		message_error(subject, "%s", printable_errno(saved, text));
	else if (error == TUTELA_E_BUSY)
		message_error(subject, "another process is writing to the store; try again when it is done");
	else
		message_error(subject, "%s", tutela_strerror(error));
	return STATUS_TROUBLE;
}

/* `writable` NULL: as `write` says, or not at all. */
static struct tutela_store *open_store(const struct cli *cli, bool write, bool *writable)
{
	struct tutela_store_opts opts = {
		.size = sizeof(opts), .write = write, .resident = cli->resident, .allow_network = cli->allow_network};
	struct tutela_store *store = NULL;
	char *path, why[1024] = "";
	enum tutela_err error;

	if (!locate_isa(&opts.isa))
		return NULL;
	path = locate_store(cli->store);
	if (!path)
		return NULL;
	error = tutela_store_open(path, &opts, &store, why, sizeof(why));
	if (writable && error == TUTELA_E_READONLY) {
		opts.write = false;
		error = tutela_store_open(path, &opts, &store, why, sizeof(why));
	}
	if (writable)
		*writable = opts.write;
	if (error == TUTELA_E_NOTFOUND)
		message_error(path, "no such store; 'tutela init' makes one");
	else if (error && why[0])
		message_error(strstr(why, path) ? NULL : path, "%s", why);
	else if (error)
		cli_store_error(NULL, path, error);
	free(path);
	return store;
}

struct tutela_store *cli_open_store(const struct cli *cli, bool write)
{
	return open_store(cli, write, NULL);
}

struct tutela_store *cli_open_either(const struct cli *cli, bool *writable)
{
	return open_store(cli, true, writable);
}

bool cli_open_snapshot(const struct cli *cli, struct tutela_store **store, struct tutela_snapshot **snapshot)
{
	enum tutela_err error;

	*snapshot = NULL;
	*store = cli_open_store(cli, false);
	if (!*store)
		return false;
	error = tutela_snapshot_open(*store, snapshot);
	if (error) {
		cli_store_error(*store, cli->store, error);
		tutela_store_close(*store);
		*store = NULL;
	}
	return !error;
}
