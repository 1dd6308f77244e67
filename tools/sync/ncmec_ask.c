/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/ncmec_ask.h"

#include <stdlib.h>

#include "memory.h"
#include "message.h"
#include "sync/credentials.h"
#include "sync/cursor_feed.h"

static struct credentials *load_credentials(const struct tutela_source *s)
{
	struct credentials *c;
	char why[256] = "there are no credentials: neither a file nor the environment";

	if (s->credentials[0]) {
		c = credentials_read(s->credentials, why, sizeof(why));
	} else {
		c = credentials_environment(s->name);
		c = c ? c : credentials_variable("TUTELA_NCMEC_CREDENTIALS");
	}
	if (!c)
		message_error(s->credentials[0] ? s->credentials : s->name, "%s", why);
	return c;
}

bool ncmec_ask_open(struct ncmec_ask *a, const struct tutela_source *s)
{
	struct http_opts opts = {.ca = s->ca, .client_cert = s->client_cert, .client_key = s->client_key};
	struct credentials *c;

	*a = (struct ncmec_ask){.name = s->name};
	if (s->type != TUTELA_SOURCE_NCMEC) {
		message_error(s->name, "this is for sources of the type ncmec");
		return false;
	}
	c = load_credentials(s);
	if (!c)
		return false;
	if (credentials_pair(c, &opts.user, &opts.password))
		a->http = http_open(&opts);
	else
		message_error(s->name, "the credentials are not user:password on their first line");
	credentials_free(c);
	if (a->http)
		a->base = cursor_base(s);
	return a->http != NULL;
}

void ncmec_ask_close(struct ncmec_ask *a)
{
	http_close(a->http);
	free(a->base);
	*a = (struct ncmec_ask){0};
}

bool ncmec_ask_request(struct ncmec_ask *a, const struct http_request *request, struct http_answer *answer)
{
	enum tutela_err error = http_ask(a->http, request, answer);

	if (!error)
		return true;
	if (answer->status == 401 || answer->status == 403)
		message_error(a->name, "the server does not accept the credentials");
	else if (answer->status == 404)
		message_error(a->name, "the server knows no such thing (status 404)");
	else
		message_error(a->name, "%s", http_errmsg(a->http));
	http_answer_free(answer);
	return false;
}

bool ncmec_ask_rows(struct ncmec_ask *a, const char *path, enum tutela_ncmec_reply reply,
		    bool (*fn)(void *ctx, const struct tutela_ncmec_row *row), void *ctx)
{
	static const char *const headers[] = {"Accept: application/xml", NULL};
	char *url = memory_format("%s%s", a->base, path);
	struct http_request request = {.url = url, .headers = headers, .most = NCMEC_REPLY_MOST};
	struct http_answer answer = {0};
	enum tutela_err error;
	const char *why;
	bool ok = ncmec_ask_request(a, &request, &answer);

	free(url);
	if (!ok)
		return false;
	error = tutela_ncmec_read(reply, answer.body, answer.len, fn, ctx, &why);
	http_answer_free(&answer);
	if (error)
		message_error(a->name, "the reply to '%s' cannot be read: %s", path,
			      *why ? why : tutela_strerror(error));
	return !error;
}
