/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_damage BASE [COPIES [SEED]]: damage copies of a store, and see what a
 * program that uses the library gets to know of it. BASE is a folder for both.
 *
 * Each copy is opened, asked, listed, checked and written to in a process of
 * its own, whose death by a signal is a failure of this test. So is a copy
 * that `check` finds sound although it answers otherwise than the original, or
 * although the damage hit a key or a value of a row, or a checksummed byte of
 * an index file. Which bytes of the database those are is asked of LMDB
 * itself, over the undamaged file.
 *
 * Exit status: 0 all went well, 1 not, 2 it could not be tried.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <tutela/hash.h>
#include <tutela/source.h>

#define ENTRIES   9000 /* so many that the index has tables */
#define SAME      3000 /* entries with one digest: its values fill pages of their own */
#define LONG      40   /* entries with labels that fill pages of their own */
#define SOURCES   30
#define HELD      300
#define PAGE      4096
#define FILES_MAX 64

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(2);
}

/* splitmix64: S. Vigna, public domain */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static uint64_t next(uint64_t *state)
{
	return mix((*state)++);
}

/* ------------------------------------------------------------------ the original */

static struct tutela_hash hash_of(enum tutela_algorithm algorithm, uint64_t seed)
{
	struct tutela_hash h = {.algorithm = (uint16_t)algorithm,
				.len = (uint16_t)(tutela_algorithm_get(algorithm)->bits / 8)};

	for (unsigned i = 0; i < h.len; i++)
		h.bytes[i] = (uint8_t)(mix(seed * 1000003 + i / 8 + algorithm * 77777777u) >> (8 * (i % 8)));
	return h;
}

static void must(enum tutela_err err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "check-damage: %s: %s\n", what, tutela_strerror(err));
	exit(2);
}

static struct tutela_update *begin(struct tutela_store *s, const char *list)
{
	const struct tutela_update_opts opts = {.size = sizeof opts, .list = list, .create = true, .threads = 1};
	struct tutela_update *u;

	must(tutela_update_begin(s, &opts, &u), "beginning an update");
	return u;
}

static void put(struct tutela_update *u, uint64_t i, struct tutela_hash a, struct tutela_hash b, size_t label)
{
	static char text[TUTELA_TEXT_MAX];
	struct tutela_record rec = {.n_fingerprints = 2, .fingerprints = {a, b}};
	char id[32];

	memset(text, 'x', sizeof text);
	rec.id = (struct tutela_text){id, (size_t)snprintf(id, sizeof id, "entry-%" PRIu64, i)};
	rec.n_labels = label ? 1 : 0;
	rec.labels[0] = (struct tutela_label){{"series", 6}, {text, label}};
	must(tutela_update_put(u, &rec), "putting an entry");
}

/* Sources, the state of a feed that fills pages of its own, held records. */
static void make_sources(struct tutela_store *s)
{
	static uint8_t state[TUTELA_FEED_STATE_MAX];
	struct tutela_held held = {.position = {"line 7", 6}, .reason = {"not a hash", 10}};
	struct tutela_update *u;

	memset(state, 's', sizeof state);
	for (unsigned i = 0; i < SOURCES; i++) {
		struct tutela_source source = {.type = TUTELA_SOURCE_NCMEC, .url = "https://example.org"};

		snprintf(source.name, sizeof source.name, "source-%u", i);
		memset(source.credentials, 'c', i * 40);
		must(tutela_source_put(s, &source, false, "source-add"), "adding a source");
	}
	u = begin(s, "many");
	for (unsigned i = 0; i < HELD; i++)
		must(tutela_update_hold(u, &held), "holding a record");
	must(tutela_update_feed(u, "source-1", "many", state, sizeof state), "setting the state of a feed");
	must(tutela_update_commit(u, NULL), "committing");
}

/* Three lists that stay, one that goes and leaves free pages, entries that ended. */
static void make(const char *path)
{
	const struct tutela_store_opts opts = {.size = sizeof opts, .write = true};
	struct tutela_store *s;
	struct tutela_update *u;

	must(tutela_store_create(path), "making the store");
	must(tutela_store_open(path, &opts, &s, NULL, 0), "opening the store");
	u = begin(s, "gone");
	for (uint64_t i = 0; i < 2000; i++)
		put(u, i, hash_of(TUTELA_ALG_MD5, 50000 + i), hash_of(TUTELA_ALG_SHA1, i), 0);
	must(tutela_update_commit(u, NULL), "committing");
	u = begin(s, "many");
	for (uint64_t i = 0; i < ENTRIES; i++)
		put(u, i, hash_of(TUTELA_ALG_PDQ, i), hash_of(TUTELA_ALG_MD5, i), 0);
	must(tutela_update_commit(u, NULL), "committing");
	u = begin(s, "same");
	for (uint64_t i = 0; i < SAME; i++)
		put(u, i, hash_of(TUTELA_ALG_MD5, 77), hash_of(TUTELA_ALG_PHASH, i), 0);
	must(tutela_update_commit(u, NULL), "committing");
	u = begin(s, "long");
	for (uint64_t i = 0; i < LONG; i++)
		put(u, i, hash_of(TUTELA_ALG_MD5, i), hash_of(TUTELA_ALG_DHASH, i), 3000 + 20 * i);
	must(tutela_update_commit(u, NULL), "committing");
	must(tutela_list_remove(s, "gone"), "removing a list");
	u = begin(s, "many");
	for (uint64_t i = 0; i < 300; i++)
		put(u, 7 * i, hash_of(TUTELA_ALG_PDQ, 7 * i), hash_of(TUTELA_ALG_MD5, 90000 + i), 0);
	must(tutela_update_commit(u, NULL), "committing");
	make_sources(s);
	tutela_store_close(s);
}

struct file {
	char name[64];
	uint8_t *bytes;
	size_t len;
	uint8_t *live; /* a flag for each byte that must not change unseen; NULL: all of them */
};

static struct file files[FILES_MAX];
static size_t n_files;

static void load(const char *path, const char *name)
{
	struct file *f = &files[n_files++];
	char full[512];
	struct stat st;
	int fd;

	snprintf(f->name, sizeof f->name, "%s", name);
	snprintf(full, sizeof full, "%s/%s", path, name);
	fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		die(full);
	f->len = (size_t)st.st_size;
	f->bytes = malloc(f->len + 1);
	if (!f->bytes || read(fd, f->bytes, f->len) != (ssize_t)f->len)
		die(full);
	close(fd);
}

/* By the header of the page that it lies in: values of several pages begin behind the first's. */
static void mark(struct file *f, const MDB_val *v)
{
	const uint8_t *p = v->mv_data, *page = p - (uintptr_t)p % PAGE;
	uint64_t number;
	size_t at;

	memcpy(&number, page, sizeof number);
	at = number * PAGE + (size_t)(p - page);
	if (at + v->mv_size > f->len || memcmp(f->bytes + at, p, v->mv_size)) {
		fprintf(stderr, "check-damage: a row is not where it should be\n");
		exit(2);
	}
	memset(f->live + at, 1, v->mv_size);
}

static void mark_rows(struct file *f, const char *path)
{
	static const char *const names[] = {"meta",     "lists", "entries", "keys", "digests",
					    "segments", "audit", "sources", "held"};
	MDB_env *env;
	MDB_txn *txn;

	f->live = calloc(f->len, 1);
	if (!f->live || mdb_env_create(&env) || mdb_env_set_maxdbs(env, 16) ||
	    mdb_env_set_mapsize(env, (size_t)1 << 28) || mdb_env_open(env, path, MDB_RDONLY, 0600) ||
	    mdb_txn_begin(env, NULL, MDB_RDONLY, &txn))
		die(path);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		MDB_cursor *cursor;
		MDB_val k, v;
		MDB_dbi db;

		if (mdb_dbi_open(txn, names[i], 0, &db) || mdb_cursor_open(txn, db, &cursor))
			die(names[i]);
		while (!mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
			mark(f, &k);
			mark(f, &v);
		}
		mdb_cursor_close(cursor);
	}
	mdb_txn_abort(txn);
	mdb_env_close(env);
}

/* ------------------------------------------------------------------ what it answers */

struct answers {
	uint64_t sum;
};

static void add(struct answers *a, const void *p, size_t len)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < len; i++)
		a->sum = (a->sum ^ b[i]) * 0x100000001b3u;
}

static void add_number(struct answers *a, uint64_t n)
{
	add(a, &n, sizeof n);
}

static bool add_list(void *ctx, const struct tutela_list *l)
{
	add(ctx, l->name, strlen(l->name));
	add_number(ctx, l->active);
	add_number(ctx, l->withdrawn);
	add_number(ctx, l->policy.pdq_threshold);
	return true;
}

static enum tutela_err add_entry(void *ctx, const struct tutela_record *rec)
{
	add(ctx, rec->id.s, rec->id.len);
	for (size_t i = 0; i < rec->n_fingerprints; i++)
		add(ctx, rec->fingerprints[i].bytes, rec->fingerprints[i].len);
	for (size_t i = 0; i < rec->n_labels; i++)
		add(ctx, rec->labels[i].value.s, rec->labels[i].value.len);
	return TUTELA_OK;
}

static bool add_source(void *ctx, const struct tutela_source *source)
{
	add(ctx, source->name, strlen(source->name));
	add(ctx, source->credentials, strlen(source->credentials));
	return true;
}

static bool add_held(void *ctx, const struct tutela_held *held)
{
	add(ctx, held->reason.s, held->reason.len);
	return true;
}

static enum tutela_err look_up(struct tutela_snapshot *snap, struct tutela_hash h, struct answers *a)
{
	struct tutela_query_hash one = {.hash = h, .variant = "original"};
	struct tutela_query query = {.hashes = &one, .n = 1, .quality = -1};
	struct tutela_hits hits = {0};
	enum tutela_err err = tutela_snapshot_lookup(snap, &query, 0, &hits);

	add_number(a, hits.n);
	for (size_t i = 0; i < hits.n; i++) {
		add(a, hits.items[i].list, strlen(hits.items[i].list));
		add(a, hits.items[i].entry.s, hits.items[i].entry.len);
		add_number(a, hits.items[i].distance);
	}
	tutela_hits_free(&hits);
	return err;
}

static enum tutela_err ask(struct tutela_snapshot *snap, struct answers *a)
{
	enum tutela_err err = tutela_snapshot_lists(snap, add_list, a);

	for (uint64_t i = 0; i < 60 && !err; i++) {
		struct tutela_hash near = hash_of(TUTELA_ALG_PDQ, 149 * i);

		near.bytes[i % 32] ^= 0x55;
		near.bytes[(i + 7) % 32] ^= 0x33;
		err = look_up(snap, near, a);
		if (!err)
			err = look_up(snap, hash_of(TUTELA_ALG_MD5, 147 * i), a);
		if (!err)
			err = look_up(snap, hash_of(TUTELA_ALG_PHASH, 31 * i), a);
	}
	if (!err)
		err = look_up(snap, hash_of(TUTELA_ALG_MD5, 77), a);
	if (!err)
		err = tutela_snapshot_entries(snap, "many", add_entry, a);
	if (!err)
		err = tutela_snapshot_entries(snap, "same", add_entry, a);
	if (!err)
		err = tutela_snapshot_entries(snap, "long", add_entry, a);
	if (!err)
		err = tutela_snapshot_sources(snap, add_source, a);
	return err ? err : tutela_snapshot_held(snap, "many", add_held, a);
}

static enum tutela_err answers_of(struct tutela_store *s, struct answers *a)
{
	struct tutela_snapshot *snap;
	enum tutela_err err = tutela_snapshot_open(s, &snap);

	*a = (struct answers){0xcbf29ce484222325u};
	if (err)
		return err;
	err = ask(snap, a);
	tutela_snapshot_close(snap);
	return err;
}

/* ------------------------------------------------------------------ one copy */

/* What its process says by its exit status; bits. */
enum { SAID_REFUSED = 1, SAID_ERROR = 2, SAID_FOUND = 4, SAID_WRONG = 8, SAID_ODD = 16 };

static bool said_in_words(enum tutela_err err, const char *why)
{
	return err == TUTELA_E_CORRUPT || err == TUTELA_E_NOTSTORE || err == TUTELA_E_VERSION ? *why != '\0' : false;
}

/* An update, which may fail and must not kill. */
static void write_to(struct tutela_store *s)
{
	const struct tutela_update_opts opts = {.size = sizeof opts, .list = "many", .threads = 1};
	struct tutela_record rec = {.id = {"new", 3}, .n_fingerprints = 1};
	struct tutela_update *u;

	if (tutela_update_begin(s, &opts, &u))
		return;
	for (uint64_t i = 0; i < 200; i++) {
		char id[32];

		rec.id = (struct tutela_text){id, (size_t)snprintf(id, sizeof id, "entry-%" PRIu64, 41 * i)};
		rec.fingerprints[0] = hash_of(i % 2 ? TUTELA_ALG_PDQ : TUTELA_ALG_MD5, 200000 + i);
		if (tutela_update_put(u, &rec)) {
			tutela_update_abort(u);
			return;
		}
	}
	if (!tutela_update_commit(u, NULL))
		(void)!tutela_list_remove(s, "same");
	(void)!tutela_feed_put(s, "source-2", "new", "x", 1);
	(void)!tutela_source_remove(s, "source-1");
}

static int try_copy(const char *path, const struct answers *right)
{
	struct tutela_store_opts opts = {.size = sizeof opts, .write = true};
	const struct tutela_check_opts check = {.size = sizeof check, .queries = 12, .threads = 1};
	struct tutela_check_result result;
	struct answers got;
	struct tutela_store *s;
	char why[1024];
	int said = 0;
	enum tutela_err err = tutela_store_open(path, &opts, &s, why, sizeof why);

	if (err)
		return SAID_REFUSED | (said_in_words(err, why) ? 0 : SAID_ODD);
	err = answers_of(s, &got);
	if (err)
		said |= SAID_ERROR | (said_in_words(err, tutela_store_errmsg(s)) ? 0 : SAID_ODD);
	else if (got.sum != right->sum)
		said |= SAID_WRONG;
	err = tutela_store_check(s, &check, &result);
	if (err || result.findings)
		said |= SAID_FOUND | (!err || said_in_words(err, tutela_store_errmsg(s)) ? 0 : SAID_ODD);
	write_to(s);
	tutela_store_close(s);
	return said;
}

/* ------------------------------------------------------------------ damage */

enum damage { FLIP, HEADER, ZERO_PAGE, SWAP_PAGES, OLD_SECTOR, TRUNCATE, DAMAGES };
static const char *const damage_names[] = {"bit flips",     "page headers",      "lost pages",
					   "swapped pages", "sectors of chance", "truncations"};

struct hit {
	const struct file *file;
	enum damage damage;
	bool live; /* a byte that counts has changed */
};

static void poke(struct hit *h, uint8_t *bytes, size_t at, uint8_t value)
{
	const struct file *f = h->file;

	if (at < f->len && f->bytes[at] != value) {
		bytes[at] = value;
		h->live |= !f->live || f->live[at];
	}
}

/* The new length. */
static size_t spoil(struct hit *h, uint8_t *bytes, uint64_t *random)
{
	const struct file *f = h->file;
	size_t pages = (f->len + PAGE - 1) / PAGE, page = next(random) % pages * PAGE, other, cut;

	switch (h->damage) {
	case FLIP:
		for (uint64_t n = 1 + next(random) % 3; n; n--) {
			size_t at = next(random) % f->len;

			poke(h, bytes, at, (uint8_t)(f->bytes[at] ^ 1u << next(random) % 8));
		}
		break;
	case HEADER:
		for (uint64_t n = 1 + next(random) % 4; n; n--)
			poke(h, bytes, page + next(random) % 48, (uint8_t)next(random));
		break;
	case ZERO_PAGE:
		for (size_t i = 0; i < PAGE; i++)
			poke(h, bytes, page + i, 0);
		break;
	case SWAP_PAGES:
		other = next(random) % pages * PAGE;
		for (size_t i = 0; i < PAGE && other + i < f->len && page + i < f->len; i++) {
			poke(h, bytes, page + i, f->bytes[other + i]);
			poke(h, bytes, other + i, f->bytes[page + i]);
		}
		break;
	case OLD_SECTOR:
		page += next(random) % 8 * 512;
		for (size_t i = 0; i < 512; i++)
			poke(h, bytes, page + i, (uint8_t)next(random));
		break;
	default:
		cut = next(random) % f->len;
		for (size_t i = cut; i < f->len; i++)
			h->live |= !f->live || f->live[i];
		return cut;
	}
	return f->len;
}

static void save(const char *path, const struct file *f, const uint8_t *bytes, size_t len)
{
	char full[512];
	int fd;

	snprintf(full, sizeof full, "%.400s/%.63s", path, f->name);
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || close(fd))
		die(full);
}

static void clean(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *d;

	while (dir && (d = readdir(dir)))
		(void)unlinkat(dirfd(dir), d->d_name, 0);
	if (dir)
		closedir(dir);
	(void)rmdir(path);
}

/* Files that are never written again need no copy of their own. */
static void same(const char *path, const char *original, const struct file *f)
{
	char from[512], to[512];

	snprintf(from, sizeof from, "%.400s/%.63s", original, f->name);
	snprintf(to, sizeof to, "%.400s/%.63s", path, f->name);
	if (f == &files[0])
		save(path, f, f->bytes, f->len);
	else if (link(from, to))
		die(to);
}

static void copy(const char *path, const char *original, struct hit *h, uint64_t *random)
{
	clean(path);
	if (mkdir(path, 0700))
		die(path);
	for (size_t i = 0; i < n_files; i++) {
		const struct file *f = &files[i];
		uint8_t *bytes;
		size_t len;

		if (f != h->file) {
			same(path, original, f);
			continue;
		}
		bytes = malloc(f->len);
		if (!bytes)
			die("memory");
		memcpy(bytes, f->bytes, f->len);
		len = spoil(h, bytes, random);
		save(path, f, bytes, len);
		free(bytes);
	}
}

/* The database gets two thirds of it, the index files the rest; every fiftieth the file that names the store. */
static const struct file *victim(uint64_t *random)
{
	uint64_t r = next(random) % 150;

	if (r < 100)
		return &files[0];
	return r < 103 ? &files[1] : &files[2 + next(random) % (n_files - 2)];
}

/* ------------------------------------------------------------------ all copies */

struct score {
	unsigned copies, live, refused, errors, found, unseen_harmless, wrong;
};

static struct score scores[DAMAGES];
static unsigned failures;

static void fail(unsigned i, const struct hit *h, const char *what)
{
	printf("copy %u (%s of '%s'): %s\n", i, damage_names[h->damage], h->file->name, what);
	failures++;
}

static void judge(unsigned i, const struct hit *h, int status)
{
	struct score *sc = &scores[h->damage];
	int said = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	bool reported = said & (SAID_REFUSED | SAID_FOUND);

	sc->copies++;
	sc->live += h->live;
	sc->refused += !!(said & SAID_REFUSED);
	sc->errors += !!(said & SAID_ERROR);
	sc->found += !!(said & SAID_FOUND);
	sc->wrong += !!(said & SAID_WRONG);
	sc->unseen_harmless += !said;
	if (!WIFEXITED(status)) {
		char text[64];

		snprintf(text, sizeof text, "killed its process by signal %d", WTERMSIG(status));
		fail(i, h, text);
	} else if (said & SAID_ODD) {
		fail(i, h, "an error that does not say what is wrong");
	} else if (!reported && said & SAID_WRONG) {
		fail(i, h, "another answer, and check finds nothing");
	} else if (!reported && said & SAID_ERROR) {
		fail(i, h, "an error, and check finds nothing");
	} else if (!reported && h->live) {
		fail(i, h, "a byte that counts has changed, and check finds nothing");
	}
}

static void run(const char *path, unsigned i, const struct hit *h, const struct answers *right)
{
	const struct rlimit no_core = {0, 0};
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		setrlimit(RLIMIT_CORE, &no_core);
		alarm(120);
		_exit(try_copy(path, right));
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		die("a process of its own");
	judge(i, h, status);
}

static void report(unsigned copies)
{
	struct score all = {0};

	printf("%-18s %7s %9s %8s %7s %7s %7s %9s\n", "damage", "copies", "in use", "refused", "error", "check",
	       "wrong", "no effect");
	for (unsigned d = 0; d < DAMAGES; d++) {
		const struct score *s = &scores[d];

		printf("%-18s %7u %9u %8u %7u %7u %7u %9u\n", damage_names[d], s->copies, s->live, s->refused,
		       s->errors, s->found, s->wrong, s->unseen_harmless);
		all.live += s->live;
	}
	printf("%u copies, %u with a byte in use changed, %u failures\n", copies, all.live, failures);
}

int main(int argc, char **argv)
{
	unsigned copies = argc > 2 ? (unsigned)atoi(argv[2]) : 3000;
	uint64_t random = argc > 3 ? strtoull(argv[3], NULL, 10) << 32 : UINT64_C(1) << 32;
	char original[400], damaged[400];
	struct answers right;
	struct tutela_store *s;

	if (argc < 2) {
		fprintf(stderr, "usage: check_damage BASE [COPIES [SEED]]\n");
		return 2;
	}
	snprintf(original, sizeof original, "%s/original", argv[1]);
	snprintf(damaged, sizeof damaged, "%s/damaged", argv[1]);
	make(original);
	must(tutela_store_open(original, NULL, &s, NULL, 0), "opening the store");
	must(answers_of(s, &right), "asking the store");
	tutela_store_close(s);
	load(original, "data.mdb");
	mark_rows(&files[0], original);
	load(original, "TUTELA");
	for (unsigned i = 0; i < 40; i++) {
		static const char *const kinds[] = {"pdq", "phash", "dhash"};

		for (unsigned k = 0; k < 3; k++) {
			char name[64], full[512];

			snprintf(name, sizeof name, "seg-%s-%u.tix", kinds[k], i);
			snprintf(full, sizeof full, "%s/%s", original, name);
			if (!access(full, R_OK))
				load(original, name);
		}
	}
	for (unsigned i = 0; i < copies; i++) {
		struct hit h = {.file = victim(&random), .damage = (enum damage)(i % DAMAGES)};

		copy(damaged, original, &h, &random);
		run(damaged, i, &h, &right);
	}
	clean(damaged);
	clean(original);
	report(copies);
	return failures ? 1 : 0;
}
