/* SPDX-License-Identifier: Apache-2.0 */
/* The words of VICS that both reader and writers know, and the entry ids that are made of MediaIDs. */
#ifndef TUTELA_VICS_FIELDS_H
#define TUTELA_VICS_FIELDS_H

#include <tutela/record.h>

/* What a medium says of itself; those from VICS_CATEGORY on are labels. */
enum vics_field {
	VICS_OTHER,
	VICS_MEDIA_ID,
	VICS_MD5,
	VICS_SHA1,
	VICS_PHOTODNA,
	VICS_DATE_UPDATED,
	VICS_CATEGORY,
	VICS_SERIES,
	VICS_TAGS,
	VICS_COMMENTS,
	VICS_VICTIM_IDENTIFIED,
	VICS_OFFENDER_IDENTIFIED,
	VICS_IS_DISTRIBUTED,
	VICS_IS_SUSPECTED,
	VICS_SELF_GENERATED,
	VICS_MEDIA_SIZE,
	VICS_MIME_TYPE,
	VICS_FIELDS,
	/* Containers, and what tells a case. */
	VICS_ALTERNATIVE_HASHES = VICS_FIELDS,
	VICS_MEDIA_METADATA,
	VICS_MEDIA,
	VICS_CASE_ID,
	VICS_NAMES,
};

enum vics_kind { VICS_TEXT, VICS_NUMBER, VICS_SIZE, VICS_BOOLEAN };

struct vics_name {
	const char *name;    /* on the wire */
	size_t len;          /* of it */
	const char *label;   /* of a label: its key; else NULL */
	enum vics_kind kind; /* of a label */
};
extern const struct vics_name tutela_vics_names[VICS_NAMES];

/* In any letter case; VICS_OTHER when it is none. */
enum vics_field tutela_vics_field(const char *s, size_t len);

/* Properties of ours in MediaMetadata. */
#define VICS_OWN       "tutela."
#define VICS_OWN_ID    "tutela.id"
#define VICS_OWN_LABEL "tutela.label." /* and the label's key */

/* A whole number as decimal digits, with a sign at most. */
bool tutela_vics_number(const char *s, size_t len, int64_t *out);

/* "md5:<hex>/<MediaID>": the entry id of a medium. The hash is its MD5, else SHA1, else whatever comes first. */
#define VICS_ID_MAX (TUTELA_ENTRY_ID_MAX + 1)
size_t tutela_vics_id(const struct tutela_hash *hash, int64_t media_id, char buf[VICS_ID_MAX]);

#endif
