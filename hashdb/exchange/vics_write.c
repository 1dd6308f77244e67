/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/vics_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/base64.h>

#include "base/utf8.h"
#include "exchange/utc_time.h"
#include "exchange/vics_fields.h"

static void print(void *ctx, const char *s, size_t len)
{
	tutela_writer_bytes(ctx, s, len);
}

bool tutela_vics_generator(struct tutela_writer *w, struct vics_gen *out)
{
	*out = (struct vics_gen){yajl_gen_alloc(NULL), w};
	if (out->y && yajl_gen_config(out->y, yajl_gen_print_callback, print, w))
		return true;
	if (out->y)
		yajl_gen_free(out->y);
	return false;
}

/* ------------------------------------------------------------------ members */

/* A generator refuses what would not be JSON; nothing here asks for that, so its answers say nothing. */
static void string(const struct vics_gen *g, const char *s, size_t len)
{
	(void)yajl_gen_string(g->y, (const unsigned char *)(len ? s : ""), len);
}

void tutela_vics_key(const struct vics_gen *g, const char *key)
{
	string(g, key, strlen(key));
}

void tutela_vics_text(const struct vics_gen *g, struct tutela_text t)
{
	char *copy;

	if (tutela_utf8_valid(t.s, t.len)) {
		string(g, t.s, t.len);
		return;
	}
	copy = malloc(t.len);
	if (!copy) {
		g->w->err = g->w->err ? g->w->err : TUTELA_E_NOMEM;
		return;
	}
	memcpy(copy, t.s, t.len);
	tutela_utf8_repair(copy, t.len);
	string(g, copy, t.len);
	free(copy);
}

void tutela_vics_member(const struct vics_gen *g, const char *key, struct tutela_text t)
{
	if (!t.len)
		return;
	tutela_vics_key(g, key);
	tutela_vics_text(g, t);
}

void tutela_vics_time(const struct vics_gen *g, const char *key, int64_t t)
{
	char text[UTC_TIME_TEXT];

	if (t > 0 && tutela_utc_format(t, text))
		tutela_vics_member(g, key, (struct tutela_text){text, strlen(text)});
}

/* ------------------------------------------------------------------ fingerprints */

static int by_value(const void *a, const void *b)
{
	const struct tutela_hash *x = a, *y = b;

	if (x->algorithm != y->algorithm)
		return x->algorithm < y->algorithm ? -1 : 1;
	return memcmp(x->bytes, y->bytes, x->len);
}

void tutela_vics_sort(struct tutela_hash *hashes, size_t n)
{
	if (n > 1)
		qsort(hashes, n, sizeof(*hashes), by_value);
}

static const struct tutela_hash *first_of(const struct tutela_hash *sorted, size_t n, enum tutela_algorithm algorithm)
{
	for (size_t i = 0; i < n; i++)
		if (sorted[i].algorithm == algorithm)
			return &sorted[i];
	return NULL;
}

const struct tutela_hash *tutela_vics_md5(const struct tutela_hash *sorted, size_t n)
{
	return first_of(sorted, n, TUTELA_ALG_MD5);
}

void tutela_vics_upper_hex(const struct tutela_hash *hash, char buf[TUTELA_HASH_TEXT_MAX])
{
	for (char *s = tutela_hash_format(hash, buf); *s; s++)
		if (*s >= 'a' && *s <= 'f')
			*s = (char)(*s - 'a' + 'A');
}

static void photodna(const struct vics_gen *g, const struct tutela_hash *hash)
{
	char text[BASE64_ENCODE_RAW_LENGTH(TUTELA_HASH_MAX)];

	base64_encode_raw(text, hash->len, hash->bytes);
	string(g, text, BASE64_ENCODE_RAW_LENGTH(hash->len));
}

static void value(const struct vics_gen *g, const struct tutela_hash *hash)
{
	char hex[TUTELA_HASH_TEXT_MAX];

	if (hash->algorithm == TUTELA_ALG_PHOTODNA) {
		photodna(g, hash);
		return;
	}
	/* Digests as VICS writes them; what others define, as they do. */
	if (hash->algorithm == TUTELA_ALG_MD5 || hash->algorithm == TUTELA_ALG_SHA1)
		tutela_vics_upper_hex(hash, hex);
	else
		tutela_hash_format(hash, hex);
	tutela_vics_key(g, hex);
}

static const char *hash_name(enum tutela_algorithm algorithm)
{
	switch (algorithm) {
	case TUTELA_ALG_MD5:
		return "MD5";
	case TUTELA_ALG_SHA1:
		return "SHA1";
	case TUTELA_ALG_SHA256:
		return "SHA256";
	case TUTELA_ALG_PDQ:
		return "PDQ";
	case TUTELA_ALG_PHOTODNA:
		return "PhotoDNA";
	default:
		return tutela_algorithm_get(algorithm)->name;
	}
}

/* MD5, SHA1 and PhotoDNA have a field for one value; the others go to AlternativeHashes, each with the medium's MD5. */
static const struct tutela_hash *field(const struct vics_gen *g, const struct vics_written *m,
				       enum tutela_algorithm algorithm)
{
	const struct tutela_hash *hash = first_of(m->fingerprints, m->n_fingerprints, algorithm);

	if (hash || algorithm == TUTELA_ALG_MD5)
		tutela_vics_key(g, hash_name(algorithm));
	if (hash)
		value(g, hash);
	else if (algorithm == TUTELA_ALG_MD5)
		tutela_vics_key(g, "");
	return hash;
}

static void md5_member(const struct vics_gen *g, const struct tutela_hash *md5)
{
	if (!md5)
		return;
	tutela_vics_key(g, "MD5");
	value(g, md5);
}

static void hashes(const struct vics_gen *g, const struct vics_written *m)
{
	const struct tutela_hash *const own[] = {field(g, m, TUTELA_ALG_MD5), field(g, m, TUTELA_ALG_SHA1),
						 field(g, m, TUTELA_ALG_PHOTODNA)};
	bool open = false;

	for (size_t i = 0; i < m->n_fingerprints; i++) {
		const struct tutela_hash *h = &m->fingerprints[i];

		if (h == own[0] || h == own[1] || h == own[2] || (i && !by_value(h - 1, h)))
			continue;
		if (!open) {
			tutela_vics_key(g, "AlternativeHashes");
			(void)yajl_gen_array_open(g->y);
		}
		open = true;
		(void)yajl_gen_map_open(g->y);
		md5_member(g, own[0]);
		tutela_vics_key(g, "HashName");
		tutela_vics_key(g, hash_name((enum tutela_algorithm)h->algorithm));
		tutela_vics_key(g, "HashValue");
		value(g, h);
		(void)yajl_gen_map_close(g->y);
	}
	if (open)
		(void)yajl_gen_array_close(g->y);
}

/* ------------------------------------------------------------------ labels */

static bool same(struct tutela_text t, const char *word)
{
	return t.len == strlen(word) && (!t.len || memcmp(t.s, word, t.len) == 0);
}

/* Would the reader make the same label of this field? */
static bool carries(enum vics_field f, struct tutela_text value, int64_t *number)
{
	const struct vics_name *n = &tutela_vics_names[f];
	char text[24];

	if (!value.len)
		return false;
	switch (n->kind) {
	case VICS_TEXT:
		return true;
	case VICS_BOOLEAN:
		return same(value, "true") || same(value, "false");
	case VICS_NUMBER:
	case VICS_SIZE:
		break;
	}
	if (!tutela_vics_number(value.s, value.len, number) || (*number < 0 && n->kind == VICS_SIZE))
		return false;
	(void)snprintf(text, sizeof(text), "%" PRId64, *number);
	return same(value, text);
}

/* The label that a field carries, or NULL. Of two with one key it is the first. */
static const struct tutela_label *carried(const struct vics_written *m, enum vics_field f, int64_t *number)
{
	for (size_t i = 0; i < m->n_labels; i++)
		if (same(m->labels[i].key, tutela_vics_names[f].label))
			return carries(f, m->labels[i].value, number) ? &m->labels[i] : NULL;
	return NULL;
}

static void label_fields(const struct vics_gen *g, const struct vics_written *m)
{
	for (int f = VICS_CATEGORY; f < VICS_FIELDS; f++) {
		int64_t number = 0;
		const struct tutela_label *label = carried(m, (enum vics_field)f, &number);

		if (!label)
			continue;
		tutela_vics_key(g, tutela_vics_names[f].name);
		if (tutela_vics_names[f].kind == VICS_BOOLEAN)
			(void)yajl_gen_bool(g->y, same(label->value, "true"));
		else if (tutela_vics_names[f].kind == VICS_TEXT)
			tutela_vics_text(g, label->value);
		else
			(void)yajl_gen_integer(g->y, number);
	}
}

static enum vics_field field_named(struct tutela_text key)
{
	for (int f = VICS_CATEGORY; f < VICS_FIELDS; f++)
		if (same(key, tutela_vics_names[f].label))
			return (enum vics_field)f;
	return VICS_OTHER;
}

static bool alone(const struct vics_written *m, size_t i)
{
	struct tutela_text key = m->labels[i].key;

	for (size_t k = 0; k < m->n_labels; k++)
		if (k != i && m->labels[k].key.len == key.len && memcmp(m->labels[k].key.s, key.s, key.len) == 0)
			return false;
	return true;
}

/*
 * How many labels, from the first on, their fields say, and in this order. The
 * reader takes properties behind fields and instead of them, so that the
 * labels of all come back as they were.
 */
static size_t said_by_fields(const struct vics_written *m)
{
	enum vics_field last = VICS_OTHER;
	int64_t number;

	for (size_t i = 0; i < m->n_labels; i++) {
		enum vics_field f = field_named(m->labels[i].key);

		if (f <= last || !carries(f, m->labels[i].value, &number) || !alone(m, i))
			return i;
		last = f;
	}
	return m->n_labels;
}

static void property(const struct vics_gen *g, const struct tutela_hash *md5, bool *open, const char *name,
		     struct tutela_text t)
{
	if (!*open) {
		tutela_vics_key(g, "MediaMetadata");
		(void)yajl_gen_array_open(g->y);
	}
	*open = true;
	(void)yajl_gen_map_open(g->y);
	md5_member(g, md5);
	tutela_vics_key(g, "PropertyName");
	tutela_vics_text(g, (struct tutela_text){name, strlen(name)});
	tutela_vics_key(g, "PropertyValue");
	tutela_vics_text(g, t);
	(void)yajl_gen_map_close(g->y);
}

/* What VICS has no field for, or not in this order. */
static void properties(const struct vics_gen *g, const struct vics_written *m)
{
	const struct tutela_hash *md5 = tutela_vics_md5(m->fingerprints, m->n_fingerprints);
	char name[sizeof(VICS_OWN_LABEL) + TUTELA_LABEL_KEY_MAX];
	bool open = false;

	if (m->own_id.len)
		property(g, md5, &open, VICS_OWN_ID, m->own_id);
	for (size_t i = said_by_fields(m); i < m->n_labels; i++) {
		struct tutela_text key = m->labels[i].key;

		if (!key.len || key.len > TUTELA_LABEL_KEY_MAX)
			continue;
		(void)snprintf(name, sizeof(name), VICS_OWN_LABEL "%.*s", (int)key.len, key.s);
		property(g, md5, &open, name, m->labels[i].value);
	}
	if (open)
		(void)yajl_gen_array_close(g->y);
}

void tutela_vics_medium_fields(const struct vics_gen *g, const struct vics_written *m)
{
	tutela_vics_key(g, tutela_vics_names[VICS_MEDIA_ID].name);
	(void)yajl_gen_integer(g->y, m->media_id);
	hashes(g, m);
	tutela_vics_time(g, tutela_vics_names[VICS_DATE_UPDATED].name, m->time);
	label_fields(g, m);
	properties(g, m);
}
