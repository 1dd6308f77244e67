/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 (RFC 3629) without NUL: what every stored string is. */
#ifndef TUTELA_STORE_UTF8_H
#define TUTELA_STORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

bool tutela_utf8_valid(const char *s, size_t len);

/* Put '?' in the place of every byte that is not. */
void tutela_utf8_repair(char *s, size_t len);

#endif
