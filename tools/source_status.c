/* SPDX-License-Identifier: Apache-2.0 */
#include "source_status.h"

#include <stdlib.h>
#include <string.h>

#include "expiry.h"
#include "output.h"
#include "printable.h"

struct walk {
	struct tutela_snapshot *snapshot;
	json_t *array; /* NULL: print */
	enum tutela_err error;
	/* of the source at hand */
	const char *source;
	uint64_t lists, held;
	json_t *names; /* of expired lists */
};

static bool count_held(void *ctx, const struct tutela_held *held)
{
	struct walk *w = ctx;

	(void)held;
	w->held++;
	return true;
}

static bool count_list(void *ctx, const struct tutela_list *list)
{
	struct walk *w = ctx;

	if (strcmp(list->source, w->source) != 0)
		return true;
	w->lists++;
	if (expiry_past(list))
		json_array_append_new(w->names, json_string(list->name));
	w->error = tutela_snapshot_held(w->snapshot, list->name, count_held, w);
	return !w->error;
}

static void set_time(json_t *o, const char *key, int64_t when)
{
	json_object_set_new(o, key, when ? output_time(when) : json_null());
}

static void add_json(struct walk *w, const struct tutela_source *s)
{
	json_t *o = json_object();

	json_object_set_new(o, "source", json_string(s->name));
	json_object_set_new(o, "feed", json_string(tutela_source_type_name(s->type)));
	json_object_set_new(o, "suspended", json_boolean(s->suspended));
	set_time(o, "last_try", s->last_try);
	set_time(o, "last_success", s->last_success);
	json_object_set_new(o, "last_error", s->last_error[0] ? json_string(s->last_error) : json_null());
	json_object_set_new(o, "lists", json_integer((json_int_t)w->lists));
	json_object_set(o, "expired_lists", w->names);
	json_object_set_new(o, "held", json_integer((json_int_t)w->held));
	json_array_append_new(w->array, o);
}

static void print_one(struct walk *w, const struct tutela_source *s)
{
	char t[32], a[96], b[96], *error = printable_sentence(s->last_error);

	output_print("source        %s: %s%s, %s, %s", s->name, s->last_success ? "last synced " : "never synced",
		     s->last_success ? output_time_text(s->last_success, t) : "",
		     printable_things(w->lists, "list", "lists", a),
		     printable_things(w->held, "held record", "held records", b));
	output_print("%s\n", s->suspended ? ", suspended" : "");
	if (*error)
		output_print("              last try failed: %s\n", error);
	for (size_t i = 0; i < json_array_size(w->names); i++)
		output_print("              EXPIRED: list '%s'\n", json_string_value(json_array_get(w->names, i)));
	free(error);
}

static bool on_source(void *ctx, const struct tutela_source *s)
{
	struct walk *w = ctx;
	enum tutela_err error;

	w->source = s->name;
	w->lists = w->held = 0;
	w->names = json_array();
	error = tutela_snapshot_lists(w->snapshot, count_list, w);
	if (!w->error)
		w->error = error;
	if (!w->error && w->array)
		add_json(w, s);
	else if (!w->error)
		print_one(w, s);
	json_decref(w->names);
	return !w->error;
}

static enum tutela_err run(struct walk *w)
{
	enum tutela_err error = tutela_snapshot_sources(w->snapshot, on_source, w);

	return w->error ? w->error : error;
}

enum tutela_err source_status_json(struct tutela_snapshot *snapshot, json_t *array)
{
	return run(&(struct walk){.snapshot = snapshot, .array = array});
}

enum tutela_err source_status_print(struct tutela_snapshot *snapshot)
{
	return run(&(struct walk){.snapshot = snapshot});
}
