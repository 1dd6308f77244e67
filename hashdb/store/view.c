/* SPDX-License-Identifier: Apache-2.0 */
#include "store/view.h"

#include <stdlib.h>

#include "base/mem.h"

static void free_view(struct tutela_store *s, struct view *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->n_segments; i++)
		tutela_segment_release(s, v->segments[i]);
	free(v->segments);
	free(v->by_number);
	free(v->lists);
	free(v);
}

static int compare_numbers(const void *a, const void *b, void *lists)
{
	const struct list_row *rows = lists;
	uint32_t x = rows[*(const uint32_t *)a].number, y = rows[*(const uint32_t *)b].number;

	return (x > y) - (x < y);
}

static enum tutela_err load_lists(struct tutela_store *s, struct txn *txn, struct view *v)
{
	enum tutela_err err = tutela_rows_lists(s, txn, &v->state, &v->lists, &v->n_lists);

	if (err)
		return err;
	v->by_number = tutela_mem_array(v->n_lists, sizeof *v->by_number);
	if (!v->by_number)
		return TUTELA_E_NOMEM;
	for (size_t i = 0; i < v->n_lists; i++)
		v->by_number[i] = (uint32_t)i;
	qsort_r(v->by_number, v->n_lists, sizeof *v->by_number, compare_numbers, v->lists);
	return TUTELA_OK;
}

static enum tutela_err load_segments(struct tutela_store *s, struct txn *txn, struct view *v)
{
	struct segment_row *rows;
	enum tutela_err err;
	size_t n;

	err = tutela_rows_segments(s, txn, &v->state, &rows, &n);
	if (err)
		return err;
	v->segments = tutela_mem_array(n, sizeof *v->segments);
	err = v->segments ? TUTELA_OK : TUTELA_E_NOMEM;
	for (size_t i = 0; i < n && !err; i++) {
		err = tutela_segment_get(s, &rows[i], &v->segments[i]);
		v->n_segments += !err;
	}
	free(rows);
	return err;
}

static enum tutela_err load(struct tutela_store *s, struct txn *txn, struct view *v)
{
	struct pending pending;
	enum tutela_err err;

	v->refs = 1;
	v->txn_id = txn->id;
	err = tutela_env_state(s, txn, &v->state);
	if (!err)
		err = load_lists(s, txn, v);
	if (!err)
		err = load_segments(s, txn, v);
	if (err)
		return err;
	err = tutela_env_pending(s, txn, &pending);
	v->pending = err != TUTELA_E_NOTFOUND;
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

static struct view *cached(struct tutela_store *s, size_t txn_id)
{
	struct view *v;

	(void)pthread_mutex_lock(&s->lock);
	v = s->view && s->view->txn_id == txn_id ? s->view : NULL;
	if (v)
		v->refs++;
	(void)pthread_mutex_unlock(&s->lock);
	return v;
}

/* Keep v for the next snapshot, when it is newer than what is kept. */
static void cache(struct tutela_store *s, struct view *v)
{
	struct view *old = NULL;

	(void)pthread_mutex_lock(&s->lock);
	if (!s->view || s->view->txn_id < v->txn_id) {
		old = s->view;
		s->view = v;
		v->refs++;
	}
	(void)pthread_mutex_unlock(&s->lock);
	if (old)
		tutela_view_release(s, old);
}

enum tutela_err tutela_view_get(struct tutela_store *s, struct txn *txn, struct view **out)
{
	enum tutela_err err;
	struct view *v;

	*out = cached(s, txn->id);
	if (*out)
		return TUTELA_OK;
	v = tutela_mem_array(1, sizeof *v);
	if (!v)
		return TUTELA_E_NOMEM;
	err = load(s, txn, v);
	if (err) {
		free_view(s, v);
		return err;
	}
	cache(s, v);
	*out = v;
	return TUTELA_OK;
}

void tutela_view_release(struct tutela_store *s, struct view *v)
{
	bool last;

	(void)pthread_mutex_lock(&s->lock);
	last = !--v->refs;
	(void)pthread_mutex_unlock(&s->lock);
	if (last)
		free_view(s, v);
}

const struct list_row *tutela_view_list(const struct view *v, uint32_t number)
{
	size_t low = 0, high = v->n_lists;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct list_row *row = &v->lists[v->by_number[mid]];

		if (row->number == number)
			return row;
		if (row->number < number)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

const struct list_row *tutela_view_named(const struct view *v, const char *name)
{
	for (size_t i = 0; i < v->n_lists; i++)
		if (!strcmp(v->lists[i].list.name, name))
			return &v->lists[i];
	return NULL;
}
