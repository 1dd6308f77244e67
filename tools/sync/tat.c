/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feed of Tech Against Terrorism. The credentials file's first line is
 * user:password; they are sent once, for a token. Its address:
 * https://app.terrorismanalytics.org.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "sync/cursor_feed.h"

#define LIST "/api/hash-list/v2/all?"

static char *first(void *base, const char *checkpoint)
{
	char *after = cursor_escape(checkpoint);
	char *url = memory_format("%s" LIST "order=asc%s%s", (const char *)base, *after ? "&after=" : "", after);

	free(after);
	return url;
}

/* A whole address, or a query. */
static char *follow(void *base, const char *checkpoint, const char *next)
{
	char *url;

	(void)checkpoint;
	if (strstr(next, "://") || next[0] == '/')
		return cursor_same_origin(base, next) ? memory_text(next) : NULL;
	url = memory_format("%s" LIST "%s", (const char *)base, next + (next[0] == '?'));
	if (cursor_same_origin(base, url))
		return url;
	free(url);
	return NULL;
}

static void forget(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

/* "Authorization: Bearer …", allocated; NULL with a sentence. */
static char *log_in(struct sync_job *job, const char *base, const char **why)
{
	static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded", NULL};
	const char *user, *password, *token;
	char *form, *a, *b, *url, *out = NULL;
	struct http_answer answer = {0};
	json_t *reply = NULL;

	if (!job->credentials || !credentials_pair(job->credentials, &user, &password)) {
		*why = "the credentials are not user:password on their first line";
		return NULL;
	}
	a = cursor_escape(user);
	b = cursor_escape(password);
	form = memory_format("username=%s&password=%s&resend=False", a, b);
	url = memory_format("%s/token-auth/tcap/", base);
	*why = "the server gives no token for these credentials";
	if (!http_ask(job->http,
		      &(struct http_request){.url = url,
					     .headers = headers,
					     .post = form,
					     .post_len = strlen(form),
					     .repeatable = true,
					     .most = 65536},
		      &answer))
		reply = json_loadb(answer.body, answer.len, 0, NULL);
	else if (answer.status != 400 && answer.status != 401 && answer.status != 403)
		*why = http_errmsg(job->http);
	token = json_string_value(json_object_get(reply, "token"));
	if (token && strlen(token) < 8192 && !token[strcspn(token, "\r\n")])
		out = memory_format("Authorization: Bearer %s", token);
	json_decref(reply);
	http_answer_free(&answer);
	forget(form);
	forget(a);
	forget(b);
	free(url);
	return out;
}

static enum tutela_err run(struct sync_job *job)
{
	char *base = cursor_base(job->source), *bearer;
	const char *why = NULL, *headers[] = {"Accept: application/json", NULL, NULL};
	struct cursor_feed feed = {.format = "tat",
				   .provenance = "Tech Against Terrorism",
				   .resume = CURSOR_NEXT,
				   .first = first,
				   .follow = follow,
				   .headers = headers,
				   .ctx = base};
	enum tutela_err err;

	headers[1] = bearer = log_in(job, base, &why);
	err = bearer ? cursor_run(job, &feed) : cursor_refuse(job, TUTELA_E_REFUSED, why);
	forget(bearer);
	free(base);
	return err;
}

const struct feed feed_tat = {
	.type = TUTELA_SOURCE_TAT,
	.traits = FEED_HTTP | FEED_CREDENTIALS | FEED_PAGES,
	.run = run,
};
