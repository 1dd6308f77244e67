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
	bool (*progress)(void *ctx, const char *list, uint64_t done, uint64_t total); /* false stops; may be NULL */
	void (*result)(void *ctx, const struct tutela_bundle_list *list);             /* once for each list */
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

#endif
