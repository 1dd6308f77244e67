/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds in JSON whose server says where the next fetch is to begin. A source
 * that was not asked for too long is fetched whole, and what it does not name
 * any more is withdrawn: by one commit at its end, until which the pages wait
 * outside of the store.
 *
 * A fetch that ends early goes on, with the next sync, behind the pages that
 * were committed or wait, as far as the feed allows (enum cursor_resume).
 * No deletion may be lost by that: what changes at the server in between must
 * still come, in the rest of this fetch or in the one after it. The time from
 * which "too long" counts is that of the last fetch in one piece, and before
 * there was one the beginning of the first.
 */
#ifndef TUTELA_TOOLS_CURSOR_FEED_H
#define TUTELA_TOOLS_CURSOR_FEED_H

#include "sync/page_batch.h"

#define CURSOR_PAGES_MAX 100000 /* of one fetch */

/* Seconds that the address of a next page is kept. */
#define CURSOR_NEXT_LIFE (12 * 3600)

/* How a fetch goes on that ended early. */
enum cursor_resume {
	CURSOR_ANEW, /* it does not: it begins where the last whole one ended */
	/* Changes come in the order of their times: what the last page said is a checkpoint already, unless a page's
	 * was smaller than one before it. */
	CURSOR_ORDERED,
	/* With `next`, kept as it is: it must hold no secret. A server that does not take it any more is asked anew.
	 * Since nothing is known of the order of changes, or of when a set ends, the checkpoint then becomes what the
	 * first page of the fetch said: the next fetch brings what may have been missed. */
	CURSOR_NEXT
};

struct cursor_feed {
	const char *format, *provenance;
	enum cursor_resume resume;
	const char *unkept; /* see struct page_batch */
	int64_t idle_most;  /* seconds without a whole fetch after which all is fetched anew; 0: never */
	/*
	 * Address of the first page behind a checkpoint ("": from the very
	 * beginning), and of the page that `next` stands for, allocated. NULL:
	 * `next` leads away from the source's address.
	 */
	char *(*first)(void *ctx, const char *checkpoint);
	char *(*follow)(void *ctx, const char *checkpoint, const char *next);
	const char *const *headers;
	void *ctx;
};

enum tutela_err cursor_run(struct sync_job *job, const struct cursor_feed *feed);

/* A failure before anything was fetched, said of the source's list; returns err. */
enum tutela_err cursor_refuse(struct sync_job *job, enum tutela_err err, const char *reason);

/* Scheme, host and port of two addresses are the same, and the second goes on with a path. */
bool cursor_same_origin(const char *base, const char *url);
/* For a query: what is no letter, digit, '-', '.', '_' or '~' becomes %XX. Allocated. */
char *cursor_escape(const char *text);
/* The source's address without slashes at its end. Allocated. */
char *cursor_base(const struct tutela_source *source);

#endif
