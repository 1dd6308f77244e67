/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal: what past scans saw, kept in the store when the operator asks
 * for it. Of a file it holds the name that the caller gives (or none), its
 * fingerprints and its hits; never anything of its contents.
 *
 * Thread safety: a batch belongs to one thread at a time.
 */
#ifndef TUTELA_JOURNAL_H
#define TUTELA_JOURNAL_H

#include <tutela/store.h>

#define TUTELA_JOURNAL_NAME_MAX     4096 /* bytes; longer is cut */
#define TUTELA_JOURNAL_HASHES_MAX   64
#define TUTELA_JOURNAL_CATEGORY_MAX 255 /* bytes; longer is cut */

struct tutela_journal_hit {
	struct tutela_text source, list, entry, category; /* category: what the caller finds the entry's to be */
	uint64_t list_version;
	enum tutela_list_kind kind;
	enum tutela_algorithm algorithm;
	uint32_t distance, threshold;
};

struct tutela_journal_file {
	uint64_t scan;    /* the same of all files of a scan */
	int64_t time;     /* seconds since 1970 UTC */
	unsigned verdict; /* the caller's, 0..255 */
	int quality;      /* PDQ's, -1 unknown */
	uint64_t size;
	struct tutela_text name; /* bytes of any kind */
	size_t n_hashes;
	const struct tutela_query_hash *hashes; /* what the store was asked with */
	size_t n_hits;
	const struct tutela_journal_hit *hits; /* at most 65,535; more are cut */
};

struct tutela_journal_batch;

TUTELA_API TUTELA_CHECKED enum tutela_err tutela_journal_batch_new(struct tutela_journal_batch **out);
TUTELA_API void tutela_journal_batch_free(struct tutela_journal_batch *b);
/* Copies. TUTELA_E_ARG (too many hashes, a variant that is none), TUTELA_E_NOMEM. */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_journal_batch_add(struct tutela_journal_batch *b,
								   const struct tutela_journal_file *f);
/* Bytes that wait. */
TUTELA_API size_t tutela_journal_batch_bytes(const struct tutela_journal_batch *b);
/* Write what waits in one commit, and empty the batch. On failure it stays. TUTELA_E_BUSY, and the store's. */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_journal_batch_write(struct tutela_journal_batch *b,
								     struct tutela_store *s);

/*
 * What the journal holds, oldest first. `fn` returns false to stop; what it
 * gets is valid during the call. A row that cannot be read costs itself alone:
 * its number, from 1 in the order in which rows came, goes to `damaged` (may be
 * NULL), and the walk goes on. TUTELA_E_CORRUPT: some row that was come to was
 * damaged, or the journal cannot be read on; TUTELA_E_NOMEM.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err
tutela_snapshot_journal(struct tutela_snapshot *snap, bool (*fn)(void *ctx, const struct tutela_journal_file *f),
			void (*damaged)(void *ctx, uint64_t number), void *ctx);

/* What a journal comes to. */
struct tutela_journal_info {
	uint64_t files, hits, damaged; /* damaged: rows that cannot be read, which are no files */
	uint64_t bytes;                /* of the rows */
	int64_t first, last;           /* the earliest and the latest time of a file; 0: there is none */
};
/* Reads all of it. Damaged rows are counted, and no error. */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_snapshot_journal_info(struct tutela_snapshot *snap,
								       struct tutela_journal_info *out);

/*
 * Delete what was seen before that time; a damaged row goes with the one before
 * it, and as the first goes always. An audit record "journal-prune" says what
 * goes before anything does. Done in bounded commits: after a kill a part is
 * gone, and doing it again completes it. *gone is what went; without any there
 * is no record. TUTELA_E_BUSY, TUTELA_E_READONLY, and the store's.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_journal_prune(struct tutela_store *s, int64_t before,
							       struct tutela_journal_info *gone);

/*
 * The entry of that id as the snapshot sees it; strings of *out are valid until
 * the snapshot is closed. TUTELA_E_NOTFOUND: there is no such list, or no such entry in it.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_snapshot_entry(struct tutela_snapshot *snap, const char *list,
								struct tutela_text id, struct tutela_record *out);

#endif
