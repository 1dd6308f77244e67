/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "exchange/json_load.h"

static struct json_place broken(const char *text)
{
	struct json_place where = {-1, -1, false};
	json_t *o = json_true();

	cr_assert_eq(tutela_json_load(text, strlen(text), JSON_REJECT_DUPLICATES, &o, &where), TUTELA_E_FORMAT, "%s",
		     text);
	cr_assert_null(o);
	return where;
}

static void breaks_at(const char *text, int line, int column)
{
	struct json_place where = broken(text);

	cr_assert(where.line == line && where.column == column, "%s: line %d, column %d", text, where.line,
		  where.column);
}

Test(json_load, says_where_a_text_stops_being_json)
{
	breaks_at("", 1, 0);
	breaks_at("{\"a\":[", 1, 6);
	breaks_at("{\"a\":1,\n \"b\" 2}", 2, 6);
	breaks_at("{\"\xc3\xa4\":1\n,\n", 3, 0);
	breaks_at("\x01{}", 1, 1);
}

Test(json_load, tells_a_key_twice_from_what_is_no_json)
{
	cr_assert(broken("{\"a\":1,\"a\":2}").twice);
	cr_assert_not(broken("{\"a\":1,\"b\" 2}").twice);
}

Test(json_load, takes_one_object_and_nothing_beside_it)
{
	static const char *const texts[] = {"{},{}", "{}]", "{}] [",  "{}],[{}",           "{}\"",   "{} {}",
					    "],{}",  "{},", ",{}",    "{\"a\":1,\"a\":2}", "{\"a\\", "{\"a\":\"\\\"}",
					    "\"",    "[",   "{\"\xc3"};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		cr_assert_gt(broken(texts[i]).line, 0, "%s", texts[i]);
}

Test(json_load, tells_another_value_from_a_broken_one)
{
	static const char *const texts[] = {"[]", "[{}]", "1", "\"{}\"", "null"};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		cr_assert_eq(broken(texts[i]).line, 0, "%s", texts[i]);
}

/* Strings of every length about the sizes that a buffer may have, with escapes and without. */
static char *long_text(void)
{
	static char text[65536];
	size_t n = 0;

	n += (size_t)snprintf(text, sizeof text, "{\"n\":-1.5e3,\"esc\":\"\\\\\\\"\\u00e4\\ud83d\\ude00\"");
	for (int len = 1; len < 140; len++)
		n += (size_t)snprintf(text + n, sizeof text - n, ",\n\"k%0*d\":[\"%0*d\",%d]", len, 7, len, len, len);
	(void)snprintf(text + n, sizeof text - n, "}\n");
	return text;
}

static void equals(const char *text)
{
	json_t *want = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *o;

	cr_assert_not_null(want);
	cr_assert_eq(tutela_json_load(text, strlen(text), JSON_REJECT_DUPLICATES, &o, NULL), TUTELA_OK);
	cr_assert(json_equal(o, want));
	json_decref(o);
	json_decref(want);
}

Test(json_load, gives_what_is_in_the_text)
{
	char text[400];

	equals("{}");
	equals(" {\"a\":{\"b\":[1,2.5,true,false,null,\"\"]}}\n");
	equals(long_text());
	for (int len = 1; len < 140; len++) {
		(void)snprintf(text, sizeof text, "{\"%0*d\":\"%0*d\"}", len, 1, len, 2);
		equals(text);
	}
}

/* ---------------------------------------------------------------- short of memory */

static long calls, fails_at;

/* Exactly as long as asked for, so that what is read behind it is seen by what watches memory. */
static void *failing(size_t n)
{
	return ++calls == fails_at ? NULL : malloc(n);
}

/* Every call for memory fails once: the text is given whole, or there was no memory. */
static void never_cut(const char *text, bool is_broken)
{
	json_t *want = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *o;
	bool done = false;
	long short_of = 0;

	cr_assert_eq(!want, is_broken);
	json_set_alloc_funcs(failing, free);
	for (fails_at = 1; !done; fails_at++) {
		enum tutela_err err;

		calls = 0;
		err = tutela_json_load(text, strlen(text), JSON_REJECT_DUPLICATES, &o, NULL);
		done = calls < fails_at;
		if (err == TUTELA_E_NOMEM) {
			cr_assert_null(o);
			short_of++;
			continue;
		}
		cr_assert_eq(err, is_broken ? TUTELA_E_FORMAT : TUTELA_OK, "call %ld: %d", fails_at, err);
		cr_assert(is_broken || json_equal(o, want), "call %ld", fails_at);
		json_decref(o);
	}
	cr_assert_gt(short_of, 0);
	json_set_alloc_funcs(malloc, free);
	json_decref(want);
}

Test(json_load, never_gives_less_than_the_text_when_memory_is_short)
{
	char text[400];

	never_cut(long_text(), false);
	for (int len = 1; len < 140; len++) {
		(void)snprintf(text, sizeof text, "{\"%0*d\":\"%0*d\"}", len, 1, len, 2);
		never_cut(text, false);
	}
}

Test(json_load, calls_nothing_broken_that_is_not)
{
	never_cut("{\"a\":\"0123456789abcdef0123456789abcdef\" 1}", true);
	never_cut("{\"0123456789abcdef0123456789abcdef\":[1,2,", true);
}

static void *none(size_t n)
{
	(void)n;
	return NULL;
}

Test(json_load, says_that_there_is_no_memory_at_all)
{
	json_t *o;

	json_set_alloc_funcs(none, free);
	cr_assert_eq(tutela_json_load("{}", 2, 0, &o, NULL), TUTELA_E_NOMEM);
	cr_assert_null(o);
}
