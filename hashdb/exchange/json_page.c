/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/json_page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "exchange/json_load.h"
#include "exchange/utc_time.h"

enum tutela_err tutela_json_page_open(struct tutela_reader *r, const char **why)
{
	(void)r;
	(void)why;
	return TUTELA_OK;
}

enum tutela_err tutela_json_page_feed(struct tutela_reader *r, const char *bytes, size_t len)
{
	struct json_page *page = r->state;

	if (len > JSON_PAGE_MAX - page->len)
		return tutela_reader_fail(r, "a page of JSON may have 32 MiB at most");
	if (len > page->cap - page->len) {
		size_t cap = page->cap * 2 > page->len + len ? page->cap * 2 : page->len + len;
		char *bigger = tutela_mem_resize(page->bytes, cap, 1);

		if (!bigger)
			return TUTELA_E_NOMEM;
		page->bytes = bigger;
		page->cap = cap;
	}
	memcpy(page->bytes + page->len, bytes, len);
	page->len += len;
	return TUTELA_OK;
}

void tutela_json_page_close(struct tutela_reader *r)
{
	struct json_page *page = r->state;

	json_decref(page->root);
	free(page->bytes);
}

/*
 * Objects and arrays of three bytes take a hundred times as much when they are
 * parsed: what a page is made of is counted before. Of text that is no JSON
 * the counts mean nothing, and the parser tells.
 */
static bool too_many(const char *s, size_t len)
{
	size_t containers = 0, values = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		if (quoted && s[i] == '\\')
			i++;
		else if (s[i] == '"')
			quoted = !quoted;
		else if (!quoted) {
			containers += s[i] == '{' || s[i] == '[';
			values += s[i] == ',';
		}
	}
	return containers > JSON_PAGE_CONTAINERS || values > JSON_PAGE_VALUES;
}

static enum tutela_err parse(struct tutela_reader *r, struct json_page *page)
{
	struct json_place where;
	enum tutela_err err;

	if (page->bytes && too_many(page->bytes, page->len))
		return tutela_reader_fail(r, "the page has more values than a page may have");
	err = tutela_json_load(page->bytes ? page->bytes : "", page->len, 0, &page->root, &where);
	free(page->bytes);
	page->bytes = NULL;
	page->cap = 0;
	if (err != TUTELA_E_FORMAT)
		return err;
	if (!where.line)
		return tutela_reader_fail(r, "the page is not a JSON object");
	return tutela_reader_fail(r, "broken JSON in line %d, column %d", where.line, where.column);
}

static enum tutela_err read_record(struct tutela_reader *r, struct json_page *page, const json_t *record,
				   json_record_fn *fn)
{
	struct record_build *b = &page->build;

	r->record++;
	tutela_build_start(b);
	page->n_numbers = 0;
	if (!json_is_object(record))
		b->bad = "the record is not an object";
	else if (!fn(r, page, record))
		return TUTELA_OK;
	r->page.bare += tutela_build_settle_bare(b);
	return tutela_reader_emit(r, b, r->record, 0);
}

enum tutela_err tutela_json_page_read(struct tutela_reader *r, const char *list, json_record_fn *fn)
{
	struct json_page *page = r->state;
	enum tutela_err err = parse(r, page);
	const json_t *array;

	if (err)
		return err;
	array = json_object_get(page->root, list);
	if (!json_is_array(array))
		return tutela_reader_fail(r, "the page has no list '%s'", list);
	for (size_t i = 0; i < json_array_size(array) && !err; i++)
		err = read_record(r, page, json_array_get(array, i), fn);
	r->page.next = page->next;
	r->page.checkpoint = page->checkpoint;
	return err;
}

struct tutela_text tutela_json_text(struct json_page *page, const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);
	char *room;

	if (json_is_string(v) && json_string_length(v))
		return (struct tutela_text){json_string_value(v), json_string_length(v)};
	if (!json_is_integer(v) || page->n_numbers == TUTELA_LABELS_MAX)
		return (struct tutela_text){0};
	room = page->numbers[page->n_numbers++];
	(void)snprintf(room, sizeof page->numbers[0], "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	return (struct tutela_text){room, strlen(room)};
}

bool tutela_json_copy(const json_t *object, const char *key, char *out, size_t room)
{
	const json_t *v = json_object_get(object, key);
	int n = 0;

	out[0] = '\0';
	if (json_is_string(v))
		n = snprintf(out, room, "%s", json_string_value(v));
	else if (json_is_integer(v))
		n = snprintf(out, room, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	if (n >= 0 && (size_t)n < room)
		return true;
	out[0] = '\0';
	return false;
}

int64_t tutela_json_time(const json_t *value)
{
	int64_t t = 0;
	double d;

	if (json_is_string(value)) {
		if (!tutela_utc_parse(json_string_value(value), json_string_length(value), &t))
			t = 0;
		return t;
	}
	d = json_number_value(value);
	return d > 0 && d <= (double)UTC_TIME_MAX ? (int64_t)d : 0;
}

bool tutela_json_is(const json_t *value, const char *word)
{
	return json_is_string(value) && tutela_same_word(json_string_value(value), json_string_length(value), word);
}

void tutela_json_label(struct json_page *page, const char *key, struct tutela_text value)
{
	struct tutela_record *rec = &page->build.rec;
	size_t len = strlen(key);

	if (!value.len || value.len > TUTELA_TEXT_MAX || rec->n_labels == TUTELA_LABELS_MAX)
		return;
	for (size_t i = 0; i < rec->n_labels; i++) {
		const struct tutela_label *l = &rec->labels[i];

		if (l->key.len == len && !memcmp(l->key.s, key, len) && l->value.len == value.len &&
		    !memcmp(l->value.s, value.s, value.len))
			return;
	}
	tutela_build_label(&page->build, (struct tutela_text){key, len}, value);
}

void tutela_json_count_label(struct json_page *page, const char *key, uint64_t n)
{
	char *room;

	if (!n || page->n_numbers == TUTELA_LABELS_MAX)
		return;
	room = page->numbers[page->n_numbers++];
	(void)snprintf(room, sizeof page->numbers[0], "%" PRIu64, n);
	tutela_json_label(page, key, (struct tutela_text){room, strlen(room)});
}
