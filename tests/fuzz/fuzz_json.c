/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON that the program writes for bytes of any kind (names of files, ids,
 * lines): one line, read back by jansson without a complaint, and the exact
 * bytes can be had from it. And the same bytes made fit for a terminal.
 */
#include <ctype.h>

#include "base/utf8.h"
#include "fuzz.h"
#include "output.h"
#include "printable.h"

/* What output.c calls beside itself; nothing is printed here. */
void message_hold(void);
void message_release(void);
void message_error(const char *subject, const char *format, ...);

void message_hold(void) {}

void message_release(void) {}

void message_error(const char *subject, const char *format, ...)
{
	(void)subject;
	(void)format;
	abort();
}

static void check_json(const char *s, size_t len)
{
	json_t *object = json_object(), *back;
	json_error_t error;
	const json_t *text, *bytes;
	size_t line_len;
	char *line, *hex;

	json_object_set_new(object, "type", json_string("file"));
	output_set_bytes(object, "path", s, len);
	line = output_json_text(object, &line_len);
	require(line_len >= 2 && line[line_len - 1] == '\n' && !memchr(line, '\n', line_len - 1));
	back = json_loadb(line, line_len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	require(back != NULL);
	text = json_object_get(back, "path");
	bytes = json_object_get(back, "path_bytes");
	require(json_is_string(text) && !printable_is_utf8(s, len) == !!bytes);
	hex = printable_hex(s, len);
	if (bytes)
		require(!strcmp(hex, json_string_value(bytes)));
	else
		require(json_string_length(text) == len && (!len || !memcmp(json_string_value(text), s, len)));
	free(hex);
	json_decref(back);
	free(line);
}

/* Valid UTF-8 in which nothing moves a cursor. */
static void check_terminal(char *shown)
{
	size_t len = strlen(shown);

	require(tutela_utf8_valid(shown, len));
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)shown[i];

		require(c >= 0x20 && c != 0x7f);
		require(c != 0xc2 || (unsigned char)shown[i + 1] >= 0xa0);
	}
	free(shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *exact = (char *)exact_copy(data, size), *text = calloc(size + 1, 1);

	require(text != NULL);
	check_json(exact, size);
	check_terminal(printable_name(exact, size));
	memcpy(text, exact, size);
	check_terminal(printable_quoted(text));
	check_terminal(printable_sentence(text));
	free(exact);
	free(text);
	return 0;
}
