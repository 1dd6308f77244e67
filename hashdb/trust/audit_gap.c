/* SPDX-License-Identifier: Apache-2.0 */
/* What a record "audit-repair" says of a gap. */
#include <stdio.h>
#include <string.h>

#include "trust/audit_chain.h"

#define HEX_LEN ((size_t)2 * TUTELA_AUDIT_HEAD_LEN)

static json_t *hex_json(const uint8_t *bytes)
{
	char hex[HEX_LEN + 1];

	for (size_t i = 0; i < TUTELA_AUDIT_HEAD_LEN; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	return json_string(hex);
}

json_t *tutela_audit_gap_json(const struct audit_gap *g)
{
	return json_pack("{s:I, s:I, s:o, s:I, s:o, s:s}", "first", (json_int_t)g->told.first, "last",
			 (json_int_t)g->told.last, "sha256", g->stands ? hex_json(g->digest) : json_null(), "before",
			 (json_int_t)g->before, "before_sha256", hex_json(g->head_before), "why", g->told.reason);
}

static bool number_is(const json_t *o, const char *key, uint64_t n)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) && json_integer_value(v) >= 0 && (uint64_t)json_integer_value(v) == n;
}

static bool hex_is(const json_t *said, const uint8_t *bytes)
{
	json_t *expected = hex_json(bytes);
	bool same = expected && json_equal(said, expected);

	json_decref(expected);
	return same;
}

bool tutela_audit_gap_is(const struct audit_gap *g, const json_t *said)
{
	const json_t *sha = json_object_get(said, "sha256");

	return number_is(said, "first", g->told.first) && number_is(said, "last", g->told.last) &&
	       number_is(said, "before", g->before) && hex_is(json_object_get(said, "before_sha256"), g->head_before) &&
	       (g->stands ? hex_is(sha, g->digest) : json_is_null(sha));
}
