/* SPDX-License-Identifier: Apache-2.0 */
/* Sources, feeds and held records: every one whole, and of somebody who exists. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/check.h"
#include "store/sources.h"

static enum tutela_err check_source(struct check *c, const MDB_val *k, const MDB_val *v, struct tutela_source *source)
{
	char name[TUTELA_LIST_NAME_MAX + 1], feed[TUTELA_LIST_NAME_MAX + 1];
	enum tutela_err err;
	size_t body;

	if (!tutela_source_key_parse(k->mv_data, k->mv_size, name, feed)) {
		tutela_check_find(c, "the sources have a record of an unknown kind");
		return TUTELA_OK;
	}
	if (!feed[0]) {
		if (tutela_source_row_get(k->mv_data, k->mv_size, v->mv_data, v->mv_size, source))
			tutela_check_find(c, "the record of source '%s' is damaged", name);
		return TUTELA_OK;
	}
	if (tutela_schema_unseal(v->mv_data, v->mv_size, SCHEMA_SOURCE, k->mv_data, k->mv_size, &body) ||
	    body > TUTELA_FEED_STATE_MAX)
		tutela_check_find(c, "the state of feed '%s' of source '%s' is damaged", feed, name);
	err = tutela_source_get(c->store, c->txn, name, source);
	if (err == TUTELA_E_NOTFOUND)
		tutela_check_find(c, "feed '%s' is of source '%s', which does not exist", feed, name);
	/* A damaged source is found by itself. */
	return err == TUTELA_E_NOTFOUND || err == TUTELA_E_CORRUPT ? TUTELA_OK : err;
}

static enum tutela_err check_held(struct check *c, const MDB_val *k, const MDB_val *v, struct tutela_source *unused)
{
	struct tutela_held held;
	uint32_t list = k->mv_size == HELD_KEY_LEN ? tutela_schema_get_key32(k->mv_data) : 0;

	(void)unused;
	if (tutela_held_get(k->mv_data, k->mv_size, v->mv_data, v->mv_size, &held))
		tutela_check_find(c, "a held record of list number %u is damaged", list);
	else if (!tutela_check_counted(c, list))
		tutela_check_find(c, "held record %llu is of a list that does not exist",
				  (unsigned long long)held.number);
	return TUTELA_OK;
}

static enum tutela_err walk(struct check *c, enum store_db db,
			    enum tutela_err (*row)(struct check *c, const MDB_val *k, const MDB_val *v,
						   struct tutela_source *source),
			    struct tutela_source *source)
{
	struct cursor cursor;
	enum tutela_err err = tutela_cursor_open(c->store, c->txn, db, &cursor);
	MDB_val k, v;

	while (!err) {
		err = tutela_cursor_get(&cursor, &k, &v, MDB_NEXT);
		if (!err)
			err = row(c, &k, &v, source);
	}
	tutela_cursor_close(&cursor);
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : tutela_check_absorb(c, err);
}

enum tutela_err tutela_check_sources(struct check *c)
{
	struct tutela_source *source = tutela_mem_array(1, sizeof *source);
	enum tutela_err err = source ? walk(c, DB_SOURCES, check_source, source) : TUTELA_E_NOMEM;

	if (!err)
		err = walk(c, DB_HELD, check_held, source);
	free(source);
	return err;
}
