/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <tutela/version.h>

#include "interrupt.h"
#include "memory.h"
#include "message.h"
#include "printable.h"
#include "sync/http_address.h"
#include "sync/late_curl.h"

#define CONNECT_S  30
#define STALL_S    60
#define TOTAL_S    3600
#define ATTEMPTS   5
#define BACKOFF_MS 500
#define WAIT_MAX_S 60
#define SLICE_MS   50
#define PROGRESS   65536  /* bytes after which an attempt that breaks off does not count */
#define ERROR_BODY 65536  /* bytes of an answer that nobody asked for */
#define HEADERS    262144 /* bytes of all headers of an attempt: libcurl keeps them */

struct http {
	const struct late_curl *lib;
	CURL *curl;
	struct http_opts opts; /* the defaults filled in; its texts are those below */
	char *ca, *cert, *key, *user, *password;
	struct timespec until; /* with opts.most_s: when its time is up */
	char error[512], detail[CURL_ERROR_SIZE];
};

/* One request on its way, over all its attempts. */
struct exchange {
	struct http *h;
	const struct http_request *request;
	struct http_answer *answer; /* of http_ask; NULL: of http_fetch, which has the three after room */
	size_t room;
	enum tutela_err (*write)(void *to, const void *bytes, size_t len);
	void *to;
	uint64_t next; /* the byte of the file that is wanted next */
	/* of this attempt */
	bool loopback, begun;
	long status;
	uint64_t at;    /* the byte of the file that comes next */
	size_t headers; /* bytes */
	enum tutela_err failed;
};

__attribute__((format(printf, 3, 4))) static enum tutela_err fail(struct http *h, enum tutela_err err,
								  const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(h->error, sizeof(h->error), format, ap);
	va_end(ap);
	return err;
}

const char *http_errmsg(const struct http *h)
{
	return h->error;
}

/* ------------------------------------------------------------------ open */

static char *copy(const char *s)
{
	return s && *s ? memory_text(s) : NULL;
}

static bool readable(const char *path)
{
	char text[64];

	if (!path || access(path, R_OK) == 0)
		return true;
	message_error(path, "%s", printable_errno(errno, text));
	return false;
}

static void set_default(unsigned *value, unsigned otherwise)
{
	if (!*value)
		*value = otherwise;
}

struct http *http_open(const struct http_opts *opts)
{
	const struct late_curl *lib = late_curl();
	struct http *h;

	if (!lib)
		return NULL;
	if (lib->curl_global_init_(CURL_GLOBAL_DEFAULT)) {
		message_error(NULL, "libcurl does not start");
		return NULL;
	}
	h = memory_array(1, sizeof(*h));
	h->lib = lib;
	h->opts = *opts;
	h->ca = copy(opts->ca);
	h->cert = copy(opts->client_cert);
	h->key = copy(opts->client_key);
	h->user = opts->user ? memory_text(opts->user) : NULL;
	h->password = opts->user ? memory_text(opts->password ? opts->password : "") : NULL;
	set_default(&h->opts.connect_s, CONNECT_S);
	set_default(&h->opts.stall_s, STALL_S);
	set_default(&h->opts.total_s, TOTAL_S);
	set_default(&h->opts.attempts, ATTEMPTS);
	set_default(&h->opts.backoff_ms, BACKOFF_MS);
	(void)clock_gettime(CLOCK_MONOTONIC, &h->until);
	h->until.tv_sec += (time_t)h->opts.most_s;
	h->curl = lib->curl_easy_init_();
	if (!h->curl)
		message_error(NULL, "libcurl does not start");
	if (!h->curl || !readable(h->ca) || !readable(h->cert) || !readable(h->key)) {
		http_close(h);
		return NULL;
	}
	return h;
}

static void forget(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void http_close(struct http *h)
{
	if (!h)
		return;
	h->lib->curl_easy_cleanup_(h->curl);
	h->lib->curl_global_cleanup_();
	forget(h->user);
	forget(h->password);
	free(h->ca);
	free(h->cert);
	free(h->key);
	free(h);
}

/* What may be shown of an address: without its query, which may hold a token. */
static int shown_len(const char *url)
{
	size_t len = strcspn(url, "?#");

	return len > 200 ? 200 : (int)len;
}

/* ------------------------------------------------------------------ libcurl's calls */

static bool time_is_up(const struct http *h)
{
	struct timespec now;

	if (!h->opts.most_s || clock_gettime(CLOCK_MONOTONIC, &now))
		return false;
	return now.tv_sec > h->until.tv_sec || (now.tv_sec == h->until.tv_sec && now.tv_nsec >= h->until.tv_nsec);
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)a, (void)b, (void)c, (void)d;
	return interrupt_asked() || time_is_up(ctx);
}

static size_t on_header(char *bytes, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;
	const char *url = x->request->url;

	(void)bytes;
	x->headers += size * n;
	if (x->headers <= HEADERS)
		return size * n;
	x->failed = fail(x->h, TUTELA_E_SYS, "'%.*s': the headers of the answer are longer than 256 KiB",
			 shown_len(url), url);
	return 0;
}

/* "localhost" is what a resolver says it is: see that it is this machine. */
static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
	const struct exchange *x = ctx;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	bool own = false;

	(void)purpose;
	if (to->family == AF_INET && to->addrlen >= sizeof(four)) {
		memcpy(&four, &to->addr, sizeof(four));
		own = ntohl(four.sin_addr.s_addr) >> 24 == 127;
	} else if (to->family == AF_INET6 && to->addrlen >= sizeof(six)) {
		memcpy(&six, &to->addr, sizeof(six));
		own = IN6_IS_ADDR_LOOPBACK(&six.sin6_addr);
	}
	if (x->loopback && !own)
		return CURL_SOCKET_BAD;
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* Where the part begins that an answer of status 206 holds; -1: it does not say. */
static int64_t range_start(const struct http *h)
{
	struct curl_header *header;
	unsigned long long start;
	char *end;

	if (h->lib->curl_easy_header_(h->curl, "Content-Range", 0, CURLH_HEADER, -1, &header) != CURLHE_OK ||
	    strncasecmp(header->value, "bytes ", 6) != 0 || header->value[6] < '0' || header->value[6] > '9')
		return -1;
	errno = 0;
	start = strtoull(header->value + 6, &end, 10);
	return *end == '-' && !errno && start <= INT64_MAX ? (int64_t)start : -1;
}

static bool begin_answer(struct exchange *x)
{
	int64_t start;

	x->begun = true;
	x->at = 0;
	(void)x->h->lib->curl_easy_getinfo_(x->h->curl, CURLINFO_RESPONSE_CODE, &x->status);
	if (x->answer || x->status != 206)
		return true;
	start = range_start(x->h);
	if (start >= 0 && (uint64_t)start <= x->next) {
		x->at = (uint64_t)start;
		return true;
	}
	x->failed =
		fail(x->h, TUTELA_E_SYS, "'%.*s': the server answers with another part of the file than was asked for",
		     shown_len(x->request->url), x->request->url);
	return false;
}

static bool too_big(struct exchange *x, size_t len)
{
	uint64_t most = x->request->most;

	if (x->at <= most && len <= most - x->at)
		return false;
	x->failed = fail(x->h, TUTELA_E_TOOBIG, "'%.*s': the answer is longer than the %llu bytes it may have",
			 shown_len(x->request->url), x->request->url, (unsigned long long)most);
	return true;
}

static void keep(struct exchange *x, const char *bytes, size_t len)
{
	struct http_answer *a = x->answer;

	if (x->room - a->len <= len) {
		size_t room = (a->len + len + 1) * 2;
		char *bigger = memory_array(room, 1);

		if (a->len)
			memcpy(bigger, a->body, a->len);
		/* The old one may hold what nobody is to see. */
		if (a->body)
			explicit_bzero(a->body, a->len);
		free(a->body);
		a->body = bigger;
		x->room = room;
	}
	memcpy(a->body + a->len, bytes, len);
	a->len += len;
	a->body[a->len] = '\0';
}

static bool pass_on(struct exchange *x, const char *bytes, size_t len)
{
	uint64_t skip = x->next - x->at < len ? x->next - x->at : len;

	x->at += skip;
	bytes += skip;
	len -= skip;
	if (len)
		x->failed = x->write(x->to, bytes, len);
	if (x->failed)
		return false;
	x->at += len;
	x->next += len;
	return true;
}

/* A part that nobody asked for is no answer. */
static bool good_status(const struct exchange *x)
{
	if (x->answer)
		return x->status >= 200 && x->status <= 299 && x->status != 206;
	return x->status == 200 || x->status == 206;
}

/* A login page, or that of a file that is not there: what comes in its place would be called damaged. */
static bool is_web_page(const char *bytes, size_t len)
{
	static const char *const begins[] = {"<!doctype html", "<html"};
	static const char mark[] = "\xef\xbb\xbf";

	if (len >= sizeof(mark) - 1 && memcmp(bytes, mark, sizeof(mark) - 1) == 0) {
		bytes += sizeof(mark) - 1;
		len -= sizeof(mark) - 1;
	}
	for (; len && memchr(" \t\r\n", *bytes, 4); len--)
		bytes++;
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		size_t n = strlen(begins[i]);

		if (len >= n && strncasecmp(bytes, begins[i], n) == 0)
			return true;
	}
	return false;
}

static bool web_page(struct exchange *x, const char *bytes, size_t len)
{
	const char *url = x->request->url;

	if (x->at || !is_web_page(bytes, len))
		return false;
	x->failed = fail(x->h, TUTELA_E_REFUSED,
			 "'%.*s': the server answers with a web page: is the address right, or does something on the "
			 "way want a login?",
			 shown_len(url), url);
	return true;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;
	size_t len = size * n;

	if (!x->begun && !begin_answer(x))
		return 0;
	if (interrupt_asked()) {
		x->failed = fail(x->h, TUTELA_E_INTERRUPTED, "interrupted");
		return 0;
	}
	if (!good_status(x) && len > ERROR_BODY - x->at)
		return 0;
	if (good_status(x) && (too_big(x, len) || web_page(x, bytes, len)))
		return 0;
	if (!x->answer && good_status(x))
		return pass_on(x, bytes, len) ? len : 0;
	x->at += len;
	if (x->answer)
		keep(x, bytes, len);
	return len;
}

/* ------------------------------------------------------------------ one attempt */

static void set_transport(struct exchange *x)
{
	struct http *h = x->h;
	const struct late_curl *lib = h->lib;
	CURL *c = h->curl;

	lib->curl_easy_setopt_(c, CURLOPT_NOSIGNAL, 1L);
	lib->curl_easy_setopt_(c, CURLOPT_PROTOCOLS_STR, x->loopback ? "http" : "https");
	lib->curl_easy_setopt_(c, CURLOPT_FOLLOWLOCATION, 0L);
	lib->curl_easy_setopt_(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	lib->curl_easy_setopt_(c, CURLOPT_SSL_VERIFYPEER, 1L);
	lib->curl_easy_setopt_(c, CURLOPT_SSL_VERIFYHOST, 2L);
	if (h->ca) {
		/* This one alone: Debian's libcurl knows a folder of others. */
		lib->curl_easy_setopt_(c, CURLOPT_CAINFO, h->ca);
		lib->curl_easy_setopt_(c, CURLOPT_CAPATH, NULL);
	}
	if (h->cert)
		lib->curl_easy_setopt_(c, CURLOPT_SSLCERT, h->cert);
	if (h->key)
		lib->curl_easy_setopt_(c, CURLOPT_SSLKEY, h->key);
	if (x->loopback)
		lib->curl_easy_setopt_(c, CURLOPT_NOPROXY, "*");
	lib->curl_easy_setopt_(c, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	lib->curl_easy_setopt_(c, CURLOPT_OPENSOCKETDATA, x);
	lib->curl_easy_setopt_(c, CURLOPT_CONNECTTIMEOUT, (long)h->opts.connect_s);
	lib->curl_easy_setopt_(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	lib->curl_easy_setopt_(c, CURLOPT_LOW_SPEED_TIME, (long)h->opts.stall_s);
	lib->curl_easy_setopt_(c, CURLOPT_TIMEOUT, (long)h->opts.total_s);
	lib->curl_easy_setopt_(c, CURLOPT_NOPROGRESS, 0L);
	lib->curl_easy_setopt_(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	lib->curl_easy_setopt_(c, CURLOPT_XFERINFODATA, h);
	lib->curl_easy_setopt_(c, CURLOPT_HEADERFUNCTION, on_header);
	lib->curl_easy_setopt_(c, CURLOPT_HEADERDATA, x);
	lib->curl_easy_setopt_(c, CURLOPT_ERRORBUFFER, h->detail);
}

/* The headers, to be freed after the request. */
static struct curl_slist *set_request(struct exchange *x)
{
	const struct http_request *r = x->request;
	const struct late_curl *lib = x->h->lib;
	struct curl_slist *headers = NULL;
	CURL *c = x->h->curl;
	char range[32];

	lib->curl_easy_setopt_(c, CURLOPT_URL, r->url);
	lib->curl_easy_setopt_(c, CURLOPT_USERAGENT, "tutela/" TUTELA_VERSION);
	lib->curl_easy_setopt_(c, CURLOPT_WRITEFUNCTION, on_body);
	lib->curl_easy_setopt_(c, CURLOPT_WRITEDATA, x);
	if (x->h->user) {
		lib->curl_easy_setopt_(c, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		lib->curl_easy_setopt_(c, CURLOPT_USERNAME, x->h->user);
		lib->curl_easy_setopt_(c, CURLOPT_PASSWORD, x->h->password);
	}
	if (r->post) {
		lib->curl_easy_setopt_(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->post_len);
		lib->curl_easy_setopt_(c, CURLOPT_POSTFIELDS, r->post);
		headers = lib->curl_slist_append_(headers, "Expect:");
	}
	if (r->method)
		lib->curl_easy_setopt_(c, CURLOPT_CUSTOMREQUEST, r->method);
	if (!x->answer && x->next) {
		(void)snprintf(range, sizeof(range), "%llu-", (unsigned long long)x->next);
		lib->curl_easy_setopt_(c, CURLOPT_RANGE, range);
	}
	for (size_t i = 0; r->headers && r->headers[i]; i++)
		headers = lib->curl_slist_append_(headers, r->headers[i]);
	lib->curl_easy_setopt_(c, CURLOPT_HTTPHEADER, headers);
	return headers;
}

static bool worth_repeating(CURLcode rc)
{
	switch (rc) {
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return true;
	default:
		return false;
	}
}

/* What an answer with this status comes to. */
static enum tutela_err judge_status(struct exchange *x, bool *repeat)
{
	const char *url = x->request->url;
	long s = x->status;

	*repeat = s == 408 || s == 429 || (s >= 500 && s <= 599);
	if (good_status(x) || (!x->answer && s == 416 && x->next))
		return TUTELA_OK;
	if (s == 404 || s == 410)
		return fail(x->h, TUTELA_E_NOTFOUND, "'%.*s': the server has no such file", shown_len(url), url);
	if (s >= 300 && s <= 399)
		return fail(x->h, TUTELA_E_REFUSED,
			    "'%.*s': the server sends elsewhere (status %ld), which is not followed", shown_len(url),
			    url, s);
	if (s == 401 || s == 403)
		return fail(x->h, TUTELA_E_REFUSED, "'%.*s': the server does not let us in (status %ld)",
			    shown_len(url), url, s);
	return fail(x->h, *repeat ? TUTELA_E_SYS : TUTELA_E_REFUSED, "'%.*s': the server answers with status %ld",
		    shown_len(url), url, s);
}

static enum tutela_err judge_attempt(struct exchange *x, CURLcode rc, bool *repeat)
{
	struct http *h = x->h;

	*repeat = false;
	if (x->failed)
		return x->failed;
	if (interrupt_asked())
		return fail(h, TUTELA_E_INTERRUPTED, "interrupted");
	if (rc == CURLE_ABORTED_BY_CALLBACK)
		return fail(h, TUTELA_E_SYS,
			    "'%.*s': the source takes longer than %u s in all; the next sync goes on from what is here",
			    shown_len(x->request->url), x->request->url, h->opts.most_s);
	(void)h->lib->curl_easy_getinfo_(h->curl, CURLINFO_RESPONSE_CODE, &x->status);
	/* on_body gives up on a long page that says what is wrong. */
	if (rc == CURLE_OK || (rc == CURLE_WRITE_ERROR && !good_status(x)))
		return judge_status(x, repeat);
	*repeat = worth_repeating(rc);
	return fail(h, TUTELA_E_SYS, "'%.*s': %s", shown_len(x->request->url), x->request->url,
		    h->detail[0] ? h->detail : h->lib->curl_easy_strerror_(rc));
}

static enum tutela_err attempt(struct exchange *x, bool *repeat)
{
	struct http *h = x->h;
	struct curl_slist *headers;
	CURLcode rc;

	x->begun = false;
	x->status = 0;
	x->failed = TUTELA_OK;
	x->at = x->headers = 0;
	h->error[0] = h->detail[0] = '\0';
	h->lib->curl_easy_reset_(h->curl);
	set_transport(x);
	headers = set_request(x);
	rc = h->lib->curl_easy_perform_(h->curl);
	h->lib->curl_slist_free_all_(headers);
	return judge_attempt(x, rc, repeat);
}

/* ------------------------------------------------------------------ attempts */

/* False: somebody asked to stop. When the handle's time is up, the next attempt says so. */
static bool wait_ms(const struct http *h, unsigned long ms)
{
	const struct timespec slice = {.tv_nsec = SLICE_MS * 1000000L};

	for (unsigned long waited = 0; waited < ms && !interrupt_asked() && !time_is_up(h); waited += SLICE_MS)
		(void)nanosleep(&slice, NULL);
	return !interrupt_asked();
}

/* How long before attempt `n`, the first repetition being 1. */
static unsigned long pause_ms(const struct exchange *x, unsigned n)
{
	unsigned long ms = x->h->opts.backoff_ms;
	curl_off_t asked = 0;

	while (--n && ms < WAIT_MAX_S * 1000)
		ms *= 2;
	(void)x->h->lib->curl_easy_getinfo_(x->h->curl, CURLINFO_RETRY_AFTER, &asked);
	if (asked > 0 && asked <= WAIT_MAX_S && (unsigned long)asked * 1000 > ms)
		ms = (unsigned long)asked * 1000;
	else if (asked > WAIT_MAX_S)
		ms = WAIT_MAX_S * 1000;
	return ms < WAIT_MAX_S * 1000 ? ms : WAIT_MAX_S * 1000;
}

static enum tutela_err run(struct exchange *x)
{
	bool may_repeat = !x->request->post || x->request->repeatable, repeat;
	enum tutela_err err;
	const char *why;
	unsigned n = 0;
	uint64_t mark;

	x->h->error[0] = '\0';
	switch (http_address(x->request->url, &why)) {
	case ADDRESS_LOOPBACK:
		x->loopback = true;
		break;
	case ADDRESS_HTTPS:
		break;
	default:
		return fail(x->h, TUTELA_E_ARG, "'%.*s': %s", shown_len(x->request->url), x->request->url,
			    why ? why : "no address of a web server");
	}
	for (;;) {
		mark = x->next;
		if (x->answer) {
			http_answer_free(x->answer);
			x->room = 0;
		}
		err = attempt(x, &repeat);
		if (x->answer)
			x->answer->status = x->status;
		/* A long file over a bad line: every piece counts. */
		n = x->next - mark >= PROGRESS ? 1 : n + 1;
		if (!err || !repeat || !may_repeat || n >= x->h->opts.attempts)
			return err;
		if (!wait_ms(x->h, pause_ms(x, n)))
			return fail(x->h, TUTELA_E_INTERRUPTED, "interrupted");
	}
}

enum tutela_err http_ask(struct http *h, const struct http_request *request, struct http_answer *answer)
{
	struct exchange x = {.h = h, .request = request, .answer = answer};

	*answer = (struct http_answer){0};
	return run(&x);
}

void http_answer_free(struct http_answer *answer)
{
	if (answer->body)
		explicit_bzero(answer->body, answer->len);
	free(answer->body);
	*answer = (struct http_answer){0};
}

enum tutela_err http_fetch(struct http *h, const struct http_request *request, uint64_t offset,
			   enum tutela_err (*write)(void *to, const void *bytes, size_t len), void *to)
{
	struct exchange x = {.h = h, .request = request, .write = write, .to = to, .next = offset};

	return run(&x);
}
