/* SPDX-License-Identifier: Apache-2.0 */
#include "flood.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "message.h"
#include "output.h"
#include "printable.h"

#define WARNINGS_MAX 10

void flood_begin(struct flood *f)
{
	pthread_mutex_init(&f->lock, NULL);
}

int flood_set_action(struct flood *f, const struct cli *cli, const char *action)
{
	f->action_given = action != NULL;
	f->review = action && strcmp(action, "review") == 0;
	if (action && !f->review && strcmp(action, "flag") != 0 && strcmp(action, "report") != 0)
		return cli_usage(cli, "--flood-action", "'%s' is not one of flag, review", action);
	return CLI_GO;
}

static bool on_list(void *ctx, const struct tutela_list *list)
{
	flood_list(ctx, list);
	return true;
}

enum tutela_err flood_lists(struct flood *f, struct tutela_snapshot *snapshot)
{
	return tutela_snapshot_lists(snapshot, on_list, f);
}

void flood_list(struct flood *f, const struct tutela_list *list)
{
	const struct tutela_policy *p = &list->policy;

	if (p->flood_files == TUTELA_FLOOD_DEFAULT && !p->flood_review)
		return;
	if (!f->rules)
		f->rules = json_object();
	json_object_set_new(f->rules, list->name,
			    json_pack("{s:I, s:b}", "files", (json_int_t)p->flood_files, "review", p->flood_review));
}

/* More files than its list lets an entry match. */
static bool beyond(const struct flood *f, const char *list, uint64_t n)
{
	uint64_t files = (uint64_t)json_integer_value(json_object_get(json_object_get(f->rules, list), "files"));

	if (f->limit)
		return n > f->limit;
	if (files == TUTELA_FLOOD_OFF)
		return false;
	if (files != TUTELA_FLOOD_DEFAULT)
		return n > files;
	return n > FLOOD_FILES && n > f->files / 100 * FLOOD_PERCENT;
}

static bool asks_for_review(const struct flood *f, const char *list)
{
	return f->action_given ? f->review : json_is_true(json_object_get(json_object_get(f->rules, list), "review"));
}

static int ascending(const void *x, const void *y)
{
	uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;

	return (a > b) - (a < b);
}

static void make_room(struct flood *f)
{
	uint64_t *counts = memory_array(f->table.n, sizeof(*counts)), median;
	size_t n = 0;

	for (size_t i = 0; i < f->table.room; i++) {
		if (f->table.slots[i])
			counts[n++] = f->table.slots[i]->n[0];
	}
	qsort(counts, n, sizeof(*counts), ascending);
	median = counts[n / 2];
	free(counts);
	count_drop(&f->table, median);
}

/* Counts the file for this entry, once; is it beyond the limit now? Called with the lock held. */
static bool count(struct flood *f, struct tutela_text source, struct tutela_text list, struct tutela_text entry)
{
	const struct tutela_text words[COUNT_WORDS] = {source, list, entry};
	struct count_row *row = count_find(&f->table, words);

	if (!row && f->table.n >= FLOOD_ENTRIES_MAX)
		make_room(f);
	if (!row)
		row = count_row(&f->table, words);
	if (row->mark != f->files) {
		row->mark = f->files;
		row->n[0]++;
	}
	return beyond(f, row->words[1].s, row->n[0]);
}

static struct tutela_text text_of(const char *s)
{
	return (struct tutela_text){s, strlen(s)};
}

void flood_see(struct flood *f, struct finding *finding)
{
	pthread_mutex_lock(&f->lock);
	f->files++;
	for (size_t i = 0; i < finding->hits.n; i++) {
		struct tutela_hit *h = &finding->hits.items[i];

		if (h->kind != TUTELA_LIST_KNOWN || finding_silences(finding, h))
			continue;
		if (!count(f, text_of(h->source), text_of(h->list), h->entry) || f->unmarked ||
		    !asks_for_review(f, h->list))
			continue;
		if (!finding->flood)
			finding->flood = memory_array(finding->hits.n, sizeof(*finding->flood));
		finding->flood[i] = true;
		h->action = TUTELA_REVIEW;
	}
	pthread_mutex_unlock(&f->lock);
}

static struct tutela_text member(const json_t *o, const char *key)
{
	const json_t *value = json_object_get(o, key);

	return (struct tutela_text){json_string_value(value), json_string_length(value)};
}

void flood_see_line(struct flood *f, const char *line, size_t len)
{
	json_t *o = line ? json_loadb(line, len, 0, NULL) : NULL;
	const json_t *hit;
	size_t i;

	pthread_mutex_lock(&f->lock);
	f->files++;
	json_array_foreach(json_object_get(o, "hits"), i, hit)
		count(f, member(hit, "source"), member(hit, "list"), member(hit, "entry"));
	pthread_mutex_unlock(&f->lock);
	json_decref(o);
}

/* Stable with regard to the order of the words. */
static int most_first(const void *x, const void *y)
{
	const struct count_row *a = *(struct count_row *const *)x, *b = *(struct count_row *const *)y;

	if (a->n[0] != b->n[0])
		return a->n[0] > b->n[0] ? -1 : 1;
	return (a->mark > b->mark) - (a->mark < b->mark);
}

json_t *flood_json(const struct flood *f)
{
	struct count_row **rows = count_sorted(&f->table);
	json_t *out = json_array();
	size_t n = 0;

	for (size_t i = 0; rows[i]; i++) {
		if (!beyond(f, rows[i]->words[1].s, rows[i]->n[0]))
			continue;
		rows[i]->mark = i;
		rows[n++] = rows[i];
	}
	qsort(rows, n, sizeof(struct count_row *), most_first);
	for (size_t i = 0; i < n && i < FLOOD_SHOWN_MAX; i++)
		json_array_append_new(
			out, json_pack("{s:o, s:o, s:o, s:I, s:s}", "source", output_tutela_text(rows[i]->words[0]),
				       "list", output_tutela_text(rows[i]->words[1]), "entry",
				       output_tutela_text(rows[i]->words[2]), "files", (json_int_t)rows[i]->n[0],
				       "action", asks_for_review(f, rows[i]->words[1].s) ? "review" : "flag"));
	free(rows);
	return out;
}

static bool is_for_review(const json_t *entry)
{
	return strcmp(json_string_value(json_object_get(entry, "action")), "review") == 0;
}

void flood_warn(const struct flood *f, const json_t *entries)
{
	char n[96], m[32];
	const json_t *o;
	size_t i;

	json_array_foreach(entries, i, o)
	{
		char *entry;

		if (i == WARNINGS_MAX)
			break;
		entry = printable_quoted(json_string_value(json_object_get(o, "entry")));
		message_warning(json_string_value(json_object_get(o, "list")),
				"entry %s matches %s of %s %s: look whether it belongs there%s", entry,
				printable_count((uint64_t)json_integer_value(json_object_get(o, "files")), n),
				printable_count(f->files, m), f->unit ? f->unit : "files",
				f->unmarked && is_for_review(o) ? "; its hits are for review" : "");
		free(entry);
	}
	if (json_array_size(entries) > WARNINGS_MAX)
		message_warning(NULL, "%s as many %s: see the summary",
				printable_things(json_array_size(entries) - WARNINGS_MAX, "more entry matches",
						 "more entries match", n),
				f->unit ? f->unit : "files");
}

void flood_free(struct flood *f)
{
	count_free(&f->table);
	json_decref(f->rules);
	f->rules = NULL;
}
