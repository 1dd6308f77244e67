/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/page_batch.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "memory.h"

#define BATCH_BYTES  ((size_t)32 << 20)
#define BROKEN_TRIES 4
#define BROKEN_WAIT  200 /* ms before the second try; twice as much before each further one */
#define BUSY_WAIT    200 /* ms */
#define BUSY_TRIES   150
#define FUTURE_MOST  86400 /* seconds that clocks may differ by */
#define POSITION_MAX 255

static void wait_ms(const struct sync_job *job, unsigned ms)
{
	for (; ms && !sync_stop(job); ms -= ms < 50 ? ms : 50)
		nanosleep(&(struct timespec){.tv_nsec = (ms < 50 ? ms : 50) * 1000000L}, NULL);
}

enum tutela_err page_batch_begin(struct page_batch *b)
{
	struct tutela_snapshot *snap;
	uint64_t version = 0;
	enum tutela_err err;

	errno = 0;
	err = tutela_snapshot_open(b->job->store, &snap);
	if (err)
		return sync_report_error(b->job, b->list, err);
	err = sync_list_mine(b->job, snap, b->list, &version);
	tutela_snapshot_close(snap);
	b->outcome.list = b->list;
	b->outcome.from_version = b->outcome.to_version = version;
	return err;
}

enum tutela_err page_state(struct sync_job *job, const char *list, const char *feed, char **state, size_t *len)
{
	struct tutela_snapshot *snap;
	struct tutela_list there;
	enum tutela_err err;

	*state = NULL;
	errno = 0;
	err = tutela_snapshot_open(job->store, &snap);
	if (err)
		return sync_report_error(job, list, err);
	*state = memory_array(TUTELA_FEED_STATE_MAX, 1);
	/* Without its list, what was fetched is not here, whatever the state says. */
	err = tutela_snapshot_list(snap, list, &there);
	if (!err)
		err = tutela_snapshot_feed(snap, job->source->name, feed, *state, TUTELA_FEED_STATE_MAX, len);
	tutela_snapshot_close(snap);
	if (err) {
		free(*state);
		*state = NULL;
	}
	return err && err != TUTELA_E_NOTFOUND ? sync_report_error(job, list, err) : TUTELA_OK;
}

/* Do pages wait in a file until all are there? */
static bool spooling(const struct page_batch *b)
{
	return b->mode == TUTELA_REPLACE && !b->job->dry_run;
}

/* ------------------------------------------------------------------ fetching */

static enum tutela_err pass_over(void *ctx, const struct tutela_record *rec, uint64_t line)
{
	(void)ctx;
	(void)rec;
	(void)line;
	return TUTELA_OK;
}

/* Through the reader of the format; *why, allocated, when the page is broken. */
static enum tutela_err read_page(const char *format, const char *body, size_t len, struct tutela_reader_opts *opts,
				 struct page_facts *facts, char **why)
{
	struct tutela_reader *r = NULL;
	struct tutela_page page;
	enum tutela_err err = tutela_reader_new(format, opts, &r, NULL);

	err = err ? err : tutela_reader_feed(r, body, len);
	err = err ? err : tutela_reader_finish(r);
	err = err ? err : tutela_reader_page(r, &page);
	if (!err && facts) {
		(void)snprintf(facts->next, sizeof(facts->next), "%s", page.next);
		(void)snprintf(facts->checkpoint, sizeof(facts->checkpoint), "%s", page.checkpoint);
		facts->records = page.records + page.bad;
	}
	if (err == TUTELA_E_FORMAT && why)
		*why = memory_format("a page cannot be read: %s", tutela_reader_errmsg(r));
	tutela_reader_free(r);
	return err;
}

enum tutela_err page_fetch(struct page_batch *b, const struct http_request *request, struct http_answer *answer,
			   struct page_facts *facts, char **why)
{
	struct tutela_reader_opts opts = {.size = sizeof(opts), .record = pass_over};
	enum tutela_err err = TUTELA_E_FORMAT;
	long status = 0;

	*why = NULL;
	for (unsigned i = 0; i < BROKEN_TRIES && err == TUTELA_E_FORMAT && !sync_stop(b->job); i++) {
		free(*why);
		*why = NULL;
		if (i)
			wait_ms(b->job, BROKEN_WAIT << (i - 1));
		err = http_ask(b->job->http, request, answer);
		if (err)
			*why = memory_text(http_errmsg(b->job->http));
		else
			err = read_page(b->format, answer->body, answer->len, &opts, facts, why);
		status = answer->status;
		if (err)
			http_answer_free(answer);
	}
	if (!err && spooling(b))
		atomic_fetch_add(&b->job->progress->done, facts->records);
	answer->status = status;
	if (sync_stop(b->job) && err)
		err = TUTELA_E_INTERRUPTED;
	if (err && !*why)
		*why = memory_text(tutela_strerror(err));
	return err;
}

void page_batch_add(struct page_batch *b, struct http_answer *answer, char *where)
{
	b->pages[b->n].body = answer->body;
	b->pages[b->n].len = answer->len;
	b->pages[b->n].where = where;
	b->n++;
	b->bytes += answer->len;
	*answer = (struct http_answer){0};
}

bool page_batch_full(const struct page_batch *b)
{
	return b->n == sizeof(b->pages) / sizeof(b->pages[0]) || b->bytes >= BATCH_BYTES;
}

static void drop_pages(struct page_batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		free(b->pages[i].body);
		free(b->pages[i].where);
	}
	b->n = b->bytes = 0;
}

/* ------------------------------------------------------------------ putting */

/* Of a source with a choice of members: is it one of theirs? Entries are called member/entry. */
static bool wanted(const struct tutela_source *source, struct tutela_text id)
{
	uint64_t member = 0;
	size_t i = 0;

	if (!source->n_members)
		return true;
	/* A number of twenty digits may be one of them once it has come round. */
	for (; i < id.len && id.s[i] >= '0' && id.s[i] <= '9'; i++)
		if (__builtin_mul_overflow(member, (uint64_t)10, &member) ||
		    __builtin_add_overflow(member, (uint64_t)(id.s[i] - '0'), &member))
			return false;
	if (!i || i == id.len || id.s[i] != '/')
		return false;
	for (i = 0; i < source->n_members; i++)
		if (source->members[i] == member)
			return true;
	return false;
}

static enum tutela_err hold(struct page_batch *b, uint64_t record, struct tutela_text id, const char *reason)
{
	char position[POSITION_MAX + 1];
	struct tutela_held held = {.time = b->job->now, .id = id, .reason = {reason, strlen(reason)}};

	b->outcome.quarantined++;
	atomic_fetch_add(&b->job->progress->undetermined, 1);
	(void)snprintf(position, sizeof(position), "%s, record %" PRIu64, b->where, record);
	held.position = (struct tutela_text){position, strlen(position)};
	return b->update ? tutela_update_hold(b->update, &held) : TUTELA_OK;
}

static enum tutela_err on_problem(void *ctx, const struct tutela_exchange_problem *problem)
{
	struct page_batch *b = ctx;

	if (problem->id.len && !wanted(b->job->source, problem->id))
		return TUTELA_OK;
	return hold(b, problem->record, problem->id, problem->reason);
}

/* A time that has not come would keep out whatever the source says later: it is taken for unknown. */
static const struct tutela_record *without_future(struct page_batch *b, const struct tutela_record *rec)
{
	if (rec->source_time <= b->job->now + FUTURE_MOST)
		return rec;
	b->timeless = *rec;
	b->timeless.source_time = 0;
	return &b->timeless;
}

static enum tutela_err on_record(void *ctx, const struct tutela_record *rec, uint64_t line)
{
	struct page_batch *b = ctx;
	enum tutela_err err = TUTELA_OK;

	(void)line;
	rec = without_future(b, rec);
	b->record++;
	if (!wanted(b->job->source, rec->id))
		return TUTELA_OK;
	if (!spooling(b))
		atomic_fetch_add(&b->job->progress->done, 1);
	if (b->update)
		err = tutela_update_put(b->update, rec);
	else if (rec->status == TUTELA_WITHDRAWN)
		b->outcome.withdrawn++; /* dry run: what came, not what it would change */
	else
		b->outcome.changed++;
	if (err == TUTELA_E_REFUSED || err == TUTELA_E_TOOBIG)
		return hold(b, b->record, rec->id, tutela_strerror(err));
	return err;
}

static enum tutela_err put_page(void *ctx, const char *where, const char *body, size_t len)
{
	struct tutela_reader_opts opts = {.size = sizeof(opts), .record = on_record, .problem = on_problem, .ctx = ctx};
	struct page_batch *b = ctx;

	if (b->spool && sync_stop(b->job))
		return TUTELA_E_INTERRUPTED;
	b->where = where;
	b->record = 0;
	return read_page(b->format, body, len, &opts, NULL, NULL);
}

static enum tutela_err put_pages(struct page_batch *b)
{
	enum tutela_err err = TUTELA_OK;

	for (size_t i = 0; i < b->n && !err; i++)
		err = put_page(b, b->pages[i].where, b->pages[i].body, b->pages[i].len);
	drop_pages(b);
	return err;
}

/* Another writer is waited for: half a minute. */
static enum tutela_err open_update(struct page_batch *b)
{
	struct tutela_update_opts opts = {.size = sizeof(opts),
					  .list = b->list,
					  .create = true,
					  .source = b->job->source->name,
					  .of = b->job->source,
					  .mode = b->mode,
					  .newest = true,
					  .provenance = b->provenance};
	enum tutela_err err = TUTELA_E_BUSY;

	if (b->update || b->job->dry_run)
		return TUTELA_OK;
	for (unsigned i = 0; i < BUSY_TRIES && err == TUTELA_E_BUSY && !sync_stop(b->job); i++) {
		if (i)
			wait_ms(b->job, BUSY_WAIT);
		errno = 0;
		err = tutela_update_begin(b->job->store, &opts, &b->update);
	}
	return err;
}

static enum tutela_err close_update(struct page_batch *b, const void *state, size_t len)
{
	struct tutela_update_result result;
	enum tutela_err err;

	if (!b->update)
		return TUTELA_OK;
	err = tutela_update_feed(b->update, b->job->source->name, b->feed, state, len);
	if (err)
		return err;
	err = tutela_update_commit(b->update, &result);
	b->update = NULL;
	if (err)
		return err;
	b->outcome.added += result.added;
	b->outcome.changed += result.changed;
	b->outcome.withdrawn += result.withdrawn;
	b->outcome.to_version = result.version;
	return TUTELA_OK;
}

static enum tutela_err failed(struct page_batch *b, enum tutela_err err)
{
	const char *own = tutela_store_errmsg(b->job->store);
	char *reason;

	if (!err)
		return err;
	reason = memory_text(err == TUTELA_E_INTERRUPTED ? "interrupted" : *own ? own : tutela_strerror(err));
	page_batch_end(b, SYNC_FAILED, reason);
	free(reason);
	return err;
}

static enum tutela_err put_all(struct page_batch *b, const void *state, size_t len)
{
	enum tutela_err err = open_update(b);

	if (!err)
		err = b->spool ? page_spool_each(b->spool, put_page, b) : put_pages(b);
	return err ? err : close_update(b, state, len);
}

/* ------------------------------------------------------------------ pages that wait */

static enum tutela_err spool_failed(struct page_batch *b, enum tutela_err err)
{
	char *why;

	if (!err)
		return err;
	why = memory_text(err == TUTELA_E_FORMAT ? "a page cannot be kept until all are there: it is no JSON object"
						 : page_spool_errmsg(b->spool));
	page_batch_end(b, SYNC_FAILED, why);
	free(why);
	return err;
}

enum tutela_err page_batch_take_up(struct page_batch *b, char **state, bool *whole)
{
	const struct tutela_source *source = b->job->source;
	enum tutela_err err;
	char *why, *origin;

	*state = NULL;
	*whole = false;
	if (!spooling(b))
		return TUTELA_OK;
	/* No address and no name of a file has a line feed. */
	origin = memory_format("%s\n%s\n%s", source->url, source->ca, source->client_cert);
	err = page_spool_open(b->job->staging, origin, &b->spool, state, whole, &why);
	free(origin);
	if (err)
		page_batch_end(b, SYNC_FAILED, why);
	free(why);
	return err;
}

void page_batch_forget(struct page_batch *b)
{
	if (b->spool)
		page_spool_empty(b->spool);
	else if (!b->job->dry_run)
		page_spool_remove(b->job->staging);
}

/* Without what is not to be kept. NULL: it cannot be told apart. */
static char *without(const char *body, size_t len, const char *unkept)
{
	json_t *o = json_loadb(body, len, JSON_ALLOW_NUL, NULL);
	char *text = NULL;

	if (json_is_object(o)) {
		(void)json_object_del(o, unkept);
		text = json_dumps(o, JSON_COMPACT);
	}
	json_decref(o);
	return text;
}

static enum tutela_err spool_page(struct page_batch *b, size_t i)
{
	const char *where = b->pages[i].where;
	enum tutela_err err;
	char *text;

	if (!b->unkept)
		return page_spool_add(b->spool, where, b->pages[i].body, b->pages[i].len);
	text = without(b->pages[i].body, b->pages[i].len, b->unkept);
	if (!text)
		return TUTELA_E_FORMAT;
	err = page_spool_add(b->spool, where, text, strlen(text));
	free(text);
	return err;
}

static enum tutela_err spool_pages(struct page_batch *b, const void *state, size_t len, bool whole)
{
	enum tutela_err err = TUTELA_OK;

	for (size_t i = 0; i < b->n && !err; i++)
		err = spool_page(b, i);
	drop_pages(b);
	if (!err)
		err = page_spool_mark(b->spool, state, len, whole);
	return spool_failed(b, err);
}

static enum tutela_err put_spool(struct page_batch *b, const void *state, size_t len)
{
	enum tutela_err err = spool_pages(b, state, len, true);
	bool damaged;

	if (err)
		return err;
	err = put_all(b, state, len);
	/* Each page was read when it came. A store says that it is damaged by the same number. */
	damaged = err == TUTELA_E_FORMAT || (err == TUTELA_E_CORRUPT && *page_spool_errmsg(b->spool));
	if (!err || damaged)
		page_spool_empty(b->spool);
	if (damaged) {
		page_batch_end(b, SYNC_FAILED, "what was fetched before is damaged: the next sync fetches it anew");
		return err;
	}
	return *page_spool_errmsg(b->spool) ? spool_failed(b, err) : failed(b, err);
}

/* ------------------------------------------------------------------ commits */

enum tutela_err page_batch_commit(struct page_batch *b, const void *state, size_t len)
{
	if (b->spool)
		return spool_pages(b, state, len, false);
	return failed(b, put_all(b, state, len));
}

enum tutela_err page_batch_finish(struct page_batch *b, const void *state, size_t len)
{
	return b->spool ? put_spool(b, state, len) : page_batch_commit(b, state, len);
}

void page_batch_end(struct page_batch *b, enum sync_status status, const char *reason)
{
	b->outcome.to_version += b->job->dry_run && (b->outcome.changed || b->outcome.withdrawn);
	b->outcome.status = status;
	b->outcome.reason = reason;
	sync_report(b->job, &b->outcome);
	b->outcome.reason = NULL;
	tutela_update_abort(b->update);
	b->update = NULL;
	drop_pages(b);
	page_spool_close(b->spool);
	b->spool = NULL;
}
