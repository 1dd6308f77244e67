/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the store many questions: one after another, on several threads, or as
 * a batch; and takes the time that the searches alone need.
 */
#ifndef TUTELA_TOOLS_ASKER_H
#define TUTELA_TOOLS_ASKER_H

#include <tutela/tutela.h>

#include "stats.h"

struct asker {
	struct tutela_snapshot *snapshot;
	unsigned threads; /* at least 1 */
	bool batch;
	uint64_t queries, search_ns; /* asked; spent, by the clock on the wall */
	struct spread times;         /* of single queries; in a batch each counts with its share */
};

struct answer {
	struct tutela_hits hits; /* reused from call to call */
	enum tutela_err error;
};

/*
 * Answers for n queries. With n > 1 an answer of more than a few hits is
 * `limited`: ask for it again by asker_again, so that many answers at once stay small.
 */
void asker_ask(struct asker *a, const struct tutela_query *queries, size_t n, struct answer *answers);
void asker_again(struct asker *a, const struct tutela_query *query, struct answer *answer);

#endif
