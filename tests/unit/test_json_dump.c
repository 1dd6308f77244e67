/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "exchange/json_dump.h"

static json_t *sample(void)
{
	return json_pack("{s:s, s:i, s:[i, b, n], s:{s:s}}", "type", "audit", "number", 2, "rows", 1, 1, "\"quoted\"",
			 "r\xc3\xa4ume", "");
}

Test(json_dump, writes_what_jansson_writes)
{
	json_t *o = sample(), *long_string = json_object(), *back;
	size_t len, room = (size_t)1 << 20;
	char *text = tutela_json_dump(o, JSON_COMPACT, &len), *want = json_dumps(o, JSON_COMPACT);

	cr_assert_str_eq(text, want);
	cr_assert_eq(len, strlen(want));
	free(text);
	free(want);
	json_decref(o);

	text = calloc(room + 1, 1);
	memset(text, 'x', room);
	cr_assert_eq(json_object_set_new(long_string, "long", json_string(text)), 0);
	free(text);
	text = tutela_json_dump(long_string, JSON_INDENT(1), NULL);
	back = json_loads(text, 0, NULL);
	cr_assert(json_equal(back, long_string));
	free(text);
	json_decref(back);
	json_decref(long_string);
}

Test(json_dump, refuses_what_is_no_value)
{
	json_t *n = json_integer(1);
	size_t len = 1;

	cr_assert_null(tutela_json_dump(NULL, 0, &len));
	cr_assert_eq(len, 0);
	/* Not without JSON_ENCODE_ANY. */
	cr_assert_null(tutela_json_dump(n, 0, NULL));
	json_decref(n);
}
