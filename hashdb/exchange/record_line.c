/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/record_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *put(char *at, const char *s, size_t len)
{
	if (len)
		memcpy(at, s, len);
	return at + len;
}

static bool is_plain(unsigned char c, bool key)
{
	return c > 0x1f && c != 0x7f && c != '%' && !(key && c == '=');
}

static char *put_text(char *at, struct tutela_text t, bool key)
{
	static const char digits[] = "0123456789ABCDEF";

	size_t plain = 0;

	while (plain < t.len && is_plain((unsigned char)t.s[plain], key))
		plain++;
	at = put(at, t.s, plain);
	for (size_t i = plain; i < t.len; i++) {
		unsigned char c = (unsigned char)t.s[i];

		if (is_plain(c, key)) {
			*at++ = (char)c;
			continue;
		}
		*at++ = '%';
		*at++ = digits[c >> 4];
		*at++ = digits[c & 15];
	}
	return at;
}

static int by_value(const void *a, const void *b)
{
	const struct tutela_hash *x = a, *y = b;

	if (x->algorithm != y->algorithm)
		return x->algorithm < y->algorithm ? -1 : 1;
	return memcmp(x->bytes, y->bytes, sizeof x->bytes);
}

static char *put_hash(char *at, const struct tutela_hash *hash)
{
	const char *name = tutela_algorithm_get(hash->algorithm)->name;

	at = put(at, name, strlen(name));
	*at++ = ':';
	tutela_hash_format(hash, at);
	return at + 2 * (size_t)hash->len;
}

static char *put_hashes(char *at, const struct tutela_record *rec)
{
	struct tutela_hash sorted[TUTELA_FINGERPRINTS_MAX];

	/* Most entries have one: every import makes every entry's line. */
	if (rec->n_fingerprints == 1)
		return put_hash(at, rec->fingerprints);
	memcpy(sorted, rec->fingerprints, rec->n_fingerprints * sizeof *sorted);
	qsort(sorted, rec->n_fingerprints, sizeof *sorted, by_value);
	for (size_t i = 0; i < rec->n_fingerprints; i++) {
		if (i && !by_value(&sorted[i - 1], &sorted[i]))
			continue;
		if (i)
			*at++ = ' ';
		at = put_hash(at, &sorted[i]);
	}
	return at;
}

static char *put_time(char *at, int64_t time)
{
	if (time)
		return at + sprintf(at, "%" PRId64, time);
	*at = '0';
	return at + 1;
}

size_t tutela_record_line_room(const struct tutela_record *rec)
{
	size_t labels = 0, reason = rec->reason.len;

	if (rec->local && rec->issued_reason.len > reason)
		reason = rec->issued_reason.len;
	for (size_t i = 0; i < rec->n_labels; i++)
		labels += rec->labels[i].key.len + rec->labels[i].value.len;
	return RECORD_LINE_ROOM(rec->id.len, rec->n_fingerprints, reason, rec->n_labels, labels);
}

size_t tutela_record_line(const struct tutela_record *rec, enum record_view view, char *buf)
{
	bool issued = view == RECORD_ISSUED && rec->local;
	enum tutela_status status = issued ? rec->issued : rec->status;
	struct tutela_text reason = issued ? rec->issued_reason : rec->reason;
	const char *word = tutela_status_name(status);
	char *at = put(buf, word, strlen(word));

	*at++ = '\t';
	at = put_text(at, rec->id, false);
	*at++ = '\t';
	at = put_time(at, rec->source_time);
	*at++ = '\t';
	at = put_hashes(at, rec);
	*at++ = '\t';
	if (status != TUTELA_ACTIVE)
		at = put_text(at, reason, false);
	for (size_t i = 0; i < rec->n_labels; i++) {
		*at++ = '\t';
		at = put_text(at, rec->labels[i].key, true);
		*at++ = '=';
		at = put_text(at, rec->labels[i].value, false);
	}
	return (size_t)(at - buf);
}
