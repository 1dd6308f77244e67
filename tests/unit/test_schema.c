/* SPDX-License-Identifier: Apache-2.0 */
#include "store_data.h"

#include "store/schema.h"
#include "base/utf8.h"

static struct state sample_state(void)
{
	return (struct state){.uuid = {1, 2, 3},
			      .update = 0x1122334455667788,
			      .next_entry = 77,
			      .next_list = 5,
			      .next_segment = UINT64_MAX,
			      .purge_from = 70,
			      .created = -1,
			      .n_lists = 4,
			      .n_segments = 3,
			      .lists_sum = 99,
			      .segments_sum = 98};
}

Test(schema, state_goes_round)
{
	struct state st = sample_state(), got;
	uint8_t buf[STATE_MAX];
	size_t len = tutela_schema_put_state(&st, buf, sizeof buf);

	OK(tutela_schema_get_state(buf, len, &got));
	cr_assert_arr_eq(&st, &got, sizeof st);
	cr_assert_eq(tutela_schema_put_state(&st, buf, len - 1), 0);
}

Test(schema, every_flipped_bit_and_every_cut_of_a_state_is_seen)
{
	struct state st = sample_state(), got;
	uint8_t buf[STATE_MAX], copy[STATE_MAX];
	size_t len = tutela_schema_put_state(&st, buf, sizeof buf);

	for (size_t i = 0; i < 8 * len; i++) {
		memcpy(copy, buf, len);
		copy[i / 8] ^= (uint8_t)(1u << i % 8);
		FAILS(tutela_schema_get_state(copy, len, &got), TUTELA_E_CORRUPT);
	}
	for (size_t i = 0; i < len; i++)
		FAILS(tutela_schema_get_state(buf, i, &got), TUTELA_E_CORRUPT);
}

Test(schema, newer_state_is_told_from_a_damaged_one)
{
	struct state st = sample_state(), got;
	uint8_t buf[STATE_MAX];
	size_t len = tutela_schema_put_state(&st, buf, sizeof buf);
	struct bytes_writer w;

	buf[0] = SCHEMA_VERSION + 1;
	w = bytes_writer_init(buf, sizeof buf);
	w.at += len - SEAL_LEN;
	tutela_schema_seal(&w, buf, SCHEMA_STATE, "state", 5);
	FAILS(tutela_schema_get_state(buf, len, &got), TUTELA_E_VERSION);
}

Test(schema, sealed_value_under_another_key_is_damage)
{
	struct segment_row row = {.number = 7, .algorithm = TUTELA_ALG_PDQ, .kind = TUTELA_INDEX_FLAT, .count = 9}, got;
	uint8_t buf[SEGMENT_ROW_MAX], key[8];
	size_t len = tutela_schema_put_segment(&row, buf, sizeof buf);

	tutela_schema_key64(7, key);
	OK(tutela_schema_get_segment(key, 8, buf, len, &got));
	cr_assert_arr_eq(&row, &got, sizeof row);
	tutela_schema_key64(8, key);
	FAILS(tutela_schema_get_segment(key, 8, buf, len, &got), TUTELA_E_CORRUPT);
	FAILS(tutela_schema_get_segment(key, 7, buf, len, &got), TUTELA_E_CORRUPT);
}

Test(schema, list_goes_round)
{
	struct list_row row = {.number = 3}, got;
	uint8_t buf[LIST_ROW_MAX];
	size_t len;

	memset(row.list.name, 'n', TUTELA_LIST_NAME_MAX);
	memset(row.list.source, 's', TUTELA_LIST_NAME_MAX);
	tutela_policy_default(&row.list.policy);
	row.list.version = 12;
	row.list.expires = -5;
	for (unsigned a = 0; a < ALGORITHMS; a++) {
		row.active[a] = a;
		row.disputed[a] = a % 3;
		row.list.fingerprints[a] = a + a % 3;
	}
	len = tutela_schema_put_list(&row, buf, sizeof buf);
	cr_assert_gt(len, 0);
	OK(tutela_schema_get_list(row.list.name, TUTELA_LIST_NAME_MAX, buf, len, &got));
	cr_assert_arr_eq(&row, &got, sizeof row);
	FAILS(tutela_schema_get_list("other", 5, buf, len, &got), TUTELA_E_CORRUPT);
}

/* Found by the fuzzer: the seals hold, and what is in them is not what any writer wrote. */
/* The seal of a list's row that somebody else might have written. */
static size_t reseal(const char *name, uint8_t *buf, size_t body)
{
	struct bytes_writer w = bytes_writer_init(buf, body + SEAL_LEN);

	(void)bytes_put(&w, buf, body);
	tutela_schema_seal(&w, buf, SCHEMA_LIST, name, strlen(name));
	return body + SEAL_LEN;
}

Test(schema, a_list_has_a_tail_only_when_something_is_in_it)
{
	struct list_row row = {.number = 3, .list = {.name = "abcd", .source = "efgh"}}, got;
	uint8_t plain[LIST_ROW_MAX], buf[LIST_ROW_MAX + 1];
	size_t without, len;

	tutela_policy_default(&row.list.policy);
	without = tutela_schema_put_list(&row, plain, sizeof plain);
	row.list.policy.flood_review = true;
	row.list.policy.flood_files = TUTELA_FLOOD_OFF;
	memset(row.list.policy.categories, 'c', TUTELA_CATEGORIES_MAX);
	memset(row.list.category_map, 'm', TUTELA_CATEGORY_MAP_MAX - 1);
	row.list.category_map[1] = ' ';
	row.list.category_map[TUTELA_CATEGORY_MAP_MAX - 1] = '\n';
	len = tutela_schema_put_list(&row, buf, sizeof buf);
	cr_assert_eq(len - without, 1 + 4 + 1 + 2 + TUTELA_CATEGORIES_MAX + 2 + TUTELA_CATEGORY_MAP_MAX);
	cr_assert_arr_eq(buf, plain, without - SEAL_LEN);
	OK(tutela_schema_get_list("abcd", 4, buf, len, &got));
	cr_assert_arr_eq(&got.list, &row.list, sizeof got.list);
	/* Cut, longer, or of a number that is not known. */
	for (size_t body = without - SEAL_LEN + 1; body < len - SEAL_LEN; body += 97) {
		uint8_t cut[LIST_ROW_MAX];

		memcpy(cut, buf, body);
		FAILS(tutela_schema_get_list("abcd", 4, cut, reseal("abcd", cut, body), &got), TUTELA_E_CORRUPT);
	}
	buf[without - SEAL_LEN]++;
	FAILS(tutela_schema_get_list("abcd", 4, buf, reseal("abcd", buf, len - SEAL_LEN), &got), TUTELA_E_CORRUPT);
	buf[without - SEAL_LEN]--;
	OK(tutela_schema_get_list("abcd", 4, buf, reseal("abcd", buf, len - SEAL_LEN), &got));
	buf[without - SEAL_LEN + 5] = 2;
	FAILS(tutela_schema_get_list("abcd", 4, buf, reseal("abcd", buf, len - SEAL_LEN), &got), TUTELA_E_CORRUPT);
}

Test(schema, texts_of_a_list_have_a_form)
{
	static const char *const bad[] = {",", "1,", ",1", "1,,2", "a\nb", "\xff"};
	static const char *const bad_maps[] = {"1",       "1 \n",     " a\n",     "1 a", "\n",
					       "1 a\n\n", "1 a\tb\n", "1 \xff\n", "1a\n"};
	struct tutela_policy p;

	tutela_policy_default(&p);
	cr_assert(tutela_schema_policy_valid(&p));
	strcpy(p.categories, "1,none,A 1");
	cr_assert(tutela_schema_policy_valid(&p));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		strcpy(p.categories, bad[i]);
		cr_assert_not(tutela_schema_policy_valid(&p), "%zu", i);
	}
	cr_assert(tutela_schema_map_valid(""));
	cr_assert(tutela_schema_map_valid("1 a b\n2 c\n"));
	for (size_t i = 0; i < sizeof bad_maps / sizeof *bad_maps; i++)
		cr_assert_not(tutela_schema_map_valid(bad_maps[i]), "%zu", i);
}

Test(schema, list_names_that_end_early_are_damage)
{
	struct list_row row = {.number = 3, .list = {.name = "abcd", .source = "efgh"}}, got;
	uint8_t buf[LIST_ROW_MAX], *source;
	struct bytes_writer w;
	size_t len;

	tutela_policy_default(&row.list.policy);
	len = tutela_schema_put_list(&row, buf, sizeof buf);
	OK(tutela_schema_get_list("abcd", 4, buf, len, &got));
	w = bytes_writer_init(buf, sizeof buf);
	w.at += len - SEAL_LEN;
	tutela_schema_seal(&w, buf, SCHEMA_LIST, "ab\0d", 4);
	FAILS(tutela_schema_get_list("ab\0d", 4, buf, len, &got), TUTELA_E_CORRUPT);
	source = memmem(buf, len, "efgh", 4);
	cr_assert_not_null(source);
	source[1] = 0;
	w = bytes_writer_init(buf, sizeof buf);
	w.at += len - SEAL_LEN;
	tutela_schema_seal(&w, buf, SCHEMA_LIST, "abcd", 4);
	FAILS(tutela_schema_get_list("abcd", 4, buf, len, &got), TUTELA_E_CORRUPT);
}

Test(schema, segment_of_an_unknown_kind_is_damage)
{
	struct segment_row row = {.number = 7, .algorithm = TUTELA_ALG_PDQ, .kind = TUTELA_INDEX_AUTO}, got;
	uint8_t buf[SEGMENT_ROW_MAX], key[8];

	tutela_schema_key64(7, key);
	for (unsigned kind = 0; kind < 256; kind++) {
		size_t len;

		row.kind = kind;
		len = tutela_schema_put_segment(&row, buf, sizeof buf);
		cr_assert_eq(tutela_schema_get_segment(key, 8, buf, len, &got),
			     kind == TUTELA_INDEX_FLAT || kind == TUTELA_INDEX_TABLES ? TUTELA_OK : TUTELA_E_CORRUPT);
	}
}

Test(schema, entry_and_record_go_round)
{
	struct tutela_record rec = record_of("the id", hash_of(TUTELA_ALG_SHA1, 1)), *got = calloc(1, sizeof *got);
	struct entry e = {.added = 5, .gone = 6, .list = 2, .prev = 41, .time = 1234}, back;
	uint8_t body[512], buf[600];
	size_t len;

	rec.n_fingerprints = 2;
	rec.fingerprints[1] = hash_of(TUTELA_ALG_MD5, 1);
	rec.n_labels = 1;
	rec.labels[0] = (struct tutela_label){text("key"), text("")};
	rec.status = TUTELA_WITHDRAWN;
	rec.reason = text("why");
	e.body = body;
	e.body_len = tutela_schema_put_body(&rec, body, sizeof body);
	len = tutela_schema_put_entry(42, &e, buf, sizeof buf);
	OK(tutela_schema_get_entry(42, buf, len, &back));
	cr_assert(back.added == 5 && back.gone == 6 && back.list == 2 && back.prev == 41 && back.time == 1234);
	cr_assert_eq(back.body_len, e.body_len);
	OK(tutela_schema_get_body(back.body, back.body_len, got));
	cr_assert_eq(got->n_fingerprints, 2);
	/* In order of algorithm. */
	cr_assert_arr_eq(&got->fingerprints[0], &rec.fingerprints[1], sizeof rec.fingerprints[1]);
	cr_assert_arr_eq(got->reason.s, "why", 3);
	cr_assert_eq(got->labels[0].key.len, 3);
	cr_assert_eq(got->labels[0].value.len, 0);
	cr_assert_eq(got->status, TUTELA_WITHDRAWN);
	FAILS(tutela_schema_get_entry(43, buf, len, &back), TUTELA_E_CORRUPT);
	/* A predecessor that comes later would make a walk endless. */
	e.prev = 42;
	len = tutela_schema_put_entry(42, &e, buf, sizeof buf);
	FAILS(tutela_schema_get_entry(42, buf, len, &back), TUTELA_E_CORRUPT);
	free(got);
}

Test(schema, bodies_of_any_bytes_are_refused_or_bounded)
{
	struct tutela_record rec = record_of("id", hash_of(TUTELA_ALG_PDQ, 1)), *got = calloc(1, sizeof *got);
	uint8_t body[256], *exact;
	size_t len = tutela_schema_put_body(&rec, body, sizeof body);

	for (size_t cut = 0; cut < len; cut++) {
		exact = malloc(cut + 1);
		memcpy(exact, body, cut);
		FAILS(tutela_schema_get_body(exact, cut, got), TUTELA_E_CORRUPT);
		free(exact);
	}
	for (uint64_t i = 0; i < 200000; i++) {
		uint8_t bad[256];

		memcpy(bad, body, len);
		for (unsigned k = 0; k < 1 + i % 3; k++)
			bad[mix(i * 5 + k) % len] = (uint8_t)mix(i * 7 + k);
		if (!tutela_schema_get_body(bad, len, got))
			cr_assert(got->n_fingerprints <= TUTELA_FINGERPRINTS_MAX &&
				  got->n_labels <= TUTELA_LABELS_MAX && got->id.len &&
				  got->id.len <= TUTELA_ENTRY_ID_MAX);
	}
	free(got);
}

Test(schema, keys_sort_as_numbers)
{
	static const uint32_t numbers[] = {0, 1, 255, 256, 65535, 65536, 0x7fffffff, 0x80000000, UINT32_MAX};
	uint8_t last[8] = {0}, key[8];

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		tutela_schema_key32(numbers[i], key);
		cr_assert_eq(tutela_schema_get_key32(key), numbers[i]);
		cr_assert(!i || memcmp(last, key, 4) < 0);
		memcpy(last, key, 4);
		tutela_schema_key64((uint64_t)numbers[i] << 20, key);
		cr_assert_eq(tutela_schema_get_key64(key), (uint64_t)numbers[i] << 20);
	}
}

Test(schema, segment_names)
{
	struct segment_row row = {.number = 17, .algorithm = TUTELA_ALG_DHASH};
	char name[SEGMENT_NAME_MAX];
	uint64_t number;

	tutela_schema_segment_name(&row, name);
	cr_assert_str_eq(name, "seg-dhash-17.tix");
	cr_assert(tutela_schema_segment_parse(name, &number) && number == 17);
	cr_assert(tutela_schema_segment_parse("seg-pdq-18.tix.tmp", &number) && number == 18);
	cr_assert(!tutela_schema_segment_parse("seg-pdq-18.txt", &number));
	cr_assert(!tutela_schema_segment_parse("seg-pdq-.tix", &number));
	cr_assert(!tutela_schema_segment_parse("seg-17", &number));
	cr_assert(!tutela_schema_segment_parse("data.mdb", &number));
}

Test(schema, utf8)
{
	static const char *const good[] = {"", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"};
	static const char *const bad[] = {"\x80",
					  "\xc0\x80",
					  "\xc3",
					  "\xe0\x80\x80",
					  "\xed\xa0\x80",
					  "\xf4\x90\x80\x80",
					  "\xf8\x88\x80\x80\x80",
					  "\xe2\x82",
					  "a\xff"};
	char text_bytes[] = "a\xff\xc3\xa9\xe2\x82";

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		cr_assert(tutela_utf8_valid(good[i], strlen(good[i])), "%zu", i);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_assert(!tutela_utf8_valid(bad[i], strlen(bad[i])), "%zu", i);
	cr_assert(!tutela_utf8_valid("a\0b", 3));
	tutela_utf8_repair(text_bytes, 6);
	cr_assert_str_eq(text_bytes, "a?\xc3\xa9??");
}
