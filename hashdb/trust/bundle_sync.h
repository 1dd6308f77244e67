/* SPDX-License-Identifier: Apache-2.0 */
/* A sync of one source on its way, see tutela/bundle.h. */
#ifndef TUTELA_TRUST_BUNDLE_SYNC_H
#define TUTELA_TRUST_BUNDLE_SYNC_H

#include "trust/bundle_fetch.h"
#include "trust/bundle_plan.h"
#include "trust/bundle_state.h"

/* How much clocks may differ, in seconds. */
#define BUNDLE_CLOCK_SLACK 600

struct bundle_sync {
	struct tutela_store *store;
	const struct tutela_bundle_sync_opts *opts;
	struct bundle_fetch fetch;
	int64_t now;
	struct bundle_source_state state; /* as it will be when what follows is taken */
	bool state_new;                   /* it differs from what the store has */
	char *held;                       /* malloc'd: what the store has, as it was when this sync last saw it */
	size_t held_len;
	struct bundle_root root;
	struct bundle_index index;
	const char *list; /* whose data is being fetched */
	char why[BUNDLE_WHY_MAX];
};

/* Walk from the pinned keys, or the root that is held, to the newest root there is; it is in sync->root then. */
enum tutela_err tutela_bundle_roots(struct bundle_sync *sync);

/* One list of the index. The result says what became of it; its err is returned. */
enum tutela_err tutela_bundle_list(struct bundle_sync *sync, const struct bundle_row *row,
				   struct tutela_bundle_list *result);

/* What was issued must not be of the future: TUTELA_E_REFUSED. */
enum tutela_err tutela_bundle_check_clock(struct bundle_sync *sync, const char *name, int64_t issued);

/* What is signed and yet no root, index or manifest is refused, like all that is not as it must be. */
static inline enum tutela_err tutela_bundle_outcome(enum tutela_err err)
{
	return err == TUTELA_E_FORMAT || err == TUTELA_E_TOOBIG || err == TUTELA_E_VERSION ? TUTELA_E_REFUSED : err;
}

/*
 * Is what the store has of the source still what this sync goes by? TUTELA_E_BUSY: somebody else has taken something
 * meanwhile, and what this sync would write may be older. Whoever asks holds the writer lock.
 */
enum tutela_err tutela_bundle_unmoved(struct bundle_sync *sync);
/* The store has these bytes now; takes them over. */
void tutela_bundle_moved(struct bundle_sync *sync, char *text, size_t len);

/* When a list expires: with its manifest, or with the index that vouches for that, whichever is sooner. */
static inline int64_t tutela_bundle_expiry(const struct bundle_sync *sync, int64_t manifest)
{
	return manifest < sync->index.expires ? manifest : sync->index.expires;
}

/* One commit that takes the list to the manifest. */
struct bundle_apply {
	struct bundle_sync *sync;
	const struct bundle_manifest *manifest;
	const uint8_t *manifest_sha256;
	const struct bundle_plan *plan; /* n 0: only dates and states change */
	uint64_t list_version;          /* the store's own; 0: no such list */
	struct tutela_bundle_list *result;
};
/* TUTELA_E_REFUSED: what came is not what was signed. Others are the store's. */
enum tutela_err tutela_bundle_apply(struct bundle_apply *a);

#endif
