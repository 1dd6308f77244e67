/* SPDX-License-Identifier: Apache-2.0 */
/* JSON objects read by json_load and by jansson alone: the same value, or both refuse it and say the same place. */
#include "exchange/json_load.h"
#include "fuzz.h"

/* Near jansson's bound, which is one level less for what is read as a part of something else. */
static bool is_deep(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '[' || text[i] == '{';
	return n >= 2047;
}

/*
 * jansson alone looks no further where a text does not begin as an array or object, nor where one that is whole is
 * followed by more; and it may miss something at a place behind the text. It
 * loses count of NULs.
 */
static bool same_place(const json_error_t *error, const char *text, size_t len)
{
	return len && memchr("[{", *text, 2) && !memchr(text, 0, len) &&
	       json_error_code(error) != json_error_end_of_input_expected && error->position >= 0 &&
	       (size_t)error->position < len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t flags = size && data[0] & 1 ? JSON_REJECT_DUPLICATES : 0, len = size - (size > 0);
	const char *text = (const char *)data + (size > 0);
	json_error_t error = {0};
	json_t *want = json_loadb(text, len, flags, &error), *o;
	struct json_place where;
	enum tutela_err err = tutela_json_load(text, len, flags, &o, &where);

	if (!is_deep(text, len)) {
		require(err == (json_is_object(want) ? TUTELA_OK : TUTELA_E_FORMAT));
		require(json_is_object(want) ? json_equal(o, want) : !o);
		/* Line 0: a value of another kind. */
		require(where.line >= 0 && where.column >= 0 && !(want && where.line));
		if (same_place(&error, text, len) && !want && where.line)
			require(where.line == error.line && where.column == error.column);
	}
	json_decref(o);
	json_decref(want);
	return 0;
}
