/* SPDX-License-Identifier: Apache-2.0 */
/* One list of a bundle: is there something new, is it in order, what leads there? */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/list_sum.h"
#include "trust/bundle_sync.h"

struct one_list {
	struct bundle_sync *sync;
	const struct bundle_row *row;
	struct tutela_bundle_list *result;
	struct bundle_list_state state; /* what was taken before */
	bool exists, as_taken;          /* the store has it, and it says what was taken */
	uint64_t list_version;
	int64_t expires;
};

#define REFUSE(sync, ...) tutela_bundle_fail((sync)->why, TUTELA_E_REFUSED, __VA_ARGS__)

/* The store's words, when it has some. */
static enum tutela_err fail_store(struct bundle_sync *sync, enum tutela_err err)
{
	const char *text = tutela_store_errmsg(sync->store);

	if (err && !*sync->why)
		(void)tutela_bundle_fail(sync->why, err, "%s", *text ? text : tutela_strerror(err));
	return err;
}

static enum tutela_err look(struct one_list *one, struct tutela_snapshot *snap)
{
	const char *source = one->sync->opts->source->name;
	struct tutela_list list;
	uint8_t digest[32];
	enum tutela_err err;

	err = tutela_bundle_list_state(snap, source, one->row->list, &one->state);
	if (err)
		return err;
	err = tutela_snapshot_list(snap, one->row->list, &list);
	if (err == TUTELA_E_NOTFOUND)
		return TUTELA_OK;
	if (!err && strcmp(list.source, source))
		return REFUSE(one->sync, "the list '%s' of this store is of the source '%s', not of '%s'",
			      one->row->list, list.source, source);
	if (!err)
		err = tutela_snapshot_digest(snap, one->row->list, TUTELA_DIGEST_ISSUED, digest);
	if (err)
		return err;
	one->exists = true;
	one->list_version = list.version;
	one->expires = list.expires;
	one->as_taken = one->state.version && !memcmp(digest, one->state.digest, sizeof digest);
	return TUTELA_OK;
}

static enum tutela_err look_at_store(struct one_list *one)
{
	struct tutela_snapshot *snap = NULL;
	enum tutela_err err = tutela_snapshot_open(one->sync->store, &snap);

	if (!err)
		err = look(one, snap);
	tutela_snapshot_close(snap);
	return fail_store(one->sync, err);
}

/* A manifest's bytes, verified, taken apart, and fit to what the store has. */
static enum tutela_err check_manifest(struct one_list *one, const struct bundle_manifest *m)
{
	struct bundle_sync *sync = one->sync;
	const struct bundle_row *row = one->row;

	if (strcmp(m->list, row->list) || m->version != row->version)
		return REFUSE(sync,
			      "'%s' is of list '%s', version %" PRIu64 ", and the index says '%s', version %" PRIu64,
			      row->manifest, m->list, m->version, row->list, row->version);
	if (m->version == one->state.version && memcmp(m->digest, one->state.digest, sizeof m->digest))
		return REFUSE(sync, "'%s' says something else than was issued as version %" PRIu64 " before",
			      row->manifest, m->version);
	return tutela_bundle_check_clock(sync, row->manifest, m->issued);
}

static enum tutela_err get_manifest(struct one_list *one, struct bundle_manifest *out)
{
	struct bundle_sync *sync = one->sync;
	const struct bundle_row *row = one->row;
	uint8_t sha[BUNDLE_SHA_LEN];
	enum tutela_err err;
	char *bytes;
	size_t len;

	err = tutela_bundle_get_text(&sync->fetch, row->manifest, (size_t)row->length, &bytes, &len);
	if (err == TUTELA_E_NOTFOUND)
		err = TUTELA_E_REFUSED;
	if (err)
		return err;
	tutela_bundle_sha256(bytes, len, sha);
	if (len != row->length)
		err = REFUSE(sync, "'%s' has %zu bytes, and the index says %" PRIu64, row->manifest, len, row->length);
	else if (memcmp(sha, row->sha256, sizeof sha))
		err = REFUSE(sync, "'%s' is not the manifest that the index names: two versions are mixed",
			     row->manifest);
	if (!err)
		err = tutela_bundle_verify(&sync->fetch, row->manifest, row->manifest, bytes, len, &sync->root.lists);
	if (!err)
		err = tutela_bundle_manifest_parse(bytes, len, row->manifest, out, sync->why);
	free(bytes);
	return err ? err : check_manifest(one, out);
}

static enum tutela_err take_with(struct one_list *one, const struct bundle_manifest *m, uint64_t held)
{
	struct bundle_plan plan = {0};
	struct bundle_apply apply = {.sync = one->sync,
				     .manifest = m,
				     .manifest_sha256 = one->row->sha256,
				     .plan = &plan,
				     .list_version = one->exists ? one->list_version : 0,
				     .result = one->result};

	if (!(one->as_taken && one->state.version == m->version)) {
		tutela_bundle_plan(m, held, &plan);
		if (!plan.n && held)
			return REFUSE(one->sync,
				      "'%s' has no full list, and no delta that begins at version %" PRIu64
				      ", which this store has",
				      one->row->manifest, held);
		if (!plan.n)
			return REFUSE(one->sync, "'%s' has no full list, and no version of it is here",
				      one->row->manifest);
	}
	return tutela_bundle_apply(&apply);
}

static enum tutela_err take(struct one_list *one, const struct bundle_manifest *m)
{
	uint64_t held = one->as_taken ? one->state.version : 0;
	enum tutela_err err = take_with(one, m, held);
	char why[BUNDLE_WHY_MAX];

	if (err != TUTELA_E_REFUSED || !held || held == m->version)
		return err;
	/* A delta that leads elsewhere need not be the end: the full list may be good. */
	memcpy(why, one->sync->why, sizeof why);
	err = take_with(one, m, 0);
	if (err == TUTELA_E_REFUSED)
		memcpy(one->sync->why, why, sizeof why);
	return err;
}

static enum tutela_err sync_list(struct one_list *one)
{
	struct bundle_sync *sync = one->sync;
	const struct bundle_row *row = one->row;
	struct bundle_manifest *m;
	enum tutela_err err;

	if (!strcmp(row->list, BUNDLE_FEED))
		return REFUSE(sync, "'%s' cannot be the name of a list in a bundle", row->list);
	err = look_at_store(one);
	if (err)
		return err;
	one->result->from_version = one->state.version;
	one->result->to_version = one->state.version;
	if (row->version < one->state.version)
		return REFUSE(sync,
			      "version %" PRIu64 " of list '%s' is older than version %" PRIu64 ", which was taken",
			      row->version, row->list, one->state.version);
	if (one->as_taken && row->version == one->state.version &&
	    !memcmp(row->sha256, one->state.manifest_sha256, sizeof row->sha256) && one->state.expires &&
	    one->state.in_force == tutela_bundle_expiry(sync, one->state.expires))
		return TUTELA_OK;
	m = tutela_mem_array(1, sizeof *m);
	if (!m)
		return TUTELA_E_NOMEM;
	err = get_manifest(one, m);
	if (!err)
		err = take(one, m);
	if (!err) {
		one->result->to_version = m->version;
		one->expires = tutela_bundle_expiry(sync, m->expires);
	}
	free(m);
	return err;
}

enum tutela_err tutela_bundle_list(struct bundle_sync *sync, const struct bundle_row *row,
				   struct tutela_bundle_list *result)
{
	struct one_list one = {.sync = sync, .row = row, .result = result};
	enum tutela_err err;

	memset(result, 0, sizeof *result);
	strcpy(result->list, row->list);
	*sync->why = '\0';
	sync->list = row->list;
	err = tutela_bundle_outcome(sync_list(&one));
	result->err = err;
	if (err)
		(void)snprintf(result->reason, sizeof result->reason, "%s",
			       *sync->why ? sync->why : tutela_strerror(err));
	result->expired = (one.expires && one.expires < sync->now) || sync->index.expires < sync->now;
	return err;
}
