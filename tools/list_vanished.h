/* SPDX-License-Identifier: Apache-2.0 */
/* `tutela list vanished`: what lists that replaced this one did not hold any more. */
#ifndef TUTELA_TOOLS_LIST_VANISHED_H
#define TUTELA_TOOLS_LIST_VANISHED_H

#include "cli.h"

/* Those that versions after `since` lacked; in order of arrival. Returns an exit status. */
int list_vanished(const struct cli *cli, const char *list, uint64_t since);

#endif
