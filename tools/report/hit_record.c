/* SPDX-License-Identifier: Apache-2.0 */
#include "report/hit_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_lines.h"
#include "memory.h"

/* What is wrong with the line that is being read: the first thing that was found. */
struct fault {
	char text[128];
};

static void blame(struct fault *f, const char *what, const char *key)
{
	if (!f->text[0])
		snprintf(f->text, sizeof(f->text), "%s: '%s'", what, key);
}

static const char *text_at(const json_t *o, const char *key, bool needed, struct fault *fault)
{
	const json_t *v = json_object_get(o, key);

	if (json_is_string(v))
		return json_string_value(v);
	if (v)
		blame(fault, "is not a string", key);
	else if (needed)
		blame(fault, "is missing", key);
	return "";
}

static uint64_t number_at(const json_t *o, const char *key, uint64_t most, struct fault *fault)
{
	const json_t *v = json_object_get(o, key);

	if (!v)
		return 0;
	if (!json_is_integer(v) || json_integer_value(v) < 0 || (uint64_t)json_integer_value(v) > most) {
		blame(fault, "is not a number in its range", key);
		return 0;
	}
	return (uint64_t)json_integer_value(v);
}

static bool flag_at(const json_t *o, const char *key, struct fault *fault)
{
	const json_t *v = json_object_get(o, key);

	if (v && !json_is_boolean(v))
		blame(fault, "is neither true nor false", key);
	return json_is_true(v);
}

/* Lower-case hex: of `digits` digits, or of any even number. */
static const char *hex_at(const json_t *o, const char *key, size_t digits, struct fault *fault)
{
	const char *s = text_at(o, key, false, fault);
	size_t len = strlen(s);

	if (strspn(s, "0123456789abcdef") != len || (len && digits ? len != digits : len % 2 != 0)) {
		blame(fault, "is not what it should be in hex", key);
		return "";
	}
	return s;
}

static void read_labels(const json_t *o, struct hit_record *hit, struct fault *fault)
{
	json_t *labels = json_object_get(o, "labels"), *value;
	const char *key;

	hit->category = "";
	if (!labels)
		return;
	if (!json_is_object(labels)) {
		blame(fault, "is not an object", "labels");
		return;
	}
	json_object_foreach(labels, key, value)
	{
		if (!json_is_string(value))
			blame(fault, "is not a string", key);
	}
	hit->labels = json_object_size(labels) ? labels : NULL;
	hit->category = text_at(labels, "category", false, fault);
}

static void read_hit(const json_t *o, struct hit_record *hit, struct fault *fault)
{
	if (!json_is_object(o))
		blame(fault, "is not an object", "hits");
	hit->source = text_at(o, "source", false, fault);
	hit->list = text_at(o, "list", true, fault);
	hit->entry = text_at(o, "entry", true, fault);
	hit->algorithm = text_at(o, "algorithm", true, fault);
	hit->variant = text_at(o, "variant", false, fault);
	hit->dialect = text_at(o, "dialect", false, fault);
	hit->action = text_at(o, "action", false, fault);
	hit->list_version = number_at(o, "list_version", INT64_MAX, fault);
	hit->distance = number_at(o, "distance", UINT32_MAX, fault);
	hit->threshold = number_at(o, "threshold", UINT32_MAX, fault);
	hit->partial = flag_at(o, "partial", fault);
	hit->expired = flag_at(o, "expired", fault);
	hit->flood = flag_at(o, "flood", fault);
	read_labels(o, hit, fault);
}

/* Allocated, or NULL. */
static struct hit_record *read_hits(const json_t *o, struct file_record *rec, struct fault *fault)
{
	const json_t *hits = json_object_get(o, "hits");
	struct hit_record *out;

	if (hits && !json_is_array(hits))
		blame(fault, "is not an array", "hits");
	if (json_array_size(hits) > RECORD_HITS_MAX)
		blame(fault, "has too many elements", "hits");
	if (fault->text[0] || !json_array_size(hits))
		return NULL;
	rec->n_hits = json_array_size(hits);
	out = memory_array(rec->n_hits, sizeof(*out));
	for (size_t i = 0; i < rec->n_hits; i++)
		read_hit(json_array_get(hits, i), &out[i], fault);
	return out;
}

static const char *const verdicts[] = {"no-match", "match", "undetermined"};

const char *record_verdict_name(enum record_verdict v)
{
	return verdicts[v];
}

static void read_verdict(const json_t *o, struct file_record *rec, struct fault *fault)
{
	const char *word = text_at(o, "verdict", true, fault);
	int v = 2;

	while (v >= 0 && strcmp(word, verdicts[v]) != 0)
		v--;
	if (v < 0)
		blame(fault, "is no verdict", "verdict");
	else
		rec->verdict = (enum record_verdict)v;
	if (rec->verdict == RECORD_UNDETERMINED && !rec->reason[0])
		blame(fault, "is missing", "reason");
}

static void read_digests(const json_t *o, struct file_record *rec, struct fault *fault)
{
	rec->md5 = hex_at(o, "md5", 32, fault);
	rec->sha1 = hex_at(o, "sha1", 40, fault);
	rec->sha256 = hex_at(o, "sha256", 64, fault);
	rec->pdq = hex_at(o, "pdq", 64, fault);
	rec->pdq_full = hex_at(o, "pdq_full", 64, fault);
	rec->pdq_quality = json_object_get(o, "pdq_quality") ? (int)number_at(o, "pdq_quality", 100, fault) : -1;
}

static bool read_file(const json_t *o, const struct record_line *line, const struct record_reader *reader,
		      struct record_count *count, struct fault *fault)
{
	struct file_record rec = {.line = line->number, .begin = line->begin, .len = line->len};
	struct hit_record *hits;
	bool go = true;

	rec.path = text_at(o, "path", true, fault);
	rec.path_bytes = hex_at(o, "path_bytes", 0, fault);
	rec.evidence = text_at(o, "evidence", false, fault);
	rec.format = text_at(o, "format", false, fault);
	rec.reason = text_at(o, "reason", false, fault);
	rec.perceptual = text_at(o, "perceptual", false, fault);
	rec.size = number_at(o, "size", INT64_MAX, fault);
	rec.width = number_at(o, "width", UINT32_MAX, fault);
	rec.height = number_at(o, "height", UINT32_MAX, fault);
	rec.excluded = flag_at(o, "excluded", fault);
	rec.limited = flag_at(o, "hits_limited", fault);
	read_digests(o, &rec, fault);
	read_verdict(o, &rec, fault);
	hits = read_hits(o, &rec, fault);
	rec.hits = hits;
	if (rec.verdict == RECORD_MATCH && !rec.n_hits)
		blame(fault, "is empty beside a match", "hits");
	if (!fault->text[0]) {
		count->files++;
		if (reader->file)
			go = reader->file(reader->ctx, &rec);
	}
	free(hits);
	return go;
}

static bool read_object(json_t *o, const struct record_line *line, const struct record_reader *reader,
			struct record_count *count, struct fault *fault)
{
	const char *type = text_at(o, "type", true, fault);

	if (fault->text[0])
		return true;
	if (strcmp(type, "file") == 0)
		return read_file(o, line, reader, count, fault);
	if (strcmp(type, "summary") != 0) {
		count->other++;
		return true;
	}
	if (count->summaries++) {
		snprintf(fault->text, sizeof(fault->text), "a second summary: a report is of one scan");
		return true;
	}
	return !reader->summary || reader->summary(reader->ctx, o);
}

bool record_read_line(const struct record_line *line, const struct record_reader *reader, struct record_count *count)
{
	struct fault fault = {""};
	json_error_t error;
	json_t *o = NULL;
	bool go = true;

	count->lines++;
	if (!line->text)
		snprintf(fault.text, sizeof(fault.text), "longer than %zu MiB", JSON_LINE_MAX >> 20);
	else
		o = json_loadb(line->text, line->len, JSON_REJECT_DUPLICATES, &error);
	if (line->text && !json_is_object(o))
		snprintf(fault.text, sizeof(fault.text), "not a JSON object");
	else if (line->text)
		go = read_object(o, line, reader, count, &fault);
	if (fault.text[0]) {
		count->bad++;
		if (reader->bad)
			reader->bad(reader->ctx, line->number, fault.text);
	}
	json_decref(o);
	return go;
}

bool record_read(int fd, const struct record_reader *reader, struct record_count *count)
{
	struct json_lines lines = {.fd = fd, .seen = reader->seen, .ctx = reader->ctx};
	bool go = true;

	*count = (struct record_count){0};
	while (go && json_lines_next(&lines)) {
		const struct record_line line = {lines.text, lines.len, lines.number, lines.begin};

		go = record_read_line(&line, reader, count);
	}
	count->torn = lines.torn;
	count->error = lines.error;
	json_lines_free(&lines);
	return go && !count->error;
}

const char *record_reason_kind(const char *reason, char *out)
{
	size_t len = strcspn(reason, ":");

	if (!reason[len] || len >= 24)
		return memcpy(out, "other", 6);
	memcpy(out, reason, len);
	out[len] = '\0';
	return out;
}
