/* SPDX-License-Identifier: Apache-2.0 */
#include "asker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "interrupt.h"
#include "memory.h"

#define FEW 16 /* hits of an answer that waits for its turn among others */

struct round {
	struct asker *asker;
	const struct tutela_query *queries;
	struct answer *answers;
	uint64_t *times;
	size_t n, limit;
	atomic_size_t next;
};

static void *ask_in_turn(void *arg)
{
	struct round *r = arg;
	size_t i;

	while ((i = atomic_fetch_add(&r->next, 1)) < r->n) {
		uint64_t from = stats_now();

		r->answers[i].error =
			tutela_snapshot_lookup(r->asker->snapshot, &r->queries[i], r->limit, &r->answers[i].hits);
		r->times[i] = stats_now() - from;
	}
	return NULL;
}

/* On this thread and as many others as can be had and are worth it. */
static void ask_on_threads(struct round *r)
{
	unsigned others = r->asker->threads - 1, started = 0;
	pthread_t *threads = NULL;

	if (others > r->n - 1)
		others = (unsigned)(r->n - 1);
	if (others) {
		threads = memory_array(others, sizeof(*threads));
		interrupt_block();
		while (started < others && !pthread_create(&threads[started], NULL, ask_in_turn, r))
			started++;
		interrupt_unblock();
	}
	ask_in_turn(r);
	while (started)
		pthread_join(threads[--started], NULL);
	free(threads);
}

/* False when the batch failed: one bad page of the store must cost the queries that need it, not all. */
static bool ask_as_batch(struct round *r)
{
	struct tutela_hits *hits = memory_array(r->n, sizeof(*hits));
	uint64_t from;
	bool ok;

	for (size_t i = 0; i < r->n; i++)
		hits[i] = r->answers[i].hits;
	from = stats_now();
	ok = !tutela_snapshot_lookup_batch(r->asker->snapshot, r->queries, r->n, r->limit, r->asker->threads, hits);
	from = stats_now() - from;
	for (size_t i = 0; i < r->n; i++) {
		r->answers[i] = (struct answer){.hits = hits[i]};
		r->times[i] = from / r->n;
	}
	free(hits);
	return ok;
}

void asker_ask(struct asker *a, const struct tutela_query *queries, size_t n, struct answer *answers)
{
	uint64_t one = 0;
	struct round r = {.asker = a, .queries = queries, .answers = answers, .times = &one, .n = n};
	uint64_t from;

	if (!n)
		return;
	if (n > 1) {
		r.times = memory_array(n, sizeof(*r.times));
		r.limit = FEW;
	}
	from = stats_now();
	if (!a->batch || !ask_as_batch(&r))
		ask_on_threads(&r);
	a->search_ns += stats_now() - from;
	a->queries += n;
	for (size_t i = 0; i < n; i++)
		spread_add(&a->times, r.times[i], 1);
	if (n > 1)
		free(r.times);
}

void asker_again(struct asker *a, const struct tutela_query *query, struct answer *answer)
{
	uint64_t from = stats_now();

	answer->error = tutela_snapshot_lookup(a->snapshot, query, 0, &answer->hits);
	a->search_ns += stats_now() - from;
}
