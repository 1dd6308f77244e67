/* SPDX-License-Identifier: Apache-2.0 */
/* One list of a bundle on its way into the folder: its data files and its manifest. */
#ifndef TUTELA_TRUST_PUBLISH_LIST_H
#define TUTELA_TRUST_PUBLISH_LIST_H

#include "trust/publish.h"

/* One call of tutela_publish. */
struct publishing {
	struct publish_folder folder;
	struct tutela_store *store;
	const struct tutela_publish_opts *opts;
	struct tutela_snapshot *snap;
	struct tutela_store_info info;
	int64_t now, expires;
	struct bundle_index next; /* rows: room for all */
	struct tutela_publish_list *results;
	bool any; /* some row differs from what is there */
};

/* The folder's sentence. */
#define PUBLISH_REFUSE(p, ...) tutela_bundle_fail((p)->folder.why, TUTELA_E_REFUSED, __VA_ARGS__)

/* The store's sentence, when there is none yet. Returns err. */
enum tutela_err tutela_publish_fail_store(struct publishing *p, enum tutela_err err);

/* May that list of the snapshot be published, for what it is? TUTELA_E_NOTFOUND, TUTELA_E_REFUSED. */
enum tutela_err tutela_publish_fit(struct publishing *p, const char *name, struct tutela_list *list);

/*
 * Writes what the folder lacks of the list's newest version, fills in its row of the index, and sets p->any when that
 * is another than before. After a failure, whose sentence the folder has, the row and *result are undefined.
 */
enum tutela_err tutela_publish_one(struct publishing *p, const char *list, struct tutela_publish_list *result,
				   struct bundle_row *row);

#endif
