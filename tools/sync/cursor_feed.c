/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/cursor_feed.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "message.h"

#define FEED          "updates"
#define CLOCKS_DIFFER 86400 /* seconds, without a word */

struct cursor {
	struct page_batch batch;
	const struct cursor_feed *feed;
	char checkpoint[256]; /* where this fetch began */
	char newest[256];     /* where the next one is to begin */
	char earliest[256];   /* what the first page of this fetch said */
	int64_t at;           /* when the last fetch in one piece was, or the first one began */
	int64_t began;        /* when this one did, its pieces before this sync included */
	uint64_t records, pages;
	char next[TUTELA_PAGE_NEXT_MAX + 1]; /* CURSOR_NEXT: behind the pages that were taken; "" */
	bool resumed;                        /* this fetch goes on where one before it ended */
	bool disordered;                     /* of CURSOR_ORDERED: it is not */
	bool told;                           /* that the server is ahead of the time */
};

/* ------------------------------------------------------------------ addresses */

bool cursor_same_origin(const char *base, const char *url)
{
	const char *host = strstr(base, "://");
	size_t len;

	if (!host)
		return false;
	len = (size_t)(host - base) + 3;
	len += strcspn(base + len, "/?#");
	if (strncmp(base, url, len) || url[len] != '/')
		return false;
	for (const char *p = url; *p; p++)
		if (*p <= ' ' || *p > '~' || *p == '#')
			return false;
	return true;
}

char *cursor_escape(const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	char *out = memory_array(strlen(text) * 3 + 1, 1), *at = out;

	for (; *text; text++) {
		if (strchr(plain, *text))
			*at++ = *text;
		else
			at += sprintf(at, "%%%02X", (unsigned char)*text);
	}
	return out;
}

char *cursor_base(const struct tutela_source *source)
{
	size_t len = strlen(source->url);

	while (len && source->url[len - 1] == '/')
		len--;
	return memory_copy(source->url, len);
}

/* ------------------------------------------------------------------ state */

enum tutela_err cursor_refuse(struct sync_job *job, enum tutela_err err, const char *reason)
{
	struct sync_outcome o = {.list = sync_list_name(job->source), .status = SYNC_FAILED, .reason = reason};

	sync_report(job, &o);
	return err;
}

static enum tutela_err end(struct cursor *c, enum sync_status status, enum tutela_err err, const char *reason)
{
	page_batch_end(&c->batch, status, reason);
	return err;
}

static bool copy_text(char *out, size_t room, const char *text)
{
	size_t len = strlen(text);

	if (len >= room)
		return false;
	memcpy(out, text, len + 1);
	return true;
}

/* What a fetch that ended early left, as far as it may still be used. */
static void parse_rest(struct cursor *c, json_t *o)
{
	const char *next, *earliest;
	int64_t age = c->batch.job->now - json_integer_value(json_object_get(o, "next_at"));

	next = json_string_value(json_object_get(o, "next"));
	earliest = json_string_value(json_object_get(o, "earliest"));
	c->resumed = c->feed->resume == CURSOR_NEXT && next && *next && earliest && age >= 0 &&
		     age <= CURSOR_NEXT_LIFE && copy_text(c->next, sizeof(c->next), next) &&
		     copy_text(c->earliest, sizeof(c->earliest), earliest);
}

static bool parse_state(struct cursor *c, const char *state, size_t len)
{
	json_t *o = json_loadb(state, len, 0, NULL);
	const char *url = "", *checkpoint = "";
	json_int_t at = 0;
	bool ok = o && !json_unpack(o, "{s:s, s:s, s:I}", "url", &url, "checkpoint", &checkpoint, "at", &at) &&
		  !strcmp(url, c->batch.job->source->url) &&
		  copy_text(c->checkpoint, sizeof(c->checkpoint), checkpoint);

	if (ok) {
		c->at = at;
		parse_rest(c, o);
	}
	json_decref(o);
	return ok;
}

static void begin_anew(struct cursor *c)
{
	c->resumed = false;
	c->next[0] = c->earliest[0] = '\0';
}

/* Or what is kept cannot be: this machine's clock was put back, or a checkpoint of an older program lies ahead. */
static bool too_long_ago(const struct cursor *c)
{
	int64_t now = c->batch.job->now;

	if (c->feed->idle_most && (now - c->at > c->feed->idle_most || now < c->at - 3600))
		return true;
	return strtoll(c->checkpoint, NULL, 10) > now + CLOCKS_DIFFER;
}

static enum tutela_err load(struct cursor *c)
{
	struct sync_job *job = c->batch.job;
	char *state;
	size_t len;
	enum tutela_err err = page_state(job, c->batch.list, FEED, &state, &len);
	bool ok = !err && (!state || parse_state(c, state, len));

	free(state);
	if (err)
		return err;
	if (!ok)
		return end(c, SYNC_REFUSED, TUTELA_E_REFUSED,
			   "what was fetched before was from another address: remove the source and add it anew");
	c->began = job->now;
	if (c->at && too_long_ago(c)) {
		c->checkpoint[0] = '\0';
		c->batch.mode = TUTELA_REPLACE;
		begin_anew(c);
	}
	memcpy(c->newest, c->checkpoint, sizeof(c->newest));
	return TUTELA_OK;
}

enum piece { WHOLE, PIECE, PIECE_WITHOUT_NEXT };

static char *state_text(const struct cursor *c, const char *checkpoint, int64_t at, enum piece piece)
{
	json_t *o = json_pack("{s:s, s:s, s:I}", "url", c->batch.job->source->url, "checkpoint", checkpoint, "at",
			      (json_int_t)at);
	char *text;

	if (o && piece == PIECE) {
		json_object_set_new(o, "next", json_string(c->next));
		json_object_set_new(o, "next_at", json_integer((json_int_t)c->batch.job->now));
		json_object_set_new(o, "earliest", json_string(c->earliest));
	}
	if (o && piece != WHOLE && c->batch.mode == TUTELA_REPLACE) {
		json_object_set_new(o, "began", json_integer((json_int_t)c->began));
		json_object_set_new(o, "records", json_integer((json_int_t)c->records));
	}
	text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	return text;
}

/* ------------------------------------------------------------------ pieces of a fetch of all */

static void drop_pieces(struct cursor *c)
{
	page_batch_forget(&c->batch);
	begin_anew(c);
	c->began = c->batch.job->now;
	c->records = 0;
	c->checkpoint[0] = c->newest[0] = '\0';
}

/* Can this fetch go on where they end? */
static bool use_pieces(struct cursor *c, json_t *o)
{
	const char *checkpoint = "";
	json_int_t began = 0, records = 0;
	int64_t age, most = c->feed->idle_most ? c->feed->idle_most : CURSOR_NEXT_LIFE;

	if (json_unpack(o, "{s:s, s:I, s:I}", "checkpoint", &checkpoint, "began", &began, "records", &records))
		return false;
	age = c->batch.job->now - began;
	/* Older than that, they may name what was deleted so long ago that nobody tells of it any more. */
	if (age < 0 || age > most || !copy_text(c->newest, sizeof(c->newest), checkpoint))
		return false;
	c->began = began;
	c->records = (uint64_t)records;
	parse_rest(c, o);
	if (c->feed->resume == CURSOR_ORDERED)
		memcpy(c->checkpoint, c->newest, sizeof(c->checkpoint));
	return c->resumed || c->checkpoint[0];
}

/* *done: they are whole, and were put; else the fetch goes on behind them, or begins anew. */
static enum tutela_err take_up(struct cursor *c, bool *done)
{
	enum tutela_err err;
	char *state;
	json_t *o;

	*done = false;
	if (c->batch.mode != TUTELA_REPLACE) {
		page_batch_forget(&c->batch);
		return TUTELA_OK;
	}
	err = page_batch_take_up(&c->batch, &state, done);
	if (err || !state)
		return err;
	o = json_loads(state, 0, NULL);
	if (*done && o) {
		err = page_batch_finish(&c->batch, state, strlen(state));
	} else if (*done || !o || !use_pieces(c, o)) {
		*done = false;
		drop_pieces(c);
	}
	json_decref(o);
	free(state);
	return err;
}

/* Commit what is kept, behind which the fetch goes on, or at its end (`whole`). */
static enum tutela_err commit(struct cursor *c, bool whole)
{
	/* Of changes in pieces nobody knows that nothing was missed in between: they are not a whole fetch. */
	bool all = whole && (!c->resumed || c->batch.mode == TUTELA_REPLACE);
	int64_t at = all || !c->at ? c->began : c->at;
	const char *checkpoint = c->checkpoint;
	enum tutela_err err;
	char *state;

	if (whole)
		checkpoint = c->resumed ? c->earliest : c->newest;
	else if (c->feed->resume == CURSOR_ORDERED && !c->disordered)
		checkpoint = c->newest;
	state = state_text(c, checkpoint, at, whole ? WHOLE : c->next[0] ? PIECE : PIECE_WITHOUT_NEXT);
	if (state && strlen(state) > TUTELA_FEED_STATE_MAX) {
		free(state);
		state = state_text(c, checkpoint, at, whole ? WHOLE : PIECE_WITHOUT_NEXT);
	}
	if (!state)
		return end(c, SYNC_FAILED, TUTELA_E_ARG, "the state of the feed is no text");
	if (whole)
		err = page_batch_finish(&c->batch, state, strlen(state));
	else
		err = page_batch_commit(&c->batch, state, strlen(state));
	free(state);
	return err;
}

/* What came before is kept when the feed can go on behind it; the failure is what is said. */
static enum tutela_err give_up(struct cursor *c, enum sync_status status, enum tutela_err err, const char *reason)
{
	bool keep = c->feed->resume && c->batch.n;
	enum tutela_err committed = keep ? commit(c, false) : TUTELA_OK;

	return committed ? committed : end(c, status, err, reason);
}

/* ------------------------------------------------------------------ pages */

static enum tutela_err fetch_failed(struct cursor *c, enum tutela_err err, long status, const char *why)
{
	if (err == TUTELA_E_INTERRUPTED)
		return give_up(c, SYNC_FAILED, err, "interrupted");
	if (status == 401 || status == 403)
		return give_up(c, SYNC_REFUSED, err, "the server does not accept the credentials");
	return give_up(c, err == TUTELA_E_FORMAT || err == TUTELA_E_TOOBIG ? SYNC_REFUSED : SYNC_FAILED, err, why);
}

static void forget_url(char **url)
{
	if (*url)
		explicit_bzero(*url, strlen(*url));
	free(*url);
	*url = NULL;
}

/* Where a fetch before this one ended, the server does not go on. */
static bool refused(const struct cursor *c, enum tutela_err err, long status)
{
	return c->resumed && !c->pages && err != TUTELA_E_INTERRUPTED && status && status != 401 && status != 403;
}

/* Not later than now: see cursor_feed.h. */
static void bound(struct cursor *c, char checkpoint[256])
{
	int64_t now = c->batch.job->now, t = strtoll(checkpoint, NULL, 10);
	bool plain = checkpoint[strspn(checkpoint, "0123456789")] == '\0';

	if (t <= now)
		return;
	if (t > now + CLOCKS_DIFFER && !c->told) {
		c->told = true;
		message_warning(
			c->batch.job->source->name,
			"the server says that the next fetch is to begin at a time to come: it is not believed");
	}
	if (plain)
		(void)snprintf(checkpoint, 256, "%" PRId64, now);
	else
		memcpy(checkpoint, c->newest, 256);
}

static void take(struct cursor *c, struct http_answer *answer, const struct page_facts *facts)
{
	char checkpoint[256];

	c->pages++;
	c->records += facts->records;
	if (facts->checkpoint[0]) {
		memcpy(checkpoint, facts->checkpoint, sizeof(checkpoint));
		bound(c, checkpoint);
		c->disordered = c->disordered || strtoll(checkpoint, NULL, 10) < strtoll(c->newest, NULL, 10);
		memcpy(c->newest, checkpoint, sizeof(c->newest));
	}
	if (c->pages == 1 && !c->resumed)
		memcpy(c->earliest, c->newest, sizeof(c->earliest));
	page_batch_add(&c->batch, answer, memory_format("page %llu", (unsigned long long)c->pages));
}

/* The page at *url; what comes after it takes its place, NULL at the end. */
static enum tutela_err step(struct cursor *c, char **url, struct page_facts *facts)
{
	struct http_request request = {.url = *url, .headers = c->feed->headers, .most = PAGE_BYTES_MAX};
	struct http_answer answer = {0};
	char *why, *next = NULL;
	enum tutela_err err = page_fetch(&c->batch, &request, &answer, facts, &why);

	if (err && refused(c, err, answer.status)) {
		begin_anew(c);
		if (c->batch.mode == TUTELA_REPLACE)
			drop_pieces(c);
		forget_url(url);
		*url = c->feed->first(c->feed->ctx, c->checkpoint);
		err = TUTELA_OK;
		goto out;
	}
	if (err) {
		err = fetch_failed(c, err, answer.status, why);
		goto out;
	}
	take(c, &answer, facts);
	if (facts->next[0]) {
		next = c->feed->follow(c->feed->ctx, c->checkpoint, facts->next);
		err = next ? TUTELA_OK
			   : end(c, SYNC_REFUSED, TUTELA_E_FORMAT,
				 "a page names a successor that is not at the source's address");
	}
	if (next && (!strcmp(next, *url) || c->pages >= CURSOR_PAGES_MAX)) {
		forget_url(&next);
		err = end(c, SYNC_REFUSED, TUTELA_E_FORMAT, "the pages do not end");
	}
	if (err)
		goto out;
	c->next[0] = '\0';
	if (c->feed->resume == CURSOR_NEXT)
		memcpy(c->next, facts->next, sizeof(c->next));
	forget_url(url);
	*url = next;
	err = page_batch_full(&c->batch) ? commit(c, false) : TUTELA_OK;
out:
	free(why);
	return err;
}

/* Where this fetch begins. */
static char *begin_url(struct cursor *c)
{
	char *url = c->resumed ? c->feed->follow(c->feed->ctx, c->checkpoint, c->next) : NULL;

	if (!url) {
		begin_anew(c);
		url = c->feed->first(c->feed->ctx, c->checkpoint);
	}
	return url;
}

static enum tutela_err pull(struct cursor *c)
{
	char *url = begin_url(c);
	struct page_facts *facts = memory_array(1, sizeof(*facts));
	enum tutela_err err = TUTELA_OK;

	while (!err && url && !sync_stop(c->batch.job))
		err = step(c, &url, facts);
	if (!err && url)
		err = give_up(c, SYNC_FAILED, TUTELA_E_INTERRUPTED, "interrupted");
	forget_url(&url);
	explicit_bzero(facts, sizeof(*facts));
	free(facts);
	if (err)
		return err;
	/* A server that has lost its list must not empty ours. */
	if (c->batch.mode == TUTELA_REPLACE && !c->records)
		return end(c, SYNC_REFUSED, TUTELA_E_FORMAT, "all was to be fetched anew, and nothing came");
	return commit(c, true);
}

enum tutela_err cursor_run(struct sync_job *job, const struct cursor_feed *feed)
{
	struct cursor *c = memory_array(1, sizeof(*c));
	bool done = false;
	enum tutela_err err;

	c->feed = feed;
	c->batch.job = job;
	c->batch.list = sync_list_name(job->source);
	c->batch.format = feed->format;
	c->batch.feed = FEED;
	c->batch.provenance = feed->provenance;
	c->batch.unkept = feed->unkept;
	err = page_batch_begin(&c->batch);
	if (!err)
		err = load(c);
	if (!err)
		err = take_up(c, &done);
	if (!err && !done)
		err = pull(c);
	if (!err)
		page_batch_end(&c->batch, SYNC_OK, NULL);
	free(c);
	return err;
}
