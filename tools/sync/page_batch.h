/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages of a feed on their way into the store. Each is fetched whole, read
 * once to see that it is what it should be, and kept; a batch of them becomes
 * one commit, together with the state from which the feed goes on behind
 * them. So a page that is broken in its middle leaves nothing behind, and the
 * store's writer lock is not held while a server is waited for.
 *
 * With TUTELA_REPLACE, all batches are one commit, made by page_batch_finish.
 * Until then they are in the source's staging folder (page_spool.h), with what
 * the caller needs to go on behind them: such a fetch may take hours, and the
 * store's writer lock is held for none of them. A dry run stages nothing.
 *
 * Records that cannot be taken are held (tutela_update_hold) and counted.
 */
#ifndef TUTELA_TOOLS_PAGE_BATCH_H
#define TUTELA_TOOLS_PAGE_BATCH_H

#include "sync/feed.h"
#include "sync/page_spool.h"

#define PAGE_BYTES_MAX PAGE_SPOOL_PAGE_MOST

/* What one page said. */
struct page_facts {
	char next[TUTELA_PAGE_NEXT_MAX + 1], checkpoint[256];
	uint64_t records; /* handed over or bad */
};

struct page_batch {
	/* Set by the caller. */
	struct sync_job *job;
	const char *list, *format, *feed; /* `feed`: the word under which the state is kept */
	const char *provenance;
	/* A key of a page's outermost object that is never written to a file, since it may hold a secret; or NULL. */
	const char *unkept;
	enum tutela_update_mode mode;

	struct {
		char *body, *where; /* where: "page 3" */
		size_t len;
	} pages[16];
	size_t n, bytes;
	struct tutela_update *update;
	struct page_spool *spool;    /* REPLACE: where pages wait */
	struct sync_outcome outcome; /* its list, versions and counts */
	/* Of the page that is being put. */
	const char *where;
	uint64_t record;
	struct tutela_record timeless;
};

/* Looks up the list: is it this source's? An error has been reported. */
enum tutela_err page_batch_begin(struct page_batch *b);

/*
 * Ask for a page, again when what comes is not whole. TUTELA_OK: *answer is
 * the caller's to give to page_batch_add or to free. Else *answer is empty but
 * for its status, and *why, allocated, is a sentence: TUTELA_E_FORMAT when
 * what came was broken each time, and what http_ask returned.
 */
enum tutela_err page_fetch(struct page_batch *b, const struct http_request *request, struct http_answer *answer,
			   struct page_facts *facts, char **why);

/* Keep the page; takes what the answer holds. */
void page_batch_add(struct page_batch *b, struct http_answer *answer, char *where);
bool page_batch_full(const struct page_batch *b);

/*
 * REPLACE, before anything is fetched: what such a fetch before this one left.
 * *state, allocated, is what it gave to page_batch_commit last; NULL: nothing.
 * *whole: it was given to page_batch_finish: nothing is to be fetched any more,
 * and page_batch_finish with it ends the work. An error has been reported.
 */
enum tutela_err page_batch_take_up(struct page_batch *b, char **state, bool *whole);
/* What was left is of no use. */
void page_batch_forget(struct page_batch *b);

/*
 * Put what is kept, with the state; REPLACE: to where it waits. TUTELA_OK, or
 * an error that has been reported.
 */
enum tutela_err page_batch_commit(struct page_batch *b, const void *state, size_t len);
/* The same at the end of a fetch, and of a REPLACE all that waits. */
enum tutela_err page_batch_finish(struct page_batch *b, const void *state, size_t len);

/* Say how it went: `reason` NULL is all well. Frees what is kept. */
void page_batch_end(struct page_batch *b, enum sync_status status, const char *reason);

/* The state of the feed, allocated; NULL: none yet. An error has been reported. */
enum tutela_err page_state(struct sync_job *job, const char *list, const char *feed, char **state, size_t *len);

#endif
