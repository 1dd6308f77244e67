/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 without NUL: what every string of a list or a store is. */
#ifndef TUTELA_BASE_UTF8_H
#define TUTELA_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Well-formed (Unicode 15, table 3-7: no overlong forms, no surrogates, nothing over U+10FFFF), without NUL. */
bool tutela_utf8_valid(const char *s, size_t len);

/* Put '?' in the place of every byte that is not. */
void tutela_utf8_repair(char *s, size_t len);

#endif
