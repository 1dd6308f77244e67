/* SPDX-License-Identifier: Apache-2.0 */
/* tutela COMMAND: find known pictures by their hashes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "interrupt.h"
#include "memory.h"
#include "output.h"

struct command {
	const char *name;
	int (*run)(struct cli *cli);
	const char *does;
};

static const struct command commands[] = {
	{"init", cmd_init, "create a store"},
	{"list", cmd_list, "show lists, change their policy, remove them"},
	{"import", cmd_import, "put the entries of a file into a list"},
	{"export", cmd_export, "write the entries of a list"},
	{"withdraw", cmd_withdraw, "make entries stop matching"},
	{"dispute", cmd_dispute, "make entries stop matching here, whatever their source says"},
	{"allow", cmd_allow, "name a file or hash that is not to be reported"},
	{"hash", cmd_hash, "print the fingerprints of files"},
	{"lookup", cmd_lookup, "ask the store for hashes"},
	{"scan", cmd_scan, "compare files and folders with the store"},
	{"source", cmd_source, "pin and manage the sources of lists"},
	{"sync", cmd_sync, "fetch what the sources have issued"},
	{"feedback", cmd_feedback, "tell a source what is thought of an entry"},
	{"report", cmd_report, "make a report from the results of a scan"},
	{"key", cmd_key, "make and show keys that lists are signed with"},
	{"publish", cmd_publish, "issue lists as a signed bundle"},
	{"rescan", cmd_rescan, "match what past scans recorded with the lists of today"},
	{"journal", cmd_journal, "say what past scans recorded, delete what is old"},
	{"status", cmd_status, "say what the store holds"},
	{"stats", cmd_stats, "count entries and past hits, by list, category, algorithm, age, day"},
	{"audit", cmd_audit, "show the audit log, prove that it is whole"},
	{"check", cmd_check, "prove that the store is whole and its index exact"},
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const char *next_command(void *ctx)
{
	size_t *i = ctx;

	return *i < N_COMMANDS ? commands[(*i)++].name : NULL;
}

static int help(void)
{
	printf("usage: tutela [OPTION]... COMMAND [ARGUMENT]...\n\n"
	       "Finds known pictures by their hashes.\n\ncommands:\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		printf("  %-10s %s\n", commands[i].name, commands[i].does);
	printf("  %-10s %s\n\nglobal options, before or after the command:\n", "help", "the help of a command");
	cli_print_globals();
	printf("\nexit status: 0 nothing matched and nothing was left undetermined; 1 something matched;\n"
	       "2 something failed or stayed undetermined (a match outranks it); 64 usage\n");
	return STATUS_OK;
}

static int unknown(struct cli *cli)
{
	const char *word = cli->command, *near;
	size_t i = 0;

	near = cli_nearest(word, next_command, &i);
	cli->command = NULL;
	if (near)
		return cli_usage(cli, word, "no such command; did you mean '%s'?", near);
	return cli_usage(cli, word, "no such command");
}

static int dispatch(struct cli *cli)
{
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strcmp(cli->command, commands[i].name) == 0)
			return commands[i].run(cli);
	}
	return unknown(cli);
}

/* Of `help` itself, which has no options, the help is that of the program. */
static bool is_help(const char *word)
{
	return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int run(struct cli *cli, int argc, char **argv)
{
	int status = cli_globals(cli, argc, argv);

	if (status != CLI_GO)
		return status;
	if (cli->command && strcmp(cli->command, "help") == 0) {
		cli->help = true;
		cli->command = cli->argc && !is_help(cli->argv[0]) ? cli->argv[0] : NULL;
		cli->argc = 0;
	}
	if (cli->version)
		return cmd_version(cli);
	if (cli->command)
		return dispatch(cli);
	return cli->help ? help() : cli_usage(cli, NULL, "which command?");
}

static bool ended; /* main() has said how it went */

/*
 * The OpenMP runtime calls exit(1) when it gets no memory or no thread, having
 * printed why; 1 is what "something matched" is called here.
 */
static void guard_status(int status, void *unused)
{
	(void)unused;
	if (!ended && status == STATUS_MATCH)
		_exit(STATUS_TROUBLE);
}

int main(int argc, char **argv)
{
	struct cli cli = {0};
	int status;

	(void)on_exit(guard_status, NULL);
	output_setup();
	interrupt_setup();
	json_set_alloc_funcs(memory_for_json, free);
	json_object_seed(0); /* before any thread */
	status = run(&cli, argc, argv);
	cli_free(&cli);
	status = output_finish(status);
	ended = true;
	return status;
}
