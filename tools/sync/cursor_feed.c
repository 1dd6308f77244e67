/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/cursor_feed.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define FEED "updates"

struct cursor {
	struct page_batch batch;
	const struct cursor_feed *feed;
	char checkpoint[256]; /* where this fetch began */
	char newest[256];     /* where the next one is to begin */
	int64_t at;           /* when the last whole fetch was */
	uint64_t records, pages;
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

static bool parse_state(struct cursor *c, const char *state, size_t len)
{
	json_t *o = json_loadb(state, len, 0, NULL);
	const char *url = "", *checkpoint = "";
	json_int_t at = 0;
	bool ok = o && !json_unpack(o, "{s:s, s:s, s:I}", "url", &url, "checkpoint", &checkpoint, "at", &at) &&
		  !strcmp(url, c->batch.job->source->url) && strlen(checkpoint) < sizeof(c->checkpoint);

	if (ok) {
		(void)snprintf(c->checkpoint, sizeof(c->checkpoint), "%s", checkpoint);
		c->at = at;
	}
	json_decref(o);
	return ok;
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
	if (c->at && c->feed->idle_most && (job->now - c->at > c->feed->idle_most || job->now < c->at - 3600)) {
		c->checkpoint[0] = '\0';
		c->batch.mode = TUTELA_REPLACE;
	}
	memcpy(c->newest, c->checkpoint, sizeof(c->newest));
	return TUTELA_OK;
}

static char *state_text(const struct cursor *c, const char *checkpoint, int64_t at)
{
	json_t *o = json_pack("{s:s, s:s, s:I}", "url", c->batch.job->source->url, "checkpoint", checkpoint, "at",
			      (json_int_t)at);
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

	json_decref(o);
	return text;
}

/* Commit what is kept; `whole`: the checkpoint moves. */
static enum tutela_err commit(struct cursor *c, bool whole)
{
	char *state = state_text(c, whole ? c->newest : c->checkpoint, whole ? c->batch.job->now : c->at);
	enum tutela_err err;

	if (!state)
		return end(c, SYNC_FAILED, TUTELA_E_ARG, "the state of the feed is no text");
	if (whole)
		err = page_batch_finish(&c->batch, state, strlen(state));
	else
		err = page_batch_commit(&c->batch, state, strlen(state));
	free(state);
	return err;
}

/* ------------------------------------------------------------------ pages */

static enum tutela_err fetch_failed(struct cursor *c, enum tutela_err err, long status, const char *why)
{
	if (err == TUTELA_E_INTERRUPTED)
		return end(c, SYNC_FAILED, err, "interrupted");
	if (status == 401 || status == 403)
		return end(c, SYNC_REFUSED, err, "the server does not accept the credentials");
	return end(c, err == TUTELA_E_FORMAT || err == TUTELA_E_TOOBIG ? SYNC_REFUSED : SYNC_FAILED, err, why);
}

/* The page at *url; what comes after it takes its place, NULL at the end. */
static enum tutela_err step(struct cursor *c, char **url, struct page_facts *facts)
{
	struct http_request request = {.url = *url, .headers = c->feed->headers, .most = PAGE_BYTES_MAX};
	struct http_answer answer = {0};
	char *why, *next = NULL;
	enum tutela_err err = page_fetch(&c->batch, &request, &answer, facts, &why);

	if (err)
		err = fetch_failed(c, err, answer.status, why);
	free(why);
	if (err)
		return err;
	c->pages++;
	c->records += facts->records;
	if (facts->checkpoint[0])
		memcpy(c->newest, facts->checkpoint, sizeof(c->newest));
	page_batch_add(&c->batch, &answer, memory_format("page %llu", (unsigned long long)c->pages));
	if (facts->next[0]) {
		next = c->feed->follow(c->feed->ctx, c->checkpoint, facts->next);
		if (!next)
			return end(c, SYNC_REFUSED, TUTELA_E_FORMAT,
				   "a page names a successor that is not at the source's address");
		if (!strcmp(next, *url) || c->pages >= CURSOR_PAGES_MAX) {
			free(next);
			return end(c, SYNC_REFUSED, TUTELA_E_FORMAT, "the pages do not end");
		}
	}
	explicit_bzero(*url, strlen(*url));
	free(*url);
	*url = next;
	return page_batch_full(&c->batch) ? commit(c, false) : TUTELA_OK;
}

static enum tutela_err pull(struct cursor *c)
{
	char *url = c->feed->first(c->feed->ctx, c->checkpoint);
	struct page_facts *facts = memory_array(1, sizeof(*facts));
	enum tutela_err err = TUTELA_OK;

	while (!err && url && !sync_stop(c->batch.job))
		err = step(c, &url, facts);
	if (!err && url)
		err = end(c, SYNC_FAILED, TUTELA_E_INTERRUPTED, "interrupted");
	if (url)
		explicit_bzero(url, strlen(url));
	free(url);
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
	enum tutela_err err;

	c->feed = feed;
	c->batch.job = job;
	c->batch.list = sync_list_name(job->source);
	c->batch.format = feed->format;
	c->batch.feed = FEED;
	c->batch.provenance = feed->provenance;
	err = page_batch_begin(&c->batch);
	if (!err)
		err = load(c);
	if (!err)
		err = pull(c);
	if (!err)
		page_batch_end(&c->batch, SYNC_OK, NULL);
	free(c);
	return err;
}
