/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/record_build.h"

#include <string.h>

#include "exchange/photodna_text.h"
#include "exchange/utc_time.h"
#include "base/utf8.h"

#define REFUSED_QUALITY "quality 0: the picture has no features that its perceptual hash could stand for"

void tutela_build_start(struct record_build *b)
{
	b->rec.id = b->rec.reason = (struct tutela_text){0};
	b->rec.n_fingerprints = b->rec.n_labels = 0;
	b->rec.source_time = 0;
	b->rec.status = TUTELA_ACTIVE;
	b->bad = b->refused = NULL;
	b->label = false;
	b->featureless = false;
}

static void bad(struct record_build *b, const char *why)
{
	if (!b->bad)
		b->bad = why;
}

static struct tutela_text text(const char *s, size_t len)
{
	return (struct tutela_text){len ? s : NULL, len};
}

void tutela_build_id(struct record_build *b, const char *s, size_t len)
{
	if (len > TUTELA_ENTRY_ID_MAX)
		bad(b, "the entry id is longer than " RECORD_NUMBER(TUTELA_ENTRY_ID_MAX) " bytes");
	else if (!tutela_utf8_valid(s, len))
		bad(b, "the entry id is not valid UTF-8");
	else
		b->rec.id = text(s, len);
}

/* What keeps these characters from being a value, or NULL. */
static const char *misread(const struct tutela_algorithm_info *info, const char *hex, size_t len,
			   struct tutela_hash *out)
{
	if (!info)
		return "unknown algorithm";
	if (info->id == TUTELA_ALG_PHOTODNA && len == PHOTODNA_BASE64)
		return tutela_photodna_parse(hex, len, out) ? NULL : "the value is neither hexadecimal nor base64";
	if (!tutela_hash_parse(info->id, hex, len, out))
		return NULL;
	return len == info->bits / 4 ? "the value is not hexadecimal" : "the value has not the length of its algorithm";
}

void tutela_build_good_hash(struct record_build *b, enum tutela_algorithm algorithm, const char *hex, size_t len)
{
	struct tutela_hash hash;
	const char *why = misread(tutela_algorithm_get(algorithm), hex, len, &hash);

	if (!why)
		tutela_build_hash(b, algorithm, hex, len);
	else if (!b->refused)
		b->refused = why;
}

bool tutela_build_settle_bare(struct record_build *b)
{
	static const char why[] = "its source gives no fingerprint of a kind that is kept";

	if (b->bad || b->rec.n_fingerprints || b->rec.status != TUTELA_ACTIVE || !b->rec.id.len)
		return false;
	b->rec.status = TUTELA_WITHDRAWN;
	b->rec.reason = (struct tutela_text){why, sizeof why - 1};
	return true;
}

void tutela_build_value(struct record_build *b, const struct tutela_hash *hash)
{
	bool perceptual = tutela_algorithm_get((enum tutela_algorithm)hash->algorithm)->perceptual;
	const char *refusal = b->featureless && perceptual ? REFUSED_QUALITY : tutela_hash_refusal(hash);

	if (refusal)
		b->refused = b->refused ? b->refused : refusal;
	else if (b->rec.n_fingerprints == TUTELA_FINGERPRINTS_MAX)
		bad(b, RECORD_TOO_MANY_HASHES);
	else
		b->rec.fingerprints[b->rec.n_fingerprints++] = *hash;
}

void tutela_build_hash(struct record_build *b, enum tutela_algorithm algorithm, const char *hex, size_t len)
{
	const struct tutela_algorithm_info *info = tutela_algorithm_get(algorithm);
	struct tutela_hash hash;
	const char *why = misread(info, hex, len, &hash);

	if (why)
		bad(b, why);
	else
		tutela_build_value(b, &hash);
}

void tutela_build_label(struct record_build *b, struct tutela_text key, struct tutela_text value)
{
	if (b->rec.n_labels == TUTELA_LABELS_MAX)
		bad(b, "more than " RECORD_NUMBER(TUTELA_LABELS_MAX) " labels of one entry");
	else if (!key.len || key.len > TUTELA_LABEL_KEY_MAX)
		bad(b, "a label's name is empty or longer than " RECORD_NUMBER(TUTELA_LABEL_KEY_MAX) " bytes");
	else if (value.len > TUTELA_TEXT_MAX)
		bad(b, "a label is longer than " RECORD_NUMBER(TUTELA_TEXT_MAX) " bytes");
	else if (!tutela_utf8_valid(key.s, key.len) || !tutela_utf8_valid(value.s, value.len))
		bad(b, "a label is not valid UTF-8");
	else
		b->rec.labels[b->rec.n_labels++] = (struct tutela_label){key, text(value.s, value.len)};
}

void tutela_build_reason(struct record_build *b, const char *s, size_t len)
{
	if (len > TUTELA_TEXT_MAX)
		bad(b, "the reason is longer than " RECORD_NUMBER(TUTELA_TEXT_MAX) " bytes");
	else if (!tutela_utf8_valid(s, len))
		bad(b, "the reason is not valid UTF-8");
	else
		b->rec.reason = text(s, len);
}

void tutela_build_status(struct record_build *b, const char *s, size_t len)
{
	for (int i = TUTELA_ACTIVE; i <= TUTELA_WITHDRAWN; i++) {
		if (tutela_same_word(s, len, tutela_status_name((enum tutela_status)i))) {
			b->rec.status = (enum tutela_status)i;
			return;
		}
	}
	bad(b, "the status is not active, disputed or withdrawn");
}

void tutela_build_time(struct record_build *b, const char *s, size_t len)
{
	if (!tutela_utc_parse(s, len, &b->rec.source_time))
		bad(b, "the time is neither ISO 8601 nor seconds since 1970");
}

static void drop_perceptual(struct record_build *b)
{
	struct tutela_hash *f = b->rec.fingerprints;
	size_t n = 0;

	for (size_t i = 0; i < b->rec.n_fingerprints; i++)
		if (!tutela_algorithm_get((enum tutela_algorithm)f[i].algorithm)->perceptual)
			f[n++] = f[i];
	if (n < b->rec.n_fingerprints)
		b->refused = b->refused ? b->refused : REFUSED_QUALITY;
	b->rec.n_fingerprints = n;
}

void tutela_build_quality(struct record_build *b, const char *s, size_t len)
{
	unsigned v = 0;

	for (size_t i = 0; i < len && v <= 100; i++)
		v = s[i] >= '0' && s[i] <= '9' ? v * 10 + (unsigned)(s[i] - '0') : 101;
	if (!len || v > 100) {
		bad(b, "the quality is not a whole number from 0 to 100");
	} else if (v == 0) {
		b->featureless = true;
		drop_perceptual(b);
	}
}

bool tutela_same_text(struct tutela_text a, struct tutela_text b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		char x = a.s[i], y = b.s[i];

		x = x >= 'A' && x <= 'Z' ? (char)(x + 32) : x;
		y = y >= 'A' && y <= 'Z' ? (char)(y + 32) : y;
		if (x != y)
			return false;
	}
	return true;
}

bool tutela_same_word(const char *a, size_t a_len, const char *b)
{
	return tutela_same_text((struct tutela_text){a, a_len}, (struct tutela_text){b, strlen(b)});
}

const struct tutela_algorithm_info *tutela_algorithm_named(const char *s, size_t len)
{
	char name[32];

	if (!len || len >= sizeof(name) || memchr(s, 0, len))
		return NULL;
	memcpy(name, s, len);
	name[len] = '\0';
	return tutela_algorithm_find(name);
}
