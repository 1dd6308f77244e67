/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures that show whether measures work: what the lists hold, what of it has
 * hit in the scans of the journal, how fresh it is. Counts, names of lists and
 * sources, and categories; never a file's name, a hash or an entry's id.
 *
 * A category is cut at 255 bytes, and of a list's the first 1,000 are counted
 * one by one, the rest together: memory does not grow with what a list says.
 */
#ifndef TUTELA_TOOLS_INDICATORS_H
#define TUTELA_TOOLS_INDICATORS_H

#include <jansson.h>

#include <tutela/tutela.h>

#include "count_table.h"
#include "progress.h"

/* What the words of a row of the table are. */
enum { WORD_WHAT, WORD_BY, WORD_SOURCE, WORD_LIST, WORD_KIND, WORD_VALUE };

struct indicators {
	struct progress progress; /* the caller starts and stops it; unit is set */
	int64_t now;              /* that ages are reckoned from, seconds since 1970 UTC */
	size_t n_lists, n_sources;
	struct tutela_list *lists; /* in order of name, as the sources */
	struct tutela_source *sources;
	/*
	 * entries by source, list, category, algorithm, age: n is active, disputed, withdrawn;
	 * hits by source, list, category, algorithm, day, month: n[0];
	 * files by day, month: n by enum verdict.
	 */
	struct count_table table;
	uint64_t damaged;           /* records of the journal that cannot be read; said */
	bool partial;               /* of the journal not everything was counted */
	struct count_table groups;  /* private */
	struct count_row **ordered; /* of the table, ended by NULL */
};

/*
 * Takes some time for a large store. The caller frees, whatever is returned. TUTELA_E_INTERRUPTED, and the store's; a
 * damaged journal is no error: in->partial, and why in the store's words.
 */
enum tutela_err indicators_take(struct indicators *in, struct tutela_snapshot *snapshot);
void indicators_free(struct indicators *in);

/* All of it as objects in an order that depends on the store alone; `row` takes the reference. */
void indicators_each(const struct indicators *in, void (*row)(void *ctx, json_t *object), void *ctx);

/* A word of a row is this text. */
bool indicators_is(const struct count_row *row, int word, const char *text);

/* The name of an age: its value in the table is a digit. */
#define INDICATORS_AGES 5
const char *indicators_age(const char *value);

/*
 * Draw entries by list and age and hits by month into a new SVG file, with
 * gnuplot. False after saying what is wrong.
 */
bool indicators_plot(const struct indicators *in, const char *path);

#endif
