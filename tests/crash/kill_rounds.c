/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sudden death of the writer: kill-rounds TUTELA KILLS SEED [SCALE]
 *
 * A store goes through its story; each command of it, `init` among them, is
 * killed at a random moment, several times, before it may end. After each
 * death the store must open, hold the step before or after, whole, and
 * whatever the program said was done. Every so often a new store is begun.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <dirent.h>

#include "witness.h"

#define STEPS      18  /* of one store; then a new one */
#define DEATHS     5   /* of one command, before it may end */
#define OPEN_LIMIT 3.0 /* seconds: "at once", on a machine that does other things, too */

enum phase { STARTING, WRITING, TIDYING, ENDING, PHASES };

static const char *const phase_names[PHASES] = {"before it held the writer lock", "while it wrote, before the commit",
						"after the commit, while it cleaned up", "after it gave the lock back"};

struct rounds {
	struct story story;
	char folder[64], store[128];
	uint64_t random;
	double takes[STEPS + 1]; /* seconds that each step took when it was left alone; [0]: init */
	unsigned kills, wanted;
	unsigned by_phase[PHASES], by_kind[STEPS + 1], half_files, half_updates, said;
	double slowest_open;
	/* Of the command that was stopped. */
	bool locked, half_file;
};

static double random_unit(struct rounds *r)
{
	r->random = story_mix(r->random, 1);
	return (double)(r->random >> 11) / (double)(UINT64_C(1) << 53);
}

/* Is a writer at work, and is there an index file that has not got its name yet? */
static void on_stopped(void *ctx)
{
	struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct rounds *r = ctx;
	char path[160];
	struct dirent *d;
	DIR *dir;
	int fd;

	(void)snprintf(path, sizeof path, "%s/writer.lock", r->store);
	r->locked = r->half_file = false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		r->locked = !fcntl(fd, F_OFD_GETLK, &all) && all.l_type != F_UNLCK;
		(void)close(fd);
	}
	dir = opendir(r->store);
	while (dir && (d = readdir(dir)))
		r->half_file |= strstr(d->d_name, ".tmp") != NULL;
	if (dir)
		(void)closedir(dir);
}

static void count(struct rounds *r, unsigned step, bool done, bool said, const struct sighting *seen)
{
	r->kills++;
	r->by_kind[step]++;
	r->by_phase[r->locked ? done ? TIDYING : WRITING : done ? ENDING : STARTING]++;
	r->half_files += r->half_file;
	r->half_updates += seen->unfinished;
	r->said += said;
	if (seen->open_seconds > r->slowest_open)
		r->slowest_open = seen->open_seconds;
}

/* After a death or an end: what does the store hold? */
static unsigned look(struct rounds *r, unsigned first, unsigned last, const struct command *c, const struct outcome *o,
		     struct sighting *seen)
{
	char why[512];

	if (!witness(&r->story, r->store, first, last, seen, why))
		die("kill %u, seed %llu: after '%s' %s: %s (kept in %s)", r->kills + 1,
		    (unsigned long long)r->story.seed, command_text(c, o), o->killed ? "was killed" : "ended", why,
		    r->folder);
	if (seen->open_seconds > OPEN_LIMIT)
		die("kill %u: the store took %.2f s to open", r->kills + 1, seen->open_seconds);
	return seen->step;
}

/* A moment of what the step takes. Every other time of its second half: the first is spent on starting the program. */
static double moment(struct rounds *r, unsigned step)
{
	double at = random_unit(r);

	return 1e-4 + r->takes[step] * (random_unit(r) < 0.5 ? at : 0.5 + at / 2);
}

/* One death of a command; true when the step is done. */
static bool strike(struct rounds *r, unsigned step, const struct command *c)
{
	struct command_opts opts = {.kill_after = moment(r, step), .stopped = on_stopped, .ctx = r};
	struct sighting seen;
	struct outcome o;
	unsigned found;
	bool said;

	command_run(c, &opts, &o);
	said = o.out[0] || !o.killed;
	if (!o.killed && !command_exited(&o, 0))
		die("%s", command_text(c, &o));
	found = look(r, said ? step : step - 1, step, c, &o, &seen);
	if (o.killed)
		count(r, step, found == step, said, &seen);
	else
		r->takes[step] = o.seconds;
	return found == step;
}

/* Let it end, and measure it. */
static void let_end(struct rounds *r, unsigned step, const struct command *c)
{
	struct sighting seen;
	struct outcome o;

	command_run(c, NULL, &o);
	if (!command_exited(&o, 0))
		die("seed %llu: %s (kept in %s)", (unsigned long long)r->story.seed, command_text(c, &o), r->folder);
	if (step)
		(void)look(r, step, step, c, &o, &seen);
	r->takes[step] = r->takes[step] > 0 ? (r->takes[step] + o.seconds) / 2 : o.seconds;
}

static void one_step(struct rounds *r, unsigned step)
{
	struct command c;
	bool done = false;

	story_command(&r->story, step, r->store, &c);
	for (unsigned i = 0; i < DEATHS && !done && r->takes[step] > 0 && r->kills < r->wanted; i++)
		done = strike(r, step, &c);
	if (!done)
		let_end(r, step, &c);
}

static bool is_store(const struct rounds *r)
{
	char path[160];

	(void)snprintf(path, sizeof path, "%s/TUTELA", r->store);
	return !access(path, F_OK);
}

/* `init` dies, too: then there is a store or there is none, and a second one makes it. */
static void new_store(struct rounds *r)
{
	struct command_opts opts = {.stopped = on_stopped, .ctx = r};
	struct sighting seen = {0};
	struct command c;
	struct outcome o;

	scratch_remove(r->store);
	story_init(&r->story, r->store, &c);
	for (unsigned i = 0; i < DEATHS && r->takes[0] > 0 && r->kills < r->wanted && !is_store(r); i++) {
		opts.kill_after = moment(r, 0);
		command_run(&c, &opts, &o);
		if (!o.killed && !command_exited(&o, 0))
			die("%s", command_text(&c, &o));
		if (!is_store(r) && (o.out[0] || !o.killed))
			die("'init' says that it made a store, and there is none");
		if (is_store(r))
			(void)look(r, 0, 0, &c, &o, &seen);
		if (o.killed)
			count(r, 0, is_store(r), o.out[0], &seen);
	}
	if (!is_store(r))
		let_end(r, 0, &c);
}

static unsigned tell(const struct rounds *r)
{
	unsigned bad = 0;

	printf("kill-rounds: %u kills, seed %llu: none that was acknowledged is lost, no version is half visible\n",
	       r->kills, (unsigned long long)r->story.seed);
	for (unsigned p = 0; p < PHASES; p++)
		printf("  %5u %s\n", r->by_phase[p], phase_names[p]);
	printf("  %5u with an index file half made, %u with a part of an update committed, %u after it had said so\n",
	       r->half_files, r->half_updates, r->said);
	printf("  %5u of init", r->by_kind[0]);
	for (unsigned kind = 1; kind <= STEPS / 2; kind++)
		printf(", %u of %s", r->by_kind[kind] + r->by_kind[kind + STEPS / 2], story_kind(kind));
	printf("\n  slowest opening after a death: %.1f ms\n", r->slowest_open * 1e3);
	/* A test that never met what it is about has shown nothing. */
	if (!r->by_phase[WRITING])
		bad += (unsigned)fprintf(stderr, "FAIL: no kill landed while the program wrote\n");
	if (r->wanted >= 500 && (!r->by_phase[TIDYING] || !r->half_files || !r->by_kind[0]))
		bad += (unsigned)fprintf(stderr, "FAIL: no kill landed in the clean-up, in an index file or in init\n");
	return bad;
}

int main(int argc, char **argv)
{
	struct rounds r = {0};
	unsigned bad;

	if (argc < 4) {
		(void)fputs("usage: kill-rounds TUTELA KILLS SEED [SCALE]\n", stderr);
		return 64;
	}
	command_setup();
	scratch_make(r.folder);
	(void)snprintf(r.store, sizeof r.store, "%s/store", r.folder);
	r.wanted = (unsigned)strtoul(argv[2], NULL, 10);
	r.random = strtoull(argv[3], NULL, 10);
	r.story = (struct story){.seed = r.random,
				 .scale = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 400,
				 .tutela = argv[1],
				 .folder = r.folder};
	for (unsigned life = 0; r.kills < r.wanted; life++) {
		if (life > r.wanted + 10)
			die("%u stores and only %u kills: the commands end before they are struck", life, r.kills);
		new_store(&r);
		for (unsigned step = 1; step <= STEPS && r.kills < r.wanted; step++)
			one_step(&r, step);
	}
	bad = tell(&r);
	scratch_remove(r.folder);
	return bad ? 1 : 0;
}
