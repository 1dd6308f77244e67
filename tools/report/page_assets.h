/* SPDX-License-Identifier: Apache-2.0 */
/* The style and the script of a page, as they stand in it: the content security policy names their digests. */
#ifndef TUTELA_TOOLS_PAGE_ASSETS_H
#define TUTELA_TOOLS_PAGE_ASSETS_H

extern const char page_style[];

/*
 * Makes tables of class "paged" filterable, a page of rows at a time. Without
 * it every row is shown. The filter of the table ID is in the address:
 * #ID.q=WORDS&ID.COLUMN=VALUE, for columns whose head has data-pick. For
 * printing all rows that the filter leaves are shown, and a sentence says that one is in force.
 */
extern const char page_script[];

#endif
