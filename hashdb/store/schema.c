/* SPDX-License-Identifier: Apache-2.0 */
#include "store/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "base/utf8.h"

static uint64_t seal_of(const uint8_t *value, size_t len, enum schema_kind kind, const void *key, size_t key_len)
{
	uint8_t buf[1 + 8 + ENTRY_KEY_MAX];
	struct bytes_writer w = bytes_writer_init(buf, sizeof buf);

	bytes_put_u8(&w, (uint8_t)kind);
	bytes_put_u64(&w, tutela_checksum(value, len));
	bytes_put(&w, key, key_len);
	return tutela_checksum(buf, (size_t)(w.at - buf));
}

void tutela_schema_seal(struct bytes_writer *w, const uint8_t *value, enum schema_kind kind, const void *key,
			size_t key_len)
{
	if (!w->failed)
		bytes_put_u64(w, seal_of(value, (size_t)(w->at - value), kind, key, key_len));
}

enum tutela_err tutela_schema_unseal(const void *value, size_t len, enum schema_kind kind, const void *key,
				     size_t key_len, size_t *body_len)
{
	struct bytes_reader r;

	*body_len = 0;
	if (len < SEAL_LEN || key_len > ENTRY_KEY_MAX)
		return TUTELA_E_CORRUPT;
	len -= SEAL_LEN;
	r = bytes_reader_init((const uint8_t *)value + len, SEAL_LEN);
	if (bytes_u64(&r) != seal_of(value, len, kind, key, key_len))
		return TUTELA_E_CORRUPT;
	*body_len = len;
	return TUTELA_OK;
}

static size_t finish(struct bytes_writer *w, const uint8_t *buf, enum schema_kind kind, const void *key, size_t key_len)
{
	tutela_schema_seal(w, buf, kind, key, key_len);
	return w->failed ? 0 : (size_t)(w->at - buf);
}

/* ------------------------------------------------------------------ state */

size_t tutela_schema_put_state(const struct state *st, uint8_t *buf, size_t room)
{
	struct bytes_writer w = bytes_writer_init(buf, room);

	bytes_put_u32(&w, SCHEMA_VERSION);
	bytes_put(&w, st->uuid, sizeof st->uuid);
	bytes_put_u64(&w, st->update);
	bytes_put_u32(&w, st->next_entry);
	bytes_put_u32(&w, st->next_list);
	bytes_put_u64(&w, st->next_segment);
	bytes_put_u32(&w, st->purge_from);
	bytes_put_u64(&w, (uint64_t)st->created);
	bytes_put_u32(&w, st->n_lists);
	bytes_put_u64(&w, st->lists_sum);
	bytes_put_u32(&w, st->n_segments);
	bytes_put_u64(&w, st->segments_sum);
	return finish(&w, buf, SCHEMA_STATE, "state", 5);
}

enum tutela_err tutela_schema_get_state(const void *value, size_t len, struct state *out)
{
	struct bytes_reader r;
	const uint8_t *uuid;
	size_t body;

	memset(out, 0, sizeof *out);
	if (tutela_schema_unseal(value, len, SCHEMA_STATE, "state", 5, &body))
		return TUTELA_E_CORRUPT;
	r = bytes_reader_init(value, body);
	if (bytes_u32(&r) != SCHEMA_VERSION)
		return r.failed ? TUTELA_E_CORRUPT : TUTELA_E_VERSION;
	uuid = bytes_take(&r, sizeof out->uuid);
	if (uuid)
		memcpy(out->uuid, uuid, sizeof out->uuid);
	out->update = bytes_u64(&r);
	out->next_entry = bytes_u32(&r);
	out->next_list = bytes_u32(&r);
	out->next_segment = bytes_u64(&r);
	out->purge_from = bytes_u32(&r);
	out->created = (int64_t)bytes_u64(&r);
	out->n_lists = bytes_u32(&r);
	out->lists_sum = bytes_u64(&r);
	out->n_segments = bytes_u32(&r);
	out->segments_sum = bytes_u64(&r);
	if (!bytes_done(&r) || !out->next_entry || !out->next_list || !out->purge_from ||
	    out->purge_from > out->next_entry || out->n_lists > LISTS_MAX || out->n_segments > SEGMENTS_MAX)
		return TUTELA_E_CORRUPT;
	return TUTELA_OK;
}

size_t tutela_schema_put_pending(const struct pending *p, uint8_t *buf, size_t room)
{
	struct bytes_writer w = bytes_writer_init(buf, room);

	bytes_put_u64(&w, p->update);
	bytes_put_u32(&w, p->first_entry);
	bytes_put_u64(&w, (uint64_t)p->started);
	bytes_put_u32(&w, p->process);
	return finish(&w, buf, SCHEMA_PENDING, "pending", 7);
}

enum tutela_err tutela_schema_get_pending(const void *value, size_t len, struct pending *out)
{
	struct bytes_reader r;
	size_t body;

	memset(out, 0, sizeof *out);
	if (tutela_schema_unseal(value, len, SCHEMA_PENDING, "pending", 7, &body))
		return TUTELA_E_CORRUPT;
	r = bytes_reader_init(value, body);
	out->update = bytes_u64(&r);
	out->first_entry = bytes_u32(&r);
	out->started = (int64_t)bytes_u64(&r);
	out->process = bytes_u32(&r);
	return bytes_done(&r) && out->first_entry ? TUTELA_OK : TUTELA_E_CORRUPT;
}

void tutela_schema_uuid_text(const uint8_t *u, char *out)
{
	(void)snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1],
		       u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

/* ------------------------------------------------------------------ lists */

bool tutela_schema_name_valid(const char *name)
{
	size_t n = 0;

	if (!name)
		return false;
	for (; name[n]; n++) {
		char c = name[n];
		bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (n == TUTELA_LIST_NAME_MAX || (!word && (!n || !strchr("._-", c))))
			return false;
	}
	return n > 0;
}

static bool threshold_valid(enum tutela_algorithm algorithm, uint32_t threshold)
{
	const struct tutela_algorithm_info *info = tutela_algorithm_get(algorithm);

	return info && threshold <= info->max_threshold;
}

/* A text of one line that ends within its room. */
static bool line_valid(const char *s, size_t room)
{
	const char *end = memchr(s, '\0', room);

	for (const char *c = s; end && c < end; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return false;
	return end && (end == s || tutela_utf8_valid(s, (size_t)(end - s)));
}

static bool categories_valid(const char *s)
{
	size_t len;

	if (!line_valid(s, TUTELA_CATEGORIES_MAX + 1))
		return false;
	len = strlen(s);
	return !len || (s[0] != ',' && s[len - 1] != ',' && !strstr(s, ",,"));
}

bool tutela_schema_map_valid(const char *s)
{
	char line[TUTELA_CATEGORY_MAP_MAX + 1];

	if (!memchr(s, '\0', TUTELA_CATEGORY_MAP_MAX + 1))
		return false;
	while (*s) {
		size_t len = strcspn(s, "\n"), key = strcspn(s, " \n");

		memcpy(line, s, len);
		line[len] = '\0';
		if (s[len] != '\n' || !key || key + 1 >= len || !line_valid(line, sizeof line))
			return false;
		s += len + 1;
	}
	return true;
}

bool tutela_schema_policy_valid(const struct tutela_policy *p)
{
	return categories_valid(p->categories) && (unsigned)p->kind <= TUTELA_LIST_ALLOW &&
	       (unsigned)p->action <= TUTELA_IGNORE && threshold_valid(TUTELA_ALG_PDQ, p->pdq_threshold) &&
	       threshold_valid(TUTELA_ALG_PHASH, p->phash_threshold) &&
	       threshold_valid(TUTELA_ALG_DHASH, p->dhash_threshold) && p->min_quality <= 100;
}

static void put_counts(struct bytes_writer *w, const struct list_row *row)
{
	uint8_t n = 0;

	for (unsigned a = 0; a < ALGORITHMS; a++)
		n += row->active[a] || row->disputed[a];
	bytes_put_u8(w, n);
	for (unsigned a = 0; a < ALGORITHMS; a++) {
		if (!row->active[a] && !row->disputed[a])
			continue;
		bytes_put_u8(w, (uint8_t)a);
		bytes_put_u64(w, row->active[a]);
		bytes_put_u64(w, row->disputed[a]);
	}
}

static void put_sums(struct bytes_writer *w, const struct list_row *row)
{
	bytes_put_u8(w, row->summed);
	for (unsigned i = 0; row->summed && i < 4; i++) {
		bytes_put_u64(w, row->issued.word[i]);
		bytes_put_u64(w, row->effective.word[i]);
	}
}

#define LIST_TAIL 1

static void put_line(struct bytes_writer *w, const char *s)
{
	bytes_put_u16(w, (uint16_t)strlen(s));
	bytes_put(w, s, strlen(s));
}

/* Nothing when all of it is as it is by default. */
static void put_tail(struct bytes_writer *w, const struct tutela_list *l)
{
	const struct tutela_policy *p = &l->policy;

	if (!p->flood_files && !p->flood_review && !p->categories[0] && !l->category_map[0])
		return;
	bytes_put_u8(w, LIST_TAIL);
	bytes_put_u32(w, p->flood_files);
	bytes_put_u8(w, p->flood_review);
	put_line(w, p->categories);
	put_line(w, l->category_map);
}

size_t tutela_schema_put_list(const struct list_row *row, uint8_t *buf, size_t room)
{
	struct bytes_writer w = bytes_writer_init(buf, room);
	const struct tutela_list *l = &row->list;
	size_t source_len = strlen(l->source);

	bytes_put_u32(&w, row->number);
	bytes_put_u8(&w, (uint8_t)l->policy.kind);
	bytes_put_u8(&w, (uint8_t)l->policy.action);
	bytes_put_u32(&w, l->policy.pdq_threshold);
	bytes_put_u32(&w, l->policy.phash_threshold);
	bytes_put_u32(&w, l->policy.dhash_threshold);
	bytes_put_u32(&w, l->policy.min_quality);
	bytes_put_u64(&w, l->version);
	bytes_put_u64(&w, (uint64_t)l->created);
	bytes_put_u64(&w, (uint64_t)l->updated);
	bytes_put_u64(&w, (uint64_t)l->expires);
	bytes_put_u64(&w, l->active);
	bytes_put_u64(&w, l->disputed);
	bytes_put_u64(&w, l->withdrawn);
	bytes_put_u8(&w, (uint8_t)source_len);
	bytes_put(&w, l->source, source_len);
	put_counts(&w, row);
	put_sums(&w, row);
	put_tail(&w, l);
	return finish(&w, buf, SCHEMA_LIST, l->name, strlen(l->name));
}

static void get_policy(struct bytes_reader *r, struct tutela_policy *p)
{
	p->kind = bytes_u8(r);
	p->action = bytes_u8(r);
	p->pdq_threshold = bytes_u32(r);
	p->phash_threshold = bytes_u32(r);
	p->dhash_threshold = bytes_u32(r);
	p->min_quality = bytes_u32(r);
}

static void get_counts(struct bytes_reader *r, struct list_row *row)
{
	unsigned n = bytes_u8(r);

	for (unsigned i = 0; i < n && !r->failed; i++) {
		unsigned a = bytes_u8(r);

		if (a >= ALGORITHMS) {
			r->failed = true;
			return;
		}
		row->active[a] = bytes_u64(r);
		row->disputed[a] = bytes_u64(r);
		row->list.fingerprints[a] = row->active[a] + row->disputed[a];
	}
}

static void get_sums(struct bytes_reader *r, struct list_row *row)
{
	uint8_t summed = bytes_u8(r);

	if (summed > 1)
		r->failed = true;
	row->summed = summed == 1;
	for (unsigned i = 0; row->summed && i < 4; i++) {
		row->issued.word[i] = bytes_u64(r);
		row->effective.word[i] = bytes_u64(r);
	}
}

static void get_line(struct bytes_reader *r, char *out, size_t max)
{
	size_t len = bytes_u16(r);
	const uint8_t *p = len <= max ? bytes_take(r, len) : NULL;

	if (p)
		memcpy(out, p, len);
	r->failed |= !p || strlen(out) != len;
}

static void get_tail(struct bytes_reader *r, struct tutela_list *l)
{
	uint8_t review;

	if (bytes_done(r))
		return;
	if (bytes_u8(r) != LIST_TAIL)
		r->failed = true;
	l->policy.flood_files = bytes_u32(r);
	review = bytes_u8(r);
	l->policy.flood_review = review == 1;
	r->failed |= review > 1;
	get_line(r, l->policy.categories, TUTELA_CATEGORIES_MAX);
	get_line(r, l->category_map, TUTELA_CATEGORY_MAP_MAX);
}

enum tutela_err tutela_schema_get_list(const void *name, size_t name_len, const void *value, size_t len,
				       struct list_row *out)
{
	struct tutela_list *l = &out->list;
	struct bytes_reader r;
	const uint8_t *source;
	size_t body, source_len;

	memset(out, 0, sizeof *out);
	if (!name_len || name_len > TUTELA_LIST_NAME_MAX ||
	    tutela_schema_unseal(value, len, SCHEMA_LIST, name, name_len, &body))
		return TUTELA_E_CORRUPT;
	memcpy(l->name, name, name_len);
	r = bytes_reader_init(value, body);
	out->number = bytes_u32(&r);
	get_policy(&r, &l->policy);
	l->version = bytes_u64(&r);
	l->created = (int64_t)bytes_u64(&r);
	l->updated = (int64_t)bytes_u64(&r);
	l->expires = (int64_t)bytes_u64(&r);
	l->active = bytes_u64(&r);
	l->disputed = bytes_u64(&r);
	l->withdrawn = bytes_u64(&r);
	source_len = bytes_u8(&r);
	source = bytes_take(&r, source_len);
	if (!source || source_len > TUTELA_LIST_NAME_MAX)
		return TUTELA_E_CORRUPT;
	memcpy(l->source, source, source_len);
	get_counts(&r, out);
	get_sums(&r, out);
	get_tail(&r, l);
	/* Neither may be shorter than it was written, as it would be with a NUL in it. */
	if (!bytes_done(&r) || !out->number || strlen(l->name) != name_len || strlen(l->source) != source_len ||
	    !tutela_schema_name_valid(l->name) || !tutela_schema_policy_valid(&l->policy) ||
	    !tutela_schema_map_valid(l->category_map))
		return TUTELA_E_CORRUPT;
	return TUTELA_OK;
}

/* ------------------------------------------------------------------ segments */

size_t tutela_schema_put_segment(const struct segment_row *row, uint8_t *buf, size_t room)
{
	struct bytes_writer w = bytes_writer_init(buf, room);
	uint8_t key[8];

	tutela_schema_key64(row->number, key);
	bytes_put_u16(&w, (uint16_t)row->algorithm);
	bytes_put_u8(&w, (uint8_t)row->kind);
	bytes_put_u64(&w, row->count);
	bytes_put_u64(&w, row->bytes);
	bytes_put_u64(&w, row->digest);
	return finish(&w, buf, SCHEMA_SEGMENT, key, sizeof key);
}

enum tutela_err tutela_schema_get_segment(const void *key, size_t key_len, const void *value, size_t len,
					  struct segment_row *out)
{
	const struct tutela_algorithm_info *info;
	struct bytes_reader r;
	size_t body;

	memset(out, 0, sizeof *out);
	if (key_len != 8 || tutela_schema_unseal(value, len, SCHEMA_SEGMENT, key, key_len, &body))
		return TUTELA_E_CORRUPT;
	r = bytes_reader_init(value, body);
	out->number = tutela_schema_get_key64(key);
	out->algorithm = bytes_u16(&r);
	out->kind = bytes_u8(&r);
	out->count = bytes_u64(&r);
	out->bytes = bytes_u64(&r);
	out->digest = bytes_u64(&r);
	info = tutela_algorithm_get(out->algorithm);
	if (out->kind != TUTELA_INDEX_FLAT && out->kind != TUTELA_INDEX_TABLES)
		return TUTELA_E_CORRUPT;
	return bytes_done(&r) && info && info->perceptual ? TUTELA_OK : TUTELA_E_CORRUPT;
}

void tutela_schema_segment_name(const struct segment_row *row, char *buf)
{
	const struct tutela_algorithm_info *info = tutela_algorithm_get(row->algorithm);

	(void)snprintf(buf, SEGMENT_NAME_MAX, "seg-%s-%" PRIu64 ".tix", info ? info->name : "none", row->number);
}

bool tutela_schema_segment_parse(const char *name, uint64_t *number)
{
	const char *dash = strrchr(name, '-');
	char *end;

	*number = 0;
	if (strncmp(name, "seg-", 4) || dash < name + 4 || dash[1] < '0' || dash[1] > '9')
		return false;
	*number = strtoull(dash + 1, &end, 10);
	return !strcmp(end, ".tix") || !strcmp(end, ".tix.tmp");
}

/* ------------------------------------------------------------------ keys */

static void put_key(uint64_t v, uint8_t *key, unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		key[i] = (uint8_t)(v >> (8 * (width - 1 - i)));
}

void tutela_schema_key32(uint32_t v, uint8_t *key)
{
	put_key(v, key, 4);
}

void tutela_schema_key64(uint64_t v, uint8_t *key)
{
	put_key(v, key, 8);
}

uint32_t tutela_schema_get_key32(const uint8_t *key)
{
	return (uint32_t)key[0] << 24 | (uint32_t)key[1] << 16 | (uint32_t)key[2] << 8 | key[3];
}

uint64_t tutela_schema_get_key64(const uint8_t *key)
{
	return (uint64_t)tutela_schema_get_key32(key) << 32 | tutela_schema_get_key32(key + 4);
}

size_t tutela_schema_entry_key(uint32_t list, const void *id, size_t id_len, uint8_t *key)
{
	tutela_schema_key32(list, key);
	memcpy(key + 4, id, id_len);
	return 4 + id_len;
}

size_t tutela_schema_digest_key(const struct tutela_hash *h, uint8_t *key)
{
	size_t len = h->len < DIGEST_KEY_MAX - 1 ? h->len : DIGEST_KEY_MAX - 1;

	key[0] = (uint8_t)h->algorithm;
	memcpy(key + 1, h->bytes, len);
	return 1 + len;
}
