/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feed of NCMEC Hash Sharing v2: windows of time (ncmec_window.h), drained
 * page by page (page_batch.h). The windows' state is committed with the pages
 * before it, so that a sync that ends anywhere goes on behind them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "memory.h"
#include "sync/ncmec_window.h"
#include "sync/page_batch.h"

#define FEED "entries"

struct pull {
	struct page_batch batch;
	struct ncmec_window window;
	char base[TUTELA_SOURCE_URL_MAX + 1];
	char state[NCMEC_STATE_MAX];
};

/* Without slashes at its end: paths begin with one. */
static void set_base(struct pull *p, const char *url)
{
	size_t len = strlen(url);

	while (len && url[len - 1] == '/')
		len--;
	memcpy(p->base, url, len);
	p->base[len] = '\0';
}

static enum tutela_err end(struct pull *p, enum sync_status status, enum tutela_err err, const char *reason)
{
	page_batch_end(&p->batch, status, reason);
	return err;
}

static enum tutela_err commit(struct pull *p)
{
	const struct tutela_source *source = p->batch.job->source;
	size_t len = ncmec_window_save(&p->window, p->base, source->members, source->n_members, p->state);

	if (!len)
		return end(p, SYNC_FAILED, TUTELA_E_TOOBIG, "the state of the feed is too long to be kept");
	return page_batch_commit(&p->batch, p->state, len);
}

/* What was kept comes first; the failure is what is said. */
static enum tutela_err give_up(struct pull *p, enum sync_status status, enum tutela_err err, const char *reason)
{
	enum tutela_err committed = p->batch.n ? commit(p) : TUTELA_OK;

	return committed ? committed : end(p, status, err, reason);
}

static enum tutela_err load(struct pull *p)
{
	struct sync_job *job = p->batch.job;
	const struct tutela_source *source = job->source;
	char *state;
	size_t len;
	enum tutela_err err = page_state(job, p->batch.list, FEED, &state, &len);
	bool ok = !err &&
		  (!state || ncmec_window_load(&p->window, p->base, source->members, source->n_members, state, len));

	free(state);
	if (err)
		return err;
	if (!ok)
		return end(p, SYNC_REFUSED, TUTELA_E_REFUSED,
			   "what was fetched before was from another address or of other members: remove the source "
			   "and add it anew");
	if (p->window.done > job->now + 3600)
		return end(p, SYNC_REFUSED, TUTELA_E_REFUSED,
			   "this machine's clock is behind what was fetched already: was it put back?");
	ncmec_window_resume(&p->window, job->now);
	return TUTELA_OK;
}

static char *where(const struct ncmec_window *w, uint64_t page)
{
	char from[32], to[32];
	time_t a = (time_t)w->from, b = (time_t)w->to;
	struct tm tm;

	strftime(from, sizeof(from), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&a, &tm));
	strftime(to, sizeof(to), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&b, &tm));
	return memory_format("entries from %s to %s, page %" PRIu64, from, to, page);
}

static enum tutela_err fetch_failed(struct pull *p, enum tutela_err err, long status, const char *why)
{
	if (err == TUTELA_E_INTERRUPTED)
		return give_up(p, SYNC_FAILED, err, "interrupted");
	if (status == 401 || status == 403)
		return give_up(p, SYNC_REFUSED, err, "the server does not accept the credentials");
	if ((err == TUTELA_E_REFUSED || err == TUTELA_E_NOTFOUND) && ncmec_window_refused(&p->window))
		return TUTELA_OK;
	return give_up(p, err == TUTELA_E_FORMAT || err == TUTELA_E_TOOBIG ? SYNC_REFUSED : SYNC_FAILED, err, why);
}

/* A whole page: what it means for the window, and into the batch. */
static enum tutela_err take(struct pull *p, struct http_answer *answer, const struct page_facts *facts)
{
	char *place = where(&p->window, p->window.pages + 1);
	const char *why;
	enum ncmec_verdict verdict =
		ncmec_window_page(&p->window, (int64_t)time(NULL), p->base, facts->next, facts->records, &why);

	switch (verdict) {
	case NCMEC_TAKE:
	case NCMEC_DRAINED:
		page_batch_add(&p->batch, answer, place);
		return page_batch_full(&p->batch) ? commit(p) : TUTELA_OK;
	case NCMEC_NARROW:
	case NCMEC_ASTRAY:
		break;
	}
	free(place);
	http_answer_free(answer);
	return verdict == NCMEC_NARROW ? TUTELA_OK : give_up(p, SYNC_REFUSED, TUTELA_E_FORMAT, why);
}

static enum tutela_err step(struct pull *p, const char *path)
{
	static const char *const headers[] = {"Accept: application/xml", NULL};
	char *url = memory_format("%s%s", p->base, path), *why;
	struct http_request request = {.url = url, .headers = headers, .most = PAGE_BYTES_MAX};
	struct page_facts *facts = memory_array(1, sizeof(*facts));
	struct http_answer answer = {0};
	enum tutela_err err = page_fetch(&p->batch, &request, &answer, facts, &why);

	err = err ? fetch_failed(p, err, answer.status, why) : take(p, &answer, facts);
	free(why);
	free(facts);
	free(url);
	return err;
}

static enum tutela_err drain(struct pull *p)
{
	struct sync_job *job = p->batch.job;
	char path[TUTELA_PAGE_NEXT_MAX + 1];
	enum tutela_err err = TUTELA_OK;

	/* Windows end at the time of this sync's start: it comes to an end whatever is added meanwhile. */
	while (!err && !sync_stop(job) && ncmec_window_ask(&p->window, job->now, path, sizeof(path)))
		err = step(p, path);
	if (err)
		return err;
	if (sync_stop(job))
		return give_up(p, SYNC_FAILED, TUTELA_E_INTERRUPTED, "interrupted");
	return p->batch.n ? commit(p) : TUTELA_OK;
}

static enum tutela_err run(struct sync_job *job)
{
	struct pull *p = memory_array(1, sizeof(*p));
	enum tutela_err err;

	p->batch.job = job;
	p->batch.list = sync_list_name(job->source);
	p->batch.format = "ncmec";
	p->batch.feed = FEED;
	p->batch.provenance = "NCMEC hash sharing";
	set_base(p, job->source->url);
	err = page_batch_begin(&p->batch);
	if (!err)
		err = load(p);
	if (!err)
		err = drain(p);
	if (!err)
		page_batch_end(&p->batch, SYNC_OK, NULL);
	free(p);
	return err;
}

const struct feed feed_ncmec = {
	.type = TUTELA_SOURCE_NCMEC,
	.traits = FEED_HTTP | FEED_CREDENTIALS | FEED_BASIC_AUTH,
	.run = run,
};
