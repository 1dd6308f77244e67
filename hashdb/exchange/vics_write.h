/* SPDX-License-Identifier: Apache-2.0 */
/* Writing VICS 2.0: one medium, for sets and cases, and the set. */
#ifndef TUTELA_VICS_WRITE_H
#define TUTELA_VICS_WRITE_H

#include <yajl/yajl_gen.h>

#include "exchange/exchange_format.h"

/* MediaIDs of entries that came without one begin here, above those of any database. */
#define VICS_MEDIA_ID_BASE (INT64_C(1) << 40)

/* JSON that goes to w, where errors are kept. */
struct vics_gen {
	yajl_gen y;
	struct tutela_writer *w;
};

/* Free with yajl_gen_free(y). False: no memory. */
bool tutela_vics_generator(struct tutela_writer *w, struct vics_gen *out);

void tutela_vics_key(const struct vics_gen *g, const char *key);
/* Bytes that are not UTF-8 become '?'. */
void tutela_vics_text(const struct vics_gen *g, struct tutela_text t);
/* Key and text, when there is text. */
void tutela_vics_member(const struct vics_gen *g, const char *key, struct tutela_text t);
/* Key and time, when it is known. */
void tutela_vics_time(const struct vics_gen *g, const char *key, int64_t t);

/* By algorithm, then by value. */
void tutela_vics_sort(struct tutela_hash *hashes, size_t n);
/* The first MD5 of sorted fingerprints, or NULL. */
const struct tutela_hash *tutela_vics_md5(const struct tutela_hash *sorted, size_t n);
void tutela_vics_upper_hex(const struct tutela_hash *hash, char buf[TUTELA_HASH_TEXT_MAX]);

struct vics_written {
	int64_t media_id;
	struct tutela_text own_id; /* when the MediaID does not say it */
	int64_t time;
	size_t n_fingerprints, n_labels;
	const struct tutela_hash *fingerprints; /* sorted */
	const struct tutela_label *labels;
};

/* The fields of a medium's object, which the caller opens and closes. */
void tutela_vics_medium_fields(const struct vics_gen *g, const struct vics_written *m);

/* The set's functions for the format table. */
enum tutela_err tutela_vics_set_begin(struct tutela_writer *w);
enum tutela_err tutela_vics_set_put(struct tutela_writer *w, const struct tutela_record *rec);
enum tutela_err tutela_vics_set_end(struct tutela_writer *w);

#endif
