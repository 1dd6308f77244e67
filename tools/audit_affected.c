/* SPDX-License-Identifier: Apache-2.0 */
/* Past hits, of the journal, that rested on entries which are no longer active. */
#include <stdlib.h>
#include <string.h>

#include "audit_points.h"
#include "calendar.h"
#include "interrupt.h"
#include "journal_damage.h"
#include "memory.h"
#include "message.h"
#include "output.h"
#include "printable.h"
#include "progress.h"

struct affected {
	const struct audit_words *words;
	int64_t from;
	struct tutela_snapshot *snapshot;
	uint64_t files, hits, found, damaged;
	struct progress progress;
	enum tutela_err error;
};

static json_t *hit_object(const struct tutela_journal_file *f, const struct tutela_journal_hit *h,
			  const struct tutela_record *rec, const char *status)
{
	json_t *o = json_object();

	json_object_set_new(o, "type", json_string("affected"));
	json_object_set_new(o, "scan", json_integer((json_int_t)f->scan));
	json_object_set_new(o, "time", output_time(f->time));
	if (f->name.len)
		output_set_bytes(o, "path", f->name.s, f->name.len);
	for (size_t i = 0; i < f->n_hashes; i++) {
		char hex[TUTELA_HASH_TEXT_MAX];

		if (f->hashes[i].hash.algorithm != TUTELA_ALG_SHA256)
			continue;
		tutela_hash_format(&f->hashes[i].hash, hex);
		json_object_set_new(o, "sha256", json_string(hex));
	}
	json_object_set_new(o, "source", output_tutela_text(h->source));
	json_object_set_new(o, "list", output_tutela_text(h->list));
	json_object_set_new(o, "list_version", json_integer((json_int_t)h->list_version));
	json_object_set_new(o, "kind", json_string(tutela_list_kind_name(h->kind)));
	json_object_set_new(o, "entry", output_tutela_text(h->entry));
	json_object_set_new(o, "algorithm", json_string(tutela_algorithm_get(h->algorithm)->name));
	json_object_set_new(o, "distance", json_integer(h->distance));
	json_object_set_new(o, "threshold", json_integer(h->threshold));
	json_object_set_new(o, "status", json_string(status));
	json_object_set_new(o, "local", json_boolean(rec->local));
	if (rec->reason.len)
		json_object_set_new(o, "reason", output_tutela_text(rec->reason));
	return o;
}

static void print(const struct affected *a, json_t *o)
{
	static const char *const keys[] = {"time", "status", "list", "entry", "path"};

	if (a->words->cli->json) {
		output_json(o);
		return;
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *value = json_string_value(json_object_get(o, keys[i]));
		char *shown;

		if (!value && strcmp(keys[i], "path") == 0)
			value = json_string_value(json_object_get(o, "sha256"));
		shown = printable_name(value ? value : "-", value ? strlen(value) : 1);
		output_print("%s%s", i ? "  " : "", shown);
		free(shown);
	}
	output_print("\n");
	json_decref(o);
}

static void look_at(struct affected *a, const struct tutela_journal_file *f, const struct tutela_journal_hit *h)
{
	struct tutela_record *rec = memory_array(1, sizeof(*rec));
	char *list = memory_copy(h->list.s, h->list.len);
	enum tutela_err error = tutela_snapshot_entry(a->snapshot, list, h->entry, rec);

	a->hits++;
	if (error && error != TUTELA_E_NOTFOUND) {
		a->error = error;
	} else if (error || rec->status != TUTELA_ACTIVE) {
		a->found++;
		print(a, hit_object(f, h, rec, error ? "removed" : tutela_status_name(rec->status)));
	}
	free(list);
	free(rec);
}

static bool on_file(void *ctx, const struct tutela_journal_file *f)
{
	struct affected *a = ctx;
	const char *only = a->words->list;

	if (f->time < a->from)
		return !interrupt_asked();
	a->files++;
	atomic_store(&a->progress.done, a->files);
	for (size_t i = 0; i < f->n_hits && !a->error; i++) {
		const struct tutela_journal_hit *h = &f->hits[i];

		if (!only || (h->list.len == strlen(only) && memcmp(h->list.s, only, h->list.len) == 0))
			look_at(a, f, h);
	}
	return !a->error && !interrupt_asked() && !output_failed();
}

static void on_damage(void *ctx, uint64_t number)
{
	struct affected *a = ctx;

	journal_damage_add(&a->damaged, a->words->cli->json, number);
}

static json_t *summary(const struct affected *a)
{
	json_t *o = json_pack("{s:s, s:I, s:I, s:I, s:I}", "type", "affected-summary", "files", (json_int_t)a->files,
			      "hits", (json_int_t)a->hits, "affected", (json_int_t)a->found, "damaged",
			      (json_int_t)a->damaged);

	if (interrupt_asked())
		json_object_set_new(o, "interrupted", json_true());
	return o;
}

int audit_affected(const struct audit_words *w)
{
	struct affected a = {.words = w};
	struct tutela_store *store;
	enum tutela_err error;
	char n[96], m[96];

	if (w->since && !calendar_parse(w->since, false, &a.from))
		return cli_usage(w->cli, "--since", "'%s' is not YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ", w->since);
	if (!cli_open_snapshot(w->cli, &store, &a.snapshot))
		return STATUS_TROUBLE;
	a.progress.unit = "files";
	progress_start(&a.progress, cli_wants_progress(w->cli));
	error = tutela_snapshot_journal(a.snapshot, on_file, on_damage, &a);
	progress_stop(&a.progress);
	error = a.error ? a.error : error;
	if (error)
		cli_store_error(store, w->cli->store, error);
	if (interrupt_asked())
		message_error(NULL, "interrupted");
	if (w->cli->json)
		output_json(summary(&a));
	else if (!w->cli->quiet)
		output_print("%s of the journal, %s on entries that are not active\n",
			     printable_things(a.hits, "hit", "hits", n), printable_things(a.found, "rests", "rest", m));
	tutela_snapshot_close(a.snapshot);
	tutela_store_close(store);
	if (a.found)
		return STATUS_MATCH;
	return error || interrupt_asked() ? STATUS_TROUBLE : STATUS_OK;
}
