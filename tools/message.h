/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sentences for people, on stderr: `tutela: "SUBJECT": what is wrong`, and
 * the one live line that a terminal shows below them. May be called from any
 * thread.
 */
#ifndef TUTELA_TOOLS_MESSAGE_H
#define TUTELA_TOOLS_MESSAGE_H

#include <stdbool.h>

/* `subject` (a path, an option, a list; may be NULL) comes first, in quotes, made printable. */
void message_error(const char *subject, const char *format, ...) __attribute__((format(printf, 2, 3)));
void message_warning(const char *subject, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Remarks that -q suppresses; no prefix. */
void message_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void message_quiet(bool quiet);

/* Shows `line` as the live line in place of the one before; NULL erases it. */
void message_live(const char *line);

/* While held, nobody else writes to the terminal and the live line is away. */
void message_hold(void);
void message_release(void);

#endif
