/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds in JSON whose server says where the next fetch is to begin. What it
 * says becomes the checkpoint when the last page was taken, not before: a
 * fetch that ends early begins anew where the one before it ended. A source
 * that was not asked for too long is fetched whole, and what it does not name
 * any more is withdrawn.
 */
#ifndef TUTELA_TOOLS_CURSOR_FEED_H
#define TUTELA_TOOLS_CURSOR_FEED_H

#include "sync/page_batch.h"

#define CURSOR_PAGES_MAX 100000 /* of one fetch */

struct cursor_feed {
	const char *format, *provenance;
	int64_t idle_most; /* seconds without a whole fetch after which all is fetched anew; 0: never */
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
