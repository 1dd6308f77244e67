/* SPDX-License-Identifier: Apache-2.0 */
/* Where a search puts what it finds: limit, nearest and keep, once for all kinds of search. */
#ifndef TUTELA_MATCH_COLLECT_H
#define TUTELA_MATCH_COLLECT_H

#include <tutela/index.h>

struct collector {
	struct tutela_matches *out;
	const struct tutela_search_opts *opts;
	size_t start;    /* matches that were there before this search */
	unsigned radius; /* still of interest: shrinks when only the nearest are asked for */
	bool done;       /* stop searching: the limit is reached, or err */
	enum tutela_err err;
};

/* Clears the result unless it is to be appended to. `opts` must outlive the collector. */
void tutela_collect_begin(struct collector *c, const struct tutela_search_opts *opts, unsigned radius,
			  struct tutela_matches *out);

/* Offer a pair that lies within c->radius. Look at c->done afterwards. */
void tutela_collect(struct collector *c, uint32_t value, uint32_t distance);

/* Sorts. After an error the result is as it was when the search began. */
enum tutela_err tutela_collect_end(struct collector *c);

#endif
