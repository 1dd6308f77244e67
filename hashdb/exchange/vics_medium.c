/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/vics_medium.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/csv_columns.h"
#include "exchange/line_splitter.h"
#include "exchange/photodna_text.h"
#include "exchange/utc_time.h"
#include "exchange/vics_write.h"
#include "base/utf8.h"

#define KEPT_MAX   ((size_t)256 << 10) /* above 16 fingerprints and 32 labels of 4,096 bytes */
#define NUMBER_MAX 24
#define TOO_LONG   "a text is longer than " RECORD_NUMBER(TUTELA_TEXT_MAX) " bytes: left out"

void tutela_vics_medium_start(struct vics_medium *m)
{
	memset(m->fields, 0, sizeof(m->fields));
	m->id = (struct vics_slot){0};
	m->used = 0;
	m->n_hashes = m->n_labels = 0;
	m->refused = m->shortened = NULL;
}

void tutela_vics_medium_fini(struct vics_medium *m)
{
	free(m->kept);
	m->kept = NULL;
}

static void refuse(struct vics_medium *m, const char *why)
{
	m->refused = m->refused ? m->refused : why;
}

/* ------------------------------------------------------------------ collecting */

static enum tutela_err keep(struct vics_medium *m, const char *s, size_t len, struct vics_slot *out)
{
	*out = (struct vics_slot){0};
	if (len > TUTELA_TEXT_MAX) {
		refuse(m, TOO_LONG);
		return TUTELA_OK;
	}
	if (len > KEPT_MAX - m->used) {
		refuse(m, "the medium has more text than 256 KiB: some left out");
		return TUTELA_OK;
	}
	if (!tutela_line_reserve(&m->kept, &m->room, m->used + len))
		return TUTELA_E_NOMEM;
	if (len)
		memcpy(m->kept + m->used, s, len);
	*out = (struct vics_slot){(uint32_t)m->used, (uint32_t)len};
	m->used += len;
	return TUTELA_OK;
}

static struct tutela_text text(const struct vics_medium *m, struct vics_slot slot)
{
	return (struct tutela_text){slot.len ? m->kept + slot.at : NULL, slot.len};
}

/* What is too long to be a label's text matches nothing, and is not missed by what does. */
static bool leave_label_out(struct vics_medium *m, enum vics_field field, size_t len)
{
	const struct vics_name *name = &tutela_vics_names[field];

	if (len <= TUTELA_TEXT_MAX || !name->label || name->kind != VICS_TEXT)
		return false;
	m->shortened = TOO_LONG;
	return true;
}

enum tutela_err tutela_vics_medium_set(struct vics_medium *m, enum vics_field field, const char *s, size_t len)
{
	if (leave_label_out(m, field, len)) {
		m->fields[field] = (struct vics_slot){0};
		return TUTELA_OK;
	}
	return len ? keep(m, s, len, &m->fields[field]) : TUTELA_OK;
}

enum tutela_err tutela_vics_medium_add(struct vics_medium *m, enum vics_field field, const char *s, size_t len)
{
	struct vics_slot *slot = &m->fields[field], more;
	enum tutela_err err = TUTELA_OK;

	if (!len || !slot->len)
		return tutela_vics_medium_set(m, field, s, len);
	if (leave_label_out(m, field, slot->len + 2 + len))
		return TUTELA_OK;
	if (slot->len + 2 + len > TUTELA_TEXT_MAX) {
		refuse(m, TOO_LONG);
		return TUTELA_OK;
	}
	/* Nothing else is kept while an array is read: what comes stands behind what is there. */
	err = keep(m, "; ", 2, &more);
	if (!err && more.len)
		err = keep(m, s, len, &more);
	slot->len = (uint32_t)(m->used - slot->at);
	return err;
}

void tutela_vics_pair_start(struct vics_medium *m)
{
	m->pair = (struct vics_pair){0};
	m->mark = m->used;
	m->too_long = false;
}

enum tutela_err tutela_vics_pair_set(struct vics_medium *m, bool value, const char *s, size_t len)
{
	/* Properties of others may be of any size: only at the end is it known whose this is. */
	if (len > TUTELA_TEXT_MAX) {
		m->too_long = true;
		return TUTELA_OK;
	}
	return keep(m, s, len, value ? &m->pair.value : &m->pair.name);
}

static bool begins_with(struct tutela_text t, const char *word)
{
	return t.len > strlen(word) && memcmp(t.s, word, strlen(word)) == 0;
}

void tutela_vics_pair_end(struct vics_medium *m, bool hash)
{
	struct tutela_text name = text(m, m->pair.name);

	if (m->too_long && (hash || begins_with(name, VICS_OWN)))
		refuse(m, TOO_LONG);
	else if (hash && m->pair.value.len && tutela_algorithm_named(name.s, name.len)) {
		if (m->n_hashes < TUTELA_FINGERPRINTS_MAX) {
			m->hashes[m->n_hashes++] = m->pair;
			return;
		}
		refuse(m, RECORD_TOO_MANY_HASHES);
	} else if (!hash && name.len == strlen(VICS_OWN_ID) && memcmp(name.s, VICS_OWN_ID, name.len) == 0) {
		m->id = m->pair.value;
		return;
	} else if (!hash && begins_with(name, VICS_OWN_LABEL)) {
		if (m->n_labels < TUTELA_LABELS_MAX) {
			m->labels[m->n_labels++] = m->pair;
			return;
		}
		refuse(m, "more than " RECORD_NUMBER(TUTELA_LABELS_MAX) " labels of one entry: some left out");
	}
	m->used = m->mark;
}

/* ------------------------------------------------------------------ the record */

static const char *hash_problem(enum tutela_algorithm algorithm)
{
	switch (algorithm) {
	case TUTELA_ALG_MD5:
		return "MD5 is not 32 hexadecimal digits: left out";
	case TUTELA_ALG_SHA1:
		return "SHA1 is not 40 hexadecimal digits: left out";
	case TUTELA_ALG_PHOTODNA:
		return "PhotoDNA is neither 192 characters of base64 nor 288 hexadecimal digits: left out";
	default:
		return "a value of AlternativeHashes is not that of its HashName: left out";
	}
}

static void put_hash(struct vics_medium *m, enum tutela_algorithm algorithm, struct vics_slot slot)
{
	struct tutela_record *rec = &m->build.rec;
	struct tutela_text t = tutela_csv_trim(text(m, slot));
	struct tutela_hash hash;

	if (!t.len)
		return;
	if (!(algorithm == TUTELA_ALG_PHOTODNA && tutela_photodna_parse(t.s, t.len, &hash)) &&
	    tutela_hash_parse(algorithm, t.s, t.len, &hash)) {
		refuse(m, hash_problem(algorithm));
		return;
	}
	for (size_t i = 0; i < rec->n_fingerprints; i++)
		if (rec->fingerprints[i].algorithm == algorithm &&
		    memcmp(rec->fingerprints[i].bytes, hash.bytes, hash.len) == 0)
			return;
	if (rec->n_fingerprints == TUTELA_FINGERPRINTS_MAX)
		refuse(m, RECORD_TOO_MANY_HASHES);
	else
		tutela_build_value(&m->build, &hash);
}

static void put_hashes(struct vics_medium *m)
{
	put_hash(m, TUTELA_ALG_MD5, m->fields[VICS_MD5]);
	put_hash(m, TUTELA_ALG_SHA1, m->fields[VICS_SHA1]);
	put_hash(m, TUTELA_ALG_PHOTODNA, m->fields[VICS_PHOTODNA]);
	for (size_t i = 0; i < m->n_hashes; i++) {
		struct tutela_text name = text(m, m->hashes[i].name);

		put_hash(m, tutela_algorithm_named(name.s, name.len)->id, m->hashes[i].value);
	}
}

/* Some writers have doubles only: 2.0 is a whole number too. */
static bool whole_number(struct tutela_text t, int64_t *out)
{
	size_t len = t.len;

	while (len && t.s[len - 1] == '0')
		len--;
	if (len > 1 && len < t.len && t.s[len - 1] == '.')
		t.len = len - 1;
	return tutela_vics_number(t.s, t.len, out);
}

static void put_id(struct vics_medium *m, char buf[VICS_ID_MAX])
{
	struct tutela_text t = text(m, m->id), number = text(m, m->fields[VICS_MEDIA_ID]);
	int64_t media_id;

	if (t.len)
		tutela_build_id(&m->build, t.s, t.len);
	else if (number.len && !whole_number(number, &media_id))
		refuse(m, "MediaID is not a whole number: left out");
	else if (number.len && m->build.rec.n_fingerprints)
		tutela_build_id(&m->build, buf, tutela_vics_id(&m->build.rec.fingerprints[0], media_id, buf));
}

/* "/Date(1700000000000)/", milliseconds since 1970 UTC, as .NET's older writers have it; an offset behind them says
 * nothing. */
static bool net_time(struct tutela_text t, int64_t *out)
{
	static const char open[] = "/Date(", digits[] = "0123456789", close[] = ")/";
	size_t n = 0, len;

	if (!begins_with(t, open))
		return false;
	t = (struct tutela_text){t.s + strlen(open), t.len - strlen(open)};
	while (n < t.len && memchr(digits, t.s[n], 10))
		n++;
	len = n;
	if (n && n < t.len && (t.s[n] == '+' || t.s[n] == '-'))
		for (n++; n < t.len && memchr(digits, t.s[n], 10);)
			n++;
	if (t.len - n != strlen(close) || memcmp(t.s + n, close, strlen(close)) != 0)
		return false;
	/* Without the milliseconds: seconds, as the other parser reads them. */
	return len > 3 && tutela_utc_parse(t.s, len - 3, out);
}

static void put_time(struct vics_medium *m)
{
	static const char never[] = "0001-01-01"; /* what .NET writes for no time at all */
	struct tutela_text t = text(m, m->fields[VICS_DATE_UPDATED]);
	int64_t *time = &m->build.rec.source_time;

	if (t.len && !begins_with(t, never) && !tutela_utc_parse(t.s, t.len, time) && !net_time(t, time)) {
		m->build.rec.source_time = 0;
		refuse(m, "DateUpdated is not a time: left out");
	}
}

/* Into `buf`, so that one number is one text. */
static bool number_text(struct tutela_text *t, bool negative, char buf[NUMBER_MAX])
{
	int64_t v;

	if (!whole_number(*t, &v) || (v < 0 && !negative))
		return false;
	*t = (struct tutela_text){buf, (size_t)snprintf(buf, NUMBER_MAX, "%" PRId64, v)};
	return true;
}

static struct tutela_text boolean_text(struct tutela_text t)
{
	static const char *const words[] = {"true", "false"};

	for (size_t i = 0; i < 2; i++)
		if (tutela_same_word(t.s, t.len, words[i]))
			return (struct tutela_text){words[i], strlen(words[i])};
	return t;
}

static void put_label(struct vics_medium *m, struct tutela_text key, struct tutela_text value)
{
	if (!tutela_utf8_valid(key.s, key.len) || !tutela_utf8_valid(value.s, value.len))
		refuse(m, "a text is not valid UTF-8: left out");
	else if (key.len > TUTELA_LABEL_KEY_MAX)
		refuse(m, "a label's name is longer than " RECORD_NUMBER(TUTELA_LABEL_KEY_MAX) " bytes: left out");
	else if (m->build.rec.n_labels == TUTELA_LABELS_MAX)
		refuse(m, "more than " RECORD_NUMBER(TUTELA_LABELS_MAX) " labels of one entry: some left out");
	else
		tutela_build_label(&m->build, key, value);
}

/* A property of ours that says the same label comes instead of the field. */
static bool said_otherwise(const struct vics_medium *m, const char *key)
{
	size_t prefix = strlen(VICS_OWN_LABEL);

	for (size_t i = 0; i < m->n_labels; i++) {
		struct tutela_text name = text(m, m->labels[i].name);

		if (name.len - prefix == strlen(key) && memcmp(name.s + prefix, key, strlen(key)) == 0)
			return true;
	}
	return false;
}

static void put_field(struct vics_medium *m, enum vics_field field, char buf[NUMBER_MAX])
{
	const struct vics_name *n = &tutela_vics_names[field];
	struct tutela_text t = text(m, m->fields[field]);

	if (!t.len || said_otherwise(m, n->label))
		return;
	if (n->kind == VICS_BOOLEAN)
		t = boolean_text(t);
	if ((n->kind == VICS_NUMBER || n->kind == VICS_SIZE) && !number_text(&t, n->kind == VICS_NUMBER, buf))
		refuse(m, field == VICS_CATEGORY ? "Category is not a whole number: left out"
						 : "MediaSize is not a size in bytes: left out");
	else
		put_label(m, (struct tutela_text){n->label, strlen(n->label)}, t);
}

enum tutela_err tutela_vics_medium_emit(struct vics_medium *m, struct tutela_reader *r, uint64_t number, uint64_t byte)
{
	char id[VICS_ID_MAX], numbers[VICS_FIELDS][NUMBER_MAX];

	tutela_build_start(&m->build);
	put_hashes(m);
	put_id(m, id);
	tutela_vics_sort(m->build.rec.fingerprints, m->build.rec.n_fingerprints);
	put_time(m);
	for (int i = VICS_CATEGORY; i < VICS_FIELDS; i++)
		put_field(m, (enum vics_field)i, numbers[i]);
	for (size_t i = 0; i < m->n_labels; i++) {
		struct tutela_text name = text(m, m->labels[i].name);
		size_t prefix = strlen(VICS_OWN_LABEL);

		put_label(m, (struct tutela_text){name.s + prefix, name.len - prefix}, text(m, m->labels[i].value));
	}
	if (!m->build.refused)
		m->build.refused = m->refused;
	m->build.label = !m->build.refused && m->shortened;
	if (m->build.label)
		m->build.refused = m->shortened;
	return tutela_reader_emit(r, &m->build, number, byte);
}
