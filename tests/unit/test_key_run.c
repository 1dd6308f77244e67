/* SPDX-License-Identifier: Apache-2.0 */
#include "store_data.h"

#include "store/key_run.h"

#define KEYS 20000

/* Key number i: of one to 70 bytes, no two alike. */
static size_t key_of(uint32_t i, uint8_t key[80])
{
	size_t len = 1 + mix(i) % 60;

	memset(key, (int)(i % 3), len);
	memcpy(key + len, &i, sizeof i);
	return len + sizeof i;
}

static void expect_has(const struct key_set *set, uint32_t from, uint32_t to, bool has)
{
	uint8_t key[80];

	for (uint32_t i = from; i < to; i++)
		cr_assert_eq(tutela_key_set_has(set, key, key_of(i, key)), has, "key %u", i);
}

Test(key_run, set_has_what_was_added)
{
	struct key_set set = {.n_slots = 0};
	uint8_t key[80];

	expect_has(&set, 0, 3, false);
	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < KEYS; i++) {
			OK(tutela_key_set_add(&set, key, key_of(i, key), i + 1));
			cr_assert_leq(set.run.n, set.n_slots / 2 + 1);
		}
		expect_has(&set, 0, KEYS, true);
		expect_has(&set, KEYS, 2 * KEYS, false);
		cr_assert(!tutela_key_set_has(&set, key, 0));
		tutela_key_run_sort(&set.run);
		cr_assert_eq(set.run.n, KEYS);
		for (size_t i = 0; i < KEYS; i++) {
			const struct key_ref *ref = &set.run.refs[i];
			size_t len = key_of(ref->number - 1, key);

			cr_assert(len == ref->len && !memcmp(key, set.run.bytes + ref->offset, len));
			cr_assert(!i || ref->prefix >= ref[-1].prefix);
		}
		tutela_key_set_clear(&set);
		expect_has(&set, 0, KEYS, false);
	}
	cr_assert(!tutela_key_set_full(&set));
	tutela_key_set_free(&set);
	cr_assert(!tutela_key_set_has(&set, key, 4));
}
