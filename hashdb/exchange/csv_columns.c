/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/csv_columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "exchange/record_build.h"
#include "base/utf8.h"

#define NAME_SHOWN(t) (int)((t).len < 100 ? (t).len : 100), (t).s

static const struct {
	const char *name;
	enum csv_key key;
} words[] = {
	{"id", CSV_ID},          {"status", CSV_STATUS},        {"reason", CSV_REASON},
	{"time", CSV_TIME},      {"quality", CSV_QUALITY},      {"labels", CSV_LABELS},
	{"category", CSV_LABEL}, {"classification", CSV_LABEL}, {"series", CSV_LABEL},
};

struct tutela_text tutela_csv_trim(struct tutela_text t)
{
	while (t.len && (*t.s == ' ' || *t.s == '\t')) {
		t.s++;
		t.len--;
	}
	while (t.len && (t.s[t.len - 1] == ' ' || t.s[t.len - 1] == '\t'))
		t.len--;
	return t;
}

/* What a name of ours means; key CSV_UNUSED when it is none. */
static struct csv_column meaning(struct tutela_text name)
{
	const struct tutela_algorithm_info *info = tutela_algorithm_named(name.s, name.len);
	struct csv_column c = {0};

	if (info)
		return (struct csv_column){.key = CSV_HASH, .algorithm = info->id};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!tutela_same_word(name.s, name.len, words[i].name))
			continue;
		c.key = words[i].key;
		if (c.key == CSV_LABEL)
			c.label = (struct tutela_text){words[i].name, strlen(words[i].name)};
		return c;
	}
	if (name.len > 6 && tutela_same_word(name.s, 6, "label:")) {
		c.label = tutela_csv_trim((struct tutela_text){name.s + 6, name.len - 6});
		c.key = c.label.len ? CSV_LABEL : CSV_UNUSED;
	}
	return c;
}

/* "#12" -> 12; 0 when it is not a number of a column. */
static size_t column_number(struct tutela_text t)
{
	size_t n = 0;

	if (t.len < 2 || t.len > 5 || t.s[0] != '#')
		return 0;
	for (size_t i = 1; i < t.len; i++) {
		if (t.s[i] < '0' || t.s[i] > '9')
			return 0;
		n = n * 10 + (size_t)(t.s[i] - '0');
	}
	return n <= CSV_COLUMNS_MAX ? n : 0;
}

/* One `key=value` of a map. NULL, or what is wrong with it. */
static const char *wish(struct csv_wish *w, struct tutela_text item, bool no_header)
{
	const char *eq = memchr(item.s, '=', item.len);
	size_t key_len = eq ? (size_t)(eq - item.s) : 0;

	if (!eq)
		return "an item of the column map is not KEY=COLUMN";
	w->column = meaning(tutela_csv_trim((struct tutela_text){item.s, key_len}));
	w->name = tutela_csv_trim((struct tutela_text){eq + 1, item.len - key_len - 1});
	w->number = column_number(w->name);
	if (!w->column.key)
		return "a key of the column map is not id, status, reason, time, quality, labels, label:NAME or an "
		       "algorithm";
	if (w->column.key == CSV_LABEL && !tutela_utf8_valid(w->column.label.s, w->column.label.len))
		return "a label's name in the column map is not valid UTF-8";
	if (!w->name.len)
		return "a key of the column map has no column";
	if (w->name.s[0] == '#' && !w->number)
		return "a column's number in the column map is not #1 to #1024";
	return no_header && !w->number ? "without a header the column map must give columns as #N" : NULL;
}

/* Entries need a fingerprint; a list of withdrawals needs an id and a status. */
static bool enough(const bool *seen)
{
	return seen[CSV_HASH] || (seen[CSV_ID] && seen[CSV_STATUS]);
}

static const char *check_wishes(const struct csv_columns *c)
{
	bool seen[CSV_KEYS] = {false};

	for (size_t i = 0; i < c->n_wishes; i++) {
		const struct csv_wish *w = &c->wishes[i];

		if (w->column.key < CSV_HASH && seen[w->column.key])
			return "the column map has a key twice";
		seen[w->column.key] = true;
		for (size_t k = 0; k < i; k++)
			if (w->number && w->number == c->wishes[k].number)
				return "the column map has a column twice";
	}
	return enough(seen) ? NULL : "the column map has no fingerprint";
}

enum tutela_err tutela_csv_map(struct csv_columns *c, const char *map, bool no_header, const char **why)
{
	size_t len = strlen(map), items = 1;
	const char *at;

	for (size_t i = 0; i < len; i++)
		items += map[i] == ',';
	if (items > CSV_COLUMNS_MAX) {
		*why = "the column map has more than 1024 items";
		return TUTELA_E_ARG;
	}
	c->text = tutela_mem_array(len + 1, 1);
	c->wishes = tutela_mem_array(items, sizeof(*c->wishes));
	if (!c->text || !c->wishes)
		return TUTELA_E_NOMEM;
	at = memcpy(c->text, map, len);
	for (size_t i = 0; i < items; i++) {
		size_t n = strcspn(at, ",");

		*why = wish(&c->wishes[c->n_wishes++], (struct tutela_text){at, n}, no_header);
		if (*why)
			return TUTELA_E_ARG;
		at += n + 1;
	}
	*why = check_wishes(c);
	return *why ? TUTELA_E_ARG : TUTELA_OK;
}

static enum tutela_err place(struct csv_columns *c, size_t i, struct csv_column column, char *why, size_t why_len)
{
	if (c->at[i].key) {
		(void)snprintf(why, why_len, "the column map uses column %zu twice", i + 1);
		return TUTELA_E_FORMAT;
	}
	c->at[i] = column;
	if (c->n <= i)
		c->n = i + 1;
	return TUTELA_OK;
}

static enum tutela_err settle_wish(struct csv_columns *c, const struct csv_wish *w, const struct tutela_text *cells,
				   size_t n, char *why, size_t why_len)
{
	size_t found = w->number;

	for (size_t i = 0; !w->number && i < n; i++) {
		if (!tutela_same_text(tutela_csv_trim(cells[i]), w->name))
			continue;
		if (found) {
			(void)snprintf(why, why_len, "the header has two columns \"%.*s\": give one as #N",
				       NAME_SHOWN(w->name));
			return TUTELA_E_FORMAT;
		}
		found = i + 1;
	}
	if (!found) {
		(void)snprintf(why, why_len, "the header has no column \"%.*s\"", NAME_SHOWN(w->name));
		return TUTELA_E_FORMAT;
	}
	if (n && found > n) {
		(void)snprintf(why, why_len, "the header has no column %zu", found);
		return TUTELA_E_FORMAT;
	}
	return place(c, found - 1, w->column, why, why_len);
}

/* The header's own names. */
static enum tutela_err settle_names(struct csv_columns *c, const struct tutela_text *cells, size_t n, char *why,
				    size_t why_len)
{
	bool seen[CSV_KEYS] = {false};

	for (size_t i = 0; i < n; i++) {
		struct csv_column column = meaning(tutela_csv_trim(cells[i]));

		if (!column.key)
			continue;
		if (column.key == CSV_LABEL && !tutela_utf8_valid(column.label.s, column.label.len)) {
			(void)snprintf(why, why_len, "the header's cell %zu is not valid UTF-8", i + 1);
			return TUTELA_E_FORMAT;
		}
		if (column.key < CSV_HASH && seen[column.key]) {
			(void)snprintf(why, why_len, "the header has two columns \"%.*s\"",
				       NAME_SHOWN(tutela_csv_trim(cells[i])));
			return TUTELA_E_FORMAT;
		}
		seen[column.key] = true;
		c->at[i] = column;
		c->n = i + 1;
	}
	if (enough(seen))
		return TUTELA_OK;
	(void)snprintf(why, why_len,
		       "the first line names no fingerprint: give a column map, "
		       "or say that there is no header");
	return TUTELA_E_FORMAT;
}

/* A copy of the header's bytes, for the names of labels to point into; the cells are moved to it. */
static enum tutela_err own_text(struct csv_columns *c, struct tutela_text *cells, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		len += cells[i].len;
	c->text = tutela_mem_array(len, 1);
	if (!c->text)
		return TUTELA_E_NOMEM;
	len = 0;
	for (size_t i = 0; i < n; i++) {
		if (cells[i].len)
			memcpy(c->text + len, cells[i].s, cells[i].len);
		cells[i].s = c->text + len;
		len += cells[i].len;
	}
	return TUTELA_OK;
}

enum tutela_err tutela_csv_settle(struct csv_columns *c, struct tutela_text *cells, size_t n, char *why, size_t why_len)
{
	enum tutela_err err = TUTELA_OK;

	if (n > CSV_COLUMNS_MAX) {
		(void)snprintf(why, why_len, "the header has more than 1024 columns");
		return TUTELA_E_FORMAT;
	}
	c->width = n;
	c->at = tutela_mem_array(n ? n : CSV_COLUMNS_MAX, sizeof(*c->at));
	if (!c->at)
		return TUTELA_E_NOMEM;
	if (!c->n_wishes) {
		err = own_text(c, cells, n);
		return err ? err : settle_names(c, cells, n, why, why_len);
	}
	for (size_t i = 0; i < c->n_wishes && !err; i++)
		err = settle_wish(c, &c->wishes[i], cells, n, why, why_len);
	return err;
}

void tutela_csv_columns_fini(struct csv_columns *c)
{
	free(c->at);
	free(c->wishes);
	free(c->text);
	*c = (struct csv_columns){0};
}
