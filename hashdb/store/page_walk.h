/* SPDX-License-Identifier: Apache-2.0 */
/* What guarding single pages and walking whole trees have in common; see page_guard.h. */
#ifndef TUTELA_STORE_PAGE_WALK_H
#define TUTELA_STORE_PAGE_WALK_H

#include "store/page_guard.h"

/* Remember what is wrong with a page. TUTELA_E_CORRUPT. */
enum tutela_err tutela_guard_damage(const struct page_guard *g, uint64_t number, const char *why);

/* Read a page into g->room. */
enum tutela_err tutela_guard_read(const struct page_guard *g, uint64_t number);

/*
 * Page `number` in place, checked as what it is wanted for, by itself. Until
 * the map is known it is in g->room, where the next one takes its place.
 */
enum tutela_err tutela_guard_page(struct page_guard *g, enum tree_kind kind, bool leaf, uint64_t number,
				  struct page *out);
/* What g->seen says of such a page. */
uint8_t tutela_guard_role(enum tree_kind kind, bool leaf);

/* Are its keys those that the branches above it promise? */
bool tutela_guard_within(const struct page *p, const struct page_span *span);
/* What row i of a branch promises of the page below. */
void tutela_guard_narrow(const struct page *p, unsigned i, struct page_span *span);

/* Read all pages of a row's long value; into `value` of row->value_len bytes when it is not NULL. */
enum tutela_err tutela_guard_overflow(struct page_guard *g, const struct page_row *row, uint8_t *value);

#endif
