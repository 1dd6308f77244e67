/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feed of StopNCII. The credentials file has two lines,
 *   x-functions-key=KEY
 *   Ocp-Apim-Subscription-Key=KEY
 * Its address is what FetchHashes stands behind: https://api.stopncii.org/v1.
 */
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "sync/cursor_feed.h"

#define IDLE_MOST (INT64_C(30) * 86400)

/* "All there is" is asked for as 10. */
static char *first(void *base, const char *checkpoint)
{
	char *from = cursor_escape(checkpoint[0] ? checkpoint : "10");
	char *url = memory_format("%s/FetchHashes?startTimestamp=%s&pageSize=800", (const char *)base, from);

	free(from);
	return url;
}

static char *follow(void *base, const char *checkpoint, const char *token)
{
	char *page = first(base, checkpoint), *escaped = cursor_escape(token);
	char *url = memory_format("%s&nextPageToken=%s", page, escaped);

	free(page);
	free(escaped);
	return url;
}

static char *header(const struct credentials *c, const char *name)
{
	const char *value = c ? credentials_value(c, name) : NULL;

	return value && *value ? memory_format("%s: %s", name, value) : NULL;
}

static void forget(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

static enum tutela_err run(struct sync_job *job)
{
	char *function_key = header(job->credentials, "x-functions-key");
	char *subscription = header(job->credentials, "Ocp-Apim-Subscription-Key");
	const char *headers[] = {"Accept: application/json", function_key, subscription, NULL};
	char *base = cursor_base(job->source);
	struct cursor_feed feed = {.format = "stopncii",
				   .provenance = "StopNCII",
				   .resume = CURSOR_NEXT,
				   .idle_most = IDLE_MOST,
				   .first = first,
				   .follow = follow,
				   .headers = headers,
				   .ctx = base};
	enum tutela_err err;

	if (function_key && subscription)
		err = cursor_run(job, &feed);
	else
		err = cursor_refuse(job, TUTELA_E_ARG,
				    "the credentials lack x-functions-key=… or Ocp-Apim-Subscription-Key=…");
	forget(function_key);
	forget(subscription);
	free(base);
	return err;
}

const struct feed feed_stopncii = {
	.type = TUTELA_SOURCE_STOPNCII,
	.traits = FEED_HTTP | FEED_CREDENTIALS | FEED_PAGES,
	.run = run,
};
