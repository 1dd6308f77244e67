/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources: the authorised focal points whose lists a store takes, what is
 * known of each one's feed, and the bad records that a feed has held.
 *
 * Nothing here reaches out: fetching is the caller's. A source is a row with
 * its pinned keys; a feed's state is bytes that mean something to the code
 * that reads the feed (a checkpoint, the newest versions seen), kept with a
 * checksum and changed in the same commit as the list.
 *
 * Thread safety: as the store's handles.
 */
#ifndef TUTELA_SOURCE_H
#define TUTELA_SOURCE_H

#include <tutela/store.h>

enum tutela_source_type {
	TUTELA_SOURCE_BUNDLE = 0, /* signed bundles: tutela/bundle.h */
	TUTELA_SOURCE_NCMEC = 1,
	TUTELA_SOURCE_STOPNCII = 2,
	TUTELA_SOURCE_THREATEXCHANGE = 3,
	TUTELA_SOURCE_TAT = 4,
};

/* "bundle", "ncmec", "stopncii", "threatexchange", "tat"; NULL out of range. parse: false when unknown. */
TUTELA_API const char *tutela_source_type_name(enum tutela_source_type t);
TUTELA_API bool tutela_source_type_parse(const char *name, enum tutela_source_type *out);

#define TUTELA_SOURCE_URL_MAX     2047 /* bytes, of each of the five texts below */
#define TUTELA_SOURCE_KEYS_MAX    8
#define TUTELA_KEY_TEXT_MAX       56 /* characters of a public key in minisign's base64 */
#define TUTELA_SOURCE_MEMBERS_MAX 64

struct tutela_source {
	char name[TUTELA_LIST_NAME_MAX + 1]; /* as a list's name */
	enum tutela_source_type type;
	char country[3];                     /* two upper-case letters, or "" */
	char list[TUTELA_LIST_NAME_MAX + 1]; /* where its records go; "": the source's name (bundles name their own) */
	char url[TUTELA_SOURCE_URL_MAX + 1]; /* https://…, http:// to this machine alone, or a folder's path */
	char credentials[TUTELA_SOURCE_URL_MAX + 1]; /* path of a file, "" none; what it holds is never kept here */
	char ca[TUTELA_SOURCE_URL_MAX + 1], client_cert[TUTELA_SOURCE_URL_MAX + 1],
		client_key[TUTELA_SOURCE_URL_MAX + 1];
	bool suspended;     /* not synced; its lists go on matching */
	int64_t added;      /* seconds since 1970 UTC */
	uint32_t threshold; /* bundles: how many of the keys must sign the first root; 0: one */
	size_t n_keys;      /* pinned: of bundles */
	char keys[TUTELA_SOURCE_KEYS_MAX][TUTELA_KEY_TEXT_MAX + 1];
	size_t n_members; /* NCMEC: only these members' entries; 0: all */
	uint64_t members[TUTELA_SOURCE_MEMBERS_MAX];
	/* What the last sync came to. */
	int64_t last_try, last_success; /* 0: never */
	char last_error[256];           /* a sentence; "" */
};

/*
 * Add a source, or change it when `replace`: one commit with its audit record,
 * whose action is `action` ("source-add", "source-suspend", …), and which of a
 * changed one says what was before. When a source was added stays as it is.
 *
 * What may change, and what may not, since what the store has of the source rests on it:
 *  - country, suspended, credentials, ca, client_cert, client_key: always.
 *  - url: of bundles always, for their signatures and versions tell whose they
 *    are, and no older one is taken from the other address. Of other types the
 *    states of its feeds go in the same commit: a checkpoint is worth nothing
 *    at another address, and the next sync asks for everything again. Entries
 *    that only the former address had stay in the list.
 *  - keys, threshold: until the first root was taken. From then on the source's
 *    own roots rotate its keys; keys that are pinned now would vouch for nothing.
 *  - type, list, members: never.
 * `action` NULL: take only what the last sync came to
 * (last_try, last_success, last_error), whatever else has changed meanwhile,
 * with no audit record.
 * TUTELA_E_EXISTS, TUTELA_E_NOTFOUND (to change), TUTELA_E_ARG (a field is out
 * of range: see errmsg), TUTELA_E_REFUSED (what may not change: see errmsg),
 * TUTELA_E_FULL (1,024 sources), and the store's.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_source_put(struct tutela_store *s, const struct tutela_source *source,
							    bool replace, const char *action);

/*
 * Remove a source, its feeds' states, and its lists with all their entries, by one commit.
 * TUTELA_E_NOTFOUND, and the store's.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_source_remove(struct tutela_store *s, const char *name);

/* TUTELA_E_NOTFOUND, TUTELA_E_CORRUPT. */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_snapshot_source(struct tutela_snapshot *snap, const char *name,
								 struct tutela_source *out);

/* In order of name. `fn` returns false to stop. */
TUTELA_API TUTELA_CHECKED enum tutela_err
tutela_snapshot_sources(struct tutela_snapshot *snap, bool (*fn)(void *ctx, const struct tutela_source *source),
			void *ctx);

/* ------------------------------------------------------------------ feeds */

#define TUTELA_FEED_STATE_MAX 16384 /* bytes */

/*
 * The state of one feed of a source; `feed` is a word of the reader's choosing
 * (a list's name, "root"), made as a list's name is. *len is its length, `buf` holds `room` bytes.
 * When a list is removed, the state of the feed that is named as it is goes
 * too, and all states of a source that is not of the type bundle, which has no
 * other list: what the list held must be asked for again.
 * TUTELA_E_NOTFOUND: none yet. TUTELA_E_TOOBIG: room is too small.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_snapshot_feed(struct tutela_snapshot *snap, const char *source,
							       const char *feed, void *buf, size_t room, size_t *len);

/* Set it in a commit of its own, without an audit record. TUTELA_E_NOTFOUND: no such source; TUTELA_E_TOOBIG. */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_feed_put(struct tutela_store *s, const char *source, const char *feed,
							  const void *state, size_t len);

/*
 * Set it in the commit of an update: both become visible, or neither. For up to
 * 8 feeds, the last state of each counts. When there is no such source (any
 * more) the commit fails with TUTELA_E_NOTFOUND.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_update_feed(struct tutela_update *u, const char *source,
							     const char *feed, const void *state, size_t len);

/* ------------------------------------------------------------------ bad records */

struct tutela_held {
	uint64_t number;             /* of its list, ascending; set by the store */
	int64_t time;                /* when it was held; set by the store */
	struct tutela_text position; /* "entries page 3, image 17", "line 12": where it was */
	struct tutela_text id;       /* the entry's, as far as it is known */
	struct tutela_text reason;   /* a sentence */
};

#define TUTELA_HELD_MAX          10000 /* kept for a list; the oldest go */
#define TUTELA_HELD_POSITION_MAX 255   /* bytes; what is longer is cut, as ids and reasons are */
#define TUTELA_HELD_REASON_MAX   1023

/*
 * Note a record that could not be taken; it becomes listable with the update's
 * commit. Never fails for what the record holds: bytes that are not UTF-8 become '?'.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_update_hold(struct tutela_update *u, const struct tutela_held *held);

/* The bad records of a list, oldest first. `fn` returns false to stop. TUTELA_E_NOTFOUND: no such list. */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_snapshot_held(struct tutela_snapshot *snap, const char *list,
							       bool (*fn)(void *ctx, const struct tutela_held *held),
							       void *ctx);

#endif
