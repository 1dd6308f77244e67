/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard output: JSON Lines or text, one whole line at a time, and the proof
 * at the end that all of it was written.
 */
#ifndef TUTELA_TOOLS_OUTPUT_H
#define TUTELA_TOOLS_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tutela/record.h>

/* Before anything is opened: a closed stdin, stdout or stderr must not become the number of another file. */
void output_setup(void);

/* Writes `len` bytes, whole lines. Safe from any thread. False once writing has failed. */
bool output_write(const char *text, size_t len);
bool output_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One object as one line; takes the reference. */
bool output_json(json_t *object);

/* The line as text with its line feed, allocated; takes the reference. */
char *output_json_text(json_t *object, size_t *len);

/* What was written so far leaves the process. */
void output_flush(void);

/* Has a write failed (disk full, reader gone)? Then more work is in vain. */
bool output_failed(void);

/* Flushes and closes; `status`, or STATUS_TROUBLE with a sentence when the output is not complete. */
int output_finish(int status);

/* JSON strings from bytes: always valid UTF-8. */
json_t *output_string(const char *s, size_t len);
json_t *output_tutela_text(struct tutela_text text);

/* `key`: the text; and "<key>_bytes": its exact bytes in hex when they are no valid UTF-8. */
void output_set_bytes(json_t *object, const char *key, const char *s, size_t len);

/* "2026-11-22T10:00:00Z" */
json_t *output_time(int64_t seconds);
/* The same for people, into `buf` (32 bytes); "-" for 0. */
char *output_time_text(int64_t seconds, char *buf);

/* {"md5":3,"pdq":10}: counts by algorithm that are not zero. */
json_t *output_fingerprints(const uint64_t *by_algorithm);

#endif
