/* SPDX-License-Identifier: Apache-2.0 */
/* The journal: every record whole. */
#include <stdlib.h>

#include "base/mem.h"
#include "store/check.h"
#include "store/journal_row.h"

#define STEP 4096 /* rows between two looks at whether the caller wants more */

static enum tutela_err check_row(struct check *c, const MDB_val *k, const MDB_val *v, struct journal_row *u)
{
	enum tutela_err err;
	size_t len;

	if (k->mv_size != 8) {
		tutela_check_find(c, "a key of the journal of '%s' is damaged", c->store->path);
		return TUTELA_OK;
	}
	err = tutela_schema_unseal(v->mv_data, v->mv_size, SCHEMA_JOURNAL, k->mv_data, k->mv_size, &len);
	if (!err)
		err = tutela_journal_row_get(v->mv_data, len, u);
	if (err == TUTELA_E_CORRUPT)
		tutela_check_find(c, "record %llu of the journal of '%s' is damaged",
				  (unsigned long long)tutela_schema_get_key64(k->mv_data), c->store->path);
	return err == TUTELA_E_CORRUPT ? TUTELA_OK : err;
}

static enum tutela_err check_rows(struct check *c, struct cursor *cursor, struct journal_row *u)
{
	enum tutela_err err = TUTELA_OK;
	uint64_t done = 0;
	MDB_val k, v;

	while (!err) {
		err = tutela_cursor_get(cursor, &k, &v, MDB_NEXT);
		if (!err)
			err = check_row(c, &k, &v, u);
		if (!err && ++done % STEP == 0)
			err = tutela_check_step(c, "journal", done, 0);
	}
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : tutela_check_absorb(c, err);
}

enum tutela_err tutela_check_journal(struct check *c)
{
	struct journal_row *u = tutela_mem_array(1, sizeof *u);
	struct cursor cursor;
	enum tutela_err err;

	if (!u)
		return TUTELA_E_NOMEM;
	err = tutela_cursor_open(c->store, c->txn, DB_JOURNAL, &cursor);
	err = err ? tutela_check_absorb(c, err) : check_rows(c, &cursor, u);
	tutela_cursor_close(&cursor);
	free(u->hits);
	free(u);
	return err;
}
