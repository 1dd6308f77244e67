/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "category.h"
#include "indicators.h"
#include "output.h"

static void set_count(json_t *o, const char *key, uint64_t n)
{
	json_object_set_new(o, key, json_integer((json_int_t)n));
}

static void set_time(json_t *o, const char *key, int64_t when)
{
	json_t *text = when ? output_time(when) : NULL;

	json_object_set_new(o, key, text ? text : json_null());
}

static void set_states(json_t *o, const uint64_t *n)
{
	set_count(o, "active", n[TUTELA_ACTIVE]);
	set_count(o, "disputed", n[TUTELA_DISPUTED]);
	set_count(o, "withdrawn", n[TUTELA_WITHDRAWN]);
}

static const struct tutela_source *source_of(const struct indicators *in, const char *name)
{
	for (size_t i = 0; i < in->n_sources; i++) {
		if (strcmp(in->sources[i].name, name) == 0)
			return &in->sources[i];
	}
	return NULL;
}

/* Lists without a source of their own, such as local ones, are never synced. */
static json_t *list_row(const struct indicators *in, const struct tutela_list *l)
{
	const struct tutela_source *source = source_of(in, l->source);
	const uint64_t n[COUNT_KINDS] = {l->active, l->disputed, l->withdrawn};
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "stats", "what", "list", "source", l->source, "list",
			      l->name, "kind", tutela_list_kind_name(l->policy.kind));

	set_count(o, "version", l->version);
	set_time(o, "updated", l->updated);
	set_time(o, "expires", l->expires);
	json_object_set_new(o, "expired", json_boolean(l->expires && l->expires <= in->now));
	set_time(o, "last_success", source ? source->last_success : 0);
	set_states(o, n);
	set_count(o, "count", l->active + l->disputed + l->withdrawn);
	return o;
}

static json_t *source_row(const struct indicators *in, const struct tutela_source *s)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:b, s:b}", "type", "stats", "what", "source", "source", s->name,
			      "feed", tutela_source_type_name(s->type), "suspended", s->suspended, "failing",
			      s->last_error[0] != '\0');
	uint64_t lists = 0;

	for (size_t i = 0; i < in->n_lists; i++)
		lists += strcmp(in->lists[i].source, s->name) == 0;
	set_time(o, "last_try", s->last_try);
	set_time(o, "last_success", s->last_success);
	set_count(o, "count", lists);
	return o;
}

/* The name that its list has for the category of a row. */
static void set_name(json_t *o, const struct indicators *in, const struct count_row *row)
{
	struct tutela_text value = row->words[WORD_VALUE];

	if (!indicators_is(row, WORD_BY, "category") || !value.len)
		return;
	for (size_t i = 0; i < in->n_lists; i++) {
		const struct tutela_list *l = &in->lists[i];
		struct tutela_text name = category_named(l->category_map, value);

		if (name.len && indicators_is(row, WORD_LIST, l->name))
			json_object_set_new(o, "name", output_tutela_text(name));
	}
}

static json_t *count_object(const struct indicators *in, const struct count_row *row)
{
	static const struct {
		int word;
		const char *key;
	} words[] = {{WORD_WHAT, "what"}, {WORD_BY, "by"},     {WORD_SOURCE, "source"},
		     {WORD_LIST, "list"}, {WORD_KIND, "kind"}, {WORD_VALUE, "value"}};
	json_t *o = json_pack("{s:s}", "type", "stats");
	uint64_t count = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (row->words[words[i].word].len)
			json_object_set_new(o, words[i].key, output_tutela_text(row->words[words[i].word]));
	}
	if (indicators_is(row, WORD_BY, "age"))
		json_object_set_new(o, "value", json_string(indicators_age(row->words[WORD_VALUE].s)));
	set_name(o, in, row);
	if (indicators_is(row, WORD_WHAT, "entries"))
		set_states(o, row->n);
	if (indicators_is(row, WORD_WHAT, "files")) {
		set_count(o, "match", row->n[1]);
		set_count(o, "no_match", row->n[0]);
		set_count(o, "undetermined", row->n[2]);
	}
	for (size_t i = 0; i < COUNT_KINDS; i++)
		count += row->n[i];
	set_count(o, "count", count);
	return o;
}

void indicators_each(const struct indicators *in, void (*row)(void *ctx, json_t *object), void *ctx)
{
	for (size_t i = 0; i < in->n_sources; i++)
		row(ctx, source_row(in, &in->sources[i]));
	for (size_t i = 0; i < in->n_lists; i++)
		row(ctx, list_row(in, &in->lists[i]));
	for (size_t i = 0; in->ordered && in->ordered[i]; i++)
		row(ctx, count_object(in, in->ordered[i]));
	if (in->damaged)
		row(ctx,
		    json_pack("{s:s, s:s, s:I}", "type", "stats", "what", "damaged", "count", (json_int_t)in->damaged));
}
