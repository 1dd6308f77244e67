/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of unknown origin (file names, entry ids) made fit for a terminal or
 * for JSON. What is returned is allocated: free() it.
 */
#ifndef TUTELA_TOOLS_PRINTABLE_H
#define TUTELA_TOOLS_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>

bool printable_is_utf8(const char *s, size_t len);

/* The same text with U+FFFD for every byte that is not part of valid UTF-8. Always ends in NUL. */
char *printable_utf8(const char *s, size_t len, size_t *out_len);

/*
 * For people: control characters, broken UTF-8 and characters that turn the
 * writing direction come as backslash escapes (\n, \033), as git shows names.
 * A name in a table is in double quotes only when something in it had to be
 * escaped; the subject of a sentence is always in single quotes.
 */
char *printable_name(const char *s, size_t len);
char *printable_quoted(const char *s);

/* A sentence that may hold such bytes: control characters escaped, quotes and backslashes left alone. */
char *printable_sentence(const char *s);

/* Lower-case hex of `len` bytes. */
char *printable_hex(const void *bytes, size_t len);

/* "1,234,567"; static storage is not used: `buf` holds 32 bytes. Returns buf. */
char *printable_count(unsigned long long n, char *buf);

/* "1 entry", "1,234 entries": the word that goes with the number. `buf` holds 96 bytes, of which words may take 64. */
char *printable_things(unsigned long long n, const char *one, const char *many, char *buf);

/* "1.2 GB": powers of 1000. `buf` holds 32 bytes. */
char *printable_size(unsigned long long bytes, char *buf);

/* "4 min 10 s". `buf` holds 32 bytes. */
char *printable_duration(double seconds, char *buf);

/* "permission denied": the system's words for an errno, lower case. `buf` holds 64 bytes. */
char *printable_errno(int error, char *buf);

#endif
