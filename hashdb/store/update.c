/* SPDX-License-Identifier: Apache-2.0 */
#include "store/update.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "exchange/record_line.h"
#include "store/audit_log.h"
#include "store/cleanup.h"
#include "store/decisions.h"
#include "store/lists.h"
#include "store/sources.h"

/* Entries whose predecessors' digests are taken out within the commit itself. Fewer in the tests of sudden death. */
#ifndef PURGE_IN_COMMIT
#define PURGE_IN_COMMIT 10000
#endif

static void free_update(struct tutela_update *u)
{
	tutela_batch_free(&u->batch);
	tutela_key_run_free(&u->digests);
	tutela_key_spill_free(&u->spilled);
	tutela_key_set_free(&u->keys);
	for (unsigned a = 0; a < ALGORITHMS; a++)
		tutela_pairs_free(&u->pairs[a]);
	tutela_feeds_free(u);
	tutela_held_free(u);
	tutela_decisions_free(u);
	free(u->provenance);
	free(u->kept);
	free(u->body);
	free(u->line);
	free(u);
}

static enum tutela_err check_opts(struct tutela_store *s, const struct tutela_update_opts *opts)
{
	if (!s || !opts || opts->size != sizeof *opts || (unsigned)opts->mode > TUTELA_REPLACE ||
	    opts->most_absent > 100)
		return TUTELA_E_ARG;
	if (!tutela_schema_name_valid(opts->list))
		return tutela_store_fail(s, TUTELA_E_ARG, "'%.*s' cannot be the name of a list", TUTELA_LIST_NAME_MAX,
					 opts->list ? opts->list : "");
	if (opts->source && !tutela_schema_name_valid(opts->source))
		return tutela_store_fail(s, TUTELA_E_ARG, "'%.*s' cannot be the name of a source", TUTELA_LIST_NAME_MAX,
					 opts->source);
	if (opts->policy && !tutela_schema_policy_valid(opts->policy))
		return tutela_store_fail(s, TUTELA_E_ARG, "the policy of list '%s' is out of range", opts->list);
	return TUTELA_OK;
}

static enum tutela_err find_list(struct tutela_update *u, const struct tutela_update_opts *opts)
{
	struct session *w = &u->w;
	enum tutela_err err = tutela_list_get(w->store, w->txn, opts->list, &u->row);

	if (!err && opts->version && opts->version <= u->row.list.version)
		return tutela_store_fail(w->store, TUTELA_E_ARG, "list '%s' has version %llu already", opts->list,
					 (unsigned long long)u->row.list.version);
	if (err != TUTELA_E_NOTFOUND)
		return err;
	if (!opts->create)
		return tutela_store_fail(w->store, err, "there is no list '%s'", opts->list);
	u->new_list = true;
	return tutela_list_new(w, opts->list, opts->source, opts->policy, &u->row);
}

static enum tutela_err prepare(struct tutela_update *u, const struct tutela_update_opts *opts)
{
	enum tutela_err err = opts->of ? tutela_source_same(&u->w, opts->of) : TUTELA_OK;

	if (!err)
		err = find_list(u, opts);
	if (err)
		return err;
	u->mode = opts->mode;
	u->newest = u->batch.by_time = opts->newest;
	u->threads = opts->threads;
	u->most_absent =
		opts->most_absent ? (u->row.list.active + u->row.list.disputed) * opts->most_absent / 100 : UINT64_MAX;
	u->version = opts->version;
	u->expires = opts->expires;
	u->now = time(NULL);
	u->first_entry = u->w.state.next_entry;
	u->provenance = strdup(opts->provenance ? opts->provenance : "");
	u->body = tutela_mem_array(ENTRY_BODY_MAX, 1);
	u->line = tutela_mem_array(u->row.summed ? RECORD_LINE_MAX : 1, 1);
	if (u->mode == TUTELA_REPLACE)
		u->kept = tutela_mem_array(u->first_entry / 8 + 1, 1);
	return u->provenance && u->body && u->line && (u->kept || u->mode != TUTELA_REPLACE) ? TUTELA_OK
											     : TUTELA_E_NOMEM;
}

enum tutela_err tutela_update_begin(struct tutela_store *s, const struct tutela_update_opts *opts,
				    struct tutela_update **out)
{
	struct tutela_update *u;
	enum tutela_err err;

	*out = NULL;
	err = check_opts(s, opts);
	if (err)
		return err;
	u = tutela_mem_array(1, sizeof *u);
	if (!u)
		return TUTELA_E_NOMEM;
	err = tutela_session_begin(s, false, &u->w);
	if (err) {
		free_update(u);
		return err;
	}
	err = prepare(u, opts);
	if (err) {
		tutela_update_abort(u);
		return err;
	}
	*out = u;
	return TUTELA_OK;
}

static enum tutela_err change_status(struct tutela_update *u, struct tutela_text id, const struct restatement *to)
{
	uint8_t key[ENTRY_KEY_MAX];
	enum tutela_err err;

	/* What was put before must be there to be found. */
	err = tutela_update_flush(u);
	if (!err)
		err = tutela_update_flush_keys(u);
	if (!err)
		err = tutela_update_restate(u, key, tutela_schema_entry_key(u->row.number, id.s, id.len, key), to);
	if (err == TUTELA_E_NOTFOUND)
		return tutela_store_fail(u->w.store, err, "list '%s' has no entry '%.*s'", u->row.list.name,
					 (int)id.len, id.s);
	u->failed = err;
	return err;
}

/* Why an entry is allowed: its label "reason". */
static struct tutela_text reason_of(const struct tutela_record *rec)
{
	static const char key[] = "reason";

	for (size_t i = 0; i < rec->n_labels; i++)
		if (rec->labels[i].key.len == sizeof key - 1 && !memcmp(rec->labels[i].key.s, key, sizeof key - 1))
			return rec->labels[i].value;
	return (struct tutela_text){0};
}

enum tutela_err tutela_update_put(struct tutela_update *u, const struct tutela_record *rec)
{
	char id_room[ID_ROOM];
	enum tutela_err err;

	if (!u || !rec)
		return TUTELA_E_ARG;
	if (u->failed)
		return u->failed;
	err = tutela_record_clean(u, rec, id_room);
	if (err)
		return err;
	if (!u->clean.n_fingerprints) {
		err = change_status(u, u->clean.id,
				    &(struct restatement){RESTATE_ISSUED, u->clean.status, u->clean.reason,
							  u->newest ? u->clean.source_time : 0});
		if (err != TUTELA_E_NOTFOUND || !u->newest)
			return err == TUTELA_E_NOTFOUND ? TUTELA_E_REFUSED : err;
	}
	u->failed = tutela_batch_add(u);
	if (!u->failed && u->row.list.policy.kind == TUTELA_LIST_ALLOW)
		u->failed = tutela_decision_add(u, "allow", u->clean.status, u->clean.id, reason_of(&u->clean));
	return u->failed;
}

/* What a source says of its own entries is told by the update's counts; what the operator does, one by one. */
static enum tutela_err note_decision(struct tutela_update *u, struct tutela_text id, const struct restatement *to)
{
	static const char *const kinds[] = {"issued", "local", "taken-back"};

	if (to->who == RESTATE_ISSUED && strcmp(u->row.list.source, "local") != 0)
		return TUTELA_OK;
	u->failed = tutela_decision_add(u, kinds[to->who], to->status, id, to->reason);
	return u->failed;
}

static enum tutela_err restate(struct tutela_update *u, struct tutela_text id, const struct restatement *to)
{
	/* Checks the texts; a record without fingerprints is fine when it is not active. */
	struct tutela_record rec = {.id = id, .status = TUTELA_WITHDRAWN, .reason = to->reason};
	char id_room[ID_ROOM];
	uint64_t unchanged = u ? u->result.unchanged : 0;
	enum tutela_err err;

	if (!u || (unsigned)to->status > TUTELA_WITHDRAWN || !id.len)
		return TUTELA_E_ARG;
	if (u->failed)
		return u->failed;
	err = tutela_record_clean(u, &rec, id_room);
	if (!err)
		err = change_status(u, id, to);
	if (err || u->result.unchanged != unchanged)
		return err;
	return note_decision(u, id, to);
}

enum tutela_err tutela_update_status(struct tutela_update *u, struct tutela_text id, enum tutela_status status,
				     struct tutela_text reason)
{
	return restate(u, id, &(struct restatement){RESTATE_ISSUED, status, reason, 0});
}

enum tutela_err tutela_update_decide(struct tutela_update *u, struct tutela_text id, enum tutela_status status,
				     struct tutela_text reason)
{
	return restate(u, id, &(struct restatement){RESTATE_DECIDED, status, reason, 0});
}

enum tutela_err tutela_update_undecide(struct tutela_update *u, struct tutela_text id)
{
	return restate(u, id, &(struct restatement){.who = RESTATE_UNDECIDED});
}

/* ------------------------------------------------------------------ commit */

static bool changed(const struct tutela_update *u)
{
	return u->result.added || u->result.changed || u->result.withdrawn;
}

/* Is there anything to commit? */
static bool says_something(const struct tutela_update *u)
{
	return changed(u) || u->new_list || u->version || u->expires || u->also || u->n_feeds || u->held;
}

static void settle_row(struct tutela_update *u)
{
	struct tutela_list *l = &u->row.list;

	if (changed(u) || u->version) {
		l->version = u->version ? u->version : l->version + 1;
		l->updated = u->now;
	}
	if (u->expires)
		l->expires = u->expires > 0 ? u->expires : 0;
	l->active += (uint64_t)u->entries[TUTELA_ACTIVE];
	l->disputed += (uint64_t)u->entries[TUTELA_DISPUTED];
	l->withdrawn += (uint64_t)u->entries[TUTELA_WITHDRAWN];
	for (unsigned a = 0; a < ALGORITHMS; a++) {
		u->row.active[a] += (uint64_t)u->active[a];
		u->row.disputed[a] += (uint64_t)u->disputed[a];
	}
	u->result.version = l->version;
}

static enum tutela_err write_index(struct tutela_update *u)
{
	const struct tutela_algorithm_info *info;
	enum tutela_err err = TUTELA_OK;

	for (size_t i = 0; (info = tutela_algorithm_at(i)) && !err; i++) {
		uint64_t live;

		if (!info->perceptual)
			continue;
		err = tutela_lists_active(u->w.store, u->w.txn, info->id, &live);
		if (!err)
			err = tutela_segment_write(&u->w, info->id, &u->pairs[info->id], live, false, u->threads);
	}
	return err;
}

static enum tutela_err write_audit(struct tutela_update *u)
{
	struct audit_event event = {.action = "update",
				    .update = u->w.state.update,
				    .mode = u->mode == TUTELA_REPLACE ? "replace" : "merge",
				    .list = &u->row,
				    .result = &u->result,
				    .provenance = u->provenance};

	return tutela_audit_add(u->w.store, u->w.txn, &event);
}

/* Building an index needs memory of its own: let go of what was for writing rows. */
static void shrink(struct tutela_update *u)
{
	tutela_batch_free(&u->batch);
	tutela_key_run_free(&u->digests);
	tutela_key_set_free(&u->keys);
	tutela_env_forget_pages(u->w.store);
}

/* All that is visible of the update, in one transaction. */
static enum tutela_err publish(struct tutela_update *u)
{
	struct session *w = &u->w;
	enum tutela_err err;

	shrink(u);
	settle_row(u);
	err = tutela_list_put(w->store, w->txn, &u->row);
	if (!err)
		err = tutela_feeds_write(u);
	if (!err)
		err = tutela_held_write(u);
	if (!err && u->also)
		err = u->also(u->also_ctx, w, &u->row);
	if (!err)
		err = write_index(u);
	w->state.update++;
	if (!err)
		err = write_audit(u);
	if (!err)
		err = tutela_decisions_write(u);
	if (!err && !w->parted && w->state.next_entry - w->state.purge_from <= PURGE_IN_COMMIT)
		err = tutela_cleanup_purge_part(w, PURGE_IN_COMMIT);
	return err ? err : tutela_session_commit(w);
}

enum tutela_err tutela_update_commit(struct tutela_update *u, struct tutela_update_result *result)
{
	enum tutela_err err;

	if (result)
		memset(result, 0, sizeof *result);
	if (!u)
		return TUTELA_E_ARG;
	err = u->failed ? u->failed : tutela_update_flush(u);
	if (!err)
		err = tutela_update_flush_keys(u);
	if (!err && u->mode == TUTELA_REPLACE)
		err = tutela_update_withdraw_rest(u);
	if (!err)
		err = tutela_update_flush_digests(u);
	u->result.version = u->row.list.version;
	if (!err && says_something(u)) {
		err = publish(u);
		if (!err)
			tutela_session_tidy(&u->w);
	}
	if (!err && result)
		*result = u->result;
	tutela_update_abort(u);
	return err;
}

void tutela_update_abort(struct tutela_update *u)
{
	if (!u)
		return;
	tutela_session_end(&u->w);
	free_update(u);
}
