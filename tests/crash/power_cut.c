/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power fails: power-cut TUTELA RECORDER IMAGES SEED [CUT SURVIVAL ROUND]
 *
 * The commands of a story are run once and every call that changes a file is
 * recorded. Then the disk is made as it may be when the power fails at some
 * point of that history, again and again: what was synced is there, of the
 * rest nothing, all, or a random part. In each image the store must open, hold
 * a step that is not older than what had been acknowledged, and take the next
 * command. With CUT, SURVIVAL and
 * ROUND: this one image.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk_image.h"
#include "witness.h"

#define STEPS     11            /* of the story that is recorded */
#define DEEP      "new/folders" /* init makes these, too */
#define LOCK_FILE "lock.mdb"    /* of LMDB: no state in it; made anew by the first who opens the store */
#define NOT_YET   (-1L)         /* init has not been acknowledged, or not begun */

static const char *const survival_names[SURVIVALS] = {"nothing", "all", "journal", "any"};

struct powercut {
	struct story story;
	struct history history;
	const char *recorder;
	char folder[64], disk[96], image[96], store[160], trace[96];
	unsigned images, by_survival[SURVIVALS], without_store, newer, unfinished;
	double slowest_open;
};

/* ------------------------------------------------------------------ recording */

static void mark(const struct powercut *p, enum trace_kind kind, unsigned step)
{
	struct trace_head h = {.kind = kind, .len = step};
	int fd = open(p->trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, &h, sizeof h) != (ssize_t)sizeof h || close(fd))
		die("'%s': %s", p->trace, strerror(errno));
}

static void record_step(struct powercut *p, unsigned step)
{
	char preload[600], trace[160], root[160];
	const char *env[] = {preload, trace, root, "OMP_NUM_THREADS=1", NULL};
	struct command_opts opts = {.env = env};
	struct command c;
	struct outcome o;

	(void)snprintf(preload, sizeof preload, "LD_PRELOAD=%s", p->recorder);
	(void)snprintf(trace, sizeof trace, TRACE_FILE "=%s", p->trace);
	(void)snprintf(root, sizeof root, TRACE_ROOT "=%s", p->disk);
	if (step)
		story_command(&p->story, step, p->store, &c);
	else
		story_init(&p->story, p->store, &c);
	mark(p, TRACE_BEGIN, step);
	command_run(&c, &opts, &o);
	if (!command_exited(&o, 0))
		die("%s", command_text(&c, &o));
	mark(p, TRACE_END, step);
}

static void store_path(struct powercut *p, const char *disk)
{
	(void)snprintf(p->store, sizeof p->store, "%s/" DEEP "/store", disk);
}

/* All that was recorded, put together, must be what is there: or the recorder misses calls. */
static void check_recorder(struct powercut *p)
{
	char text[512];

	history_image(&p->history, p->history.n, SURVIVE_ALL, 0, p->image);
	(void)snprintf(text, sizeof text, "diff -r -x " LOCK_FILE " '%s' '%s' >&2", p->disk, p->image);
	if (system(text))
		die("what was recorded does not make what is there");
	for (unsigned i = 0; i < p->history.n; i++)
		if (p->history.events[i].head.kind == TRACE_MAPPED)
			for (unsigned k = 0; k < i; k++)
				if (p->history.events[k].head.kind == TRACE_MAKE &&
				    p->history.events[k].node == p->history.events[i].node &&
				    strcmp(p->history.events[k].name, LOCK_FILE) != 0)
					die("'%s' is written through a map, which cannot be recorded",
					    p->history.events[k].name);
	scratch_remove(p->image);
}

/* ------------------------------------------------------------------ one image */

/* What had begun and what had been acknowledged before a cut. */
static void span(const struct history *h, unsigned cut, long *first, long *last)
{
	*first = *last = NOT_YET;
	for (unsigned i = 0; i < cut; i++) {
		if (h->events[i].head.kind == TRACE_BEGIN)
			*last = (long)h->events[i].head.len;
		else if (h->events[i].head.kind == TRACE_END)
			*first = (long)h->events[i].head.len;
	}
}

/* Whatever it held: it is gone, empty, zeros, or of the wrong length. */
static void spoil_lock_file(const struct powercut *p, uint64_t seed)
{
	static const off_t lengths[] = {0, 512, 8192, 65536};
	char path[200];
	int fd;

	(void)snprintf(path, sizeof path, "%s/" LOCK_FILE, p->store);
	if (access(path, F_OK) || seed % 6 == 5)
		return;
	(void)unlink(path);
	if (seed % 6 == 4)
		return;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, lengths[seed % 6]) || close(fd))
		die("'%s': %s", path, strerror(errno));
}

static bool is_store(const struct powercut *p)
{
	char path[200];

	(void)snprintf(path, sizeof path, "%s/TUTELA", p->store);
	return !access(path, F_OK);
}

static const char *run_step(struct powercut *p, unsigned step)
{
	struct command c;
	struct outcome o;

	if (step)
		story_command(&p->story, step, p->store, &c);
	else
		story_init(&p->story, p->store, &c);
	command_run(&c, NULL, &o);
	return command_exited(&o, 0) ? NULL : command_text(&c, &o);
}

/* What is wrong with the store of the image, or NULL. */
static const char *judge(struct powercut *p, long first, long last)
{
	static char why[512];
	struct sighting seen = {0};
	const char *bad;

	if (!is_store(p)) {
		if (first != NOT_YET)
			return "the store is gone";
		p->without_store++;
		bad = run_step(p, 0);
		return bad ? bad : witness(&p->story, p->store, 0, 0, &seen, why) ? NULL : why;
	}
	if (last == NOT_YET)
		return "there is a store before anyone made one";
	if (!witness(&p->story, p->store, first == NOT_YET ? 0 : (unsigned)first, (unsigned)last, &seen, why))
		return why;
	p->newer += (long)seen.step > first;
	p->unfinished += seen.unfinished;
	if (seen.open_seconds > p->slowest_open)
		p->slowest_open = seen.open_seconds;
	/* The next command finds what the dead one left. */
	bad = run_step(p, seen.step + 1);
	return bad ? bad : witness(&p->story, p->store, seen.step + 1, seen.step + 1, &seen, why) ? NULL : why;
}

static void one_image(struct powercut *p, unsigned cut, enum survival survival, unsigned round)
{
	uint64_t seed = story_mix(story_mix(p->story.seed, cut), round * SURVIVALS + survival);
	const char *bad;
	long first, last;

	span(&p->history, cut, &first, &last);
	scratch_remove(p->image);
	history_image(&p->history, cut, survival, seed, p->image);
	spoil_lock_file(p, seed);
	bad = judge(p, first, last);
	if (bad)
		die("seed %llu, the power fails after %u of %u calls, of what was not synced %s is kept; steps %ld to "
		    "%ld: %s (kept in %s; again: ... %llu %u %u %u)",
		    (unsigned long long)p->story.seed, cut, p->history.n, survival_names[survival], first, last, bad,
		    p->folder, (unsigned long long)p->story.seed, cut, (unsigned)survival, round);
	p->images++;
	p->by_survival[survival]++;
}

/* A sample of all cuts with all kinds of survival; or all of them, and the random ones again with other dice. */
static void all_images(struct powercut *p, unsigned wanted)
{
	unsigned cuts = p->history.n + 1, all = cuts * SURVIVALS;

	for (unsigned i = 0; i < wanted && wanted < all; i++) {
		unsigned from = (unsigned)((uint64_t)all * i / wanted),
			 to = (unsigned)((uint64_t)all * (i + 1) / wanted);
		unsigned k = from + (unsigned)(story_mix(p->story.seed, i) % (to - from));

		one_image(p, k / SURVIVALS, (enum survival)(k % SURVIVALS), 0);
	}
	for (unsigned round = 0; p->images < wanted; round++)
		for (unsigned cut = 0; cut < cuts && (!round || p->images < wanted); cut++)
			for (unsigned s = round ? SURVIVE_JOURNAL : SURVIVE_NOTHING; s < SURVIVALS; s++)
				one_image(p, cut, (enum survival)s, round);
}

static void tell(const struct powercut *p)
{
	printf("power-cut: %u images of %u recorded calls, seed %llu: each opens at an acknowledged step or the next, "
	       "and goes on\n",
	       p->images, p->history.n, (unsigned long long)p->story.seed);
	printf("  of what was not synced: nothing kept in %u, all in %u, a journal's part in %u, any part in %u\n",
	       p->by_survival[SURVIVE_NOTHING], p->by_survival[SURVIVE_ALL], p->by_survival[SURVIVE_JOURNAL],
	       p->by_survival[SURVIVE_ANY]);
	printf("  %u held more than was acknowledged, %u a part of an update, %u no store yet; slowest opening %.1f "
	       "ms\n",
	       p->newer, p->unfinished, p->without_store, p->slowest_open * 1e3);
}

int main(int argc, char **argv)
{
	struct powercut p = {0};

	if (argc != 5 && argc != 8) {
		(void)fputs("usage: power-cut TUTELA RECORDER IMAGES SEED [CUT SURVIVAL ROUND]\n", stderr);
		return 64;
	}
	command_setup();
	scratch_make(p.folder);
	p.recorder = argv[2];
	p.story = (struct story){
		.seed = strtoull(argv[4], NULL, 10), .scale = 150, .tutela = argv[1], .folder = p.folder};
	(void)snprintf(p.disk, sizeof p.disk, "%s/disk", p.folder);
	(void)snprintf(p.image, sizeof p.image, "%s/image", p.folder);
	(void)snprintf(p.trace, sizeof p.trace, "%s/trace", p.folder);
	store_path(&p, p.disk);
	if (mkdir(p.disk, 0700))
		die("'%s': %s", p.disk, strerror(errno));
	for (unsigned step = 0; step <= STEPS; step++)
		record_step(&p, step);
	history_read(p.trace, p.disk, &p.history);
	check_recorder(&p);
	store_path(&p, p.image);
	if (argc == 8)
		one_image(&p, (unsigned)strtoul(argv[5], NULL, 10),
			  (enum survival)(strtoul(argv[6], NULL, 10) % SURVIVALS),
			  (unsigned)strtoul(argv[7], NULL, 10));
	else
		all_images(&p, (unsigned)strtoul(argv[3], NULL, 10));
	tell(&p);
	history_free(&p.history);
	scratch_remove(p.folder);
	return 0;
}
