/* SPDX-License-Identifier: Apache-2.0 */
#include "crew.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "interrupt.h"
#include "memory.h"
#include "message.h"

struct crew {
	struct crew_opts opts;
	pthread_t *threads;
	unsigned n_threads;
	pthread_mutex_t lock;
	pthread_cond_t room, work, turn; /* queue has room; queue has work; a later result may be taken */
	void **queue;                    /* ring */
	size_t head, n_queued;
	uint64_t n_taken; /* jobs that left the queue: their number is their place in the order */
	void **results;   /* ring by place in the order, window entries; NULL: not yet there */
	size_t window;
	uint64_t next; /* place of the result that is due */
	bool closed, stopped;
};

/* Takes results in order as far as they are there. Called with the lock held. */
static void take_due(struct crew *c)
{
	void *result;

	while ((result = c->results[c->next % c->window])) {
		c->results[c->next % c->window] = NULL;
		c->next++;
		if (!c->opts.done(c->opts.ctx, result))
			c->stopped = true;
	}
	pthread_cond_broadcast(&c->turn);
}

static void deliver(struct crew *c, uint64_t place, void *result)
{
	if (!c->opts.ordered) {
		if (!c->opts.done(c->opts.ctx, result))
			c->stopped = true;
		return;
	}
	/* The thread whose result is due never waits here, so those behind it always get their turn. */
	while (place >= c->next + c->window)
		pthread_cond_wait(&c->turn, &c->lock);
	c->results[place % c->window] = result;
	take_due(c);
}

static void *run(void *arg)
{
	struct crew *c = arg;

	pthread_mutex_lock(&c->lock);
	for (;;) {
		void *job, *result;
		uint64_t place;

		while (!c->n_queued && !c->closed)
			pthread_cond_wait(&c->work, &c->lock);
		if (!c->n_queued)
			break;
		job = c->queue[c->head];
		c->head = (c->head + 1) % c->opts.queue;
		c->n_queued--;
		place = c->n_taken++;
		pthread_cond_signal(&c->room);
		pthread_mutex_unlock(&c->lock);
		result = c->opts.work(c->opts.ctx, job);
		pthread_mutex_lock(&c->lock);
		deliver(c, place, result);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

struct crew *crew_new(const struct crew_opts *opts)
{
	struct crew *c = memory_array(1, sizeof(*c));

	c->opts = *opts;
	c->threads = memory_array(opts->threads, sizeof(*c->threads));
	c->queue = memory_array(opts->queue, sizeof(*c->queue));
	c->window = opts->queue + opts->threads;
	c->results = memory_array(c->window, sizeof(*c->results));
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->room, NULL);
	pthread_cond_init(&c->work, NULL);
	pthread_cond_init(&c->turn, NULL);
	interrupt_block();
	while (c->n_threads < opts->threads && !pthread_create(&c->threads[c->n_threads], NULL, run, c))
		c->n_threads++;
	interrupt_unblock();
	if (c->n_threads)
		return c;
	crew_finish(c, true);
	return NULL;
}

bool crew_stopped(struct crew *c)
{
	bool stopped;

	pthread_mutex_lock(&c->lock);
	stopped = c->stopped;
	pthread_mutex_unlock(&c->lock);
	return stopped;
}

/* Waits a moment for the queue to move. A signal handler cannot wake a condition, so the wait is short. */
static void wait_moment(struct crew *c)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 100000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_cond_timedwait(&c->room, &c->lock, &until);
}

bool crew_push(struct crew *c, void *job)
{
	bool ok;

	pthread_mutex_lock(&c->lock);
	while (c->n_queued == c->opts.queue && !c->stopped && !interrupt_asked())
		wait_moment(c);
	ok = !c->stopped && !interrupt_asked();
	if (ok) {
		c->queue[(c->head + c->n_queued++) % c->opts.queue] = job;
		pthread_cond_signal(&c->work);
	}
	pthread_mutex_unlock(&c->lock);
	if (!ok)
		c->opts.drop(c->opts.ctx, job);
	return ok;
}

static void drop_queue(struct crew *c)
{
	while (c->n_queued) {
		c->opts.drop(c->opts.ctx, c->queue[c->head]);
		c->head = (c->head + 1) % c->opts.queue;
		c->n_queued--;
	}
}

/*
 * The end of the input is not the end of the work: an interrupt may still come
 * while the queue drains, and then what waits is dropped. Called with the lock held.
 */
static void drain(struct crew *c, bool drop_waiting)
{
	while (c->n_queued && !drop_waiting && !c->stopped && !interrupt_asked())
		wait_moment(c);
	drop_queue(c);
}

/* The threads' ends. Whoever asked to stop is told once why it takes so long: one file may take hours. */
static void join_all(struct crew *c)
{
	bool told = false;
	unsigned i = 0;

	while (i < c->n_threads) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec++;
		if (pthread_timedjoin_np(c->threads[i], NULL, &until) != ETIMEDOUT) {
			i++;
		} else if (interrupt_asked() && !told) {
			message_note("interrupted: what was begun is finished first; once more ends it at once");
			told = true;
		}
	}
}

void crew_finish(struct crew *c, bool drop_waiting)
{
	pthread_mutex_lock(&c->lock);
	drain(c, drop_waiting);
	c->closed = true;
	pthread_cond_broadcast(&c->work);
	pthread_mutex_unlock(&c->lock);
	join_all(c);
	pthread_cond_destroy(&c->room);
	pthread_cond_destroy(&c->work);
	pthread_cond_destroy(&c->turn);
	pthread_mutex_destroy(&c->lock);
	free(c->threads);
	free(c->queue);
	free(c->results);
	free(c);
}
