/* SPDX-License-Identifier: Apache-2.0 */
#include "audit_rows.h"

#include <jansson.h>

#include "store/audit_log.h"

#define RECORDS 6

static struct tutela_audit_verdict verdict;
static struct rows rows;

static void flip(const char *path, size_t number, uint8_t mask)
{
	rows_read(path, &rows);
	rows.row[number - 1].value[20] ^= mask;
	rows_write(path, &rows);
}

static void damage(const char *path, size_t number)
{
	flip(path, number, 1);
}

/* Another time, sealed by somebody who knows how. */
static void edit(struct row *r)
{
	char *at = strstr((char *)r->value, "\"time\":\"2");

	cr_assert_not_null(at);
	at[8] = '3';
	row_seal(r);
}

static struct tutela_store *damaged(char path[64], size_t number)
{
	struct tutela_store *s = log_make(path, RECORDS - 1);

	tutela_store_close(s);
	damage(path, number);
	return store_open(path, true);
}

static void expect_gap(size_t i, uint64_t first, uint64_t last, uint64_t repaired)
{
	cr_assert_gt(verdict.n_gaps, i);
	cr_assert_eq(verdict.gaps[i].first, first);
	cr_assert_eq(verdict.gaps[i].last, last);
	cr_assert_eq(verdict.gaps[i].repaired, repaired);
	cr_assert_gt(strlen(verdict.gaps[i].reason), 10);
}

Test(audit_repair, a_store_whose_newest_record_is_damaged_takes_changes_again)
{
	struct rows before;
	uint64_t number;
	char path[64];
	struct tutela_store *s = damaged(path, RECORDS);

	before = rows;
	FAILS(tutela_audit_note(s, "scan-start", NULL), TUTELA_E_CORRUPT);
	OK(tutela_audit_repair(s, "the disk was replaced", &number, &verdict));
	cr_assert_eq(number, RECORDS + 1);
	cr_assert_eq(verdict.bad, RECORDS);
	OK(tutela_audit_note(s, "scan-start", NULL));
	put_one(s, "a", record_of("e1", hash_of(TUTELA_ALG_PDQ, 1)));
	FAILS(tutela_audit_repair(s, NULL, &number, &verdict), TUTELA_E_NOTFOUND);
	cr_assert_eq(number, 0);
	tutela_store_close(s);
	cr_assert_eq(log_verify(path, NULL, 0, &verdict), 0, "%s", verdict.reason);
	cr_assert_eq(verdict.n_gaps, 1);
	cr_assert_eq(verdict.records, RECORDS + 3);
	expect_gap(0, RECORDS, RECORDS, RECORDS + 1);
	/* What stood there stands there. */
	rows_read(path, &rows);
	cr_assert_eq(rows.row[RECORDS - 1].len, before.row[RECORDS - 1].len);
	cr_assert_eq(memcmp(rows.row[RECORDS - 1].value, before.row[RECORDS - 1].value, rows.row[RECORDS - 1].len), 0);
	scratch_remove(path);
}

Test(audit_repair, the_record_says_what_was_found)
{
	uint64_t number;
	char path[64];
	struct tutela_store *s = damaged(path, 3);
	json_t *o, *gap;

	OK(tutela_audit_repair(s, "a \xff b", &number, &verdict));
	tutela_store_close(s);
	rows_read(path, &rows);
	o = json_loadb((const char *)rows.row[RECORDS].value, rows.row[RECORDS].len - SEAL_LEN, 0, NULL);
	cr_assert_str_eq(json_string_value(json_object_get(o, "action")), "audit-repair");
	cr_assert_eq(json_string_length(json_object_get(o, "store")), 36);
	cr_assert(strstr(json_string_value(json_object_get(json_object_get(o, "detail"), "reason")), "a "));
	gap = json_array_get(json_object_get(json_object_get(o, "detail"), "gaps"), 0);
	cr_assert_eq(json_integer_value(json_object_get(gap, "first")), 3);
	cr_assert_eq(json_integer_value(json_object_get(gap, "before")), 2);
	cr_assert_eq(json_string_length(json_object_get(gap, "sha256")), 64);
	cr_assert_eq(json_string_length(json_object_get(gap, "before_sha256")), 64);
	cr_assert(strstr(json_string_value(json_object_get(gap, "why")), "checksum"));
	json_decref(o);
	scratch_remove(path);
}

/* Every record; damaged, removed, or edited by somebody who knows the seal. */
Test(audit_repair, every_kind_of_damage_can_be_owned_up_to, .timeout = 120)
{
	uint64_t number;
	char path[64];

	for (size_t i = 1; i <= RECORDS; i++)
		for (unsigned how = 0; how < 3; how++) {
			struct tutela_store *s = log_make(path, RECORDS - 1);
			uint64_t bad;

			tutela_store_close(s);
			rows_read(path, &rows);
			if (how == 0)
				rows.row[i - 1].value[0] ^= 1;
			else if (how == 1)
				rows.row[i - 1].len = 0;
			else
				edit(&rows.row[i - 1]);
			rows_write(path, &rows);
			bad = log_verify(path, NULL, 0, &verdict);
			s = store_open(path, true);
			if (!bad) {
				cr_assert(how && i == RECORDS);
				FAILS(tutela_audit_repair(s, NULL, &number, &verdict), TUTELA_E_NOTFOUND);
			} else {
				OK(tutela_audit_repair(s, NULL, &number, &verdict));
				cr_assert_eq(number, RECORDS + 1);
			}
			OK(tutela_audit_note(s, "scan-start", NULL));
			tutela_store_close(s);
			cr_assert_eq(log_verify(path, NULL, 0, &verdict), 0, "%zu, %u: %s", i, how, verdict.reason);
			cr_assert_eq(verdict.n_gaps, bad ? 1 : 0);
			scratch_remove(path);
		}
}

Test(audit_repair, what_changes_afterwards_is_found_as_before)
{
	uint64_t number;
	char path[64];
	struct tutela_store *s = damaged(path, 3);

	OK(tutela_audit_repair(s, NULL, &number, &verdict));
	tutela_store_close(s);
	/* The gap itself, what comes before it, after it, and the record of the repair. */
	for (size_t i = 1; i <= RECORDS + 1; i++) {
		flip(path, i, 2);
		cr_assert_eq(log_verify(path, NULL, 0, &verdict), i == RECORDS + 1 ? 3 : i, "%zu: %" PRIu64, i,
			     verdict.bad);
		flip(path, i, 2);
		cr_assert_eq(log_verify(path, NULL, 0, &verdict), 0);
	}
	/* The very bytes that were lost: the chain proves them. */
	damage(path, 3);
	cr_assert_eq(log_verify(path, NULL, 0, &verdict), 0);
	cr_assert_eq(verdict.n_gaps, 0);
	damage(path, 3);
	/* Twice damaged, twice repaired. */
	damage(path, 5);
	s = store_open(path, true);
	OK(tutela_audit_repair(s, NULL, &number, &verdict));
	tutela_store_close(s);
	cr_assert_eq(log_verify(path, NULL, 0, &verdict), 0);
	expect_gap(0, 3, 3, RECORDS + 1);
	expect_gap(1, 5, 5, RECORDS + 2);
	scratch_remove(path);
}

Test(audit_repair, checkpoints_speak_for_what_they_can)
{
	struct tutela_audit_checkpoint points[3];
	uint64_t number;
	char path[64];
	struct tutela_store *s = log_make(path, 1);

	points[0] = log_point(s);
	for (unsigned i = 2; i < RECORDS; i++)
		OK(tutela_audit_note(s, "scan-start", NULL));
	points[1] = log_point(s);
	tutela_store_close(s);
	damage(path, 4);
	s = store_open(path, true);
	OK(tutela_audit_repair(s, NULL, &number, &verdict));
	points[2] = log_point(s);
	tutela_store_close(s);
	cr_assert_eq(log_verify(path, points, 3, &verdict), 0, "%s", verdict.reason);
	cr_assert_eq(verdict.n_gaps, 1);
	cr_assert_eq(verdict.gaps[0].cut, 1);
	/* Of the newest record before the damage, too. */
	points[1].number = 4;
	cr_assert_eq(log_verify(path, points, 3, &verdict), 0);
	cr_assert_eq(verdict.gaps[0].cut, 1);
	/* A record before the gap that was edited and sealed: the repair named the digest of the last one before it. */
	rows_read(path, &rows);
	edit(&rows.row[2]);
	rows_write(path, &rows);
	cr_assert_eq(log_verify(path, NULL, 0, &verdict), 4, "%s", verdict.reason);
	scratch_remove(path);
}

static bool on_line(void *ctx, const char *json, size_t len)
{
	return !tutela_audit_check_record(ctx, json, len);
}

Test(audit_repair, an_export_says_the_same)
{
	struct tutela_audit_verdict said;
	struct tutela_audit_check *c;
	struct tutela_snapshot *snap;
	uint64_t number;
	char path[64];
	struct tutela_store *s = damaged(path, RECORDS);

	for (unsigned repaired = 0; repaired < 2; repaired++) {
		if (repaired)
			OK(tutela_audit_repair(s, NULL, &number, &verdict));
		snap = snapshot_of(s);
		OK(tutela_audit_check_new(NULL, 0, &c));
		OK(tutela_snapshot_audit(snap, on_line, c));
		FAILS(tutela_audit_check_end(c, &said), TUTELA_E_CORRUPT);
		FAILS(tutela_audit_verify(snap, NULL, 0, &verdict), TUTELA_E_CORRUPT);
		cr_assert_eq(memcmp(&said, &verdict, sizeof said), 0, "%s", said.reason);
		tutela_snapshot_close(snap);
	}
	expect_gap(0, RECORDS, RECORDS, RECORDS + 1);
	store_unmake(s, path);
}

/* All of its bytes, so that what was damaged can be studied where the store is not; of very many the digest alone. */
Test(audit_repair, damage_is_told_whole_up_to_a_bound)
{
	static uint8_t bytes[AUDIT_DAMAGED_MAX + 1];

	bytes[0] = 0xa5;
	for (size_t len = AUDIT_DAMAGED_MAX; len <= sizeof bytes; len++) {
		struct audit_row row = {.number = 7, .bytes = bytes, .len = len};
		char *line = tutela_audit_damaged(&row);
		json_t *o = json_loads(line, 0, NULL), *hex = json_object_get(o, "hex");

		cr_assert_str_eq(json_string_value(json_object_get(o, "type")), AUDIT_DAMAGED);
		cr_assert_eq(json_integer_value(json_object_get(o, "number")), 7);
		cr_assert_eq(json_string_length(json_object_get(o, "sha256")), 64);
		cr_assert_eq(json_string_length(hex), len <= AUDIT_DAMAGED_MAX ? 2 * len : 0);
		cr_assert(!hex || !strncmp(json_string_value(hex), "a500", 4));
		json_decref(o);
		free(line);
	}
}

Test(audit_repair, what_is_whole_or_past_help_is_left_alone)
{
	uint64_t number = 7;
	char path[64];
	struct tutela_store *s = log_make(path, 35);

	FAILS(tutela_audit_repair(NULL, NULL, &number, &verdict), TUTELA_E_ARG);
	cr_assert_eq(number, 0);
	FAILS(tutela_audit_repair(s, NULL, &number, &verdict), TUTELA_E_NOTFOUND);
	tutela_store_close(s);
	s = store_open(path, false);
	FAILS(tutela_audit_repair(s, NULL, &number, &verdict), TUTELA_E_READONLY);
	tutela_store_close(s);
	rows_read(path, &rows);
	for (size_t i = 1; i < 2 * TUTELA_AUDIT_GAPS_MAX + 3; i += 2)
		rows.row[i].value[0] ^= 1;
	rows_write(path, &rows);
	s = store_open(path, true);
	FAILS(tutela_audit_repair(s, NULL, &number, &verdict), TUTELA_E_CORRUPT);
	cr_assert(strstr(tutela_store_errmsg(s), "more than 16"), "%s", tutela_store_errmsg(s));
	cr_assert_eq(verdict.bad, 2);
	tutela_store_close(s);
	rows.n = 0;
	rows_write(path, &rows);
	s = store_open(path, true);
	FAILS(tutela_audit_repair(s, NULL, &number, &verdict), TUTELA_E_CORRUPT);
	store_unmake(s, path);
}
