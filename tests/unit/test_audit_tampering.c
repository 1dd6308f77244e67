/* SPDX-License-Identifier: Apache-2.0 */
/* The table of tutela/audit.h, row by row: what finds which change of a log. */
#include "audit_rows.h"

#define RECORDS 6

static struct rows whole, bent;
static struct tutela_audit_verdict verdict;

/* A log of RECORDS in a store that is closed, and checkpoints of each of its lengths. */
static void make(char path[64], struct tutela_audit_checkpoint points[RECORDS])
{
	struct tutela_store *s = store_make(path);

	points[0] = log_point(s);
	for (unsigned i = 1; i < RECORDS; i++) {
		OK(tutela_audit_note(s, "scan-start", "{\"files\":17}"));
		points[i] = log_point(s);
	}
	tutela_store_close(s);
	rows_read(path, &whole);
	cr_assert_eq(whole.n, RECORDS);
}

static uint64_t found(const char *path, const struct tutela_audit_checkpoint *point)
{
	rows_write(path, &bent);
	return log_verify(path, point, point != NULL, &verdict);
}

Test(audit_tampering, any_byte_of_a_value_is_found_by_the_log_alone, .timeout = 300)
{
	struct tutela_audit_checkpoint points[RECORDS];
	char path[64];

	make(path, points);
	for (size_t i = 0; i < RECORDS; i++)
		for (size_t at = 0; at < whole.row[i].len; at++) {
			bent = whole;
			bent.row[i].value[at] ^= (uint8_t)(1u << at % 8);
			cr_assert_eq(found(path, NULL), i + 1, "record %zu, byte %zu", i + 1, at);
		}
	scratch_remove(path);
}

Test(audit_tampering, any_byte_of_a_text_sealed_again_is_found_unless_it_is_the_newest_record, .timeout = 300)
{
	struct tutela_audit_checkpoint points[RECORDS];
	unsigned unseen = 0;
	uint64_t bad;
	char path[64];

	make(path, points);
	for (size_t i = 0; i < RECORDS; i++)
		for (size_t at = 0; at + SEAL_LEN < whole.row[i].len; at++) {
			bent = whole;
			bent.row[i].value[at] ^= (uint8_t)(1u << at % 7);
			row_seal(&bent.row[i]);
			bad = found(path, NULL);
			if (i + 1 < RECORDS)
				cr_assert(bad == i + 1 || bad == i + 2, "record %zu, byte %zu", i + 1, at);
			else
				unseen += !bad;
			bad = log_verify(path, &points[RECORDS - 1], 1, &verdict);
			cr_assert(bad == i + 1 || bad == i + 2, "record %zu, byte %zu, checkpoint", i + 1, at);
		}
	cr_assert_gt(unseen, 0);
	scratch_remove(path);
}

Test(audit_tampering, any_byte_of_a_key_is_found_by_the_log_alone, .timeout = 300)
{
	struct tutela_audit_checkpoint points[RECORDS];
	char path[64];

	make(path, points);
	for (size_t i = 0; i < RECORDS; i++)
		for (unsigned bit = 0; bit < 64; bit++) {
			bent = whole;
			bent.row[i].key[bit / 8] ^= (uint8_t)(1u << bit % 8);
			cr_assert(found(path, NULL), "record %zu, bit %u", i + 1, bit);
			/* The seal too: then its own number gives it away. */
			row_seal(&bent.row[i]);
			cr_assert(found(path, NULL), "record %zu, bit %u, sealed", i + 1, bit);
		}
	for (size_t i = 0; i < RECORDS; i++) {
		bent = whole;
		bent.row[i].key_len = 7;
		/* Of the newest, this is the tail cut off. */
		cr_assert(i + 1 == RECORDS || found(path, NULL), "record %zu, short key", i + 1);
		cr_assert(found(path, &points[RECORDS - 1]), "record %zu, short key", i + 1);
		bent = whole;
		bent.row[i].key_len = 9;
		cr_assert(found(path, NULL), "record %zu, long key", i + 1);
	}
	scratch_remove(path);
}

Test(audit_tampering, records_that_are_removed_are_found_unless_they_are_the_tail, .timeout = 300)
{
	struct tutela_audit_checkpoint points[RECORDS];
	char path[64];

	make(path, points);
	for (size_t from = 0; from < RECORDS; from++)
		for (size_t to = from; to < RECORDS; to++) {
			bent = whole;
			for (size_t i = from; i <= to; i++)
				bent.row[i].len = 0;
			cr_assert_eq(found(path, NULL), to + 1 < RECORDS || !from ? from + 1 : 0);
			cr_assert_eq(found(path, &points[RECORDS - 1]), from + 1);
			/* A checkpoint of what is left says nothing of the rest. */
			if (to + 1 == RECORDS && from)
				cr_assert_eq(found(path, &points[from - 1]), 0);
		}
	scratch_remove(path);
}

Test(audit_tampering, records_that_changed_places_are_found_by_the_log_alone, .timeout = 300)
{
	struct tutela_audit_checkpoint points[RECORDS];
	char path[64];

	make(path, points);
	for (size_t i = 0; i < RECORDS; i++)
		for (size_t j = 0; j < RECORDS; j++) {
			if (i == j)
				continue;
			bent = whole;
			memcpy(bent.row[i].value, whole.row[j].value, VALUE_MAX);
			bent.row[i].len = whole.row[j].len;
			cr_assert_eq(found(path, NULL), i + 1, "a copy of %zu at %zu", j + 1, i + 1);
			row_seal(&bent.row[i]);
			cr_assert_eq(found(path, NULL), i + 1, "a copy of %zu at %zu, sealed", j + 1, i + 1);
			memcpy(bent.row[j].value, whole.row[i].value, VALUE_MAX);
			bent.row[j].len = whole.row[i].len;
			row_seal(&bent.row[j]);
			cr_assert_eq(found(path, NULL), i < j ? i + 1 : j + 1, "%zu and %zu", i + 1, j + 1);
		}
	scratch_remove(path);
}

/* A copy of an old record put at the end, sealed for its place. */
Test(audit_tampering, a_record_played_again_is_found_by_the_log_alone, .timeout = 60)
{
	struct tutela_audit_checkpoint points[RECORDS];
	char path[64];

	make(path, points);
	for (size_t i = 0; i < RECORDS; i++) {
		bent = whole;
		bent.row[bent.n++] = whole.row[i];
		memcpy(bent.row[RECORDS].key, (const uint8_t[8]){0, 0, 0, 0, 0, 0, 0, RECORDS + 1}, 8);
		row_seal(&bent.row[RECORDS]);
		cr_assert_eq(found(path, NULL), RECORDS + 1);
	}
	scratch_remove(path);
}

static void copy_file(const char *from, const char *to)
{
	static uint8_t block[1 << 16];
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	size_t n;

	cr_assert(in && out);
	while ((n = fread(block, 1, sizeof block, in)))
		cr_assert_eq(fwrite(block, 1, n, out), n);
	fclose(in);
	cr_assert_eq(fclose(out), 0);
}

Test(audit_tampering, an_older_copy_of_the_store_is_found_by_a_later_checkpoint_only, .timeout = 60)
{
	struct tutela_audit_checkpoint points[RECORDS];
	char path[64], data[80], copy[RECORDS][96];
	struct tutela_store *s;

	s = store_make(path);
	snprintf(data, sizeof data, "%s/data.mdb", path);
	for (unsigned i = 0; i < RECORDS; i++) {
		if (i) {
			s = store_open(path, true);
			OK(tutela_audit_note(s, "scan-start", NULL));
		}
		points[i] = log_point(s);
		tutela_store_close(s);
		snprintf(copy[i], sizeof copy[i], "%s.%u", path, i);
		copy_file(data, copy[i]);
	}
	for (unsigned i = 0; i < RECORDS; i++) {
		copy_file(copy[i], data);
		cr_assert_eq(log_verify(path, NULL, 0, &verdict), 0);
		for (unsigned k = 0; k < RECORDS; k++)
			cr_assert_eq(log_verify(path, &points[k], 1, &verdict), k > i ? i + 2 : 0);
		unlink(copy[i]);
	}
	scratch_remove(path);
}
