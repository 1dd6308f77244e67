/* SPDX-License-Identifier: Apache-2.0 */
#include "category.h"

#include <string.h>

#include <tutela/store.h>

#include "printable.h"

const char *category_choice_wrong(const char *categories)
{
	size_t len = strlen(categories);

	if (len > TUTELA_CATEGORIES_MAX)
		return "too long";
	if (!len || categories[0] == ',' || categories[len - 1] == ',' || strstr(categories, ",,"))
		return "categories with a comma between them, such as 1,2; 'none' is for entries without";
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)categories[i] < 0x20 || categories[i] == 0x7f)
			return "must not hold control characters";
	return printable_is_utf8(categories, len) ? NULL : "must be UTF-8";
}

struct tutela_text category_named(const char *map, struct tutela_text category)
{
	for (const char *at = map; *at; at += strcspn(at, "\n") + 1) {
		size_t key = strcspn(at, " \n"), len = strcspn(at, "\n");

		if (key < len && key == category.len && memcmp(at, category.s, key) == 0)
			return (struct tutela_text){at + key + 1, len - key - 1};
	}
	return (struct tutela_text){0};
}
