/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation for programs: an end with a sentence and exit status 2 instead of a NULL. */
#ifndef TUTELA_TOOLS_MEMORY_H
#define TUTELA_TOOLS_MEMORY_H

#include <stddef.h>
#include <stdio.h>

void *memory_must(void *p);                /* p itself; NULL is short memory */
void *memory_array(size_t n, size_t size); /* zeroed */
void *memory_resize(void *p, size_t n, size_t size);
/* What json_set_alloc_funcs wants. jansson loses bytes of what it reads when memory is short: here it never is. */
void *memory_for_json(size_t n);
char *memory_text(const char *s);
char *memory_copy(const void *p, size_t len); /* and a NUL behind it */

/* open_memstream, and fclose of such a stream: the text is whole then. */
FILE *memory_stream(char **text, size_t *len);
void memory_stream_end(FILE *f, char **text);

/* printf into a fresh string. */
char *memory_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
