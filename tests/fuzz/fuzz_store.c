/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of the store, their seals put right. The first byte chooses the
 * kind, the second the length of the key; key and value follow. What is taken must be within its limits
 * and, written again, read back the same; names must be those of their keys.
 */
#include <tutela/algorithm.h>

#include "fuzz.h"
#include "store/schema.h"

static uint8_t buf[ENTRY_VALUE_MAX + 64], buf2[ENTRY_VALUE_MAX + 64];

static void check_state(const uint8_t *p, size_t len)
{
	struct state st, again;
	size_t n;

	if (tutela_schema_get_state(p, len, &st))
		return;
	require(st.next_entry && st.n_lists <= LISTS_MAX && st.n_segments <= SEGMENTS_MAX);
	n = tutela_schema_put_state(&st, buf, STATE_MAX);
	require(n == len && !memcmp(buf, p, len));
	require(!tutela_schema_get_state(buf, n, &again) && !memcmp(&st, &again, sizeof(st)));
}

static void check_pending(const uint8_t *p, size_t len)
{
	struct pending pending;

	if (tutela_schema_get_pending(p, len, &pending))
		return;
	require(pending.first_entry && tutela_schema_put_pending(&pending, buf, PENDING_MAX) == len);
	require(!memcmp(buf, p, len));
}

static void check_list(const uint8_t *key, size_t key_len, const uint8_t *p, size_t len)
{
	struct list_row row, again;
	size_t n;

	if (tutela_schema_get_list(key, key_len, p, len, &row))
		return;
	require(row.number && tutela_schema_name_valid(row.list.name));
	require(strlen(row.list.name) == key_len && !memcmp(row.list.name, key, key_len));
	require(strlen(row.list.source) <= TUTELA_LIST_NAME_MAX && tutela_schema_policy_valid(&row.list.policy));
	n = tutela_schema_put_list(&row, buf, LIST_ROW_MAX);
	require(n && !tutela_schema_get_list(key, key_len, buf, n, &again));
	require(!memcmp(&row, &again, sizeof(row)));
}

static void check_segment(const uint8_t *key, size_t key_len, const uint8_t *p, size_t len)
{
	struct segment_row row;
	char name[SEGMENT_NAME_MAX];
	uint64_t number;

	if (tutela_schema_get_segment(key, key_len, p, len, &row))
		return;
	require(tutela_algorithm_get(row.algorithm) && tutela_algorithm_get(row.algorithm)->perceptual);
	require(row.kind == TUTELA_INDEX_FLAT || row.kind == TUTELA_INDEX_TABLES);
	require(tutela_schema_put_segment(&row, buf, SEGMENT_ROW_MAX) == len && !memcmp(buf, p, len));
	tutela_schema_segment_name(&row, name);
	require(tutela_schema_segment_parse(name, &number) && number == row.number);
}

static void check_body(const uint8_t *p, size_t len)
{
	static struct tutela_record rec, again;
	size_t n;

	if (tutela_schema_get_body(p, len, &rec)) {
		require(!rec.n_fingerprints && !rec.n_labels && !rec.id.len);
		return;
	}
	require(rec.id.len && rec.id.len <= TUTELA_ENTRY_ID_MAX && rec.reason.len <= TUTELA_TEXT_MAX);
	require(rec.n_fingerprints <= TUTELA_FINGERPRINTS_MAX && rec.n_labels <= TUTELA_LABELS_MAX);
	for (size_t i = 0; i < rec.n_fingerprints; i++)
		require(tutela_algorithm_get(rec.fingerprints[i].algorithm)->bits == 8u * rec.fingerprints[i].len);
	n = tutela_schema_put_body(&rec, buf, ENTRY_BODY_MAX);
	require(n && n <= len && !tutela_schema_get_body(buf, n, &again));
	require(again.id.len == rec.id.len && !memcmp(again.id.s, rec.id.s, rec.id.len));
	require(again.n_labels == rec.n_labels && again.status == rec.status);
	require(tutela_schema_put_body(&again, buf2, ENTRY_BODY_MAX) == n && !memcmp(buf, buf2, n));
}

static void check_entry(uint32_t number, const uint8_t *p, size_t len)
{
	struct entry e;

	if (tutela_schema_get_entry(number, p, len, &e))
		return;
	require(e.prev < number && e.body >= p && e.body + e.body_len <= p + len);
	require(tutela_schema_put_entry(number, &e, buf, sizeof(buf)) == len && !memcmp(buf, p, len));
	check_body(e.body, e.body_len);
}

static void check_name(const uint8_t *p, size_t len)
{
	char name[128];
	uint64_t number;

	snprintf(name, sizeof(name), "%.*s", (int)(len < 127 ? len : 127), (const char *)p);
	(void)tutela_schema_name_valid(name);
	if (tutela_schema_segment_parse(name, &number))
		require(!strncmp(name, "seg-", 4));
}

/* The value with a seal that holds, in memory that ends with it. */
static uint8_t *seal(enum schema_kind kind, const void *key, size_t key_len, const uint8_t *data, size_t size)
{
	uint8_t *p = malloc(size + SEAL_LEN);
	struct bytes_writer w;

	require(p != NULL);
	w = bytes_writer_init(p, size + SEAL_LEN);
	bytes_put(&w, data, size);
	tutela_schema_seal(&w, p, kind, key, key_len);
	require(!w.failed);
	return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t kind = size > 2 ? data[0] % 8 : 0;
	size_t key_len = size > 2 ? data[1] % 80u : 0, body_len;
	const uint8_t *key = data + 2;
	uint8_t *p;

	if (size <= 2 || size - 2 < key_len || size > ENTRY_VALUE_MAX)
		return 0;
	if (kind == SCHEMA_STATE)
		key = (const uint8_t *)"state", key_len = 5, data += 2, size -= 2;
	else if (kind == SCHEMA_PENDING)
		key = (const uint8_t *)"pending", key_len = 7, data += 2, size -= 2;
	else
		data += 2 + key_len, size -= 2 + key_len;
	if (kind == SCHEMA_ENTRY && key_len != 4)
		return 0;
	p = seal(kind, key, key_len, data, size);
	require(!tutela_schema_unseal(p, size + SEAL_LEN, kind, key, key_len, &body_len) && body_len == size);
	switch (kind) {
	case SCHEMA_STATE:
		check_state(p, size + SEAL_LEN);
		break;
	case SCHEMA_PENDING:
		check_pending(p, size + SEAL_LEN);
		break;
	case SCHEMA_LIST:
		check_list(key, key_len, p, size + SEAL_LEN);
		break;
	case SCHEMA_SEGMENT:
		check_segment(key, key_len, p, size + SEAL_LEN);
		break;
	case SCHEMA_ENTRY:
		check_entry(tutela_schema_get_key32(key), p, size + SEAL_LEN);
		break;
	case 7:
		check_name(data, size);
		break;
	default:
		check_body(data, size);
	}
	free(p);
	return 0;
}
