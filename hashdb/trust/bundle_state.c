/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state is text: a line for each thing, "word value...", in this order; the
 * root's bytes come last, as they are. The store seals it; nobody else writes it.
 */
#include "trust/bundle_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/schema.h"

#define SOURCE_HEAD "tutela-bundle-source 1\n"
#define LIST_HEAD   "tutela-bundle-list 1\n"
#define LINE_MAX_   400

struct scan {
	const char *at, *end;
	bool failed;
};

static bool take(struct scan *s, const char *word)
{
	size_t len = strlen(word);

	if (s->failed || (size_t)(s->end - s->at) < len || memcmp(s->at, word, len)) {
		s->failed = true;
		return false;
	}
	s->at += len;
	return true;
}

static bool more(const struct scan *s)
{
	return !s->failed && s->at < s->end;
}

static uint64_t take_number(struct scan *s)
{
	uint64_t v = 0;
	unsigned digits = 0;

	for (; more(s) && *s->at >= '0' && *s->at <= '9'; s->at++, digits++)
		v = v * 10 + (uint64_t)(*s->at - '0');
	/* 18 digits fit; a version or a time has no more. */
	s->failed |= !digits || digits > 19 || v > INT64_MAX;
	return s->failed ? 0 : v;
}

static void take_hex(struct scan *s, uint8_t *out, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < 2 * len; i++) {
		const char *d = more(s) && *s->at ? strchr(digits, *s->at) : NULL;

		if (!d) {
			s->failed = true;
			return;
		}
		out[i / 2] = (uint8_t)(out[i / 2] << 4 | (d - digits));
		s->at++;
	}
}

static void take_name(struct scan *s, char *out)
{
	size_t n = 0;

	while (more(s) && *s->at && *s->at != ' ' && *s->at != '\n' && n < TUTELA_LIST_NAME_MAX)
		out[n++] = *s->at++;
	out[n] = '\0';
	s->failed |= !tutela_schema_name_valid(out);
}

enum tutela_err tutela_bundle_source_state_parse(const char *text, size_t len, struct bundle_source_state *out)
{
	struct scan s = {text, text + len, false};

	memset(out, 0, sizeof *out);
	take(&s, SOURCE_HEAD "index ");
	out->index = take_number(&s);
	take(&s, " ");
	take_hex(&s, out->index_sha256, sizeof out->index_sha256);
	take(&s, "\nclock ");
	out->clock = (int64_t)take_number(&s);
	take(&s, "\nroot\n");
	out->root_len = s.failed ? 0 : (size_t)(s.end - s.at);
	if (!out->root_len || out->root_len > BUNDLE_ROOT_MAX) {
		memset(out, 0, sizeof *out);
		return TUTELA_E_CORRUPT;
	}
	memcpy(out->root, s.at, out->root_len);
	return TUTELA_OK;
}

enum tutela_err tutela_bundle_list_state_parse(const char *text, size_t len, struct bundle_list_state *out)
{
	struct scan s = {text, text + len, false};

	memset(out, 0, sizeof *out);
	take(&s, LIST_HEAD "version ");
	out->version = take_number(&s);
	take(&s, " ");
	out->issued = (int64_t)take_number(&s);
	take(&s, "\ndigest ");
	take_hex(&s, out->digest, sizeof out->digest);
	take(&s, "\nmanifest ");
	take_hex(&s, out->manifest_sha256, sizeof out->manifest_sha256);
	take(&s, "\n");
	/* States of earlier versions have no such line. */
	if (more(&s) && *s.at == 'e') {
		take(&s, "expires ");
		out->expires = (int64_t)take_number(&s);
		take(&s, " ");
		out->in_force = (int64_t)take_number(&s);
		s.failed |= !out->expires;
		take(&s, "\n");
	}
	while (more(&s) && out->n_origins < BUNDLE_ORIGINS_MAX) {
		struct bundle_origin *o = &out->origins[out->n_origins++];

		take(&s, "origin ");
		take_name(&s, o->source);
		take(&s, " ");
		take_name(&s, o->list);
		take(&s, " ");
		o->version = take_number(&s);
		take(&s, " ");
		o->issued = (int64_t)take_number(&s);
		take(&s, "\n");
	}
	if (!s.failed && s.at == s.end && out->version)
		return TUTELA_OK;
	memset(out, 0, sizeof *out);
	return TUTELA_E_CORRUPT;
}

enum tutela_err tutela_bundle_source_state_text(const struct bundle_source_state *st, char **out, size_t *len)
{
	size_t room = LINE_MAX_ + st->root_len;
	char hex[2 * BUNDLE_SHA_LEN + 1], *text = tutela_mem_array(room, 1);

	*out = text;
	*len = 0;
	if (!text)
		return TUTELA_E_NOMEM;
	tutela_bundle_hex(st->index_sha256, sizeof st->index_sha256, hex);
	*len = (size_t)snprintf(text, room, SOURCE_HEAD "index %" PRIu64 " %s\nclock %" PRId64 "\nroot\n", st->index,
				hex, st->clock);
	memcpy(text + *len, st->root, st->root_len);
	*len += st->root_len;
	return TUTELA_OK;
}

enum tutela_err tutela_bundle_list_state_text(const struct bundle_list_state *st, char **out, size_t *len)
{
	size_t room = (1 + BUNDLE_ORIGINS_MAX) * LINE_MAX_;
	char digest[65], sha[65], *text = tutela_mem_array(room, 1);

	*out = text;
	*len = 0;
	if (!text)
		return TUTELA_E_NOMEM;
	tutela_bundle_hex(st->digest, sizeof st->digest, digest);
	tutela_bundle_hex(st->manifest_sha256, sizeof st->manifest_sha256, sha);
	*len = (size_t)snprintf(text, room, LIST_HEAD "version %" PRIu64 " %" PRId64 "\ndigest %s\nmanifest %s\n",
				st->version, st->issued, digest, sha);
	if (st->expires)
		*len += (size_t)snprintf(text + *len, room - *len, "expires %" PRId64 " %" PRId64 "\n", st->expires,
					 st->in_force);
	for (size_t i = 0; i < st->n_origins; i++) {
		const struct bundle_origin *o = &st->origins[i];

		*len += (size_t)snprintf(text + *len, room - *len, "origin %s %s %" PRIu64 " %" PRId64 "\n", o->source,
					 o->list, o->version, o->issued);
	}
	return TUTELA_OK;
}

enum tutela_err tutela_bundle_state_read(struct tutela_snapshot *snap, const char *source, const char *feed, char **out,
					 size_t *len)
{
	char *buf = tutela_mem_array(TUTELA_FEED_STATE_MAX, 1);
	enum tutela_err err =
		buf ? tutela_snapshot_feed(snap, source, feed, buf, TUTELA_FEED_STATE_MAX, len) : TUTELA_E_NOMEM;

	if (err) {
		free(buf);
		buf = NULL;
	}
	*out = buf;
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

enum tutela_err tutela_bundle_source_state(struct tutela_snapshot *snap, const char *source,
					   struct bundle_source_state *out)
{
	enum tutela_err err;
	size_t len;
	char *text;

	memset(out, 0, sizeof *out);
	err = tutela_bundle_state_read(snap, source, BUNDLE_FEED, &text, &len);
	if (!err && text)
		err = tutela_bundle_source_state_parse(text, len, out);
	free(text);
	return err;
}

enum tutela_err tutela_bundle_list_state(struct tutela_snapshot *snap, const char *source, const char *list,
					 struct bundle_list_state *out)
{
	enum tutela_err err;
	size_t len;
	char *text;

	memset(out, 0, sizeof *out);
	err = tutela_bundle_state_read(snap, source, list, &text, &len);
	if (!err && text)
		err = tutela_bundle_list_state_parse(text, len, out);
	free(text);
	return err;
}
