/* SPDX-License-Identifier: Apache-2.0 */
/* Identifiers made from content, so that the same hits give the same report: UUID version 5 (RFC 9562 section 5.5). */
#ifndef TUTELA_TOOLS_NAME_UUID_H
#define TUTELA_TOOLS_NAME_UUID_H

#include <stddef.h>

#define NAME_UUID_LEN 37 /* with its NUL */

/*
 * The UUID, in lower case, of the name that the texts make, each but the last
 * followed by a NUL, in this project's own namespace
 * 6b1e7c0a-52d4-4f0e-9a37-0c8d5e2f41b6. Returns out.
 */
char *name_uuid(char *out, const char *const *texts, size_t n);

#endif
