/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same for the library alone: faults-library TUTELA SHIM EVERY SEED
 *
 * A program that uses <tutela/store.h> gets an error it can name, all memory
 * back when it has closed the store, and a store that is as before or as
 * wanted. Each attempt is a process of its own, with a first run that meets no
 * fault, so that what libraries keep for good is not taken for a leak.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tutela/store.h>

#include "fault.h"
#include "witness.h"

#define CALLS 20000

enum action { IMPORT, IMPORT_OTHER, READ, REMOVE, REBUILD, ACTIONS };

static const struct {
	const char *name;
	unsigned step; /* of the story that it makes; READ: after which it reads */
} actions[ACTIONS] = {{"import", 1}, {"import of another list", 2}, {"reading", 5}, {"list remove", 7}, {"rebuild", 9}};

static const char *const kind_names[FAULT_KINDS] = FAULT_NAMES;

struct library {
	struct story story;
	fault_arm_fn *arm;
	fault_hit_fn *hit;
	fault_live_fn *live;
	unsigned every;
	char folder[64], base[96], store[96];
	unsigned tried[FAULT_KINDS], failed[FAULT_KINDS];
};

/* What an attempt tells its parent. */
struct attempt {
	enum tutela_err err, plain;
	int hit;
	long leaked;
};

/* ------------------------------------------------------------------ the actions */

static enum tutela_err import(struct library *l, struct tutela_store *s, const char *list, uint32_t n,
			      uint32_t generation)
{
	struct tutela_update_opts opts = {.size = sizeof opts, .list = list, .create = true, .threads = 1};
	struct tutela_update *u;
	struct tutela_record rec;
	enum tutela_err err = tutela_update_begin(s, &opts, &u);

	if (err)
		return err;
	for (uint32_t i = 0; i < n && !err; i++) {
		story_record(&l->story, list, i, generation, &rec);
		err = tutela_update_put(u, &rec);
	}
	if (!err)
		return tutela_update_commit(u, NULL);
	tutela_update_abort(u);
	return err;
}

static enum tutela_err on_record(void *ctx, const struct tutela_record *rec)
{
	*(uint64_t *)ctx += rec->n_fingerprints;
	return TUTELA_OK;
}

static bool on_audit(void *ctx, const char *json, size_t len)
{
	(void)json;
	*(uint64_t *)ctx += len;
	return true;
}

/* Entries, look-ups, the audit log. Entry 3 of the other list is there. */
static enum tutela_err read_all(struct library *l, struct tutela_store *s)
{
	struct tutela_query_hash asked;
	struct tutela_query query = {&asked, 1, -1};
	struct tutela_hits hits = {0};
	struct tutela_snapshot *snap;
	struct tutela_record rec;
	uint64_t seen = 0;
	enum tutela_err err = tutela_snapshot_open(s, &snap);

	if (err)
		return err;
	err = tutela_snapshot_entries(snap, STORY_LIST, on_record, &seen);
	story_record(&l->story, STORY_OTHER, 3, 0, &rec);
	for (size_t i = 0; i < rec.n_fingerprints && !err; i++) {
		asked = (struct tutela_query_hash){.hash = rec.fingerprints[i]};
		err = tutela_snapshot_lookup(snap, &query, 0, &hits);
		/* Undetermined is never "no match". */
		if (!err && !hits.n)
			die("a look-up that failed says that there is no match");
	}
	if (!err)
		err = tutela_snapshot_audit(snap, on_audit, &seen);
	tutela_hits_free(&hits);
	tutela_snapshot_close(snap);
	return err;
}

static void on_finding(void *ctx, const char *sentence)
{
	char *first = ctx;

	if (!*first)
		(void)snprintf(first, 256, "%s", sentence);
}

static enum tutela_err check(struct tutela_store *s, bool rebuild)
{
	char found[256] = "";
	struct tutela_check_opts opts = {.size = sizeof opts,
					 .queries = 5,
					 .rebuild = rebuild,
					 .threads = 1,
					 .finding = on_finding,
					 .ctx = found};
	struct tutela_check_result result;
	enum tutela_err err = tutela_store_check(s, &opts, &result);

	if (!err && result.findings)
		die("a check under a fault finds damage that is not there: %s", found);
	return err;
}

static enum tutela_err act(struct library *l, enum action action)
{
	struct tutela_store_opts opts = {.size = sizeof opts, .write = action != READ};
	struct tutela_store *s;
	char why[512];
	enum tutela_err err = tutela_store_open(l->store, &opts, &s, why, sizeof why);

	if (err)
		return err;
	if (action == IMPORT)
		err = import(l, s, STORY_LIST, l->story.scale, 1);
	else if (action == IMPORT_OTHER)
		err = import(l, s, STORY_OTHER, l->story.scale / 2 + 1, 0);
	else if (action == READ)
		err = read_all(l, s);
	else if (action == REMOVE)
		err = tutela_list_remove(s, STORY_OTHER);
	else
		err = check(s, true);
	if (!err && action == READ)
		err = check(s, false);
	tutela_store_close(s);
	return err;
}

/* ------------------------------------------------------------------ one attempt */

static void prepare(struct library *l)
{
	scratch_remove(l->store);
	folder_copy(l->base, l->store);
}

static void child(struct library *l, enum action action, enum fault_kind kind, long n, int lasting, int to)
{
	struct attempt a = {0};
	long before;

	(void)alarm(300);
	a.plain = act(l, action);
	prepare(l);
	before = l->live();
	l->arm(kind, n, lasting, l->store);
	a.err = act(l, action);
	a.hit = l->hit();
	l->arm(FAULT_NONE, 0, 0, NULL);
	a.leaked = l->live() - before;
	_exit(write(to, &a, sizeof a) != (ssize_t)sizeof a);
}

static bool right_error(enum fault_kind kind, enum tutela_err err)
{
	switch (kind) {
	case FAULT_MEMORY:
	case FAULT_MAP:
		return err == TUTELA_E_NOMEM;
	case FAULT_FULL:
		return err == TUTELA_E_DISKFULL;
	default:
		return err == TUTELA_E_SYS || err == TUTELA_E_DISKFULL;
	}
}

static const char *judge(struct library *l, enum action action, enum fault_kind kind, const struct attempt *a)
{
	unsigned step = actions[action].step, first = action == READ ? step : step - 1;
	static char why[512];
	struct sighting seen;

	if (a->plain)
		return "it fails without a fault";
	if (a->leaked) {
		(void)snprintf(why, sizeof why, "%ld blocks of memory are lost", a->leaked);
		return why;
	}
	if (a->err && !right_error(kind, a->err)) {
		(void)snprintf(why, sizeof why, "the error is %s", tutela_err_name(a->err));
		return why;
	}
	if (!witness(&l->story, l->store, a->err ? first : step, a->err ? first : step, &seen, why))
		return why;
	return NULL;
}

/* True when the fault was met. */
static bool attempt(struct library *l, enum action action, enum fault_kind kind, long n, int lasting)
{
	struct attempt a = {0};
	const char *why = NULL;
	int fds[2], status;
	ssize_t got;
	pid_t pid;

	prepare(l);
	(void)fflush(NULL);
	if (pipe(fds) || (pid = fork()) < 0)
		die("fork: %s", strerror(errno));
	if (!pid)
		child(l, action, kind, n, lasting, fds[1]);
	(void)close(fds[1]);
	got = read(fds[0], &a, sizeof a);
	(void)close(fds[0]);
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid: %s", strerror(errno));
	if (got != (ssize_t)sizeof a)
		why = WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "the process has ended";
	else if (a.hit || a.err)
		why = judge(l, action, kind, &a);
	if (why)
		die("seed %llu, %s, %s number %ld%s fails: %s (kept in %s)", (unsigned long long)l->story.seed,
		    actions[action].name, kind_names[kind], n, lasting ? " and all later ones" : "", why, l->folder);
	l->tried[kind] += !!a.hit;
	l->failed[kind] += a.err != TUTELA_OK;
	return a.hit;
}

static void every_call(struct library *l, enum action action)
{
	for (unsigned kind = FAULT_WRITE; kind < FAULT_KINDS; kind++)
		for (int lasting = 0; lasting < (l->every == 1 || kind == FAULT_MEMORY ? 2 : 1); lasting++)
			for (long n = 1 + (long)(kind % (l->every < 3 ? l->every : 3)); n < CALLS; n += l->every)
				if (!attempt(l, action, (enum fault_kind)kind, n, lasting))
					break;
}

static void go_on(struct library *l, unsigned step)
{
	struct command c;
	struct outcome o;

	if (step)
		story_command(&l->story, step, l->base, &c);
	else
		story_init(&l->story, l->base, &c);
	command_run(&c, NULL, &o);
	if (!command_exited(&o, 0))
		die("%s", command_text(&c, &o));
}

static void tell(const struct library *l)
{
	unsigned all = 0;

	printf("faults-library: %u uses of the store, seed %llu: an error with its name, no memory lost, the store as "
	       "before\n",
	       ACTIONS, (unsigned long long)l->story.seed);
	for (unsigned k = FAULT_WRITE; k < FAULT_KINDS; k++) {
		printf("  %-6s %5u faults, %5u of them an error\n", kind_names[k], l->tried[k], l->failed[k]);
		all += l->tried[k];
		if (!l->failed[k] && l->every == 1)
			die("no %s fault had a consequence: the test does not reach the library", kind_names[k]);
	}
	printf("faults-library: %u in all\n", all);
}

static void *symbol(const char *name)
{
	void *p = dlsym(RTLD_DEFAULT, name);

	if (!p)
		die("%s: the library of faults is not loaded", name);
	return p;
}

int main(int argc, char **argv)
{
	struct library l = {0};

	if (argc != 5) {
		(void)fputs("usage: faults-library TUTELA SHIM EVERY SEED\n", stderr);
		return 64;
	}
	if (!dlsym(RTLD_DEFAULT, "fault_arm")) {
		if (getenv("LD_PRELOAD") || setenv("LD_PRELOAD", argv[2], 1) || setenv("OMP_NUM_THREADS", "1", 1))
			die("'%s' cannot be loaded", argv[2]);
		(void)execv("/proc/self/exe", argv);
		die("/proc/self/exe: %s", strerror(errno));
	}
	l.arm = (fault_arm_fn *)symbol("fault_arm");
	l.hit = (fault_hit_fn *)symbol("fault_hit");
	l.live = (fault_live_fn *)symbol("fault_live");
	command_setup();
	scratch_make(l.folder);
	(void)snprintf(l.base, sizeof l.base, "%s/base", l.folder);
	(void)snprintf(l.store, sizeof l.store, "%s/store", l.folder);
	l.every = (unsigned)strtoul(argv[3], NULL, 10);
	l.every += !l.every;
	l.story = (struct story){
		.seed = strtoull(argv[4], NULL, 10), .scale = 120, .tutela = argv[1], .folder = l.folder};
	go_on(&l, 0);
	for (unsigned action = 0, step = 1; action < ACTIONS; action++) {
		for (; step < actions[action].step + (action == READ); step++)
			go_on(&l, step);
		every_call(&l, (enum action)action);
	}
	tell(&l);
	scratch_remove(l.folder);
	return 0;
}
