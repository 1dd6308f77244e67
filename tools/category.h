/* SPDX-License-Identifier: Apache-2.0 */
/* What an entry is said to show, in its source's words. */
#ifndef TUTELA_TOOLS_CATEGORY_H
#define TUTELA_TOOLS_CATEGORY_H

#include <tutela/record.h>

/* The name of a category in a list's category_map, or nothing; of the map. */
struct tutela_text category_named(const char *map, struct tutela_text category);

/* May it stand in struct tutela_policy's categories? NULL: yes; else why not. */
const char *category_choice_wrong(const char *categories);

#endif
