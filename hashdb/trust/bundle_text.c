/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of a bundle as they are written. */
#include "trust/bundle_format.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/json_dump.h"
#include "exchange/utc_time.h"

/* Setting fails when the value or memory is missing; the texts are made only if nothing failed. */
static int set(json_t *o, const char *key, json_t *v)
{
	return json_object_set_new(o, key, v);
}

static int set_number(json_t *o, const char *key, uint64_t v)
{
	return v > INT64_MAX ? -1 : set(o, key, json_integer((json_int_t)v));
}

static int set_time(json_t *o, const char *key, int64_t t)
{
	char text[UTC_TIME_TEXT];

	return tutela_utc_format(t, text) ? set(o, key, json_string(text)) : -1;
}

static int set_hex(json_t *o, const char *key, const uint8_t *bytes, size_t len)
{
	char text[2 * 32 + 1];

	tutela_bundle_hex(bytes, len, text);
	return set(o, key, json_string(text));
}

static json_t *head(const char *type)
{
	json_t *o = json_object();

	if (o && (set(o, "type", json_string(type)) || set_number(o, "format", BUNDLE_FORMAT))) {
		json_decref(o);
		return NULL;
	}
	return o;
}

/* Ends the writing of o, which `rc` says went well. */
static enum tutela_err finish(json_t *o, int rc, size_t most, char **out, size_t *len)
{
	char *text = o && !rc ? tutela_json_dump(o, JSON_INDENT(1), len) : NULL;

	*out = NULL;
	json_decref(o);
	if (!text) {
		*len = 0;
		return TUTELA_E_NOMEM;
	}
	/* The NUL gives its place to a line feed: a text file ends with one. */
	text[(*len)++] = '\n';
	if (*len > most) {
		free(text);
		*len = 0;
		return TUTELA_E_TOOBIG;
	}
	*out = text;
	return TUTELA_OK;
}

static int set_role(json_t *o, const char *keys, const char *threshold, const struct bundle_role *role)
{
	json_t *array = json_array();
	int rc = set(o, keys, array);

	for (size_t i = 0; i < role->n && !rc; i++) {
		char text[TUTELA_PUBLIC_KEY_TEXT + 1];

		tutela_public_key_text(&role->keys[i], text);
		rc = json_array_append_new(array, json_string(text));
	}
	return rc | set_number(o, threshold, role->threshold);
}

enum tutela_err tutela_bundle_root_text(const struct bundle_root *root, char **out, size_t *len)
{
	json_t *o = head("tutela-root");
	int rc = set_number(o, "version", root->version);

	rc |= set_time(o, "issued", root->issued);
	rc |= set_time(o, "expires", root->expires);
	rc |= set_role(o, "root_keys", "root_threshold", &root->root);
	rc |= set_role(o, "keys", "threshold", &root->lists);
	return finish(o, rc, BUNDLE_ROOT_MAX, out, len);
}

static json_t *row_object(const struct bundle_row *row)
{
	json_t *o = json_object();
	int rc = set(o, "list", json_string(row->list));

	rc |= set_number(o, "version", row->version);
	rc |= set(o, "manifest", json_string(row->manifest));
	rc |= set_number(o, "length", row->length);
	rc |= set_hex(o, "sha256", row->sha256, sizeof row->sha256);
	if (!rc)
		return o;
	json_decref(o);
	return NULL;
}

enum tutela_err tutela_bundle_index_text(const struct bundle_index *index, char **out, size_t *len)
{
	json_t *o = head("tutela-index"), *rows = json_array();
	int rc = set_number(o, "version", index->version);

	rc |= set_number(o, "root", index->root);
	rc |= set_time(o, "issued", index->issued);
	rc |= set_time(o, "expires", index->expires);
	rc |= set(o, "lists", rows);
	for (size_t i = 0; i < index->n && !rc; i++)
		rc = json_array_append_new(rows, row_object(&index->rows[i]));
	return finish(o, rc, BUNDLE_INDEX_MAX, out, len);
}

static json_t *file_object(const struct bundle_file *f)
{
	json_t *o = json_object();
	int rc = set(o, "name", json_string(f->name));

	rc |= f->base ? set_number(o, "base", f->base) : 0;
	rc |= set_number(o, "version", f->version);
	rc |= set_number(o, "length", f->length);
	rc |= set_hex(o, "sha256", f->sha256, sizeof f->sha256);
	rc |= set_number(o, "plain_length", f->plain);
	rc |= set_number(o, "records", f->records);
	rc |= f->base ? set_number(o, "withdrawn", f->withdrawn) : 0;
	if (!rc)
		return o;
	json_decref(o);
	return NULL;
}

static int set_origins(json_t *o, const struct bundle_manifest *m)
{
	json_t *array = json_array();
	int rc = set(o, "origins", array);

	for (size_t i = 0; i < m->n_origins && !rc; i++) {
		const struct bundle_origin *from = &m->origins[i];
		json_t *one = json_object();

		rc |= set(one, "source", json_string(from->source));
		rc |= set(one, "list", json_string(from->list));
		rc |= set_number(one, "version", from->version);
		rc |= set_time(one, "issued", from->issued);
		rc |= json_array_append_new(array, one);
	}
	return rc;
}

/* What is not complete is not yet part of anything: setting frees what it cannot take. */
static int set_marks(json_t *o, const struct bundle_manifest *m)
{
	json_t *mark = json_object(), *versions = json_array();
	int rc = set(mark, "store", json_string(m->store));

	rc |= set_number(mark, "list", m->list_number);
	for (size_t i = 0; i < m->n_marks && !rc; i++) {
		json_t *one = json_object();

		rc |= set_number(one, "version", m->marks[i].version);
		rc |= set_number(one, "entry", m->marks[i].next_entry);
		rc |= json_array_append_new(versions, one);
	}
	rc |= set(mark, "versions", versions);
	return rc | set(o, "mark", mark);
}

static int set_fingerprints(json_t *o, const struct bundle_manifest *m)
{
	json_t *counts = json_object();
	const struct tutela_algorithm_info *info;
	int rc = set(o, "fingerprints", counts);

	for (size_t i = 0; (info = tutela_algorithm_at(i)) && !rc; i++)
		if (m->fingerprints[info->id])
			rc = set_number(counts, info->name, m->fingerprints[info->id]);
	return rc;
}

enum tutela_err tutela_bundle_manifest_text(const struct bundle_manifest *m, char **out, size_t *len)
{
	json_t *o = head("tutela-list"), *files = json_array();
	int rc = set(o, "list", json_string(m->list));

	rc |= set_number(o, "version", m->version);
	rc |= set_time(o, "issued", m->issued);
	rc |= set_time(o, "expires", m->expires);
	rc |= set(o, "kind", json_string(tutela_list_kind_name(m->kind)));
	rc |= set_hex(o, "digest", m->digest, sizeof m->digest);
	rc |= set_number(o, "active", m->active);
	rc |= set_number(o, "disputed", m->disputed);
	rc |= set_fingerprints(o, m);
	rc |= m->n_origins ? set_origins(o, m) : 0;
	rc |= set(o, "files", files);
	for (size_t i = 0; i < m->n_files && !rc; i++)
		rc = json_array_append_new(files, file_object(&m->files[i]));
	rc |= m->store[0] ? set_marks(o, m) : 0;
	return finish(o, rc, BUNDLE_MANIFEST_MAX, out, len);
}
