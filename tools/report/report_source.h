/* SPDX-License-Identifier: Apache-2.0 */
/* Where the records of a report come from: a file, a pipe, or the folder of a case. */
#ifndef TUTELA_TOOLS_REPORT_SOURCE_H
#define TUTELA_TOOLS_REPORT_SOURCE_H

#include "report/render.h"

/*
 * Opens r->from ("-": standard input), sets fd, bytes, sha256, count, totals,
 * summary, scanned, contradicts and altered. What cannot be read twice is copied to an
 * unlinked file first. Each bad line is said, up to 20. False, with a sentence
 * said, when nothing can be made of it; else report_source_close.
 */
bool report_source_open(struct report *r);
void report_source_close(struct report *r);

/* Is the report the whole truth: no bad line, a summary, counts and a digest that agree? */
bool report_source_whole(const struct report *r);

#endif
