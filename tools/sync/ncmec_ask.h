/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to a source of the type ncmec outside of a sync: its members, reasons for votes, votes. */
#ifndef TUTELA_TOOLS_NCMEC_ASK_H
#define TUTELA_TOOLS_NCMEC_ASK_H

#include <tutela/tutela.h>

#include "sync/http.h"

struct ncmec_ask {
	const char *name; /* of the source */
	char *base;       /* its address, without slashes at its end */
	struct http *http;
};

/* With the source's credentials: its file, else the environment. False, with a sentence said. */
bool ncmec_ask_open(struct ncmec_ask *a, const struct tutela_source *source);
void ncmec_ask_close(struct ncmec_ask *a);

/* http_ask with the words for what goes wrong; true: *answer holds one of status 2xx. */
bool ncmec_ask_request(struct ncmec_ask *a, const struct http_request *request, struct http_answer *answer);

/* The rows of the reply at a path; `fn` returns false to stop. False, with a sentence said. */
bool ncmec_ask_rows(struct ncmec_ask *a, const char *path, enum tutela_ncmec_reply reply,
		    bool (*fn)(void *ctx, const struct tutela_ncmec_row *row), void *ctx);

#define NCMEC_REPLY_MOST ((uint64_t)1 << 20) /* bytes */

#endif
