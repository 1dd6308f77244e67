/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines: option tables, help, usage errors, and the exit statuses.
 *
 * A command describes its options as a table whose rows point to where the
 * values go; cli_parse fills them in, prints --help, and says what is wrong.
 * The global options may stand before or after the command.
 */
#ifndef TUTELA_TOOLS_CLI_H
#define TUTELA_TOOLS_CLI_H

#include <tutela/tutela.h>

/* Exit statuses, as ClamAV's. */
enum {
	STATUS_OK = 0,      /* nothing matched and nothing was left undetermined */
	STATUS_MATCH = 1,   /* something matched; outranks trouble */
	STATUS_TROUBLE = 2, /* something failed or stayed undetermined */
	STATUS_USAGE = 64,
};
#define CLI_GO (-1) /* not a status: carry on */

/* Values of options that may be repeated, in the order of the command line. */
struct cli_texts {
	size_t n;
	struct {
		const char *option; /* its long name: several options may share one collection */
		const char *value;
	} * items;
};

/* One row; exactly one of flag, text, number and texts says where the value goes. */
struct cli_option {
	const char *name;     /* long name without dashes; NULL ends the table */
	char letter;          /* short form or 0 */
	const char *argument; /* what it takes, for the help: "DIR"; NULL for flags */
	const char *help;
	bool *flag;
	const char **text;
	uint64_t *number;
	uint64_t least, most; /* of number */
	bool *given;          /* of number: may be NULL */
	bool optional;        /* number: the value may be left out, and then needs `=` when it is there */
	struct cli_texts *texts;
};

struct cli {
	const char *command; /* NULL before it is known */
	int argc;            /* words after the command */
	char **argv;

	/* global options */
	const char *store;
	bool json, quiet, progress, no_progress, help, version;
	bool allow_network; /* the store may be on a network file system */
	bool resident;      /* option of some commands: the store's indexes are copied into memory */

	/* what cli_parse found that is not an option */
	size_t n_args;
	char **args;
};

/* What `--help` prints around the option table. */
struct cli_page {
	const char *synopsis; /* "[OPTION]... PATH..." */
	const char *about;    /* one or more full sentences, lines ending in \n */
};

/* Global options that stand before the command; sets command, argc, argv. CLI_GO or a status. */
int cli_globals(struct cli *cli, int argc, char **argv);

/* The rest of the line. CLI_GO, STATUS_OK after --help, STATUS_USAGE after saying what is wrong. */
int cli_parse(struct cli *cli, const struct cli_page *page, const struct cli_option *options);

/* Says what is wrong with the command line, and where help is. Returns STATUS_USAGE. */
int cli_usage(const struct cli *cli, const char *subject, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Of a command with verbs: CLI_GO when no option of the table was given but `names`, which stand
 * with spaces between and around them; else STATUS_USAGE after saying which does not go with `verb`.
 */
int cli_only(const struct cli *cli, const struct cli_option *options, const char *verb, const char *names);

/* The name nearest to `word` among those that next() gives until NULL, or NULL when none is near. */
const char *cli_nearest(const char *word, const char *(*next)(void *ctx), void *ctx);

/* The table of global options, for the main help. */
void cli_print_globals(void);

/* Opens the store that the command line or the environment names; says what is wrong and returns NULL. */
struct tutela_store *cli_open_store(const struct cli *cli, bool write);

/* The same for writing when that can be, else for reading; *writable says which. */
struct tutela_store *cli_open_either(const struct cli *cli, bool *writable);

/* The same, and a snapshot of it. */
bool cli_open_snapshot(const struct cli *cli, struct tutela_store **store, struct tutela_snapshot **snapshot);

/* Says what went wrong with the store: the handle's own words when it has some. Returns STATUS_TROUBLE. */
int cli_store_error(const struct tutela_store *store, const char *subject, enum tutela_err error);

/* Frees what parsing allocated. */
void cli_free(struct cli *cli);

/* Is this a progress display's place: asked for, or stderr is a terminal and nobody said no? */
bool cli_wants_progress(const struct cli *cli);

/* Commands: one file each. They return an exit status. */
int cmd_allow(struct cli *cli);
int cmd_audit(struct cli *cli);
int cmd_check(struct cli *cli);
int cmd_dispute(struct cli *cli);
int cmd_export(struct cli *cli);
int cmd_feedback(struct cli *cli);
int cmd_hash(struct cli *cli);
int cmd_import(struct cli *cli);
int cmd_init(struct cli *cli);
int cmd_journal(struct cli *cli);
int cmd_key(struct cli *cli);
int cmd_list(struct cli *cli);
int cmd_lookup(struct cli *cli);
int cmd_report(struct cli *cli);
int cmd_publish(struct cli *cli);
int cmd_rescan(struct cli *cli);
int cmd_scan(struct cli *cli);
int cmd_source(struct cli *cli);
int cmd_stats(struct cli *cli);
int cmd_status(struct cli *cli);
int cmd_sync(struct cli *cli);
int cmd_version(struct cli *cli);
int cmd_withdraw(struct cli *cli);

#endif
