/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_soak FOLDER SECONDS [READERS [THREADS [SEED]]]: readers while a writer
 * writes. FOLDER must not exist; a store is made in it, and removed at the end
 * when all went well.
 *
 * One process writes without a pause: it imports, replaces, withdraws, removes
 * and makes lists, so that index files are merged and old ones deleted. READERS
 * processes (default 2) of THREADS threads (default 2) open snapshots. For each
 * they read all entries and compare what look-ups find with a scan of those
 * entries, which knows of no index: when it is opened, and again when the
 * writer has moved on. A checker runs tutela_store_check over and over. From
 * time to time a reader is killed, and another takes its place.
 *
 * Exit status: 0 no wrong answer and no error; 1 there was one; 2 it could not be tried.
 */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <tutela/hash.h>
#include <tutela/store.h>

#include "remove_folder.h"

#define LISTS       5
#define POOL        20000 /* ids of a list */
#define READERS_MAX 16
#define THREADS_MAX 16
#define QUERIES     24
#define SHOWN       20 /* failures that are told */

/* What the processes count, in memory that they share. */
struct tally {
	atomic_ullong commits, removals, entries_written;
	atomic_ullong snapshots, queries, hits, again, outlived, checks, kills;
	atomic_uint failures, index_files_max;
	atomic_bool stop;
};

static struct tally *tally;
static const char *folder;
static time_t deadline;
static unsigned threads_each = 2;

static bool over(void)
{
	return atomic_load(&tally->stop) || time(NULL) >= deadline;
}

static void fail(const char *who, const char *what, const char *detail)
{
	if (atomic_fetch_add(&tally->failures, 1) < SHOWN)
		fprintf(stderr, "check-soak: %s: %s%s%s\n", who, what, *detail ? ": " : "", detail);
	atomic_store(&tally->stop, true);
}

static void fail_store(const char *who, const char *what, const struct tutela_store *s, enum tutela_err err)
{
	const char *text = s ? tutela_store_errmsg(s) : "";

	fail(who, what, *text ? text : tutela_strerror(err));
}

/* splitmix64: S. Vigna, public domain */
static uint64_t next(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* Hashes in families of sixteen that are some bits apart, so that there is always something near. */
static struct tutela_hash hash_of(enum tutela_algorithm algorithm, uint64_t seed)
{
	struct tutela_hash h = {.algorithm = (uint16_t)algorithm,
				.len = (uint16_t)(tutela_algorithm_get(algorithm)->bits / 8)};
	uint64_t family = algorithm == TUTELA_ALG_PDQ ? seed / 16 + 1 : seed + 1, own = seed * 31 + 7;

	for (unsigned i = 0; i < h.len; i++)
		h.bytes[i] = (uint8_t)next(&family);
	for (unsigned i = 0; algorithm == TUTELA_ALG_PDQ && i < seed % 16 * 3; i++) {
		unsigned bit = (unsigned)(next(&own) % 256);

		h.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	return h;
}

static struct tutela_store *open_store(const char *who, bool write)
{
	const struct tutela_store_opts opts = {.size = sizeof opts, .write = write, .max_map = (uint64_t)1 << 33};
	struct tutela_store *s;
	char why[1024];

	if (!tutela_store_open(folder, &opts, &s, why, sizeof why))
		return s;
	fail(who, "opening the store", why);
	return NULL;
}

/* ------------------------------------------------------------------ writer */

static void name_of(uint64_t list, char name[16])
{
	snprintf(name, 16, "list-%u", (unsigned)(list % LISTS));
}

static enum tutela_err put(struct tutela_update *u, uint64_t number, uint64_t seed)
{
	struct tutela_record rec = {.n_fingerprints = 2};
	char id[32];

	rec.id = (struct tutela_text){id, (size_t)snprintf(id, sizeof id, "entry-%" PRIu64, number)};
	rec.fingerprints[0] = hash_of(TUTELA_ALG_PDQ, seed);
	rec.fingerprints[1] = hash_of(TUTELA_ALG_MD5, seed / 3);
	return tutela_update_put(u, &rec);
}

static enum tutela_err fill(struct tutela_update *u, uint64_t *random, uint64_t n)
{
	enum tutela_err err = TUTELA_OK;
	uint64_t start = next(random) % POOL;

	for (uint64_t i = 0; i < n && !err; i++) {
		uint64_t number = (start + i) % POOL;

		/* Now and then other hashes than last time. */
		err = put(u, number, next(random) % 8 ? number : number + next(random) % 64);
	}
	atomic_fetch_add(&tally->entries_written, n);
	return err;
}

static enum tutela_err withdraw(struct tutela_update *u, uint64_t *random, uint64_t n)
{
	enum tutela_err err = TUTELA_OK;
	char id[32];

	for (uint64_t i = 0; i < n && !err; i++) {
		size_t len = (size_t)snprintf(id, sizeof id, "entry-%" PRIu64, next(random) % POOL);

		err = tutela_update_status(u, (struct tutela_text){id, len},
					   next(random) % 4 ? TUTELA_WITHDRAWN : TUTELA_DISPUTED,
					   (struct tutela_text){"soak", 4});
		if (err == TUTELA_E_NOTFOUND)
			err = TUTELA_OK;
	}
	return err;
}

static enum tutela_err update(struct tutela_store *s, uint64_t *random)
{
	struct tutela_update_opts opts = {.size = sizeof opts, .create = true, .threads = 1};
	uint64_t kind = next(random) % 16, n = kind == 0 ? 12000 : kind < 4 ? 2000 : 1 + next(random) % 100;
	struct tutela_update *u;
	enum tutela_err err;
	char list[16];

	name_of(next(random), list);
	opts.list = list;
	opts.mode = kind == 1 ? TUTELA_REPLACE : TUTELA_MERGE;
	err = tutela_update_begin(s, &opts, &u);
	if (err)
		return err;
	err = kind > 11 ? withdraw(u, random, n) : fill(u, random, n);
	/* Some change their mind. */
	if (err || next(random) % 32 == 0) {
		tutela_update_abort(u);
		return err;
	}
	return tutela_update_commit(u, NULL);
}

static enum tutela_err other_act(struct tutela_store *s, uint64_t *random)
{
	struct tutela_list list = {0};
	enum tutela_err err;

	name_of(next(random), list.name);
	if (next(random) % 3) {
		tutela_policy_default(&list.policy);
		list.policy.pdq_threshold = (uint32_t)(next(random) % 40);
		return tutela_list_set(s, &list, true);
	}
	err = tutela_list_remove(s, list.name);
	atomic_fetch_add(&tally->removals, !err);
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

static void write_on(uint64_t random)
{
	struct tutela_store *s = open_store("writer", true);

	while (s && !over()) {
		enum tutela_err err = next(&random) % 12 ? update(s, &random) : other_act(s, &random);

		if (err)
			fail_store("writer", "writing", s, err);
		atomic_fetch_add(&tally->commits, !err);
	}
	tutela_store_close(s);
}

/* ------------------------------------------------------------------ the scan */

struct row {
	uint32_t list;
	char id[32];
	uint8_t pdq[32], md5[16];
};

struct truth {
	struct tutela_list lists[LISTS];
	size_t n_lists;
	struct row *rows; /* of active entries */
	size_t n, capacity;
};

static bool take_list(void *ctx, const struct tutela_list *list)
{
	struct truth *t = ctx;

	if (t->n_lists < LISTS)
		t->lists[t->n_lists++] = *list;
	return true;
}

static enum tutela_err take_entry(void *ctx, const struct tutela_record *rec)
{
	struct truth *t = ctx;
	struct row *row;

	if (rec->status != TUTELA_ACTIVE)
		return TUTELA_OK;
	if (t->n == t->capacity) {
		size_t capacity = t->capacity ? 2 * t->capacity : 4096;
		struct row *bigger = realloc(t->rows, capacity * sizeof *bigger);

		if (!bigger)
			return TUTELA_E_NOMEM;
		t->rows = bigger;
		t->capacity = capacity;
	}
	row = &t->rows[t->n++];
	memset(row, 0, sizeof *row);
	row->list = (uint32_t)t->n_lists;
	memcpy(row->id, rec->id.s, rec->id.len < sizeof row->id ? rec->id.len : sizeof row->id - 1);
	for (size_t i = 0; i < rec->n_fingerprints; i++)
		memcpy(rec->fingerprints[i].algorithm == TUTELA_ALG_PDQ ? row->pdq : row->md5,
		       rec->fingerprints[i].bytes, rec->fingerprints[i].len);
	return TUTELA_OK;
}

static enum tutela_err read_truth(struct tutela_snapshot *snap, struct truth *t)
{
	enum tutela_err err;
	size_t lists;

	t->n = t->n_lists = 0;
	err = tutela_snapshot_lists(snap, take_list, t);
	lists = t->n_lists;
	for (size_t i = 0; i < lists && !err; i++) {
		t->n_lists = i;
		err = tutela_snapshot_entries(snap, t->lists[i].name, take_entry, t);
	}
	t->n_lists = lists;
	return err;
}

static unsigned distance(const uint8_t *a, const uint8_t *b)
{
	unsigned d = 0;

	for (unsigned i = 0; i < 32; i += 8) {
		uint64_t x, y;

		memcpy(&x, a + i, 8);
		memcpy(&y, b + i, 8);
		d += (unsigned)__builtin_popcountll(x ^ y);
	}
	return d;
}

/* Is the hit one that the scan would make? */
static bool is_right(const struct truth *t, const struct tutela_hit *hit, const struct tutela_hash *asked)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct row *row = &t->rows[i];

		if (strlen(row->id) != hit->entry.len || memcmp(row->id, hit->entry.s, hit->entry.len) ||
		    strcmp(t->lists[row->list].name, hit->list))
			continue;
		return asked->algorithm == TUTELA_ALG_PDQ ? distance(row->pdq, asked->bytes) == hit->distance
							  : !memcmp(row->md5, asked->bytes, 16);
	}
	return false;
}

static size_t scan(const struct truth *t, const struct tutela_hash *asked)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct row *row = &t->rows[i];

		if (asked->algorithm == TUTELA_ALG_PDQ)
			n += distance(row->pdq, asked->bytes) <= t->lists[row->list].policy.pdq_threshold;
		else
			n += !memcmp(row->md5, asked->bytes, 16);
	}
	return n;
}

/* As many hits as the scan has, each different (they are sorted and one an entry) and each right. */
static bool compare(const struct truth *t, const struct tutela_hits *hits, const struct tutela_hash *asked)
{
	size_t n = scan(t, asked);

	atomic_fetch_add(&tally->queries, 1);
	atomic_fetch_add(&tally->hits, n);
	for (size_t i = 0; i < hits->n; i++)
		if (!is_right(t, &hits->items[i], asked))
			return false;
	return hits->n == n;
}

/* ------------------------------------------------------------------ readers */

static bool ask(const char *who, struct tutela_store *s, struct tutela_snapshot *snap, const struct truth *t,
		uint64_t *random)
{
	struct tutela_query_hash asked[QUERIES];
	struct tutela_query queries[QUERIES];
	struct tutela_hits hits[QUERIES] = {{0}}, one = {0};
	bool good = true;
	enum tutela_err err;

	for (unsigned i = 0; i < QUERIES; i++) {
		enum tutela_algorithm algorithm = i % 3 ? TUTELA_ALG_PDQ : TUTELA_ALG_MD5;
		uint64_t seed = next(random) % (POOL + 64);

		asked[i] = (struct tutela_query_hash){hash_of(algorithm, i % 3 ? seed : seed / 3), "original", NULL};
		queries[i] = (struct tutela_query){&asked[i], 1, -1};
	}
	err = tutela_snapshot_lookup_batch(snap, queries, QUERIES, 0, 1 + (unsigned)(next(random) % 2), hits);
	for (unsigned i = 0; i < QUERIES && !err && good; i++) {
		good = compare(t, &hits[i], &asked[i].hash);
		if (i % 4 || !good)
			continue;
		err = tutela_snapshot_lookup(snap, &queries[i], 0, &one);
		good = err || compare(t, &one, &asked[i].hash);
	}
	if (err)
		fail_store(who, "looking up", s, err);
	else if (!good)
		fail(who, "a look-up and the scan of the same snapshot differ", "");
	for (unsigned i = 0; i < QUERIES; i++)
		tutela_hits_free(&hits[i]);
	tutela_hits_free(&one);
	return good && !err;
}

static void read_one(const char *who, struct tutela_store *s, struct truth *t, uint64_t *random)
{
	const struct timespec pause = {.tv_nsec = (long)(next(random) % 300) * 1000000};
	unsigned long long before = atomic_load(&tally->commits);
	struct tutela_snapshot *snap;
	enum tutela_err err = tutela_snapshot_open(s, &snap);

	if (err) {
		fail_store(who, "opening a snapshot", s, err);
		return;
	}
	err = read_truth(snap, t);
	if (err) {
		fail_store(who, "reading entries", s, err);
	} else if (ask(who, s, snap, t, random)) {
		/* The same snapshot, when others have come and its index files have gone. */
		nanosleep(&pause, NULL);
		if (ask(who, s, snap, t, random))
			atomic_fetch_add(&tally->again, 1);
	}
	atomic_fetch_add(&tally->outlived, atomic_load(&tally->commits) > before + 1);
	atomic_fetch_add(&tally->snapshots, 1);
	tutela_snapshot_close(snap);
}

struct reader {
	struct tutela_store *store;
	uint64_t random;
};

static void *read_on(void *arg)
{
	struct reader *r = arg;
	struct truth t = {0};

	while (!over())
		read_one("reader", r->store, &t, &r->random);
	free(t.rows);
	return NULL;
}

static void be_reader(uint64_t random)
{
	struct tutela_store *s = open_store("reader", false);
	struct reader readers[THREADS_MAX];
	pthread_t threads[THREADS_MAX];
	unsigned n = 0;

	for (; s && n < threads_each; n++) {
		readers[n] = (struct reader){s, random + 1000 * n};
		if (pthread_create(&threads[n], NULL, read_on, &readers[n])) {
			fail("reader", "starting a thread", "");
			break;
		}
	}
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	tutela_store_close(s);
}

static void count_files(void)
{
	DIR *dir = opendir(folder);
	struct dirent *d;
	unsigned n = 0;

	while (dir && (d = readdir(dir)))
		n += !strncmp(d->d_name, "seg-", 4);
	if (dir)
		closedir(dir);
	if (n > atomic_load(&tally->index_files_max))
		atomic_store(&tally->index_files_max, n);
}

static void on_finding(void *ctx, const char *sentence)
{
	(void)ctx;
	fail("check", "found", sentence);
}

static void be_checker(uint64_t random)
{
	struct tutela_store *s = open_store("check", false);

	while (s && !over()) {
		const struct tutela_check_opts opts = {.size = sizeof opts,
						       .queries = 60,
						       .seed = 1 + next(&random),
						       .threads = 1,
						       .finding = on_finding};
		enum tutela_err err = tutela_store_check(s, &opts, NULL);

		if (err)
			fail_store("check", "checking", s, err);
		atomic_fetch_add(&tally->checks, !err);
		count_files();
	}
	tutela_store_close(s);
}

/* ------------------------------------------------------------------ all of them */

static pid_t start(void (*be)(uint64_t random), uint64_t random)
{
	pid_t child = fork();

	if (child)
		return child;
	be(random);
	_exit(0);
}

/* A death that was not ordered is a failure. */
static void reap(pid_t child, const char *who, bool killed)
{
	int status = 0;

	if (waitpid(child, &status, 0) == child && (WIFEXITED(status) ? !WEXITSTATUS(status) : killed))
		return;
	fail(who, "died", WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "");
}

static bool ended(pid_t child)
{
	siginfo_t info = {0};

	return !waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid == child;
}

static void oversee(pid_t writer, pid_t checker, pid_t *readers, unsigned n, uint64_t random)
{
	const struct timespec second = {.tv_sec = 1};

	for (unsigned t = 1; !over(); t++) {
		unsigned victim = (unsigned)(next(&random) % n);

		nanosleep(&second, NULL);
		if (over())
			break;
		if (ended(writer) || ended(checker))
			fail("overseer", "the writer or the checker is gone", "");
		if (t % 5)
			continue;
		kill(readers[victim], SIGKILL);
		reap(readers[victim], "reader", true);
		atomic_fetch_add(&tally->kills, 1);
		readers[victim] = start(be_reader, next(&random));
	}
	for (unsigned i = 0; i < n; i++)
		reap(readers[i], "reader", false);
	reap(writer, "writer", false);
	reap(checker, "checker", false);
}

static void report(long seconds)
{
	printf("%ld s: %llu commits (%llu lists removed, %llu entries put), up to %u index files\n", seconds,
	       atomic_load(&tally->commits), atomic_load(&tally->removals), atomic_load(&tally->entries_written),
	       atomic_load(&tally->index_files_max));
	printf("%llu snapshots, %llu asked a second time, %llu outlived two commits or more\n",
	       atomic_load(&tally->snapshots), atomic_load(&tally->again), atomic_load(&tally->outlived));
	printf("%llu look-ups compared with a scan of their snapshot, %llu hits; %llu checks of the store; "
	       "%llu readers killed\n",
	       atomic_load(&tally->queries), atomic_load(&tally->hits), atomic_load(&tally->checks),
	       atomic_load(&tally->kills));
	printf("%u failures\n", atomic_load(&tally->failures));
}

int main(int argc, char **argv)
{
	long seconds = argc > 2 ? atol(argv[2]) : 0;
	unsigned n = argc > 3 ? (unsigned)atoi(argv[3]) : 2;
	uint64_t random = argc > 5 ? strtoull(argv[5], NULL, 10) : 1;
	pid_t writer, checker, readers[READERS_MAX];
	time_t begun;

	threads_each = argc > 4 ? (unsigned)atoi(argv[4]) : 2;
	if (seconds < 1 || !n || n > READERS_MAX || !threads_each || threads_each > THREADS_MAX) {
		fprintf(stderr, "usage: check_soak FOLDER SECONDS [READERS [THREADS [SEED]]]\n");
		return 2;
	}
	folder = argv[1];
	tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tally == MAP_FAILED || tutela_store_create(folder)) {
		fprintf(stderr, "check-soak: no store can be made in '%s'\n", folder);
		return 2;
	}
	begun = time(NULL);
	deadline = begun + seconds;
	writer = start(write_on, random);
	checker = start(be_checker, random + 1);
	for (unsigned i = 0; i < n; i++)
		readers[i] = start(be_reader, random + 2 + i);
	oversee(writer, checker, readers, n, random);
	report((long)(time(NULL) - begun));
	/* Without commits or snapshots nothing was tried. */
	if (!atomic_load(&tally->failures) && atomic_load(&tally->commits) && atomic_load(&tally->queries)) {
		remove_folder(folder);
		return 0;
	}
	return 1;
}
