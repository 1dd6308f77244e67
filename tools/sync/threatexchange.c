/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feed of Meta's ThreatExchange. The credentials file has one line,
 *   access_token=APP|SECRET
 * Its address is that of the privacy group: https://graph.facebook.com/v21.0/GROUP.
 *
 * Addresses of pages carry the token: they are in no message, no state and no
 * log. Tombstones live 90 days at the server: after 85 all is fetched anew.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "sync/cursor_feed.h"

#define IDLE_MOST (INT64_C(85) * 86400)
#define TYPES     "HASH_PDQ,HASH_MD5,HASH_VIDEO_MD5,HASH_SHA1,HASH_SHA256,HASH_VIDEO_SHA256"
#define FIELDS    "indicator,type,last_updated,should_delete,descriptors%%7Breactions,owner%%7Bid%%7D,tags,status%%7D"

struct group {
	char *base;
	const char *token;
};

static char *first(void *ctx, const char *checkpoint)
{
	const struct group *g = ctx;
	char *token = cursor_escape(g->token), *url, *since = memory_text("");
	int64_t t = strtoll(checkpoint, NULL, 10);

	/* A second earlier: whether the first one is part of the answer is nowhere said. */
	if (t > 1) {
		free(since);
		since = memory_format("&start_time=%" PRId64, t - 1);
	}
	url = memory_format("%s/threat_updates/?access_token=%s&limit=500&types=" TYPES "&fields=" FIELDS "%s", g->base,
			    token, since);
	explicit_bzero(token, strlen(token));
	free(token);
	free(since);
	return url;
}

/* Verbatim, but never to another host: it carries the token. */
static char *follow(void *ctx, const char *checkpoint, const char *next)
{
	const struct group *g = ctx;

	(void)checkpoint;
	return cursor_same_origin(g->base, next) ? memory_text(next) : NULL;
}

static enum tutela_err run(struct sync_job *job)
{
	static const char *const headers[] = {"Accept: application/json", NULL};
	struct group group = {.base = cursor_base(job->source)};
	struct cursor_feed feed = {.format = "threatexchange",
				   .provenance = "ThreatExchange",
				   .resume = CURSOR_ORDERED,
				   .idle_most = IDLE_MOST,
				   .first = first,
				   .follow = follow,
				   .unkept = "paging",
				   .headers = headers,
				   .ctx = &group};
	enum tutela_err err;

	group.token = job->credentials ? credentials_value(job->credentials, "access_token") : NULL;
	if (group.token && *group.token)
		err = cursor_run(job, &feed);
	else
		err = cursor_refuse(job, TUTELA_E_ARG, "the credentials lack access_token=…");
	free(group.base);
	return err;
}

const struct feed feed_threatexchange = {
	.type = TUTELA_SOURCE_THREATEXCHANGE,
	.traits = FEED_HTTP | FEED_CREDENTIALS | FEED_PAGES,
	.run = run,
};
