/* SPDX-License-Identifier: Apache-2.0 */
/* PhotoDNA's 144 opaque bytes as text: 192 characters of base64 (RFC 4648, section 4). Hexadecimal is
 * tutela_hash_parse's. */
#ifndef TUTELA_PHOTODNA_TEXT_H
#define TUTELA_PHOTODNA_TEXT_H

#include <tutela/algorithm.h>

#define PHOTODNA_BASE64 ((size_t)192)

/* False when it is not base64 of exactly this many bytes; *out is without meaning then. */
bool tutela_photodna_parse(const char *s, size_t len, struct tutela_hash *out);

#endif
