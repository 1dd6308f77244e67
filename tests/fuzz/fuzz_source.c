/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of sources and held records, their seals put right. The first byte
 * chooses: a source's row, a held record, a key. The second is the length of
 * the key, which follows, and then the value. What is taken must be within its
 * limits and, written again, be the same bytes; what is refused leaves nothing behind.
 */
#include "fuzz.h"
#include "store/source_row.h"

static uint8_t value[65536], again[SOURCE_ROW_MAX];

/* The value with a seal that fits. */
static size_t sealed(const uint8_t *data, size_t size, enum schema_kind kind, const uint8_t *key, size_t key_len)
{
	struct bytes_writer w = bytes_writer_init(value, sizeof(value));

	bytes_put(&w, data, size);
	tutela_schema_seal(&w, value, kind, key, key_len);
	return w.failed ? 0 : (size_t)(w.at - value);
}

static void check_source(const uint8_t *key, size_t key_len, const uint8_t *data, size_t size)
{
	static struct tutela_source s;
	uint8_t key_again[SOURCE_KEY_MAX];
	size_t len = sealed(data, size, SCHEMA_SOURCE, key, key_len);
	uint8_t *exact = exact_copy(value, len);

	if (tutela_source_row_get(key, key_len, exact, len, &s)) {
		require(!s.name[0] && !s.url[0] && !s.n_keys && !s.n_members);
	} else {
		require(!tutela_source_wrong(&s));
		require(tutela_source_key(s.name, NULL, key_again) == key_len && !memcmp(key, key_again, key_len));
		require(tutela_source_row_put(&s, again, sizeof(again)) == len && !memcmp(again, exact, len));
	}
	free(exact);
}

static void check_held(const uint8_t *key, size_t key_len, const uint8_t *data, size_t size)
{
	size_t len = sealed(data, size, SCHEMA_HELD, key, key_len);
	uint8_t *exact = exact_copy(value, len);
	struct tutela_held held;

	if (!tutela_held_get(key, key_len, exact, len, &held)) {
		require(held.position.len <= TUTELA_HELD_POSITION_MAX && held.id.len <= TUTELA_ENTRY_ID_MAX);
		require(held.reason.len <= TUTELA_HELD_REASON_MAX && held.number);
		require(tutela_held_put(&held, held.time, again) == size && !memcmp(again, data, size));
	} else {
		require(!held.number && !held.position.len && !held.id.len && !held.reason.len);
	}
	free(exact);
}

/* A record as a feed gives it: any bytes become a row that can be read. */
static void check_hold(const uint8_t *data, size_t size)
{
	struct choices c = {data, data + size};
	size_t a = choose(&c, 2) % (size + 1), b = choose(&c, 2) % (size + 1);
	struct tutela_held held = {.position = {(const char *)data, a},
				   .id = {(const char *)data + a, size - a},
				   .reason = {(const char *)data + b, size - b}},
			   out;
	uint8_t key[HELD_KEY_LEN];
	size_t len;

	tutela_held_key(1, 2, key);
	len = tutela_held_put(&held, -5, again);
	len = sealed(again, len, SCHEMA_HELD, key, sizeof(key));
	require(!tutela_held_get(key, sizeof(key), value, len, &out));
	require(out.time == -5 && out.number == 2);
}

static void check_key(const uint8_t *key, size_t len)
{
	char name[TUTELA_LIST_NAME_MAX + 1], feed[TUTELA_LIST_NAME_MAX + 1];
	uint8_t key_again[SOURCE_KEY_MAX];

	if (!tutela_source_key_parse(key, len, name, feed))
		return;
	require(tutela_schema_name_valid(name) && (!feed[0] || tutela_schema_name_valid(feed)));
	require(tutela_source_key(name, feed[0] ? feed : NULL, key_again) == len && !memcmp(key, key_again, len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *key;
	size_t key_len;

	if (size < 2 || size > 60000)
		return 0;
	key_len = data[1] < size - 2 ? data[1] : size - 2;
	key = exact_copy(data + 2, key_len);
	switch (data[0] % 4) {
	case 0:
		check_source(key, key_len, data + 2 + key_len, size - 2 - key_len);
		break;
	case 1:
		check_held(key, key_len, data + 2 + key_len, size - 2 - key_len);
		break;
	case 2:
		check_key(key, key_len);
		break;
	default:
		check_hold(data + 2, size - 2);
	}
	free(key);
	return 0;
}
