/* SPDX-License-Identifier: Apache-2.0 */
/* Text on its way into a page. Names are what suspects chose: nothing of them may become markup. */
#ifndef TUTELA_TOOLS_HTML_TEXT_H
#define TUTELA_TOOLS_HTML_TEXT_H

#include <stddef.h>
#include <stdio.h>

/*
 * UTF-8 as text between tags or in an attribute in double quotes: & < > " '
 * as references. Control characters, and those that turn the direction of
 * writing, as printable_name() shows them.
 */
void html_text(FILE *out, const char *s);

/*
 * The same of a path whose exact bytes are known in hex: shown from them. The
 * direction of writing of one folder's name does not reach the next: each that
 * is not ASCII stands in a <bdi>, so that they come in the order of the path.
 */
void html_path(FILE *out, const char *path, const char *path_bytes);

/* Base64 (RFC 4648 section 4), for the digests of a content security policy. `out`: 4 * ((len + 2) / 3) + 1 bytes. */
char *html_base64(char *out, const void *bytes, size_t len);

#endif
