/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/sqlite_table.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define VALUE_MAX     100000                     /* bytes of a value, a row, or a statement of the schema */
#define ROW_LEAST     4                          /* bytes that a row takes in the file, at least */
#define WORK_STEP     1000                       /* instructions of SQLite between two looks */
#define WORK_MAX      ((uint64_t)1 << 26)        /* between two rows */
#define MEMORY_MAX    ((sqlite3_int64)128 << 20) /* that the process may use for SQLite beyond what it did before */
#define CACHE_KIB     "8192"
#define STATEMENT_MAX 256

/* ------------------------------------------------------------------ what is asked before SQLite is */

static enum tutela_err system_error(struct tutela_reader *r, int error)
{
	char text[128];
	const char *words = strerror_r(error, text, sizeof(text));

	/* The words begin a sentence of ours, behind the subject. */
	(void)tutela_reader_fail(r, "%c%s", words[0] >= 'A' && words[0] <= 'Z' ? words[0] + 32 : words[0],
				 words[0] ? words + 1 : "");
	errno = error;
	return TUTELA_E_SYS;
}

/* A delta of the NSRL is SQL; whatever else a text may be, the sentence is true of it. */
static bool is_text(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 && !memchr("\t\n\r\f", s[i], 4))
			return false;
	return len > 0;
}

/* *fd stays open, and *st is of it: what SQLite opens by the same name must be that file. */
static enum tutela_err look(struct sqlite_table *t, const char *path, int *open_fd, struct stat *st)
{
	static const char magic[16] = "SQLite format 3";
	int fd = *open_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	enum tutela_err err = TUTELA_OK;
	char head[100];
	ssize_t n = 0;

	if (fd < 0 || fstat(fd, st))
		err = system_error(t->r, errno);
	else if (!S_ISREG(st->st_mode))
		err = tutela_reader_fail(t->r, "not a regular file: a database cannot be read from anything else");
	else if ((n = pread(fd, head, sizeof(head), 0)) < 0)
		err = system_error(t->r, errno);
	else if (n < (ssize_t)sizeof(magic) || memcmp(head, magic, sizeof(magic)))
		err = is_text(head, (size_t)n)
			      ? tutela_reader_fail(t->r,
						   "the file is text, not an SQLite database; SQL, such as a delta "
						   "of the NSRL, is not run: apply it to the database it belongs "
						   "to, and import that")
			      : tutela_reader_fail(t->r, "the file is not an SQLite database");
	else
		t->rows_max = (uint64_t)st->st_size / ROW_LEAST;
	return err;
}

/*
 * How often this process has the file open; -1: the system does not tell. SQLite takes names alone, and would follow
 * one in /proc/self/fd to the file that it was made of: so it is looked at what it has opened.
 */
static long times_open(const struct stat *file)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *d;
	struct stat st;
	long n = 0;

	if (!dir)
		return -1;
	while ((d = readdir(dir)))
		n += d->d_name[0] != '.' && !fstat(atoi(d->d_name), &st) && st.st_dev == file->st_dev &&
		     st.st_ino == file->st_ino;
	(void)closedir(dir);
	return n;
}

/* Where the system does not tell, the name must still be the file's. */
static bool opened(const char *path, const struct stat *file, long before)
{
	long after = times_open(file);
	struct stat st;

	if (before >= 0 && after >= 0)
		return after > before;
	return !stat(path, &st) && st.st_dev == file->st_dev && st.st_ino == file->st_ino;
}

/* Does the file hold anything? A journal that was left over is empty, or begins with zeros. */
static bool holds_something(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char first = 0;
	bool something;
	ssize_t n;

	if (fd < 0)
		return errno != ENOENT;
	n = read(fd, &first, 1);
	something = n < 0 || (n > 0 && first);
	(void)close(fd);
	return something;
}

/* Changes that SQLite wrote beside the file, and that an immutable one would lack. */
static enum tutela_err look_beside(struct sqlite_table *t, const char *path, const char *suffix)
{
	size_t len = strlen(path), more = strlen(suffix) + 1;
	char *beside = tutela_mem_array(len + more, 1);
	enum tutela_err err = TUTELA_OK;

	if (!beside)
		return TUTELA_E_NOMEM;
	memcpy(beside, path, len);
	memcpy(beside + len, suffix, more);
	if (holds_something(beside))
		err = tutela_reader_fail(t->r,
					 "changes of the database are still in a file beside it that ends in '%s': let "
					 "the program that wrote them finish, and import again",
					 suffix);
	free(beside);
	return err;
}

/* ------------------------------------------------------------------ opening */

/* "file:PATH?..." with every byte escaped that a URI might read otherwise. NULL when memory is short. */
static char *uri_of(const char *path)
{
	static const char scheme[] = "file:", options[] = "?immutable=1&mode=ro", digits[] = "0123456789ABCDEF";
	char *uri = tutela_mem_array(sizeof(scheme) + sizeof(options) + 3 * strlen(path), 1), *at = uri;

	if (!uri)
		return NULL;
	/* Two slashes would begin the name of a host. */
	while (path[0] == '/' && path[1] == '/')
		path++;
	at = (char *)memcpy(at, scheme, sizeof(scheme) - 1) + sizeof(scheme) - 1;
	for (; *path; path++) {
		unsigned char c = (unsigned char)*path;

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '/' ||
		    c == '.') {
			*at++ = (char)c;
			continue;
		}
		*at++ = '%';
		*at++ = digits[c >> 4];
		*at++ = digits[c & 15];
	}
	memcpy(at, options, sizeof(options));
	return uri;
}

/* SQLite's own words may quote the file: only its fixed ones are passed on. */
static enum tutela_err sqlite_error(struct sqlite_table *t, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		/* Also for lengths that no value can have. */
		(void)tutela_reader_fail(t->r, "SQLite lacks memory: the database is damaged, or memory is short");
		return TUTELA_E_NOMEM;
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
	case SQLITE_PERM:
		(void)tutela_reader_fail(t->r, "the database cannot be read: %s", sqlite3_errstr(rc));
		return TUTELA_E_SYS;
	case SQLITE_INTERRUPT:
		if (t->stopped)
			return TUTELA_E_INTERRUPTED;
		if (t->greedy)
			return tutela_reader_fail(t->r, "the database is damaged: its schema is too large");
		return tutela_reader_fail(t->r, "the database is damaged: reading it does not end");
	default:
		return tutela_reader_fail(t->r, "the database is damaged or not as it should be: %s",
					  sqlite3_errstr(rc));
	}
}

static bool is_schema(const char *table)
{
	return !sqlite3_stricmp(table, "sqlite_master") || !sqlite3_stricmp(table, "sqlite_schema");
}

static int authorize(void *ctx, int action, const char *a, const char *b, const char *database, const char *view)
{
	struct sqlite_table *t = ctx;

	(void)b;
	(void)database;
	if (view)
		return SQLITE_DENY;
	switch (action) {
	case SQLITE_SELECT:
		return SQLITE_OK;
	case SQLITE_READ:
		return a && (is_schema(a) || (t->table && !sqlite3_stricmp(a, t->table))) ? SQLITE_OK : SQLITE_DENY;
	case SQLITE_PRAGMA:
		return a && !sqlite3_stricmp(a, "table_info") ? SQLITE_OK : SQLITE_DENY;
	default:
		return SQLITE_DENY;
	}
}

static int watch(void *ctx)
{
	struct sqlite_table *t = ctx;

	t->work += WORK_STEP;
	t->endless = t->work > WORK_MAX;
	t->greedy = sqlite3_memory_used() - t->memory > MEMORY_MAX;
	t->stopped = t->r->opts.stop && t->r->opts.stop(t->r->opts.ctx);
	return t->stopped || t->endless || t->greedy;
}

static int settle(struct sqlite_table *t)
{
	static const struct {
		int what, most;
	} limits[] = {
		{SQLITE_LIMIT_LENGTH, VALUE_MAX}, {SQLITE_LIMIT_SQL_LENGTH, VALUE_MAX}, {SQLITE_LIMIT_COLUMN, 200},
		{SQLITE_LIMIT_EXPR_DEPTH, 100},   {SQLITE_LIMIT_COMPOUND_SELECT, 20},   {SQLITE_LIMIT_VDBE_OP, 10000},
		{SQLITE_LIMIT_FUNCTION_ARG, 16},  {SQLITE_LIMIT_ATTACHED, 0},           {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
		{SQLITE_LIMIT_WORKER_THREADS, 0}, {SQLITE_LIMIT_VARIABLE_NUMBER, 100},
	};
	static const struct {
		int what, value;
	} settings[] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},
		{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
		{SQLITE_DBCONFIG_ENABLE_VIEW, 0},
		{SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
		{SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0},
		{SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0},
	};
	int rc = SQLITE_OK;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		(void)sqlite3_limit(t->db, limits[i].what, limits[i].most);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]) && !rc; i++)
		rc = sqlite3_db_config(t->db, settings[i].what, settings[i].value, NULL);
	sqlite3_progress_handler(t->db, WORK_STEP, watch, t);
	if (!rc)
		rc = sqlite3_exec(t->db,
				  "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY; "
				  "PRAGMA query_only=ON; PRAGMA cache_size=-" CACHE_KIB,
				  NULL, NULL, NULL);
	return rc ? rc : sqlite3_set_authorizer(t->db, authorize, t);
}

/* ------------------------------------------------------------------ choosing the table */

/* Virtual tables and views have no page of their own. */
static int is_table(struct sqlite_table *t, const char *name, bool *is)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(t->db,
				    "SELECT 1 FROM sqlite_master WHERE type='table' AND rootpage>0 "
				    "AND name=?1 COLLATE NOCASE",
				    -1, &s, NULL);

	*is = false;
	if (!rc)
		rc = sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
	if (!rc) {
		rc = sqlite3_step(s);
		*is = rc == SQLITE_ROW;
		rc = rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
	}
	(void)sqlite3_finalize(s);
	return rc;
}

/* Which of the wish's columns are there: table_info leaves out what would be computed. */
static int probe(struct sqlite_table *t, const struct sqlite_wish *wish, bool *has)
{
	char sql[STATEMENT_MAX];
	sqlite3_stmt *s = NULL;
	int rc;

	memset(has, 0, SQLITE_TABLE_COLUMNS * sizeof(*has));
	(void)snprintf(sql, sizeof(sql), "PRAGMA table_info(%s)", wish->table);
	rc = sqlite3_prepare_v2(t->db, sql, -1, &s, NULL);
	while (!rc && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(s, 1);

		for (size_t i = 0; name && i < SQLITE_TABLE_COLUMNS && wish->columns[i]; i++)
			has[i] |= !sqlite3_stricmp(name, wish->columns[i]);
		rc = SQLITE_OK;
	}
	(void)sqlite3_finalize(s);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Prepare the reading of a wish; t->row stays NULL when the database does not have it. */
static int take(struct sqlite_table *t, const struct sqlite_wish *wish)
{
	bool is, has[SQLITE_TABLE_COLUMNS], any = false;
	char sql[STATEMENT_MAX] = "SELECT";
	int rc = is_table(t, wish->table, &is), len = (int)strlen(sql);

	if (rc || !is)
		return rc;
	rc = probe(t, wish, has);
	for (size_t i = 0; i < SQLITE_TABLE_COLUMNS && wish->columns[i]; i++) {
		any |= has[i];
		len += snprintf(sql + len, sizeof(sql) - (size_t)len, "%s %s", i ? "," : "",
				has[i] ? wish->columns[i] : "NULL");
	}
	if (rc || !any)
		return rc;
	(void)snprintf(sql + len, sizeof(sql) - (size_t)len, " FROM %s NOT INDEXED", wish->table);
	t->table = wish->table;
	return sqlite3_prepare_v2(t->db, sql, -1, &t->row, NULL);
}

static enum tutela_err open_same(struct sqlite_table *t, const char *path, const struct stat *file)
{
	char *uri = uri_of(path);
	long before = times_open(file);
	int rc;

	if (!uri)
		return TUTELA_E_NOMEM;
	rc = sqlite3_open_v2(uri, &t->db,
			     SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
			     "unix");
	free(uri);
	if (rc)
		return sqlite_error(t, rc);
	if (!opened(path, file, before))
		return tutela_reader_fail(t->r, "another file took the place of this one while it was opened");
	return TUTELA_OK;
}

static enum tutela_err open_database(struct sqlite_table *t, const char *path)
{
	struct stat file;
	int fd;
	enum tutela_err err = look(t, path, &fd, &file);

	if (!err)
		err = look_beside(t, path, "-wal");
	if (!err)
		err = look_beside(t, path, "-journal");
	if (!err)
		err = open_same(t, path, &file);
	if (fd >= 0)
		(void)close(fd);
	return err;
}

enum tutela_err tutela_sqlite_open(struct sqlite_table *t, struct tutela_reader *r, const char *path,
				   const struct sqlite_wish *wishes, size_t n)
{
	enum tutela_err err;
	int rc;

	t->r = r;
	t->memory = sqlite3_memory_used();
	err = open_database(t, path);
	if (err)
		return err;
	rc = settle(t);
	for (size_t i = 0; i < n && !rc && !t->row; i++)
		rc = take(t, &wishes[i]);
	if (rc)
		return sqlite_error(t, rc);
	if (!t->row)
		return tutela_reader_fail(r, "the database has no table '%s' with digests: it is not of this format",
					  wishes[0].table);
	return TUTELA_OK;
}

enum tutela_err tutela_sqlite_next(struct sqlite_table *t)
{
	int rc;

	t->work = 0;
	if (t->rows == t->rows_max)
		return tutela_reader_fail(t->r, "the database is damaged: it gives more rows than it has room for");
	rc = sqlite3_step(t->row);
	if (rc == SQLITE_DONE)
		return TUTELA_E_NOTFOUND;
	if (rc != SQLITE_ROW)
		return sqlite_error(t, rc);
	t->rows++;
	return TUTELA_OK;
}

void tutela_sqlite_close(struct sqlite_table *t)
{
	(void)sqlite3_finalize(t->row);
	(void)sqlite3_close(t->db);
	t->row = NULL;
	t->db = NULL;
}
