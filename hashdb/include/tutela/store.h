/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: lists of entries in LMDB, searched through immutable index files.
 *
 * Caveats, first:
 *  - A store is a folder on a local file system. LMDB needs a shared memory
 *    map and working locks: network file systems are refused, unless the
 *    caller allows them and knows that nobody writes from another machine.
 *  - A store is its user's alone: folder and files belong to the effective user
 *    or to root, and give nobody else any right. What gives more is refused.
 *  - Even readers write: LMDB's reader table. A store on a read-only medium is
 *    opened without it (automatically); then nobody may write to it meanwhile.
 *  - Open a store once in a process. Do not use a handle after fork().
 *  - One writer at a time, in any process: the second gets TUTELA_E_BUSY.
 *    Readers never wait and are never waited for.
 *  - A snapshot pins the pages it sees: the store grows while one is held for
 *    long and somebody writes. Nothing breaks.
 *  - Foreign LMDB files must never be opened as a store: LMDB trusts its pages.
 *
 * What is promised: an update is seen whole or not at all; what commit
 * acknowledged survives kill and power cut; a lookup at a policy's threshold
 * finds every active entry within it, at any size; withdrawal takes effect at
 * its commit. What is not: secrecy of the hashes against whoever can read the
 * folder (mode 0700; encrypt the volume).
 *
 * Thread safety: a store handle may be used by several threads for opening
 * snapshots. A snapshot may be used by any number of threads at once. An
 * update belongs to one thread.
 */
#ifndef TUTELA_STORE_H
#define TUTELA_STORE_H

#include <tutela/cpu.h>
#include <tutela/record.h>

#define TUTELA_LIST_NAME_MAX    127  /* bytes: letters, digits, '.', '_', '-'; starts with a letter or digit */
#define TUTELA_CATEGORIES_MAX   255  /* bytes */
#define TUTELA_CATEGORY_MAP_MAX 4095 /* bytes */

struct tutela_store;

/* ------------------------------------------------------------------ store */

struct tutela_store_opts {
	size_t size;
	bool write;          /* updates will be made; the lock is taken only by an update */
	bool resident;       /* snapshots copy the indexes into huge pages: for long-running processes */
	bool allow_network;  /* also on a network file system */
	enum tutela_isa isa; /* for searches; AUTO: best */
	uint64_t max_map;    /* largest LMDB file, address space only; 0: 1 TiB */
};

/*
 * Make an empty store in a new folder, or in an empty one of this user's; it
 * is of mode 0700 then. Of `opts`, which may be NULL, allow_network counts.
 * TUTELA_E_EXISTS (a store is there), TUTELA_E_NOTSTORE (folder not empty),
 * TUTELA_E_NETWORK, TUTELA_E_EXPOSED (an empty folder of another user),
 * TUTELA_E_SYS, TUTELA_E_DISKFULL, TUTELA_E_READONLY. errno is kept with E_SYS.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_store_create_with(const char *path,
								   const struct tutela_store_opts *opts);
/* The same without options. */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_store_create(const char *path);

/*
 * TUTELA_E_NOTFOUND (no such path), TUTELA_E_NOTSTORE (no store there),
 * TUTELA_E_VERSION (made by a newer Tutela), TUTELA_E_CORRUPT, TUTELA_E_SYS,
 * TUTELA_E_NOMEM, TUTELA_E_READONLY (write wanted), TUTELA_E_NETWORK,
 * TUTELA_E_EXPOSED (another user owns it, or has rights to it; not judged on
 * a read-only file system, whose rights are its mount's). `opts` may be NULL.
 * *out is NULL on failure; `why` (may be NULL) gets a sentence with the
 * subject in quotes, up to `why_len` bytes.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_store_open(const char *path, const struct tutela_store_opts *opts,
							    struct tutela_store **out, char *why, size_t why_len);

/* Close after every snapshot and update of it. NULL is fine. */
TUTELA_API void tutela_store_close(struct tutela_store *s);

/* Detail of this thread's last error on this handle or anything opened from it; owned by s, "" when none. */
TUTELA_API const char *tutela_store_errmsg(const struct tutela_store *s);

/* ------------------------------------------------------------------ lists */

enum tutela_list_kind {
	TUTELA_LIST_KNOWN = 0,   /* a hit raises an alarm */
	TUTELA_LIST_EXCLUDE = 1, /* known files to pass over, such as NSRL; exact fingerprints only are asked */
	TUTELA_LIST_ALLOW =
		2, /* what the operator has found to be harmless: what a hit silences is the caller's rule */
};

enum tutela_action { TUTELA_REPORT = 0, TUTELA_BLOCK = 1, TUTELA_REVIEW = 2, TUTELA_IGNORE = 3 };

/* "known"/"exclude"/"allow"; "report"/"block"/"review"/"ignore"; NULL out of range. parse: false when unknown. */
TUTELA_API const char *tutela_list_kind_name(enum tutela_list_kind k);
TUTELA_API const char *tutela_action_name(enum tutela_action a);
TUTELA_API bool tutela_list_kind_parse(const char *name, enum tutela_list_kind *out);
TUTELA_API bool tutela_action_parse(const char *name, enum tutela_action *out);

#define TUTELA_FLOOD_DEFAULT 0U         /* what the program that scans takes to be too many */
#define TUTELA_FLOOD_OFF     UINT32_MAX /* no number is */

/*
 * How a list's hits are made and what they ask for. The store applies kind,
 * action, thresholds and least quality. What is below them is for its callers:
 * it is kept, and told.
 */
struct tutela_policy {
	enum tutela_list_kind kind;
	enum tutela_action action;
	uint32_t pdq_threshold;   /* largest distance that is a match, 0..64 */
	uint32_t phash_threshold; /* 0..16 */
	uint32_t dhash_threshold; /* 0..16 */
	uint32_t min_quality;     /* PDQ quality of the picture below which perceptual hashes do not count, 0..100 */
	uint32_t flood_files;     /* an entry that matches more files of a scan is most likely wrong */
	bool flood_review;        /* its further hits then ask for review */
	/*
	 * Values of the label "category" with commas between, "none" for
	 * entries without; "": all. UTF-8, no control characters, no empty
	 * value. Of a local list it is for imports to heed (tutela_policy_takes).
	 * The list of a source holds what its source has issued, whole, and its
	 * entries of other categories make no hits.
	 */
	char categories[TUTELA_CATEGORIES_MAX + 1];
};

/* known, report, the table's thresholds (PDQ 31), quality 50. */
TUTELA_API void tutela_policy_default(struct tutela_policy *out);
/* The same for a list of that kind: what allows does so at distance 0 only, until somebody says otherwise. */
TUTELA_API void tutela_policy_default_for(enum tutela_list_kind kind, struct tutela_policy *out);

/* What an entry is said to show: the value of the label "category", else of "classification", else nothing. */
TUTELA_API struct tutela_text tutela_category_of(const struct tutela_label *labels, size_t n);
/* Is that one of the policy's categories? */
TUTELA_API bool tutela_policy_takes(const struct tutela_policy *p, struct tutela_text category);

struct tutela_list {
	char name[TUTELA_LIST_NAME_MAX + 1];
	char source[TUTELA_LIST_NAME_MAX + 1]; /* "local" for local imports */
	uint64_t version;                      /* 0: empty; each committed update adds one */
	int64_t created, updated, expires;     /* seconds since 1970 UTC; expires 0: never */
	struct tutela_policy policy;
	/* Names of its categories for people, "" none: lines of a category, a space and its name, each with its line
	 * feed; UTF-8. */
	char category_map[TUTELA_CATEGORY_MAP_MAX + 1];
	uint64_t active, disputed, withdrawn; /* entries */
	uint64_t fingerprints[64];            /* of active and disputed entries, by enum tutela_algorithm */
};

/* ------------------------------------------------------------------ snapshots */

struct tutela_snapshot;

/*
 * The store at this moment; never changes. TUTELA_E_CORRUPT, TUTELA_E_SYS,
 * TUTELA_E_NOMEM, TUTELA_E_FULL (reader table: over 510 readers at once).
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_snapshot_open(struct tutela_store *s, struct tutela_snapshot **out);
TUTELA_API void tutela_snapshot_close(struct tutela_snapshot *snap);

struct tutela_store_info {
	char uuid[37];
	uint32_t schema;
	uint64_t update; /* number of committed updates of the whole store */
	uint64_t lists, entries, active;
	uint64_t fingerprints[64];                  /* active, by enum tutela_algorithm */
	uint64_t segments, index_bytes, data_bytes; /* index files; LMDB file */
	bool unfinished; /* an update died half-way; the next writer cleans up; nothing of it is visible */
};
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_snapshot_info(struct tutela_snapshot *snap,
							       struct tutela_store_info *out);

/* Lists in order of name. `fn` returns false to stop. */
TUTELA_API TUTELA_CHECKED enum tutela_err
tutela_snapshot_lists(struct tutela_snapshot *snap, bool (*fn)(void *ctx, const struct tutela_list *list), void *ctx);
/* TUTELA_E_NOTFOUND. */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_snapshot_list(struct tutela_snapshot *snap, const char *name,
							       struct tutela_list *out);

enum tutela_digest_of {
	TUTELA_DIGEST_ISSUED = 0,    /* what the source says */
	TUTELA_DIGEST_EFFECTIVE = 1, /* what is in force here: local decisions applied */
};

/*
 * A digest of all entries of a list that are not withdrawn, 32 bytes: equal
 * exactly when the entries are, whatever came in which order. The sum modulo
 * 2^256, as little-endian numbers, of the SHA-256 of each entry's line in the
 * format "records". It finds differences that happen; against forgery it is
 * only as good as the signature over it. Known at once, but for lists that are
 * older than their first digest. TUTELA_E_NOTFOUND.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_snapshot_digest(struct tutela_snapshot *snap, const char *list,
								 enum tutela_digest_of of, uint8_t *out);

/* One hash to ask with. */
struct tutela_query_hash {
	struct tutela_hash hash;
	const char *variant; /* kept as a pointer in hits: "original", "rotate90", …; NULL for digests */
	const char *dialect; /* "ref", "full" or NULL; kept as a pointer */
};

struct tutela_query {
	const struct tutela_query_hash *hashes;
	size_t n;
	int quality; /* of the picture, 0..100; -1 unknown: lists' min_quality is not applied */
};

/* An entry that was found. Strings belong to the struct tutela_hits. */
struct tutela_hit {
	const char *source, *list;
	uint64_t list_version;
	bool list_expired;
	enum tutela_list_kind kind;
	enum tutela_action action;
	struct tutela_text entry;
	enum tutela_algorithm algorithm;
	uint32_t distance, threshold;
	const char *variant, *dialect;
	struct tutela_hash matched; /* the list's own value */
	size_t n_labels;
	const struct tutela_label *labels;
};

/*
 * Results, reusable from call to call: zero-initialise once, free with
 * tutela_hits_free. Memory is kept, so that a look-up among many allocates nothing.
 */
struct tutela_hits {
	struct tutela_hit *items; /* exact first, then by distance, list, entry */
	size_t n;
	bool limited;     /* the limit cut the answer: hits of any list may be among those left out */
	bool low_quality; /* some list's perceptual hashes were not asked: quality below its policy's least */
	void *memory;     /* private */
};
TUTELA_API void tutela_hits_free(struct tutela_hits *h);

/*
 * Every active entry that some hash of the query matches under its list's
 * policy; one hit for each (list, entry, algorithm): the nearest, the first of
 * equals in the query's order. `limit`: at most this many hits; 0: 10,000.
 * Lists with action IGNORE give no hits.
 * TUTELA_E_ARG, TUTELA_E_NOMEM, TUTELA_E_CORRUPT.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_snapshot_lookup(struct tutela_snapshot *snap,
								 const struct tutela_query *query, size_t limit,
								 struct tutela_hits *out);

/*
 * Many look-ups at once, `out` an array of n results: each is what
 * tutela_snapshot_lookup says of its query, and all together take less time
 * than one by one. `threads` 0: all cores. When it fails all n are empty.
 * Memory beside the results is bounded, whatever the queries find.
 * TUTELA_E_ARG (one bad query is enough), TUTELA_E_NOMEM, TUTELA_E_CORRUPT.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_snapshot_lookup_batch(struct tutela_snapshot *snap,
								       const struct tutela_query *queries, size_t n,
								       size_t limit, unsigned threads,
								       struct tutela_hits *out);

/* What is to be computed for a scan to be complete here: TUTELA_WANT_* bits of hash.h that some active entry can match.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_snapshot_wants(struct tutela_snapshot *snap, unsigned *wants);

/*
 * The entries of a list in order of their numbers (that is, of arrival), all
 * states. The callback's error stops and is returned.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err
tutela_snapshot_entries(struct tutela_snapshot *snap, const char *list,
			enum tutela_err (*fn)(void *ctx, const struct tutela_record *rec), void *ctx);
/* The same in order of their ids, byte by byte: an order that does not tell how the list came to be. Takes four bytes
 * of memory for each entry, as the one above. */
TUTELA_API TUTELA_CHECKED enum tutela_err
tutela_snapshot_entries_by_id(struct tutela_snapshot *snap, const char *list,
			      enum tutela_err (*fn)(void *ctx, const struct tutela_record *rec), void *ctx);

/* ------------------------------------------------------------------ updates */

struct tutela_update;

enum tutela_update_mode {
	TUTELA_MERGE = 0,   /* entries that are put are added or replaced; the others stay */
	TUTELA_REPLACE = 1, /* the list afterwards holds what was put; what was not is withdrawn */
};

struct tutela_source;

struct tutela_update_opts {
	size_t size;
	const char *list;
	bool create;                        /* make the list when it does not exist, with policy or the default */
	const struct tutela_policy *policy; /* of a new list; NULL: default */
	const char *source;                 /* of a new list; NULL: "local" */
	enum tutela_update_mode mode;
	const char *provenance; /* for the audit log: where it came from, in words; NULL: "" */
	uint64_t version;       /* the list's after commit, greater than now; 0: one more when anything changes */
	int64_t expires;        /* the list's after commit, seconds since 1970 UTC; 0: as it is; -1: never */
	unsigned threads;       /* for index building; 0: all cores */
	/*
	 * What is put may come in any order: a record whose source_time is before that of its entry changes nothing
	 * (0 is never before). So that this holds for what is gone, too, the withdrawal of an entry that is not known
	 * is kept instead of refused, and counts as withdrawn.
	 */
	bool newest;
	/* REPLACE: percent of the entries that are not withdrawn of which no more may be withdrawn for their absence,
	 * else commit gives TUTELA_E_REFUSED and changes nothing; 0: no limit. */
	unsigned most_absent;
	/*
	 * The source as the caller knew it when it began to fetch; NULL: none. When it was removed, suspended or
	 * changed meanwhile (its keys, address, credentials, members), begin gives TUTELA_E_REFUSED.
	 */
	const struct tutela_source *of;
};

struct tutela_update_result {
	/* Entries, by what became of them: one that the update both brought and withdrew is withdrawn. */
	uint64_t added, changed, unchanged, withdrawn;
	uint64_t version; /* the list's, after commit; unchanged when nothing changed */
};

/*
 * Begin. Takes the store's writer lock (held until commit or abort) and cleans
 * up after a writer that died. TUTELA_E_BUSY, TUTELA_E_NOTFOUND (no such list
 * and not create), TUTELA_E_REFUSED (opts->of), TUTELA_E_READONLY, TUTELA_E_ARG (bad list name),
 * TUTELA_E_SYS, TUTELA_E_DISKFULL.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err
tutela_update_begin(struct tutela_store *s, const struct tutela_update_opts *opts, struct tutela_update **out);

/*
 * Add or replace one entry, identified by its id: what its source says. A
 * record that says nothing new leaves the entry as it is. Putting an entry
 * that is withdrawn or disputed with status ACTIVE makes it active again,
 * unless a local decision holds (tutela_update_decide): that outlives what is
 * put. TUTELA_E_REFUSED: it
 * holds nothing that may be stored (see tutela_hash_refusal) or nothing at
 * all; the update goes on. TUTELA_E_TOOBIG likewise. Any other error:
 * only abort is allowed.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_update_put(struct tutela_update *u, const struct tutela_record *rec);

/*
 * Give an entry another status, as its source would; a local decision stays in
 * force. TUTELA_E_NOTFOUND: no such entry; the update goes on.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_update_status(struct tutela_update *u, struct tutela_text id,
							       enum tutela_status status, struct tutela_text reason);

/*
 * A decision of the operator about an entry: whatever its source says now or
 * later, this is its status here, until the decision is taken back. Errors as
 * tutela_update_status.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_update_decide(struct tutela_update *u, struct tutela_text id,
							       enum tutela_status status, struct tutela_text reason);

/* Take it back: what the source says counts again. An entry without a decision stays as it is. */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_update_undecide(struct tutela_update *u, struct tutela_text id);

/*
 * Make all of it visible at once, durably; frees u whatever happens. `result`
 * may be NULL. When it fails the store is as it was before begin.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_update_commit(struct tutela_update *u,
							       struct tutela_update_result *result);

/*
 * Was the entry withdrawn by TUTELA_REPLACE because it was absent from what
 * replaced the list? *version, which may be NULL: the first version without it.
 * Its reason says so in words; an entry that came back has it no more.
 */
TUTELA_API bool tutela_record_vanished(const struct tutela_record *rec, uint64_t *version);

/* Undo all of it and free u. NULL is fine. */
TUTELA_API void tutela_update_abort(struct tutela_update *u);

/* Change a list's policy or expiry (fields of *list other than policy and expires are ignored). Takes the writer lock.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_list_set(struct tutela_store *s, const struct tutela_list *list,
							  bool create);
/* Remove a list with all its entries. TUTELA_E_NOTFOUND, TUTELA_E_BUSY. */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_list_remove(struct tutela_store *s, const char *name);

/* ------------------------------------------------------------------ proof */

struct tutela_check_opts {
	size_t size;
	uint64_t queries; /* to compare with an exhaustive scan; 0: 200; half sampled entries (as they are, and with
			     bits flipped up to the threshold and past it), half adversarial (flips that sit on
			     the index's chunk borders, all in one chunk, evenly spread) */
	uint64_t seed;    /* 0: 1 */
	bool rebuild;     /* make the index files anew from LMDB first; takes the writer lock */
	unsigned threads;
	/* stage is a static word: "rebuild", "pages", "entries", "journal", "indexes", "queries". false stops. May be
	 * NULL. */
	bool (*progress)(void *ctx, const char *stage, uint64_t done, uint64_t total);
	/* One sentence for each thing found wrong. May be NULL. */
	void (*finding)(void *ctx, const char *sentence);
	void *ctx;
};

struct tutela_check_result {
	uint64_t entries, fingerprints, segments, blocks, queries, matches; /* looked at; matches: compared pairs */
	uint64_t findings;                                                  /* 0: all is well */
};

/*
 * Read everything, verify every checksum and cross-reference, and compare the
 * index with exhaustive scans of the entries. TUTELA_OK also when there are
 * findings: see result. TUTELA_E_INTERRUPTED, TUTELA_E_NOMEM, TUTELA_E_SYS.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err
tutela_store_check(struct tutela_store *s, const struct tutela_check_opts *opts, struct tutela_check_result *out);

/*
 * What was done to the store, oldest first, as one JSON object each, one line.
 * `fn` returns false to stop. A record that is damaged comes as
 * {"type":"audit-damaged","number","sha256","hex"} with the bytes that stand
 * there; without "hex" when they are more than 64 KiB. TUTELA_E_CORRUPT: the log cannot be read on.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err
tutela_snapshot_audit(struct tutela_snapshot *snap, bool (*fn)(void *ctx, const char *json, size_t len), void *ctx);

#endif
