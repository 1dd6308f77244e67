/* SPDX-License-Identifier: Apache-2.0 */
#include "indicators.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "interrupt.h"
#include "journal_damage.h"
#include "memory.h"
#include "pipeline.h"

#define CATEGORY_MAX   255
#define CATEGORIES_MAX 1000 /* of one list, counted one by one */

static const char none[] = "(none)", others[] = "(others)";
static const char *const age_names[INDICATORS_AGES] = {"under 30 days", "under 1 year", "under 5 years", "older",
						       "unknown"};

static struct tutela_text text_of(const char *s)
{
	return (struct tutela_text){s, strlen(s)};
}

const char *indicators_age(const char *value)
{
	return age_names[(value[0] - '0') % INDICATORS_AGES];
}

bool indicators_is(const struct count_row *row, int word, const char *text)
{
	return strcmp(row->words[word].s, text) == 0;
}

/* ---------------------------------------------------------------- counting */

/* Where something belongs. */
struct place {
	const char *what;
	struct tutela_text source, list, kind;
};

static struct count_row *row_of(struct indicators *in, const struct place *p, const char *by, struct tutela_text value)
{
	const struct tutela_text words[COUNT_WORDS] = {
		[WORD_WHAT] = text_of(p->what), [WORD_BY] = text_of(by), [WORD_SOURCE] = p->source,
		[WORD_LIST] = p->list,          [WORD_KIND] = p->kind,   [WORD_VALUE] = value,
	};

	return count_row(&in->table, words);
}

static struct count_row *category_row(struct indicators *in, const struct place *p, struct tutela_text value)
{
	static const char by[] = "category";
	const struct tutela_text group[COUNT_WORDS] = {text_of(p->what), p->source, p->list, p->kind};
	struct tutela_text words[COUNT_WORDS] = {
		[WORD_WHAT] = text_of(p->what), [WORD_BY] = text_of(by), [WORD_SOURCE] = p->source,
		[WORD_LIST] = p->list,          [WORD_KIND] = p->kind,
	};
	struct count_row *row, *known;

	if (value.len > CATEGORY_MAX)
		value.len = CATEGORY_MAX;
	words[WORD_VALUE] = value.len ? value : text_of(none);
	row = count_find(&in->table, words);
	if (row)
		return row;
	known = count_row(&in->groups, group);
	if (known->n[0] >= CATEGORIES_MAX)
		return row_of(in, p, by, text_of(others));
	known->n[0]++;
	return count_row(&in->table, words);
}

/* Of what is of `when`, at `now`. */
static const char *age_of(int64_t now, int64_t when)
{
	static const struct {
		int64_t days;
		const char *value;
	} ages[] = {{30, "0"}, {365, "1"}, {5 * 365 + 1, "2"}};

	if (when <= 0)
		return "4";
	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
		if (when > now - ages[i].days * 86400)
			return ages[i].value;
	}
	return "3";
}

struct taking {
	struct indicators *in;
	struct tutela_snapshot *snapshot;
	struct tutela_record *rec; /* of a hit's entry */
	enum tutela_err error;
	const struct tutela_list *list;
	struct place place;
	struct count_row *algorithms[64]; /* of the list at hand, found before */
	bool interrupted;
};

static enum tutela_err on_entry(void *ctx, const struct tutela_record *rec)
{
	struct taking *t = ctx;
	uint64_t seen = 0;
	unsigned state = rec->status;

	if (state >= COUNT_KINDS)
		return TUTELA_E_CORRUPT;
	category_row(t->in, &t->place, tutela_category_of(rec->labels, rec->n_labels))->n[state]++;
	row_of(t->in, &t->place, "age", text_of(age_of(t->in->now, rec->source_time)))->n[state]++;
	for (size_t i = 0; i < rec->n_fingerprints; i++) {
		unsigned a = rec->fingerprints[i].algorithm;
		const struct tutela_algorithm_info *info = tutela_algorithm_get((enum tutela_algorithm)a);

		if (!info || a >= 64 || seen >> a & 1)
			continue;
		seen |= UINT64_C(1) << a;
		if (!t->algorithms[a])
			t->algorithms[a] = row_of(t->in, &t->place, "algorithm", text_of(info->name));
		t->algorithms[a]->n[state]++;
	}
	atomic_fetch_add(&t->in->progress.done, 1);
	return interrupt_asked() ? TUTELA_E_INTERRUPTED : TUTELA_OK;
}

static enum tutela_err take_list(struct indicators *in, struct tutela_snapshot *snapshot, const struct tutela_list *l)
{
	struct taking t = {.in = in, .list = l};
	const uint64_t n[COUNT_KINDS] = {l->active, l->disputed, l->withdrawn};
	struct place source = {.what = "entries", .source = text_of(l->source)};

	t.place = source;
	t.place.list = text_of(l->name);
	t.place.kind = text_of(tutela_list_kind_name(l->policy.kind));
	for (size_t i = 0; i < COUNT_KINDS; i++) {
		row_of(in, &source, "source", (struct tutela_text){0})->n[i] += n[i];
		row_of(in, &t.place, "list", (struct tutela_text){0})->n[i] += n[i];
	}
	return tutela_snapshot_entries(snapshot, l->name, on_entry, &t);
}

/* How old the entry was when it hit, and what has become of it. */
static void take_entry(struct taking *t, const struct place *list, const struct tutela_journal_hit *h, int64_t when)
{
	char name[TUTELA_LIST_NAME_MAX + 1] = "";
	struct tutela_record *rec = t->rec;
	enum tutela_err error;
	bool there;

	memcpy(name, h->list.s, h->list.len);
	error = tutela_snapshot_entry(t->snapshot, name, h->entry, rec);
	there = !error;
	if (error && error != TUTELA_E_NOTFOUND)
		t->error = error;
	/* What has changed since says nothing of then. */
	row_of(t->in, list, "age", text_of(age_of(when, there && rec->source_time <= when ? rec->source_time : 0)))
		->n[0]++;
	row_of(t->in, list, "status", text_of(there ? tutela_status_name(rec->status) : "removed"))->n[0]++;
}

static void take_hit(struct taking *t, const struct tutela_journal_hit *h, int64_t when, const char *day,
		     const char *month)
{
	struct indicators *in = t->in;
	const struct tutela_algorithm_info *info = tutela_algorithm_get(h->algorithm);
	const char *kind = tutela_list_kind_name(h->kind);
	const struct place source = {.what = "hits", .source = h->source, .kind = text_of(kind ? kind : none)};
	struct place list = source;

	list.list = h->list;
	row_of(in, &source, "source", (struct tutela_text){0})->n[0]++;
	row_of(in, &list, "list", (struct tutela_text){0})->n[0]++;
	category_row(in, &list, h->category)->n[0]++;
	row_of(in, &list, "algorithm", text_of(info ? info->name : none))->n[0]++;
	row_of(in, &list, "day", text_of(day))->n[0]++;
	row_of(in, &list, "month", text_of(month))->n[0]++;
	take_entry(t, &list, h, when);
}

static bool on_file(void *ctx, const struct tutela_journal_file *f)
{
	struct taking *t = ctx;
	const struct place files = {.what = "files"};
	unsigned verdict = f->verdict < COUNT_KINDS ? f->verdict : VERDICT_UNDETERMINED;
	time_t when = (time_t)f->time;
	char day[32], month[32];
	struct tm tm;

	if (!gmtime_r(&when, &tm) || !strftime(day, sizeof(day), "%Y-%m-%d", &tm) ||
	    !strftime(month, sizeof(month), "%Y-%m", &tm))
		day[0] = month[0] = '\0';
	row_of(t->in, &files, "day", text_of(day))->n[verdict]++;
	row_of(t->in, &files, "month", text_of(month))->n[verdict]++;
	atomic_fetch_add(&t->in->progress.done, 1);
	for (size_t i = 0; i < f->n_hits; i++)
		take_hit(t, &f->hits[i], f->time, day, month);
	t->interrupted = interrupt_asked();
	return !t->interrupted && !t->error;
}

static void on_damage(void *ctx, uint64_t number)
{
	struct taking *t = ctx;

	journal_damage_add(&t->in->damaged, false, number);
}

static enum tutela_err take_journal(struct taking *t)
{
	enum tutela_err error;

	atomic_store(&t->in->progress.total, 0);
	atomic_store(&t->in->progress.done, 0);
	atomic_store(&t->in->progress.stage, "journal");
	error = tutela_snapshot_journal(t->snapshot, on_file, on_damage, t);

	if (t->error)
		return t->error;
	if (t->interrupted)
		return TUTELA_E_INTERRUPTED;
	t->in->partial = error == TUTELA_E_CORRUPT;
	return t->in->partial ? TUTELA_OK : error;
}

static bool on_list(void *ctx, const struct tutela_list *list)
{
	struct indicators *in = ctx;

	in->lists = memory_resize(in->lists, in->n_lists + 1, sizeof(*in->lists));
	in->lists[in->n_lists++] = *list;
	return true;
}

static bool on_source(void *ctx, const struct tutela_source *source)
{
	struct indicators *in = ctx;

	in->sources = memory_resize(in->sources, in->n_sources + 1, sizeof(*in->sources));
	in->sources[in->n_sources++] = *source;
	return true;
}

enum tutela_err indicators_take(struct indicators *in, struct tutela_snapshot *snapshot)
{
	struct taking t = {.in = in, .snapshot = snapshot, .rec = memory_array(1, sizeof(*t.rec))};
	enum tutela_err error = tutela_snapshot_lists(snapshot, on_list, in);

	if (!error)
		error = tutela_snapshot_sources(snapshot, on_source, in);
	in->now = (int64_t)time(NULL);
	for (size_t i = 0; i < in->n_lists; i++)
		atomic_fetch_add(&in->progress.total,
				 in->lists[i].active + in->lists[i].disputed + in->lists[i].withdrawn);
	atomic_store(&in->progress.stage, "entries");
	for (size_t i = 0; !error && i < in->n_lists; i++)
		error = take_list(in, snapshot, &in->lists[i]);
	if (!error)
		error = take_journal(&t);
	free(t.rec);
	in->ordered = count_sorted(&in->table);
	return error;
}

void indicators_free(struct indicators *in)
{
	free(in->lists);
	free(in->sources);
	free(in->ordered);
	count_free(&in->table);
	count_free(&in->groups);
}
