/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of sources, before anything is asked of them. Any thread. */
#ifndef TUTELA_TOOLS_HTTP_ADDRESS_H
#define TUTELA_TOOLS_HTTP_ADDRESS_H

enum address { ADDRESS_BAD, ADDRESS_FOLDER, ADDRESS_HTTPS, ADDRESS_LOOPBACK };

/*
 * What a source's URL is: a folder's path; https://; http:// to localhost,
 * 127.0.0.0/8 or ::1. ADDRESS_BAD: anything else, *why is a sentence. No user
 * or password, no fragment may stand in it.
 */
enum address http_address(const char *url, const char **why);

#endif
