/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/http_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "sync/late_curl.h"

static bool is_loopback(const char *host)
{
	struct in_addr four;

	if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, host, &four) == 1 && ntohl(four.s_addr) >> 24 == 127;
}

static bool has(const struct late_curl *lib, CURLU *u, CURLUPart part)
{
	char *text = NULL;
	bool there = lib->curl_url_get_(u, part, &text, 0) == CURLUE_OK;

	lib->curl_free_(text);
	return there;
}

static enum address judge(const struct late_curl *lib, CURLU *u, const char **why)
{
	char *scheme = NULL, *host = NULL;
	enum address out = ADDRESS_BAD;

	if (lib->curl_url_get_(u, CURLUPART_SCHEME, &scheme, 0))
		*why = "no address of a web server";
	else if (strcasecmp(scheme, "https") != 0 && strcasecmp(scheme, "http") != 0)
		*why = "only https:// is spoken, and http:// to this machine itself";
	else if (lib->curl_url_get_(u, CURLUPART_HOST, &host, 0))
		*why = "no address of a web server";
	else if (has(lib, u, CURLUPART_USER) || has(lib, u, CURLUPART_PASSWORD))
		*why = "an address must not hold a user or a password: use a credentials file";
	else if (has(lib, u, CURLUPART_FRAGMENT))
		*why = "an address must not hold a '#'";
	else if (strcasecmp(scheme, "https") == 0)
		out = ADDRESS_HTTPS;
	else if (!is_loopback(host))
		*why = "http:// is for this machine itself (localhost, 127.0.0.1, [::1]) alone: use https://";
	else
		out = ADDRESS_LOOPBACK;
	lib->curl_free_(scheme);
	lib->curl_free_(host);
	return out;
}

enum address http_address(const char *url, const char **why)
{
	const struct late_curl *lib;
	enum address out = ADDRESS_BAD;
	CURLU *u;

	*why = NULL;
	if (!strstr(url, "://"))
		return ADDRESS_FOLDER;
	lib = late_curl();
	if (!lib) {
		*why = "no address can be read without libcurl";
		return ADDRESS_BAD;
	}
	u = lib->curl_url_();
	if (!u || lib->curl_url_set_(u, CURLUPART_URL, url, 0) != CURLUE_OK)
		*why = "no address of a web server";
	else
		out = judge(lib, u, why);
	lib->curl_url_cleanup_(u);
	return out;
}
