/* SPDX-License-Identifier: Apache-2.0 */
#include "scan_census.h"

#include <string.h>

#include "interrupt.h"

static bool count_item(void *ctx, const struct walk_item *item)
{
	struct scan_census *c = ctx;

	c->n += item->kind == WALK_FILE || item->kind == WALK_FAILED || (item->kind == WALK_SPECIAL && item->named);
	return !atomic_load(&c->stop) && !interrupt_asked();
}

static void *count(void *arg)
{
	struct scan_census *c = arg;
	struct walk_opts opts = c->scan->walk;
	bool go = true;

	opts.visit = count_item;
	opts.ctx = c;
	for (size_t i = 0; go && i < c->scan->cli->n_args; i++) {
		if (strcmp(c->scan->cli->args[i], "-") == 0)
			c->n++;
		else
			go = walk(&opts, c->scan->cli->args[i]);
	}
	if (go)
		atomic_store(&c->scan->progress.total, c->n);
	return NULL;
}

void scan_census_start(struct scan_census *c, struct scan *s)
{
	c->scan = s;
	if (!s->progress.private || s->from)
		return;
	interrupt_block();
	c->running = pthread_create(&c->thread, NULL, count, c) == 0;
	interrupt_unblock();
}

void scan_census_stop(struct scan_census *c)
{
	atomic_store(&c->stop, true);
	if (c->running)
		pthread_join(c->thread, NULL);
}
