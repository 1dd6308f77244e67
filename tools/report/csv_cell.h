/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of a CSV report (RFC 4180): quoted where they must be, formulas disarmed as report_csv.c says. */
#ifndef TUTELA_TOOLS_CSV_CELL_H
#define TUTELA_TOOLS_CSV_CELL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* A cell and the comma behind it. */
void csv_text(FILE *out, const char *s);
/* The number, or an empty cell when there is none. */
void csv_number(FILE *out, uint64_t n, bool there);
/* "key=value;key=value": a backslash stands before ; = and \ in either. NULL: an empty cell. */
void csv_labels(FILE *out, json_t *labels);
/* The last cell of a row and its end. */
void csv_last(FILE *out, const char *s);

#endif
