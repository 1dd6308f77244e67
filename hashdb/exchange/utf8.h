/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUTELA_EXCHANGE_UTF8_H
#define TUTELA_EXCHANGE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Well-formed UTF-8 (Unicode 15, table 3-7: no overlong forms, no surrogates, nothing over U+10FFFF), without NUL. */
bool tutela_utf8_valid(const char *s, size_t len);

#endif
