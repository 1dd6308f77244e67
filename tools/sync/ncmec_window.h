/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How NCMEC's entries are fetched: as windows of time, one after the other,
 * each drained page by page. Pure: it is told the time and what pages said,
 * and says what to ask for. Times are seconds since 1970 UTC; no time zone is
 * ever read.
 *
 * Pages of a window come in no order of time, so nothing in them is a
 * checkpoint: only a window whose last page was taken moves `done`, to the
 * window's end. `next` is an offset into the query of its own window; it is
 * kept with the window and never used with another.
 *
 * A window begins after `from` and ends with `to`, as the server has it. The
 * first one of a sync begins NCMEC_OVERLAP before `done`: should this
 * machine's clock have been ahead of the server's, the entries that came
 * after a window's end was asked for are not lost.
 */
#ifndef TUTELA_TOOLS_NCMEC_WINDOW_H
#define TUTELA_TOOLS_NCMEC_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tutela/feed_page.h>

#define NCMEC_LAG       5                 /* seconds that the end of a window stays behind the clock */
#define NCMEC_OVERLAP   300               /* seconds */
#define NCMEC_NEXT_LIFE (12 * 3600)       /* seconds that `next` is kept */
#define NCMEC_TARGET    UINT64_C(400000)  /* entries of a window */
#define NCMEC_PAGES_MAX UINT64_C(1000000) /* of one window */
#define NCMEC_SMALL_RUN 4                 /* small windows before the width grows */

struct ncmec_window {
	int64_t done;                        /* everything up to here was taken */
	int64_t from, to;                    /* the window in hand; to 0: none */
	int64_t saved_at;                    /* when `next` was given */
	int64_t width;                       /* seconds of the next window; 0: up to now */
	uint64_t pages, entries;             /* of the window in hand, taken */
	uint64_t start;                      /* of `next`, when it can be read */
	uint32_t shrunk, small;              /* how often in a row */
	char next[TUTELA_PAGE_NEXT_MAX + 1]; /* verbatim; "": the window's first page */
	bool again;                          /* of this run: the window started over because `next` was refused */
	bool overlapped;                     /* of this run */
};

/* Nothing is known yet: all is zero. */

/* Take up again at `now` what was saved: a `next` that is too old, or from the future, is dropped. */
void ncmec_window_resume(struct ncmec_window *w, int64_t now);

/*
 * What to ask for: path and query behind the base address, at most `room`
 * bytes. False: everything up to now was taken. TUTELA_PAGE_NEXT_MAX + 1
 * bytes are enough.
 */
bool ncmec_window_ask(struct ncmec_window *w, int64_t now, char *path, size_t room);

enum ncmec_verdict {
	NCMEC_TAKE,    /* the page counts: take its records; ask again */
	NCMEC_DRAINED, /* the same, and the window is drained: `done` has moved */
	NCMEC_NARROW,  /* the window is too wide: drop the page; ask again */
	NCMEC_ASTRAY,  /* `next` leads nowhere it may lead: *why; the window is as it was */
};

/* A page of `entries` records came whole, with this `next`. `base`: the address that paths are put behind. */
enum ncmec_verdict ncmec_window_page(struct ncmec_window *w, int64_t now, const char *base, const char *next,
				     uint64_t entries, const char **why);

/* The server refused `next`: the window starts over. False: it did already, or it was the first page. */
bool ncmec_window_refused(struct ncmec_window *w);

/* The state as text, for tutela_update_feed; bound to the address and to the members that are taken. */
#define NCMEC_STATE_MAX 16384
size_t ncmec_window_save(const struct ncmec_window *w, const char *base, const uint64_t *members, size_t n_members,
			 char *buf);
/* False: it is no such state, or it belongs to another address or other members. */
bool ncmec_window_load(struct ncmec_window *w, const char *base, const uint64_t *members, size_t n_members,
		       const char *buf, size_t len);

/* The address of an environment by its name ("industry", "law-enforcement-test", …); NULL: it is no such name. */
const char *ncmec_environment(const char *name);
/* Name number i, NULL past the end. */
const char *ncmec_environment_name(size_t i);

#endif
