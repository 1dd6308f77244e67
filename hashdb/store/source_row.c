/* SPDX-License-Identifier: Apache-2.0 */
#include "store/source_row.h"

#include <sodium.h>
#include <string.h>

#include "base/utf8.h"

#define LAYOUT     1
#define KEY_SOURCE 1
#define KEY_FEED   2
#define KEY_LEN    42 /* bytes of a minisign public key: "Ed", its number, the key */
#define LIST_LOCAL "local"

/* ------------------------------------------------------------------ keys */

size_t tutela_source_key(const char *name, const char *feed, uint8_t *buf)
{
	size_t n = strlen(name), m = feed ? strlen(feed) : 0;

	buf[0] = feed ? KEY_FEED : KEY_SOURCE;
	memcpy(buf + 1, name, n);
	if (!feed)
		return 1 + n;
	buf[1 + n] = 0;
	memcpy(buf + 2 + n, feed, m);
	return 2 + n + m;
}

static bool copy_name(const uint8_t *p, size_t len, char *out)
{
	if (!len || len > TUTELA_LIST_NAME_MAX)
		return false;
	memcpy(out, p, len);
	out[len] = '\0';
	return strlen(out) == len && tutela_schema_name_valid(out);
}

bool tutela_source_key_parse(const void *key, size_t len, char *name, char *feed)
{
	const uint8_t *p = key, *nul;

	name[0] = feed[0] = '\0';
	if (len < 2 || (p[0] != KEY_SOURCE && p[0] != KEY_FEED))
		return false;
	if (p[0] == KEY_SOURCE)
		return copy_name(p + 1, len - 1, name);
	nul = memchr(p + 1, 0, len - 1);
	return nul && copy_name(p + 1, (size_t)(nul - p - 1), name) &&
	       copy_name(nul + 1, len - (size_t)(nul + 1 - p), feed);
}

/* ------------------------------------------------------------------ range */

/* Ends within its room and holds no control characters: it is printed, and sent as part of a request. */
static bool plain(const char *s, size_t room)
{
	const char *end = memchr(s, '\0', room);

	for (; end && s < end; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return end != NULL;
}

static bool key_valid(const char *text)
{
	uint8_t key[KEY_LEN];
	size_t len;

	return !sodium_base642bin(key, sizeof key, text, TUTELA_KEY_TEXT_MAX, NULL, &len, NULL,
				  sodium_base64_VARIANT_ORIGINAL) &&
	       len == KEY_LEN && key[0] == 'E' && key[1] == 'd';
}

static const char *keys_wrong(const struct tutela_source *s)
{
	if (s->type != TUTELA_SOURCE_BUNDLE)
		return s->n_keys || s->threshold ? "keys are for sources of the type bundle" : NULL;
	if (!s->n_keys || s->n_keys > TUTELA_SOURCE_KEYS_MAX)
		return "a source of the type bundle has 1 to 8 keys";
	if (s->threshold > s->n_keys)
		return "more keys must sign than there are";
	for (size_t i = 0; i < s->n_keys; i++) {
		if (!memchr(s->keys[i], '\0', sizeof s->keys[i]) || strlen(s->keys[i]) != TUTELA_KEY_TEXT_MAX ||
		    !key_valid(s->keys[i]))
			return "a key is not an Ed25519 public key in minisign's base64";
		for (size_t j = 0; j < i; j++)
			if (!strcmp(s->keys[i], s->keys[j]))
				return "a key is there twice";
	}
	return NULL;
}

static bool country_valid(const char *c)
{
	if (!c[0])
		return true;
	return c[0] >= 'A' && c[0] <= 'Z' && c[1] >= 'A' && c[1] <= 'Z' && !c[2];
}

const char *tutela_source_wrong(const struct tutela_source *s)
{
	if (!memchr(s->name, '\0', sizeof s->name) || !tutela_schema_name_valid(s->name))
		return "its name is not letters, digits, '.', '_', '-', a letter or digit first";
	if (!strcmp(s->name, LIST_LOCAL))
		return "'local' is the name of what was imported here";
	if (!tutela_source_type_name(s->type))
		return "its type is unknown";
	if (!country_valid(s->country))
		return "its country is not two upper-case letters";
	if (!memchr(s->list, '\0', sizeof s->list) || (s->list[0] && !tutela_schema_name_valid(s->list)))
		return "its list has no valid name";
	if (s->list[0] && s->type == TUTELA_SOURCE_BUNDLE)
		return "bundles name their own lists";
	if (!plain(s->url, sizeof s->url) || !s->url[0])
		return "its URL is empty, too long or has control characters";
	if (!plain(s->credentials, sizeof s->credentials) || !plain(s->ca, sizeof s->ca) ||
	    !plain(s->client_cert, sizeof s->client_cert) || !plain(s->client_key, sizeof s->client_key))
		return "a path is too long or has control characters";
	if (s->n_members > TUTELA_SOURCE_MEMBERS_MAX || (s->n_members && s->type != TUTELA_SOURCE_NCMEC))
		return "members are for sources of the type ncmec, at most 64";
	if (!memchr(s->last_error, '\0', sizeof s->last_error) ||
	    (s->last_error[0] && !tutela_utf8_valid(s->last_error, strlen(s->last_error))))
		return "its last error is too long or not UTF-8";
	return keys_wrong(s);
}

/* ------------------------------------------------------------------ rows */

static void put_text(struct bytes_writer *w, const char *s, size_t len)
{
	bytes_put_u16(w, (uint16_t)len);
	bytes_put(w, s, len);
}

size_t tutela_source_row_put(const struct tutela_source *s, uint8_t *buf, size_t room)
{
	struct bytes_writer w = bytes_writer_init(buf, room);
	const char *texts[] = {s->country, s->list,        s->url,        s->credentials,
			       s->ca,      s->client_cert, s->client_key, s->last_error};
	uint8_t key[SOURCE_KEY_MAX];
	size_t key_len = tutela_source_key(s->name, NULL, key);

	bytes_put_u8(&w, LAYOUT);
	bytes_put_u8(&w, (uint8_t)s->type);
	bytes_put_u8(&w, s->suspended);
	bytes_put_u64(&w, (uint64_t)s->added);
	bytes_put_u64(&w, (uint64_t)s->last_try);
	bytes_put_u64(&w, (uint64_t)s->last_success);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		put_text(&w, texts[i], strlen(texts[i]));
	bytes_put_u8(&w, (uint8_t)s->threshold);
	bytes_put_u8(&w, (uint8_t)s->n_keys);
	for (size_t i = 0; i < s->n_keys; i++)
		bytes_put(&w, s->keys[i], TUTELA_KEY_TEXT_MAX);
	bytes_put_u8(&w, (uint8_t)s->n_members);
	for (size_t i = 0; i < s->n_members; i++)
		bytes_put_u64(&w, s->members[i]);
	tutela_schema_seal(&w, buf, SCHEMA_SOURCE, key, key_len);
	return w.failed ? 0 : (size_t)(w.at - buf);
}

/* A NUL inside would make it shorter than it was written. */
static void get_text(struct bytes_reader *r, char *out, size_t room)
{
	size_t len = bytes_u16(r);
	const uint8_t *p = len < room ? bytes_take(r, len) : NULL;

	if (!p || memchr(p, '\0', len))
		r->failed = true;
	else
		memcpy(out, p, len);
}

static void get_keys(struct bytes_reader *r, struct tutela_source *s)
{
	s->threshold = bytes_u8(r);
	s->n_keys = bytes_u8(r);
	if (s->n_keys > TUTELA_SOURCE_KEYS_MAX)
		r->failed = true;
	for (size_t i = 0; i < s->n_keys && !r->failed; i++) {
		const uint8_t *p = bytes_take(r, TUTELA_KEY_TEXT_MAX);

		if (p)
			memcpy(s->keys[i], p, TUTELA_KEY_TEXT_MAX);
	}
}

static void get_members(struct bytes_reader *r, struct tutela_source *s)
{
	s->n_members = bytes_u8(r);
	if (s->n_members > TUTELA_SOURCE_MEMBERS_MAX)
		r->failed = true;
	for (size_t i = 0; i < s->n_members && !r->failed; i++)
		s->members[i] = bytes_u64(r);
}

static enum tutela_err get_row(struct bytes_reader *r, struct tutela_source *s)
{
	uint8_t layout = bytes_u8(r), suspended;

	s->type = bytes_u8(r);
	suspended = bytes_u8(r);
	s->suspended = suspended == 1;
	s->added = (int64_t)bytes_u64(r);
	s->last_try = (int64_t)bytes_u64(r);
	s->last_success = (int64_t)bytes_u64(r);
	get_text(r, s->country, sizeof s->country);
	get_text(r, s->list, sizeof s->list);
	get_text(r, s->url, sizeof s->url);
	get_text(r, s->credentials, sizeof s->credentials);
	get_text(r, s->ca, sizeof s->ca);
	get_text(r, s->client_cert, sizeof s->client_cert);
	get_text(r, s->client_key, sizeof s->client_key);
	get_text(r, s->last_error, sizeof s->last_error);
	get_keys(r, s);
	get_members(r, s);
	if (!bytes_done(r) || layout != LAYOUT || suspended > 1 || tutela_source_wrong(s))
		return TUTELA_E_CORRUPT;
	return TUTELA_OK;
}

enum tutela_err tutela_source_row_get(const void *key, size_t key_len, const void *value, size_t len,
				      struct tutela_source *out)
{
	char feed[TUTELA_LIST_NAME_MAX + 1];
	struct bytes_reader r;
	enum tutela_err err;
	size_t body;

	memset(out, 0, sizeof *out);
	if (!tutela_source_key_parse(key, key_len, out->name, feed) || feed[0] ||
	    tutela_schema_unseal(value, len, SCHEMA_SOURCE, key, key_len, &body))
		err = TUTELA_E_CORRUPT;
	else {
		r = bytes_reader_init(value, body);
		err = get_row(&r, out);
	}
	if (err)
		memset(out, 0, sizeof *out);
	return err;
}

/* ------------------------------------------------------------------ held */

void tutela_held_key(uint32_t list, uint64_t number, uint8_t *key)
{
	tutela_schema_key32(list, key);
	tutela_schema_key64(number, key + 4);
}

static void put_cut(struct bytes_writer *w, struct tutela_text t, size_t max)
{
	size_t len = t.s ? (t.len < max ? t.len : max) : 0;

	put_text(w, t.s, len);
	/* The buffer has room for all of it. */
	tutela_utf8_repair((char *)w->at - len, len);
}

size_t tutela_held_put(const struct tutela_held *held, int64_t time, uint8_t *buf)
{
	struct bytes_writer w = bytes_writer_init(buf, HELD_ROW_MAX);

	bytes_put_u64(&w, (uint64_t)time);
	put_cut(&w, held->position, TUTELA_HELD_POSITION_MAX);
	put_cut(&w, held->id, TUTELA_ENTRY_ID_MAX);
	put_cut(&w, held->reason, TUTELA_HELD_REASON_MAX);
	return (size_t)(w.at - buf);
}

static struct tutela_text get_cut(struct bytes_reader *r, size_t max)
{
	size_t len = bytes_u16(r);
	const char *p = (const char *)(len <= max ? bytes_take(r, len) : NULL);

	if (!p || !tutela_utf8_valid(p, len)) {
		r->failed = true;
		return (struct tutela_text){NULL, 0};
	}
	return (struct tutela_text){len ? p : NULL, len};
}

enum tutela_err tutela_held_get(const void *key, size_t key_len, const void *value, size_t len, struct tutela_held *out)
{
	struct bytes_reader r;
	size_t body;

	memset(out, 0, sizeof *out);
	if (key_len != HELD_KEY_LEN || tutela_schema_unseal(value, len, SCHEMA_HELD, key, key_len, &body))
		return TUTELA_E_CORRUPT;
	r = bytes_reader_init(value, body);
	out->number = tutela_schema_get_key64((const uint8_t *)key + 4);
	out->time = (int64_t)bytes_u64(&r);
	out->position = get_cut(&r, TUTELA_HELD_POSITION_MAX);
	out->id = get_cut(&r, TUTELA_ENTRY_ID_MAX);
	out->reason = get_cut(&r, TUTELA_HELD_REASON_MAX);
	if (bytes_done(&r) && out->number)
		return TUTELA_OK;
	memset(out, 0, sizeof *out);
	return TUTELA_E_CORRUPT;
}
