/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One record put together from untrusted pieces: every limit of
 * tutela/record.h, UTF-8 and the rules for fingerprints are checked here, for
 * all formats.
 *
 * The strings of the record are the caller's: they must stay until it is
 * emitted. The first thing that is wrong is kept in `bad`; what follows does
 * nothing.
 */
#ifndef TUTELA_RECORD_BUILD_H
#define TUTELA_RECORD_BUILD_H

#include <tutela/record.h>

#define RECORD_TEXT_OF(x)      #x
#define RECORD_NUMBER(x)       RECORD_TEXT_OF(x)
#define RECORD_TOO_MANY_HASHES "more than " RECORD_NUMBER(TUTELA_FINGERPRINTS_MAX) " fingerprints of one entry"

struct record_build {
	struct tutela_record rec;
	const char *bad;     /* the record must not be used: why */
	const char *refused; /* a fingerprint was left out: why */
	bool label;          /* no fingerprint: only a label's text was */
	bool featureless;    /* quality 0 */
};

void tutela_build_start(struct record_build *b);
void tutela_build_id(struct record_build *b, const char *s, size_t len);
/* Hexadecimal; PhotoDNA also as base64. A value that no list may hold is left out and `refused` says so; the record's
 * other values stay. */
void tutela_build_hash(struct record_build *b, enum tutela_algorithm algorithm, const char *hex, size_t len);
/* The same, but a value that cannot be read is left out too. */
void tutela_build_good_hash(struct record_build *b, enum tutela_algorithm algorithm, const char *hex, size_t len);
/*
 * An active record that has an id and no fingerprint left says that what the
 * entry had is no more: it becomes withdrawn. True when that was so.
 */
bool tutela_build_settle_bare(struct record_build *b);
/* The same for one that is parsed already, of an algorithm of the table. */
void tutela_build_value(struct record_build *b, const struct tutela_hash *hash);
void tutela_build_label(struct record_build *b, struct tutela_text key, struct tutela_text value);
void tutela_build_reason(struct record_build *b, const char *s, size_t len);
/* The three below take text: "withdrawn", "2031-01-02T03:04:05Z", "100". */
void tutela_build_status(struct record_build *b, const char *s, size_t len);
void tutela_build_time(struct record_build *b, const char *s, size_t len);
/* PDQ's quality, 0..100. Quality 0 says that the perceptual values stand for nothing: they are left out. */
void tutela_build_quality(struct record_build *b, const char *s, size_t len);

/* ASCII letters compared without case, everything else as bytes. */
bool tutela_same_text(struct tutela_text a, struct tutela_text b);
bool tutela_same_word(const char *a, size_t a_len, const char *b);

/* Row of the algorithm table whose name these characters are, or NULL. */
const struct tutela_algorithm_info *tutela_algorithm_named(const char *s, size_t len);

#endif
