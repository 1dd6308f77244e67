/* SPDX-License-Identifier: Apache-2.0 */
/* Which exchange format a file has, by its name; and what is known of a format. */
#ifndef TUTELA_TOOLS_LIST_FORMAT_H
#define TUTELA_TOOLS_LIST_FORMAT_H

#include <tutela/tutela.h>

/* The name of a format that can be read; "text" when the name of the file says nothing. Static. */
const char *list_format_of(const char *path);

/* TUTELA_FORMAT_* bits of a format; 0: there is none of this name. */
unsigned list_format_can(const char *format);

/* "text, csv, ...": all that have this bit, allocated. */
char *list_format_names(unsigned can);

#endif
