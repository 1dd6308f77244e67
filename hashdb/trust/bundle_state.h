/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a store remembers of a source's bundles, as states of feeds: of the
 * source under the feed "root", and of each list under its name. A list of a
 * bundle cannot be called "root".
 */
#ifndef TUTELA_TRUST_BUNDLE_STATE_H
#define TUTELA_TRUST_BUNDLE_STATE_H

#include <tutela/source.h>

#include "trust/bundle_format.h"

#define BUNDLE_FEED "root"

struct bundle_source_state {
	size_t root_len;                /* 0: no bundle was taken yet */
	char root[BUNDLE_ROOT_MAX + 1]; /* the newest root, byte for byte */
	uint64_t index;                 /* version of the newest index; 0: none */
	uint8_t index_sha256[BUNDLE_SHA_LEN];
	int64_t clock; /* the latest time at which something was issued that was taken */
};

struct bundle_list_state {
	uint64_t version; /* as the source counts; 0: nothing was taken yet */
	uint8_t digest[32];
	uint8_t manifest_sha256[BUNDLE_SHA_LEN];
	int64_t issued;
	int64_t expires, in_force; /* the manifest's; and what the list was given: the index's, if that is sooner */
	size_t n_origins;
	struct bundle_origin origins[BUNDLE_ORIGINS_MAX]; /* of what was taken, without this source */
};

/* A state's bytes into structs; TUTELA_E_CORRUPT. */
enum tutela_err tutela_bundle_source_state_parse(const char *text, size_t len, struct bundle_source_state *out);
enum tutela_err tutela_bundle_list_state_parse(const char *text, size_t len, struct bundle_list_state *out);
/* malloc'd texts. TUTELA_E_NOMEM. */
enum tutela_err tutela_bundle_source_state_text(const struct bundle_source_state *st, char **out, size_t *len);
enum tutela_err tutela_bundle_list_state_text(const struct bundle_list_state *st, char **out, size_t *len);

/* A state's bytes as the snapshot has them, malloc'd; NULL when there is none. */
enum tutela_err tutela_bundle_state_read(struct tutela_snapshot *snap, const char *source, const char *feed, char **out,
					 size_t *len);
/* As the snapshot has them; all zero when there is none. TUTELA_E_CORRUPT. */
enum tutela_err tutela_bundle_source_state(struct tutela_snapshot *snap, const char *source,
					   struct bundle_source_state *out);
enum tutela_err tutela_bundle_list_state(struct tutela_snapshot *snap, const char *source, const char *list,
					 struct bundle_list_state *out);

#endif
