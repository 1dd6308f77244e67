/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report on its way: what a first pass over the records found, and the
 * renderings that a second pass makes of them. None of them holds more than a
 * record at a time, but for the table of digests that VICS needs sorted
 * (32 bytes for each file that matched).
 *
 * The same records give the same bytes, but for the time that a page says it
 * was made.
 */
#ifndef TUTELA_TOOLS_RENDER_H
#define TUTELA_TOOLS_RENDER_H

#include <stdio.h>

#include "progress.h"
#include "report/category_map.h"
#include "report/report_totals.h"

struct report {
	const char *from;          /* as the user named it */
	int fd;                    /* the records; can be read more than once */
	json_t *summary;           /* an object; NULL: the records have none */
	json_t *scanned;           /* what case.json says, or NULL */
	bool unfinished;           /* the scan did not come to its end: no counts in the summary */
	struct record_count count; /* of the first pass */
	struct report_totals totals;
	uint64_t bytes;   /* length of the records */
	char sha256[65];  /* of the records, in hex */
	bool contradicts; /* the counts of the summary are not those of the lines */
	bool altered;     /* the results of a case are not what the scan wrote: their digest differs */

	struct category_map categories; /* of the options, and beside them of the lists as the scan had them */
	json_t *flood; /* source -> list -> entry -> "flag" or "review": entries that match very many files; or NULL */
	json_t *expired; /* list -> was it out of date when the scan began? Of the first one of a name; or NULL */
	const char *case_number, *operator_name, *title, *region;
	uint64_t rows;             /* most rows of a table on a page */
	int64_t made;              /* when: seconds since 1970 */
	struct progress *progress; /* files read, over all passes */
};

/*
 * Write the report to `out`. False when the records cannot be read again or
 * cannot be rendered; a sentence was said. Errors of `out` are the caller's to find (ferror).
 */
typedef bool report_render(const struct report *r, FILE *out);
report_render report_lines; /* JSON Lines: one object for each hit and each undetermined file, then the summary */
report_render report_csv;
report_render report_vics;
report_render report_case; /* CASE/UCO */
report_render report_html;

/* That many more files will be read. */
void report_expect(const struct report *r, uint64_t files);

/* The second pass. `file` gets each good record. False, with a sentence said, when they are not what they were. */
bool report_each(const struct report *r, bool (*file)(void *ctx, const struct file_record *rec), void *ctx);

/* A member of the summary as text, "" when there is no such; and as a number. */
const char *report_text(const struct report *r, const char *key);
uint64_t report_number(const struct report *r, const char *key);

/* Was the hit's list out of date when the scan began? */
bool report_expired(const struct report *r, const struct hit_record *h);

/* The same of one of the summary's lists. */
bool report_list_expired(const struct report *r, const json_t *list);

/*
 * What is to be done about a hit whose entry matched very many files, and so
 * is most likely wrong: "flag", "review", or "" when it did not.
 */
const char *report_flood(const struct report *r, const struct hit_record *h);

/* Who scanned, and for which case: an option, else what the records say, else "". */
const char *report_operator(const struct report *r);
const char *report_case_number(const struct report *r);

/* The evidence id of a record, else that of the scan, else "". */
const char *report_evidence(const struct report *r, const struct file_record *rec);

#endif
