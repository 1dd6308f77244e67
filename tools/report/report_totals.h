/* SPDX-License-Identifier: Apache-2.0 */
/* What a report counts on its first pass over the records, in memory that does not grow with their number. */
#ifndef TUTELA_TOOLS_REPORT_TOTALS_H
#define TUTELA_TOOLS_REPORT_TOTALS_H

#include "report/hit_record.h"

#define TOTALS_NAMES_MAX 4096 /* of one table; more are counted together */

/* Counts by name, in order of first appearance. */
struct totals_table {
	json_t *counts; /* object: name -> integer */
	uint64_t rest;  /* of names over TOTALS_NAMES_MAX */
};

struct report_totals {
	uint64_t match, undetermined, no_match, excluded; /* lines by verdict */
	uint64_t hits, limited, expired_hits;
	struct totals_table lists;      /* hits by "LIST, version N" */
	struct totals_table categories; /* hits by list and category: see totals_category_key */
	struct totals_table algorithms, actions;
	struct totals_table reasons;  /* undetermined files by the word before the colon */
	struct totals_table evidence; /* match and undetermined lines by evidence id */
};

struct totals_row {
	const char *name;
	uint64_t n;
};

void totals_add(struct report_totals *t, const struct file_record *rec);
void totals_free(struct report_totals *t);

/* "LIST" and "CATEGORY" from a key of the table of categories; copies into fresh strings. */
void totals_split(const char *key, char **list, char **category);

/* The rows, most first, equal ones by name; allocated. Names belong to the table. */
struct totals_row *totals_rows(const struct totals_table *table, size_t *n);

#endif
