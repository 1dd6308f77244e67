/* SPDX-License-Identifier: Apache-2.0 */
/* Every entry, and what refers to it: keys, digests, predecessors, the lists' totals. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/check.h"
#include "store/entry_write.h"

#define STEP 4096 /* entries from one call of progress to the next */

struct walk {
	struct check *c;
	struct tutela_record rec, other;
	uint32_t number;
	struct entry e;
};

static bool list_is_being_removed(struct check *c, uint32_t list)
{
	uint8_t key[11] = "removed";
	MDB_val v;

	tutela_schema_key32(list, key + 7);
	return !tutela_env_get(c->store, c->txn, DB_META, key, sizeof key, &v);
}

/* An entry that this update ends: one that is still being written does not count yet. */
static bool ended(const struct check *c, const struct entry *e)
{
	return e->gone && e->gone <= c->state.update;
}

static enum tutela_err check_chain(struct walk *w)
{
	struct check *c = w->c;
	struct entry prev;
	enum tutela_err err;

	if (w->e.added > c->state.update)
		tutela_check_find(c, "entry %u claims to be of an update that never was", w->number);
	if (w->e.gone > c->state.update && !c->pending)
		tutela_check_find(c, "entry %u claims to end with an update that never was", w->number);
	if (!w->e.prev)
		return TUTELA_OK;
	err = tutela_entry_record(c->store, c->txn, w->e.prev, &prev, &w->other);
	if (err == TUTELA_E_NOTFOUND) {
		tutela_check_find(c, "entry %u follows entry %u, which is missing", w->number, w->e.prev);
		return TUTELA_OK;
	}
	if (err)
		return tutela_check_absorb(c, err);
	if (prev.list != w->e.list || prev.gone != w->e.added || w->other.id.len != w->rec.id.len ||
	    memcmp(w->other.id.s, w->rec.id.s, w->rec.id.len))
		tutela_check_find(c, "entry %u follows entry %u, which is another's or has not ended", w->number,
				  w->e.prev);
	return TUTELA_OK;
}

static enum tutela_err check_key(struct walk *w)
{
	struct check *c = w->c;
	uint8_t key[ENTRY_KEY_MAX];
	uint32_t number;
	enum tutela_err err;

	err = tutela_key_get(c->store, c->txn, key, tutela_schema_entry_key(w->e.list, w->rec.id.s, w->rec.id.len, key),
			     &number);
	if (!err && c->pending)
		err = tutela_entry_visible(c->store, c->txn, number, c->state.update, &number);
	if (err && err != TUTELA_E_NOTFOUND)
		return tutela_check_absorb(c, err);
	if (err || number != w->number)
		tutela_check_find(c, "the id '%.*s' does not lead to its entry %u", (int)w->rec.id.len, w->rec.id.s,
				  w->number);
	return TUTELA_OK;
}

static enum tutela_err check_digest(struct walk *w, struct cursor *cursor, const uint8_t *key, size_t len)
{
	uint8_t k_bytes[DIGEST_KEY_MAX], v_bytes[4];
	MDB_val k = {len, k_bytes}, v = {sizeof v_bytes, v_bytes};
	enum tutela_err err;

	memcpy(k_bytes, key, len);
	tutela_schema_key32(w->number, v_bytes);
	err = tutela_cursor_get(cursor, &k, &v, MDB_GET_BOTH);
	w->c->digests++;
	if (err != TUTELA_E_NOTFOUND)
		return tutela_check_absorb(w->c, err);
	tutela_check_find(w->c, "an exact fingerprint of entry %u cannot be looked up", w->number);
	return TUTELA_OK;
}

/* Long values may share a key. */
static bool same_key_before(const struct tutela_record *rec, size_t i, const uint8_t *key, size_t len)
{
	uint8_t other[DIGEST_KEY_MAX];

	for (size_t j = 0; j < i; j++)
		if (!tutela_algorithm_get(rec->fingerprints[j].algorithm)->perceptual &&
		    tutela_schema_digest_key(&rec->fingerprints[j], other) == len && !memcmp(other, key, len))
			return true;
	return false;
}

static enum tutela_err check_fingerprints(struct walk *w, struct cursor *digests)
{
	struct list_row *counted = tutela_check_counted(w->c, w->e.list);
	const struct tutela_record *rec = &w->rec;
	enum tutela_err err = TUTELA_OK;
	uint8_t key[DIGEST_KEY_MAX];

	for (size_t i = 0; i < rec->n_fingerprints && !err; i++) {
		const struct tutela_hash *h = &rec->fingerprints[i];
		size_t len;

		w->c->result->fingerprints++;
		counted->active[h->algorithm] += rec->status == TUTELA_ACTIVE;
		counted->disputed[h->algorithm] += rec->status == TUTELA_DISPUTED;
		if (rec->status != TUTELA_ACTIVE)
			continue;
		if (tutela_algorithm_get(h->algorithm)->perceptual) {
			err = tutela_pairs_add(&w->c->truth[h->algorithm], h, w->number);
			continue;
		}
		len = tutela_schema_digest_key(h, key);
		if (!same_key_before(rec, i, key, len))
			err = check_digest(w, digests, key, len);
	}
	return err;
}

static enum tutela_err check_entry(struct walk *w, const MDB_val *value, struct cursor *digests)
{
	struct check *c = w->c;
	struct list_row *counted;
	enum tutela_err err;

	if (tutela_schema_get_entry(w->number, value->mv_data, value->mv_size, &w->e) ||
	    tutela_schema_get_body(w->e.body, w->e.body_len, &w->rec)) {
		tutela_check_find(c, "entry %u is damaged", w->number);
		return TUTELA_OK;
	}
	counted = tutela_check_counted(c, w->e.list);
	if (!counted) {
		if (!list_is_being_removed(c, w->e.list))
			tutela_check_find(c, "entry %u is of a list that does not exist", w->number);
		return TUTELA_OK;
	}
	err = check_chain(w);
	if (err || ended(c, &w->e))
		return err;
	c->visible++;
	counted->list.active += w->rec.status == TUTELA_ACTIVE;
	counted->list.disputed += w->rec.status == TUTELA_DISPUTED;
	counted->list.withdrawn += w->rec.status == TUTELA_WITHDRAWN;
	err = check_key(w);
	return err ? err : check_fingerprints(w, digests);
}

static enum tutela_err walk_entries(struct walk *w, struct cursor *entries, struct cursor *digests)
{
	struct check *c = w->c;
	enum tutela_err err = TUTELA_OK;
	MDB_val k, v;

	while (!err) {
		err = tutela_cursor_get(entries, &k, &v, MDB_NEXT);
		if (err)
			break;
		w->number = k.mv_size == 4 ? tutela_schema_get_key32(k.mv_data) : 0;
		if (!w->number) {
			tutela_check_find(c, "an entry has no number");
			continue;
		}
		/* What lies past the last visible entry is an unfinished update's. */
		if (w->number >= c->state.next_entry) {
			if (!c->pending)
				tutela_check_find(c, "entry %u is past the last one", w->number);
			continue;
		}
		err = check_entry(w, &v, digests);
		c->result->entries++;
		if (!err && c->result->entries % STEP == 0)
			err = tutela_check_step(c, "entries", w->number, c->state.next_entry - 1);
	}
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : tutela_check_absorb(c, err);
}

static void compare_rows(struct check *c, enum store_db db, uint64_t expected, const char *what)
{
	uint64_t n = c->txn->guard.trees[db].entries;

	if (n != expected && !c->unfinished)
		tutela_check_find(c, "there are %llu %s, not %llu", (unsigned long long)n, what,
				  (unsigned long long)expected);
}

static void compare_lists(struct check *c)
{
	for (size_t i = 0; i < c->n_lists; i++) {
		const struct list_row *says = &c->lists[i], *has = &c->counted[i];

		if (says->list.active != has->list.active || says->list.disputed != has->list.disputed ||
		    says->list.withdrawn != has->list.withdrawn ||
		    memcmp(says->active, has->active, sizeof has->active) ||
		    memcmp(says->disputed, has->disputed, sizeof has->disputed))
			tutela_check_find(c, "the totals of list '%s' are not those of its entries", says->list.name);
	}
}

enum tutela_err tutela_check_entries(struct check *c)
{
	struct cursor entries = {0}, digests = {0};
	struct walk *w = tutela_mem_array(1, sizeof *w);
	enum tutela_err err = TUTELA_E_NOMEM;

	if (!w)
		return err;
	w->c = c;
	err = tutela_cursor_open(c->store, c->txn, DB_ENTRIES, &entries);
	if (!err)
		err = tutela_cursor_open(c->store, c->txn, DB_DIGESTS, &digests);
	if (!err)
		err = walk_entries(w, &entries, &digests);
	if (!err) {
		compare_rows(c, DB_KEYS, c->visible, "entry ids");
		compare_rows(c, DB_DIGESTS, c->digests, "exact fingerprints");
		compare_lists(c);
	}
	if (!err)
		err = tutela_check_step(c, "entries", c->state.next_entry - 1, c->state.next_entry - 1);
	tutela_cursor_close(&digests);
	tutela_cursor_close(&entries);
	free(w);
	return err;
}
