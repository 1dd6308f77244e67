/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/bundle_sync.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "exchange/utc_time.h"
#include "store/sources.h"

enum tutela_err tutela_bundle_check_clock(struct bundle_sync *sync, const char *name, int64_t issued)
{
	char now[UTC_TIME_TEXT], then[UTC_TIME_TEXT];

	if (issued <= sync->now + BUNDLE_CLOCK_SLACK)
		return TUTELA_OK;
	(void)tutela_utc_format(sync->now, now);
	(void)tutela_utc_format(issued, then);
	return tutela_bundle_fail(sync->why, TUTELA_E_REFUSED,
				  "this machine's clock says %s, and '%s' was issued at %s: the clock went back", now,
				  name, then);
}

static enum tutela_err read_held(struct bundle_sync *sync, char **text, size_t *len)
{
	struct tutela_snapshot *snap = NULL;
	enum tutela_err err = tutela_snapshot_open(sync->store, &snap);

	*text = NULL;
	*len = 0;
	if (!err)
		err = tutela_bundle_state_read(snap, sync->opts->source->name, BUNDLE_FEED, text, len);
	tutela_snapshot_close(snap);
	return err;
}

enum tutela_err tutela_bundle_unmoved(struct bundle_sync *sync)
{
	char *text;
	size_t len;
	enum tutela_err err = read_held(sync, &text, &len);
	bool same = !text == !sync->held && len == sync->held_len && (!text || !memcmp(text, sync->held, len));

	free(text);
	if (err || same)
		return err;
	return tutela_bundle_fail(sync->why, TUTELA_E_BUSY, "another sync of source '%s' has taken something meanwhile",
				  sync->opts->source->name);
}

void tutela_bundle_moved(struct bundle_sync *sync, char *text, size_t len)
{
	free(sync->held);
	sync->held = text;
	sync->held_len = len;
	sync->state_new = false;
}

static enum tutela_err load_state(struct bundle_sync *sync)
{
	enum tutela_err err = read_held(sync, &sync->held, &sync->held_len);

	if (!err && sync->held)
		err = tutela_bundle_source_state_parse(sync->held, sync->held_len, &sync->state);
	if (err)
		return tutela_bundle_fail(sync->why, err, "the state of source '%s' cannot be read: %s",
					  sync->opts->source->name, tutela_strerror(err));
	return tutela_bundle_check_clock(sync, "what was taken before", sync->state.clock);
}

static enum tutela_err check_index(struct bundle_sync *sync, const uint8_t *sha256)
{
	const struct bundle_index *index = &sync->index;

	if (index->root > sync->root.version)
		return tutela_bundle_fail(sync->why, TUTELA_E_REFUSED,
					  "'" BUNDLE_INDEX_NAME "' needs root %" PRIu64
					  ", and the newest here is %" PRIu64,
					  index->root, sync->root.version);
	if (index->version < sync->state.index)
		return tutela_bundle_fail(sync->why, TUTELA_E_REFUSED,
					  "'" BUNDLE_INDEX_NAME "' is version %" PRIu64 ", older than version %" PRIu64
					  ", which was taken",
					  index->version, sync->state.index);
	if (index->version == sync->state.index && memcmp(sha256, sync->state.index_sha256, BUNDLE_SHA_LEN))
		return tutela_bundle_fail(sync->why, TUTELA_E_REFUSED,
					  "'" BUNDLE_INDEX_NAME
					  "' says something else than was issued as version %" PRIu64 " before",
					  index->version);
	return tutela_bundle_check_clock(sync, BUNDLE_INDEX_NAME, index->issued);
}

static enum tutela_err load_index(struct bundle_sync *sync)
{
	char stem[BUNDLE_STEM_MAX], *bytes;
	uint8_t sha[BUNDLE_SHA_LEN];
	enum tutela_err err;
	size_t len;

	err = tutela_bundle_get_text(&sync->fetch, BUNDLE_INDEX_NAME, BUNDLE_INDEX_MAX, &bytes, &len);
	if (err)
		return err;
	tutela_bundle_sha256(bytes, len, sha);
	tutela_bundle_index_stem(sha, stem);
	err = tutela_bundle_verify(&sync->fetch, stem, BUNDLE_INDEX_NAME, bytes, len, &sync->root.lists);
	if (!err)
		err = tutela_bundle_index_parse(bytes, len, BUNDLE_INDEX_NAME, &sync->index, sync->why);
	free(bytes);
	if (!err)
		err = check_index(sync, sha);
	if (err)
		return err;
	sync->state_new |= sync->index.version != sync->state.index;
	sync->state.index = sync->index.version;
	memcpy(sync->state.index_sha256, sha, sizeof sha);
	if (sync->state.clock < sync->index.issued)
		sync->state.clock = sync->index.issued;
	return TUTELA_OK;
}

static bool on_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct bundle_sync *sync = ctx;

	return !sync->opts->progress || sync->opts->progress(sync->opts->ctx, sync->list, done, total);
}

static void tell(struct bundle_sync *sync, const struct tutela_bundle_list *result)
{
	if (sync->opts->result)
		sync->opts->result(sync->opts->ctx, result);
}

/* The source as a whole: one result without a list. */
static enum tutela_err tell_failure(struct bundle_sync *sync, enum tutela_err err)
{
	struct tutela_bundle_list result = {.err = err};

	(void)snprintf(result.reason, sizeof result.reason, "%s", *sync->why ? sync->why : tutela_strerror(err));
	tell(sync, &result);
	return err;
}

/*
 * What was seen counts, also when no list had anything new, and when something was refused: who can make a list be
 * refused must not be able to make an index or a root be forgotten.
 */
static enum tutela_err keep_state(struct bundle_sync *sync)
{
	enum tutela_err err;
	size_t len;
	char *text;

	if (!sync->state_new || !sync->state.root_len || sync->opts->dry_run)
		return TUTELA_OK;
	err = tutela_bundle_source_state_text(&sync->state, &text, &len);
	if (!err)
		err = tutela_feed_swap(sync->store, sync->opts->source, BUNDLE_FEED, sync->held, sync->held_len, text,
				       len);
	if (!err)
		tutela_bundle_moved(sync, text, len);
	else
		free(text);
	return err;
}

static enum tutela_err sync_lists(struct bundle_sync *sync)
{
	struct tutela_bundle_list result;
	enum tutela_err first = TUTELA_OK, err;
	const char *text;

	for (size_t i = 0; i < sync->index.n; i++) {
		err = tutela_bundle_list(sync, &sync->index.rows[i], &result);
		tell(sync, &result);
		if (!first)
			first = err;
		if (err == TUTELA_E_INTERRUPTED || err == TUTELA_E_BUSY)
			return first;
	}
	err = keep_state(sync);
	if (err && !first) {
		text = tutela_store_errmsg(sync->store);
		(void)tutela_bundle_fail(sync->why, err, "%s", *text ? text : tutela_strerror(err));
		first = tell_failure(sync, err);
	}
	if (!first && !sync->opts->dry_run)
		tutela_bundle_drop_all(sync->opts->staging);
	return first;
}

enum tutela_err tutela_bundle_sync(struct tutela_store *s, const struct tutela_bundle_sync_opts *opts)
{
	struct bundle_sync *sync;
	enum tutela_err err;

	if (!s || !opts || opts->size != sizeof *opts || !opts->source || !opts->transport.get || !opts->staging)
		return TUTELA_E_ARG;
	sync = tutela_mem_array(1, sizeof *sync);
	if (!sync)
		return TUTELA_E_NOMEM;
	sync->store = s;
	sync->opts = opts;
	sync->now = opts->now ? opts->now : (int64_t)time(NULL);
	sync->fetch = (struct bundle_fetch){.transport = &opts->transport,
					    .staging = opts->staging,
					    .why = sync->why,
					    .progress = on_progress,
					    .ctx = sync};
	err = load_state(sync);
	if (!err)
		err = tutela_bundle_roots(sync);
	if (!err)
		err = load_index(sync);
	if (err) {
		err = tell_failure(sync, tutela_bundle_outcome(err));
		/* Of what went wrong this is the lesser part. */
		(void)keep_state(sync);
	} else {
		err = sync_lists(sync);
	}
	tutela_bundle_index_free(&sync->index);
	free(sync->held);
	free(sync);
	return err;
}
