/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/json_load.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/*
 * What jansson reads is an array of two: a string longer than any token of the text, and the text. Where that string
 * comes out whole, the buffer is large enough for all that follows.
 */
enum { HEAD, PAD, COMMA, TEXT, TAIL, PARTS };

struct source {
	struct {
		const char *s; /* NULL: `len` times the same letter */
		size_t len;
	} parts[PARTS];
	size_t part, at;
};

#define LINES_BEFORE 1 /* line feeds in front of the text */

static size_t give(void *buffer, size_t room, void *data)
{
	struct source *from = data;
	size_t n = 0;

	while (from->part < PARTS && n < room) {
		const char *s = from->parts[from->part].s;
		size_t left = from->parts[from->part].len - from->at, k = left < room - n ? left : room - n;

		if (s)
			memcpy((char *)buffer + n, s + from->at, k);
		else
			memset((char *)buffer + n, 'x', k);
		n += k;
		from->at += k;
		if (k == left) {
			from->part++;
			from->at = 0;
		}
	}
	return n;
}

/* No token is longer than this: the most from one quotation mark to the next, those that are escaped aside. */
static size_t longest_token(const char *text, size_t len)
{
	size_t begin = 0, most = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\') {
			i++;
		} else if (text[i] == '"') {
			most = i - begin > most ? i - begin : most;
			begin = i;
		}
	}
	return (len - begin > most ? len - begin : most) + 1;
}

/*
 * The buffer doubles from a power of two. It may not be at its end with the closing mark of the pad, since where that
 * one is lost, jansson reads on behind the buffer.
 */
static size_t pad_for(size_t longest)
{
	size_t pad = longest + 16;

	return ((pad + 2) & (pad + 1)) ? pad : pad + 1;
}

static struct json_place end_of(const char *text, size_t len)
{
	struct json_place end = {1, 0, false};

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			end = (struct json_place){end.line + 1, 0, false};
		else
			end.column += ((unsigned char)text[i] & 0xc0) != 0x80;
	}
	return end;
}

/* jansson's place is in what it was given. */
static struct json_place place_of(const json_error_t *error, const char *text, size_t len, size_t before)
{
	if (error->line < 1 || error->position < 0 || (size_t)error->position > before + len)
		return end_of(text, len);
	return (struct json_place){error->line - LINES_BEFORE, error->column,
				   json_error_code(error) == json_error_duplicate_key};
}

static bool is_shortage(const json_error_t *error)
{
	enum json_error_code code = json_error_code(error);

	return code == json_error_unknown || code == json_error_out_of_memory;
}

static enum tutela_err parse(const char *text, size_t len, size_t flags, json_t **out, struct json_place *where)
{
	size_t pad = pad_for(longest_token(text, len));
	struct source from = {.parts = {{"[\"", 2}, {NULL, pad}, {"\",\n", 3}, {text, len}, {"\n]", 2}}};
	json_error_t error = {0}; /* its code stays 0 where jansson says nothing, which is when memory was short */
	void *reserve = tutela_mem_array(4, pad);
	json_t *both;
	bool none;

	free(reserve);
	if (!reserve)
		return TUTELA_E_NOMEM;
	both = json_load_callback(give, &from, flags, &error);
	none = !both;
	if (both && json_string_length(json_array_get(both, 0)) != pad) {
		json_decref(both);
		return TUTELA_E_NOMEM;
	}
	if (json_array_size(both) == 2)
		*out = json_incref(json_array_get(both, 1));
	json_decref(both);
	if (*out)
		return TUTELA_OK;
	*where = place_of(&error, text, len, pad + 5);
	return none && is_shortage(&error) ? TUTELA_E_NOMEM : TUTELA_E_FORMAT;
}

enum tutela_err tutela_json_load(const char *text, size_t len, size_t flags, json_t **out, struct json_place *where)
{
	struct json_place place = {0};
	enum tutela_err err;

	*out = NULL;
	err = parse(text, len, flags, out, &place);
	/* A string that found no memory is an invalid token to jansson: look again before it is called broken. */
	if (err == TUTELA_E_FORMAT)
		err = parse(text, len, flags, out, &place);
	if (!err && !json_is_object(*out)) {
		json_decref(*out);
		*out = NULL;
		place = (struct json_place){0};
		err = TUTELA_E_FORMAT;
	}
	if (where)
		*where = err == TUTELA_E_FORMAT ? place : (struct json_place){0};
	return err;
}
