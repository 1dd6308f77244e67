/* SPDX-License-Identifier: Apache-2.0 */
#include "store/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tutela/audit.h>

#include "base/mem.h"
#include "store/audit_log.h"

void tutela_check_find(struct check *c, const char *format, ...)
{
	char sentence[ERROR_TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(sentence, sizeof sentence, format, ap);
	va_end(ap);
	c->result->findings++;
	if (c->opts->finding)
		c->opts->finding(c->opts->ctx, sentence);
}

enum tutela_err tutela_check_absorb(struct check *c, enum tutela_err err)
{
	const char *text;

	if (err != TUTELA_E_CORRUPT && err != TUTELA_E_NOTFOUND && err != TUTELA_E_VERSION && err != TUTELA_E_FORMAT)
		return err;
	text = tutela_store_errmsg(c->store);
	tutela_check_find(c, "%s", *text ? text : tutela_strerror(err));
	return TUTELA_OK;
}

enum tutela_err tutela_check_step(struct check *c, const char *stage, uint64_t done, uint64_t total)
{
	if (!c->opts->progress || c->opts->progress(c->opts->ctx, stage, done, total))
		return TUTELA_OK;
	return TUTELA_E_INTERRUPTED;
}

size_t tutela_check_place(const struct pairs *p, uint32_t number)
{
	size_t low = 0, high = p->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (p->values[mid] < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low < p->n && p->values[low] == number ? low : p->n;
}

struct list_row *tutela_check_counted(struct check *c, uint32_t list)
{
	for (size_t i = 0; i < c->n_lists; i++)
		if (c->counted[i].number == list)
			return &c->counted[i];
	return NULL;
}

static bool key_is(const MDB_val *k, const char *name, size_t extra)
{
	size_t len = strlen(name);

	return k->mv_size == len + extra && !memcmp(k->mv_data, name, len);
}

/* Marks of removed lists carry no checksum: what is neither one nor a record may have been one. */
static enum tutela_err check_marks(struct check *c)
{
	struct cursor cursor;
	enum tutela_err err = tutela_cursor_open(c->store, c->txn, DB_META, &cursor);
	MDB_val k, v;

	while (!err) {
		err = tutela_cursor_get(&cursor, &k, &v, MDB_NEXT);
		if (err || key_is(&k, "state", 0) || key_is(&k, "pending", 0))
			continue;
		c->unfinished |= key_is(&k, "removed", 4);
		if (!key_is(&k, "removed", 4))
			tutela_check_find(c, "'%s' has a record of an unknown kind", c->store->path);
	}
	tutela_cursor_close(&cursor);
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : tutela_check_absorb(c, err);
}

static enum tutela_err find_unfinished(struct check *c)
{
	struct pending pending;
	enum tutela_err err = tutela_env_pending(c->store, c->txn, &pending);

	c->pending = err != TUTELA_E_NOTFOUND;
	c->unfinished = c->pending || c->state.purge_from < c->state.next_entry;
	err = err == TUTELA_E_NOTFOUND ? TUTELA_OK : tutela_check_absorb(c, err);
	return err ? err : check_marks(c);
}

/* A snapshot holds the index files open: a writer may replace them meanwhile. */
static enum tutela_err begin(struct check *c)
{
	enum tutela_err err = tutela_snapshot_open(c->store, &c->snap);

	if (!err)
		c->txn = c->snap->txn;
	else if (err == TUTELA_E_CORRUPT)
		err = tutela_env_begin(c->store, MDB_RDONLY, &c->txn);
	return err;
}

static void on_damage(void *ctx, const char *sentence)
{
	tutela_check_find(ctx, "%s", sentence);
}

static bool on_pages(void *ctx, uint64_t done, uint64_t total)
{
	return !tutela_check_step(ctx, "pages", done < total ? done : total, total);
}

static enum tutela_err load(struct check *c)
{
	const struct page_listener listener = {on_damage, on_pages, c};
	enum tutela_err err = begin(c);

	if (!err)
		err = tutela_guard_walk(&c->txn->guard, &listener);
	if (!err)
		err = tutela_env_state(c->store, c->txn, &c->state);
	if (err)
		return err;
	err = tutela_check_absorb(c, tutela_env_check_lists(c->store, c->txn, &c->state));
	if (!err)
		err = tutela_rows_lists(c->store, c->txn, NULL, &c->lists, &c->n_lists);
	if (err)
		return tutela_check_absorb(c, err);
	c->counted = tutela_mem_array(c->n_lists, sizeof *c->counted);
	if (!c->counted)
		return TUTELA_E_NOMEM;
	for (size_t i = 0; i < c->n_lists; i++)
		c->counted[i].number = c->lists[i].number;
	return find_unfinished(c);
}

static enum tutela_err check_audit(struct check *c)
{
	struct tutela_audit_verdict verdict;
	struct tutela_audit_check *chain;
	enum tutela_err err = tutela_audit_check_new(NULL, 0, &chain);

	if (err)
		return err;
	err = tutela_audit_walk(c->store, c->txn, chain);
	/* Damage that a record owns up to is found by whoever verifies the log. */
	if (!tutela_audit_check_end(chain, &verdict) || !verdict.bad)
		return err;
	tutela_check_find(c, "record %llu of the audit log of '%s': %s", (unsigned long long)verdict.bad,
			  c->store->path, verdict.reason);
	return err == TUTELA_E_CORRUPT ? TUTELA_OK : err;
}

static enum tutela_err check_all(struct check *c)
{
	enum tutela_err err = TUTELA_OK;

	if (c->opts->rebuild)
		err = tutela_check_absorb(c, tutela_check_rebuild(c));
	if (!err)
		err = load(c);
	if (!err)
		err = tutela_check_absorb(c, tutela_check_entries(c));
	if (!err)
		err = check_audit(c);
	if (!err)
		err = tutela_check_sources(c);
	if (!err)
		err = tutela_check_journal(c);
	if (!err)
		err = tutela_check_absorb(c, tutela_check_indexes(c));
	return err ? err : tutela_check_absorb(c, tutela_check_queries(c));
}

enum tutela_err tutela_store_check(struct tutela_store *s, const struct tutela_check_opts *opts,
				   struct tutela_check_result *out)
{
	static const struct tutela_check_opts defaults = {.size = sizeof defaults};
	struct tutela_check_result own;
	struct check *c;
	enum tutela_err err;

	memset(out ? out : &own, 0, sizeof own);
	if (!s || (opts && opts->size != sizeof *opts))
		return TUTELA_E_ARG;
	c = tutela_mem_array(1, sizeof *c);
	if (!c)
		return TUTELA_E_NOMEM;
	c->store = s;
	c->opts = opts ? opts : &defaults;
	c->result = out ? out : &own;
	err = check_all(c);
	if (c->snap)
		tutela_snapshot_close(c->snap);
	else
		tutela_env_abort(s, &c->txn);
	for (unsigned a = 0; a < ALGORITHMS; a++)
		tutela_pairs_free(&c->truth[a]);
	free(c->lists);
	free(c->counted);
	free(c);
	return err;
}
