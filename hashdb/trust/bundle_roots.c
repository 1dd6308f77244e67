/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roots: the first is vouched for by the keys that the operator pinned, each
 * next one by a threshold of the keys of the one before and of its own.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/utc_time.h"
#include "trust/bundle_sync.h"

#define ROOTS_MAX 1024 /* rotations that one sync walks, and that a first one looks through */

static void root_name(uint64_t version, char *out)
{
	(void)sprintf(out, "root.%" PRIu64 ".json", version);
}

static enum tutela_err pinned_keys(struct bundle_sync *sync, struct bundle_role *out)
{
	const struct tutela_source *source = sync->opts->source;

	memset(out, 0, sizeof *out);
	out->threshold = source->threshold ? source->threshold : 1;
	for (size_t i = 0; i < source->n_keys && i < TUTELA_SOURCE_KEYS_MAX; i++) {
		const char *text = source->keys[i];
		struct tutela_public_key key;
		bool twice = false;

		if (tutela_public_key_parse(text, strnlen(text, TUTELA_KEY_TEXT_MAX + 1), &key))
			return tutela_bundle_fail(sync->why, TUTELA_E_ARG, "a pinned key of source '%s' is no key",
						  source->name);
		for (size_t j = 0; j < out->n; j++)
			twice |= !memcmp(out->keys[j].key, key.key, sizeof key.key) ||
				 !memcmp(out->keys[j].id, key.id, sizeof key.id);
		if (!twice)
			out->keys[out->n++] = key;
	}
	if (out->n >= out->threshold)
		return TUTELA_OK;
	return tutela_bundle_fail(sync->why, TUTELA_E_REFUSED, "source '%s' has %zu pinned keys, and needs %u",
				  source->name, out->n, out->threshold);
}

/* Take a root whose bytes `by` vouches for, and, as always, it itself. */
static enum tutela_err take(struct bundle_sync *sync, uint64_t version, const char *bytes, size_t len,
			    const struct bundle_role *by)
{
	struct bundle_root root;
	enum tutela_err err;
	char name[40];

	root_name(version, name);
	err = tutela_bundle_verify(&sync->fetch, name, name, bytes, len, by);
	if (!err)
		err = tutela_bundle_root_parse(bytes, len, name, &root, sync->why);
	if (!err && root.version != version)
		err = tutela_bundle_fail(sync->why, TUTELA_E_REFUSED, "'%s' says that it is root %" PRIu64, name,
					 root.version);
	if (!err)
		err = tutela_bundle_verify(&sync->fetch, name, name, bytes, len, &root.root);
	if (err)
		return err;
	sync->root = root;
	memcpy(sync->state.root, bytes, len);
	sync->state.root[len] = '\0';
	sync->state.root_len = len;
	return TUTELA_OK;
}

/* The oldest root that the pinned keys vouch for. */
static enum tutela_err first_root(struct bundle_sync *sync)
{
	struct bundle_role pinned;
	enum tutela_err err = pinned_keys(sync, &pinned), first = TUTELA_OK;
	char first_why[BUNDLE_WHY_MAX];

	for (uint64_t version = 1; !err && version <= ROOTS_MAX; version++) {
		char name[40], *bytes;
		size_t len;

		root_name(version, name);
		err = tutela_bundle_get_text(&sync->fetch, name, BUNDLE_ROOT_MAX, &bytes, &len);
		if (err)
			break;
		err = take(sync, version, bytes, len, &pinned);
		free(bytes);
		if (err != TUTELA_E_REFUSED)
			return err;
		if (!first) {
			first = err;
			memcpy(first_why, sync->why, sizeof first_why);
		}
		err = TUTELA_OK;
	}
	/* What is wrong with the first says more than that there is no more. */
	if (first && (!err || err == TUTELA_E_NOTFOUND)) {
		memcpy(sync->why, first_why, sizeof first_why);
		return first;
	}
	if (err == TUTELA_E_NOTFOUND)
		return tutela_bundle_fail(sync->why, TUTELA_E_REFUSED, "there is no 'root.1.json': this is no bundle");
	return err;
}

/* The root that is held must still be there, as it was. */
static enum tutela_err held_root(struct bundle_sync *sync)
{
	char name[40], *bytes;
	enum tutela_err err;
	size_t len;
	bool same;

	err = tutela_bundle_root_parse(sync->state.root, sync->state.root_len, "root", &sync->root, sync->why);
	if (err)
		return err;
	root_name(sync->root.version, name);
	err = tutela_bundle_get_text(&sync->fetch, name, BUNDLE_ROOT_MAX, &bytes, &len);
	if (err == TUTELA_E_NOTFOUND)
		return tutela_bundle_fail(sync->why, TUTELA_E_REFUSED,
					  "there is no '%s', which was seen before: the root is older than it was",
					  name);
	if (err)
		return err;
	same = len == sync->state.root_len && !memcmp(bytes, sync->state.root, len);
	free(bytes);
	if (same)
		return TUTELA_OK;
	return tutela_bundle_fail(sync->why, TUTELA_E_REFUSED,
				  "'%s' is not the root of this version that was seen before", name);
}

enum tutela_err tutela_bundle_roots(struct bundle_sync *sync)
{
	bool held = sync->state.root_len > 0;
	enum tutela_err err = held ? held_root(sync) : first_root(sync);
	char name[40], time[UTC_TIME_TEXT], *bytes;
	size_t len;

	sync->state_new |= !held;
	for (unsigned i = 0; !err && i < ROOTS_MAX; i++) {
		struct bundle_role before = sync->root.root;
		uint64_t next = sync->root.version + 1;

		root_name(next, name);
		err = tutela_bundle_get_text(&sync->fetch, name, BUNDLE_ROOT_MAX, &bytes, &len);
		if (err)
			break;
		err = take(sync, next, bytes, len, &before);
		free(bytes);
		sync->state_new = true;
	}
	if (err && err != TUTELA_E_NOTFOUND)
		return err;
	root_name(sync->root.version, name);
	if (sync->root.expires >= sync->now)
		return tutela_bundle_check_clock(sync, name, sync->root.issued);
	(void)tutela_utc_format(sync->root.expires, time);
	return tutela_bundle_fail(sync->why, TUTELA_E_REFUSED, "'%s' expired at %s: the source must issue a new root",
				  name, time);
}
