/* SPDX-License-Identifier: Apache-2.0 */
#include "source_data.h"

#include "store/source_row.h"

static uint8_t key[SOURCE_KEY_MAX], row[SOURCE_ROW_MAX];

static size_t put(const struct tutela_source *s, size_t *key_len)
{
	size_t len = tutela_source_row_put(s, row, sizeof row);

	*key_len = tutela_source_key(s->name, NULL, key);
	cr_assert_gt(len, 0);
	return len;
}

Test(source_row, goes_round)
{
	struct tutela_source in[] = {
		source_full(), source_of("a"), {.type = TUTELA_SOURCE_NCMEC, .name = "n", .list = "l"}};
	struct tutela_source out;
	size_t key_len, len;

	strcpy(in[2].url, "https://example.org/v2");
	in[2].n_members = TUTELA_SOURCE_MEMBERS_MAX;
	for (unsigned i = 0; i < TUTELA_SOURCE_MEMBERS_MAX; i++)
		in[2].members[i] = UINT64_MAX - i;
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_null(tutela_source_wrong(&in[i]));
		len = put(&in[i], &key_len);
		OK(tutela_source_row_get(key, key_len, row, len, &out));
		source_equal(&in[i], &out);
		cr_assert_eq(in[i].added, out.added);
		cr_assert_eq(tutela_source_row_put(&in[i], row, len - 1), 0);
	}
}

Test(source_row, every_flipped_bit_and_every_cut_is_seen)
{
	struct tutela_source in = source_of("a"), out;
	uint8_t copy[SOURCE_ROW_MAX];
	size_t key_len, len = put(&in, &key_len);

	for (size_t i = 0; i < 8 * len; i++) {
		memcpy(copy, row, len);
		copy[i / 8] ^= (uint8_t)(1u << i % 8);
		FAILS(tutela_source_row_get(key, key_len, copy, len, &out), TUTELA_E_CORRUPT);
		cr_assert_eq(out.name[0], '\0');
	}
	for (size_t i = 0; i < len; i++)
		FAILS(tutela_source_row_get(key, key_len, row, i, &out), TUTELA_E_CORRUPT);
	/* In another's place. */
	FAILS(tutela_source_row_get(key, tutela_source_key("b", NULL, key), row, len, &out), TUTELA_E_CORRUPT);
	FAILS(tutela_source_row_get(key, tutela_source_key("a", "f", key), row, len, &out), TUTELA_E_CORRUPT);
}

Test(source_row, says_what_is_out_of_range)
{
	static const char *const names[] = {"", "local", "a/b", ".a", "a b"};
	struct tutela_source s;

	for (unsigned i = 0; i < 5; i++) {
		s = source_of(names[i]);
		cr_assert_not_null(tutela_source_wrong(&s), "%s", names[i]);
	}
#define WRONG(change)                                                                                                  \
	do {                                                                                                           \
		s = source_of("a");                                                                                    \
		cr_assert_null(tutela_source_wrong(&s));                                                               \
		change;                                                                                                \
		cr_assert_not_null(tutela_source_wrong(&s), #change);                                                  \
	} while (0)
	WRONG(memset(s.name, 'a', sizeof s.name));
	WRONG(s.type = TUTELA_SOURCE_TAT + 1);
	WRONG(strcpy(s.country, "de"));
	WRONG(strcpy(s.country, "D"));
	WRONG(memcpy(s.country, "DEU", 3));
	WRONG(strcpy(s.list, "l"));
	WRONG(s.url[0] = '\0');
	WRONG(memset(s.url, 'a', sizeof s.url));
	WRONG(strcpy(s.url, "https://a\r\nb"));
	WRONG(strcpy(s.ca, "a\x7f"));
	WRONG(memset(s.client_key, 'a', sizeof s.client_key));
	WRONG(s.n_keys = 0);
	WRONG(s.n_keys = TUTELA_SOURCE_KEYS_MAX + 1);
	WRONG(s.threshold = 3);
	WRONG(strcpy(s.keys[1], s.keys[0]));
	WRONG(s.keys[1][55] = '\0');
	WRONG(s.keys[1][20] = '*');
	WRONG(s.keys[1][0] = 'S');
	WRONG(memset(s.keys[1], 'A', sizeof s.keys[1]));
	WRONG(s.type = TUTELA_SOURCE_NCMEC);
	WRONG(s.n_members = 1);
	WRONG(memset(s.last_error, 'a', sizeof s.last_error));
	WRONG(strcpy(s.last_error, "\xff"));
}

Test(source_row, keys_are_taken_apart_or_refused)
{
	static const char *const bad[] = {"", "\1", "\2a", "\1a/", "\3a", "\2a\0", "\2\0a", "\2a\0b\0", "\1a\0b"};
	static const size_t lens[] = {0, 1, 2, 3, 2, 3, 3, 5, 4};
	char name[TUTELA_LIST_NAME_MAX + 1], feed[TUTELA_LIST_NAME_MAX + 1];
	struct tutela_source s = source_full();
	size_t len;

	len = tutela_source_key(s.name, s.name, key);
	cr_assert_eq(len, SOURCE_KEY_MAX);
	cr_assert(tutela_source_key_parse(key, len, name, feed));
	cr_assert_str_eq(name, s.name);
	cr_assert_str_eq(feed, s.name);
	len = tutela_source_key(s.name, NULL, key);
	cr_assert(tutela_source_key_parse(key, len, name, feed));
	cr_assert_str_eq(feed, "");
	for (unsigned i = 0; i < sizeof lens / sizeof *lens; i++)
		cr_assert_not(tutela_source_key_parse(bad[i], lens[i], name, feed), "%u", i);
}

Test(source_row, held_records_go_round_cut_and_repaired)
{
	static char large[5000];
	struct tutela_held held = {.position = text("line 3"), .id = text("a\xff"), .reason = {large, sizeof large}},
			   out;
	uint8_t buf[HELD_ROW_MAX], k[HELD_KEY_LEN];
	struct bytes_writer w = bytes_writer_init(buf, sizeof buf);
	size_t len;

	memset(large, 'r', sizeof large);
	tutela_held_key(7, 9, k);
	w.at += tutela_held_put(&held, 42, buf);
	tutela_schema_seal(&w, buf, SCHEMA_HELD, k, sizeof k);
	cr_assert_not(w.failed);
	len = (size_t)(w.at - buf);
	OK(tutela_held_get(k, sizeof k, buf, len, &out));
	cr_assert_eq(out.number, 9);
	cr_assert_eq(out.time, 42);
	cr_assert(out.position.len == 6 && !memcmp(out.position.s, "line 3", 6));
	cr_assert(out.id.len == 2 && !memcmp(out.id.s, "a?", 2));
	cr_assert_eq(out.reason.len, TUTELA_HELD_REASON_MAX);
	for (size_t i = 0; i < 8 * len; i++) {
		buf[i / 8] ^= (uint8_t)(1u << i % 8);
		FAILS(tutela_held_get(k, sizeof k, buf, len, &out), TUTELA_E_CORRUPT);
		buf[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	k[0] = 1;
	FAILS(tutela_held_get(k, sizeof k, buf, len, &out), TUTELA_E_CORRUPT);
	FAILS(tutela_held_get(k, 8, buf, len, &out), TUTELA_E_CORRUPT);
	/* All at their limits fit. */
	held.position = held.id = held.reason;
	cr_assert_eq(tutela_held_put(&held, 0, buf), HELD_ROW_MAX - SEAL_LEN);
}
