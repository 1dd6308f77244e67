/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commit of one list. Data files are staged and verified whole before the
 * writer lock is taken; then they are unpacked and put; and last, inside the
 * transaction, the list's digest is compared with the signed one: only when
 * they are equal does anything become visible.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tutela/exchange.h>

#include "store/list_sum.h"
#include "store/update.h"
#include "trust/bundle_sync.h"

struct taking {
	struct bundle_apply *a;
	struct tutela_update *update;
	const struct bundle_file *file;
	struct tutela_reader *reader;
	uint64_t records;
	enum tutela_err failed; /* by the store */
	bool differs, dry;      /* why the commit was stopped */
	char *state;            /* the source's, as it is put */
	size_t state_len;
	int fds[BUNDLE_FILES_MAX];
};

static char *why_of(struct taking *t)
{
	return t->a->sync->why;
}

static enum tutela_err fail_store(struct taking *t, enum tutela_err err)
{
	const char *text = tutela_store_errmsg(t->a->sync->store);

	if (err && !*why_of(t))
		(void)tutela_bundle_fail(why_of(t), err, "%s", *text ? text : tutela_strerror(err));
	return err;
}

/* ------------------------------------------------------------------ records */

static enum tutela_err on_problem(void *ctx, const struct tutela_exchange_problem *problem)
{
	struct taking *t = ctx;

	return tutela_bundle_fail(why_of(t), TUTELA_E_REFUSED, "'%s', line %" PRIu64 ": %s", t->file->name,
				  problem->line, problem->reason);
}

static enum tutela_err on_record(void *ctx, const struct tutela_record *rec, uint64_t line)
{
	struct taking *t = ctx;
	enum tutela_err err = tutela_update_put(t->update, rec);

	t->records++;
	/* To withdraw what was never here is done already. */
	if (err == TUTELA_E_REFUSED && rec->status == TUTELA_WITHDRAWN && !rec->n_fingerprints)
		return TUTELA_OK;
	if (err == TUTELA_E_REFUSED || err == TUTELA_E_TOOBIG)
		return tutela_bundle_fail(why_of(t), TUTELA_E_REFUSED,
					  "'%s', line %" PRIu64 ": a record that may not be stored", t->file->name,
					  line);
	t->failed = err;
	return err;
}

static enum tutela_err on_bytes(void *ctx, const void *bytes, size_t len)
{
	struct taking *t = ctx;
	const struct bundle_fetch *fetch = &t->a->sync->fetch;

	/* All of the file is here, and who asks to stop is heard all the same. */
	if (fetch->progress && !fetch->progress(fetch->ctx, t->file->length, t->file->length))
		return tutela_bundle_fail(why_of(t), TUTELA_E_INTERRUPTED, "interrupted");
	return tutela_reader_feed(t->reader, bytes, len);
}

static enum tutela_err put_file(struct taking *t, int fd)
{
	struct tutela_reader_opts opts = {.size = sizeof opts, .record = on_record, .problem = on_problem, .ctx = t};
	const char *reason = NULL;
	enum tutela_err err = tutela_reader_new("records", &opts, &t->reader, &reason);

	t->records = 0;
	if (!err)
		err = tutela_bundle_unpack(fd, t->file, on_bytes, t, why_of(t));
	if (!err)
		err = tutela_reader_finish(t->reader);
	if (err == TUTELA_E_FORMAT)
		err = tutela_bundle_fail(why_of(t), TUTELA_E_REFUSED, "'%s': %s", t->file->name,
					 tutela_reader_errmsg(t->reader));
	if (!err && t->records != t->file->records)
		err = tutela_bundle_fail(why_of(t), TUTELA_E_REFUSED,
					 "'%s' holds %" PRIu64 " records, and was signed with %" PRIu64, t->file->name,
					 t->records, t->file->records);
	tutela_reader_free(t->reader);
	t->reader = NULL;
	return t->failed ? fail_store(t, t->failed) : err;
}

/* ------------------------------------------------------------------ the commit */

static void count(struct taking *t, const struct tutela_update_result *r)
{
	struct tutela_bundle_list *out = t->a->result;

	out->added = r->added;
	out->changed = r->changed;
	out->withdrawn = r->withdrawn;
}

/* In the commit's transaction. */
static enum tutela_err compare(void *ctx, struct session *w, const struct list_row *row)
{
	struct taking *t = ctx;
	uint8_t digest[LIST_SUM_LEN];

	(void)w;
	tutela_sum_bytes(&row->issued, digest);
	t->differs = memcmp(digest, t->a->manifest->digest, sizeof digest) != 0;
	t->dry = t->a->sync->opts->dry_run;
	if (t->differs)
		return TUTELA_E_REFUSED;
	count(t, &t->update->result);
	return t->dry ? TUTELA_E_INTERRUPTED : TUTELA_OK;
}

static enum tutela_err put_states(struct taking *t)
{
	struct bundle_sync *sync = t->a->sync;
	const struct bundle_manifest *m = t->a->manifest;
	const char *source = sync->opts->source->name;
	struct bundle_source_state state = sync->state;
	struct bundle_list_state list = {.version = m->version,
					 .issued = m->issued,
					 .expires = m->expires,
					 .in_force = tutela_bundle_expiry(sync, m->expires),
					 .n_origins = m->n_origins};
	enum tutela_err err;
	size_t len;
	char *text;

	memcpy(list.digest, m->digest, sizeof list.digest);
	memcpy(list.manifest_sha256, t->a->manifest_sha256, sizeof list.manifest_sha256);
	memcpy(list.origins, m->origins, sizeof list.origins);
	if (state.clock < m->issued)
		state.clock = m->issued;
	err = tutela_bundle_list_state_text(&list, &text, &len);
	if (!err)
		err = tutela_update_feed(t->update, source, m->list, text, len);
	free(text);
	if (err)
		return err;
	err = tutela_bundle_source_state_text(&state, &t->state, &t->state_len);
	return err ? err : tutela_update_feed(t->update, source, BUNDLE_FEED, t->state, t->state_len);
}

static enum tutela_err begin(struct taking *t)
{
	struct bundle_sync *sync = t->a->sync;
	const struct bundle_manifest *m = t->a->manifest;
	char sha[2 * BUNDLE_SHA_LEN + 1], provenance[512];
	struct tutela_policy policy;
	struct tutela_update_opts opts = {.size = sizeof opts,
					  .list = m->list,
					  .create = true,
					  .policy = &policy,
					  .source = sync->opts->source->name,
					  .of = sync->opts->source,
					  .provenance = provenance,
					  .expires = tutela_bundle_expiry(sync, m->expires),
					  .threads = sync->opts->threads};
	enum tutela_err err = TUTELA_OK, moved;

	tutela_policy_default(&policy);
	policy.kind = m->kind;
	tutela_bundle_hex(t->a->manifest_sha256, BUNDLE_SHA_LEN, sha);
	(void)snprintf(provenance, sizeof provenance,
		       "bundle of source '%s', root %" PRIu64 ", version %" PRIu64 ", manifest SHA-256 %s", opts.source,
		       sync->root.version, m->version, sha);
	if (t->a->plan->n && !t->a->plan->files[0]->base)
		opts.mode = TUTELA_REPLACE;
	/* The store's number may have run ahead, by local decisions. */
	if (t->a->plan->n && m->version > t->a->list_version)
		opts.version = m->version;
	/* A list from before there were digests. */
	if (t->a->list_version)
		err = tutela_sum_keep(sync->store, m->list);
	if (!err)
		err = tutela_update_begin(sync->store, &opts, &t->update);
	if (!err && strcmp(t->update->row.list.source, opts.source))
		err = tutela_bundle_fail(sync->why, TUTELA_E_REFUSED, "the list '%s' is of another source", m->list);
	moved = err && err != TUTELA_E_ARG ? TUTELA_OK : tutela_bundle_unmoved(sync);
	/* Which is also why the list may have that version already. */
	return fail_store(t, moved == TUTELA_E_BUSY || !err ? moved : err);
}

static enum tutela_err commit(struct taking *t)
{
	struct bundle_sync *sync = t->a->sync;
	const struct bundle_plan *plan = t->a->plan;
	struct tutela_update_result r;
	enum tutela_err err = tutela_update_commit(t->update, &r);

	t->update = NULL;
	if (t->differs && plan->n && plan->files[0]->base)
		return tutela_bundle_fail(sync->why, TUTELA_E_REFUSED,
					  "'%s' does not lead from version %" PRIu64
					  " to what was signed as version %" PRIu64,
					  plan->files[0]->name, plan->files[0]->base, t->a->manifest->version);
	if (t->differs)
		return tutela_bundle_fail(sync->why, TUTELA_E_REFUSED,
					  "what came is not the list that was signed as version %" PRIu64,
					  t->a->manifest->version);
	if (t->dry && err == TUTELA_E_INTERRUPTED)
		return TUTELA_OK;
	if (err)
		return fail_store(t, err);
	count(t, &r);
	if (sync->state.clock < t->a->manifest->issued)
		sync->state.clock = t->a->manifest->issued;
	tutela_bundle_moved(sync, t->state, t->state_len);
	t->state = NULL;
	return TUTELA_OK;
}

static enum tutela_err stage(struct taking *t)
{
	enum tutela_err err = TUTELA_OK;

	for (size_t i = 0; i < t->a->plan->n && !err; i++) {
		err = tutela_bundle_get_file(&t->a->sync->fetch, t->a->plan->files[i], &t->fds[i]);
		/* A part of what was signed is missing. */
		if (err == TUTELA_E_NOTFOUND)
			err = TUTELA_E_REFUSED;
	}
	return err;
}

enum tutela_err tutela_bundle_apply(struct bundle_apply *a)
{
	struct taking t = {.a = a};
	enum tutela_err err;

	*a->sync->why = '\0';
	for (size_t i = 0; i < BUNDLE_FILES_MAX; i++)
		t.fds[i] = -1;
	err = stage(&t);
	if (!err)
		err = begin(&t);
	for (size_t i = 0; i < a->plan->n && !err; i++) {
		t.file = a->plan->files[i];
		err = put_file(&t, t.fds[i]);
	}
	if (!err) {
		t.update->also = compare;
		t.update->also_ctx = &t;
		err = fail_store(&t, put_states(&t));
	}
	if (!err)
		err = commit(&t);
	tutela_update_abort(t.update);
	free(t.state);
	for (size_t i = 0; i < a->plan->n; i++) {
		if (t.fds[i] >= 0)
			(void)close(t.fds[i]);
		if (!err && !t.dry)
			tutela_bundle_drop_file(&a->sync->fetch, a->plan->files[i]);
	}
	return err;
}
