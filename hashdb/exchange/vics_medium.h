/* SPDX-License-Identifier: Apache-2.0 */
/* One medium of a VICS file as its values come, and the record that it becomes. */
#ifndef TUTELA_VICS_MEDIUM_H
#define TUTELA_VICS_MEDIUM_H

#include "exchange/exchange_format.h"
#include "exchange/vics_fields.h"

/* Text in `kept`; len 0: none. */
struct vics_slot {
	uint32_t at, len;
};

/* HashName and HashValue, or PropertyName and PropertyValue. */
struct vics_pair {
	struct vics_slot name, value;
};

struct vics_medium {
	char *kept; /* text, bounded */
	size_t used, room;
	struct vics_slot fields[VICS_FIELDS], id;
	struct vics_pair hashes[TUTELA_FINGERPRINTS_MAX], labels[TUTELA_LABELS_MAX];
	size_t n_hashes, n_labels;
	const char *refused;   /* the first thing that was left out: why */
	const char *shortened; /* the same of labels' texts */

	struct vics_pair pair; /* being read */
	size_t mark;           /* where its text begins */
	bool too_long;         /* some of it was not kept */
	struct record_build build;
};

void tutela_vics_medium_start(struct vics_medium *m);
void tutela_vics_medium_fini(struct vics_medium *m);

/* A value; one that is empty says nothing, and of several the last counts. TUTELA_E_NOMEM. */
TUTELA_CHECKED enum tutela_err tutela_vics_medium_set(struct vics_medium *m, enum vics_field field, const char *s,
						      size_t len);
/* One more text of the same field, as arrays have them: behind "; ". */
TUTELA_CHECKED enum tutela_err tutela_vics_medium_add(struct vics_medium *m, enum vics_field field, const char *s,
						      size_t len);

/* Name and value of a pair come in any order between start and end; end takes it as a hash or as a property. */
void tutela_vics_pair_start(struct vics_medium *m);
TUTELA_CHECKED enum tutela_err tutela_vics_pair_set(struct vics_medium *m, bool value, const char *s, size_t len);
void tutela_vics_pair_end(struct vics_medium *m, bool hash);

/* Returns what the reader's callbacks do. */
TUTELA_CHECKED enum tutela_err tutela_vics_medium_emit(struct vics_medium *m, struct tutela_reader *r, uint64_t number,
						       uint64_t byte);

#endif
