/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "interrupt.h"
#include "memory.h"
#include "message.h"
#include "printable.h"

struct progress_private {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop, terminal;
	struct timespec began;
};

static double seconds_since(const struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - t->tv_sec) + (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

/* "1,234 of 5,678 files, 1.2 GB, 310 files/s, 4 min 10 s left, 3 hits, 2 undetermined" */
static void compose(struct progress *p, char *line, size_t len)
{
	double seconds = seconds_since(&p->private->began);
	uint64_t done = atomic_load(&p->done), total = atomic_load(&p->total), bytes = atomic_load(&p->bytes);
	double rate = seconds > 0 ? (double)done / seconds : 0;
	const char *stage = atomic_load(&p->stage);
	char a[32], b[32];
	FILE *f = fmemopen(line, len, "w");

	line[0] = '\0';
	if (!f)
		return;
	if (stage)
		fprintf(f, "%s: ", stage);
	fputs(printable_count(done, a), f);
	if (total)
		fprintf(f, " of %s", printable_count(total, b));
	fprintf(f, " %s", p->unit);
	if (bytes)
		fprintf(f, ", %s", printable_size(bytes, a));
	fprintf(f, rate < 10 ? ", %.1f %s/s" : ", %.0f %s/s", rate, p->unit);
	if (total > done && rate > 0 && seconds > 1)
		fprintf(f, ", %s left", printable_duration((double)(total - done) / rate, a));
	if (p->with_hits)
		fprintf(f, ", %s hits, %s undetermined", printable_count(atomic_load(&p->hits), a),
			printable_count(atomic_load(&p->undetermined), b));
	fclose(f);
	line[len - 1] = '\0';
}

static void show(struct progress *p)
{
	char line[256];
	struct winsize size;

	compose(p, line, sizeof(line));
	if (!p->private->terminal) {
		message_hold();
		fprintf(stderr, "%s\n", line);
		message_release();
		return;
	}
	/* A line that wraps could not be erased. All of it is ASCII. */
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 && size.ws_col < sizeof(line))
		line[size.ws_col - 1] = '\0';
	message_live(line);
}

static void *run(void *arg)
{
	struct progress *p = arg;
	struct progress_private *own = p->private;
	long step_ns = own->terminal ? 200000000L : 0, step_s = own->terminal ? 0 : 5;
	struct timespec until;

	pthread_mutex_lock(&own->lock);
	while (!own->stop) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += step_s + (until.tv_nsec + step_ns) / 1000000000L;
		until.tv_nsec = (until.tv_nsec + step_ns) % 1000000000L;
		if (pthread_cond_timedwait(&own->wake, &own->lock, &until) == ETIMEDOUT && !own->stop)
			show(p);
	}
	pthread_mutex_unlock(&own->lock);
	return NULL;
}

void progress_start(struct progress *p, bool show_it)
{
	struct progress_private *own;
	pthread_condattr_t attr;

	p->private = NULL;
	if (!show_it)
		return;
	own = memory_array(1, sizeof(*own));
	own->terminal = isatty(STDERR_FILENO);
	clock_gettime(CLOCK_MONOTONIC, &own->began);
	pthread_mutex_init(&own->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&own->wake, &attr);
	pthread_condattr_destroy(&attr);
	p->private = own;
	interrupt_block();
	if (pthread_create(&own->thread, NULL, run, p)) {
		p->private = NULL; /* no thread, no progress: the work matters more */
		free(own);
	}
	interrupt_unblock();
}

void progress_stop(struct progress *p)
{
	struct progress_private *own = p->private;

	if (!own)
		return;
	pthread_mutex_lock(&own->lock);
	own->stop = true;
	pthread_cond_signal(&own->wake);
	pthread_mutex_unlock(&own->lock);
	pthread_join(own->thread, NULL);
	if (own->terminal)
		message_live(NULL);
	else
		show(p);
	pthread_cond_destroy(&own->wake);
	pthread_mutex_destroy(&own->lock);
	p->private = NULL;
	free(own);
}
