/* SPDX-License-Identifier: Apache-2.0 */
#include "witness.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tutela/store.h>

#define LIMIT   300 /* seconds */
#define ASKED   250 /* entries whose fingerprints are looked up, about */
#define QUERIES 20  /* of the library's own check */

/* What the child tells: a sighting, or why not. */
struct report {
	struct sighting sighting;
	char why[512];
};

struct look {
	const struct story *story;
	struct tutela_snapshot *snap;
	struct story_state state;
	size_t seen; /* entries of the list that is being read */
	struct report *report;
};

static bool no(struct report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool no(struct report *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (!r->why[0])
		(void)vsnprintf(r->why, sizeof r->why, format, args);
	va_end(args);
	return false;
}

/* ------------------------------------------------------------------ entries */

static bool same_record(const struct tutela_record *a, const struct tutela_record *b)
{
	if (a->n_fingerprints != b->n_fingerprints)
		return false;
	/* The store sorts them by algorithm, and so does the story. */
	for (size_t i = 0; i < a->n_fingerprints; i++)
		if (a->fingerprints[i].algorithm != b->fingerprints[i].algorithm ||
		    memcmp(a->fingerprints[i].bytes, b->fingerprints[i].bytes, a->fingerprints[i].len))
			return false;
	return true;
}

/* The number at the end of "main-17", or -1. */
static long number_of(const char *list, struct tutela_text id)
{
	char text[64];
	size_t n = strlen(list);

	if (id.len >= sizeof text || id.len < n + 2 || memcmp(id.s, list, n) != 0 || id.s[n] != '-')
		return -1;
	(void)snprintf(text, sizeof text, "%.*s", (int)(id.len - n - 1), id.s + n + 1);
	return strtol(text, NULL, 10);
}

static enum tutela_err check_entry(struct look *l, const char *list, const struct tutela_record *rec)
{
	bool other = !strcmp(list, STORY_OTHER);
	size_t n = other ? l->state.n_other : l->state.n;
	long number = number_of(list, rec->id);
	struct story_entry e = {0};
	struct tutela_record wanted;

	l->seen++;
	if (number < 0 || (size_t)number >= n) {
		(void)no(l->report, "list '%s' holds '%.*s', which is not of this version", list, (int)rec->id.len,
			 rec->id.s);
		return TUTELA_E_INTERRUPTED;
	}
	if (!other)
		e = l->state.entries[number];
	story_record(l->story, list, (uint32_t)number, e.generation, &wanted);
	if (same_record(rec, &wanted) && rec->status == story_status(&e))
		return TUTELA_OK;
	(void)no(l->report, "entry '%.*s' of list '%s' is %s and not as this version has it", (int)rec->id.len,
		 rec->id.s, list, tutela_status_name(rec->status));
	return TUTELA_E_INTERRUPTED;
}

static enum tutela_err on_main(void *ctx, const struct tutela_record *rec)
{
	return check_entry(ctx, STORY_LIST, rec);
}

static enum tutela_err on_other(void *ctx, const struct tutela_record *rec)
{
	return check_entry(ctx, STORY_OTHER, rec);
}

static bool check_list(struct look *l, const char *list, size_t n)
{
	enum tutela_err err;

	l->seen = 0;
	err = tutela_snapshot_entries(l->snap, list, strcmp(list, STORY_OTHER) ? on_main : on_other, l);
	if (err && err != TUTELA_E_INTERRUPTED)
		return no(l->report, "the entries of '%s' cannot be read: %s", list, tutela_strerror(err));
	if (!err && l->seen != n)
		return no(l->report, "list '%s' holds %zu entries, not %zu", list, l->seen, n);
	return !err;
}

/* ------------------------------------------------------------------ look-ups */

static bool look_up(struct look *l, const char *list, uint32_t number, uint32_t generation, bool wanted)
{
	struct tutela_query_hash asked[TUTELA_FINGERPRINTS_MAX];
	struct tutela_hits hits = {0};
	struct tutela_record rec;
	bool right = true;

	story_record(l->story, list, number, generation, &rec);
	for (size_t i = 0; i < rec.n_fingerprints && right; i++) {
		struct tutela_query query = {asked, 1, -1};
		enum tutela_err err;
		bool found = false;

		asked[0] = (struct tutela_query_hash){.hash = rec.fingerprints[i]};
		err = tutela_snapshot_lookup(l->snap, &query, 0, &hits);
		for (size_t k = 0; k < hits.n && !err; k++)
			found |= !hits.items[k].distance && !strcmp(hits.items[k].list, list) &&
				 hits.items[k].entry.len == rec.id.len &&
				 !memcmp(hits.items[k].entry.s, rec.id.s, rec.id.len);
		if (err)
			right = no(l->report, "a look-up failed: %s", tutela_strerror(err));
		else if (found != wanted)
			right = no(l->report, "entry '%.*s' is %s by its %s of step %u", (int)rec.id.len, rec.id.s,
				   found ? "found" : "not found",
				   tutela_algorithm_get(rec.fingerprints[i].algorithm)->name, generation);
	}
	tutela_hits_free(&hits);
	return right;
}

static bool look_all_up(struct look *l, unsigned last)
{
	size_t stride = l->state.n / ASKED + 1;

	for (size_t i = 0; i < l->state.n; i++) {
		const struct story_entry *e = &l->state.entries[i];

		/* What the last steps wrote is what a crash can hurt: of that, more. */
		if (i % stride && (e->generation < last || i % (stride / 4 + 1)))
			continue;
		if (!look_up(l, STORY_LIST, (uint32_t)i, e->generation, story_status(e) == TUTELA_ACTIVE))
			return false;
		for (uint32_t g = 0; g <= last; g++)
			if (g != e->generation && (i / stride + g) % 4 == 0 &&
			    !look_up(l, STORY_LIST, (uint32_t)i, g, false))
				return false;
	}
	for (size_t i = 0; i < 16; i++)
		if (!look_up(l, STORY_OTHER, (uint32_t)i, 0, i < l->state.n_other))
			return false;
	return true;
}

/* ------------------------------------------------------------------ the whole store */

struct found {
	uint64_t version;
	bool other;
	size_t n;
};

static bool on_list(void *ctx, const struct tutela_list *list)
{
	struct found *f = ctx;

	f->n++;
	if (!strcmp(list->name, STORY_LIST))
		f->version = list->version;
	f->other |= !strcmp(list->name, STORY_OTHER);
	return true;
}

/* Which of the steps is it? Of several that look the same, the last. */
static bool recognise(struct look *l, unsigned first, unsigned last)
{
	struct found f = {0};

	if (tutela_snapshot_lists(l->snap, on_list, &f))
		return no(l->report, "the lists cannot be read");
	for (unsigned step = last + 1; step-- > first;) {
		story_at(l->story, step, &l->state);
		if (l->state.version == f.version && !!l->state.n_other == f.other &&
		    f.n == (size_t) !!l->state.version + f.other) {
			l->report->sighting.step = step;
			return true;
		}
		story_free(&l->state);
	}
	return no(l->report, "%zu lists, version %llu of '%s': that is none of the steps %u to %u", f.n,
		  (unsigned long long)f.version, STORY_LIST, first, last);
}

static void on_finding(void *ctx, const char *sentence)
{
	(void)no(ctx, "check: %s", sentence);
}

static bool library_check(struct tutela_store *store, struct report *r)
{
	struct tutela_check_opts opts = {
		.size = sizeof opts, .queries = QUERIES, .threads = 1, .finding = on_finding, .ctx = r};
	struct tutela_check_result result;
	enum tutela_err err = tutela_store_check(store, &opts, &result);

	return err               ? no(r, "check: %s", tutela_strerror(err))
	       : result.findings ? no(r, "check: %llu findings", (unsigned long long)result.findings)
				 : true;
}

static void look(const struct story *s, const char *path, unsigned first, unsigned last, struct report *r)
{
	struct look l = {.story = s, .report = r};
	struct tutela_store_info info;
	struct tutela_store *store;
	double start = seconds_now();
	char why[400];

	if (tutela_store_open(path, NULL, &store, why, sizeof why)) {
		(void)no(r, "the store does not open: %s", why);
		return;
	}
	if (tutela_snapshot_open(store, &l.snap)) {
		(void)no(r, "no snapshot: %s", tutela_store_errmsg(store));
		return;
	}
	r->sighting.open_seconds = seconds_now() - start;
	if (tutela_snapshot_info(l.snap, &info))
		(void)no(r, "no info: %s", tutela_store_errmsg(store));
	r->sighting.unfinished = info.unfinished;
	if (recognise(&l, first, last) && (!l.state.version || check_list(&l, STORY_LIST, l.state.n)) &&
	    (!l.state.n_other || check_list(&l, STORY_OTHER, l.state.n_other)) && look_all_up(&l, r->sighting.step))
		(void)library_check(store, r);
	tutela_snapshot_close(l.snap);
	tutela_store_close(store);
}

static void child(const struct story *s, const char *path, unsigned first, unsigned last, int to)
{
	struct report r = {0};
	struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)alarm(LIMIT);
	look(s, path, first, last, &r);
	_exit(write(to, &r, sizeof r) != (ssize_t)sizeof r);
}

bool witness(const struct story *s, const char *store, unsigned first, unsigned last, struct sighting *out,
	     char why[512])
{
	struct report r = {0};
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	memset(out, 0, sizeof *out);
	why[0] = '\0';
	(void)fflush(NULL);
	if (pipe(fds) || (pid = fork()) < 0)
		die("a process to look at the store: %s", strerror(errno));
	if (!pid)
		child(s, store, first, last, fds[1]);
	(void)close(fds[1]);
	n = read(fds[0], &r, sizeof r);
	(void)close(fds[0]);
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid: %s", strerror(errno));
	if (WIFSIGNALED(status))
		(void)snprintf(why, 512, "looking at the store ended with signal %d", WTERMSIG(status));
	else if (n != (ssize_t)sizeof r || status)
		(void)snprintf(why, 512, "looking at the store ended with status %d", WEXITSTATUS(status));
	else
		memcpy(why, r.why, sizeof r.why);
	*out = r.sighting;
	return !why[0];
}
