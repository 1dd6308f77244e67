/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
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

/* ---------------------------------------------------------------- short of memory */

static long calls, fails_at; /* fails_at 0: nothing fails */

static bool fails(void)
{
	return fails_at && ++calls == fails_at;
}

/* All tests are linked with this in the place of tutela_mem_resize (tests/module.mk). */
void *__real_tutela_mem_resize(void *p, size_t n, size_t size);
void *__wrap_tutela_mem_resize(void *p, size_t n, size_t size)
{
	return fails() ? NULL : __real_tutela_mem_resize(p, n, size);
}

static void *failing(size_t n)
{
	return fails() ? NULL : malloc(n);
}

/* Every call for memory fails once, ours and jansson's: the text is written whole, or not at all. */
static void never_cut(json_t *value, size_t flags)
{
	char *want = json_dumps(value, flags);
	bool done = false;
	long short_of = 0;

	json_set_alloc_funcs(failing, free);
	for (long at = 1; !done; at++) {
		size_t len = 1;
		char *text;

		calls = 0;
		fails_at = at;
		text = tutela_json_dump(value, flags, &len);
		fails_at = 0;
		done = calls < at;
		short_of += !text;
		cr_assert(!done || text);
		cr_assert_eq(len, text ? strlen(want) : 0);
		cr_assert(!text || !strcmp(text, want), "call %ld", at);
		free(text);
	}
	json_set_alloc_funcs(malloc, free);
	cr_assert_gt(short_of, 1, "ours was never short");
	free(want);
}

/* The text grows at the name of a member, at a string, and between them. */
Test(json_dump, never_writes_less_than_the_value_when_memory_is_short)
{
	for (int len = 200; len < 1200; len += 7) {
		char name[1200];
		json_t *o;

		(void)snprintf(name, sizeof name, "%0*d", len, 1);
		o = json_pack("{s:{s:s, s:[i, s]}, s:s}", name, "a", name, name, 1, "b", "c", name);
		cr_assert(o);
		never_cut(o, JSON_COMPACT);
		never_cut(o, JSON_INDENT(1) | JSON_SORT_KEYS);
		json_decref(o);
	}
}
