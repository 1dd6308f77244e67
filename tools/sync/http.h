/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests over HTTPS, by libcurl: TLS 1.2 or newer with the certificate
 * checked; against the source's own CA alone when it has one. http:// goes to
 * this machine alone and past any proxy. Redirects are not followed. A proxy
 * is taken from libcurl's environment variables (https_proxy, no_proxy).
 *
 * No sentence of this file holds a query, a header, a body or a credential.
 *
 * One thread a handle.
 */
#ifndef TUTELA_TOOLS_HTTP_H
#define TUTELA_TOOLS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tutela/error.h>

struct http;

struct http_opts {
	const char *ca;                       /* PEM file; NULL or "": the system's CAs */
	const char *client_cert, *client_key; /* PEM files; NULL or "": none */
	const char *user, *password;          /* sent as Basic authorisation with every request; NULL: none. Copied. */
	/* 0: the default */
	unsigned connect_s;  /* to connect and shake hands: 30 */
	unsigned stall_s;    /* without a byte: 60 */
	unsigned total_s;    /* one attempt of a request: 3,600 */
	unsigned attempts;   /* of a request that may be repeated: 5 */
	unsigned backoff_ms; /* before the second attempt: 500; twice as much before each further one, at most 60 s */
	unsigned most_s;     /* all requests of the handle from http_open on, pauses included: no limit */
};

/* NULL, with a sentence said, when a file of the options cannot be read or libcurl does not start. */
struct http *http_open(const struct http_opts *opts);
void http_close(struct http *h); /* NULL is fine */

struct http_request {
	const char *url;
	const char *const *headers; /* "Name: value" each, NULL ends; NULL: none. No line breaks. */
	const char *post;           /* a body; NULL: GET. A POST is sent once, unless `repeatable`. */
	size_t post_len;
	const char *method; /* NULL: GET or POST */
	bool repeatable;    /* a POST that does no harm when it arrives twice */
	uint64_t most;      /* bytes of the answer's body; more is TUTELA_E_TOOBIG */
};

/*
 * TUTELA_OK: an answer of status 2xx. TUTELA_E_NOTFOUND: 404 or 410.
 * TUTELA_E_REFUSED: any other answer but those below. TUTELA_E_SYS: no answer,
 * a broken one, one with more than 256 KiB of headers, a certificate that does
 * not hold, 5xx or 429 to the last, or the handle's time is up.
 * TUTELA_E_TOOBIG, TUTELA_E_ARG (an address that is not allowed),
 * TUTELA_E_INTERRUPTED (interrupt.h), and what `write` returned.
 * Attempts that time out, are cut short, or are answered by 408, 429 or 5xx
 * are repeated, after as long as Retry-After asks for (at most 60 s).
 */

/*
 * The whole answer, allocated, with a NUL behind it: also that of a status other than 2xx, when there is one, up to
 * 64 KiB of it. NULL body: there was none.
 */
struct http_answer {
	long status; /* 0: none */
	char *body;
	size_t len;
};
enum tutela_err http_ask(struct http *h, const struct http_request *request, struct http_answer *answer);
void http_answer_free(struct http_answer *answer); /* what it held is overwritten */

/*
 * The answer from byte `offset` on, given to `write` in order as it comes;
 * what is cut short goes on where it broke off. A server that does not know
 * ranges sends all of it, and the beginning is dropped. An offset at or past the
 * end is TUTELA_OK without a byte. `most` counts from the file's first byte.
 */
enum tutela_err http_fetch(struct http *h, const struct http_request *request, uint64_t offset,
			   enum tutela_err (*write)(void *to, const void *bytes, size_t len), void *to);

/* What went wrong with the last request: a sentence without its full stop, "" when nothing did. */
const char *http_errmsg(const struct http *h);

#endif
