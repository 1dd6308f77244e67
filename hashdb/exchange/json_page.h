/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One page of a feed in JSON: collected, parsed as a whole by jansson, and
 * taken apart record by record. Strings of records belong to the parsed page.
 */
#ifndef TUTELA_JSON_PAGE_H
#define TUTELA_JSON_PAGE_H

#include <jansson.h>

#include "exchange/exchange_format.h"

#define JSON_PAGE_MAX        ((size_t)32 << 20) /* bytes */
#define JSON_PAGE_CONTAINERS 250000             /* objects and arrays: a few hundred bytes of memory each */
#define JSON_PAGE_VALUES     1000000            /* members and elements */

struct json_page {
	char *bytes;
	size_t len, cap;
	json_t *root;
	char next[TUTELA_PAGE_NEXT_MAX + 1];
	char checkpoint[256];
	/* Of the record that is being read. */
	struct record_build build;
	char id[TUTELA_ENTRY_ID_MAX + 1];
	char numbers[TUTELA_LABELS_MAX][32];
	size_t n_numbers;
};

/* What a format says of one record, an object: fills page->build. False: it is to be passed over. */
typedef bool json_record_fn(struct tutela_reader *r, struct json_page *page, const json_t *record);

/* For the table rows: the state must begin with a struct json_page. */
enum tutela_err tutela_json_page_open(struct tutela_reader *r, const char **why);
enum tutela_err tutela_json_page_feed(struct tutela_reader *r, const char *bytes, size_t len);
void tutela_json_page_close(struct tutela_reader *r);

/* What the rows of all such formats have in common. */
#define JSON_PAGE_FORMAT                                                                                               \
	.pages = true, .line_default = READER_LINE_MAX, .reader_size = sizeof(struct json_page),                       \
	.open = tutela_json_page_open, .feed = tutela_json_page_feed, .close = tutela_json_page_close

/* Parse what was fed; every element of the array named `list` goes to `fn`. page->root stays for what else is wanted.
 */
enum tutela_err tutela_json_page_read(struct tutela_reader *r, const char *list, json_record_fn *fn);

/* A member of an object as text: a string, or a whole number in digits; else empty. The page keeps numbers' digits. */
struct tutela_text tutela_json_text(struct json_page *page, const json_t *object, const char *key);
/* The same copied, with a NUL; false, and "", when it does not fit. */
bool tutela_json_copy(const json_t *object, const char *key, char *out, size_t room);
/* Seconds since 1970 of a number or of a text that utc_time reads; 0: neither. */
int64_t tutela_json_time(const json_t *value);
/* Does a text of JSON say this, in any letter case? */
bool tutela_json_is(const json_t *value, const char *word);

/* A label whose value is a number; nothing when it is 0. */
void tutela_json_count_label(struct json_page *page, const char *key, uint64_t n);
/* A label unless the record has the same one, or has no room for it. */
void tutela_json_label(struct json_page *page, const char *key, struct tutela_text value);

#endif
