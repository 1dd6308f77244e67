/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formats "kdb" and "rds": the SQLite databases of The Sleuth Kit and Autopsy
 * (tsk/hashdb/sqlite_hdb.cpp), and of the NSRL's Reference Data Set, version 3.
 * Digests are blobs or hexadecimal text. See tutela-formats(5).
 */
#include "exchange/sqlite_table.h"

/* Strongest first: the first one there names the entry. The columns below are in this order. */
static const enum tutela_algorithm kinds[] = {TUTELA_ALG_SHA256, TUTELA_ALG_SHA1, TUTELA_ALG_MD5};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct sqlite_wish kdb_wishes[] = {{"hashes", {"sha2_256", "sha1", "md5"}}};

/* The views of the full set read METADATA; in a minimal one FILE may be a table. */
static const struct sqlite_wish rds_wishes[] = {{"METADATA", {"sha256", "sha1", "md5"}},
						{"FILE", {"sha256", "sha1", "md5"}}};

struct sqlite_reader {
	struct record_build build;
	struct sqlite_table table;
};

static void take_value(struct record_build *b, enum tutela_algorithm algorithm, sqlite3_stmt *row, int column)
{
	struct tutela_hash hash = {.algorithm = (uint16_t)algorithm,
				   .len = (uint16_t)(tutela_algorithm_get(algorithm)->bits / 8)};
	char hex[TUTELA_HASH_TEXT_MAX];
	int type = sqlite3_column_type(row, column);
	const void *value = type == SQLITE_BLOB   ? sqlite3_column_blob(row, column)
			    : type == SQLITE_TEXT ? sqlite3_column_text(row, column)
						  : NULL;
	size_t len = value ? (size_t)sqlite3_column_bytes(row, column) : 0;

	if (type == SQLITE_INTEGER || type == SQLITE_FLOAT) {
		b->bad = b->bad ? b->bad : "a digest is a number, neither a blob nor text";
	} else if (type == SQLITE_TEXT && len) {
		tutela_build_hash(b, algorithm, value, len);
	} else if (len) {
		if (len == hash.len)
			__builtin_memcpy(hash.bytes, value, len);
		tutela_build_hash(b, algorithm, tutela_hash_format(&hash, hex), 2 * len);
	}
}

static enum tutela_err read_rows(struct tutela_reader *r, struct sqlite_reader *s)
{
	enum tutela_err err;

	while (!(err = tutela_sqlite_next(&s->table))) {
		tutela_build_start(&s->build);
		for (size_t k = 0; k < KINDS; k++)
			take_value(&s->build, kinds[k], s->table.row, (int)k);
		err = tutela_reader_emit(r, &s->build, s->table.rows, 0);
		if (err)
			return err;
	}
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

static enum tutela_err read_file(struct tutela_reader *r, const char *path, const struct sqlite_wish *wishes, size_t n)
{
	struct sqlite_reader *s = r->state;
	enum tutela_err err = tutela_sqlite_open(&s->table, r, path, wishes, n);

	return err ? err : read_rows(r, s);
}

static enum tutela_err kdb_file(struct tutela_reader *r, const char *path)
{
	return read_file(r, path, kdb_wishes, sizeof(kdb_wishes) / sizeof(kdb_wishes[0]));
}

static enum tutela_err rds_file(struct tutela_reader *r, const char *path)
{
	return read_file(r, path, rds_wishes, sizeof(rds_wishes) / sizeof(rds_wishes[0]));
}

static enum tutela_err sqlite_open(struct tutela_reader *r, const char **why)
{
	(void)r;
	(void)why;
	return TUTELA_OK;
}

static void sqlite_close(struct tutela_reader *r)
{
	tutela_sqlite_close(&((struct sqlite_reader *)r->state)->table);
}

const struct exchange_format tutela_format_kdb = {
	.name = "kdb",
	.reader_size = sizeof(struct sqlite_reader),
	.open = sqlite_open,
	.close = sqlite_close,
	.file = kdb_file,
};

const struct exchange_format tutela_format_rds = {
	.name = "rds",
	.exclude = true,
	.reader_size = sizeof(struct sqlite_reader),
	.open = sqlite_open,
	.close = sqlite_close,
	.file = rds_file,
};
