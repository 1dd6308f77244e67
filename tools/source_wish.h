/* SPDX-License-Identifier: Apache-2.0 */
/* What the options of `source add` and `source set` ask for, and whether it makes a source. */
#ifndef TUTELA_TOOLS_SOURCE_WISH_H
#define TUTELA_TOOLS_SOURCE_WISH_H

#include "cli.h"

struct source_wish {
	const struct cli *cli;
	const char *type, *url, *credentials, *country, *list, *ca, *cert, *cert_key;
	struct cli_texts keys, members;
	uint64_t threshold;
	bool threshold_given, yes;
};

/* Was any option given that describes a source? */
bool source_wishes(const struct source_wish *w);

/*
 * The source `name` as it is wished for into *s, which holds what is to stay: of a new one its type's default. Reads
 * key files, and nothing of the store. CLI_GO; else a status, with a sentence said.
 */
int source_wish_take(const struct source_wish *w, const char *name, struct tutela_source *s);

#endif
