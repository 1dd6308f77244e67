/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of a bundle taken apart: every member is looked at before it is believed. */
#include "trust/bundle_format.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "exchange/json_load.h"
#include "exchange/utc_time.h"
#include "store/schema.h"
#include "trust/hex_text.h"

/* A text being taken apart: the first thing that is wrong stays. */
struct parse {
	const char *name; /* of the file */
	char *why;
	enum tutela_err err;
};

static void bad(struct parse *p, enum tutela_err err, const char *what, const char *key)
{
	if (!p->err)
		p->err = tutela_bundle_fail(p->why, err, "'%.*s': '%s' %s", BUNDLE_NAME_MAX, p->name, key, what);
}

static uint64_t get_number(struct parse *p, json_t *o, const char *key, uint64_t least, uint64_t most)
{
	json_t *v = json_object_get(o, key);
	json_int_t n = json_integer_value(v);

	if (json_is_integer(v) && n >= 0 && (uint64_t)n >= least && (uint64_t)n <= most)
		return (uint64_t)n;
	bad(p, TUTELA_E_FORMAT, "is not there, or out of range", key);
	return least;
}

/* A string without NUL inside; "" when it is none. */
static const char *get_text(struct parse *p, json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	if (json_is_string(v) && strlen(json_string_value(v)) == json_string_length(v))
		return json_string_value(v);
	bad(p, TUTELA_E_FORMAT, "is not there, or no text", key);
	return "";
}

static int64_t get_time(struct parse *p, json_t *o, const char *key)
{
	const char *text = get_text(p, o, key);
	char only[UTC_TIME_TEXT] = "";
	int64_t t = 0;

	/* One way to write it, of the many that could be read. */
	if (!p->err &&
	    (!tutela_utc_parse(text, strlen(text), &t) || !t || !tutela_utc_format(t, only) || strcmp(text, only)))
		bad(p, TUTELA_E_FORMAT, "is no time like 2031-01-02T03:04:05Z", key);
	return t;
}

static void get_hex(struct parse *p, json_t *o, const char *key, uint8_t *out, size_t len)
{
	const char *text = get_text(p, o, key);

	if (!p->err && hex_text_read(text, strlen(text), out, len))
		return;
	memset(out, 0, len);
	bad(p, TUTELA_E_FORMAT, "is no digest in lower-case hexadecimal digits", key);
}

static void get_name(struct parse *p, json_t *o, const char *key, char *out)
{
	const char *text = get_text(p, o, key);

	if (!p->err && !tutela_bundle_name_plain(text))
		bad(p, TUTELA_E_REFUSED, "is not a plain file name", key);
	else if (!p->err)
		strcpy(out, text);
}

static void get_list(struct parse *p, json_t *o, const char *key, char *out)
{
	const char *text = get_text(p, o, key);

	if (!p->err && !tutela_schema_name_valid(text))
		bad(p, TUTELA_E_FORMAT, "cannot be the name of a list or source", key);
	else if (!p->err)
		strcpy(out, text);
}

/* The array of a key, with at most `most` elements; n gets 0 when it is none. */
static json_t *get_array(struct parse *p, json_t *o, const char *key, size_t most, size_t *n)
{
	json_t *v = json_object_get(o, key);

	*n = 0;
	if (!json_is_array(v))
		bad(p, TUTELA_E_FORMAT, "is not there, or no array", key);
	else if (json_array_size(v) > most)
		bad(p, TUTELA_E_TOOBIG, "has too many elements", key);
	else
		*n = json_array_size(v);
	return v;
}

/* The whole text as one object of this type; NULL when something is wrong. */
static json_t *open_text(struct parse *p, const char *text, size_t len, const char *type, size_t most)
{
	struct json_place where;
	json_t *o;

	*p->why = '\0';
	if (len > most) {
		p->err = tutela_bundle_fail(p->why, TUTELA_E_TOOBIG, "'%.*s' is longer than %zu bytes", BUNDLE_NAME_MAX,
					    p->name, most);
		return NULL;
	}
	p->err = tutela_json_load(text, len, JSON_REJECT_DUPLICATES, &o, &where);
	if (p->err == TUTELA_E_FORMAT && where.line)
		(void)tutela_bundle_fail(p->why, p->err, "'%.*s' is no JSON object: %s in line %d, column %d",
					 BUNDLE_NAME_MAX, p->name, where.twice ? "it has a key twice," : "it is broken",
					 where.line, where.column);
	else if (p->err == TUTELA_E_FORMAT)
		(void)tutela_bundle_fail(p->why, p->err, "'%.*s' is no JSON object: another value", BUNDLE_NAME_MAX,
					 p->name);
	if (p->err)
		return NULL;
	if (strcmp(get_text(p, o, "type"), type) && !p->err)
		bad(p, TUTELA_E_FORMAT, "says that this is something else", "type");
	if (get_number(p, o, "format", 0, INT32_MAX) != BUNDLE_FORMAT && !p->err)
		bad(p, TUTELA_E_VERSION, "is one that this version does not know", "format");
	return o;
}

static enum tutela_err close_text(struct parse *p, json_t *o)
{
	json_decref(o);
	return p->err;
}

static void check_dates(struct parse *p, int64_t issued, int64_t expires)
{
	if (!p->err && expires < issued)
		bad(p, TUTELA_E_FORMAT, "is before it was issued", "expires");
}

/* ------------------------------------------------------------------ root */

/* The same key twice, by whatever number, would make a threshold worth less than it says. */
static bool has_key(const struct bundle_role *role, const struct tutela_public_key *key)
{
	for (size_t i = 0; i < role->n; i++)
		if (!memcmp(role->keys[i].id, key->id, sizeof key->id) ||
		    !memcmp(role->keys[i].key, key->key, sizeof key->key))
			return true;
	return false;
}

static void get_role(struct parse *p, json_t *o, const char *keys, const char *threshold, struct bundle_role *out)
{
	size_t n;
	json_t *array = get_array(p, o, keys, BUNDLE_KEYS_MAX, &n);

	for (size_t i = 0; i < n && !p->err; i++) {
		const char *text = json_string_value(json_array_get(array, i));
		struct tutela_public_key key;

		if (!text || strlen(text) != TUTELA_PUBLIC_KEY_TEXT ||
		    tutela_public_key_parse(text, TUTELA_PUBLIC_KEY_TEXT, &key))
			bad(p, TUTELA_E_FORMAT, "has an element that is no public key", keys);
		else if (has_key(out, &key))
			bad(p, TUTELA_E_FORMAT, "has the same key twice", keys);
		else
			out->keys[out->n++] = key;
	}
	if (!p->err && !out->n)
		bad(p, TUTELA_E_FORMAT, "is empty", keys);
	out->threshold = (uint32_t)get_number(p, o, threshold, 1, out->n ? out->n : 1);
}

enum tutela_err tutela_bundle_root_parse(const char *text, size_t len, const char *name, struct bundle_root *out,
					 char *why)
{
	struct parse p = {.name = name, .why = why};
	json_t *o = open_text(&p, text, len, "tutela-root", BUNDLE_ROOT_MAX);

	memset(out, 0, sizeof *out);
	if (o && !p.err) {
		out->version = get_number(&p, o, "version", 1, INT64_MAX);
		out->issued = get_time(&p, o, "issued");
		out->expires = get_time(&p, o, "expires");
		check_dates(&p, out->issued, out->expires);
		get_role(&p, o, "root_keys", "root_threshold", &out->root);
		get_role(&p, o, "keys", "threshold", &out->lists);
	}
	return close_text(&p, o);
}

/* ------------------------------------------------------------------ index */

static void get_row(struct parse *p, json_t *o, struct bundle_row *out)
{
	if (!json_is_object(o)) {
		bad(p, TUTELA_E_FORMAT, "has an element that is no object", "lists");
		return;
	}
	get_list(p, o, "list", out->list);
	out->version = get_number(p, o, "version", 1, INT64_MAX);
	get_name(p, o, "manifest", out->manifest);
	out->length = get_number(p, o, "length", 2, BUNDLE_MANIFEST_MAX);
	get_hex(p, o, "sha256", out->sha256, sizeof out->sha256);
}

enum tutela_err tutela_bundle_index_parse(const char *text, size_t len, const char *name, struct bundle_index *out,
					  char *why)
{
	struct parse p = {.name = name, .why = why};
	json_t *o = open_text(&p, text, len, "tutela-index", BUNDLE_INDEX_MAX), *rows;
	size_t n;

	memset(out, 0, sizeof *out);
	if (o && !p.err) {
		out->version = get_number(&p, o, "version", 1, INT64_MAX);
		out->root = get_number(&p, o, "root", 1, INT64_MAX);
		out->issued = get_time(&p, o, "issued");
		out->expires = get_time(&p, o, "expires");
		check_dates(&p, out->issued, out->expires);
		rows = get_array(&p, o, "lists", BUNDLE_LISTS_MAX, &n);
		out->rows = tutela_mem_array(n, sizeof *out->rows);
		if (!out->rows)
			p.err = tutela_bundle_fail(why, TUTELA_E_NOMEM, "%s", tutela_strerror(TUTELA_E_NOMEM));
		for (size_t i = 0; i < n && !p.err; i++) {
			get_row(&p, json_array_get(rows, i), &out->rows[i]);
			/* In order of name, so that no list is there twice. */
			if (!p.err && i && strcmp(out->rows[i - 1].list, out->rows[i].list) >= 0)
				bad(&p, TUTELA_E_FORMAT, "is not in order of name", "lists");
			out->n = i + 1;
		}
	}
	if (p.err)
		tutela_bundle_index_free(out);
	return close_text(&p, o);
}

void tutela_bundle_index_free(struct bundle_index *index)
{
	free(index->rows);
	memset(index, 0, sizeof *index);
}

/* ------------------------------------------------------------------ manifest */

static void get_file(struct parse *p, json_t *o, uint64_t newest, struct bundle_file *out)
{
	if (!json_is_object(o)) {
		bad(p, TUTELA_E_FORMAT, "has an element that is no object", "files");
		return;
	}
	get_name(p, o, "name", out->name);
	out->base = json_object_get(o, "base") ? get_number(p, o, "base", 1, newest - 1) : 0;
	out->version = get_number(p, o, "version", out->base + 1, newest);
	out->length = get_number(p, o, "length", 1, BUNDLE_LENGTH_MAX);
	get_hex(p, o, "sha256", out->sha256, sizeof out->sha256);
	out->plain = get_number(p, o, "plain_length", 0, BUNDLE_LENGTH_MAX);
	out->records = get_number(p, o, "records", 0, INT64_MAX);
	out->withdrawn = json_object_get(o, "withdrawn") ? get_number(p, o, "withdrawn", 0, INT64_MAX) : 0;
}

static void get_files(struct parse *p, json_t *o, struct bundle_manifest *out)
{
	json_t *files = get_array(p, o, "files", BUNDLE_FILES_MAX, &out->n_files);

	if (!p->err && !out->n_files)
		bad(p, TUTELA_E_FORMAT, "is empty", "files");
	for (size_t i = 0; i < out->n_files && !p->err; i++)
		get_file(p, json_array_get(files, i), out->version, &out->files[i]);
}

static void get_origins(struct parse *p, json_t *o, struct bundle_manifest *out)
{
	json_t *origins = json_object_get(o, "origins");

	if (origins)
		origins = get_array(p, o, "origins", BUNDLE_ORIGINS_MAX, &out->n_origins);
	for (size_t i = 0; i < out->n_origins && !p->err; i++) {
		json_t *one = json_array_get(origins, i);

		get_list(p, one, "source", out->origins[i].source);
		get_list(p, one, "list", out->origins[i].list);
		out->origins[i].version = get_number(p, one, "version", 1, INT64_MAX);
		out->origins[i].issued = get_time(p, one, "issued");
	}
}

static void read_mark(struct parse *p, json_t *mark, struct bundle_manifest *out)
{
	json_t *versions;
	const char *store = get_text(p, mark, "store");

	if (!p->err && strlen(store) != sizeof out->store - 1)
		bad(p, TUTELA_E_FORMAT, "is no number of a store", "store");
	if (!p->err)
		strcpy(out->store, store);
	out->list_number = (uint32_t)get_number(p, mark, "list", 1, UINT32_MAX);
	versions = get_array(p, mark, "versions", BUNDLE_MARKS_MAX, &out->n_marks);
	for (size_t i = 0; i < out->n_marks && !p->err; i++) {
		json_t *one = json_array_get(versions, i);

		out->marks[i].version = get_number(p, one, "version", i ? out->marks[i - 1].version + 1 : 1, INT64_MAX);
		out->marks[i].next_entry = (uint32_t)get_number(p, one, "entry", 1, UINT32_MAX);
	}
}

/* Whatever is not of this form is the mark of another publisher, and no business of ours. */
static void get_mark(json_t *o, struct bundle_manifest *out)
{
	char unsaid[BUNDLE_WHY_MAX];
	struct parse p = {.name = "", .why = unsaid};

	read_mark(&p, json_object_get(o, "mark"), out);
	if (!p.err)
		return;
	out->store[0] = '\0';
	out->list_number = 0;
	out->n_marks = 0;
}

static void get_fingerprints(struct parse *p, json_t *o, struct bundle_manifest *out)
{
	json_t *counts = json_object_get(o, "fingerprints"), *v;
	const char *key;

	if (!json_is_object(counts)) {
		bad(p, TUTELA_E_FORMAT, "is not there, or no object", "fingerprints");
		return;
	}
	json_object_foreach(counts, key, v)
	{
		const struct tutela_algorithm_info *info = tutela_algorithm_find(key);

		if (info)
			out->fingerprints[info->id] = get_number(p, counts, key, 0, INT64_MAX);
	}
}

enum tutela_err tutela_bundle_manifest_parse(const char *text, size_t len, const char *name,
					     struct bundle_manifest *out, char *why)
{
	struct parse p = {.name = name, .why = why};
	json_t *o = open_text(&p, text, len, "tutela-list", BUNDLE_MANIFEST_MAX);

	memset(out, 0, sizeof *out);
	if (o && !p.err) {
		get_list(&p, o, "list", out->list);
		out->version = get_number(&p, o, "version", 1, INT64_MAX);
		out->issued = get_time(&p, o, "issued");
		out->expires = get_time(&p, o, "expires");
		check_dates(&p, out->issued, out->expires);
		/* What silences hits is the operator's own to say. */
		if (!tutela_list_kind_parse(get_text(&p, o, "kind"), &out->kind) || out->kind == TUTELA_LIST_ALLOW)
			bad(&p, TUTELA_E_FORMAT, "is not one of known, exclude", "kind");
		get_hex(&p, o, "digest", out->digest, sizeof out->digest);
		out->active = get_number(&p, o, "active", 0, INT64_MAX);
		out->disputed = get_number(&p, o, "disputed", 0, INT64_MAX);
		get_fingerprints(&p, o, out);
		get_origins(&p, o, out);
		get_files(&p, o, out);
		get_mark(o, out);
	}
	return close_text(&p, o);
}
