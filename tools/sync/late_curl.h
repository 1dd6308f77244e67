/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl, loaded when it is first needed: its thirty libraries would cost every
 * other command some 13 ms at its start. Its functions are members of what
 * late_curl() gives, named as they are with an underscore behind.
 */
#ifndef TUTELA_TOOLS_LATE_CURL_H
#define TUTELA_TOOLS_LATE_CURL_H

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <stdbool.h>

/* Every function that is used. */
#define LATE_CURL_FUNCTIONS(F)                                                                                         \
	F(curl_easy_cleanup)                                                                                           \
	F(curl_easy_getinfo)                                                                                           \
	F(curl_easy_header)                                                                                            \
	F(curl_easy_init)                                                                                              \
	F(curl_easy_perform)                                                                                           \
	F(curl_easy_reset)                                                                                             \
	F(curl_easy_setopt)                                                                                            \
	F(curl_easy_strerror)                                                                                          \
	F(curl_free)                                                                                                   \
	F(curl_global_cleanup)                                                                                         \
	F(curl_global_init)                                                                                            \
	F(curl_slist_append)                                                                                           \
	F(curl_slist_free_all)                                                                                         \
	F(curl_url)                                                                                                    \
	F(curl_url_cleanup)                                                                                            \
	F(curl_url_get)                                                                                                \
	F(curl_url_set)

#undef curl_easy_setopt
#undef curl_easy_getinfo

struct late_curl {
#define LATE_CURL_MEMBER(name) __typeof__(&name) name##_;
	LATE_CURL_FUNCTIONS(LATE_CURL_MEMBER)
#undef LATE_CURL_MEMBER
};

/* The functions, or NULL with a sentence said. Safe from any thread. */
const struct late_curl *late_curl(void);

#endif
