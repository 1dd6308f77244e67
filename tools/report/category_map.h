/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of categories, from a file: on the wire a category is a number that
 * means something else in every country, so a name comes from the list's own
 * map or not at all.
 *
 *   # comment
 *   [LIST]            what follows is of this list; before any such line: of every list
 *   CATEGORY NAME     the label's value as the list writes it, spaces or a tab, a name to the end of the line
 */
#ifndef TUTELA_TOOLS_CATEGORY_MAP_H
#define TUTELA_TOOLS_CATEGORY_MAP_H

#include <jansson.h>
#include <stdbool.h>

struct category_map {
	json_t *lists; /* list, "" for every list -> category -> name; NULL: no map */
};

/* A file, or the name of one that is shipped ("us"). False, with a sentence said for each bad line. */
bool category_map_read(struct category_map *m, const char *path);

/*
 * The names of one list's categories, its own and those of every list, as
 * lines of a category, a space and a name: how a store keeps them. Allocated.
 */
char *category_map_lines(const struct category_map *m, const char *list);

/* Takes such a name for a list, unless there is one. */
void category_map_add(struct category_map *m, const char *list, const char *category, const char *name);

/* The name, or NULL. Owned by the map. */
const char *category_name(const struct category_map *m, const char *list, const char *category);

void category_map_free(struct category_map *m);

#endif
