/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages of a fetch of all, in a file of the source's staging folder until the
 * last one is there: so long a fetch holds no lock of the store, and one that
 * ends early goes on behind the last mark.
 *
 * What counts is what was marked: pages behind the last mark are cut off by
 * the next page_spool_open. A mark is on disk, with the pages before it, when
 * page_spool_mark returns. Both files are of mode 0600.
 *
 * One thread; the folder is its caller's alone (staging_lock).
 */
#ifndef TUTELA_TOOLS_PAGE_SPOOL_H
#define TUTELA_TOOLS_PAGE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tutela/error.h>

#define PAGE_SPOOL_MOST      ((uint64_t)64 << 30) /* bytes, all pages */
#define PAGE_SPOOL_PAGE_MOST ((uint64_t)32 << 20) /* bytes, one page */
#define PAGE_SPOOL_STATE_MAX 16384                /* of a mark */

struct page_spool;

/*
 * `origin` says whence pages come and who vouches for that: what is there of
 * another one is dropped. *state, allocated: of the last mark, NULL when there
 * is none; and *whole, whether that one said that no page is missing.
 * TUTELA_E_SYS: *out NULL, and *why, allocated, is a sentence.
 */
enum tutela_err page_spool_open(const char *folder, const char *origin, struct page_spool **out, char **state,
				bool *whole, char **why);

/* `where` names the page to people. TUTELA_E_TOOBIG, TUTELA_E_SYS. */
enum tutela_err page_spool_add(struct page_spool *s, const char *where, const char *body, size_t len);

/* TUTELA_E_TOOBIG: the state is; TUTELA_E_SYS. */
enum tutela_err page_spool_mark(struct page_spool *s, const char *state, size_t len, bool whole);

/*
 * All pages, in order, until `fn` returns an error, which is returned.
 * TUTELA_E_CORRUPT: the file is not what was written. TUTELA_E_SYS.
 */
enum tutela_err page_spool_each(struct page_spool *s,
				enum tutela_err (*fn)(void *ctx, const char *where, const char *body, size_t len),
				void *ctx);

/* What failed last, a sentence; "". */
const char *page_spool_errmsg(const struct page_spool *s);

void page_spool_empty(struct page_spool *s); /* no page, no mark */
void page_spool_close(struct page_spool *s); /* what is marked stays; NULL is fine */

/* Nothing of that kind is left in the folder. */
void page_spool_remove(const char *folder);

#endif
