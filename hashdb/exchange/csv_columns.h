/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which cell of a CSV row means what: from the header's own names, or from a
 * column map. tutela/exchange.h says how a map is written.
 */
#ifndef TUTELA_CSV_COLUMNS_H
#define TUTELA_CSV_COLUMNS_H

#include <tutela/record.h>

#define CSV_COLUMNS_MAX 1024 /* of one table, and of a map */

enum csv_key {
	CSV_UNUSED = 0,
	CSV_ID,
	CSV_STATUS,
	CSV_REASON,
	CSV_TIME,
	CSV_QUALITY,
	CSV_LABELS, /* key=value;key=value */
	CSV_HASH,   /* from here on several columns may have the same key */
	CSV_LABEL,  /* one label; its name is the column's */
	CSV_KEYS,
};

struct csv_column {
	enum csv_key key;
	enum tutela_algorithm algorithm; /* of CSV_HASH */
	struct tutela_text label;        /* of CSV_LABEL; points into the set's text */
};

/* One item of a map. */
struct csv_wish {
	struct csv_column column;
	struct tutela_text name; /* a header's name, or */
	size_t number;           /* a column from 1; 0: by name */
};

/* Starts as zeros. */
struct csv_columns {
	struct csv_column *at; /* by cell number */
	size_t n;              /* cells that a row must have for all columns in use */
	size_t width;          /* cells of the header; 0: there is none */
	struct csv_wish *wishes;
	size_t n_wishes;
	char *text; /* what the names point into */
};

/* Take a map apart. TUTELA_OK, TUTELA_E_NOMEM, or TUTELA_E_ARG and in *why a static sentence. */
TUTELA_CHECKED enum tutela_err tutela_csv_map(struct csv_columns *c, const char *map, bool no_header, const char **why);

/*
 * Settle the columns by the header's n cells, whose bytes are not needed
 * afterwards (the cells themselves may be made to point elsewhere);
 * n == 0: there is no header and the map gives numbers.
 * TUTELA_OK, TUTELA_E_NOMEM, or TUTELA_E_FORMAT and in `why` a sentence.
 */
TUTELA_CHECKED enum tutela_err tutela_csv_settle(struct csv_columns *c, struct tutela_text *cells, size_t n, char *why,
						 size_t why_len);
void tutela_csv_columns_fini(struct csv_columns *c);

/* Without blanks at both ends. */
struct tutela_text tutela_csv_trim(struct tutela_text t);

#endif
