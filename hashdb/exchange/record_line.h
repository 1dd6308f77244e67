/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One entry as one line of text, always the same line for the same entry: the
 * data of bundles, the format "records", and what a list's digest is made of.
 *
 *   status TAB id TAB time TAB fingerprints TAB reason [TAB key=value]...
 *
 * status "active", "disputed", "withdrawn"; time in seconds since 1970 UTC, 0
 * when unknown; fingerprints "algorithm:hex" in order of the algorithms'
 * numbers, then of their values, each once, with one space between; reason
 * empty while active; labels in the source's order. In id, reason, keys and
 * values the bytes 0x00 to 0x1f, 0x7f and '%', and '=' in keys, are written
 * %XX with upper-case digits. No line feed at the end.
 */
#ifndef TUTELA_RECORD_LINE_H
#define TUTELA_RECORD_LINE_H

#include <tutela/record.h>

/* Room for texts of so many bytes (all labels' `labels`), each byte escaped, beside so many fingerprints and labels. */
#define RECORD_LINE_ROOM(id, fingerprints, reason, n_labels, labels)                                                   \
	((size_t)64 + 3 * ((size_t)(id) + (reason) + (labels)) + (size_t)(fingerprints) * (16 + 2 * TUTELA_HASH_MAX) + \
	 (size_t)(n_labels)*2)
/* Room that every record fits in. */
#define RECORD_LINE_MAX                                                                                                \
	RECORD_LINE_ROOM(TUTELA_ENTRY_ID_MAX, TUTELA_FINGERPRINTS_MAX, TUTELA_TEXT_MAX, TUTELA_LABELS_MAX,             \
			 TUTELA_LABELS_MAX *((size_t)TUTELA_LABEL_KEY_MAX + TUTELA_TEXT_MAX))

/* Room that this record fits in, in either view: RECORD_LINE_MAX at most, and mostly far less. */
size_t tutela_record_line_room(const struct tutela_record *rec);

enum record_view {
	RECORD_ISSUED,   /* what the source says */
	RECORD_EFFECTIVE /* what is in force here */
};

/* The line's length; `buf` has that room, and no NUL is added. The record must keep the limits of
 * record.h. */
size_t tutela_record_line(const struct tutela_record *rec, enum record_view view, char *buf);

#endif
