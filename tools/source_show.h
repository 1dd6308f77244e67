/* SPDX-License-Identifier: Apache-2.0 */
/* Sources as `tutela source` prints them. */
#ifndef TUTELA_TOOLS_SOURCE_SHOW_H
#define TUTELA_TOOLS_SOURCE_SHOW_H

#include "cli.h"

/* All sources in a table, or the one called `name` with all that is known of it. An exit status. */
int source_show(const struct cli *cli, const char *name);

/* Says what went wrong with the source called `name`. Returns STATUS_TROUBLE. */
int source_say_error(const struct tutela_store *store, const char *name, enum tutela_err error);

#endif
