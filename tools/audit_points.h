/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints of the audit log: made, signed, written; read, their signatures verified. */
#ifndef TUTELA_TOOLS_AUDIT_POINTS_H
#define TUTELA_TOOLS_AUDIT_POINTS_H

#include "cli.h"

/* What the command line says. */
struct audit_words {
	const struct cli *cli;
	const char *since, *list, *out, *export, *passphrase, *reason;
	struct cli_texts checkpoints, keys, excepts;
	bool yes;
};

struct audit_points {
	struct tutela_audit_checkpoint *items;
	size_t n;
};

/* All that --checkpoint names; false after saying which does not hold, and why. The caller frees items. */
bool audit_points_read(const struct audit_words *w, struct audit_points *out);

/* The command's `checkpoint`. An exit status. */
int audit_checkpoint(const struct audit_words *w);

/* The command's `verify` and `repair`. An exit status. */
int audit_verify(const struct audit_words *w);
int audit_repair(const struct audit_words *w);

/* The command's `affected`. An exit status. */
int audit_affected(const struct audit_words *w);

#endif
