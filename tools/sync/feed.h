/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A feed: how the lists of one type of source are fetched and put into the
 * store. One file for each type, which defines its struct feed and has a row
 * in feed.c. `tutela sync` does what all have in common: which sources, the
 * lock, the transport, the credentials, the lines that say how it went, and
 * the source's last_try, last_success and last_error.
 *
 * What a feed promises: each list changes by one commit, or by one for some
 * pages of a feed that comes in pages; every commit also sets the state of the
 * feed (tutela_update_feed), so that a sync that ends anywhere is taken up
 * again or starts over; nothing of the store changes with dry_run;
 * one sync_report for each list, also for one that did not change. A record
 * that cannot be taken is noted with tutela_update_hold and counted, and stops
 * nothing.
 *
 * One thread.
 */
#ifndef TUTELA_TOOLS_FEED_H
#define TUTELA_TOOLS_FEED_H

#include <tutela/tutela.h>

#include "progress.h"
#include "sync/credentials.h"
#include "sync/folder.h"
#include "sync/http.h"

enum sync_status {
	SYNC_OK = 0,
	SYNC_REFUSED = 1, /* what came is not as it must be: signature, order, grammar */
	SYNC_FAILED = 2,  /* transport, store, interruption: may go well the next time */
};

/* What became of one list. */
struct sync_outcome {
	const char *list; /* "" when it is not known which */
	uint64_t from_version, to_version, added, changed, withdrawn, quarantined;
	enum sync_status status;
	const char *reason; /* a sentence without its full stop; NULL when all is well */
	bool expired;       /* what the store holds of it now is past its date */
};

struct sync_job {
	struct tutela_store *store;         /* open for writing */
	const struct tutela_source *source; /* as it was when the sync began */
	const struct feed *feed;
	/* The transport that the source's URL asks for; the other one is NULL. */
	struct folder *folder;
	struct http *http;
	/* NULL when the source has none. Give them to nothing that prints, logs or stores. */
	const struct credentials *credentials;
	const char
		*staging; /* a folder of mode 0700, of this source alone; what is left in it is there the next time */
	bool dry_run;     /* fetch, verify and count; change nothing */
	int64_t now;      /* the clock at the start, seconds since 1970 UTC */
	struct progress *progress;
	struct sync_tally *tally; /* private to sync_report */
};

/* What a feed can be asked for when a source is added. */
enum {
	FEED_FOLDER = 1,      /* the URL may be a folder */
	FEED_HTTP = 2,        /* or a web address */
	FEED_CREDENTIALS = 4, /* does not work without */
	FEED_PAGES = 16,      /* what it stages was read and found good: kept after any failure, for the next time */
	FEED_BASIC_AUTH = 8,  /* credentials are user:password, sent with every request */
};

struct feed {
	enum tutela_source_type type;
	unsigned traits;
	/*
	 * TUTELA_OK when every list went well. TUTELA_E_INTERRUPTED when somebody
	 * asked to stop. Any other error has been reported with sync_report.
	 */
	enum tutela_err (*run)(struct sync_job *job);
};

/* NULL: this program cannot fetch that type. */
const struct feed *feed_of(enum tutela_source_type type);

/* Say how a list went: one line of output, and what the exit status and the source's row are made from. */
void sync_report(struct sync_job *job, const struct sync_outcome *outcome);

/* The same of a list that failed: status from the error, and the store's own words where it has some. Returns err. */
enum tutela_err sync_report_error(struct sync_job *job, const char *list, enum tutela_err err);

/* Has somebody asked to stop? Look often. */
bool sync_stop(const struct sync_job *job);

/* The list that a source's records go to: its --list, else the source's name. */
const char *sync_list_name(const struct tutela_source *source);

/*
 * May this source write that list? TUTELA_E_EXISTS when there is one of the
 * name that another source, or an import, has made: reported already. *version
 * is the list's, 0 when there is none yet. `snap` is of the job's store.
 */
enum tutela_err sync_list_mine(struct sync_job *job, struct tutela_snapshot *snap, const char *list, uint64_t *version);

extern const struct feed feed_bundle;
extern const struct feed feed_ncmec, feed_stopncii, feed_threatexchange, feed_tat;

#endif
