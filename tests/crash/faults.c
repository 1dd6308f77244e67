/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The n-th call of the system fails, for every n: faults TUTELA SHIM EVERY SEED
 *
 * Each command of a short story is run again and again from the same store,
 * its first write, second write, ... failing, until it ends without having met
 * the fault; and so for syncs, mappings, memory and the rest (fault.h). It may
 * do its work all the same, or end with status 2 and a sentence; then the
 * store is as it was, and the same command does the work once the fault is
 * gone. EVERY: try every so many n only.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "witness.h"

#define STEPS   9
#define READ_AT 5     /* the step after which commands that read are tried */
#define CALLS   20000 /* of one kind, that a command makes at most */

static const char *const kind_names[FAULT_KINDS] = FAULT_NAMES;

struct faults {
	struct story story;
	const char *shim;
	unsigned every;
	char folder[64], base[96], store[96], met[96];
	/* Of one kind. */
	unsigned tried, failed, absorbed, unsaid;
	unsigned total;
};

static void fail(const struct faults *f, const struct command *c, const struct outcome *o, enum fault_kind kind, long n,
		 bool lasting, const char *why)
{
	die("seed %llu, %s number %ld%s fails: %s: %s (kept in %s)", (unsigned long long)f->story.seed,
	    kind_names[kind], n, lasting ? " and all later ones" : "", why, command_text(c, o), f->folder);
}

/* A sample begins near the first call: of some kinds a command makes few. */
static long first_call(const struct faults *f, unsigned salt)
{
	return 1 + (long)(story_mix(f->story.seed, salt) % (f->every < 3 ? f->every : 3));
}

/* The command with the fault; true when it met it. */
static bool run_with(struct faults *f, const struct command *c, enum fault_kind kind, long n, bool lasting,
		     struct outcome *o)
{
	char preload[600], name[64], at[64], root[160], report[160];
	const char *env[] = {preload,
			     name,
			     at,
			     root,
			     report,
			     "OMP_NUM_THREADS=1",
			     lasting ? "TUTELA_FAULT_LASTING=1" : "TUTELA_FAULT_LASTING=0",
			     NULL};
	struct command_opts opts = {.env = env};

	(void)snprintf(preload, sizeof preload, "LD_PRELOAD=%s", f->shim);
	(void)snprintf(name, sizeof name, "TUTELA_FAULT_KIND=%s", kind_names[kind]);
	(void)snprintf(at, sizeof at, "TUTELA_FAULT_AT=%ld", n);
	(void)snprintf(root, sizeof root, "TUTELA_FAULT_ROOT=%s", f->store);
	(void)snprintf(report, sizeof report, "TUTELA_FAULT_REPORT=%s", f->met);
	(void)unlink(f->met);
	command_run(c, &opts, o);
	return !access(f->met, F_OK);
}

/* Status 2 with a sentence of its own, that names what happened. */
static const char *bad_end(const struct outcome *o, enum fault_kind kind)
{
	size_t len = strlen(o->err);

	if (!command_exited(o, 2))
		return "it does not end with status 0 or 2";
	if (!len || o->err[len - 1] != '\n' || !strstr(o->err, "tutela: "))
		return "it ends without a sentence";
	if (kind == FAULT_FULL && !strstr(o->err, "disk full"))
		return "the sentence does not say 'disk full'";
	return NULL;
}

/* ------------------------------------------------------------------ commands that write */

static bool is_store(const struct faults *f)
{
	char path[128];

	(void)snprintf(path, sizeof path, "%s/TUTELA", f->store);
	return !access(path, F_OK);
}

/* Without the fault the command does what it did not do. */
static const char *try_again(struct faults *f, unsigned step, const struct command *c, struct outcome *o, bool done)
{
	static char why[512];
	struct sighting seen;

	command_run(c, NULL, o);
	/* What has no second time: a list that is gone, a store that is there. */
	if (!command_exited(o, 0) && !(done && command_exited(o, 2)))
		return "without the fault it does not work either";
	return witness(&f->story, f->store, step, step, &seen, why) ? NULL : why;
}

/* After a command met a fault: what is wrong, or NULL. */
static const char *judge(struct faults *f, unsigned step, const struct command *c, struct outcome *o,
			 enum fault_kind kind)
{
	static char why[512];
	struct sighting seen = {0};
	bool ok = command_exited(o, 0), done;
	const char *bad = ok ? NULL : bad_end(o, kind);

	if (bad)
		return bad;
	/* Short of memory, the work may be done and only its report be missing. */
	if ((step || is_store(f)) && !witness(&f->story, f->store, ok || !step ? step : step - 1,
					      ok || kind == FAULT_MEMORY || !step ? step : step - 1, &seen, why))
		return why;
	done = step ? seen.step == step : is_store(f);
	if (ok && !done)
		return "it says that it is done, and it is not";
	f->absorbed += ok;
	f->failed += !ok;
	f->unsaid += !ok && done;
	return ok ? NULL : try_again(f, step, c, o, done);
}

static void prepare(struct faults *f, bool fresh)
{
	scratch_remove(f->store);
	if (!fresh)
		folder_copy(f->base, f->store);
}

static void every_call(struct faults *f, unsigned step, enum fault_kind kind, bool lasting)
{
	struct command c;
	struct outcome o;
	const char *why;
	long n = first_call(f, step * FAULT_KINDS + kind);

	if (step)
		story_command(&f->story, step, f->store, &c);
	else
		story_init(&f->story, f->store, &c);
	for (; n < CALLS; n += f->every) {
		prepare(f, !step);
		if (!run_with(f, &c, kind, n, lasting, &o))
			break;
		f->tried++;
		why = judge(f, step, &c, &o, kind);
		if (why)
			fail(f, &c, &o, kind, n, lasting, why);
	}
	if (!command_exited(&o, 0))
		fail(f, &c, &o, kind, n, lasting, "it met no fault and fails");
}

/* ------------------------------------------------------------------ commands that read */

enum reader { FOUND, NOT_FOUND, EXPORT, STATUS, LISTS, CHECK, READERS };

static void reader_command(const struct faults *f, enum reader which, struct command *c)
{
	static const char *const words[READERS][4] = {{"lookup", "--md5"},
						      {"lookup", "--md5"},
						      {"export", "--list", STORY_LIST},
						      {"status"},
						      {"list"},
						      {"check"}};
	struct tutela_record rec;

	c->n = 0;
	command_add(c, "%s", f->story.tutela);
	command_add(c, "-d");
	command_add(c, "%s", f->store);
	for (unsigned i = 0; words[which][i]; i++)
		command_add(c, "%s", words[which][i]);
	if (which > NOT_FOUND)
		return;
	/* The other list is there whole after step 2; that entry never was. */
	story_record(&f->story, STORY_OTHER, which == FOUND ? 3 : 1000000, 0, &rec);
	command_add(c, "%s", "");
	for (unsigned i = 0; i < rec.fingerprints[0].len; i++)
		(void)snprintf(c->words[c->n - 1] + 2 * i, 3, "%02x", rec.fingerprints[0].bytes[i]);
}

/* What is read under a fault is the same as without, or status 2 and a sentence: never another answer. */
static void every_reader(struct faults *f, enum fault_kind kind, bool lasting)
{
	for (unsigned which = 0; which < READERS; which++) {
		struct outcome plain, o;
		struct command c;

		prepare(f, false);
		reader_command(f, (enum reader)which, &c);
		command_run(&c, NULL, &plain);
		if (!command_exited(&plain, which == FOUND))
			die("%s", command_text(&c, &plain));
		for (long n = first_call(f, which * FAULT_KINDS + kind); n < CALLS; n += f->every) {
			const char *why = NULL;

			if (!run_with(f, &c, kind, n, lasting, &o))
				break;
			f->tried++;
			if (o.status == plain.status && !strcmp(o.out, plain.out)) {
				f->absorbed++;
				continue;
			}
			f->failed++;
			/* A look-up says "undetermined" and why in its answer. */
			if (!command_exited(&o, 2) || !strstr(o.out, "undetermined"))
				why = bad_end(&o, kind);
			if (why)
				fail(f, &c, &o, kind, n, lasting, why);
		}
	}
}

static void go_on(struct faults *f, unsigned step)
{
	struct command c;
	struct outcome o;

	if (step)
		story_command(&f->story, step, f->base, &c);
	else
		story_init(&f->story, f->base, &c);
	command_run(&c, NULL, &o);
	if (!command_exited(&o, 0))
		die("%s", command_text(&c, &o));
}

/* Faults that stay are tried, too; in a sample those of memory only. */
static bool lasts(const struct faults *f, enum fault_kind kind)
{
	return kind == FAULT_MEMORY || (f->every == 1 && kind != FAULT_FULL && kind != FAULT_SHORT);
}

static void kind_of_fault(struct faults *f, enum fault_kind kind)
{
	f->tried = f->failed = f->absorbed = f->unsaid = 0;
	scratch_remove(f->base);
	for (unsigned step = 0; step <= STEPS; step++) {
		every_call(f, step, kind, false);
		if (lasts(f, kind))
			every_call(f, step, kind, true);
		go_on(f, step);
		if (step != READ_AT)
			continue;
		every_reader(f, kind, false);
		if (lasts(f, kind))
			every_reader(f, kind, true);
	}
	printf("  %-6s %5u faults: %5u ended with status 2 and a sentence, %u did the work all the same\n",
	       kind_names[kind], f->tried, f->failed, f->absorbed);
	if (f->unsaid)
		printf("         of the first %u had done the work and could not say so\n", f->unsaid);
	if (!f->failed && f->every == 1)
		die("no %s fault had a consequence: the test does not reach the program", kind_names[kind]);
	f->total += f->tried;
}

int main(int argc, char **argv)
{
	struct faults f = {0};

	if (argc != 5) {
		(void)fputs("usage: faults TUTELA SHIM EVERY SEED\n", stderr);
		return 64;
	}
	command_setup();
	scratch_make(f.folder);
	(void)snprintf(f.base, sizeof f.base, "%s/base", f.folder);
	(void)snprintf(f.store, sizeof f.store, "%s/store", f.folder);
	(void)snprintf(f.met, sizeof f.met, "%s/met", f.folder);
	f.shim = argv[2];
	f.every = (unsigned)strtoul(argv[3], NULL, 10);
	f.every += !f.every;
	f.story = (struct story){
		.seed = strtoull(argv[4], NULL, 10), .scale = 120, .tutela = argv[1], .folder = f.folder};
	printf("faults: init and %u commands, one call failing or all from it on (n in steps of %u), seed "
	       "%llu\n",
	       STEPS, f.every, (unsigned long long)f.story.seed);
	for (unsigned kind = FAULT_WRITE; kind < FAULT_KINDS; kind++)
		kind_of_fault(&f, (enum fault_kind)kind);
	printf("faults: %u in all; the store was as before or as wanted after each\n", f.total);
	scratch_remove(f.folder);
	return 0;
}
