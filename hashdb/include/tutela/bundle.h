/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed bundles: how a focal point issues a list and how a store takes it in.
 * hashdb/trust/BUNDLE.md says what the files hold, for a second implementation.
 *
 * Nothing is parsed before a signature over exactly the bytes received holds.
 * What does not hold is refused with a sentence of its own, and leaves the
 * store as it was.
 */
#ifndef TUTELA_BUNDLE_H
#define TUTELA_BUNDLE_H

#include <tutela/source.h>
#include <tutela/trust.h>

/*
 * Where a bundle's files come from: a folder, a web server. `name` is a plain
 * file name. `write` is called with the file's bytes in order; it returns an
 * error to stop, which is to be returned. `offset`: begin there, when a part is here already.
 * `most`: what more there is will be refused anyway. TUTELA_E_NOTFOUND: there is no such file.
 */
struct tutela_bundle_transport {
	enum tutela_err (*get)(void *ctx, const char *name, uint64_t offset, uint64_t most,
			       enum tutela_err (*write)(void *to, const void *bytes, size_t len), void *to);
	void *ctx;
};

/* A folder as transport: ctx is its path. Links are not followed. TUTELA_E_SYS (errno), TUTELA_E_REFUSED (no file). */
TUTELA_API enum tutela_err tutela_bundle_folder_get(void *ctx, const char *name, uint64_t offset, uint64_t most,
						    enum tutela_err (*write)(void *to, const void *bytes, size_t len),
						    void *to);

struct tutela_bundle_list { /* what became of one list of a source */
	char list[TUTELA_LIST_NAME_MAX + 1];
	uint64_t from_version, to_version;
	uint64_t added, changed, withdrawn, quarantined;
	enum tutela_err err; /* TUTELA_OK; TUTELA_E_REFUSED: not as signed, or not in order; others: failed */
	char reason[512];    /* a sentence, when err */
	bool expired;        /* what the store holds of it now is past its date */
};

struct tutela_bundle_sync_opts {
	size_t size;
	const struct tutela_source *source;
	struct tutela_bundle_transport transport;
	const char *staging; /* a folder of the caller's for files on their way; a part of one is taken up again */
	bool dry_run;        /* verify and count, change nothing */
	int64_t now;         /* seconds since 1970 UTC; 0: the clock */
	unsigned threads;    /* as an update's */
	/* Bytes of a list's file that are here, of how many; all of them while it is read. False stops; may be NULL. */
	bool (*progress)(void *ctx, const char *list, uint64_t done, uint64_t total);
	void (*result)(void *ctx, const struct tutela_bundle_list *list); /* once for each list */
	void *ctx;
};

/*
 * Bring the store's lists of a source up to what the source has issued, each
 * by one commit. TUTELA_OK when every list is; else the first list's error.
 * A source whose root or index of lists does not hold has one result with an
 * empty list name.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_bundle_sync(struct tutela_store *s,
							     const struct tutela_bundle_sync_opts *opts);

/* ------------------------------------------------------------------ publishing */

/*
 * Make a folder's first root, or its next one: who signs from now on. What it
 * is to say is given whole. It is signed by those of the signers that are root
 * keys of it or of the root before; the folder's index and manifests are signed
 * anew by those that are signing keys of it.
 */
struct tutela_publish_root_opts {
	size_t size;
	const char *folder; /* made when it does not exist */
	size_t n_root_keys, n_keys;
	const struct tutela_public_key *root_keys; /* who signs roots */
	const struct tutela_public_key *keys;      /* who signs what lists there are */
	uint32_t root_threshold, threshold;        /* how many of them must; 0: one */
	size_t n_signers;
	const struct tutela_secret_key *const *signers;
	int64_t expires; /* 0: a year from now */
	int64_t now;     /* 0: the clock */
	char *why;       /* gets a sentence on failure; may be NULL */
	size_t why_len;
};

/*
 * TUTELA_E_REFUSED: too few signers, or what the folder holds is not as its
 * root says; TUTELA_E_ARG (keys twice, a threshold over their number);
 * TUTELA_E_BUSY (somebody publishes there); TUTELA_E_SYS (errno),
 * TUTELA_E_DISKFULL, TUTELA_E_NOMEM. *version is the new root's.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_publish_root(const struct tutela_publish_root_opts *opts,
							      uint64_t *version);

struct tutela_publish_list { /* what became of one list */
	char list[TUTELA_LIST_NAME_MAX + 1];
	uint64_t from_version, version; /* of the folder before (0: none) and after */
	uint64_t active, disputed;
	uint64_t full_bytes, delta_bytes; /* of new data files */
	uint64_t changed, withdrawn;      /* records of the new delta */
	char manifest[256];               /* its file's name */
	char digest[65];                  /* of the list, in hexadecimal digits */
};

struct tutela_publish_opts {
	size_t size;
	const char *folder; /* it has a root already */
	size_t n_lists;
	const char *const *lists; /* others that the folder has stay as they are in it */
	size_t n_keys;
	const struct tutela_secret_key *const *keys; /* signing keys of the root, as many as it asks for */
	int64_t expires;                             /* 0: 30 days from now */
	size_t n_since;
	const uint64_t *since; /* also deltas from these versions, which the folder had */
	bool full;             /* a full file of each list, also when deltas would do */
	int64_t now;           /* 0: the clock */
	void (*result)(void *ctx, const struct tutela_publish_list *list); /* once for each list, at the end */
	bool (*stop)(void *ctx); /* asked now and then: true ends it, as a failure does; may be NULL */
	void *ctx;
	char *why; /* gets a sentence on failure; may be NULL */
	size_t why_len;
};

/*
 * Would tutela_publish refuse these lists for what they are? Looks at
 * opts->lists and the store alone, and writes nothing: for who is to make a
 * root first, or to ask for a passphrase. TUTELA_E_NOTFOUND, TUTELA_E_REFUSED,
 * the store's.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_publish_check(struct tutela_store *s,
							       const struct tutela_publish_opts *opts);

/*
 * Publish lists as they are in force here, with a delta from the version that
 * the folder has. Everything is written and read back before the index, by
 * which readers find it, is switched by one rename; after a failure or a kill
 * readers see what was there, and doing it again completes it. *version is the
 * index's; it stays when there was nothing to say. Errors as above, and the
 * store's; TUTELA_E_NOTFOUND: no such list; TUTELA_E_REFUSED: the folder has a
 * newer version, or no root; TUTELA_E_INTERRUPTED.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_publish(struct tutela_store *s, const struct tutela_publish_opts *opts,
							 uint64_t *version);

#endif
