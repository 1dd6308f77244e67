/* SPDX-License-Identifier: Apache-2.0 */
/* Running the program under test: with a limit of time, a sudden death, variables of its own. */
#ifndef TESTS_CRASH_COMMAND_H
#define TESTS_CRASH_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COMMAND_WORDS 16
#define COMMAND_WORD  512

struct command {
	unsigned n;
	char words[COMMAND_WORDS][COMMAND_WORD];
};

struct outcome {
	int status; /* as waitpid gives it */
	bool killed;
	double seconds;
	char out[4096], err[4096];
};

struct command_opts {
	const char *const *env; /* "NAME=value", NULL at the end; may be NULL */
	double kill_after;      /* seconds; 0: let it end */
	/* Called while the process is stopped, before it is killed. May be NULL. */
	void (*stopped)(void *ctx);
	void *ctx;
};

/* Blocks SIGCHLD: to be called first, and once. */
void command_setup(void);

void command_add(struct command *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A process that takes longer than five minutes fails the test. */
void command_run(const struct command *c, const struct command_opts *opts, struct outcome *out);
bool command_exited(const struct outcome *o, int status);
/* "import --list main x.csv: exit status 2" for messages; static until the next call. */
const char *command_text(const struct command *c, const struct outcome *o);

/* Prints a sentence and ends the test. */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

double seconds_now(void);

/* Files. A failure ends the test. */
void scratch_make(char path[64]);
void scratch_remove(const char *path);
void folder_copy(const char *from, const char *to);

#endif
