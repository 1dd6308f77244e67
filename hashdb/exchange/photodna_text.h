/* SPDX-License-Identifier: Apache-2.0 */
/* PhotoDNA values as text: 144 opaque bytes, in base64 (192 characters) or hexadecimal (288). */
#ifndef TUTELA_PHOTODNA_TEXT_H
#define TUTELA_PHOTODNA_TEXT_H

#include "exchange/record_build.h"

/* Adds the value; what is neither is left out and said in `refused`. */
void tutela_build_photodna(struct record_build *b, const char *s, size_t len);

#endif
