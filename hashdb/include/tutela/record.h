/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One entry of a list on its way in or out: what exchange formats parse and
 * the store keeps. Pure data; nothing here owns memory. Strings are UTF-8
 * without NUL, given with their length, and belong to whoever made the record:
 * valid only during the call or callback that received it.
 */
#ifndef TUTELA_RECORD_H
#define TUTELA_RECORD_H

#include <tutela/algorithm.h>

struct tutela_text {
	const char *s; /* not NUL-terminated; NULL when len is 0 */
	size_t len;
};

struct tutela_label {
	struct tutela_text key; /* "category", "classification", "series", or the source's own word */
	struct tutela_text value;
};

enum tutela_status {
	TUTELA_ACTIVE = 0,
	TUTELA_DISPUTED = 1,  /* kept, does not match: the operator or a member says it is wrong */
	TUTELA_WITHDRAWN = 2, /* kept as a tombstone, does not match */
};

/* "active", "disputed", "withdrawn"; static, never NULL. */
TUTELA_API const char *tutela_status_name(enum tutela_status s);

/* Limits of one record; over them: TUTELA_E_TOOBIG. */
#define TUTELA_ENTRY_ID_MAX     319 /* bytes; "photodna:" and its 288 digits fit */
#define TUTELA_FINGERPRINTS_MAX 16  /* of one entry */
#define TUTELA_LABELS_MAX       32
#define TUTELA_LABEL_KEY_MAX    255  /* bytes */
#define TUTELA_TEXT_MAX         4096 /* bytes of one label value or reason */

struct tutela_record {
	struct tutela_text id; /* the source's own entry id; empty: made from the first fingerprint, "pdq:<hex>" */
	size_t n_fingerprints;
	struct tutela_hash fingerprints[TUTELA_FINGERPRINTS_MAX];
	size_t n_labels;
	struct tutela_label labels[TUTELA_LABELS_MAX];
	int64_t source_time;       /* when the source last changed it: seconds since 1970 UTC; 0 unknown */
	enum tutela_status status; /* what is in force */
	struct tutela_text reason; /* for disputed and withdrawn */
	/*
	 * From the store: a local decision is in force, and the source itself says `issued`. What exchange formats
	 * give, and what is put into the store, has local false: the store keeps the decision of the entry before.
	 */
	bool local;
	enum tutela_status issued; /* with local */
	struct tutela_text issued_reason;
};

#endif
