/* SPDX-License-Identifier: Apache-2.0 */
/* Stores in a folder of their own, records and hashes by formula, for the tests of store/. */
#ifndef TESTS_STORE_DATA_H
#define TESTS_STORE_DATA_H

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <tutela/store.h>

#define OK(call)                                                                                                       \
	do {                                                                                                           \
		enum tutela_err ok_err_ = (call);                                                                      \
		cr_assert_eq(ok_err_, TUTELA_OK, "%s: %s", #call, tutela_err_name(ok_err_));                           \
	} while (0)
#define FAILS(call, code)                                                                                              \
	do {                                                                                                           \
		enum tutela_err fails_err_ = (call);                                                                   \
		cr_assert_eq(fails_err_, (code), "%s: %s, not %s", #call, tutela_err_name(fails_err_),                 \
			     tutela_err_name(code));                                                                   \
	} while (0)

/* A new temporary folder, in memory where there is room: these tests call fsync by the thousand. */
static inline void scratch_make(char path[64])
{
	struct statvfs fs;
	bool room = !statvfs("/dev/shm", &fs) && (uint64_t)fs.f_bavail * fs.f_frsize > (uint64_t)1 << 30 &&
		    !access("/dev/shm", W_OK);

	strcpy(path, room ? "/dev/shm/tutela-test-XXXXXX" : "/tmp/tutela-test-XXXXXX");
	cr_assert_not_null(mkdtemp(path));
}

static inline int scratch_remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

static inline void scratch_remove(const char *path)
{
	(void)nftw(path, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static inline struct tutela_store *store_open(const char *path, bool write)
{
	struct tutela_store_opts opts = {.size = sizeof opts, .write = write};
	struct tutela_store *s;
	char why[256];
	enum tutela_err err = tutela_store_open(path, &opts, &s, why, sizeof why);

	cr_assert_eq(err, TUTELA_OK, "%s: %s", tutela_err_name(err), why);
	return s;
}

/* scratch folder + store in it, open for writing */
static inline struct tutela_store *store_make(char path[64])
{
	scratch_make(path);
	OK(tutela_store_create(path));
	return store_open(path, true);
}

static inline void store_unmake(struct tutela_store *s, const char *path)
{
	tutela_store_close(s);
	scratch_remove(path);
}

/* ------------------------------------------------------------------ data */

/* splitmix64: S. Vigna, public domain */
static inline uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static inline struct tutela_hash hash_of(enum tutela_algorithm algorithm, uint64_t seed)
{
	struct tutela_hash h = {.algorithm = (uint16_t)algorithm,
				.len = (uint16_t)(tutela_algorithm_get(algorithm)->bits / 8)};

	for (unsigned i = 0; i < h.len; i++)
		h.bytes[i] = (uint8_t)(mix(seed * 1000003 + i / 8 + algorithm * 77777777u) >> (8 * (i % 8)));
	return h;
}

/* h with `n` different bits flipped, chosen by seed. */
static inline struct tutela_hash flipped(struct tutela_hash h, unsigned n, uint64_t seed)
{
	struct tutela_hash out = h;

	while (n) {
		unsigned bit = (unsigned)(mix(seed++) % (h.len * 8u));
		uint8_t mask = (uint8_t)(1u << bit % 8);

		if ((out.bytes[bit / 8] ^ h.bytes[bit / 8]) & mask)
			continue;
		out.bytes[bit / 8] ^= mask;
		n--;
	}
	return out;
}

static inline struct tutela_text text(const char *s)
{
	return (struct tutela_text){s, strlen(s)};
}

/* An entry named id with one fingerprint. Strings are the caller's. */
static inline struct tutela_record record_of(const char *id, struct tutela_hash h)
{
	return (struct tutela_record){.id = text(id), .n_fingerprints = 1, .fingerprints = {h}};
}

/* ------------------------------------------------------------------ acts */

static inline struct tutela_update *update_on(struct tutela_store *s, const char *list, enum tutela_update_mode mode)
{
	struct tutela_update_opts opts = {
		.size = sizeof opts, .list = list, .create = true, .mode = mode, .provenance = "test", .threads = 1};
	struct tutela_update *u;
	enum tutela_err err = tutela_update_begin(s, &opts, &u);

	cr_assert_eq(err, TUTELA_OK, "%s: %s", tutela_err_name(err), tutela_store_errmsg(s));
	return u;
}

static inline struct tutela_update_result commit(struct tutela_store *s, struct tutela_update *u)
{
	struct tutela_update_result r;
	enum tutela_err err = tutela_update_commit(u, &r);

	cr_assert_eq(err, TUTELA_OK, "%s: %s", tutela_err_name(err), tutela_store_errmsg(s));
	return r;
}

static inline struct tutela_update_result put_one(struct tutela_store *s, const char *list, struct tutela_record rec)
{
	struct tutela_update *u = update_on(s, list, TUTELA_MERGE);

	OK(tutela_update_put(u, &rec));
	return commit(s, u);
}

static inline struct tutela_update_result set_status(struct tutela_store *s, const char *list, const char *id,
						     enum tutela_status status)
{
	struct tutela_update *u = update_on(s, list, TUTELA_MERGE);

	OK(tutela_update_status(u, text(id), status, text("a reason")));
	return commit(s, u);
}

static inline struct tutela_snapshot *snapshot_of(struct tutela_store *s)
{
	struct tutela_snapshot *snap;
	enum tutela_err err = tutela_snapshot_open(s, &snap);

	cr_assert_eq(err, TUTELA_OK, "%s: %s", tutela_err_name(err), tutela_store_errmsg(s));
	return snap;
}

/* Number of hits of one hash; the hits stay in *hits. */
static inline size_t ask(struct tutela_snapshot *snap, struct tutela_hash h, struct tutela_hits *hits)
{
	struct tutela_query_hash one = {.hash = h, .variant = "original"};
	struct tutela_query query = {.hashes = &one, .n = 1, .quality = -1};

	OK(tutela_snapshot_lookup(snap, &query, 0, hits));
	return hits->n;
}

static inline size_t ask_store(struct tutela_store *s, struct tutela_hash h)
{
	struct tutela_snapshot *snap = snapshot_of(s);
	struct tutela_hits hits = {0};
	size_t n = ask(snap, h, &hits);

	tutela_hits_free(&hits);
	tutela_snapshot_close(snap);
	return n;
}

static inline struct tutela_list list_of(struct tutela_store *s, const char *name)
{
	struct tutela_snapshot *snap = snapshot_of(s);
	struct tutela_list list;

	OK(tutela_snapshot_list(snap, name, &list));
	tutela_snapshot_close(snap);
	return list;
}

/* Number of index files in the store's folder, by any name. */
static inline size_t index_files(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	size_t n = 0;

	while (dir && (d = readdir(dir)))
		n += !strncmp(d->d_name, "seg-", 4);
	if (dir)
		closedir(dir);
	return n;
}

/* Path of the first index file that the folder's order gives. */
static inline void index_file(const char *path, char *out, size_t room)
{
	DIR *dir = opendir(path);
	struct dirent *d;

	*out = '\0';
	while (dir && !*out && (d = readdir(dir)))
		if (!strncmp(d->d_name, "seg-", 4))
			snprintf(out, room, "%s/%s", path, d->d_name);
	if (dir)
		closedir(dir);
}

#endif
