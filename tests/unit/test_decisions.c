/* SPDX-License-Identifier: Apache-2.0 */
#define VALUE_MAX 32768
#include "audit_rows.h"

#include <jansson.h>

#include "store/decisions.h"

/* Records "decision" of a store, as JSON. */
static json_t *decisions_of(const char *path)
{
	static struct rows rows;
	json_t *out = json_array();

	rows_read(path, &rows);
	for (size_t i = 0; i < rows.n; i++) {
		json_t *o = json_loadb((const char *)rows.row[i].value, rows.row[i].len - SEAL_LEN, 0, NULL);

		cr_assert_not_null(o);
		if (!strcmp(json_string_value(json_object_get(o, "action")), "decision"))
			json_array_append(out, o);
		json_decref(o);
	}
	return out;
}

static const char *said(json_t *record, const char *key)
{
	return json_string_value(json_object_get(json_object_get(record, "detail"), key));
}

static size_t n_entries(json_t *record)
{
	return json_array_size(json_object_get(json_object_get(record, "detail"), "entries"));
}

static void decide(struct tutela_update *u, const char *kind, enum tutela_status status, const char *id,
		   const char *reason)
{
	OK(tutela_decision_add(u, kind, status, text(id), text(reason)));
}

Test(decisions, the_same_decision_shares_a_record)
{
	char path[64];
	struct tutela_store *s = store_make(path);
	struct tutela_update *u = update_on(s, "a", TUTELA_MERGE);
	json_t *all;

	decide(u, "local", TUTELA_DISPUTED, "e1", "a landscape");
	decide(u, "local", TUTELA_DISPUTED, "e2", "a landscape");
	decide(u, "local", TUTELA_DISPUTED, "e3", "a portrait");
	decide(u, "local", TUTELA_WITHDRAWN, "e4", "a portrait");
	decide(u, "issued", TUTELA_WITHDRAWN, "e5", "a portrait");
	decide(u, "local", TUTELA_DISPUTED, "e6", "a landscape");
	commit(s, u);
	tutela_store_close(s);
	all = decisions_of(path);
	cr_assert_eq(json_array_size(all), 5);
	cr_assert_eq(n_entries(json_array_get(all, 0)), 2);
	cr_assert_str_eq(said(json_array_get(all, 0), "reason"), "a landscape");
	cr_assert_str_eq(said(json_array_get(all, 1), "reason"), "a portrait");
	cr_assert_str_eq(said(json_array_get(all, 2), "status"), "withdrawn");
	cr_assert_str_eq(said(json_array_get(all, 3), "decision"), "issued");
	cr_assert_str_eq(json_string_value(json_object_get(json_array_get(all, 4), "list")), "a");
	json_decref(all);
	scratch_remove(path);
}

/* However many there are and whatever is in them, each record fits; none is lost, and order is kept. */
Test(decisions, many_are_told_in_several_records)
{
	struct tutela_audit_verdict verdict;
	char path[64], id[TUTELA_ENTRY_ID_MAX + 1], reason[TUTELA_TEXT_MAX + 1];
	struct tutela_store *s = store_make(path);
	struct tutela_update *u = update_on(s, "a", TUTELA_MERGE);
	unsigned next = 0;
	json_t *all, *o, *entry;
	size_t i, k;

	memset(reason, '"', sizeof reason - 1);
	reason[sizeof reason - 1] = '\0';
	for (unsigned n = 0; n < 60; n++) {
		memset(id, 1, sizeof id - 1);
		id[sizeof id - 1] = '\0';
		snprintf(id, 8, "%07u", n);
		id[7] = '\\';
		OK(tutela_decision_add(u, "local", TUTELA_DISPUTED, (struct tutela_text){id, 200}, text(reason)));
	}
	commit(s, u);
	tutela_store_close(s);
	all = decisions_of(path);
	cr_assert_gt(json_array_size(all), 2);
	json_array_foreach(all, i, o)
		json_array_foreach(json_object_get(json_object_get(o, "detail"), "entries"), k, entry)
			cr_assert_eq((unsigned)atoi(json_string_value(entry)), next++);
	cr_assert_eq(next, 60);
	json_decref(all);
	cr_assert_eq(log_verify(path, NULL, 0, &verdict), 0, "%s", verdict.reason);
	scratch_remove(path);
}

Test(decisions, an_update_that_is_given_up_tells_nothing)
{
	char path[64];
	struct tutela_store *s = store_make(path);
	struct tutela_update *u = update_on(s, "a", TUTELA_MERGE);
	json_t *all;

	decide(u, "local", TUTELA_DISPUTED, "e1", "");
	tutela_update_abort(u);
	tutela_store_close(s);
	all = decisions_of(path);
	cr_assert_eq(json_array_size(all), 0);
	json_decref(all);
	scratch_remove(path);
}
