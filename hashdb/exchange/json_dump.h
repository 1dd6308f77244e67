/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON value as text: the one place where hashdb calls jansson's writer.
 *
 * jansson (2.14, src/dump.c) does not look whether the name of an object's member could be written: short of memory,
 * json_dumps gives a text without it, and no error.
 */
#ifndef TUTELA_EXCHANGE_JSON_DUMP_H
#define TUTELA_EXCHANGE_JSON_DUMP_H

#include <stddef.h>

#include <jansson.h>

/*
 * `flags` as for json_dumps. A malloc'd text with a zero behind it, and its length when `len` is not NULL; NULL when
 * memory is short or the value cannot be written, NULL itself among them. Any thread, as long as nobody changes the
 * value.
 */
char *tutela_json_dump(const json_t *value, size_t flags, size_t *len);

#endif
