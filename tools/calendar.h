/* SPDX-License-Identifier: Apache-2.0 */
/* Days and moments as the command line names them, in UTC. */
#ifndef TUTELA_TOOLS_CALENDAR_H
#define TUTELA_TOOLS_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

/*
 * YYYY-MM-DD, which is the first second of that day, or with `last` its last
 * one; or YYYY-MM-DDThh:mm:ss, with or without Z. In seconds since 1970. False,
 * with *out 0, when it is neither, before 1970, or no day of the calendar.
 */
bool calendar_parse(const char *text, bool last, int64_t *out);

#endif
