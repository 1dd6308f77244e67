/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table of somebody else's SQLite database, row by row.
 *
 * The file is not trusted. It is opened read-only and as immutable, so that
 * nothing is written beside it and no lock is taken; no SQL of it is run:
 * views, triggers and virtual tables are never touched, and an authorizer
 * allows reading of the one table and of the schema, nothing else. Values,
 * schema, columns and work between two rows are limited, and so is the number
 * of rows: no more than the file has room for. Pages are not mapped, so a file
 * that is cut off while it is read gives an error.
 */
#ifndef TUTELA_SQLITE_TABLE_H
#define TUTELA_SQLITE_TABLE_H

#include <sqlite3.h>

#include "exchange/exchange_format.h"

#define SQLITE_TABLE_COLUMNS 4

/* A table that will do. Names are ours: letters, digits and underscores. */
struct sqlite_wish {
	const char *table;
	const char *columns[SQLITE_TABLE_COLUMNS]; /* up to NULL; a column that is not there reads as NULL */
};

struct sqlite_table {
	struct tutela_reader *r; /* for `stop` and the sentence */
	sqlite3 *db;
	sqlite3_stmt *row;       /* its columns are those of the wish */
	const char *table;       /* that may be read; NULL while opening */
	uint64_t rows, rows_max; /* rows: stepped to so far */
	uint64_t work;           /* since the last row */
	sqlite3_int64 memory;    /* that SQLite used before */
	bool stopped, endless, greedy;
};

/*
 * The first wish that has its table and one of its columns. TUTELA_OK,
 * TUTELA_E_FORMAT, TUTELA_E_SYS, TUTELA_E_NOMEM; the reader has the sentence.
 * Close also after a failure; `t` starts as zeros.
 */
enum tutela_err tutela_sqlite_open(struct sqlite_table *t, struct tutela_reader *r, const char *path,
				   const struct sqlite_wish *wishes, size_t n);

/* The next row into t->row. TUTELA_E_NOTFOUND at the end; TUTELA_E_INTERRUPTED and as above. */
enum tutela_err tutela_sqlite_next(struct sqlite_table *t);
void tutela_sqlite_close(struct sqlite_table *t);

#endif
