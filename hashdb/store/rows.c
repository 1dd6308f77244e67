/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the two small databases that every reader loads whole. */
#include <stdlib.h>

#include "base/mem.h"
#include "store/view.h"

/* A walk over all rows of one database; `row` decodes number i. */
struct rows {
	enum store_db db;
	const char *what;
	uint32_t max;
	size_t width;
	enum tutela_err (*row)(const MDB_val *k, const MDB_val *v, void *out);
};

static enum tutela_err read_row(struct tutela_store *s, const struct rows *how, const MDB_val *k, const MDB_val *v,
				uint8_t **array, size_t *n)
{
	enum tutela_err err;
	uint8_t *bigger;

	if (*n >= how->max)
		return tutela_store_fail(s, TUTELA_E_CORRUPT, "'%s' has too many %s", s->path, how->what);
	bigger = tutela_mem_resize(*array, *n + 1, how->width);
	if (!bigger)
		return TUTELA_E_NOMEM;
	*array = bigger;
	err = how->row(k, v, bigger + *n * how->width);
	if (err)
		return tutela_store_fail(s, err, "a record of the %s of '%s' is damaged", how->what, s->path);
	++*n;
	return TUTELA_OK;
}

static enum tutela_err read_rows(struct tutela_store *s, struct txn *txn, const struct rows *how, void **out, size_t *n)
{
	struct cursor cursor;
	enum tutela_err err = tutela_cursor_open(s, txn, how->db, &cursor);
	uint8_t *array = NULL;
	MDB_val k, v;

	*out = NULL;
	*n = 0;
	while (!err) {
		err = tutela_cursor_get(&cursor, &k, &v, MDB_NEXT);
		if (!err)
			err = read_row(s, how, &k, &v, &array, n);
	}
	tutela_cursor_close(&cursor);
	if (err != TUTELA_E_NOTFOUND) {
		free(array);
		*n = 0;
		return err;
	}
	*out = array;
	return TUTELA_OK;
}

static enum tutela_err list_of(const MDB_val *k, const MDB_val *v, void *out)
{
	return tutela_schema_get_list(k->mv_data, k->mv_size, v->mv_data, v->mv_size, out);
}

static enum tutela_err segment_of(const MDB_val *k, const MDB_val *v, void *out)
{
	return tutela_schema_get_segment(k->mv_data, k->mv_size, v->mv_data, v->mv_size, out);
}

enum tutela_err tutela_rows_lists(struct tutela_store *s, struct txn *txn, const struct state *st,
				  struct list_row **out, size_t *n)
{
	static const struct rows how = {DB_LISTS, "lists", LISTS_MAX, sizeof(struct list_row), list_of};
	enum tutela_err err;
	void *array = NULL;

	*out = NULL;
	*n = 0;
	err = st ? tutela_env_check_lists(s, txn, st) : TUTELA_OK;
	if (!err)
		err = read_rows(s, txn, &how, &array, n);
	*out = array;
	return err;
}

enum tutela_err tutela_rows_segments(struct tutela_store *s, struct txn *txn, const struct state *st,
				     struct segment_row **out, size_t *n)
{
	static const struct rows how = {DB_SEGMENTS, "index files", SEGMENTS_MAX, sizeof(struct segment_row),
					segment_of};
	enum tutela_err err;
	void *array = NULL;

	*out = NULL;
	*n = 0;
	err = st ? tutela_env_check_segments(s, txn, st) : TUTELA_OK;
	if (!err)
		err = read_rows(s, txn, &how, &array, n);
	*out = array;
	return err;
}
