/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds that come in pages: what a page says beside its records, and the small
 * replies of NCMEC's hash sharing. The pages themselves are read as any format
 * (tutela/exchange.h): "ncmec", "stopncii", "threatexchange", "tat".
 *
 * Of these formats:
 *  - a record is the entry's whole present state and takes the place of what
 *    was known of it;
 *  - what the source has taken back comes as a record that is withdrawn; it may
 *    be without fingerprints;
 *  - an entry whose fingerprints are all of kinds that are not kept, or broken,
 *    comes as withdrawn too: what it said before is no longer said;
 *  - one broken fingerprint is a problem and leaves the others alone.
 *
 * Nothing here reaches out. Thread safety: as the reader's.
 */
#ifndef TUTELA_FEED_PAGE_H
#define TUTELA_FEED_PAGE_H

#include <tutela/exchange.h>

#define TUTELA_PAGE_NEXT_MAX 4095 /* bytes */

struct tutela_page {
	const char *next;       /* where the page says that its successor is, verbatim; "" there is none */
	const char *checkpoint; /* where the next fetch is to begin, in the source's own words; "" it does not say */
	uint64_t records;       /* handed to the callback */
	uint64_t withdrawn;     /* of these */
	uint64_t bad;           /* were reported and not handed over */
	uint64_t others;        /* fingerprints of kinds that are not kept (netclean, TMK, …) */
	uint64_t bare;          /* records that had no fingerprint of a kind that is kept */
};

/*
 * After tutela_reader_finish came back with TUTELA_OK. The texts are r's.
 * TUTELA_E_ARG: not finished, failed, or a format without pages.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_reader_page(const struct tutela_reader *r, struct tutela_page *out);

/* ------------------------------------------------------------------ NCMEC Hash Sharing v2 */

/* Of the longest text in the replies below. */
#define TUTELA_NCMEC_TEXT_MAX 1023

/* One row of a reply: what has no meaning in it is "". */
struct tutela_ncmec_row {
	uint64_t member;                      /* id; 0 none */
	char name[TUTELA_NCMEC_TEXT_MAX + 1]; /* the member's, the reason's; of the status: the user's */
	char guid[64];                        /* of a reason */
	char type[64];                        /* of a reason: what kind of fingerprint it is for, as written */
};

enum tutela_ncmec_reply {
	TUTELA_NCMEC_STATUS,  /* <status>: one row, the user's name with its member's id */
	TUTELA_NCMEC_MEMBERS, /* <members>: one row a member */
	TUTELA_NCMEC_REASONS, /* <availableFeedbackReasons>: one row a reason */
};

/*
 * Read a whole reply of at most 1 MiB. `fn` returns false to stop. *why, which
 * may not be NULL, gets a static sentence.
 * TUTELA_E_FORMAT: not this reply. TUTELA_E_TOOBIG, TUTELA_E_NOMEM.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_ncmec_read(enum tutela_ncmec_reply reply, const void *bytes,
							    size_t len,
							    bool (*fn)(void *ctx, const struct tutela_ncmec_row *row),
							    void *ctx, const char **why);

/*
 * The body of a vote: `guid` NULL is an affirmative one, else the reason of a
 * negative one. Its length, or 0 when `guid` is no GUID; `buf` holds
 * TUTELA_NCMEC_VOTE_MAX bytes and gets a NUL.
 */
#define TUTELA_NCMEC_VOTE_MAX 512
TUTELA_API size_t tutela_ncmec_vote(const char *guid, char *buf);

#endif
