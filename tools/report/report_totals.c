/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report_totals.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

static void add(struct totals_table *t, const char *name)
{
	json_t *n;

	if (!t->counts)
		t->counts = json_object();
	n = json_object_get(t->counts, name);
	if (n)
		json_integer_set(n, json_integer_value(n) + 1);
	else if (json_object_size(t->counts) < TOTALS_NAMES_MAX)
		json_object_set_new(t->counts, name, json_integer(1));
	else
		t->rest++;
}

static void add_hit(struct report_totals *t, const struct hit_record *h)
{
	/* A control character keeps the two apart: list names have none. */
	char *version = memory_format("%s, version %llu", h->list, (unsigned long long)h->list_version);
	char *category = memory_format("%s\x1f%s", h->list, h->category);

	t->hits++;
	t->expired_hits += h->expired;
	add(&t->lists, version);
	add(&t->categories, category);
	add(&t->algorithms, h->algorithm);
	add(&t->actions, h->action[0] ? h->action : "-");
	free(version);
	free(category);
}

void totals_add(struct report_totals *t, const struct file_record *rec)
{
	char kind[24];

	t->match += rec->verdict == RECORD_MATCH;
	t->undetermined += rec->verdict == RECORD_UNDETERMINED;
	t->excluded += rec->verdict == RECORD_NO_MATCH && rec->excluded;
	t->no_match += rec->verdict == RECORD_NO_MATCH && !rec->excluded;
	t->limited += rec->limited;
	if (rec->verdict == RECORD_UNDETERMINED)
		add(&t->reasons, record_reason_kind(rec->reason, kind));
	if (rec->verdict != RECORD_NO_MATCH && rec->evidence[0])
		add(&t->evidence, rec->evidence);
	for (size_t i = 0; i < rec->n_hits; i++)
		add_hit(t, &rec->hits[i]);
}

void totals_free(struct report_totals *t)
{
	json_decref(t->lists.counts);
	json_decref(t->categories.counts);
	json_decref(t->algorithms.counts);
	json_decref(t->actions.counts);
	json_decref(t->reasons.counts);
	json_decref(t->evidence.counts);
}

void totals_split(const char *key, char **list, char **category)
{
	size_t len = strcspn(key, "\x1f");

	*list = memory_copy(key, len);
	*category = memory_text(key[len] ? key + len + 1 : "");
}

static int by_count(const void *a, const void *b)
{
	const struct totals_row *x = a, *y = b;

	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return strcmp(x->name, y->name);
}

struct totals_row *totals_rows(const struct totals_table *table, size_t *n)
{
	struct totals_row *rows = memory_array(json_object_size(table->counts), sizeof(*rows));
	json_t *value;
	const char *key;

	*n = 0;
	json_object_foreach(table->counts, key, value)
	{
		rows[(*n)++] = (struct totals_row){key, (uint64_t)json_integer_value(value)};
	}
	qsort(rows, *n, sizeof(*rows), by_count);
	return rows;
}
