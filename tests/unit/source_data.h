/* SPDX-License-Identifier: Apache-2.0 */
/* Sources by formula. */
#ifndef TESTS_SOURCE_DATA_H
#define TESTS_SOURCE_DATA_H

#include "store_data.h"

#include <tutela/source.h>

/* The text of a public key like no other: 42 bytes that begin with "Ed". */
static inline void key_text(char out[TUTELA_KEY_TEXT_MAX + 1], unsigned seed)
{
	snprintf(out, TUTELA_KEY_TEXT_MAX + 1, "RWQ%053u", seed);
}

static inline struct tutela_source source_of(const char *name)
{
	struct tutela_source s = {.type = TUTELA_SOURCE_BUNDLE, .country = "DE", .url = "/media/stick", .n_keys = 2};

	snprintf(s.name, sizeof s.name, "%s", name);
	key_text(s.keys[0], 1);
	key_text(s.keys[1], 2);
	return s;
}

/* Every field at its limit. */
static inline struct tutela_source source_full(void)
{
	struct tutela_source s = {.type = TUTELA_SOURCE_BUNDLE,
				  .country = "ZZ",
				  .suspended = true,
				  .added = 5,
				  .threshold = 8,
				  .n_keys = TUTELA_SOURCE_KEYS_MAX,
				  .last_try = -1,
				  .last_success = 7};
	char *texts[] = {s.url, s.credentials, s.ca, s.client_cert, s.client_key};

	memset(s.name, 'n', TUTELA_LIST_NAME_MAX);
	for (unsigned i = 0; i < 5; i++)
		memset(texts[i], 'a' + (int)i, TUTELA_SOURCE_URL_MAX);
	memset(s.last_error, 'e', sizeof s.last_error - 1);
	for (unsigned i = 0; i < TUTELA_SOURCE_KEYS_MAX; i++)
		key_text(s.keys[i], i);
	return s;
}

static inline void source_equal(const struct tutela_source *a, const struct tutela_source *b)
{
	cr_assert_str_eq(a->name, b->name);
	cr_assert_eq(a->type, b->type);
	cr_assert_str_eq(a->country, b->country);
	cr_assert_str_eq(a->list, b->list);
	cr_assert_str_eq(a->url, b->url);
	cr_assert_str_eq(a->credentials, b->credentials);
	cr_assert_str_eq(a->ca, b->ca);
	cr_assert_str_eq(a->client_cert, b->client_cert);
	cr_assert_str_eq(a->client_key, b->client_key);
	cr_assert_eq(a->suspended, b->suspended);
	cr_assert_eq(a->threshold, b->threshold);
	cr_assert_eq(a->n_keys, b->n_keys);
	cr_assert_arr_eq(a->keys, b->keys, sizeof a->keys);
	cr_assert_eq(a->n_members, b->n_members);
	cr_assert_arr_eq(a->members, b->members, sizeof a->members);
	cr_assert_eq(a->last_try, b->last_try);
	cr_assert_eq(a->last_success, b->last_success);
	cr_assert_str_eq(a->last_error, b->last_error);
}

#endif
