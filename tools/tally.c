/* SPDX-License-Identifier: Apache-2.0 */
#include "tally.h"

#include <string.h>

#include "cli.h"
#include "output.h"
#include "printable.h"
#include "stats.h"

void tally_file(struct tally_file *out, const struct finding *f)
{
	*out = (struct tally_file){
		.verdict = f->verdict,
		.perceptual = f->perceptual,
		.excluded = f->excluded,
		.allowed = f->allowed,
		.unreadable = f->decoded.class_ == TUTELA_DECODE_UNREADABLE,
		.bytes = f->decoded.size,
		.digest_ns = f->decoded.digest_ns,
		.decode_ns = f->decoded.decode_ns,
		.lookup_ns = f->lookup_ns,
	};
	for (size_t i = 0; i < f->hits.n; i++)
		if (finding_silences(f, &f->hits.items[i]))
			out->silenced++;
		else
			out->hits += f->hits.items[i].kind == TUTELA_LIST_KNOWN;
	memcpy(out->kind, f->kind, sizeof(out->kind));
}

static void add_reason(struct tally *t, const char *kind)
{
	size_t i = 0;

	while (i < t->n_reasons && strcmp(t->reasons[i].kind, kind) != 0)
		i++;
	if (i == TALLY_REASONS_MAX)
		return;
	if (i == t->n_reasons) {
		t->n_reasons++;
		memcpy(t->reasons[i].kind, kind, strlen(kind) + 1);
	}
	t->reasons[i].n++;
}

void tally_add(struct tally *t, const struct tally_file *f)
{
	t->files++;
	t->bytes += f->bytes;
	t->hits += f->hits;
	t->allowed += f->allowed;
	t->silenced += f->silenced;
	t->digest_ns += f->digest_ns;
	t->decode_ns += f->decode_ns;
	t->lookup_ns += f->lookup_ns;
	t->errors += f->unreadable;
	t->not_pictures += f->perceptual == PERCEPTUAL_NONE;
	t->low_quality += f->perceptual == PERCEPTUAL_LOW_QUALITY;
	if (f->verdict == VERDICT_MATCH) {
		t->match++;
	} else if (f->verdict == VERDICT_UNDETERMINED) {
		t->undetermined++;
		add_reason(t, f->kind);
	} else if (f->excluded) {
		t->excluded++;
	} else {
		t->no_match++;
	}
}

void tally_list(struct tally *t, json_t *list)
{
	if (!t->lists)
		t->lists = json_array();
	json_array_append_new(t->lists, list);
}

void tally_about(struct tally *t, const char *key, json_t *value)
{
	if (!t->about)
		t->about = json_object();
	json_object_set_new(t->about, key, value);
}

static void set(json_t *o, const char *key, uint64_t n)
{
	json_object_set_new(o, key, json_integer((json_int_t)n));
}

json_t *tally_json(const struct tally *t)
{
	json_t *o = json_object(), *reasons = json_object();

	for (size_t i = 0; i < t->n_reasons; i++)
		set(reasons, t->reasons[i].kind, t->reasons[i].n);
	json_object_set_new(o, "type", json_string("summary"));
	set(o, "files", t->files);
	set(o, "bytes", t->bytes);
	set(o, "match", t->match);
	set(o, "no_match", t->no_match);
	set(o, "undetermined", t->undetermined);
	set(o, "excluded", t->excluded);
	json_object_set_new(o, "seconds", json_real(t->seconds));
	json_object_set_new(o, "lists", t->lists ? json_incref(t->lists) : json_array());
	set(o, "hits", t->hits);
	set(o, "allowed", t->allowed);
	set(o, "allowed_hits", t->silenced);
	set(o, "not_pictures", t->not_pictures);
	set(o, "low_quality", t->low_quality);
	json_object_set_new(o, "undetermined_by_reason", reasons);
	set(o, "skipped_special", t->skipped_special);
	set(o, "skipped_links", t->skipped_links);
	set(o, "skipped_mounts", t->skipped_mounts);
	set(o, "skipped_filtered", t->skipped_filtered);
	set(o, "errors", t->errors);
	json_object_set_new(o, "flood", t->flood ? json_incref(t->flood) : json_array());
	json_object_set_new(o, "tool_version", json_string(TUTELA_VERSION));
	if (t->interrupted)
		json_object_set_new(o, "interrupted", json_true());
	if (t->failed)
		json_object_set_new(o, "failed", json_true());
	if (t->about)
		json_object_update(o, t->about);
	return o;
}

json_t *tally_stats(const struct tally *t, unsigned jobs)
{
	double digest = (double)t->digest_ns / 1e9, decode = (double)t->decode_ns / 1e9;
	double lookup = (double)t->lookup_ns / 1e9, idle = (double)jobs * t->seconds - digest - decode - lookup;

	return json_pack("{s:s, s:I, s:f, s:i, s:f, s:f, s:f, s:f, s:s}", "type", "stats", "files",
			 (json_int_t)t->files, "seconds", t->seconds, "jobs", (int)jobs, "read_digest_s", digest,
			 "decode_s", decode, "lookup_s", lookup, "idle_s", idle > 0 ? idle : 0.0, "isa", stats_isa());
}

static void row(const char *name, uint64_t n)
{
	char text[32];

	output_print("%-16s %14s\n", name, printable_count(n, text));
}

static void print_reasons(const struct tally *t)
{
	char n[32];

	for (size_t i = 0; i < t->n_reasons; i++)
		output_print("    %-22s %4s\n", t->reasons[i].kind, printable_count(t->reasons[i].n, n));
}

/* A row that says nothing is left out. */
static void row_if(const char *name, uint64_t n)
{
	if (n)
		row(name, n);
}

#define FLOOD_ROWS_MAX 10

/* Entries that match very many files. */
static void print_flood(const json_t *flood)
{
	const json_t *o;
	char n[32];
	size_t i;

	json_array_foreach(flood, i, o)
	{
		const char *entry = json_string_value(json_object_get(o, "entry"));
		char *shown = printable_name(entry, strlen(entry));

		output_print("%-16s %s, entry %s: %s files\n", i ? "" : "flood",
			     json_string_value(json_object_get(o, "list")), shown,
			     printable_count((uint64_t)json_integer_value(json_object_get(o, "files")), n));
		free(shown);
		if (i + 1 == FLOOD_ROWS_MAX)
			break;
	}
	if (json_array_size(flood) > FLOOD_ROWS_MAX)
		output_print("%-16s and %s more\n", "", printable_count(json_array_size(flood) - FLOOD_ROWS_MAX, n));
}

void tally_print(const struct tally *t)
{
	char text[32], size[32];
	const json_t *list;
	size_t i;

	output_print("\n----------- summary -----------\n");
	if (t->interrupted)
		output_print("interrupted\n");
	if (t->failed)
		output_print("broken off\n");
	row("files", t->files);
	row("  match", t->match);
	row("  no match", t->no_match);
	row("  undetermined", t->undetermined);
	print_reasons(t);
	row("  excluded", t->excluded);
	row("hits", t->hits);
	row_if("allowed", t->allowed);
	row_if("allowed hits", t->silenced);
	row_if("not pictures", t->not_pictures);
	row_if("low quality", t->low_quality);
	row_if("special files", t->skipped_special);
	row_if("links", t->skipped_links);
	row_if("file systems", t->skipped_mounts);
	row_if("left out", t->skipped_filtered);
	output_print("%-16s %14s\n", "read", printable_size(t->bytes, size));
	output_print("%-16s %14s\n", "time", printable_duration(t->seconds, text));
	json_array_foreach(t->lists, i, list) output_print(
		"%-16s %s, version %llu\n", i ? "" : "lists", json_string_value(json_object_get(list, "list")),
		(unsigned long long)json_integer_value(json_object_get(list, "version")));
	print_flood(t->flood);
}

int tally_status(const struct tally *t)
{
	if (t->match)
		return STATUS_MATCH;
	return t->undetermined || t->errors || t->interrupted || t->failed ? STATUS_TROUBLE : STATUS_OK;
}

void tally_free(struct tally *t)
{
	json_decref(t->lists);
	json_decref(t->flood);
	json_decref(t->about);
}
