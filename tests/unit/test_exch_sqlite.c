/* SPDX-License-Identifier: Apache-2.0 */
/* Formats "kdb" and "rds". The databases are made with SQLite itself, and then damaged by formula. */
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exchange_check.h"

#define HEX_MD5  "X'" MD5_A "'"
#define HEX_SHA1 "X'" SHA1_A "'"
#define SHA256_A PDQ_A
#define KDB                                                                                                            \
	"CREATE TABLE db_properties (name TEXT NOT NULL, value TEXT);"                                                 \
	"INSERT INTO db_properties VALUES ('Schema Version', '1');"                                                    \
	"CREATE TABLE hashes (id INTEGER PRIMARY KEY AUTOINCREMENT, md5 BINARY(16) UNIQUE, sha1 BINARY(20), "          \
	"sha2_256 BINARY(32));"                                                                                        \
	"CREATE TABLE file_names (name TEXT NOT NULL, hash_id INTEGER NOT NULL);"

static char folder[64];

static void set_up(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/tutela-sqlite-XXXXXX");
	cr_assert(mkdtemp(folder));
}

static void tear_down(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_assert_eq(system(command), 0);
}

TestSuite(exch_sqlite, .init = set_up, .fini = tear_down);

static const char *path_of(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void make(const char *path, const char *sql)
{
	char *why = NULL;
	sqlite3 *db;

	(void)unlink(path);
	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	(void)sqlite3_exec(db, sql, NULL, NULL, &why);
	cr_assert_null(why, "%s", why);
	cr_assert_eq(sqlite3_close(db), SQLITE_OK);
}

static bool never_stop(void *ctx)
{
	(void)ctx;
	return false;
}

static bool always_stop(void *ctx)
{
	(void)ctx;
	return true;
}

static enum tutela_err read_path(const char *format, const char *path, bool (*stop)(void *ctx), struct log *l)
{
	struct tutela_reader_opts o = {
		.size = sizeof(o), .record = log_record, .problem = log_problem, .ctx = l, .stop = stop};
	struct tutela_reader *r;
	enum tutela_err err;

	l->in = "";
	l->counts_records = true;
	cr_assert_eq(tutela_reader_new(format, &o, &r, NULL), TUTELA_OK);
	err = tutela_reader_file(r, path);
	log_add(l, "result %s [%s]\n", tutela_err_name(err), tutela_reader_errmsg(r));
	tutela_reader_free(r);
	return err;
}

static void expect_path(const char *format, const char *path, const char *expected)
{
	struct log l = {0};

	(void)read_path(format, path, never_stop, &l);
	cr_assert_str_eq(l.text, expected, "%s\ninstead of\n%s", l.text, expected);
	log_free(&l);
}

static void expect_sql(const char *format, const char *sql, const char *expected)
{
	const char *path = path_of("list.db");

	make(path, sql);
	expect_path(format, path, expected);
}

/* ------------------------------------------------------------------ a file that is exchanged */

static sqlite3_vfs *unix_vfs, swapping;

/* After the file was looked at, and before SQLite opens what has its name then. */
static int open_another(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	char other[256];

	(void)vfs;
	(void)snprintf(other, sizeof(other), "%s/other.db", folder);
	cr_assert_eq(rename(other, path_of("list.db")), 0);
	return unix_vfs->xOpen(unix_vfs, name, file, flags, out);
}

Test(exch_sqlite, what_is_read_is_what_was_looked_at)
{
	make(path_of("other.db"), KDB "INSERT INTO hashes (md5) VALUES (X'" MD5_B "');");
	make(path_of("list.db"), KDB "INSERT INTO hashes (md5) VALUES (" HEX_MD5 ");");
	unix_vfs = sqlite3_vfs_find("unix");
	swapping = *unix_vfs;
	swapping.xOpen = open_another;
	/* Of the same name, and found first. */
	cr_assert_eq(sqlite3_vfs_register(&swapping, 1), SQLITE_OK);
	expect_path("kdb", path_of("list.db"),
		    "result TUTELA_E_FORMAT [another file took the place of this one while it was opened]\n");
	cr_assert_eq(sqlite3_vfs_unregister(&swapping), SQLITE_OK);
	expect_path("kdb", path_of("list.db"), "record 1 id=[] md5=" MD5_B REST FINE);
}

Test(exch_sqlite, kdb)
{
	expect_sql("kdb",
		   KDB "INSERT INTO hashes (md5) VALUES (" HEX_MD5 ");"
		       "INSERT INTO hashes (sha1, sha2_256) VALUES (" HEX_SHA1 ", X'" SHA256_A "');"
		       "INSERT INTO hashes (md5) VALUES ('" MD5_B "');",
		   "record 1 id=[] md5=" MD5_A REST "record 2 id=[] sha256=" SHA256_A " sha1=" SHA1_A REST
		   "record 3 id=[] md5=" MD5_B REST FINE);
	expect_sql("kdb", KDB, FINE);
	/* Minimal: what is needed of it, and nothing else. */
	expect_sql("kdb", "CREATE TABLE Hashes (MD5); INSERT INTO hashes VALUES (" HEX_MD5 ");",
		   "record 1 id=[] md5=" MD5_A REST FINE);
	expect_sql("kdb",
		   "CREATE TABLE hashes (md5 PRIMARY KEY) WITHOUT ROWID; INSERT INTO hashes VALUES (" HEX_MD5 ");",
		   "record 1 id=[] md5=" MD5_A REST FINE);
}

Test(exch_sqlite, rds)
{
	static const char upper[] = "00112233445566778899AABBCCDDEEFF";
	char sql[1024];

	(void)snprintf(sql, sizeof(sql),
		       "CREATE TABLE METADATA (object_id INTEGER, sha256 TEXT, sha1 TEXT, md5 TEXT, file_name TEXT, "
		       "extension);"
		       "CREATE VIEW FILE AS SELECT sha256, sha1, md5, file_name FROM METADATA;"
		       "INSERT INTO METADATA VALUES (1, '" SHA256_A "', '" SHA1_A "', '%s', 'a', 'dll');"
		       "INSERT INTO METADATA VALUES (2, NULL, '', '%s', 'b', '');",
		       upper, upper);
	expect_sql("rds", sql,
		   "record 1 id=[] sha256=" SHA256_A " sha1=" SHA1_A " md5=" MD5_A REST
		   "record 2 id=[] md5=" MD5_A REST FINE);
	expect_sql("rds", "CREATE TABLE FILE (sha1, package_id); INSERT INTO FILE VALUES ('" SHA1_A "', 7);",
		   "record 1 id=[] sha1=" SHA1_A REST FINE);
	/* A METADATA that has no digests does not stand in the way of FILE. */
	expect_sql("rds", "CREATE TABLE METADATA (x); CREATE TABLE FILE (md5); INSERT INTO FILE VALUES ('" MD5_A "');",
		   "record 1 id=[] md5=" MD5_A REST FINE);
}

Test(exch_sqlite, bad_rows_cost_themselves)
{
	expect_sql("kdb",
		   KDB
		   "INSERT INTO hashes (md5) VALUES (X'0011'), (1234), ('xyz'), (X'D41D8CD98F00B204E9800998ECF8427E'), "
		   "(NULL), (1.5), (''), (X''), (X'" MD5_A "');",
		   "problem 1 @0 the value has not the length of its algorithm\n"
		   "problem 2 @0 a digest is a number, neither a blob nor text\n"
		   "problem 3 @0 the value has not the length of its algorithm\n"
		   "problem 4 @0 the digest of an empty file\n"
		   "problem 5 @0 the entry has no fingerprint\n"
		   "problem 6 @0 a digest is a number, neither a blob nor text\n"
		   "problem 7 @0 the entry has no fingerprint\n"
		   "problem 8 @0 the entry has no fingerprint\n"
		   "record 9 id=[] md5=" MD5_A REST FINE);
}

#define NO_TABLE(name)                                                                                                 \
	"result TUTELA_E_FORMAT [the database has no table '" name "' with digests: it is not of this format]\n"

Test(exch_sqlite, no_sql_of_the_file_is_run)
{
	/* Views, virtual tables and computed columns are no tables. */
	expect_sql("kdb",
		   "CREATE TABLE t (md5); INSERT INTO t VALUES (" HEX_MD5 "); CREATE VIEW hashes AS SELECT md5 FROM t;",
		   NO_TABLE("hashes"));
	expect_sql("kdb", "CREATE VIRTUAL TABLE hashes USING fts5(md5); INSERT INTO hashes VALUES ('" MD5_A "');",
		   NO_TABLE("hashes"));
	expect_sql("kdb", "CREATE TABLE hashes (x, md5 AS (x || x)); INSERT INTO hashes VALUES ('" MD5_A "');",
		   NO_TABLE("hashes"));
	expect_sql("rds",
		   "CREATE VIEW FILE AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
		   "SELECT '" MD5_A "' AS md5 FROM n;",
		   NO_TABLE("METADATA"));
	expect_sql("kdb", "CREATE TABLE other (md5);", NO_TABLE("hashes"));
	expect_sql("rds", KDB, NO_TABLE("METADATA"));
}

static void put(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, bytes, len), (ssize_t)len);
	cr_assert_eq(close(fd), 0);
}

Test(exch_sqlite, what_is_no_database)
{
	static const char delta[] = "INSERT INTO METADATA VALUES (1);\n";
	const char *path = path_of("x");

	put(path, delta, sizeof(delta) - 1);
	expect_path("rds", path,
		    "result TUTELA_E_FORMAT [the file is text, not an SQLite database; SQL, such as a delta of the "
		    "NSRL, is "
		    "not run: apply it to the database it belongs to, and import that]\n");
	put(path, "\1\2\3", 3);
	expect_path("rds", path, "result TUTELA_E_FORMAT [the file is not an SQLite database]\n");
	put(path, "", 0);
	expect_path("rds", path, "result TUTELA_E_FORMAT [the file is not an SQLite database]\n");
	put(path, "SQLite format 3\0x", 17);
	expect_path(
		"rds", path,
		"result TUTELA_E_FORMAT [the database is damaged or not as it should be: file is not a database]\n");
	expect_path("kdb", "/dev/null",
		    "result TUTELA_E_FORMAT [not a regular file: a database cannot be read from anything else]\n");
	expect_path("kdb", folder,
		    "result TUTELA_E_FORMAT [not a regular file: a database cannot be read from anything else]\n");
	expect_path("kdb", path_of("missing"), "result TUTELA_E_SYS [no such file or directory]\n");
}

Test(exch_sqlite, changes_beside_the_file)
{
	const char *path = path_of("list.db");
	char beside[300];

	make(path, KDB "INSERT INTO hashes (md5) VALUES (" HEX_MD5 ");");
	for (size_t i = 0; i < 2; i++) {
		static const char *const suffixes[] = {"-wal", "-journal"};
		char expected[256];

		(void)snprintf(beside, sizeof(beside), "%s%s", path, suffixes[i]);
		put(beside, "x", 1);
		(void)snprintf(
			expected, sizeof(expected),
			"result TUTELA_E_FORMAT [changes of the database are still in a file beside it that ends in "
			"'%s': let the program that wrote them finish, and import again]\n",
			suffixes[i]);
		expect_path("kdb", path, expected);
		/* What a program left behind that has finished. */
		put(beside, "", 0);
		expect_path("kdb", path, "record 1 id=[] md5=" MD5_A REST FINE);
		put(beside, "\0\0\0\0", 4);
		expect_path("kdb", path, "record 1 id=[] md5=" MD5_A REST FINE);
		cr_assert_eq(unlink(beside), 0);
	}
}

Test(exch_sqlite, names_that_a_uri_would_read_otherwise)
{
	static const char *const names[] = {"a?mode=rwc.db", "b%41#c&d.db", "c d\xe4.db", "%"};
	char twice[300];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *path = path_of(names[i]);

		make(path, KDB "INSERT INTO hashes (md5) VALUES (" HEX_MD5 ");");
		expect_path("kdb", path, "record 1 id=[] md5=" MD5_A REST FINE);
	}
	(void)snprintf(twice, sizeof(twice), "//%s", path_of("%"));
	expect_path("kdb", twice, "record 1 id=[] md5=" MD5_A REST FINE);
}

/* A database in the mode that needs a log beside it, and an empty log: immutable reading takes it. */
Test(exch_sqlite, nothing_is_written_beside_the_file)
{
	const char *path = path_of("list.db");
	struct stat before, after;

	make(path, "PRAGMA journal_mode=WAL;" KDB "INSERT INTO hashes (md5) VALUES (" HEX_MD5 ");");
	cr_assert_eq(chmod(path, 0400), 0);
	cr_assert_eq(chmod(folder, 0500), 0);
	cr_assert_eq(stat(folder, &before), 0);
	expect_path("kdb", path, "record 1 id=[] md5=" MD5_A REST FINE);
	cr_assert_eq(stat(folder, &after), 0);
	cr_assert_eq(chmod(folder, 0700), 0);
	cr_assert(before.st_mtim.tv_sec == after.st_mtim.tv_sec && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
}

static void make_long(const char *path)
{
	make(path,
	     KDB "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
		 "INSERT INTO hashes (md5, sha1) SELECT unhexed, NULL FROM (SELECT CAST(printf('%016d', i) AS BLOB) AS "
		 "unhexed FROM n);");
}

Test(exch_sqlite, stops_when_asked)
{
	const char *path = path_of("list.db");
	struct log l = {0}, stopped = {.stop_at = 5};

	make_long(path);
	cr_assert_eq(read_path("kdb", path, always_stop, &l), TUTELA_E_INTERRUPTED);
	cr_assert_lt(l.calls, 3000);
	cr_assert_eq(read_path("kdb", path, NULL, &stopped), TUTELA_E_INTERRUPTED);
	cr_assert_eq(stopped.calls, 5);
	log_free(&l);
	log_free(&stopped);
}

/* Bytes changed, pages that lead in circles, files cut off: an end, and no more rows than the file has room for. */
Test(exch_sqlite, damage_ends)
{
	const char *path = path_of("list.db");
	static uint8_t bytes[1 << 20], copy[1 << 20];
	uint32_t seed = 1;
	ssize_t len;
	int fd;

	make_long(path);
	fd = open(path, O_RDONLY);
	len = read(fd, bytes, sizeof(bytes));
	cr_assert(len > 8192 && len < (ssize_t)sizeof(bytes));
	(void)close(fd);
	for (unsigned round = 0; round < 400; round++) {
		size_t n = (size_t)len;
		struct log l = {0};

		memcpy(copy, bytes, n);
		for (unsigned i = 0; i < 1 + round % 8; i++) {
			seed = seed * 1664525u + 1013904223u;
			/* Heads of pages and of the file are hit often. */
			copy[(seed >> 8) % (round % 2 ? n : 64) + (round % 3 ? 0 : 4096 * (seed % (n / 4096 - 1)))] =
				(uint8_t)(seed >> 24);
		}
		if (round % 5 == 0)
			n = seed % n;
		put(path, copy, n);
		(void)read_path("kdb", path, never_stop, &l);
		cr_assert_leq(l.calls, n / 4);
		log_free(&l);
	}
}

Test(exch_sqlite, misuse)
{
	struct tutela_reader_opts o = {.size = sizeof(o), .record = log_record};
	struct tutela_reader *r;

	cr_assert_eq(tutela_reader_new("kdb", &o, &r, NULL), TUTELA_OK);
	cr_assert_eq(tutela_reader_feed(r, "x", 1), TUTELA_E_ARG);
	cr_assert_eq(tutela_reader_finish(r), TUTELA_E_ARG);
	cr_assert_eq(tutela_reader_file(r, NULL), TUTELA_E_ARG);
	cr_assert_eq(tutela_reader_file(r, folder), TUTELA_E_FORMAT);
	cr_assert_eq(tutela_reader_file(r, folder), TUTELA_E_ARG);
	tutela_reader_free(r);
	cr_assert_eq(tutela_reader_new("text", &o, &r, NULL), TUTELA_OK);
	cr_assert_eq(tutela_reader_file(r, folder), TUTELA_E_ARG);
	tutela_reader_free(r);
	cr_assert_eq(tutela_reader_file(NULL, folder), TUTELA_E_ARG);
}
