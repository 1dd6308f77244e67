/* SPDX-License-Identifier: Apache-2.0 */
/* Every index file, and whether together they hold each active fingerprint exactly once. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/check.h"

struct files {
	struct check *c;
	uint64_t done, total;      /* pairs */
	uint64_t at;               /* `done` before the file that is being verified */
	uint64_t pairs;            /* in that file */
	uint8_t *seen[ALGORITHMS]; /* a bit for each place in c->truth */
	enum tutela_err stopped;
};

static bool on_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct files *f = ctx;
	double part = total ? (double)done / (double)total : 1.0;

	f->stopped = tutela_check_step(f->c, "indexes", f->at + (uint64_t)((double)f->pairs * part), f->total);
	return !f->stopped;
}

/* A pair that no active entry accounts for is dead, unless its entry matches and says otherwise. */
static enum tutela_err check_dead(struct check *c, uint32_t number, const char *name)
{
	enum tutela_err err;
	struct entry e;

	if (number >= c->state.next_entry && !c->pending) {
		tutela_check_find(c, "the index file '%s' names entry %u, which does not exist", name, number);
		return TUTELA_OK;
	}
	err = tutela_entry_get(c->store, c->txn, number, &e);
	if (err == TUTELA_E_NOTFOUND)
		return TUTELA_OK;
	if (err)
		return tutela_check_absorb(c, err);
	/* Of a removed list entries may be left that nobody has deleted yet: they match no more. */
	if (tutela_check_counted(c, e.list) && schema_visible(&e, c->state.update) && e.body_len &&
	    e.body[0] == TUTELA_ACTIVE)
		tutela_check_find(c, "the index file '%s' has a fingerprint that entry %u does not have", name, number);
	return TUTELA_OK;
}

static enum tutela_err check_pair(struct files *f, const struct segment_row *row, const uint8_t *code, uint32_t number,
				  const char *name)
{
	const struct pairs *truth = &f->c->truth[row->algorithm];
	size_t len = tutela_algorithm_get(row->algorithm)->bits / 8;
	uint8_t *seen = f->seen[row->algorithm];

	for (size_t i = tutela_check_place(truth, number); i < truth->n && truth->values[i] == number; i++) {
		if (memcmp(truth->codes + i * len, code, len))
			continue;
		if (seen[i / 8] >> i % 8 & 1)
			tutela_check_find(f->c, "the index file '%s' repeats a fingerprint of entry %u", name, number);
		seen[i / 8] |= (uint8_t)(1u << i % 8);
		return TUTELA_OK;
	}
	return check_dead(f->c, number, name);
}

static enum tutela_err check_pairs(struct files *f, const struct segment_row *row, const struct tutela_index *index,
				   const char *name)
{
	uint8_t code[TUTELA_HASH_MAX];
	enum tutela_err err = TUTELA_OK;
	uint32_t number;

	for (uint64_t i = 0; i < row->count && !err; i++) {
		err = tutela_index_get(index, i, code, &number);
		if (!err)
			err = check_pair(f, row, code, number, name);
	}
	return err;
}

static enum tutela_err verify(struct files *f, const struct segment_row *row, const struct tutela_index *index,
			      const char *name)
{
	enum tutela_err err;

	f->pairs = row->count;
	err = tutela_index_verify(index, on_progress, f);
	if (f->stopped)
		return f->stopped;
	f->c->result->blocks++;
	if (err != TUTELA_E_CORRUPT)
		return err;
	tutela_check_find(f->c, "the index file '%s' is damaged", name);
	return TUTELA_OK;
}

/* Has a writer dropped the row since the check began? */
static bool replaced(const struct check *c, const struct segment_row *row)
{
	enum tutela_err err;
	uint8_t key[8];
	struct txn *txn;
	MDB_val v;

	if (tutela_env_begin(c->store, MDB_RDONLY, &txn))
		return false;
	tutela_schema_key64(row->number, key);
	err = tutela_env_get(c->store, txn, DB_SEGMENTS, key, sizeof key, &v);
	tutela_env_abort(c->store, &txn);
	return err == TUTELA_E_NOTFOUND;
}

/* The file of such a row, as the snapshot still holds it. */
static const struct tutela_index *held(const struct check *c, const struct segment_row *row)
{
	for (size_t i = 0; c->snap && i < c->snap->view->n_segments; i++)
		if (c->snap->view->segments[i]->row.number == row->number)
			return c->snap->view->segments[i]->index;
	return NULL;
}

static enum tutela_err check_file(struct files *f, const struct segment_row *row)
{
	struct check *c = f->c;
	const struct tutela_index *index;
	struct tutela_index *opened;
	char name[SEGMENT_NAME_MAX];
	enum tutela_err err;

	tutela_schema_segment_name(row, name);
	c->result->segments++;
	err = tutela_segment_open(c->store, row, false, &opened);
	index = opened;
	if (err == TUTELA_E_NOTFOUND && held(c, row) && replaced(c, row)) {
		index = held(c, row);
		err = TUTELA_OK;
	}
	if (err) {
		c->usable[row->algorithm] = false;
		return tutela_check_absorb(c, err);
	}
	err = verify(f, row, index, name);
	if (!err)
		err = check_pairs(f, row, index, name);
	f->at += row->count;
	tutela_index_close(opened);
	return err;
}

/* What the files should hold and do not; many at once are one finding. */
static void find_missing(struct files *f, const struct tutela_algorithm_info *info)
{
	const struct pairs *truth = &f->c->truth[info->id];
	size_t n = 0, first = 0;

	for (size_t i = 0; i < truth->n; i++) {
		if (f->seen[info->id][i / 8] >> i % 8 & 1)
			continue;
		if (!n++)
			first = i;
	}
	if (n)
		tutela_check_find(f->c, "%zu %s fingerprints are in no index file, that of entry %u first", n,
				  info->name, truth->values[first]);
}

static enum tutela_err prepare(struct files *f)
{
	for (unsigned a = 0; a < ALGORITHMS; a++) {
		f->c->usable[a] = true;
		f->seen[a] = tutela_mem_array(f->c->truth[a].n / 8 + 1, 1);
		if (!f->seen[a])
			return TUTELA_E_NOMEM;
	}
	return TUTELA_OK;
}

enum tutela_err tutela_check_indexes(struct check *c)
{
	const struct tutela_algorithm_info *info;
	struct segment_row *rows = NULL;
	struct files f = {.c = c};
	enum tutela_err err;
	size_t n = 0;

	err = prepare(&f);
	if (!err)
		err = tutela_check_absorb(c, tutela_env_check_segments(c->store, c->txn, &c->state));
	if (!err)
		err = tutela_check_absorb(c, tutela_rows_segments(c->store, c->txn, NULL, &rows, &n));
	for (size_t i = 0; i < n; i++)
		f.total += rows[i].count;
	for (size_t i = 0; i < n && !err; i++)
		err = check_file(&f, &rows[i]);
	for (size_t i = 0; !err && (info = tutela_algorithm_at(i)); i++)
		if (info->perceptual && c->usable[info->id])
			find_missing(&f, info);
	if (!err)
		err = tutela_check_step(c, "indexes", f.total, f.total);
	for (unsigned a = 0; a < ALGORITHMS; a++)
		free(f.seen[a]);
	free(rows);
	return err;
}
