/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "report/render.h"

struct lines {
	const struct report *report;
	FILE *out;
};

static void set(json_t *o, const char *key, const char *value)
{
	if (value && value[0])
		json_object_set_new(o, key, json_string(value));
}

static void set_number(json_t *o, const char *key, uint64_t value)
{
	json_object_set_new(o, key, json_integer((json_int_t)value));
}

static json_t *file_object(const struct report *r, const struct file_record *f, const char *type)
{
	json_t *o = json_object();

	set(o, "type", type);
	set(o, "evidence", report_evidence(r, f));
	json_object_set_new(o, "path", json_string(f->path));
	set(o, "path_bytes", f->path_bytes);
	set_number(o, "size", f->size);
	set(o, "format", f->format);
	if (f->width && f->height) {
		set_number(o, "width", f->width);
		set_number(o, "height", f->height);
	}
	set(o, "md5", f->md5);
	set(o, "sha1", f->sha1);
	set(o, "sha256", f->sha256);
	set(o, "pdq", f->pdq);
	set(o, "pdq_full", f->pdq_full);
	if (f->pdq_quality >= 0)
		set_number(o, "pdq_quality", (uint64_t)f->pdq_quality);
	set(o, "verdict", record_verdict_name(f->verdict));
	set(o, "reason", f->reason);
	return o;
}

static void set_hit(const struct report *r, json_t *o, const struct hit_record *h)
{
	set(o, "source", h->source);
	json_object_set_new(o, "list", json_string(h->list));
	set_number(o, "list_version", h->list_version);
	json_object_set_new(o, "entry", json_string(h->entry));
	json_object_set_new(o, "algorithm", json_string(h->algorithm));
	set_number(o, "distance", h->distance);
	set_number(o, "threshold", h->threshold);
	set(o, "variant", h->variant);
	set(o, "dialect", h->dialect);
	set(o, "category", h->category);
	set(o, "category_name", category_name(&r->categories, h->list, h->category));
	json_object_set_new(o, "labels", h->labels ? json_deep_copy(h->labels) : json_object());
	set(o, "action", h->action);
	if (h->partial)
		json_object_set_new(o, "partial", json_true());
	if (report_expired(r, h))
		json_object_set_new(o, "expired", json_true());
	set(o, "flood", report_flood(r, h));
	set(o, "tool_version", report_text(r, "tool_version"));
}

static void put(struct lines *l, json_t *object)
{
	size_t len;
	char *text = output_json_text(object, &len);

	fwrite(text, 1, len, l->out);
	free(text);
}

static bool on_file(void *ctx, const struct file_record *f)
{
	struct lines *l = ctx;

	for (size_t i = 0; i < f->n_hits; i++) {
		json_t *o = file_object(l->report, f, "hit");

		set_hit(l->report, o, &f->hits[i]);
		put(l, o);
	}
	if (!f->n_hits && f->verdict == RECORD_UNDETERMINED)
		put(l, file_object(l->report, f, "undetermined"));
	return !ferror(l->out);
}

bool report_lines(const struct report *r, FILE *out)
{
	struct lines l = {r, out};

	if (!report_each(r, on_file, &l))
		return false;
	if (r->summary)
		put(&l, json_incref(r->summary));
	return true;
}
