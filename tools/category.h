/* SPDX-License-Identifier: Apache-2.0 */
/* What an entry is said to show, in its source's words. */
#ifndef TUTELA_TOOLS_CATEGORY_H
#define TUTELA_TOOLS_CATEGORY_H

#include <stdbool.h>

#include <tutela/record.h>

/* The value of the label "category", else of "classification", else nothing. */
struct tutela_text category_of(const struct tutela_label *labels, size_t n);

/* Is the category among these, as struct tutela_policy has them? "" has all; "none" stands for no category. */
bool category_chosen(const char *categories, struct tutela_text category);

/* The name of a category in a list's category_map, or nothing; of the map. */
struct tutela_text category_named(const char *map, struct tutela_text category);

/* May it stand there? NULL: yes; else why not. */
const char *category_choice_wrong(const char *categories);

#endif
