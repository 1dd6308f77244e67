/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a JSON object from memory: the one place where hashdb calls jansson's parser.
 *
 * jansson (2.14, src/load.c and src/strbuffer.c) collects each token in a buffer and does not look whether that could
 * grow: short of memory, bytes of a string are missing from what it gives, without a word, or its end is and more is
 * read than there is. So the buffer is made to grow before anything of the text is in it, and it is looked whether it
 * did; and nothing is called broken before memory was seen to be there.
 *
 * Not promised: that memory which another thread takes in just that moment is seen to be short.
 */
#ifndef TUTELA_EXCHANGE_JSON_LOAD_H
#define TUTELA_EXCHANGE_JSON_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>
#include <tutela/error.h>

/*
 * Where a text stops being JSON, both from 1; column 0: before the first character of a line. What stands behind a
 * whole object may be passed over as far as it looks like a list of values. Line 0: the text is JSON, but no object.
 */
struct json_place {
	int line, column;
	bool twice; /* what is wrong there is a key that the object has already */
};

/*
 * `flags` as for json_loadb, among them JSON_REJECT_DUPLICATES. *out: to be given back with json_decref; NULL after a
 * failure. `where` may be NULL, and is set with TUTELA_E_FORMAT. What jansson says of an error quotes the text, which
 * may be secret: it is not passed on.
 *
 * TUTELA_E_FORMAT, TUTELA_E_NOMEM. Any thread; takes up to six times the longest string of the text beside the result.
 */
enum tutela_err tutela_json_load(const char *text, size_t len, size_t flags, json_t **out, struct json_place *where);

#endif
